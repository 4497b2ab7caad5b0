"""When the database cannot keep what was sent, it says so in plain words, keeps nothing, and works again afterwards."""

import os
import sqlite3
import sys
import threading
from pathlib import Path

import pytest

from service.errors import Misconfigured, Unavailable
from service.model import Status
from service.settings import Settings
from service.store import Store, _database


@pytest.fixture
def sqlite_store(sqlite_url, tmp_path):
    made = Store(Settings(database_url=sqlite_url, var=tmp_path / "var"))
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def postgres_store(postgres_url, tmp_path):
    made = Store(Settings(database_url=postgres_url, var=tmp_path / "var"))
    made.migrate()
    yield made
    made.close()


def test_making_a_store_opens_nothing(tmp_path):
    Store(Settings(var=tmp_path / "var"))
    Store(Settings(database_url="postgresql://nobody@127.0.0.1:9/none"))
    assert list(tmp_path.iterdir()) == []


def test_what_is_read_is_one_view_however_others_write_meanwhile(store, new_delivery):
    count = "SELECT count(*) FROM deliveries"
    with store.database.read() as connection:
        assert connection.exec_driver_sql(count).scalar_one() == 0
        store.deliveries.insert_many([new_delivery()])
        assert connection.exec_driver_sql(count).scalar_one() == 0
    with store.database.read() as connection:
        assert connection.exec_driver_sql(count).scalar_one() == 1


def test_a_full_disk_keeps_nothing_and_says_so(sqlite_store, new_delivery):
    with sqlite_store.database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(Unavailable) as caught:
        sqlite_store.deliveries.insert_many([new_delivery(payload=b"x" * 2000) for _ in range(64)])
    assert "full" in caught.value.inside
    assert "disk space" in caught.value.hint
    with sqlite_store.database.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert sqlite_store.deliveries.counts().waiting == 0
    assert sqlite_store.deliveries.insert_many([new_delivery()])[0].created


def test_a_file_that_another_process_holds_is_waited_for_and_then_reported(sqlite_url, tmp_path, new_delivery, monkeypatch):
    monkeypatch.setattr(_database, "_BUSY_TIMEOUT_S", 0.1)
    store = Store(Settings(database_url=sqlite_url, var=tmp_path))
    store.migrate()
    other = sqlite3.connect(tmp_path / "burgee.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as caught:
        store.deliveries.insert_many([new_delivery()])
    assert "locked" in caught.value.inside
    other.execute("ROLLBACK")
    other.close()
    assert store.deliveries.insert_many([new_delivery()])[0].created
    store.close()


def test_nothing_counts_as_kept_in_a_file_that_was_removed_and_all_is_well_when_it_is_back(sqlite_store, new_delivery):
    path = sqlite_store.database.path
    away = path.with_name("away.sqlite3")
    [before] = sqlite_store.deliveries.insert_many([new_delivery()])
    with pytest.raises(Unavailable) as caught, sqlite_store.database.write():
        path.rename(away)
    assert "Put the database file back" in caught.value.hint
    with pytest.raises(Unavailable):
        sqlite_store.deliveries.insert_many([new_delivery()])
    assert not path.exists()
    away.replace(path)
    [after] = sqlite_store.deliveries.insert_many([new_delivery()])
    assert {before.id, after.id} == {each.id for each in sqlite_store.deliveries.search().items}


def test_a_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    store = Store(Settings(database_url=f"sqlite:///{tmp_path / 'file' / 'burgee.sqlite3'}", var=tmp_path))
    with pytest.raises(Unavailable):
        store.migrate()


def test_a_file_that_is_no_database_is_reported(tmp_path):
    (tmp_path / "burgee.sqlite3").write_bytes(b"this is no database" * 100)
    store = Store(Settings(var=tmp_path))
    with pytest.raises(Unavailable) as caught:
        store.migrate()
    assert "not a database" in caught.value.inside
    assert "BURGEE_DATABASE_URL" in caught.value.hint


def test_a_database_without_tables_is_reported(make_store, new_delivery):
    with pytest.raises(Unavailable):
        make_store().deliveries.insert_many([new_delivery()])


def test_a_server_that_is_not_there_is_reported_without_its_password(new_delivery):
    store = Store(Settings(database_url="postgresql://ada:opensesame@127.0.0.1:9/none"))
    with pytest.raises(Unavailable) as caught:
        store.deliveries.insert_many([new_delivery()])
    assert "opensesame" not in f"{caught.value.detail} {caught.value.inside} {caught.value.hint} {store.settings!r}"


def test_a_driver_that_is_not_installed_is_named_with_what_to_install(new_delivery, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    store = Store(Settings(database_url="postgresql://burgee:hidden@127.0.0.1:9/burgee"))
    for ask in (store.deliveries.counts, lambda: store.deliveries.insert_many([new_delivery()]), store.migrate):
        with pytest.raises(Misconfigured, match="driver is not installed") as raised:
            ask()
        assert "burgee[postgres]" in (raised.value.hint or "")


def test_lost_connections_are_reported_once_and_replaced(postgres_store, new_delivery):
    postgres_store.deliveries.insert_many([new_delivery()])
    other = Store(postgres_store.settings)
    with other.database.write() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(Unavailable):
        postgres_store.deliveries.insert_many([new_delivery()])
    assert postgres_store.deliveries.insert_many([new_delivery()])[0].created
    assert postgres_store.deliveries.counts().waiting == 2
    other.close()


def test_an_error_never_repeats_what_was_to_be_kept(make_store, new_delivery):
    with pytest.raises(Unavailable) as caught:
        make_store().deliveries.insert_many([new_delivery(recipient="+12025550143")])
    assert "2025550143" not in f"{caught.value.detail} {caught.value.inside} {caught.value.hint}"


def test_the_file_and_its_neighbours_are_for_their_owner_only(sqlite_store, new_delivery):
    sqlite_store.deliveries.insert_many([new_delivery()])
    path = sqlite_store.database.path
    files = [path, Path(f"{path}-wal"), Path(f"{path}-shm")]
    assert [file.stat().st_mode & 0o077 for file in files if file.exists()] == [0, 0, 0]


def test_what_was_kept_survives_a_power_cut_by_default(sqlite_store):
    with sqlite_store.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # full
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 30_000


def test_a_forked_process_connects_anew_and_leaves_the_parents_connections_alone(store, new_delivery):
    store.deliveries.insert_many([new_delivery()])
    child = os.fork()
    if child == 0:
        kept = False
        try:
            kept = store.deliveries.insert_many([new_delivery()])[0].created
            store.close()
        finally:
            os._exit(0 if kept else 1)
    assert os.waitpid(child, 0)[1] == 0
    store.deliveries.insert_many([new_delivery()])
    assert store.deliveries.counts().by_status[Status.QUEUED] == 3


def test_many_threads_write_through_one_store(store, new_delivery):
    def write():
        for _ in range(10):
            store.deliveries.insert_many([new_delivery()])

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.deliveries.counts().waiting == 80


def test_a_closed_store_can_be_used_again(store, new_delivery):
    store.close()
    assert store.deliveries.insert_many([new_delivery()])[0].created
