"""Snippets: pieces of template source that templates include and import."""

from __future__ import annotations

from sqlalchemy import delete, select

from service.store._database import Database
from service.store._tables import snippets


class Snippets:
    """Name to source. A version holds copies of the snippets it uses, so a change here reaches only later versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, str]:
        with self._database.read() as connection:
            query = select(snippets.c.name, snippets.c.source).order_by(snippets.c.name)
            return {row.name: row.source for row in connection.execute(query)}

    def put(self, name: str, source: str) -> None:
        """Keep the snippet under this name, in place of the one that is there."""
        with self._database.write() as connection:
            connection.execute(delete(snippets).where(snippets.c.name == name))
            now = self._database.now(connection)
            connection.execute(snippets.insert().values(name=name, source=source, updated_at=now))
