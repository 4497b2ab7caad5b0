"""Brings the database to the tables of this version, once, however many processes start at the same moment."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from service.errors import Misconfigured
from service.store._database import Database

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x62757267  # of PostgreSQL's advisory locks: "burg"


def newest() -> str:
    """The revision that this version of the service needs; files are named `0001_what_it_does.py`."""
    return max(path.name for path in (_FOLDER / "versions").glob("[0-9]*.py")).split("_")[0]


def migrate(database: Database) -> None:
    """Apply what is missing. Raises `Unavailable`, and `Misconfigured` where the database is of a later version."""
    with database.read() as connection:
        if _current(connection) == newest():
            return
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        current = _current(connection)
        if current == newest():
            return
        if current is not None and current > newest():
            raise Misconfigured(
                f"The database was made by a later version of Burgee (revision {current}; this one knows {newest()}).",
                hint="Install that version again, or use another database.",
            )
        _upgrade(connection)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found


def _upgrade(connection: Connection) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)

    def steps(revision: str, _: object) -> object:
        return scripts._upgrade_revs("head", revision)

    with EnvironmentContext(config, scripts, fn=steps) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
