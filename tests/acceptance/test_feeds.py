"""Scheduled feeds with real processes: any number of workers, one firing."""

from __future__ import annotations

from datetime import UTC, datetime

from service.settings import Settings
from service.store import Store
from service.store.feeds import Feed, Run
from tests.acceptance.harness import kill9, until

NAMES = [f"feed-{number}" for number in range(12)]


def test_two_workers_run_each_feed_that_is_due_once_and_a_killed_one_does_not_end_it(make_stack, feed_host):
    stack = make_stack(BURGEE_CONTENT_HOSTS=feed_host.netloc)
    store = Store(Settings.from_environment(stack.environment))
    store.migrate()

    def due(name: str) -> None:
        url = feed_host.put(f"/{name}", f"url,title\nhttps://shop.example.com/{name},{name}\n")
        store.feeds.put(Feed(name=name, url=url, schedule="every 60 minutes", next_run=datetime.now(UTC)))

    def ended(name: str) -> list[Run]:
        return [each for each in store.feeds.runs(name) if each.finished_at is not None]

    for name in NAMES:
        due(name)
    workers = [stack.worker(), stack.worker()]
    until(lambda: all(map(ended, NAMES)), what="a run of each feed")
    assert [feed_host.times(f"/{name}") for name in NAMES] == [1] * len(NAMES)
    assert [(len(ended(name)), ended(name)[0].created) for name in NAMES] == [(1, 1)] * len(NAMES)
    kill9(workers[0])
    due(NAMES[0])
    until(lambda: len(ended(NAMES[0])) == 2, what="the run by the worker that is left")
    workers[1].terminate()
    assert workers[1].wait(30) == 0
    store.close()
