"""Suppressions and what an account hears, from the command line."""

from __future__ import annotations

import pytest


def test_somebody_is_suppressed_found_and_let_go_again(at_home):
    made = at_home(
        "suppressions", "add", "+1 202 555 0143", "--type", "marketing", "--reason", "as she asked", "--json"
    ).json
    assert (made["who"], made["type"], made["account"]) == ("+12025550143", "MARKETING", None)
    assert made["said"].startswith("Suppressed for marketing texts on ")
    assert [each["id"] for each in at_home("suppressions", "list", "+12025550143", "--json").json] == [made["id"]]
    assert "as she asked" in at_home("suppressions", "list").out
    assert at_home("suppressions", "remove", made["id"], "--dry-run").status == 0
    assert len(at_home("suppressions", "list", "--json").json) == 1
    assert at_home("suppressions", "remove", made["id"], "--json").json["until"] is not None
    assert at_home("suppressions", "list", "--json").json == []
    assert len(at_home("suppressions", "list", "--ended", "--json").json) == 1


def test_a_dry_run_suppresses_nobody(at_home):
    assert at_home("suppressions", "add", "ada@example.com", "--dry-run", "--json").json["who"] == "ada@example.com"
    assert at_home("suppressions", "list", "--json").json == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("add",),
        ("add", "555"),
        ("add", "2025550143"),
        ("add", "+12025550143", "--type", "some"),
        ("add", "+12025550143", "--account", "nobody"),
        ("add", "+12025550143", "--until", "soon"),
        ("list", "nobody"),
    ],
)
def test_what_names_nobody_is_wrong_usage(at_home, arguments):
    assert at_home("suppressions", *arguments).status == 2


def test_one_that_is_not_there_cannot_be_ended(at_home):
    assert at_home("suppressions", "remove", "sup_x").status == 1
    assert at_home("suppressions", "remove", "sup_x", "--dry-run").status == 1


def test_an_account_that_hears_shows_the_address_for_its_vendor_and_never_the_secret(at_home, home):
    at_home("accounts", "add", "mail", "--destination", "sailthru", "--token-file", "-", stdin="k3y")
    home["BURGEE_PUBLIC_URL"] = "https://burgee.example.com/"
    told = at_home("accounts", "hear", "mail", "--secret-file", "-", "--for-all", stdin="s3cret-of-ours")
    assert told.out.strip() == "https://burgee.example.com/v1/inbound/sailthru/mail"
    [listed] = at_home("accounts", "list", "--json").json
    assert (listed["base_url"], listed["signing_from"], listed["hears_for_all"]) == (
        "https://api.sailthru.com",
        "stored",
        True,
    )
    at_home("accounts", "add", "mail", "--destination", "sailthru", "--token-from", "env:KEY")
    assert at_home("accounts", "list", "--json").json[0]["signing_from"] == "stored"
    assert "s3cret-of-ours" not in told.out + told.err + at_home("accounts", "list", "--json").out
    checked = at_home("accounts", "check", "mail")
    assert "Nothing is sent to Sailthru" in checked.out


@pytest.mark.parametrize(
    "arguments",
    [(), ("--secret-from", "here"), ("--secret-from", "env:"), ("--secret-from", "env:A", "--secret-file", "-")],
)
def test_a_secret_that_is_nowhere_is_wrong_usage(at_home, arguments):
    at_home("accounts", "add", "default", "--token-from", "env:A")
    assert at_home("accounts", "hear", "default", *arguments).status == 2
    assert at_home("accounts", "list", "--json").json[0]["signing_from"] is None


def test_a_dry_run_makes_no_account_hear(at_home):
    at_home("accounts", "add", "default", "--token-from", "env:A")
    assert (
        at_home("accounts", "hear", "default", "--secret-from", "env:B", "--dry-run", "--json").json["signing_from"]
        == "env:B"
    )
    assert at_home("accounts", "list", "--json").json[0]["signing_from"] is None


def test_an_account_that_is_not_there_hears_nothing(at_home):
    assert at_home("accounts", "hear", "nobody", "--secret-from", "env:B").status == 1
