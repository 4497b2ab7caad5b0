"""The audit log: who did what, to what, and when. Lines are added and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from service.model import new_id
from service.store._database import AnyRow, Database
from service.store._people import audit
from service.store._times import from_ms

_LONGEST = 500  # characters of a detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. `what` is a dotted word such as `key.create`; `detail` is for people and holds no secret."""

    id: str
    at: datetime
    who: str
    what: str
    target: str
    detail: str


class Audit:
    """What was done, newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, who: str, what: str, target: str, detail: str = "") -> None:
        """Keep a line."""
        with self._database.write() as connection:
            write(connection, self._database, who, what, target, detail)

    def page(self, *, who: str | None = None, limit: int = 50, cursor: str | None = None) -> tuple[list[Entry], str | None]:
        """A page of lines, and where the next one starts (None: this is the last)."""
        query = select(audit).order_by(audit.c.id.desc()).limit(limit + 1)
        if who is not None:
            query = query.where(audit.c.who == who)
        if cursor is not None:
            query = query.where(audit.c.id < cursor)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        entries = [_to_entry(row) for row in rows[:limit]]
        return entries, entries[-1].id if len(rows) > limit else None


def write(connection: Connection, database: Database, who: str, what: str, target: str, detail: str = "") -> None:
    """Keep a line in a transaction that does the thing itself."""
    line = {"id": new_id("aud"), "at": database.now(connection), "who": who, "what": what}
    connection.execute(audit.insert().values(**line, target=target, detail=detail[:_LONGEST]))


def _to_entry(row: AnyRow) -> Entry:
    return Entry(id=row.id, at=from_ms(row.at), who=row.who, what=row.what, target=row.target, detail=row.detail)
