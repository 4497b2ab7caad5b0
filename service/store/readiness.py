"""Whether deliveries can be kept right now: the database takes a write and has the tables of this version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from service.errors import Unavailable
from service.store import _migrate

if TYPE_CHECKING:
    from service.store import Store

_WRITE = text("UPDATE alembic_version SET version_num = version_num")
_REVISION = text("SELECT version_num FROM alembic_version")


def check(store: Store) -> None:
    """Writes one row that changes nothing, to the disk. Raises `Unavailable`, also where a migration is missing."""
    with store.database.write() as connection:
        connection.execute(_WRITE)
        revision = connection.execute(_REVISION).scalar_one_or_none()
    if revision != _migrate.newest():
        raise Unavailable(
            f"The database has revision {revision}, and this version needs {_migrate.newest()}.",
            hint="Start any burgee process of this version: it brings the database up.",
        )
