"""Keys are shown once, kept as hashes, known by name, and refused when they are revoked."""

import pytest

from service.errors import Conflict, NotFound
from service.model import Scope


def test_a_new_key_is_recognised_by_its_secret_and_by_nothing_else(store):
    key, secret = store.keys.create("loyalty flow", [Scope.HOOKS, Scope.RENDER], templates=["welcome"])
    assert secret.startswith("bgk_")
    assert len(secret) >= 36
    assert key.prefix == secret[:10]
    found = store.keys.verify(secret)
    assert (found.id, found.name, found.scopes) == (key.id, "loyalty flow", {Scope.HOOKS, Scope.RENDER})
    assert found.templates == {"welcome"}
    for wrong in ("", "bgk_", secret[:-1], secret + "x", secret.upper(), "\ud83d"):
        assert store.keys.verify(wrong) is None


def test_the_secret_is_kept_nowhere(store, tmp_path):
    _, secret = store.keys.create("flow", [Scope.HOOKS])
    with store.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM keys").all()
    assert secret not in str(rows)
    assert secret[10:] not in str(rows)


def test_a_name_is_given_once_even_after_it_was_revoked(store):
    store.keys.create("flow", [Scope.HOOKS])
    with pytest.raises(Conflict):
        store.keys.create("flow", [Scope.ADMIN])
    store.keys.revoke("flow")
    with pytest.raises(Conflict):
        store.keys.create("flow", [Scope.HOOKS])
    assert len(store.keys.list()) == 1


def test_a_revoked_key_is_refused_and_revoking_twice_is_once(store):
    key, secret = store.keys.create("flow", [Scope.HOOKS])
    first = store.keys.revoke("flow")
    assert store.keys.verify(secret) is None
    assert store.keys.revoke(key.id).revoked_at == first.revoked_at


def test_revoking_what_is_not_there_names_the_nearest(store):
    store.keys.create("loyalty", [Scope.HOOKS])
    with pytest.raises(NotFound) as caught:
        store.keys.revoke("loyalti")
    assert "'loyalty'" in caught.value.hint


def test_use_is_noted_once_a_minute(store):
    key, secret = store.keys.create("flow", [Scope.HOOKS])
    assert key.last_used_at is None
    store.keys.verify(secret)
    [first] = store.keys.list()
    store.keys.verify(secret)
    assert store.keys.list() == [first]
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE keys SET last_used_at = last_used_at - 61000")
    store.keys.verify(secret)
    assert store.keys.list()[0].last_used_at >= first.last_used_at


def test_keys_are_listed_by_name(store):
    for name in ("b", "a", "c"):
        store.keys.create(name, [Scope.READ])
    assert [key.name for key in store.keys.list()] == ["a", "b", "c"]
