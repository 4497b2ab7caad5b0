"""Runs feeds when their time has come: beside the delivery worker, in a thread of its own.

However many workers there are, each time of a feed is run by one of them, see `store.feeds.Feeds.take`.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from service.content import schedule
from service.content.fetch import Limits, fetch
from service.errors import BurgeeError, Unavailable
from service.store.feeds import Feed, Run
from service.sync.filling import Filled, fill

if TYPE_CHECKING:
    from service.settings import Settings
    from service.store import Store

POLL_S = 1.0
GRACE_S = 5.0  # for a run under way, when the worker stops
_OWN_FAULT = "A fault of Burgee's own; see its log."


class Runner:
    """Looks for feeds that are due until it is told to stop. `worker` names the worker beside which it runs: as long as
    that one is present, its runs are under way."""

    def __init__(self, store: Store, settings: Settings, worker: str) -> None:
        self._store = store
        self._worker = worker
        self._limits = limits(settings)
        self._log = structlog.get_logger("burgee").bind(worker=worker)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="burgee-feeds", daemon=True)
        self._under_way: Run | None = None

    def start(self) -> None:
        """Begin to look, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """End. A run under way has a moment to end by itself, and then counts as failed."""
        self._stopping.set()
        self._thread.join(GRACE_S)
        left = self._under_way
        if self._thread.is_alive() and left is not None:
            with suppress(Unavailable):
                self._keep(replace(left, outcome="failed", error="The worker was stopped."))

    def run_due(self) -> Run | None:
        """Run one feed that is due, if there is one. Raises `Unavailable`."""
        taken = self._store.feeds.take(self._worker, schedule.following)
        if taken is None:
            return None
        feed, run = taken
        self._under_way = run
        try:
            ended, seen = self._ran(feed, run)
        except Exception:  # whatever it is, the feed has its next time, and the worker goes on
            self._log.exception("a feed could not be run", feed=feed.name)
            ended, seen = replace(run, outcome="failed", error=_OWN_FAULT), {}
        self._under_way = None
        return self._keep(ended, **seen)

    def _work(self) -> None:
        while not self._stopping.wait(POLL_S):
            try:
                while self.run_due() is not None and not self._stopping.is_set():
                    pass
            except Unavailable:
                pass  # the worker says so already
            except Exception:
                self._log.exception("looking for feeds failed")

    def _ran(self, feed: Feed, run: Run) -> tuple[Run, dict[str, str | None]]:
        """The run as it ended, and what to tell the host next time."""
        try:
            fetched = fetch(feed.url, self._limits, etag=feed.etag, modified=feed.modified)
            if fetched.stream is None:
                seen = {"etag": fetched.etag or feed.etag, "modified": fetched.modified or feed.modified}
                return replace(run, outcome="unchanged"), seen
            with fetched.stream as stream:
                filled = fill(
                    self._store,
                    stream,
                    kind=feed.kind,
                    mapping=feed.mapping,
                    removable=(lambda: self._store.feeds.brought(feed.name)) if feed.replaces else None,
                    progress=lambda _: not self._stopping.is_set(),
                )
        except BurgeeError as error:
            said = f"{error.detail} {error.hint}" if error.hint else error.detail
            return replace(run, outcome="failed", error=said), {}
        if feed.replaces:
            self._store.feeds.bring(feed.name, filled.urls, more=filled.problem_count > 0)
        # What had problems is fetched whole again, so that they are said until they are gone.
        seen = {} if filled.problem_count else {"etag": fetched.etag, "modified": fetched.modified}
        return _told(run, filled), seen

    def _keep(self, run: Run, **seen: Any) -> Run:
        ended = self._store.feeds.finish(run, **seen)
        counts = {name: getattr(ended, name) for name in ("rows", "created", "changed", "removed", "problem_count")}
        self._log.info("feed run", feed=ended.feed, outcome=ended.outcome, why=ended.error, **counts)
        return ended


def limits(settings: Settings) -> Limits:
    """From where, and how much, these settings allow to fetch."""
    return Limits(hosts=settings.feed_hosts, bytes=settings.content_limit, connect_s=settings.connect_timeout)


def _told(run: Run, filled: Filled) -> Run:
    return replace(
        run,
        outcome="done",
        error=filled.kept_back,
        rows=filled.rows,
        created=filled.created,
        changed=filled.changed,
        unchanged=filled.unchanged,
        repeated=filled.repeated,
        removed=filled.removed,
        problem_count=filled.problem_count,
        problems=filled.problems,
    )


def shown_url(url: str) -> str:
    """A feed's address as it may be shown: its query may be a secret.

    >>> shown_url("https://feeds.example.com/products.xml?token=s3cret")
    'https://feeds.example.com/products.xml?...'
    """
    return f"{url.partition('?')[0]}?..." if "?" in url else url
