"""Feeds and their runs: each time of a feed is run once, whoever asks."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from service.errors import NotFound, Problem
from service.store.feeds import RUNS_KEPT, Feed

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def feed(name: str = "products", **more) -> Feed:
    usual = {"url": "https://feeds.example.com/a", "schedule": "every 5 minutes", "next_run": LONG_AGO}
    return Feed(name=name, **(usual | more))


def tomorrow(schedule: str, due: datetime, now: datetime) -> datetime:
    return now + timedelta(days=1)


def at_once(schedule: str, due: datetime, now: datetime) -> datetime:
    return now


def test_a_feed_is_kept_as_it_was_given(store):
    kept = feed(kind="csv", mapping={"cost": "amount"}, replaces=True)
    store.feeds.put(kept)
    assert store.feeds.get("products") == kept
    store.feeds.put(replace(kept, url="https://feeds.example.com/b"))
    assert [each.url for each in store.feeds.list()] == ["https://feeds.example.com/b"]


def test_an_unknown_name_is_told_with_the_nearest(store):
    store.feeds.put(feed())
    for call in (store.feeds.get, store.feeds.remove, store.feeds.hurry):
        with pytest.raises(NotFound) as error:
            call("product")
        assert error.value.hint == "Did you mean products?"


def test_of_many_workers_one_runs_a_feed_that_is_due(make_store):
    stores = [make_store() for _ in range(6)]
    stores[0].migrate()
    stores[0].feeds.put(feed())
    with ThreadPoolExecutor(6) as pool:
        took = list(pool.map(lambda each: each[1].feeds.take(f"w{each[0]}", tomorrow), enumerate(stores)))
    (taken,) = [each for each in took if each is not None]
    assert taken[0].name == "products"
    (run,) = stores[0].feeds.runs("products")
    assert run == taken[1]
    assert stores[0].feeds.get("products").next_run > datetime.now(UTC)


def test_a_feed_is_not_run_again_while_a_run_is_under_way(store):
    store.feeds.put(feed())
    with closing(store.workers.enter("w1")):
        taken = store.feeds.take("w1", at_once)
        assert taken is not None
        assert store.feeds.take("w2", at_once) is None
        store.feeds.finish(replace(taken[1], outcome="done"))
        assert store.feeds.take("w2", at_once) is not None


def test_the_run_of_a_worker_that_is_gone_counts_as_failed(make_store):
    store, others = make_store(), make_store()
    store.migrate()
    store.feeds.put(feed())
    presence = others.workers.enter("w1")
    others.feeds.take("w1", at_once)
    _die(presence)
    while store.feeds.take("w2", at_once) is None:  # PostgreSQL's server takes a moment to see that a connection is closed
        pass
    lost = store.feeds.runs("products")[1]
    assert (lost.outcome, lost.error) == ("failed", "The worker that ran it is gone.")


def _die(presence):
    """What the system does to the lock of a killed process."""
    if hasattr(presence, "_descriptor"):
        os.close(presence._descriptor)
    else:
        presence.close()


def test_a_run_ends_with_what_it_came_to_and_old_ones_are_forgotten(store):
    store.feeds.put(feed())
    problem = Problem("feed.url", "Row 1 has no url.", "/url", "Map the column.", 2)
    for _ in range(RUNS_KEPT + 2):
        _, run = store.feeds.take("w1", at_once)
        ended = replace(run, outcome="done", rows=3, created=2, problem_count=1, problems=(problem,), error="a\0b")
        kept = store.feeds.finish(ended, etag='"v1"', modified="then")
    runs = store.feeds.runs("products")
    assert len(runs) == RUNS_KEPT
    assert runs[0] == replace(kept, error="a\ufffdb")
    assert (store.feeds.get("products").etag, store.feeds.get("products").modified) == ('"v1"', "then")


def test_a_failed_run_leaves_what_to_say_to_the_host(store):
    store.feeds.put(feed())
    _, run = store.feeds.take("w1", at_once)
    store.feeds.finish(replace(run, outcome="done"), etag='"v1"')
    _, run = store.feeds.take("w1", at_once)
    store.feeds.finish(replace(run, outcome="failed"))
    assert store.feeds.get("products").etag == '"v1"'
    store.feeds.hurry("products")
    assert store.feeds.get("products").etag is None


def test_a_feed_may_remove_what_it_brought_and_no_other_did(store):
    store.feeds.put(feed())
    store.feeds.put(feed("articles"))
    store.feeds.bring("products", ["a", "b", "c"], more=False)
    store.feeds.bring("articles", ["c", "d"], more=False)
    assert store.feeds.brought("products") == {"a", "b"}
    store.feeds.bring("products", ["e"], more=True)
    assert store.feeds.brought("products") == {"a", "b", "e"}
    store.feeds.bring("products", ["e"], more=False)
    assert store.feeds.brought("products") == {"e"}
    assert store.feeds.brought("unknown") == frozenset()


def test_a_feed_that_is_forgotten_takes_its_runs_with_it(store):
    store.feeds.put(feed())
    store.feeds.take("w1", at_once)
    store.feeds.remove("products")
    assert store.feeds.list() == []
    store.feeds.put(feed(next_run=LONG_AGO))
    assert list(store.feeds.runs("products")) == []
