"""Buckets: how many calls an account may make now, for each rate class. The row is locked while tokens are taken, so the
limit holds however many workers there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, or_, select, update

from service.store._database import AnyRow
from service.store._tables import WAITING, buckets, circuits, deliveries

_MARGIN = 0.87  # of the vendor's limit: 130 a second where 150 are allowed
_CLOCKS_DIFFER_MS = 1000  # between transactions that overlap it is far less
_BURST = 0.05  # of it at once: with the margin, no window of one second holds more than the limit, jitter included


@dataclass(frozen=True, slots=True)
class Limit:
    """What a worker keeps to: `rate` calls a second (None: no limit) and at most `burst` at once."""

    rate: float | None
    burst: float = 1

    @classmethod
    def below(cls, per_second: float | None) -> Limit:
        """A limit with a margin below the vendor's own, so that the receiver never sees more in any one second.

        >>> Limit.below(150), Limit.below(1)
        (Limit(rate=130.5, burst=7), Limit(rate=0.87, burst=1))
        """
        if per_second is None:
            return cls(None)
        return cls(per_second * _MARGIN, max(1, int(per_second * _BURST)))


@dataclass(frozen=True, slots=True)
class Lane:
    """One (account, rate class) with something due, and what stands in its way."""

    account: str
    rate_class: str
    tokens: float | None
    refilled_at: int | None
    blocked_until: int
    open_until: int | None  # of the account's circuit
    served_at: int

    def tokens_now(self, limit: Limit, now: int) -> float:
        """Tokens at this moment. A bucket that was never used is full; without a limit there is no end of them."""
        if limit.rate is None:
            return float("inf")
        if self.tokens is None or self.refilled_at is None:
            return limit.burst
        return min(limit.burst, self.tokens + max(0, now - self.refilled_at) / 1000 * limit.rate)

    def clock_was_set_back(self, now: int) -> bool:
        """Whether the bucket was refilled in what is the future by now: nothing would flow in until then."""
        return self.refilled_at is not None and self.refilled_at > now + _CLOCKS_DIFFER_MS


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
_TAKE = (
    update(buckets)
    .where(buckets.c.account == bindparam("of_account"), buckets.c.rate_class == bindparam("of_class"))
    .values({name: bindparam(name) for name in ("tokens", "refilled_at", "rate", "burst", "served_at")})
)
_BLOCK = (
    update(buckets)
    .where(
        buckets.c.account == bindparam("of_account"),
        buckets.c.rate_class == bindparam("of_class"),
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
    return [_to_lane(row) for row in connection.execute(_LOCKED, {"now": now})]


def take(connection: Connection, lane: Lane, limit: Limit, tokens: float, now: int, turn: int) -> None:
    """Keep what is left in the bucket, and that the lane had its turn."""
    limited = limit.rate is not None
    values = {
        "of_account": lane.account,
        "of_class": lane.rate_class,
        "tokens": tokens if limited else None,
        "refilled_at": now,
        "rate": limit.rate,
        "burst": limit.burst if limited else None,
        "served_at": turn,
    }
    connection.execute(_TAKE, values)


def block(connection: Connection, blocks: Sequence[tuple[str, str, int]]) -> None:
    """Send nothing for (account, rate class) until a moment; a later one that is kept already stays."""
    connection.execute(_BLOCK, [{"of_account": a, "of_class": c, "until": until} for a, c, until in sorted(blocks)])


def _to_lane(row: AnyRow) -> Lane:
    return Lane(
        account=row.account,
        rate_class=row.rate_class,
        tokens=row.tokens,
        refilled_at=row.refilled_at,
        blocked_until=row.blocked_until or 0,
        open_until=row.open_until,
        served_at=row.served_at,
    )
