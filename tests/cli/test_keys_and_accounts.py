"""`burgee keys` and `burgee accounts`: secrets go in, and come out once."""

import pytest


def test_a_key_is_shown_once_and_listed_without_its_secret(at_home):
    made = at_home("keys", "create", "summer-flow", "--json").json
    assert made["secret"].startswith("bgk_")
    assert made["scopes"] == ["hooks", "render"]
    listed = at_home("keys", "list", "--json")
    assert [each["name"] for each in listed.json] == ["summer-flow"]
    assert made["secret"] not in listed.out + at_home("keys", "list").out


def test_for_people_the_key_alone_is_on_standard_output(at_home):
    ran = at_home("keys", "create", "summer-flow")
    assert ran.out.startswith("bgk_")
    assert ran.out.count("\n") == 1
    assert "not shown again" in ran.err
    assert "bgk_" not in ran.err


def test_scopes_and_templates_limit_a_key(at_home):
    made = at_home(
        "keys", "create", "a", "--scope", "read,admin", "--scope", "hooks", "--template", "welcome", "--json"
    ).json
    assert (made["scopes"], made["templates"]) == (["admin", "hooks", "read"], ["welcome"])


@pytest.mark.parametrize("arguments", [("a", "--scope", "everything"), ("a", "--template", "welcom"), (" ",), ("a\nb",), ()])
def test_a_key_that_makes_no_sense_is_wrong_usage(at_home, arguments):
    ran = at_home("keys", "create", *arguments)
    assert ran.status == 2
    assert at_home("keys", "list", "--json").json == []


def test_a_dry_run_makes_no_key(at_home):
    assert at_home("keys", "create", "a", "--dry-run", "--json").json["dry_run"] is True
    assert at_home("keys", "list", "--json").json == []


def test_a_name_that_is_taken_is_refused_with_what_to_do(at_home):
    at_home("keys", "create", "a")
    for more in ((), ("--dry-run",)):
        ran = at_home("keys", "create", "a", *more)
        assert ran.status == 1
        assert "another name" in ran.err


def test_a_revoked_key_is_shown_as_such(at_home):
    at_home("keys", "create", "a")
    assert at_home("keys", "revoke", "a", "--dry-run", "--json").json["revoked_at"] is None
    assert at_home("keys", "revoke", "a", "--json").json["revoked_at"] is not None
    assert at_home("keys", "revoke", "b").status == 1


def test_an_account_takes_its_token_from_standard_input_and_never_shows_it(at_home):
    token = ("--token-file", "-")
    ran = at_home("accounts", "add", "brand-b", *token, "--limit", "messages=20", "--json", stdin="s3cret-token\n")
    assert ran.status == 0
    assert (ran.json["token_from"], ran.json["limits"]) == ("stored", {"messages": 20.0})
    listed = at_home("accounts", "list", "--json")
    assert [each["name"] for each in listed.json] == ["brand-b"]
    assert "s3cret-token" not in ran.out + ran.err + listed.out + at_home("accounts", "list").out


def test_the_token_of_the_environment_makes_the_account_default(at_home, home):
    assert at_home("accounts", "list", "--json").json == []
    home["BURGEE_ATTENTIVE_TOKEN"] = "s3cret-token"
    listed = at_home("accounts", "list", "--json")
    assert [(each["name"], each["base_url"]) for each in listed.json] == [("default", "https://api.attentivemobile.com")]
    assert "s3cret-token" not in listed.out
    home["BURGEE_ATTENTIVE_URL"] = "https://vendor.example.com"
    assert at_home("accounts", "list", "--json").json[0]["base_url"] == "https://vendor.example.com"


def test_an_account_that_a_person_took_over_does_not_follow_the_environment(at_home, home):
    at_home("accounts", "add", "default", "--token-from", "env:OTHER", "--url", "https://own.example.com")
    home["BURGEE_ATTENTIVE_TOKEN"] = "s3cret-token"
    assert at_home("accounts", "list", "--json").json[0]["base_url"] == "https://own.example.com"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--token-from", "env:A", "--token-file", "-"),
        ("--token-from", "here"),
        ("--token-from", "env:A", "--destination", "attentiv"),
        ("--token-from", "env:A", "--url", "ftp://x"),
        ("--token-from", "env:A", "--timezone", "Mars/Olympus"),
        ("--token-from", "env:A", "--timezone", "../../etc/passwd"),
        ("--token-from", "env:A", "--limit", "messages"),
        ("--token-from", "env:A", "--limit", "messages=0"),
        ("--token-from", "env:A", "--limit", "mesages=5"),
        ("--token-from", "env:A", "--limit", "messages=nan"),
        ("--token-file", "-"),
        ("--token-file", "/no/such/file"),
    ],
)
def test_an_account_that_could_not_send_is_wrong_usage(at_home, arguments):
    assert at_home("accounts", "add", "x", *arguments).status == 2
    assert at_home("accounts", "list", "--json").json == []


def test_a_dry_run_keeps_no_account(at_home):
    assert at_home("accounts", "add", "x", "--token-from", "env:A", "--dry-run").status == 0
    assert at_home("accounts", "list", "--json").json == []
