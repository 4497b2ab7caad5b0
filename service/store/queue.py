"""The queue: workers claim deliveries in batches, keep them by a lease, and bring back what became of them.

Every claim raises the delivery's fence. Whoever brings an outcome names the fence he was given, so a worker that was thought
dead and comes late cannot overwrite what has happened since.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Integer, and_, bindparam, func, insert, literal_column, null, select, update

from service.model import Guarantee, NewDelivery, Status, Suppression
from service.store import _hot, buckets, circuits, suppressions
from service.store._database import AnyRow, Database
from service.store._tables import SENDING, WAITING, attempts, deliveries
from service.store._texts import keepable
from service.store._times import from_ms, from_ms_or_none, ms_of, to_ms
from service.store.buckets import Lane, LaneName, Limit
from service.store.circuits import Circuit, Sign
from service.store.deliveries import Deliveries
from service.store.suppressions import Change

_d = deliveries.c
_SOON_S = 0.02  # shortest time after which it makes sense to ask a rate limited lane again
_LOCKED_S = 0.003  # what is due may be locked by another worker's claim, or by an outcome that is being kept
_NOBODY_S = 1.0  # a lane that this worker cannot serve is looked at again after this


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed delivery with all that sending it needs. `number` is the attempt's, from 1. `suppressions` are those of the
    people whom it is for, of any account and type, ended ones too."""

    id: str
    account: str
    action: str
    template: str | None
    version: int | None
    recipient: str | None
    payload: bytes
    guarantee: Guarantee
    rate_class: str
    created_at: datetime
    expires_at: datetime | None
    number: int
    fence: int
    plan: str | None = None
    limited: bool = False  # holds a permit of its lane
    suppressions: tuple[Suppression, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """A guard's word: not before `until`. `rule` and `value` are kept and shown."""

    until: datetime
    rule: str
    value: Any
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A guard's word: never. The delivery ends with `status`."""

    status: Status
    rule: str
    value: Any
    reason: str


Check = Callable[[Job, datetime], Hold | Stop | None]


@dataclass(slots=True)
class Claim:
    """Jobs to send now, how many others the guards objected to, and when it makes sense to ask again although nothing new
    arrives (None: no such moment)."""

    jobs: list[Job] = field(default_factory=list)
    objections: int = 0
    again_in_s: float | None = None

    def ask_again_in(self, seconds: float) -> None:
        self.again_in_s = seconds if self.again_in_s is None else min(self.again_in_s, seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What becomes of a delivery after an attempt. `due_in_s` only for one that is tried again."""

    status: Status
    outcome: str  # of the attempt: accepted, refused, retry, unknown or failed
    reason: str
    due_in_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One attempt's end as a worker brings it back. `healthy` None: it says nothing about the vendor. `then` is the delivery
    of the plan's next step, where this one was accepted; `changes` are the opt-outs and opt-ins that it asked for."""

    job: Job
    ending: Ending
    duration_ms: float | None = None
    status_code: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    error: str | None = None
    meaning: str | None = None
    block_s: float | None = None  # the vendor wants nothing of this rate class for so long
    healthy: bool | None = None
    then: NewDelivery | None = None
    changes: tuple[Change, ...] = ()


class Queue:
    """What workers do with deliveries."""

    def __init__(self, database: Database, deliveries: Deliveries) -> None:
        self._database = database
        self._deliveries = deliveries

    def anything_due(self) -> bool:
        """Whether a claim could find anything."""
        with self._database.read() as connection:
            return buckets.anything_due(connection, self._database.now(connection))

    def claim(
        self, worker: str, limits: Mapping[tuple[str, str], Limit], room: int, *, lease_s: float, check: Check
    ) -> Claim:
        """Take at most `room` due deliveries of the lanes in `limits`, as many as their buckets have permits for.

        Lanes are served in turn and share the room. `check` asks the guards. When this returns, the attempts are on record
        and the jobs are this worker's: each must be brought back by `complete` or `give_back`.
        """
        claim = Claim()
        with self._database.write() as connection:
            now = self._database.now(connection)
            lanes = buckets.lock_lanes(connection, now)
            has_limits = any(limit.rate is not None for limit in limits.values())
            under_way = buckets.under_way(connection) if lanes and has_limits else {}
            if not lanes and buckets.anything_due(connection, now):
                claim.ask_again_in(_LOCKED_S)
            turn = max([now, *(lane.served_at + 1 for lane in lanes)])  # several turns may fall into one millisecond
            is_any = bool(lanes) and suppressions.is_any(connection)
            for position, lane in enumerate(lanes):
                limit = limits.get(lane.name)
                if limit is None:
                    claim.ask_again_in(_NOBODY_S)
                    continue
                share = math.ceil((room - len(claim.jobs)) / (len(lanes) - position))
                sending = under_way.get(lane.name, 0)
                serving = _Serving(connection, lane, limit, sending, now, turn, lease_s, check, claim, is_any)
                claim.jobs += serving.take(share)
            if claim.jobs:
                _lease(connection, worker, claim.jobs, now, lease_s)
        return claim

    def complete(self, done: Sequence[Done]) -> dict[str, Circuit]:
        """Keep what became of these jobs, in one transaction. A delivery whose fence has changed since is left as it is;
        the attempt is kept all the same, because it did happen. Answers the circuits that have opened or closed."""
        with self._database.write() as connection:
            now = self._database.now(connection)
            done = sorted(done, key=lambda each: each.job.id)  # one order for all, so that nobody waits in a circle
            _hot.many(connection, _END_ATTEMPT, [_attempt_values(each, now) for each in done])
            _hot.many(connection, _END_DELIVERY, [_delivery_values(each, now) for each in done])
            self._go_on(connection, {each.job.id: each.then for each in done if each.then is not None})
            for each in done:
                if each.changes:
                    suppressions.apply_own(connection, self._database, each.changes, each.job.account)
            buckets.spend(connection, _lanes(each.job for each in done if each.job.limited), now)
            blocks = [(each.job.account, each.job.rate_class, now + ms_of(each.block_s)) for each in done if each.block_s]
            if blocks:
                buckets.block(connection, blocks)
            return self._record_signs(connection, done, now)

    def _go_on(self, connection: Connection, then: Mapping[str, NewDelivery]) -> None:
        """Keep the next steps of those that stand as accepted now; an answer that came too late moves no plan."""
        if then:
            accepted = select(_d.id).where(_d.id.in_(list(then)), _d.status == Status.ACCEPTED.value)
            self._deliveries.add(connection, [then[id] for id in connection.execute(accepted).scalars()])

    def _record_signs(self, connection: Connection, done: Sequence[Done], now: int) -> dict[str, Circuit]:
        signs: dict[str, list[Sign]] = {}
        for each in done:
            if each.healthy is not None:
                signs.setdefault(each.job.account, []).append(Sign(each.job.id, each.healthy))
        changed = {}
        for account in sorted(signs):
            circuit = circuits.record(connection, self._database, account, signs[account], now)
            if circuit is not None:
                changed[account] = circuit
        return changed

    def give_back(self, jobs: Collection[Job]) -> None:
        """Put back jobs of which nothing has left; the attempt is not counted."""
        with self._database.write() as connection:
            _give_back(connection, [(job.id, job.fence) for job in jobs], self._database.now(connection))
            self._database.notify(connection)

    def give_back_others(self, worker: str, mine: Collection[str]) -> int:
        """Put back what the table says is this worker's and the worker does not know of: a claim whose commit it did not
        hear of. None of them was sent. Answers how many."""
        with self._database.write() as connection:
            owned = connection.execute(select(_d.id, _d.fence).where(SENDING, _d.lease_owner == worker)).all()
            strange = [(row.id, row.fence) for row in owned if row.id not in mine]
            _give_back(connection, strange, self._database.now(connection))
            return len(strange)

    def renew(self, worker: str, lease_s: float) -> None:
        """Keep everything that this worker has claimed for another `lease_s`."""
        with self._database.write() as connection:
            until = self._database.now(connection) + ms_of(lease_s)
            connection.execute(update(deliveries).where(SENDING, _d.lease_owner == worker).values(lease_until=until))

    def owners(self) -> dict[str, bool]:
        """The workers that have something claimed, and whether the lease of any of it has run out."""
        with self._database.read() as connection:
            now = self._database.now(connection)
            return {row.lease_owner: row.first_end < now for row in connection.execute(_OWNERS)}

    def reclaim(
        self,
        owner: str | None,
        decide: Callable[[Guarantee, int], Ending],
        *,
        is_gone: Callable[[Connection], bool] = lambda _: True,
    ) -> dict[str, Ending]:
        """Decide about what a dead worker had claimed (None: about every lease that has run out), by delivery's id.

        `decide` gets the guarantee and the attempt's number. `is_gone` is asked inside the transaction.
        """
        with self._database.write() as connection:
            if not is_gone(connection):
                return {}
            now = self._database.now(connection)
            lost = _d.lease_owner == owner if owner is not None else _d.lease_until < now
            query = select(*_LOST_COLUMNS).where(SENDING, lost).order_by(_d.id)
            endings: dict[str, Ending] = {}
            rows = connection.execute(query.with_for_update(skip_locked=True)).all()
            for row in rows:
                ending = endings[row.id] = decide(Guarantee(row.guarantee), row.attempts_made)
                _end_lost(connection, row, ending, now)
            if endings:
                buckets.spend(connection, _lanes(rows), now)
                self._database.notify(connection)
            return endings


class _Serving:
    """One lane's turn within a claim."""

    def __init__(
        self,
        connection: Connection,
        lane: Lane,
        limit: Limit,
        sending: int,
        now: int,
        turn: int,
        lease_s: float,
        check: Check,
        claim: Claim,
        looks_for_suppressions: bool,
    ) -> None:
        self._connection = connection
        self._lane = lane
        self._limit = limit
        self._sending = sending
        self._now = now
        self._turn = turn
        self._lease_ms = ms_of(lease_s)
        self._check = check
        self._claim = claim
        self._looks_for_suppressions = looks_for_suppressions

    def take(self, share: int) -> list[Job]:
        lane, now = self._lane, self._now
        not_before = max(lane.blocked_until, lane.open_until or 0)
        if not_before > now:
            self._claim.ask_again_in((not_before - now) / 1000)
            return []
        most = share
        if self._limit.rate is not None:
            permits = lane.permits(self._limit, self._sending, now)
            if not permits:
                self._claim.ask_again_in(max(_SOON_S, lane.next_permit_ms(self._limit, now) / 1000))
                return []
            most = min(most, permits)
        is_probe = lane.open_until is not None
        if is_probe:
            most = min(most, 1)
        if not most:
            return []  # no room left; the lane keeps its turn
        jobs = self._checked(self._due(most))
        if is_probe and jobs:
            assert lane.open_until is not None
            if not circuits.take_probe(self._connection, lane.account, jobs[0].id, lane.open_until, now + self._lease_ms):
                return []
        buckets.served(self._connection, lane, self._limit, self._turn)
        return jobs

    def _due(self, most: int) -> list[AnyRow]:
        """The next due rows, lowest priority number first, then the longest due."""
        rows: list[AnyRow] = []
        of_lane = {"account": self._lane.account, "rate_class": self._lane.rate_class, "now": self._now}
        [(priority,)] = _hot.rows(self._connection, _FIRST_PRIORITY, of_lane)
        while priority is not None:
            query = {**of_lane, "of_priority": priority, "most": most - len(rows)}
            rows += _hot.rows(self._connection, _DUE_ROWS, query)
            if len(rows) >= most:
                break
            [(priority,)] = _hot.rows(self._connection, _NEXT_PRIORITY, {**of_lane, "last": priority})
        return rows

    def _checked(self, rows: Sequence[AnyRow]) -> list[Job]:
        """The jobs that no guard objects to; what a guard said of the others is kept."""
        when = from_ms(self._now)
        people = {row.id: _people(row) for row in rows} if self._looks_for_suppressions else {}
        known = suppressions.of(self._connection, itertools.chain.from_iterable(people.values())) if people else {}
        jobs, verdicts = [], []
        for row in rows:
            known_of = [each for who in people[row.id] for each in known.get(who, ())] if known else []
            job = _to_job(row, known_of, limited=self._limit.rate is not None)
            verdict = self._check(job, when)
            if verdict is None:
                jobs.append(job)
            else:
                verdicts.append(_verdict_values(job, verdict, self._now))
        if verdicts:
            self._connection.execute(_GUARDED, verdicts)
            self._claim.objections += len(verdicts)
        return jobs


_OF_LANE = and_(_d.account == bindparam("account"), _d.rate_class == bindparam("rate_class"), WAITING)
_FIRST_PRIORITY = select(func.min(_d.priority).label("first")).where(_OF_LANE)
_NEXT_PRIORITY = select(func.min(_d.priority).label("next")).where(_OF_LANE, _d.priority > bindparam("last"))
_JOB_COLUMNS = (
    *(_d.id, _d.account, _d.action, _d.template, _d.version, _d.recipient, _d.payload, _d.guarantee, _d.rate_class),
    *(_d.created_at, _d.expires_at, _d.attempts_made, _d.fence, _d.plan, _d.email),
)
_DUE_ROWS = (
    select(*_JOB_COLUMNS)
    .where(_OF_LANE, _d.priority == bindparam("of_priority"), _d.due_at <= bindparam("now"))
    .order_by(_d.due_at, _d.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
_LOST_COLUMNS = (_d.id, _d.guarantee, _d.attempts_made, _d.fence, _d.account, _d.rate_class)
_OWNERS = select(_d.lease_owner, func.min(_d.lease_until).label("first_end")).where(SENDING).group_by(_d.lease_owner)
_LEASE = (
    update(deliveries)
    .where(_d.id == bindparam("of_id"))
    .values(
        status=literal_column("'sending'"),
        lease_owner=bindparam("worker"),
        lease_until=bindparam("until"),
        fence=bindparam("fence"),
        attempts_made=bindparam("number"),
        updated_at=bindparam("now"),
    )
)
_BEGIN_ATTEMPT = insert(attempts).values(
    delivery=bindparam("of_id"), number=bindparam("number"), started_at=bindparam("now"), worker=bindparam("worker")
)
_GUARDED = (
    update(deliveries)
    .where(_d.id == bindparam("of_id"))
    .values({name: bindparam(name) for name in ("status", "reason", "decision", "due_at", "finished_at", "updated_at")})
)
# An unknown one may still be settled by the worker that was thought dead: nobody has claimed it since, or the fence differs.
_END_DELIVERY = (
    update(deliveries)
    .where(
        _d.id == bindparam("of_id"),
        _d.fence == bindparam("of_fence"),
        _d.status.in_([literal_column("'sending'"), literal_column("'unknown'")]),
    )
    .values(
        {name: bindparam(name) for name in ("status", "reason", "due_at", "finished_at", "updated_at")}
        | {"lease_owner": null(), "lease_until": null(), "decision": null()}
    )
)
_ATTEMPT_FIELDS = ("finished_at", "duration_ms", "outcome", "status_code", "headers", "body", "error", "meaning")
_END_ATTEMPT = (
    update(attempts)
    .where(attempts.c.delivery == bindparam("of_delivery"), attempts.c.number == bindparam("of_number"))
    .values({name: bindparam(name) for name in _ATTEMPT_FIELDS})
)


def _lanes(each_of: Iterable[Job | AnyRow]) -> Mapping[LaneName, int]:
    """How many of these there are of each lane."""
    return Counter((each.account, each.rate_class) for each in each_of)


def _lease(connection: Connection, worker: str, jobs: Sequence[Job], now: int, lease_s: float) -> None:
    """The jobs are the worker's, and their attempts are on record before any request leaves."""
    lease = {"worker": worker, "until": now + ms_of(lease_s), "now": now}
    values = [{"of_id": job.id, "fence": job.fence, "number": job.number, **lease} for job in jobs]
    _hot.many(connection, _LEASE, values)
    _hot.many(connection, _BEGIN_ATTEMPT, values)


def _give_back(connection: Connection, claims: Sequence[tuple[str, int]], now: int) -> None:
    for id, fence in sorted(claims):
        row = connection.execute(
            select(_d.attempts_made).where(_d.id == id, _d.fence == fence, SENDING).with_for_update()
        ).one_or_none()
        if row is None:
            continue
        number = row.attempts_made
        connection.execute(attempts.delete().where(attempts.c.delivery == id, attempts.c.number == number))
        connection.execute(
            update(deliveries)
            .where(_d.id == id)
            .values(
                status=Status.QUEUED if number == 1 else Status.RETRYING,
                attempts_made=number - 1,
                fence=fence + 1,
                lease_owner=None,
                lease_until=None,
                due_at=now,
                updated_at=now,
            )
        )


def _end_lost(connection: Connection, row: AnyRow, ending: Ending, now: int) -> None:
    """Close an attempt whose worker is gone. The fence rises only where somebody else will send."""
    again = ending.due_in_s is not None
    open_attempt = and_(
        attempts.c.delivery == row.id, attempts.c.number == row.attempts_made, attempts.c.finished_at.is_(None)
    )
    connection.execute(
        update(attempts).where(open_attempt).values(finished_at=now, outcome=ending.outcome, meaning=ending.reason)
    )
    connection.execute(
        update(deliveries)
        .where(_d.id == row.id)
        .values(
            status=ending.status,
            reason=ending.reason,
            due_at=_due_at(ending, now),
            finished_at=None if ending.status.is_open else now,
            fence=row.fence + 1 if again else row.fence,
            lease_owner=None,
            lease_until=None,
            updated_at=now,
        )
    )


def _people(row: AnyRow) -> list[str]:
    """Whom a delivery is for, by all names that it knows of them. Many texts in one call name their people themselves."""
    named = [each for each in (row.recipient, row.email) if each is not None]
    if named or row.payload[:1] != b"[":
        return named
    return [str(who) for text in orjson.loads(row.payload) if (who := text.get("to") or text.get("subscriberExternalId"))]


def _to_job(row: AnyRow, known: Sequence[Suppression], *, limited: bool) -> Job:
    return Job(
        id=row.id,
        account=row.account,
        action=row.action,
        template=row.template,
        version=row.version,
        recipient=row.recipient,
        payload=row.payload,
        guarantee=Guarantee(row.guarantee),
        rate_class=row.rate_class,
        created_at=from_ms(row.created_at),
        expires_at=from_ms_or_none(row.expires_at),
        number=row.attempts_made + 1,
        fence=row.fence + 1,
        plan=row.plan,
        limited=limited,
        suppressions=tuple(known),
    )


def _verdict_values(job: Job, verdict: Hold | Stop, now: int) -> dict[str, Any]:
    holds = isinstance(verdict, Hold)
    return {
        "of_id": job.id,
        "status": Status.HELD.value if isinstance(verdict, Hold) else verdict.status.value,
        "reason": keepable(verdict.reason),
        "decision": orjson.dumps({"rule": verdict.rule, "value": verdict.value}).decode(),
        "due_at": to_ms(verdict.until) if isinstance(verdict, Hold) else None,
        "finished_at": None if holds else now,
        "updated_at": now,
    }


def _due_at(ending: Ending, now: int) -> int | None:
    return None if ending.due_in_s is None else now + ms_of(ending.due_in_s)


def _delivery_values(done: Done, now: int) -> dict[str, Any]:
    ending = done.ending
    return {
        "of_id": done.job.id,
        "of_fence": done.job.fence,
        "status": ending.status.value,
        "reason": keepable(ending.reason),
        "due_at": _due_at(ending, now),
        "finished_at": None if ending.status.is_open else now,
        "updated_at": now,
    }


def _attempt_values(done: Done, now: int) -> dict[str, Any]:
    return {
        "of_delivery": done.job.id,
        "of_number": done.job.number,
        "finished_at": now,
        "duration_ms": done.duration_ms,
        "outcome": done.ending.outcome,
        "status_code": done.status_code,
        "headers": orjson.dumps(dict(done.headers)).decode() if done.headers else None,
        "body": keepable(done.body),
        "error": keepable(done.error),
        "meaning": keepable(done.meaning),
    }
