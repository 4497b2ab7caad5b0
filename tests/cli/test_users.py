"""`burgee users`: people are let in by links, and nobody learns a password."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.settings import Settings
from service.store import Store


@pytest.fixture
def users(burgee: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Runs `burgee users ...` on a database of its own."""
    environment = {"BURGEE_VAR": str(tmp_path), "BURGEE_PUBLIC_URL": "https://burgee.example.com/"}
    return lambda *arguments: burgee("users", *arguments, environment=environment)


def test_add_prints_a_link_that_works(users: Any, tmp_path: Path) -> None:
    ran = users("add", "Mara", "--role", "admin", "--name", "Mara Lindqvist")
    assert ran.status == 0
    assert ran.out.startswith("https://burgee.example.com/invitation/")
    store = Store(Settings(var=tmp_path))
    guest = store.users.invited(ran.out.strip().rpartition("/")[2])
    store.close()
    assert guest is not None
    assert (guest.login, guest.name, guest.role.value) == ("mara", "Mara Lindqvist", "admin")


def test_list_shows_roles_and_who_has_not_come(users: Any) -> None:
    users("add", "mara")
    assert users("list").out.split("\t")[::2] == ["mara", "author"]
    (shown,) = users("list", "--json").json
    assert (shown["role"], shown["invited"]) == ("author", True)


def test_a_dry_run_changes_nothing(users: Any) -> None:
    assert users("add", "mara", "--dry-run", "--json").json == {"dry_run": True, "login": "mara", "role": "author"}
    assert users("list", "--json").json == []
    users("add", "mara")
    assert "would be removed" in users("remove", "mara", "--dry-run").out
    assert len(users("list", "--json").json) == 1


def test_remove_removes_and_says_who_was_meant(users: Any) -> None:
    users("add", "mara")
    ran = users("remove", "marra")
    assert ran.status == 1
    assert "Did you mean 'mara'?" in ran.err
    assert users("remove", "MARA").out == "mara is removed.\n"
    assert users("list", "--json").json == []


@pytest.mark.parametrize("arguments", [("add", "no login"), ("add", "mara", "--role", "king")])
def test_what_is_no_user_is_refused_in_words(users: Any, arguments: tuple[str, ...]) -> None:
    ran = users(*arguments)
    assert ran.status != 0
    assert ran.err
