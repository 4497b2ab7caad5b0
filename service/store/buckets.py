"""Buckets: how many calls an account may make now, for each rate class.

A call holds a permit from its claim until one window after its outcome was kept. It reaches the vendor somewhere between the
two, so no window there ever holds more calls than there are permits: however many workers there are, and however late a
machine or a network is. The row is locked while permits are taken.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, bindparam, or_, select, update

from service.store import _hot
from service.store._database import AnyRow
from service.store._tables import SENDING, WAITING, buckets, circuits, deliveries

LaneName = tuple[str, str]  # account and rate class
Spent = list[list[int]]  # [moment in ms, calls whose outcome was kept then], oldest first

_MARGIN = 1.01  # the vendor's clock may run a little faster than ours
_CLOCKS_DIFFER_MS = (
    1000  # between transactions that overlap it is far less; what lies further ahead was before the clock was set back
)


@dataclass(frozen=True, slots=True)
class Limit:
    """What a worker keeps to: `rate` calls a second (None: no limit).

    >>> Limit(150).most, Limit(150).window_ms
    (150, 1010)
    >>> Limit(0.5).most, Limit(0.5).window_ms
    (1, 2020)
    """

    rate: float | None

    @property
    def most(self) -> int:
        """Permits that there are: calls in one window."""
        assert self.rate is not None
        return max(1, int(self.rate))

    @property
    def window_ms(self) -> int:
        assert self.rate is not None
        return math.ceil(self.most / self.rate * 1000 * _MARGIN)


@dataclass(frozen=True, slots=True)
class Lane:
    """One (account, rate class) with something due, and what stands in its way."""

    account: str
    rate_class: str
    spent: Spent
    blocked_until: int
    open_until: int | None  # of the account's circuit
    served_at: int

    @property
    def name(self) -> LaneName:
        return self.account, self.rate_class

    def permits(self, limit: Limit, sending: int, now: int) -> int:
        """Permits that nobody holds, when `sending` calls are under way."""
        return max(0, limit.most - sending - sum(calls for _, calls in still_held(self.spent, limit, now)))

    def next_permit_ms(self, limit: Limit, now: int) -> int:
        """When the next permit may come back: that of the oldest outcome, or of a call that ends at this moment."""
        held = still_held(self.spent, limit, now)
        return (held[0][0] if held else now) + limit.window_ms - now


def still_held(spent: Spent, limit: Limit, now: int) -> Spent:
    """The permits that have not come back yet.

    >>> still_held([[1000, 3], [2000, 1]], Limit(5), now=2500)
    [[2000, 1]]
    """
    return [each for each in spent if now - limit.window_ms < each[0] <= now + _CLOCKS_DIFFER_MS]


_IS_DUE = (
    select(deliveries.c.id)
    .where(
        deliveries.c.account == buckets.c.account,
        deliveries.c.rate_class == buckets.c.rate_class,
        WAITING,
        deliveries.c.due_at <= bindparam("now"),
    )
    .correlate(buckets)
    .exists()
)
_DUE = select(buckets.c.account).where(_IS_DUE).limit(1)
_LOCKED = (
    select(buckets, circuits.c.open_until)
    .select_from(buckets.outerjoin(circuits, circuits.c.account == buckets.c.account))
    .where(_IS_DUE)
    .order_by(buckets.c.served_at, buckets.c.account, buckets.c.rate_class)
    .with_for_update(of=buckets, skip_locked=True)
)
# Counted here and not by the database: to group, SQLite would walk the whole log in the order of an index.
_UNDER_WAY = select(deliveries.c.account, deliveries.c.rate_class).where(SENDING)
_OF_LANE = (buckets.c.account == bindparam("of_account"), buckets.c.rate_class == bindparam("of_class"))
_SERVED = update(buckets).where(*_OF_LANE).values(rate=bindparam("rate"), served_at=bindparam("served_at"))
_SPENT = select(buckets.c.spent, buckets.c.rate).where(*_OF_LANE).with_for_update()
_SPEND = update(buckets).where(*_OF_LANE).values(spent=bindparam("spent"))
_BLOCK = (
    update(buckets)
    .where(
        *_OF_LANE,
        or_(buckets.c.blocked_until.is_(None), buckets.c.blocked_until < bindparam("until")),
    )
    .values(blocked_until=bindparam("until"))
)


def anything_due(connection: Connection, now: int) -> bool:
    """Whether any lane has something due. Reads only, so that an idle worker disturbs nobody."""
    return connection.execute(_DUE, {"now": now}).first() is not None


def lock_lanes(connection: Connection, now: int) -> list[Lane]:
    """The lanes with something due, the longest unserved first, locked until the transaction ends. Those that another
    worker has locked at this moment are left out."""
    return [_to_lane(row) for row in _hot.rows(connection, _LOCKED, {"now": now})]


def under_way(connection: Connection) -> Mapping[LaneName, int]:
    """How many calls of each lane are under way, or may be. Exact for the lanes that the caller has locked."""
    return Counter(map(tuple, _hot.rows(connection, _UNDER_WAY, {})))


def served(connection: Connection, lane: Lane, limit: Limit, turn: int) -> None:
    """Keep that the lane had its turn, and under which limit."""
    values = {"of_account": lane.account, "of_class": lane.rate_class, "rate": limit.rate, "served_at": turn}
    _hot.rows(connection, _SERVED, values)


def spend(connection: Connection, calls: Mapping[LaneName, int], now: int) -> None:
    """Keep that calls of these lanes have ended now: their permits come back one window later."""
    for (account, rate_class), ended in sorted(calls.items()):
        lane = {"of_account": account, "of_class": rate_class}
        for row in _hot.rows(connection, _SPENT, lane):
            if row.rate is None:
                continue
            spent = [*still_held(_spent(row), Limit(row.rate), now), [now, ended]]
            _hot.rows(connection, _SPEND, {**lane, "spent": orjson.dumps(spent).decode()})


def block(connection: Connection, blocks: Sequence[tuple[str, str, int]]) -> None:
    """Send nothing for (account, rate class) until a moment; a later one that is kept already stays."""
    connection.execute(_BLOCK, [{"of_account": a, "of_class": c, "until": until} for a, c, until in sorted(blocks)])


def _to_lane(row: AnyRow) -> Lane:
    return Lane(
        account=row.account,
        rate_class=row.rate_class,
        spent=_spent(row),
        blocked_until=row.blocked_until or 0,
        open_until=row.open_until,
        served_at=row.served_at,
    )


def _spent(row: AnyRow) -> Spent:
    return orjson.loads(row.spent) if row.spent else []
