"""The tables are made once, whoever comes first, and are what the code believes them to be."""

import subprocess
import sys
import threading

import pytest
from sqlalchemy import inspect

from service.errors import Misconfigured
from service.store import _migrate
from service.store._tables import metadata


def test_the_migrations_lead_to_the_tables_of_the_code(store):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_partial_indexes_have_the_conditions_of_the_code(store):
    """What `compare_metadata` does not look at."""
    expected = {
        index.name: str(index.dialect_options["sqlite"]["where"])
        for index in metadata.tables["deliveries"].indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    with store.database.read() as connection:
        found = {index["name"]: index["dialect_options"] for index in inspect(connection).get_indexes("deliveries")}
    with_condition = {name for name, options in found.items() if options.get(f"{_dialect(store)}_where") is not None}
    assert with_condition == set(expected)


def test_postgresql_leaves_room_in_its_pages_for_changes_of_status(store):
    if store.database.is_sqlite:
        pytest.skip("only PostgreSQL keeps old versions of rows")
    with store.database.read() as connection:
        query = "SELECT reloptions FROM pg_class WHERE relname = 'deliveries'"
        assert "fillfactor=75" in connection.exec_driver_sql(query).scalar_one()


def test_migrating_again_changes_nothing(store):
    store.migrate()
    store.migrate()


def test_many_threads_may_migrate_at_once(make_store):
    errors = []

    def migrate():
        try:
            make_store().migrate()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert make_store().deliveries.counts().waiting == 0


def test_many_processes_may_migrate_at_once(database_url, tmp_path):
    words = (
        "import sys; from pathlib import Path; from service.settings import Settings; from service.store import Store;"
        "Store(Settings(database_url=sys.argv[1], var=Path(sys.argv[2]))).migrate()"
    )
    processes = [subprocess.Popen([sys.executable, "-c", words, database_url, str(tmp_path)]) for _ in range(4)]
    assert [process.wait() for process in processes] == [0, 0, 0, 0]


def test_a_database_of_a_later_version_is_left_alone(store):
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Misconfigured) as caught:
        store.migrate()
    assert "later version" in caught.value.detail


def test_a_current_database_is_recognised_without_alembic(store):
    words = "import sys; from service.store import _migrate; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", words], check=False).returncode == 0
    with store.database.read() as connection:
        assert _migrate._current(connection) == _migrate.newest()


def _dialect(store):
    return "sqlite" if store.database.is_sqlite else "postgresql"
