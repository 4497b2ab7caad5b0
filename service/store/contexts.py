"""The contexts of a template's last real calls: what an author's changes are tried on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from service.store._database import Database
from service.store._tables import contexts, deliveries
from service.store._times import from_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class RealContext:
    """What one hook brought."""

    delivery: str
    at: datetime
    context: dict[str, Any]


class Contexts:
    """Kept with their deliveries, and gone with them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self, template: str, limit: int) -> list[RealContext]:
        """Of the last `limit` calls of a template, the newest first. Left out are tests, replays, later steps of plans, and
        bodies that could not be read."""
        newest = (
            select(deliveries.c.id)
            .where(deliveries.c.template == template)
            .where(deliveries.c.target == template)
            .where(deliveries.c.replay_of.is_(None))
            .where((deliveries.c.plan.is_(None)) | (deliveries.c.plan == deliveries.c.id))
            .order_by(deliveries.c.id.desc())
            .limit(limit)
            .subquery()
        )
        query = (
            select(deliveries.c.id, deliveries.c.created_at, contexts.c.context)
            .join(newest, newest.c.id == deliveries.c.id)
            .join(contexts, contexts.c.delivery == deliveries.c.id)
            .order_by(deliveries.c.id.desc())
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        read = ((row, _read(row.context)) for row in rows)
        return [
            RealContext(delivery=row.id, at=from_ms(row.created_at), context=context)
            for row, context in read
            if isinstance(context, dict)
        ]


def _read(context: bytes) -> Any:
    return json.loads(context)  # not by orjson, which makes floats of integers over 64 bits
