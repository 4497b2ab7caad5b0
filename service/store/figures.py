"""Figures about the log, for people who look at it: counts, a chart, causes, health. Cheap for a million deliveries.

Everything that counts reads indexes alone (see `_ids`) and stops counting at `MOST`, as "over 100,000" says enough.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal, literal_column, select, union_all

from service.model import Attempt, Delivery, Status
from service.store._database import Database
from service.store._ids import first_id, moment_of
from service.store._tables import OUT_OF_THE_ORDINARY, QUEUED, SENDING, WAITING, attempts, deliveries
from service.store._times import from_ms, from_ms_or_none
from service.store.deliveries import Deliveries, DeliveryFilter, Page, check_cursor, conditions_of, to_delivery

MOST = 100_000

_d = deliveries.c
_a = attempts.c
_SETTLED_MS = 120_000  # an id may be some seconds older than its row
_REMEMBERED = 20_000
_SECOND, _HALF_MINUTE = 12, 11  # `dlv_` and eight digits: ids of the same 1.024 s begin so; with seven, of 33 s
_UNUSUAL = tuple(each for each in Status if each not in (Status.QUEUED, Status.SENDING, Status.ACCEPTED))


@dataclass(frozen=True, slots=True)
class Tally:
    """How many deliveries stand where. `capped`: there are more than `MOST`, so what is not unusual was not counted out."""

    by_status: Mapping[Status, int]
    total: int
    capped: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """What came in from `start` on, until the next bar's: how many of each status."""

    start: datetime
    by_status: Mapping[Status, int]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one account: how many, and since when the longest has been due (None: nothing is due yet)."""

    account: str
    count: int
    due_since: datetime | None


@dataclass(slots=True)
class Health:
    """What became of a template's deliveries. `rest` counts those that went well or are under way."""

    rest: int = 0
    unusual: dict[Status, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """The newest attempt for an account."""

    at: datetime
    status_code: int | None
    error: str | None


class Figures:
    """Figures of the log."""

    def __init__(self, database: Database, deliveries: Deliveries) -> None:
        self._database = database
        self._deliveries = deliveries
        self._totals: dict[tuple[str, str, str], int] = {}  # by template ("": all), first and last id

    def tally(self, since: datetime) -> Tally:
        """How many deliveries came in since then, by status."""
        start = first_id(since)
        with self._database.read() as connection:
            by_status: dict[Status, int] = {status: _count(connection, _unusual(status, start)) for status in _UNUSUAL}
            for status in (Status.QUEUED, Status.SENDING):
                by_status[status] = _count(connection, select(_d.id).where(_UNDER_WAY[status], _any_id >= start))
            total = _count(connection, select(_d.id).where(_d.id >= start))
        by_status[Status.ACCEPTED] = max(0, total - sum(by_status.values()))
        return Tally(by_status, total, total >= MOST)

    def any(self) -> bool:
        """Whether there is any delivery at all."""
        with self._database.read() as connection:
            return connection.execute(select(_d.id).limit(1)).first() is not None

    def undecided(self) -> int:
        """How many deliveries a person must decide about."""
        with self._database.read() as connection:
            return _count(connection, _unusual(Status.UNKNOWN, ""))

    def bars(self, starts: Sequence[datetime]) -> list[Bar]:
        """One bar for each of `starts`, which must be in order; the last one has no end."""
        found: list[dict[Status, int]] = [dict.fromkeys(Status, 0) for _ in starts]
        begins = [first_id(each) for each in starts]
        ends = [*begins[1:], "dlv_~"]
        long = len(starts) > 1 and (starts[1] - starts[0]).total_seconds() > 600
        with self._database.read() as connection:
            for status, prefix, count in connection.execute(_by_time(begins[0], _HALF_MINUTE if long else _SECOND)):
                found[_place(starts, moment_of(prefix))][Status(status)] += count
            for by_status, total in zip(found, self._totals_of(connection, begins, ends)):
                by_status[Status.ACCEPTED] = max(0, total - sum(by_status.values()))
        return [Bar(start, by_status) for start, by_status in zip(starts, found)]

    def _totals_of(
        self, connection: Connection, begins: Sequence[str], ends: Sequence[str], template: str = ""
    ) -> list[int]:
        """How many ids there are in each span, of one template or of all. What came in long ago does not change, so it is
        counted once."""
        settled = first_id(from_ms(self._database.now(connection) - _SETTLED_MS))
        spans = [(template, begin, end) for begin, end in zip(begins, ends)]
        unknown = [span for span in spans if span not in self._totals]
        counted: dict[tuple[str, str, str], int] = {}
        if unknown:
            whose = (_d.template == template,) if template else ()
            each = [
                select(literal(at).label("at"), func.count()).where(*whose, _d.id >= begin, _d.id < end)
                for at, (_, begin, end) in enumerate(unknown)
            ]
            counted = {unknown[at]: total for at, total in connection.execute(union_all(*each))}
        if len(self._totals) > _REMEMBERED:
            self._totals.clear()
        totals = [counted[span] if span in counted else self._totals[span] for span in spans]
        self._totals |= {span: total for span, total in counted.items() if span[2] < settled}
        return totals

    def waiting(self) -> list[Waiting]:
        """What waits, by account."""
        query = select(_d.account, func.count(), func.min(_d.due_at)).where(WAITING).group_by(_d.account)
        with self._database.read() as connection:
            now = self._database.now(connection)
            return [
                Waiting(account, count, from_ms(due) if due is not None and due <= now else None)
                for account, count, due in connection.execute(query.order_by(_d.account))
            ]

    def calls(self, account: str, since: datetime) -> int:
        """How many deliveries for this account came in since then."""
        with self._database.read() as connection:
            return _count(connection, select(_d.id).where(_d.account == account, _d.id >= first_id(since)))

    def unusual(self, statuses: Iterable[Status], since: datetime, limit: int) -> list[Delivery]:
        """The newest deliveries since then that stand so (neither queued, sending nor accepted), at most `limit` of each."""
        start = first_id(since)
        found: list[Delivery] = []
        with self._database.read() as connection:
            for status in statuses:
                query = select(deliveries).where(OUT_OF_THE_ORDINARY, _d.status == status.value, _d.id >= start)
                rows = connection.execute(query.order_by(_d.id.desc()).limit(limit))
                found += [to_delivery(row) for row in rows]
        return sorted(found, key=lambda each: each.id, reverse=True)

    def page(self, filter: DeliveryFilter, limit: int = 50, cursor: str | None = None) -> Page:
        """What `Deliveries.search` finds, also quickly where few among many stand as the filter says: the statuses are read
        one at a time, each by an index in the order of a page. Raises `NotReadable` for a cursor that is none."""
        check_cursor(cursor)
        found: dict[str, Delivery] = {}
        each_status: list[tuple[Status, ...]] = [(status,) for status in filter.status] or [()]
        for statuses in each_status:
            part = replace(filter, status=statuses)
            direct = not statuses or filter.recipient or filter.idempotency_key
            some = None if direct else self._of_status(statuses[0], part, limit + 1, cursor)
            some = self._deliveries.search(part, limit + 1, cursor).items if some is None else some
            found.update({each.id: each for each in some})
        items = sorted(found.values(), key=lambda each: each.id, reverse=True)
        return Page(items[:limit], items[limit - 1].id if len(items) > limit else None)

    def _of_status(self, status: Status, filter: DeliveryFilter, limit: int, cursor: str | None) -> list[Delivery] | None:
        """A page by the index that has few others in it. None: there is none such, or so many are queued that a search along
        the ids is quicker."""
        if status is Status.ACCEPTED:
            return None
        query = select(deliveries).where(*conditions_of(_hidden(filter))).limit(limit)
        for name in _NAMES:
            if (value := getattr(filter, name)) is not None:
                query = query.where(_d[name] + literal_column("''") == value)
        id: ColumnElement[str] = _d.id
        if status in _UNDER_WAY:
            query, id = query.where(_UNDER_WAY[status]), _any_id
        else:
            query = query.where(OUT_OF_THE_ORDINARY, _d.status == status.value)
        if cursor is not None:
            query = query.where(id < cursor)
        with self._database.read() as connection:
            if status in _UNDER_WAY and _count(connection, select(_d.id).where(_UNDER_WAY[status]), _FEW) == _FEW:
                return None
            return [to_delivery(row) for row in connection.execute(query.order_by(id.desc()))]

    def health(self, since: datetime) -> dict[str, Health]:
        """What became of each template's deliveries since then, by template."""
        start = first_id(since)
        found: dict[str, Health] = {}
        with self._database.read() as connection:
            hours = _hours(since, from_ms(self._database.now(connection)))
            for name in _templates_used(connection):
                begun = _count(connection, select(_d.id).where(_d.template == name, _d.id >= start, _d.id < hours[0]))
                found[name] = Health(begun + sum(self._totals_of(connection, hours, [*hours[1:], "dlv_~"], name)))
            for status in _UNUSUAL:
                grouped = (
                    select(_d.template, func.count())
                    .where(OUT_OF_THE_ORDINARY, _d.status == status.value, _d.id >= start, _d.template.is_not(None))
                    .group_by(_d.template)
                )
                for name, count in connection.execute(grouped):
                    health = found.setdefault(name, Health())
                    health.unusual[status] = count
                    health.rest = max(0, health.rest - count)
        return found

    def last_calls(self, templates: Iterable[str]) -> dict[str, datetime]:
        """When each template was called last; those that never were are left out. A test send is no call."""
        found: dict[str, datetime] = {}
        with self._database.read() as connection:
            for name in templates:
                called = select(_d.id).where(_d.template == name, _d.target == name).order_by(_d.id.desc()).limit(1)
                newest = connection.execute(called).scalar_one_or_none()
                if newest is not None:
                    found[name] = moment_of(newest)
        return found

    def last_answer(self, account: str) -> LastAnswer | None:
        """What the vendor said last for this account, among its newest deliveries."""
        newest = select(_d.id).where(_d.account == account).order_by(_d.id.desc()).limit(50).subquery()
        query = (
            select(attempts)
            .where(attempts.c.delivery.in_(select(newest.c.id)), attempts.c.finished_at.is_not(None))
            .order_by(attempts.c.finished_at.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        at = from_ms_or_none(row.finished_at)
        assert at is not None
        return LastAnswer(at, row.status_code, row.error)

    def answers(self, ids: Sequence[str]) -> dict[str, list[Attempt]]:
        """The attempts of these deliveries, by delivery, the first one first; without what was said at length."""
        columns = (_a.delivery, _a.number, _a.started_at, _a.finished_at, _a.duration_ms, _a.outcome, _a.status_code)
        found: dict[str, list[Attempt]] = {}
        with self._database.read() as connection:
            for row in connection.execute(select(*columns).where(_a.delivery.in_(ids)).order_by(_a.delivery, _a.number)):
                found.setdefault(row.delivery, []).append(
                    Attempt(
                        number=row.number,
                        started_at=from_ms(row.started_at),
                        finished_at=from_ms_or_none(row.finished_at),
                        duration_ms=row.duration_ms,
                        outcome=row.outcome,
                        status_code=row.status_code,
                    )
                )
        return found


# Few deliveries are under way at a time, and partial indexes have just those. SQLite would rather walk along the ids, which
# are many, so where that would be wrong the id is hidden from it in an expression.
_any_id = _d.id + literal_column("''")
_UNDER_WAY = {Status.QUEUED: QUEUED, Status.SENDING: SENDING}
_NAMES = ("template", "action", "account", "key")
_FEW = 20_000  # to sort; with more of them, walking along the ids finds a page at once


def _unusual(status: Status, start: str) -> Select[Any]:
    return select(_d.id).where(OUT_OF_THE_ORDINARY, _d.status == status.value, _d.id >= start)


def _hidden(filter: DeliveryFilter) -> DeliveryFilter:
    """The filter without its status, and without the names whose indexes are not to be used."""
    return replace(filter, status=(), **dict.fromkeys(_NAMES))


def _count(connection: Connection, query: Select[Any], most: int | None = None) -> int:
    """How many rows, at most `most` (default: `MOST`)."""
    some = query.limit(most or MOST).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def _by_time(start: str, digits: int) -> Any:
    """Status, beginning of ids, and count, of all that is not accepted."""
    prefix = func.substr(_d.id, 1, digits)
    parts = [
        select(literal(status.value).label("status"), prefix.label("prefix"), func.count())
        .where(OUT_OF_THE_ORDINARY, _d.status == status.value, _d.id >= start)
        .group_by(prefix)
        for status in _UNUSUAL
    ]
    for status, condition in _UNDER_WAY.items():
        parts.append(select(literal(status.value), prefix, func.count()).where(condition, _any_id >= start).group_by(prefix))
    return union_all(*parts)


def _hours(since: datetime, now: datetime) -> list[str]:
    """The first id of each whole hour after `since`; of the next one, where there is none before `now`."""
    first = int(since.timestamp()) // 3_600 + 1
    last = max(first, int(now.timestamp()) // 3_600)
    return [first_id(datetime.fromtimestamp(hour * 3_600, since.tzinfo)) for hour in range(first, last + 1)]


def _place(starts: Sequence[datetime], moment: datetime) -> int:
    """Which of `starts` this moment belongs to."""
    return max(0, bisect_right(starts, moment) - 1)


def _templates_used(connection: Connection) -> list[str]:
    """Every template that ever had a delivery, by stepping through the index: one look a template, however many rows."""
    found: list[str] = []
    name = connection.execute(select(func.min(_d.template))).scalar_one()
    while name is not None:
        found.append(name)
        name = connection.execute(select(func.min(_d.template)).where(_d.template > name)).scalar_one()
    return found
