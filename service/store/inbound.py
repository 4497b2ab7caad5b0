"""Inbound events: what vendors told us, what it meant and what it changed. Kept once, however often it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import BigInteger, Column, Connection, Index, Table, Text, select

from service.model import InboundEvent, SubscriptionType, new_id
from service.store._database import AnyRow, Database
from service.store._tables import metadata
from service.store._texts import keepable
from service.store._times import from_ms, from_ms_or_none, to_ms
from service.store.suppressions import Change, OptIn, OptOut

LONGEST_BODY = 16_384  # characters that are kept of what came in

inbound_events = Table(
    "inbound_events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),  # when it came in
    Column("happened_at", BigInteger),  # when it happened, as the vendor says
    Column("destination", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("kind", Text, nullable=False),  # in the vendor's words, such as sms.unsubscribed
    Column("who", Text),
    Column("fingerprint", Text),  # the same for the same event told again; null where nothing tells them apart
    Column("body", Text, nullable=False),  # without secrets
    Column("said", Text, nullable=False),  # what it means, in a sentence
    Column("changes", Text, nullable=False),  # JSON list: the opt-outs and opt-ins that it tells of
    Column("effect", Text, nullable=False),  # what became of it here, in a sentence
    Column("delivery", Text),  # the one that it is about
)
_e = inbound_events.c
Index("inbound_once", _e.account, _e.fingerprint, unique=True)
Index("inbound_by_who", _e.who, _e.id)
Index("inbound_by_delivery", _e.delivery)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event as it came in."""

    destination: str
    account: str
    kind: str
    who: str | None
    happened_at: datetime | None
    fingerprint: str | None
    body: str
    said: str
    changes: Sequence[Change] = ()


class Inbound:
    """What vendors told us, newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, *, who: str | None = None, delivery: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[InboundEvent], str | None]:
        """A page of events, and where the next one starts (None: this is the last)."""
        query = select(inbound_events).order_by(_e.id.desc()).limit(limit + 1)
        for column, value in ((_e.who, who), (_e.delivery, delivery)):
            if value is not None:
                query = query.where(column == value)
        if cursor is not None:
            query = query.where(_e.id < cursor)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        found = [_to_event(row) for row in rows[:limit]]
        return found, found[-1].id if len(rows) > limit else None

    def told_of(self, delivery: str) -> bool:
        """Whether a vendor has told us that what this delivery carries was sent."""
        with self._database.read() as connection:
            return connection.execute(select(_e.id).where(_e.delivery == delivery).limit(1)).one_or_none() is not None


def keep(connection: Connection, database: Database, new: NewEvent) -> str | None:
    """Keep an event within the caller's transaction: its id, or None where it was told before."""
    id = new_id("inb")
    row = {
        "id": id,
        "at": database.now(connection),
        "happened_at": None if new.happened_at is None else to_ms(new.happened_at),
        "destination": new.destination,
        "account": new.account,
        "kind": keepable(new.kind[:100]),
        "who": keepable(new.who),
        "fingerprint": new.fingerprint,
        "body": keepable(new.body[:LONGEST_BODY]),
        "said": keepable(new.said),
        "changes": orjson.dumps([_as_json(each) for each in new.changes]).decode(),
        "effect": "",
        "delivery": None,
    }
    return id if database.insert(connection, "inbound_events", tuple(row), 1, tuple(row.values())) else None


def conclude(connection: Connection, id: str, effect: str, delivery: str | None = None) -> None:
    """Say what became of an event that was just kept."""
    values = {"effect": keepable(effect), "delivery": delivery}
    connection.execute(inbound_events.update().where(_e.id == id).values(**values))


def is_taken(connection: Connection, delivery: str) -> bool:
    """Whether another event is about this delivery."""
    return connection.execute(select(_e.id).where(_e.delivery == delivery).limit(1)).one_or_none() is not None


def changed_their_mind(connection: Connection, account: str, who: str | None, change: OptOut) -> bool:
    """Whether an opt-in that happened later was told of before: events come in any order."""
    wanted = {change.type.value, SubscriptionType.ALL.value}
    later = select(_e.changes).where(
        _e.who == who, _e.account == account, _e.happened_at > to_ms(change.at), _e.changes.like('%"in"%')
    )
    told = (each for changes in connection.execute(later).scalars() for each in orjson.loads(changes))
    return any(each["opt"] == "in" and each["who"] == change.who and each["type"] in wanted for each in told)


def _as_json(change: Change) -> dict[str, Any]:
    return {"opt": "in" if isinstance(change, OptIn) else "out", "who": change.who, "type": change.type.value}


def _to_event(row: AnyRow) -> InboundEvent:
    return InboundEvent(
        id=row.id,
        at=from_ms(row.at),
        happened_at=from_ms_or_none(row.happened_at),
        destination=row.destination,
        account=row.account,
        kind=row.kind,
        who=row.who,
        body=row.body,
        said=row.said,
        effect=row.effect,
        delivery=row.delivery,
    )
