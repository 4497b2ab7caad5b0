"""The connection to SQLite or PostgreSQL: transactions, the database's clock, and plain words when it is gone."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import URL, Connection, Engine, Row, create_engine, event, exc, make_url, text

from service.errors import Misconfigured, NotReadable, Unavailable
from service.settings import Settings

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

CHANNEL = "burgee"  # of PostgreSQL's NOTIFY: something new is waiting

_BUSY_TIMEOUT_S = 30
_REMOVED = "the database file was removed or replaced"
_POSTGRES_NOW = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', '')")


class Database:
    """Connects on first use, and anew in a process that was forked off."""

    def __init__(self, settings: Settings) -> None:
        self.url = _with_driver(make_url(settings.database_url))
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._synchronous = settings.sqlite_synchronous
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._pid = 0
        self._writing = threading.Lock()
        self._had_file = False

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return Path(self.url.database or "burgee.sqlite3")

    @property
    def engine(self) -> Engine:
        if self._engine is None or self._pid != os.getpid():
            self._connect()
        assert self._engine is not None
        return self._engine

    def _connect(self) -> None:
        if self._pid != os.getpid():
            # After a fork: the parent's connections and locks are not ours to use or to close.
            if self._engine is not None:
                self._engine.dispose(close=False)
                self._engine = None
            self._lock = threading.Lock()
            self._writing = threading.Lock()
            self._pid = os.getpid()
        with self._lock:
            if self._engine is None:
                self._engine = self._sqlite_engine() if self.is_sqlite else _postgres_engine(self.url, self._driver)

    def _sqlite_engine(self) -> Engine:
        engine = create_engine(
            self.url,
            connect_args={"timeout": _BUSY_TIMEOUT_S, "cached_statements": 512, "isolation_level": None},
            pool_size=8,
            max_overflow=-1,
        )
        event.listen(engine, "do_connect", lambda *_: self._make_file())
        event.listen(engine, "connect", self._set_up_sqlite)
        event.listen(engine, "checkout", lambda _, record, __: self._leave_other_file(record))
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _make_file(self) -> None:
        """The file, readable by its owner only: it holds what people were written. One that this process has used is not
        made anew: an empty one would take the place, and the write-ahead log, of what may come back."""
        if not self.path.exists():
            if self._had_file:
                raise OSError(_REMOVED)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))

    def _set_up_sqlite(self, connection: sqlite3.Connection, record: Any) -> None:
        record.info["file"] = _identity(self.path)
        self._had_file = True
        _use_wal(connection)
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the database. Raises `Unavailable`."""
        with self.plain_words(), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")  # else each statement sees another moment
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, durable when the block has ended. Raises `Unavailable`: then nothing is known to be kept.

        On SQLite it takes the write lock at once (`BEGIN IMMEDIATE`), and threads of this process queue for it here,
        because SQLite itself would have them sleep and try again.
        """
        engine = self.engine
        with self.plain_words():
            if not self.is_sqlite:
                with engine.begin() as connection:
                    yield connection
                return
            with self._writing, engine.connect() as connection:
                connection.execution_options(writes=True)
                with connection.begin():
                    yield connection
                if connection.info["file"] != _identity(self.path):
                    raise OSError(_REMOVED)  # the system wrote what nobody will ever find

    def _leave_other_file(self, record: Any) -> None:
        """Has the pool connect anew where the file of a kept connection was removed or replaced."""
        if record.info["file"] != _identity(self.path):
            raise exc.DisconnectionError

    def now(self, connection: Connection) -> int:
        """Milliseconds since 1970 by the clock that all processes share: PostgreSQL's, or with SQLite this machine's."""
        if self.is_sqlite:
            return time.time_ns() // 1_000_000
        return int(connection.execute(_POSTGRES_NOW).scalar_one())

    def insert(self, connection: Connection, table: str, columns: Sequence[str], rows: int, values: Sequence[Any]) -> int:
        """Insert `rows` rows, given as one flat list of values, and leave out those that break a unique index. Answers how
        many were new.

        This is the accept path, where every microsecond is a call less in a second. So it asks the driver itself (SQLAlchemy
        would add some 25 microseconds a statement), and all rows go in one statement: SQLite then gives up the interpreter's
        lock once and not once a row, and a busy web process would wait each time to get it back.
        """
        cursor = connection.connection.cursor()
        try:
            cursor.execute(_insert_statement(table, tuple(columns), rows, "?" if self.is_sqlite else "%s"), values)
            return int(cursor.rowcount)
        finally:
            cursor.close()

    def notify(self, connection: Connection) -> None:
        """Wake the workers when this transaction commits. SQLite needs no word: they watch the file."""
        if not self.is_sqlite:
            connection.execute(_NOTIFY)

    @contextmanager
    def plain_words(self) -> Iterator[None]:
        """Turns what SQLAlchemy or the driver says when the database cannot be used into `Unavailable`, and when it cannot
        keep a value into `NotReadable`."""
        try:
            yield
        except exc.IntegrityError:
            raise
        except (exc.DataError, self._driver.DataError, UnicodeEncodeError, OverflowError) as error:
            raise NotReadable(f"The database cannot keep one of the values: {_said(error)}.") from error
        except (exc.DBAPIError, exc.TimeoutError, OSError, self._driver.Error) as error:
            raise Unavailable("The database cannot be used now.", hint=_hint(str(error)), inside=_said(error)) from error

    @cached_property
    def _driver(self) -> Any:
        """The driver's module. Raises `Misconfigured` where it is not installed: PostgreSQL's is an extra."""
        try:
            return self.url.get_dialect().import_dbapi()
        except ImportError as error:
            detail = "BURGEE_DATABASE_URL names a PostgreSQL database, and its driver is not installed."
            raise Misconfigured(detail, hint="Run pip install 'burgee[postgres]'.") from error

    def close(self) -> None:
        if self._engine is not None and self._pid == os.getpid():
            self._engine.dispose()
        self._engine = None


def _with_driver(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _postgres_engine(url: URL, driver: Any) -> Engine:
    return create_engine(
        url, module=driver, pool_size=5, max_overflow=30, pool_timeout=10, connect_args={"connect_timeout": 5}
    )


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one that is put in its place; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _use_wal(connection: sqlite3.Connection) -> None:
    """Write-ahead logging, which lasts in the file. SQLite does not wait when two processes switch at once, so we do."""
    deadline = time.monotonic() + _BUSY_TIMEOUT_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = wal")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    driver: Any = connection.connection.dbapi_connection
    driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")


@cache
def _insert_statement(table: str, columns: tuple[str, ...], rows: int, mark: str) -> str:
    """
    >>> _insert_statement("t", ("a", "b"), 2, "?")
    'INSERT INTO t ("a", "b") VALUES (?, ?), (?, ?) ON CONFLICT DO NOTHING'
    """
    names = ", ".join(f'"{name}"' for name in columns)
    one = f"({', '.join([mark] * len(columns))})"
    return f"INSERT INTO {table} ({names}) VALUES {', '.join([one] * rows)} ON CONFLICT DO NOTHING"  # noqa: S608


def _said(error: Exception) -> str:
    """The driver's first line. Never the statement or its values: they hold personal data."""
    words = str(getattr(error, "orig", None) or error).strip()
    return words.splitlines()[0].rstrip(".")[:200] if words else type(error).__name__


_CHECK_THE_FOLDER = "Check that the folder exists and is writable (BURGEE_VAR, BURGEE_DATABASE_URL)."
_HINTS: tuple[tuple[str, str], ...] = (
    ("no such table", "Run any burgee command that writes, or burgee doctor, to prepare the database."),
    ("does not exist", "Check BURGEE_DATABASE_URL, and that the database has been prepared."),
    ("full", "Free some disk space; nothing that was accepted is lost."),
    ("readonly", "Make the database file and its folder writable."),
    ("removed or replaced", "Put the database file back where BURGEE_DATABASE_URL says, or restart Burgee."),
    ("unable to open", _CHECK_THE_FOLDER),
    ("No such file", _CHECK_THE_FOLDER),
    ("Permission denied", _CHECK_THE_FOLDER),
    ("not a database", "BURGEE_DATABASE_URL names a file that is something else. Name another one."),
    ("locked", "Another process held the database for too long. Try again."),
)


def _hint(words: str) -> str:
    return next((hint for sign, hint in _HINTS if sign in words), "Try again shortly, with the same idempotency key.")
