"""A worker's presence: a lock that only a living process holds, so that a dead one is noticed at once; and the ear with
which it hears of new work."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from service.errors import Unavailable
from service.store._database import CHANNEL, Database

_STEPS_S = (0.005, 0.01, 0.02)  # between two looks at the file, the longer the longer nothing happens
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")


class Presence(ABC):
    """Held from a worker's start to its end. Closing it is what a clean end does; a killed process loses it as well."""

    @abstractmethod
    def hear(self, timeout_s: float) -> bool:
        """Waits until there may be new work: True, or False when the time is over. Raises `Unavailable`."""

    @abstractmethod
    def close(self) -> None: ...


class Workers:
    """Who is there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enter(self, worker: str) -> Presence:
        """Be present under this name. Raises `Unavailable`."""
        with self._database.plain_words():
            return _InFile(self._database, worker) if self._database.is_sqlite else _InSession(self._database, worker)

    def is_gone(self, connection: Connection, worker: str) -> bool:
        """Whether the worker is certainly dead. False where that cannot be known: then its leases run out in time."""
        if self._database.is_sqlite:
            return _is_unlocked(_folder(self._database) / worker)
        return bool(connection.execute(_TRY_LOCK, {"key": _key(worker)}).scalar_one())

    def forget(self, worker: str) -> None:
        """Remove what a dead worker has left lying about, when everything it had is decided."""
        if self._database.is_sqlite:
            (_folder(self._database) / worker).unlink(missing_ok=True)


class _InFile(Presence):
    """SQLite: a locked file beside the database; `PRAGMA data_version` changes when another connection commits."""

    def __init__(self, database: Database, worker: str) -> None:
        folder = _folder(database)
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / worker
        self._descriptor = os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._database = database
        self._connection = sqlite3.connect(database.path, check_same_thread=False, isolation_level=None)
        self._seen = self._version()

    def hear(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        looks = 0
        while (left := deadline - time.monotonic()) > 0:
            with self._database.plain_words():
                version = self._version()
            if version != self._seen:
                self._seen = version
                return True
            time.sleep(min(left, _STEPS_S[min(looks // 20, len(_STEPS_S) - 1)]))
            looks += 1
        return False

    def _version(self) -> Any:
        return self._connection.execute("PRAGMA data_version").fetchone()

    def close(self) -> None:
        self._connection.close()
        self._file.unlink(missing_ok=True)
        os.close(self._descriptor)


class _InSession(Presence):
    """PostgreSQL: an advisory lock of one session that also listens. The server frees the lock when the session ends."""

    def __init__(self, database: Database, worker: str) -> None:
        self._database = database
        pooled = database.engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        connection.autocommit = True
        self._connection = connection
        if not connection.execute("SELECT pg_try_advisory_lock(%s)", (_key(worker),)).fetchone()[0]:
            connection.close()
            raise Unavailable("An old connection of this worker is still known to the server.")
        connection.execute(f"LISTEN {CHANNEL}")

    def hear(self, timeout_s: float) -> bool:
        with self._database.plain_words():
            return any(True for _ in self._connection.notifies(timeout=timeout_s, stop_after=1))

    def close(self) -> None:
        self._connection.close()


def _folder(database: Database) -> Path:
    """Beside the database, because that is what all its workers have in common."""
    return database.path.with_name(f"{database.path.name}-workers")


def _is_unlocked(file: Path) -> bool:
    try:
        descriptor = os.open(file, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _key(worker: str) -> int:
    """The worker's number among PostgreSQL's advisory locks."""
    return int.from_bytes(hashlib.sha256(worker.encode()).digest()[:8], signed=True)
