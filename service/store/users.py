"""Users of the studio: added by invitation, recognised by password, each with one role.

A new user has no password. They get a link with a token, which is shown once, kept as a hash, and good for two days; whoever
opens it chooses the password. Nobody else ever knows it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select, update
from sqlalchemy.exc import IntegrityError

from service.errors import Conflict, NotFound, PayloadInvalid, Problem
from service.model import new_id
from service.registry import nearest
from service.store import audit
from service.store._database import AnyRow, Database
from service.store._people import sessions, users
from service.store._times import from_ms, from_ms_or_none

if TYPE_CHECKING:
    from argon2 import PasswordHasher

FIRST_LOGIN = "admin"
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200
INVITATION_MS = 48 * 3_600_000

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")
_AT_ONCE = threading.BoundedSemaphore(2)  # each check of a password takes 64 MB for some 50 ms


class Role(StrEnum):
    """What a user may do. Each role may do what those before it may."""

    VIEWER = "viewer"  # see everything, phone numbers masked
    AUTHOR = "author"  # and write drafts
    PUBLISHER = "publisher"  # and publish, replay, make keys, see phone numbers
    ADMIN = "admin"  # and keep users and accounts

    def covers(self, other: Role) -> bool:
        """Whether this role may do what `other` may.

        >>> Role.PUBLISHER.covers(Role.AUTHOR), Role.VIEWER.covers(Role.AUTHOR)
        (True, False)
        """
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who may use the studio. `invited` until they have chosen a password."""

    id: str
    login: str
    name: str
    role: Role
    invited: bool
    created_at: datetime
    seen_at: datetime | None


class Users:
    """Users by login. Passwords go in and never come out. Every change leaves a line in the audit log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def invite(self, login: str, role: Role, *, name: str = "", by: str) -> tuple[User, str]:
        """A new user, and the token of the link by which they choose a password. One who has not come yet is invited anew.

        Raises `PayloadInvalid` for what is no login, `Conflict` where a user has this login already.
        """
        login = _checked_login(login)
        token = secrets.token_urlsafe(32)
        with self._database.write() as connection:
            now = self._database.now(connection)
            row = _by_login(connection, login)
            if row is not None and row.password is not None:
                raise Conflict(f"There is a user {login!r} already.", hint="Choose another name, or remove that user first.")
            values: dict[str, str | int] = {"name": name.strip()[:100] or login, "role": role.value}
            values |= {"invitation": _hash(token), "invited_until": now + INVITATION_MS}
            if row is None:
                new = {"id": new_id("usr"), "login": login, "created_at": now, **values}
                try:
                    connection.execute(users.insert().values(new))
                except IntegrityError:
                    raise Conflict(f"There is a user {login!r} already.") from None
            else:
                connection.execute(update(users).where(users.c.id == row.id).values(values))
            audit.write(connection, self._database, by, "user.invite", login, f"as {role}")
            return _to_user(_one(connection, login)), token

    def first_invitation(self) -> str | None:
        """The token by which the first admin comes in; None as soon as anybody has a password. Each call makes the tokens
        of earlier calls void, so that only the link that was printed last opens the door."""
        with self._database.read() as connection:
            if connection.execute(select(func.count()).where(users.c.password.is_not(None))).scalar_one():
                return None
        return self.invite(FIRST_LOGIN, Role.ADMIN, by="the command line")[1]

    def is_empty(self) -> bool:
        """Whether nobody has a password yet."""
        with self._database.read() as connection:
            return connection.execute(select(users.c.id).where(users.c.password.is_not(None)).limit(1)).first() is None

    def invited(self, token: str) -> User | None:
        """Whom this link was made for; None where it was used, replaced or is too old."""
        with self._database.read() as connection:
            row = self._invited(connection, token)
        return None if row is None else _to_user(row)

    def accept(self, token: str, password: str, *, name: str = "") -> User:
        """Choose the password, which uses the link up. Raises `NotFound` for a link that is void, `PayloadInvalid`."""
        _check_password(password)
        hashed = _hashed(password)
        with self._database.write() as connection:
            row = self._invited(connection, token)
            if row is None:
                raise NotFound("This link is used up or too old.", hint="Ask an admin for a new one.")
            values = {"password": hashed, "invitation": None, "invited_until": None, "name": name.strip()[:100] or row.name}
            connection.execute(update(users).where(users.c.id == row.id).values(values))
            audit.write(connection, self._database, row.login, "user.accept", row.login)
            return _to_user(_one(connection, row.login))

    def _invited(self, connection: Connection, token: str) -> AnyRow | None:
        now = self._database.now(connection)
        query = select(users).where(users.c.invitation == _hash(token), users.c.invited_until > now)
        return connection.execute(query).one_or_none()

    def verify(self, login: str, password: str) -> User | None:
        """The user with this login and password, else None. Takes as long for a login that nobody has."""
        with self._database.read() as connection:
            row = _by_login(connection, login.strip().lower())
        kept = row.password if row is not None and row.password is not None else _nobodys_hash()
        right = len(password) <= LONGEST_PASSWORD and _matches(kept, password)
        return _to_user(row) if right and row is not None and row.password is not None else None

    def change_password(self, login: str, password: str, *, keep_session: str = "") -> None:
        """Choose another password; every other session of this user ends. Raises `NotFound`, `PayloadInvalid`."""
        _check_password(password)
        hashed = _hashed(password)
        with self._database.write() as connection:
            row = _known(connection, login)
            connection.execute(update(users).where(users.c.id == row.id).values(password=hashed))
            connection.execute(
                sessions.delete().where(sessions.c.user == row.id, sessions.c.hash != hash_of_secret(keep_session))
            )
            audit.write(connection, self._database, row.login, "user.password", row.login)

    def set_role(self, login: str, role: Role, *, by: str) -> User:
        """Give another role, from the next request on. Raises `NotFound`, and `Conflict` for the last admin."""
        with self._database.write() as connection:
            row = _known(connection, login)
            if role is not Role.ADMIN:
                _leave_an_admin(connection, row)
            connection.execute(update(users).where(users.c.id == row.id).values(role=role.value))
            audit.write(connection, self._database, by, "user.role", row.login, f"from {row.role} to {role}")
            return _to_user(_one(connection, row.login))

    def remove(self, login: str, *, by: str) -> User:
        """Remove the user and end their sessions. Raises `NotFound`, and `Conflict` for the last admin."""
        with self._database.write() as connection:
            row = _known(connection, login)
            _leave_an_admin(connection, row)
            connection.execute(sessions.delete().where(sessions.c.user == row.id))
            connection.execute(users.delete().where(users.c.id == row.id))
            audit.write(connection, self._database, by, "user.remove", row.login)
            return _to_user(row)

    def list(self) -> list[User]:
        """Every user, by login."""
        with self._database.read() as connection:
            return [_to_user(row) for row in connection.execute(select(users).order_by(users.c.login))]


def hash_of_secret(secret: str) -> str:
    """How a secret with 256 random bits is kept: a plain hash is enough, because there is nothing to guess."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


_hash = hash_of_secret


def _checked_login(login: str) -> str:
    login = login.strip().lower()
    if not _LOGIN.fullmatch(login):
        detail = "A sign-in name has 1 to 100 letters, digits and . _ @ + -, and begins with a letter or digit."
        raise PayloadInvalid(detail, [Problem("user.login", detail, "/login")])
    return login


def _check_password(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        detail = f"A password has {SHORTEST_PASSWORD} characters at least. Four or five words are easy to remember."
    elif len(password) > LONGEST_PASSWORD:
        detail = f"A password has {LONGEST_PASSWORD} characters at most."
    elif len(set(password)) < 5:
        detail = "This password repeats the same few characters. Choose another one."
    else:
        return
    raise PayloadInvalid(detail, [Problem("user.password", detail, "/password")])


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()  # argon2id with the second recommendation of RFC 9106


@cache
def _nobodys_hash() -> str:
    return _hashed(secrets.token_urlsafe(16))


def _hashed(password: str) -> str:
    with _AT_ONCE:
        return _hasher().hash(password.encode("utf-8", "surrogatepass"))


def _matches(kept: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    with _AT_ONCE:
        try:
            return _hasher().verify(kept, password.encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False


def _by_login(connection: Connection, login: str) -> AnyRow | None:
    return connection.execute(select(users).where(users.c.login == login)).one_or_none()


def _one(connection: Connection, login: str) -> AnyRow:
    return connection.execute(select(users).where(users.c.login == login)).one()


def _known(connection: Connection, login: str) -> AnyRow:
    row = _by_login(connection, login.strip().lower())
    if row is None:
        near = nearest(login, connection.execute(select(users.c.login)).scalars())
        raise NotFound(f"There is no user {login[:100]!r}.", hint=f"Did you mean {near!r}?" if near else None)
    return row


def _leave_an_admin(connection: Connection, row: AnyRow) -> None:
    """Raises `Conflict` where `row` is the only admin that can sign in."""
    if row.role != Role.ADMIN or row.password is None:
        return
    others = select(func.count()).where(
        users.c.role == Role.ADMIN.value, users.c.password.is_not(None), users.c.id != row.id
    )
    if not connection.execute(others).scalar_one():
        raise Conflict(f"{row.login!r} is the only admin.", hint="Make another user admin first.")


def _to_user(row: AnyRow) -> User:
    return User(
        id=row.id,
        login=row.login,
        name=row.name,
        role=Role(row.role),
        invited=row.password is None,
        created_at=from_ms(row.created_at),
        seen_at=from_ms_or_none(row.seen_at),
    )
