"""Feeds run when their time has come; a run that fails is shown, and stops nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.store.feeds import Feed
from service.sync.runner import Runner

SHOP = "https://shop.example.com/"


def feed(*names: str) -> str:
    return "url,title\n" + "".join(f"{SHOP}{name},{name}\n" for name in names)


@pytest.fixture
def schedule(store):
    """Keeps a feed that is due."""

    def made(url: str, name: str = "products", **more) -> None:
        usual = {"schedule": "every 5 minutes", "next_run": datetime.now(UTC)}
        store.feeds.put(Feed(name=name, url=url, **(usual | more)))

    return made


@pytest.fixture
def run(make_store, store, feed_host):
    """Runs the feed that is due; `again` has it run before its time."""
    runner = Runner(store, make_store(content_hosts=feed_host.netloc, content_limit=10_000).settings, "w1")

    def made(*, again: str | None = None):
        if again is not None:
            _hurry(store, again)
        return runner.run_due()

    return made


def _hurry(store, name: str) -> None:
    """Due now, and what to say to the host is kept."""
    from sqlalchemy import update

    from service.store.feeds import feeds

    with store.database.write() as connection:
        connection.execute(update(feeds).where(feeds.c.name == name).values(next_run=store.database.now(connection)))


def test_a_feed_that_is_due_fills_the_library_and_its_run_is_kept(store, schedule, run, feed_host):
    schedule(feed_host.put("/feed.csv", feed("a", "b")), mapping={"title": "description"})
    ended = run()
    assert (ended.outcome, ended.rows, ended.created) == ("done", 2, 2)
    assert ended.finished_at >= ended.started_at
    assert list(store.feeds.runs("products")) == [ended]
    assert store.content.get(SHOP + "a").description == "a"
    assert run() is None


def test_a_feed_that_has_not_changed_is_not_read_again(store, schedule, run, feed_host):
    schedule(feed_host.put("/feed.csv", feed("a"), '"v1"'))
    run()
    assert run(again="products").outcome == "unchanged"
    assert run(again="products").outcome == "unchanged"
    feed_host.put("/feed.csv", feed("a", "b"), '"v2"')
    assert run(again="products").created == 1
    assert feed_host.times("/feed.csv") == 4


def test_a_feed_with_problems_is_read_again_until_they_are_gone(store, schedule, run, feed_host):
    schedule(feed_host.put("/feed.csv", "url,title\nno,a\n", '"v1"'))
    for _ in range(2):
        ended = run() if not store.feeds.runs("products") else run(again="products")
        assert (ended.outcome, ended.problem_count) == ("done", 1)
        assert ended.problems[0].line == 2


def test_what_a_feed_brought_and_has_no_longer_is_removed_and_nothing_else(store, schedule, run, feed_host):
    schedule(feed_host.put("/articles.csv", feed("x", "c")), "articles")
    run()
    schedule(feed_host.put("/feed.csv", feed("a", "b", "c")), replaces=True)
    run()
    feed_host.put("/feed.csv", feed("a") + "no,b\n")
    assert "Nothing was removed" in run(again="products").error
    feed_host.put("/feed.csv", feed("a"))
    assert run(again="products").removed == 2
    assert store.content.get(SHOP + "b") is None
    assert store.content.get(SHOP + "x") is not None


def test_an_item_that_another_replacing_feed_has_too_stays(store, schedule, run, feed_host):
    schedule(feed_host.put("/articles.csv", feed("x", "c")), "articles", replaces=True)
    run()
    schedule(feed_host.put("/feed.csv", feed("a", "c")), replaces=True)
    run()
    feed_host.put("/feed.csv", feed("a"))
    assert run(again="products").removed == 0
    assert store.content.get(SHOP + "c") is not None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1/feed.csv", "may not come from 127.0.0.1:1. Add 127.0.0.1:1 to BURGEE_CONTENT_HOSTS"),
        ("http://{}/none", "answered 404"),
        ("http://{}/large", "more than 10,000 bytes"),
        ("http://{}/odd", "no kind of feed"),
    ],
)
def test_a_run_that_fails_says_why_and_the_feed_has_its_next_time(store, schedule, run, feed_host, url, said):
    feed_host.put("/large", b"x" * 20_000)
    feed_host.put("/odd", b"hello")
    schedule(url.format(feed_host.netloc))
    ended = run()
    assert ended.outcome == "failed"
    assert said in ended.error
    assert store.feeds.get("products").next_run > datetime.now(UTC)


def test_a_fault_of_our_own_fails_the_run_alone(store, schedule, run, feed_host, monkeypatch):
    def fault(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("service.sync.runner.fill", fault)
    schedule(feed_host.put("/feed.csv", feed("a")))
    ended = run()
    assert (ended.outcome, "see its log" in ended.error) == ("failed", True)
