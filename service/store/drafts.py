"""Drafts: what authors work on before they publish it; one a template, and nobody overwrites another's edit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text, delete, select

from service.errors import Conflict
from service.model import TemplateSource
from service.store._database import AnyRow, Database
from service.store._tables import metadata
from service.store._times import from_ms
from service.store.templates import from_json, to_json

drafts = Table(
    "drafts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),  # grows with every save; what an editor saw when it was opened
    Column("base", Integer),  # number of the version that the draft began from
    Column("source", Text, nullable=False),  # the whole TemplateSource as JSON
    Column("saved_by", Text, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is kept of a template that nobody has published yet. It need not compile."""

    template: TemplateSource
    revision: int
    base: int | None
    saved_by: str
    saved_at: datetime


class Drafts:
    """The draft of each template, by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> Draft | None:
        with self._database.read() as connection:
            row = _row(connection, name)
        return None if row is None else _to_draft(row)

    def save(self, template: TemplateSource, *, expected: int, base: int | None, by: str) -> Draft:
        """Keep the draft in place of the one that its author saw, whose revision is `expected` (0: there was none).

        Raises `Conflict` where it is another one by now, or none any more; then nothing is kept.
        """
        with self._database.write() as connection:
            now = self._database.now(connection)
            # Writing first takes the row, so that of two who save at once one waits and then sees what the other did.
            columns = ("name", "revision", "source", "saved_by", "saved_at")
            self._database.insert(connection, "drafts", columns, 1, (template.name, 0, "", by, now))
            query = select(drafts).where(drafts.c.name == template.name).with_for_update()
            kept = connection.execute(query).one()
            if kept.revision != expected:
                raise Conflict(f"The draft of {template.name} was saved or published by somebody else meanwhile.")
            # Seconds of the clock, so that whoever saw a draft that was published since does not take this one for it.
            revision = max(kept.revision + 1, now // 1000)
            values = {"revision": revision, "base": base, "source": to_json(template).decode()}
            values |= {"saved_by": by, "saved_at": now}
            connection.execute(drafts.update().where(drafts.c.name == template.name).values(**values))
            return _to_draft(connection.execute(select(drafts).where(drafts.c.name == template.name)).one())

    def discard(self, name: str, *, expected: int) -> bool:
        """Forget the draft, if it is still the one with this revision. Answers whether it was."""
        with self._database.write() as connection:
            found = connection.execute(delete(drafts).where(drafts.c.name == name, drafts.c.revision == expected))
            return found.rowcount > 0

    def names(self) -> frozenset[str]:
        """Of the templates that have a draft."""
        with self._database.read() as connection:
            return frozenset(connection.execute(select(drafts.c.name)).scalars())


def _row(connection: Connection, name: str) -> AnyRow | None:
    return connection.execute(select(drafts).where(drafts.c.name == name)).one_or_none()


def _to_draft(row: AnyRow) -> Draft:
    return Draft(
        template=from_json(row.source),
        revision=row.revision,
        base=row.base,
        saved_by=row.saved_by,
        saved_at=from_ms(row.saved_at),
    )
