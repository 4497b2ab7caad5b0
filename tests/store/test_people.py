"""Users, sessions and the audit log, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import inspect

from service.errors import Conflict, NotFound, PayloadInvalid
from service.model import Account, Scope, TemplateSource
from service.store import Store
from service.store._people import TABLES, users
from service.store.users import Role

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    from argon2 import PasswordHasher

    from service.store import users

    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(users, "_hasher", lambda: hasher)
    users._nobodys_hash.cache_clear()


def come(store: Store, login: str, role: Role = Role.ADMIN) -> None:
    store.users.accept(store.users.invite(login, role, by="a test")[1], PASSWORD)


def test_migrating_again_changes_nothing_and_loses_nobody(make_store: Callable[..., Store]) -> None:
    store = make_store()
    store.migrate()
    come(store, "sam")
    make_store().migrate()
    with store.database.read() as connection:
        assert {table.name for table in TABLES} <= set(inspect(connection).get_table_names())
    assert [each.login for each in store.users.list()] == ["sam"]


def test_logins_are_one_whatever_their_case(store: Store) -> None:
    come(store, "Mara@Example.com")
    assert store.users.verify(" mara@example.COM ", PASSWORD) is not None
    with pytest.raises(Conflict):
        store.users.invite("MARA@example.com", Role.AUTHOR, by="a test")


@pytest.mark.parametrize("login", ["", " ", "-mara", "ma ra", "mara/../x", "x" * 101, "mära", "a\0b", "a'--"])
def test_what_is_no_login_is_refused(store: Store, login: str) -> None:
    with pytest.raises(PayloadInvalid):
        store.users.invite(login, Role.AUTHOR, by="a test")


def test_the_database_holds_no_password_and_no_token(store: Store) -> None:
    _, token = store.users.invite("mara", Role.ADMIN, by="a test")
    with store.database.read() as connection:
        assert token not in str(connection.execute(users.select()).all())
    store.users.accept(token, PASSWORD)
    with store.database.read() as connection:
        kept = connection.execute(users.select()).one()
    assert PASSWORD not in str(kept)
    assert kept.password.startswith("$argon2id$")
    assert kept.invitation is None


def test_who_was_invited_but_has_not_come_cannot_sign_in_or_count_as_admin(store: Store) -> None:
    come(store, "sam")
    store.users.invite("lena", Role.ADMIN, by="a test")
    assert store.users.verify("lena", "") is None
    with pytest.raises(Conflict):
        store.users.remove("sam", by="a test")
    come(store, "lena")
    assert store.users.remove("sam", by="a test").login == "sam"


def test_an_invitation_made_anew_makes_the_old_one_void(store: Store) -> None:
    _, old = store.users.invite("mara", Role.AUTHOR, by="a test")
    _, new = store.users.invite("mara", Role.PUBLISHER, by="a test")
    assert store.users.invited(old) is None
    with pytest.raises(NotFound):
        store.users.accept(old, PASSWORD)
    assert store.users.accept(new, PASSWORD).role is Role.PUBLISHER


def test_every_change_of_users_is_in_the_audit_log_and_pages(store: Store) -> None:
    come(store, "sam")
    come(store, "mara", Role.AUTHOR)
    store.users.set_role("mara", Role.PUBLISHER, by="sam")
    store.users.remove("mara", by="sam")
    entries, older = store.audit.page(limit=2)
    assert [each.what for each in entries] == ["user.remove", "user.role"]
    assert (entries[1].target, entries[1].detail, entries[1].who) == ("mara", "from author to publisher", "sam")
    rest, older = store.audit.page(limit=50, cursor=older)
    assert [each.what for each in rest] == ["user.accept", "user.invite", "user.accept", "user.invite"]
    assert older is None
    assert {each.who for each in store.audit.page(who="sam")[0]} == {"sam"}


def test_a_role_changes_from_the_next_request_on(store: Store) -> None:
    come(store, "sam")
    come(store, "mara", Role.VIEWER)
    secret = store.sessions.open(next(each for each in store.users.list() if each.login == "mara"))
    store.users.set_role("mara", Role.AUTHOR, by="sam")
    found: Any = store.sessions.find(secret).user
    assert found.role is Role.AUTHOR


def test_what_is_no_session_is_nobody(store: Store) -> None:
    for secret in ("", "guess", "\ud83d", "x" * 10_000):
        assert store.sessions.find(secret).user is None


def test_whoever_changes_templates_keys_and_accounts_by_whatever_door_is_in_the_audit_log(store: Store) -> None:
    hello = TemplateSource(name="hello", title="Hello", action="a.b", account="default", dialect="jinja", source="{}")
    account = Account(name="shop", destination="attentive", base_url="https://vendor.example.com", token_from="env:TOKEN")
    store.templates.push(hello)  # by nobody, as at the first start
    store.templates.push(replace(hello, title="Hi"), by="mara", publish=False)
    store.templates.publish("hello", 2, by="key deploy")
    store.templates.publish("hello", 2, by="key deploy")  # nothing changes
    store.templates.publish("hello", 1, by="jonas")
    store.templates.rollback("hello", by="the command line")
    store.keys.create("flow", [Scope.HOOKS], ["hello"], by="mara")
    store.keys.revoke("flow", by="sam")
    store.keys.revoke("flow", by="sam")
    store.accounts.put(account, by="sam")
    store.accounts.put(replace(account, token_from="stored"), "secret", by="sam")
    lines = [(each.who, each.what, each.target, each.detail) for each in store.audit.page()[0]]
    assert sorted(lines) == sorted([  # two lines of one millisecond have no order
        ("mara", "template.push", "hello", "v2"),
        ("key deploy", "template.publish", "hello", "v2"),
        ("jonas", "template.rollback", "hello", "v1"),
        ("the command line", "template.rollback", "hello", "v2"),
        ("mara", "key.create", "flow", "for hello, to hooks"),
        ("sam", "key.revoke", "flow", ""),
        ("sam", "account.add", "shop", ""),
        ("sam", "account.change", "shop", "with a new token"),
    ])  # fmt: skip
