"""Sessions of the studio, and the count of tries to sign in. Both are kept here, so they hold for every web process."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from service.store import audit
from service.store._database import Database
from service.store._people import sessions, tries, users
from service.store.users import User, _to_user, hash_of_secret

IDLE_MS = 12 * 3_600_000
LONGEST_MS = 7 * 24 * 3_600_000
_TOUCH_MS = 60_000

WINDOW_MS = 15 * 60_000
FOR_BOTH = 5  # tries in the window with one login from one address
FOR_ONE = 30  # with one login from anywhere, or from one address with any login


@dataclass(frozen=True, slots=True)
class Found:
    """What a session's secret stands for. `user` None: it is no session, or no longer one (`away`: because of the time)."""

    user: User | None
    away: bool = False


class Sessions:
    """Sessions by their secret, which only the browser's cookie holds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, user: User) -> str:
        """A new session's secret."""
        secret = secrets.token_urlsafe(32)
        with self._database.write() as connection:
            now = self._database.now(connection)
            connection.execute(sessions.delete().where(sessions.c.seen_at < now - LONGEST_MS))
            connection.execute(
                sessions.insert().values(hash=hash_of_secret(secret), user=user.id, created_at=now, seen_at=now)
            )
            connection.execute(update(users).where(users.c.id == user.id).values(seen_at=now))
            audit.write(connection, self._database, user.login, "session.open", user.login)
        return secret

    def find(self, secret: str) -> Found:
        """Who this session is of. Ends it after 12 hours without a request, or 7 days."""
        hashed = hash_of_secret(secret)
        query = select(users, sessions.c.seen_at.label("used_at"), sessions.c.created_at.label("opened_at")).join(
            sessions, sessions.c.user == users.c.id
        )
        with self._database.read() as connection:
            row = connection.execute(query.where(sessions.c.hash == hashed)).one_or_none()
            now = self._database.now(connection)
        if row is None:
            return Found(None)
        if row.used_at < now - IDLE_MS or row.opened_at < now - LONGEST_MS:
            return Found(None, away=True)
        if row.used_at < now - _TOUCH_MS:
            with self._database.write() as connection:
                connection.execute(update(sessions).where(sessions.c.hash == hashed).values(seen_at=now))
                connection.execute(update(users).where(users.c.id == row.id).values(seen_at=now))
        return Found(_to_user(row))

    def close(self, secret: str) -> None:
        """End this session."""
        with self._database.write() as connection:
            connection.execute(sessions.delete().where(sessions.c.hash == hash_of_secret(secret)))

    def try_in(self, login: str, address: str) -> float:
        """Count a try to sign in, before the password is looked at: 0, or the seconds to wait where there were too many.

        A try that must wait is not counted, so that waiting helps.
        """
        with self._database.write() as connection:
            now = self._database.now(connection)
            connection.execute(tries.delete().where(tries.c.at < now - WINDOW_MS))
            waits = [
                _wait_ms(connection, subject, most, now)
                for subject, most in zip(_subjects(login, address), (FOR_BOTH, FOR_ONE, FOR_ONE))
            ]
            if max(waits) > 0:
                return max(waits) / 1000
            rows = [{"subject": subject, "at": now} for subject in _subjects(login, address)]
            connection.execute(tries.insert(), rows)
        return 0.0

    def came_in(self, login: str, address: str) -> None:
        """Forget the tries of somebody who knew the password."""
        both, of_login, _ = _subjects(login, address)
        with self._database.write() as connection:
            connection.execute(tries.delete().where(tries.c.subject.in_([both, of_login])))


def _wait_ms(connection: Connection, subject: str, most: int, now: int) -> int:
    """How long until this subject may try again; 0: now."""
    counted, oldest = connection.execute(
        select(func.count(), func.min(tries.c.at)).where(tries.c.subject == subject, tries.c.at > now - WINDOW_MS)
    ).one()
    return int(oldest) + WINDOW_MS - now if counted >= most else 0


def _subjects(login: str, address: str) -> tuple[str, str, str]:
    """What is counted: login and address together, the login, the address. Hashed, for people type passwords there too."""
    login = login.strip().lower()
    made = (f"both {login} {address}", f"login {login}", f"address {address}")
    both, of_login, of_address = (hashlib.sha256(each.encode("utf-8", "surrogatepass")).hexdigest() for each in made)
    return both, of_login, of_address
