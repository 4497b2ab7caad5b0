"""Waiting for an outcome ends when there is one, or when the time is over."""

import threading

import pytest

from service.delivery.wait import wait_for
from service.errors import NotFound
from service.model import Status


def test_it_answers_as_soon_as_there_is_an_outcome(store, new_delivery):
    made = new_delivery()
    store.deliveries.insert_many([made])
    ended = threading.Timer(0.05, store.deliveries.end_waiting, (made.id, Status.CANCELED, "so it is"))
    ended.start()
    assert wait_for(store, made.id, 30).status is Status.CANCELED
    ended.join()


def test_it_answers_as_it_is_when_the_time_is_over(store, new_delivery):
    made = new_delivery()
    store.deliveries.insert_many([made])
    assert wait_for(store, made.id, 0.02).status is Status.QUEUED


def test_what_is_not_there_is_not_found(store):
    with pytest.raises(NotFound):
        wait_for(store, "dlv_0", 1)
