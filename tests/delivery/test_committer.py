"""Group commit: nobody is told that his delivery is kept unless it is, and nobody waits for a timer."""

import os
import threading
from contextlib import suppress

import pytest

from service.delivery.committer import Committer
from service.errors import Unavailable
from service.model import Status
from service.store import DeliveryFilter


@pytest.fixture
def submit_many():
    """Submits each delivery from a thread of its own; answers, or errors, in their order."""

    def run(committer, rows):
        found = [None] * len(rows)

        def one(number):
            try:
                found[number] = committer.submit(rows[number])
            except Exception as error:
                found[number] = error

        threads = [threading.Thread(target=one, args=(number,)) for number in range(len(rows))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    return run


def test_what_was_submitted_is_kept(store, new_delivery):
    made = new_delivery()
    answer = Committer(store).submit(made)
    assert (answer.id, answer.created) == (made.id, True)
    assert store.deliveries.status(made.id) is Status.QUEUED


def test_many_callers_share_commits_and_each_gets_his_own_answer(store, new_delivery, submit_many, monkeypatch):
    sizes = []
    insert_many = store.deliveries.insert_many
    monkeypatch.setattr(store.deliveries, "insert_many", lambda rows: sizes.append(len(rows)) or insert_many(rows))
    made = [new_delivery(idempotency_key=f"k{number // 2}") for number in range(60)]
    answers = submit_many(Committer(store), made)
    assert sum(answer.created for answer in answers) == 30
    for first, second in zip(answers[::2], answers[1::2], strict=True):
        assert first.id == second.id
    assert sum(sizes) == 60


def test_what_arrives_during_a_commit_goes_into_the_next_one_together(store, new_delivery, submit_many, monkeypatch):
    sizes, first_began, go_on = [], threading.Event(), threading.Event()
    insert_many = store.deliveries.insert_many

    def slow(rows):
        sizes.append(len(rows))
        first_began.set()
        go_on.wait(10)
        return insert_many(rows)

    monkeypatch.setattr(store.deliveries, "insert_many", slow)
    committer = Committer(store)
    first = threading.Thread(target=committer.submit, args=(new_delivery(),))
    first.start()
    first_began.wait(10)
    others = threading.Thread(target=submit_many, args=(committer, [new_delivery() for _ in range(5)]))
    others.start()
    while committer._queue.qsize() < 5:
        os.sched_yield()
    go_on.set()
    first.join()
    others.join()
    assert sizes == [1, 5]


def test_when_the_database_is_away_every_caller_hears_it_and_nothing_is_kept(store, new_delivery, submit_many, monkeypatch):
    def refuse(rows):
        raise Unavailable("The disk is full.", hint="Free some space.")

    committer = Committer(store)
    monkeypatch.setattr(committer, "_insert_many", refuse)
    answers = submit_many(committer, [new_delivery() for _ in range(5)])
    assert [type(answer) for answer in answers] == [Unavailable] * 5
    assert {answer.detail for answer in answers} == {"The disk is full."}
    assert len({id(answer) for answer in answers}) == 5  # each caller raises one of his own
    assert store.deliveries.counts().waiting == 0


def test_what_a_caller_gave_up_waiting_for_is_not_kept_behind_his_back(store, new_delivery, monkeypatch):
    began, go_on = threading.Event(), threading.Event()
    insert_many = store.deliveries.insert_many

    def slow(rows):
        began.set()
        go_on.wait(10)
        return insert_many(rows)

    monkeypatch.setattr(store.deliveries, "insert_many", slow)
    committer = Committer(store)

    def submit_first():
        with suppress(Unavailable):  # he may give up as well, but what is being written is written
            committer.submit(new_delivery())

    first = threading.Thread(target=submit_first)
    first.start()
    began.wait(10)
    monkeypatch.setattr("service.delivery.committer._GIVE_UP_S", 0.01)
    late = new_delivery()
    with pytest.raises(Unavailable):
        committer.submit(late)
    go_on.set()
    first.join()
    monkeypatch.setattr("service.delivery.committer._GIVE_UP_S", 60.0)
    committer.submit(new_delivery())
    assert store.deliveries.status(late.id) is None


def test_it_works_again_when_the_database_is_back(store, new_delivery, monkeypatch):
    committer = Committer(store)
    insert_many = committer._insert_many
    monkeypatch.setattr(committer, "_insert_many", lambda rows: (_ for _ in ()).throw(Unavailable("Away.")))
    with pytest.raises(Unavailable):
        committer.submit(new_delivery())
    monkeypatch.setattr(committer, "_insert_many", insert_many)
    assert committer.submit(new_delivery()).created


def test_one_row_that_cannot_be_kept_does_not_take_the_others_with_it(store, new_delivery, submit_many):
    rows = [new_delivery(), new_delivery(recipient="\ud83d"), new_delivery()]
    answers = submit_many(Committer(store), rows)
    assert [isinstance(answer, Exception) for answer in answers] == [False, True, False]
    assert store.deliveries.counts().waiting == 2


def test_a_forked_process_commits_with_a_thread_of_its_own(store, new_delivery):
    committer = Committer(store)
    committer.submit(new_delivery())
    made = new_delivery()
    child = os.fork()
    if child == 0:
        kept = False
        try:
            kept = committer.submit(made).created
        finally:
            os._exit(0 if kept else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert committer.submit(new_delivery()).created  # the parent's connections still work
    assert store.deliveries.counts().waiting == 3
    assert store.deliveries.status(made.id) is Status.QUEUED


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_connection_lost_just_after_the_commit_is_no_loss_and_no_second_delivery(store, new_delivery, monkeypatch):
    insert_many, lost = store.deliveries.insert_many, []

    def lose_once(rows):
        answers = insert_many(rows)
        if not lost:
            lost.append(rows)
            raise Unavailable("The connection is gone.")
        return answers

    monkeypatch.setattr(store.deliveries, "insert_many", lose_once)
    row = new_delivery()
    assert Committer(store).submit(row).id == row.id
    assert len(lost) == 1
    assert [each.id for each in store.deliveries.search(DeliveryFilter()).items] == [row.id]
