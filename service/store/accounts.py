"""Accounts: one brand's place at a destination, its bearer token, and how sending for it goes just now."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson
from sqlalchemy import Connection, delete, select

from service.errors import Misconfigured, NotFound
from service.model import Account
from service.registry import nearest
from service.settings import Settings
from service.store import audit
from service.store._database import AnyRow, Database
from service.store._tables import accounts, buckets, circuits
from service.store._times import from_ms_or_none
from service.store._vault import Vault

_STORED = "stored"  # the token is encrypted in the database
_HEARD = ("signing_from", "signing", "hears_for_all")  # what `hear` sets and `put` leaves alone


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """How one rate class goes. `rate` is calls a second at most (None: not limited, or not yet served)."""

    rate_class: str
    rate: float | None
    blocked_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """`circuit` is closed (sending), open (not before `open_until`) or half-open (one delivery tries)."""

    account: str
    circuit: str
    failures: int
    open_until: datetime | None
    lanes: tuple[LaneState, ...]


class Accounts:
    """Accounts by name. A token goes in and out by `put` and `token` only, and is in no repr and no error."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._vault = Vault(settings)

    def put(self, account: Account, token: str | None = None, *, by: str | None = None) -> None:
        """Keep the account in place of one with its name. A `token` is encrypted, and needs `token_from` "stored";
        without one, a stored token stays. `by` is who does it, and leaves a line in the audit log.

        Raises `Misconfigured`.
        """
        _check(account, token)
        with self._database.write() as connection:
            old = connection.execute(select(accounts).where(accounts.c.name == account.name)).one_or_none()
            heard = {} if old is None else {name: getattr(old, name) for name in _HEARD}
            locked = None
            if account.token_from == _STORED:
                locked = self._vault.lock(token) if token is not None else getattr(old, "token", None)
                if locked is None:
                    raise Misconfigured(
                        f"The account {account.name!r} has no token.", hint="Give one, or env:NAME or file:PATH."
                    )
            connection.execute(delete(accounts).where(accounts.c.name == account.name))
            connection.execute(
                accounts.insert().values(
                    name=account.name,
                    destination=account.destination,
                    base_url=account.base_url,
                    token_from=account.token_from,
                    token=locked,
                    country=account.country,
                    timezone=account.timezone,
                    brand_prefix=account.brand_prefix,
                    limits=orjson.dumps(dict(account.limits)).decode(),
                    updated_at=self._database.now(connection),
                    **heard,
                )
            )
            if by is not None:
                what = "account.add" if old is None else "account.change"
                audit.write(connection, self._database, by, what, account.name, "with a new token" if token else "")

    def hear(self, name: str, signing_from: str, secret: str | None = None, *, for_all: bool = False) -> Account:
        """Take what the vendor tells this account, where it is signed with the secret. A `secret` is encrypted, and needs
        `signing_from` "stored"; without one, a stored secret stays. Raises `NotFound`, `Misconfigured`."""
        _check_where(name, signing_from, "signing secret")
        with self._database.write() as connection:
            row = self._known(connection, name)
            locked = None
            if signing_from == _STORED:
                locked = self._vault.lock(secret) if secret is not None else row.signing
                if locked is None:
                    raise Misconfigured(f"The account {name!r} has no signing secret.", hint="Give one.")
            values = {"signing_from": signing_from, "signing": locked, "hears_for_all": int(for_all)}
            connection.execute(accounts.update().where(accounts.c.name == name).values(**values))
            return _to_account(self._known(connection, name))

    def get(self, name: str) -> Account | None:
        with self._database.read() as connection:
            row = connection.execute(select(accounts).where(accounts.c.name == name)).one_or_none()
        return None if row is None else _to_account(row)

    def token(self, name: str) -> str:
        """The account's bearer token, read anew each time. Raises `NotFound`, `Misconfigured`."""
        with self._database.read() as connection:
            row = self._known(connection, name)
        return self._found(name, "token", row.token_from, row.token)

    def signing_secret(self, name: str) -> str:
        """The secret with which the vendor signs what it tells this account. Raises `NotFound`, `Misconfigured`."""
        with self._database.read() as connection:
            row = self._known(connection, name)
        if row.signing_from is None:
            raise Misconfigured(f"The account {name!r} has no signing secret.", hint=f"Run burgee accounts hear {name}.")
        return self._found(name, "signing secret", row.signing_from, row.signing)

    def _known(self, connection: Connection, name: str) -> AnyRow:
        row = connection.execute(select(accounts).where(accounts.c.name == name)).one_or_none()
        if row is None:
            near = nearest(name, connection.execute(select(accounts.c.name)).scalars())
            raise NotFound(f"There is no account {name!r}.", hint=f"Did you mean {near!r}?" if near else None)
        return row

    def _found(self, name: str, what: str, stands: str, locked: bytes) -> str:
        kind, _, where = stands.partition(":")
        if kind == "env":
            return _from_environment(name, what, where)
        if kind == "file":
            return _from_file(name, what, Path(where))
        return self._vault.unlock(locked, f"account {name!r}")

    def states(self) -> list[AccountState]:
        """How sending goes for every account that ever had a delivery, by name."""
        with self._database.read() as connection:
            opened = {row.account: row for row in connection.execute(select(circuits))}
            lanes: dict[str, list[LaneState]] = {}
            for row in connection.execute(select(buckets).order_by(buckets.c.account, buckets.c.rate_class)):
                lanes.setdefault(row.account, []).append(_to_lane(row))
        return [
            AccountState(
                account=name,
                circuit=circuit_word(opened.get(name)),
                failures=opened[name].failures if name in opened else 0,
                open_until=from_ms_or_none(opened[name].open_until) if name in opened else None,
                lanes=tuple(lanes.get(name, ())),
            )
            for name in sorted(lanes.keys() | opened.keys())
        ]

    def list(self) -> list[Account]:
        with self._database.read() as connection:
            return [_to_account(row) for row in connection.execute(select(accounts).order_by(accounts.c.name))]


def circuit_word(row: AnyRow | None) -> str:
    """closed, open or half-open."""
    if row is None or row.open_until is None:
        return "closed"
    return "half-open" if row.probe is not None else "open"


def _check(account: Account, token: str | None) -> None:
    _check_where(account.name, account.token_from, "token")
    if token is not None and account.token_from != _STORED:
        raise Misconfigured(
            f"The account {account.name!r} takes its token from {account.token_from}, so none is stored.",
            hint="Leave the token out, or store it.",
        )
    if not account.base_url.startswith(("https://", "http://")):
        raise Misconfigured(f"The account {account.name!r} has no URL to call.", hint="Write one that begins with https://.")
    for rate_class, limit in account.limits.items():
        if not limit > 0:
            raise Misconfigured(f"The limit for {rate_class!r} of account {account.name!r} must be above 0.")


def _check_where(name: str, stands: str, what: str) -> None:
    kind, _, where = stands.partition(":")
    if stands != _STORED and not (kind in ("env", "file") and where):
        raise Misconfigured(
            f"The account {name!r} does not say where its {what} is.", hint="Write env:NAME, file:PATH or stored."
        )


def _from_environment(name: str, what: str, variable: str) -> str:
    if token := os.environ.get(variable, "").strip():
        return token
    if path := os.environ.get(f"{variable}_FILE"):
        return _from_file(name, what, Path(path))
    raise Misconfigured(f"The {what} of account {name!r} is not in the environment.", hint=f"Set {variable}.")


def _from_file(name: str, what: str, path: Path) -> str:
    try:
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        token = ""
    if not token:
        raise Misconfigured(
            f"The file with the {what} of account {name!r} is empty or cannot be read.", hint=f"Look at {path}."
        )
    return token


def _to_account(row: AnyRow) -> Account:
    limits: Mapping[str, float] = orjson.loads(row.limits)
    return Account(
        name=row.name,
        destination=row.destination,
        base_url=row.base_url,
        token_from=row.token_from,
        country=row.country,
        timezone=row.timezone,
        brand_prefix=row.brand_prefix,
        limits=limits,
        signing_from=row.signing_from,
        hears_for_all=bool(row.hears_for_all),
    )


def _to_lane(row: AnyRow) -> LaneState:
    return LaneState(rate_class=row.rate_class, rate=row.rate, blocked_until=from_ms_or_none(row.blocked_until))
