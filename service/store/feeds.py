"""Feeds that fill the content library by a schedule, and what each of their runs came to."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    delete,
    select,
    update,
)

from service.errors import NotFound, Problem
from service.registry import nearest
from service.store._database import AnyRow, Database
from service.store._tables import metadata
from service.store._texts import keepable
from service.store._times import from_ms, from_ms_or_none, to_ms
from service.store.presence import Workers

RUNS_KEPT = 50  # of each feed
LOST_MS = 3_600_000  # a run that began so long ago and never ended is held for lost, whoever had it

feeds = Table(
    "feeds",
    metadata,
    Column("name", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("kind", Text),  # null: found from what comes
    Column("mapping", Text, nullable=False),  # JSON object
    Column("replaces", Boolean, nullable=False),
    Column("schedule", Text, nullable=False),
    Column("next_run", BigInteger, nullable=False),
    Column("etag", Text),
    Column("modified", Text),
    Column("brought", LargeBinary),  # addresses that it brought, a line each, packed: what it may remove
    Column("updated_at", BigInteger, nullable=False),
)

feed_runs = Table(
    "feed_runs",
    metadata,
    Column("feed", Text, ForeignKey("feeds.name", ondelete="CASCADE"), primary_key=True),
    Column("due_at", BigInteger, primary_key=True),  # one firing, one run, however many workers there are
    Column("worker", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("outcome", Text),  # done, unchanged, failed; null: under way
    Column("error", Text),
    *(Column(name, Integer, nullable=False) for name in ("rows", "created", "changed", "unchanged", "repeated", "removed")),
    Column("problem_count", Integer, nullable=False),
    Column("problems", Text, nullable=False),  # JSON list of the first ones
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed as it is kept. `mapping` says which column feeds which field; `replaces`: items that it no longer has are
    removed. `schedule` is as `content.schedule` has it."""

    name: str
    url: str
    kind: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    replaces: bool = False
    schedule: str
    next_run: datetime
    etag: str | None = None
    modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a feed. `outcome` is `done`, `unchanged` (the feed is what it was), `failed`, or None: under way.

    `error` is a sentence: why it failed, or why nothing was removed. `problems` are the first of `problem_count`.
    """

    feed: str
    due_at: datetime
    worker: str
    started_at: datetime
    finished_at: datetime | None = None
    outcome: str | None = None
    error: str | None = None
    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    repeated: int = 0
    removed: int = 0
    problem_count: int = 0
    problems: tuple[Problem, ...] = ()


class Feeds:
    """Feeds by name."""

    def __init__(self, database: Database, workers: Workers) -> None:
        self._database = database
        self._workers = workers

    def put(self, feed: Feed) -> None:
        """Keep the feed, in place of one of the same name. It is then fetched whole, as if for the first time."""
        values: dict[str, Any] = {
            "url": feed.url,
            "kind": feed.kind,
            "mapping": orjson.dumps(dict(feed.mapping)).decode(),
            "replaces": feed.replaces,
            "schedule": feed.schedule,
            "next_run": to_ms(feed.next_run),
            "etag": None,
            "modified": None,
        }
        with self._database.write() as connection:
            values["updated_at"] = self._database.now(connection)
            changed = connection.execute(update(feeds).where(feeds.c.name == feed.name).values(values))
            if not changed.rowcount:
                connection.execute(feeds.insert().values(name=feed.name, **values))

    def get(self, name: str) -> Feed:
        """Raises `NotFound`, with the nearest name that there is."""
        with self._database.read() as connection:
            row = connection.execute(select(feeds).where(feeds.c.name == name)).one_or_none()
        if row is None:
            raise self._not_found(name)
        return _to_feed(row)

    def list(self) -> list[Feed]:
        """Every feed, by name."""
        with self._database.read() as connection:
            return [_to_feed(row) for row in connection.execute(select(feeds).order_by(feeds.c.name))]

    def remove(self, name: str) -> None:
        """Forget the feed and its runs; the items that it brought stay. Raises `NotFound`."""
        with self._database.write() as connection:
            if connection.execute(delete(feeds).where(feeds.c.name == name)).rowcount:
                return
        raise self._not_found(name)

    def hurry(self, name: str) -> None:
        """Make the feed due now, and have it fetched whole. Raises `NotFound`."""
        with self._database.write() as connection:
            values = {"next_run": self._database.now(connection), "etag": None, "modified": None}
            if connection.execute(update(feeds).where(feeds.c.name == name).values(values)).rowcount:
                return
        raise self._not_found(name)

    def take(self, worker: str, following: Callable[[str, datetime, datetime], datetime]) -> tuple[Feed, Run] | None:
        """A feed whose time has come, for this worker alone: its next time is set and its run begun in one transaction.

        `following` tells the next time from schedule, the time that it was due, and the present. A feed whose last run is
        still under way is left alone; a run whose worker is gone counts as failed.
        """
        with self._database.read() as connection:
            if not self._due(connection):
                return None
        with self._database.write() as connection:
            now = self._database.now(connection)
            for row in self._due(connection):
                if self._is_busy(connection, row.name, worker, now):
                    continue
                then = to_ms(following(row.schedule, from_ms(row.next_run), from_ms(now)))
                mine = (feeds.c.name == row.name) & (feeds.c.next_run == row.next_run)
                if not connection.execute(update(feeds).where(mine).values(next_run=max(then, now + 1))).rowcount:
                    continue  # another worker was quicker
                begun = Run(feed=row.name, due_at=from_ms(row.next_run), worker=worker, started_at=from_ms(now))
                connection.execute(feed_runs.insert().values(_to_row(begun)))
                return _to_feed(row), begun
        return None

    def finish(self, run: Run, *, etag: str | None = None, modified: str | None = None) -> Run:
        """Keep what the run came to, and what to say to the host next time; older runs are forgotten by and by."""
        with self._database.write() as connection:
            ended = replace(run, finished_at=from_ms(self._database.now(connection)))
            of_feed = feed_runs.c.feed == run.feed
            values = _to_row(ended)
            connection.execute(update(feed_runs).where(of_feed, feed_runs.c.due_at == values["due_at"]).values(values))
            if run.outcome != "failed":
                seen = {"etag": keepable(etag), "modified": keepable(modified)}
                connection.execute(update(feeds).where(feeds.c.name == run.feed).values(seen))
            newest = select(feed_runs.c.due_at).where(of_feed).order_by(feed_runs.c.due_at.desc()).limit(RUNS_KEPT)
            connection.execute(delete(feed_runs).where(of_feed, feed_runs.c.due_at.not_in(newest)))
            return ended

    def brought(self, name: str) -> frozenset[str]:
        """The addresses of items that earlier runs of the feed brought, and no other feed did: those that it may remove."""
        with self._database.read() as connection:
            rows = connection.execute(select(feeds.c.name, feeds.c.brought)).all()
        sets = {row.name: frozenset(_unpacked(row.brought)) for row in rows}
        return sets.pop(name, frozenset()).difference(*sets.values())

    def bring(self, name: str, urls: Iterable[str], *, more: bool) -> None:
        """Keep which items the feed brought: these, or with `more` these too."""
        with self._database.write() as connection:
            row = connection.execute(select(feeds.c.brought).where(feeds.c.name == name)).one_or_none()
            if row is not None:
                known = _unpacked(row.brought) if more else []
                packed = zlib.compress("\n".join(sorted({*known, *urls})).encode(), 1)
                if packed != row.brought:
                    connection.execute(update(feeds).where(feeds.c.name == name).values(brought=packed))

    def runs(self, name: str, limit: int = RUNS_KEPT) -> Sequence[Run]:
        """The runs of a feed, the latest first."""
        query = select(feed_runs).where(feed_runs.c.feed == name).order_by(feed_runs.c.due_at.desc()).limit(limit)
        with self._database.read() as connection:
            return [_to_run(row) for row in connection.execute(query)]

    def _due(self, connection: Connection) -> Sequence[AnyRow]:
        query = select(feeds).where(feeds.c.next_run <= self._database.now(connection)).order_by(feeds.c.next_run)
        return connection.execute(query).all()

    def _is_busy(self, connection: Connection, name: str, worker: str, now: int) -> bool:
        """Whether a run of this feed is under way; those that nobody can end any more are ended here. This worker has none:
        it is looking for one."""
        open_ones = (feed_runs.c.feed == name) & feed_runs.c.finished_at.is_(None)
        for row in connection.execute(select(feed_runs).where(open_ones)).all():
            lost = row.worker == worker or row.started_at <= now - LOST_MS
            if not lost and not self._workers.is_gone(connection, row.worker):
                return True
            values = {"finished_at": now, "outcome": "failed", "error": "The worker that ran it is gone."}
            connection.execute(update(feed_runs).where(open_ones, feed_runs.c.due_at == row.due_at).values(values))
        return False

    def _not_found(self, name: str) -> NotFound:
        near = nearest(name, [each.name for each in self.list()])
        return NotFound(f"There is no feed {name[:80]!r}.", hint=f"Did you mean {near}?" if near else None)


def _to_feed(row: AnyRow) -> Feed:
    return Feed(
        name=row.name,
        url=row.url,
        kind=row.kind,
        mapping=orjson.loads(row.mapping),
        replaces=row.replaces,
        schedule=row.schedule,
        next_run=from_ms(row.next_run),
        etag=row.etag,
        modified=row.modified,
    )


def _unpacked(packed: bytes | None) -> Sequence[str]:
    return zlib.decompress(packed).decode().splitlines() if packed else []


_COUNTS = ("rows", "created", "changed", "unchanged", "repeated", "removed", "problem_count")


def _to_row(run: Run) -> dict[str, Any]:
    return {
        "feed": run.feed,
        "due_at": to_ms(run.due_at),
        "worker": run.worker,
        "started_at": to_ms(run.started_at),
        "finished_at": None if run.finished_at is None else to_ms(run.finished_at),
        "outcome": run.outcome,
        "error": keepable(run.error),
        "problems": orjson.dumps([each.as_dict() for each in run.problems]).decode(),
        **{name: getattr(run, name) for name in _COUNTS},
    }


def _to_run(row: AnyRow) -> Run:
    return Run(
        feed=row.feed,
        due_at=from_ms(row.due_at),
        worker=row.worker,
        started_at=from_ms(row.started_at),
        finished_at=from_ms_or_none(row.finished_at),
        outcome=row.outcome,
        error=row.error,
        problems=tuple(Problem(**each) for each in orjson.loads(row.problems)),
        **{name: getattr(row, name) for name in _COUNTS},
    )
