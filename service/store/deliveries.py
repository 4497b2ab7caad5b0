"""Deliveries: put in, looked up, searched and counted. What workers do with them is in `queue`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, func, or_, select, union_all, update

from service.errors import NotReadable, Problem
from service.model import FINAL, Attempt, Delivery, Guarantee, NewDelivery, Status
from service.settings import Settings
from service.store import suppressions
from service.store._database import AnyRow, Database
from service.store._ids import first_id
from service.store._tables import OUT_OF_THE_ORDINARY, QUEUED, SENDING, WAITING, attempts, contexts, deliveries
from service.store._texts import keepable
from service.store._times import from_ms, from_ms_or_none, ms_of, to_ms
from service.store.suppressions import Change

_d = deliveries.c
_HOUR_MS = 3_600_000
_MOST_LANES = 10_000  # that are remembered
_LARGEST_PURGE = 1000  # rows a transaction: others wait for it
_LARGEST_INSERT = 64  # rows a statement: 64 x 32 values stay below every driver's limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Inserted:
    """What became of one `NewDelivery`: enough to answer the caller, and to answer a repeated call as the first.

    `created` is False where its idempotency key was held already; then all else is the holder's. `status` is the one with
    which it was kept, not the one it has come to since.
    """

    id: str
    created: bool
    status: Status
    template: str | None
    version: int | None
    action: str
    account: str
    fingerprint: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries. Everything given must hold; `status` is any of several; `since` <= created < `until`."""

    status: tuple[Status, ...] = ()
    template: str | None = None
    action: str | None = None
    account: str | None = None
    key: str | None = None
    recipient: str | None = None
    idempotency_key: str | None = None
    replay_of: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Deliveries, newest first, and where the next page starts (None: this is the last)."""

    items: list[Delivery]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """`by_status` has every status. `waiting` are due or will be; `oldest_due_s` is how long the oldest is overdue."""

    by_status: Mapping[Status, int]
    waiting: int
    oldest_due_s: float


class Deliveries:
    """The log, which is also the queue."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._key_kept_ms = int(settings.idempotency_hours * _HOUR_MS)
        self._lanes: set[tuple[str, str]] = set()

    def insert_many(self, rows: Sequence[NewDelivery]) -> list[Inserted]:
        """Keep all rows in one transaction; the answers stand in the same order. Raises `Unavailable`.

        A row whose idempotency key is held by an earlier one, in the table or in `rows`, is not kept (see `Inserted`).
        Inserting the same id again changes nothing, so that a caller who lost the connection may try again.
        """
        if not rows:
            return []
        with self._database.write() as connection:
            now = self._database.now(connection)
            new_lanes = self._make_lanes(connection, rows)
            # Sorted, so that two processes that insert the same keys at once cannot wait for each other in a circle.
            ordered = sorted(rows, key=lambda row: row.idempotency_key or "")
            kept = self._insert(connection, ordered, now)
            answers = (
                {row.id: _created(row) for row in ordered} if kept == len(rows) else self._sort_out(connection, ordered, now)
            )
            self._insert_contexts(
                connection, [row for row in ordered if row.context is not None and answers[row.id].created]
            )
            self._database.notify(connection)
        if len(self._lanes) < _MOST_LANES:  # and only now: before the commit they were not there for others
            self._lanes |= new_lanes
        return [answers[row.id] for row in rows]

    def add(self, connection: Connection, rows: Sequence[NewDelivery]) -> None:
        """Keep steps of plans within the caller's transaction. One that its plan has already is left out."""
        if rows:
            ordered = sorted(rows, key=lambda row: row.plan or "")  # one order for all, so that nobody waits in a circle
            self._make_lanes(connection, ordered)
            self._insert(connection, ordered, self._database.now(connection))
            self._database.notify(connection)

    def _make_lanes(self, connection: Connection, rows: Iterable[NewDelivery]) -> set[tuple[str, str]]:
        """Every (account, rate class) has a bucket, from which workers learn that there is such a lane. Answers those that
        this process has not seen before."""
        new = {(row.account, row.rate_class) for row in rows} - self._lanes
        for lane in sorted(new):
            self._database.insert(connection, "buckets", ("account", "rate_class", "served_at"), 1, (*lane, 0))
        return new

    def _insert(self, connection: Connection, rows: Sequence[NewDelivery], now: int) -> int:
        """How many rows were new."""
        kept = 0
        for part in _parts(rows):
            values: list[Any] = []
            for row in part:
                values += _values(row, now)
            kept += self._database.insert(connection, "deliveries", _COLUMNS, len(part), values)
        return kept

    def _insert_contexts(self, connection: Connection, rows: Sequence[NewDelivery]) -> None:
        for part in _parts(rows):
            values: list[Any] = []
            for row in part:
                values += (row.id, row.context)
            self._database.insert(connection, "contexts", ("delivery", "context"), len(part), values)

    def _sort_out(self, connection: Connection, rows: Sequence[NewDelivery], now: int) -> dict[str, Inserted]:
        """The slow path: some rows were not kept. Gives them keys that are too old, and finds the holders of the others."""
        answers: dict[str, Inserted] = {}
        there = set(
            connection.execute(select(deliveries.c.id).where(deliveries.c.id.in_([row.id for row in rows]))).scalars()
        )
        for row in rows:
            if row.id in there:
                answers[row.id] = _created(row)
                continue
            holder = self._holder(connection, row)
            if holder is None or holder.created_at < now - self._key_kept_ms:
                if holder is not None:
                    give_up_key(connection, holder.id)
                if self._insert(connection, [row], now):
                    answers[row.id] = _created(row)
                    continue
                holder = self._holder(connection, row)
            assert holder is not None
            answers[row.id] = _held(holder)
        return answers

    def _holder(self, connection: Connection, row: NewDelivery) -> AnyRow | None:
        return connection.execute(
            select(deliveries).where(
                deliveries.c.idempotency_key == row.idempotency_key,
                deliveries.c.account == row.account,
                deliveries.c.target == row.target,
                deliveries.c.idempotency_slot == "",
            )
        ).one_or_none()

    def get(self, id: str) -> Delivery | None:
        """The delivery with its context (a plan's is kept with its first delivery), or None."""
        query = (
            select(deliveries, contexts.c.context)
            .select_from(deliveries.outerjoin(contexts, contexts.c.delivery == _FIRST))
            .where(deliveries.c.id == id)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else to_delivery(row, row.context)

    def of_plan(self, plan: str) -> list[Delivery]:
        """Every delivery of a plan, in the order in which they were made, without contexts."""
        with self._database.read() as connection:
            query = select(deliveries).where(deliveries.c.plan == plan).order_by(deliveries.c.created_at, deliveries.c.id)
            return [to_delivery(row) for row in connection.execute(query)]

    def status(self, id: str) -> Status | None:
        """Only where it stands: cheap enough to ask again and again."""
        with self._database.read() as connection:
            found = connection.execute(_STATUS, {"id": id}).scalar_one_or_none()
        return None if found is None else Status(found)

    def attempts(self, id: str) -> list[Attempt]:
        """Every attempt, the first one first."""
        query = select(attempts).where(attempts.c.delivery == id).order_by(attempts.c.number)
        with self._database.read() as connection:
            return [_to_attempt(row) for row in connection.execute(query)]

    def search(self, filter: DeliveryFilter | None = None, limit: int = 50, cursor: str | None = None) -> Page:
        """A page of deliveries, newest first, without their contexts. Raises `NotReadable` for a cursor that is none."""
        check_cursor(cursor)
        conditions = conditions_of(filter or DeliveryFilter())
        if cursor is not None:
            conditions.append(deliveries.c.id < cursor)
        query = select(deliveries).where(and_(True, *conditions)).order_by(deliveries.c.id.desc()).limit(limit + 1)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        items = [to_delivery(row) for row in rows[:limit]]
        return Page(items, items[-1].id if len(rows) > limit else None)

    def statuses(self, filter: DeliveryFilter, most: int) -> tuple[list[tuple[str, Status]], bool]:
        """Id and status of the newest `most` that match, newest first, and whether there are more."""
        columns = (deliveries.c.id, deliveries.c.status)
        query = select(*columns).where(and_(True, *conditions_of(filter))).order_by(deliveries.c.id.desc()).limit(most + 1)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [(row.id, Status(row.status)) for row in rows[:most]], len(rows) > most

    def end_waiting(self, id: str, status: Status, reason: str) -> bool:
        """End a delivery that still waits. False, and nothing has changed, where it does not (any more)."""
        with self._database.write() as connection:
            now = self._database.now(connection)
            ended = connection.execute(
                update(deliveries)
                .where(deliveries.c.id == id, WAITING)
                .values(status=status, reason=reason, due_at=None, finished_at=now, updated_at=now)
            )
        return ended.rowcount == 1

    def settle_unknown(
        self,
        id: str,
        status: Status,
        reason: str,
        then: NewDelivery | None = None,
        changes: Sequence[Change] = (),
        *,
        within: Connection | None = None,
    ) -> bool:
        """Give an unknown delivery another status; queued: it is due now. False where it is not unknown. The fence rises, so
        that an answer which comes very late does not overwrite what was settled. `then`, the next step of its plan, and
        `changes`, the opt-outs and opt-ins that it asked for, are kept in the same transaction: the caller's `within`."""
        with self._database.write() if within is None else nullcontext(within) as connection:
            now = self._database.now(connection)
            settled = connection.execute(
                update(deliveries)
                .where(deliveries.c.id == id, deliveries.c.status == Status.UNKNOWN)
                .values(
                    status=status,
                    reason=reason,
                    due_at=now if status.is_open else None,
                    finished_at=None if status.is_open else now,
                    updated_at=now,
                    fence=deliveries.c.fence + 1,
                )
            )
            if then is not None and settled.rowcount == 1:
                self.add(connection, [then])
            if changes and settled.rowcount == 1:
                account = connection.execute(select(deliveries.c.account).where(deliveries.c.id == id)).scalar_one()
                suppressions.apply_own(connection, self._database, changes, account)
            self._database.notify(connection)
        return settled.rowcount == 1

    def purgeable(self, before: datetime) -> int:
        """How many deliveries `purge` would delete."""
        with self._database.read() as connection:
            query = select(func.count()).select_from(deliveries).where(self._ended(connection, before))
            return int(connection.execute(query).scalar_one())

    def purge(self, before: datetime, most: int = _LARGEST_PURGE) -> int:
        """Delete the oldest `most` deliveries that had ended before a moment, with their contexts and attempts, in one short
        transaction. Answers how many; 0: there are no more.

        What is open stays, what may still answer a repeated call, and a plan as long as any of its deliveries stays.
        """
        with self._database.write() as connection:
            oldest = select(_d.id).where(self._ended(connection, before)).order_by(_d.id).limit(most)
            return connection.execute(delete(deliveries).where(_d.id.in_(oldest))).rowcount

    def _ended(self, connection: Connection, before: datetime) -> ColumnElement[bool]:
        limit = min(to_ms(before), self._database.now(connection) - self._key_kept_ms)
        other = deliveries.alias()
        stays = or_(other.c.finished_at.is_(None), other.c.finished_at >= limit)
        return and_(
            _d.id < first_id(from_ms(limit)),
            _d.status.in_([status.value for status in FINAL]),
            _d.finished_at < limit,
            ~exists().where(other.c.plan == _d.plan, stays),
        )

    def sent_to(
        self, connection: Connection, people: Sequence[str], accounts: Sequence[str], since: datetime, until: datetime
    ) -> list[Delivery]:
        """What was, or may have been, sent to any of these names of one person, and last changed in this time. Within the
        caller's transaction, and nobody changes them before it ends."""
        columns = deliveries.c
        query = select(deliveries).where(
            columns.recipient.in_(people),
            columns.account.in_(accounts),
            columns.status.in_([each.value for each in (Status.SENDING, Status.UNKNOWN, Status.ACCEPTED)]),
            columns.updated_at.between(to_ms(since), to_ms(until)),
        )
        return [to_delivery(row) for row in connection.execute(query.order_by(columns.id).with_for_update())]

    def counts(self) -> Counts:
        """For metrics and the first page. Reads partial indexes only, and counts the rows once, so it may be asked often."""
        not_accepted = [
            select(deliveries.c.status, func.count()).where(part).group_by(deliveries.c.status)
            for part in (OUT_OF_THE_ORDINARY, QUEUED, SENDING)
        ]
        waiting = select(func.count(), func.min(deliveries.c.due_at)).where(WAITING)
        with self._database.read() as connection:
            now = self._database.now(connection)
            by_status = dict.fromkeys(Status, 0)
            for status, count in connection.execute(union_all(*not_accepted)):
                by_status[Status(status)] = count
            everything = connection.execute(select(func.count()).select_from(deliveries)).scalar_one()
            depth, oldest = connection.execute(waiting).one()
        by_status[Status.ACCEPTED] = everything - sum(by_status.values())
        return Counts(by_status, depth, max(0, now - oldest) / 1000 if oldest is not None else 0.0)


def give_up_key(connection: Connection, id: str) -> None:
    """The delivery no longer holds its idempotency key; the log still shows it."""
    connection.execute(update(deliveries).where(deliveries.c.id == id).values(idempotency_slot=deliveries.c.id))


def check_cursor(cursor: str | None) -> None:
    """Raises `NotReadable` for what is no cursor of a page of deliveries."""
    if cursor is not None and not cursor.startswith("dlv_"):
        detail = "The cursor is not one that we gave."
        raise NotReadable(detail, [Problem("cursor.unknown", detail)])


def conditions_of(filter: DeliveryFilter) -> list[Any]:
    """The filter as SQL conditions."""
    columns = deliveries.c
    found: list[Any] = []
    if filter.status:
        found.append(columns.status.in_([status.value for status in filter.status]))
        found += [part for part, statuses in _PARTIAL_INDEXES if statuses.issuperset(filter.status)]
    for name in ("template", "action", "account", "key", "recipient", "idempotency_key", "replay_of"):
        if (value := getattr(filter, name)) is not None:
            found.append(columns[name] == value)
    if filter.since is not None:
        found.append(columns.created_at >= to_ms(filter.since))
    if filter.until is not None:
        found.append(columns.created_at < to_ms(filter.until))
    return found


def to_delivery(row: AnyRow, context: bytes | None = None) -> Delivery:
    """The row as the model has it."""
    return Delivery(
        id=row.id,
        status=Status(row.status),
        account=row.account,
        action=row.action,
        target=row.target,
        template=row.template,
        version_id=row.version_id,
        version=row.version,
        key=row.key,
        recipient=row.recipient,
        payload=row.payload,
        digest=row.digest,
        context=context,
        guarantee=Guarantee(row.guarantee),
        rate_class=row.rate_class,
        priority=row.priority,
        idempotency_key=row.idempotency_key,
        fingerprint=row.fingerprint,
        problems=_to_problems(row.problems),
        warnings=_to_problems(row.warnings),
        reason=row.reason,
        decision=orjson.loads(row.decision) if row.decision else None,
        replay_of=row.replay_of,
        plan=row.plan,
        step=row.step,
        email=row.email,
        attempts_made=row.attempts_made,
        created_at=from_ms(row.created_at),
        updated_at=from_ms(row.updated_at),
        due_at=from_ms_or_none(row.due_at),
        expires_at=from_ms_or_none(row.expires_at),
        finished_at=from_ms_or_none(row.finished_at),
    )


def _to_attempt(row: AnyRow) -> Attempt:
    return Attempt(
        number=row.number,
        started_at=from_ms(row.started_at),
        finished_at=from_ms_or_none(row.finished_at),
        duration_ms=row.duration_ms,
        worker=row.worker,
        outcome=row.outcome,
        status_code=row.status_code,
        headers=orjson.loads(row.headers) if row.headers else {},
        body=row.body,
        error=row.error,
        meaning=row.meaning,
    )


# Repeating an index's own condition is what lets the database use it.
_PARTIAL_INDEXES = (
    (OUT_OF_THE_ORDINARY, frozenset(Status) - {Status.QUEUED, Status.SENDING, Status.ACCEPTED}),
    (WAITING, frozenset({Status.HELD, Status.QUEUED, Status.RETRYING})),
    (SENDING, frozenset({Status.SENDING})),
)
_FIRST = func.coalesce(deliveries.c.plan, deliveries.c.id)
_STATUS = select(deliveries.c.status).where(deliveries.c.id == bindparam("id"))

# The columns that are taken from a NewDelivery as they are, then those that `_values` works out.
_TAKEN = (
    *("id", "status", "account", "action", "target", "template", "version_id", "version", "key", "recipient", "payload"),
    *("digest", "guarantee", "rate_class", "priority", "idempotency_key", "fingerprint", "replay_of"),
    *("plan", "step", "email"),
)
_WORKED_OUT = (
    *("idempotency_slot", "reason", "problems", "warnings", "attempts_made", "fence"),
    *("created_at", "updated_at", "due_at", "expires_at", "finished_at"),
)
_COLUMNS = _TAKEN + _WORKED_OUT
_taken = attrgetter(*_TAKEN)


def _values(row: NewDelivery, now: int) -> tuple[Any, ...]:
    is_open = row.status.is_open
    return (
        *_taken(row),
        row.id if row.status is Status.REJECTED else "",  # a corrected call with the same key must get through
        keepable(row.reason),
        _from_problems(row.problems),
        _from_problems(row.warnings),
        0,
        0,
        now,
        now,
        now + ms_of(row.due_in) if is_open else None,
        now + ms_of(row.expires_in) if row.expires_in is not None else None,
        None if is_open else now,
    )


def _created(row: NewDelivery) -> Inserted:
    return Inserted(
        id=row.id,
        created=True,
        status=row.status,
        template=row.template,
        version=row.version,
        action=row.action,
        account=row.account,
        fingerprint=row.fingerprint,
    )


def _held(holder: AnyRow) -> Inserted:
    """What the first call was told: final at once (a template suppressed it), else queued, whatever it is by now."""
    return Inserted(
        id=holder.id,
        created=False,
        status=Status(holder.status) if holder.finished_at == holder.created_at else Status.QUEUED,
        template=holder.template,
        version=holder.version,
        action=holder.action,
        account=holder.account,
        fingerprint=holder.fingerprint,
    )


def _parts(rows: Sequence[NewDelivery]) -> Iterable[Sequence[NewDelivery]]:
    """Parts of 64, 32, 16 ... rows, so that few different statements exist, and the database keeps them prepared."""
    at = 0
    while at < len(rows):
        size = min(_LARGEST_INSERT, 1 << ((len(rows) - at).bit_length() - 1))
        yield rows[at : at + size]
        at += size


def _from_problems(problems: tuple[Problem, ...]) -> str | None:
    return orjson.dumps([problem.as_dict() for problem in problems]).decode() if problems else None


def _to_problems(text: str | None) -> tuple[Problem, ...]:
    return tuple(Problem(**each) for each in orjson.loads(text)) if text else ()
