"""Keys of flows: made, recognised by their hash, revoked. The secret itself is shown once and kept nowhere."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from contextlib import suppress

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.exc import IntegrityError

from service.errors import Conflict, NotFound, Unavailable
from service.model import Key, Scope, new_id
from service.registry import nearest
from service.store import audit
from service.store._database import AnyRow, Database
from service.store._tables import keys
from service.store._times import from_ms, from_ms_or_none

MARK = "bgk_"
_SHOWN = 10  # characters of a key that are kept to tell keys apart
_TOUCH_MS = 60_000


class Keys:
    """Names are unique, also those of revoked keys, so that a name in the log always means one key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, name: str, scopes: Iterable[Scope], templates: Iterable[str] = (), *, by: str | None = None
    ) -> tuple[Key, str]:
        """A new key and its secret, `bgk_` and 43 characters. Raises `Conflict` where the name is taken.

        `by` is who does it, and leaves a line in the audit log.
        """
        secret = MARK + secrets.token_urlsafe(32)
        with self._database.write() as connection:
            row = {
                "id": new_id("key"),
                "name": name,
                "hash": _hash(secret),
                "prefix": secret[:_SHOWN],
                "scopes": " ".join(sorted(Scope(scope).value for scope in scopes)),
                "templates": " ".join(sorted(templates)),
                "created_at": self._database.now(connection),
            }
            try:
                connection.execute(keys.insert().values(row))
            except IntegrityError:
                raise Conflict(
                    f"There is a key named {name!r} already.", hint="Choose another name; a revoked key keeps its own."
                ) from None
            if by is not None:
                opens = f"for {row['templates'] or 'all templates'}, to {row['scopes']}"
                audit.write(connection, self._database, by, "key.create", name, opens)
            return _to_key(connection.execute(select(keys).where(keys.c.id == row["id"])).one()), secret

    def verify(self, secret: str) -> Key | None:
        """The key with this secret; None where it is unknown or revoked. Notes its use, once a minute at most."""
        with self._database.read() as connection:
            row = connection.execute(_BY_HASH, {"hash": _hash(secret)}).one_or_none()
            now = self._database.now(connection)
        if row is None or row.revoked_at is not None:
            return None
        if row.last_used_at is None or row.last_used_at < now - _TOUCH_MS:
            with suppress(Unavailable), self._database.write() as connection:  # a key is good without the note
                connection.execute(update(keys).where(keys.c.id == row.id).values(last_used_at=now))
        return _to_key(row)

    def list(self) -> list[Key]:
        """Every key, revoked ones too, by name."""
        with self._database.read() as connection:
            return [_to_key(row) for row in connection.execute(select(keys).order_by(keys.c.name))]

    def revoke(self, name_or_id: str, *, by: str | None = None) -> Key:
        """Refuse this key from now on. Raises `NotFound`; revoking twice is the same as once. `by` as in `create`."""
        with self._database.write() as connection:
            which = or_(keys.c.name == name_or_id, keys.c.id == name_or_id)
            row = connection.execute(select(keys).where(which)).first()
            if row is None:
                near = nearest(name_or_id, connection.execute(select(keys.c.name)).scalars())
                raise NotFound(f"There is no key {name_or_id!r}.", hint=f"Did you mean {near!r}?" if near else None)
            still_good = (keys.c.id == row.id) & keys.c.revoked_at.is_(None)
            revoked = connection.execute(update(keys).where(still_good).values(revoked_at=self._database.now(connection)))
            if by is not None and revoked.rowcount:
                audit.write(connection, self._database, by, "key.revoke", row.name)
            return _to_key(connection.execute(select(keys).where(keys.c.id == row.id)).one())


_BY_HASH = select(keys).where(keys.c.hash == bindparam("hash"))


def _hash(secret: str) -> str:
    """A plain hash is enough: the secret has 256 random bits, so there is nothing to guess."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _to_key(row: AnyRow) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        scopes=frozenset(Scope(word) for word in row.scopes.split()),
        templates=frozenset(row.templates.split()),
        prefix=row.prefix,
        created_at=from_ms(row.created_at),
        last_used_at=from_ms_or_none(row.last_used_at),
        revoked_at=from_ms_or_none(row.revoked_at),
    )
