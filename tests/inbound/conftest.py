"""Accounts that hear their vendors, and calls that are signed as vendors sign them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from service import inbound
from service.actions import Actions
from service.delivery.prepare import Preparer
from service.inbound.sailthru import signature
from service.model import Account
from service.settings import packaged
from service.store import Store

SECRET, KEY = "example-signing-key", "example-api-key"
ADA = "+12025550143"
NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)  # where it does not matter when


@pytest.fixture(scope="session")
def preparer() -> Preparer:
    return Preparer(Actions.load(packaged("schemas")))


@pytest.fixture
def accounts(store: Store) -> Store:
    """`default` and `brand-b` at Attentive, `mail` at Sailthru; `default` and `mail` hear."""
    url = "https://vendor.example.com"
    for name in ("default", "brand-b"):
        store.accounts.put(Account(name=name, destination="attentive", base_url=url, token_from="stored"), "sesame")
    store.accounts.put(Account(name="mail", destination="sailthru", base_url=url, token_from="stored"), KEY)
    store.accounts.hear("default", "stored", SECRET)
    store.accounts.hear("mail", "stored", SECRET, for_all=True)
    return store


@pytest.fixture
def now() -> datetime:
    """A minute before the test began: what is told has happened, and deliveries have the database's clock."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)


@pytest.fixture
def hear(accounts: Store, preparer: Preparer, now: datetime) -> Callable[..., inbound.Kept]:
    """Hears the bytes of a call with these headers."""

    def told(destination: str, account: str, body: bytes, at: float = 0, **headers: str) -> inbound.Kept:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        call = inbound.Call(body, given.get, now + timedelta(seconds=at))
        return inbound.receive(accounts, preparer, destination, account, call)

    return told


@pytest.fixture
def attentive(hear: Callable[..., inbound.Kept], now: datetime) -> Callable[..., inbound.Kept]:
    """Tells an event as Attentive does; it happened `at` seconds from `now`, and is told at once."""

    def told(kind: str, *, at: float = 0, account: str = "default", **parts: Any) -> inbound.Kept:
        event = {
            "type": kind,
            "timestamp": int((now + timedelta(seconds=at)).timestamp() * 1000),
            "company": {"display_name": "Example Shop", "company_id": "CO-1"},
            "subscriber": {"external_id": 7001, "phone": ADA, "external_identifiers": {}},
            **parts,
        }
        body = json.dumps(event).encode()
        signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        return hear("attentive", account, body, at, x_attentive_hmac_sha256=signed)

    return told


@pytest.fixture
def sailthru(hear: Callable[..., inbound.Kept]) -> Callable[..., inbound.Kept]:
    """Tells a postback as Sailthru does, `at` seconds from `now`."""

    def told(action: str, at: float = 0, **fields: str) -> inbound.Kept:
        form = {"email": "ada@example.com", **fields, "action": action, "api_key": KEY}
        signed = {**form, "sig": signature(SECRET, list(form.values()))}
        return hear("sailthru", "mail", urlencode(signed).encode(), at)

    return told
