"""`burgee doctor`: what is missing is named with what to do."""

import pytest

from service.emulator import create_app
from service.emulator._serve import running


def states(ran):
    return {each["what"]: each["state"] for each in ran.json["checks"]}


def test_a_fresh_folder_lacks_an_account(at_home):
    ran = at_home("doctor", "--json")
    assert ran.status == 1
    assert states(ran)["database"] == "ok"
    assert states(ran)["accounts"] == "failed"
    assert states(ran)["template welcome"] == "warning"
    assert "BURGEE_ATTENTIVE_TOKEN" in at_home("doctor").out


def test_with_token_and_key_all_is_well(at_home, home):
    home["BURGEE_ATTENTIVE_TOKEN"] = "s3cret-token"
    at_home("keys", "create", "a")
    ran = at_home("doctor", "--json")
    assert ran.status == 0
    assert set(states(ran).values()) == {"ok"}
    assert "s3cret-token" not in ran.out


@pytest.mark.parametrize(("token", "state"), [("right", "ok"), ("wrong", "failed")])
def test_the_vendor_is_asked_who_we_are_and_no_message_is_sent(at_home, home, token, state):
    with running(create_app(["right"])) as vendor:
        home |= {"BURGEE_ATTENTIVE_TOKEN": token, "BURGEE_ATTENTIVE_URL": vendor.url}
        assert states(at_home("doctor", "--vendor", "--json"))["vendor of default"] == state
        assert [each.path for each in vendor.machine.ledger.entries()] == ["/v1/me"]


def test_a_vendor_that_is_not_there_is_named(at_home, home):
    home |= {"BURGEE_ATTENTIVE_TOKEN": "x", "BURGEE_ATTENTIVE_URL": "http://127.0.0.1:9"}
    assert states(at_home("doctor", "--vendor", "--json"))["vendor of default"] == "failed"


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("BURGEE_SENDERS", "many", "settings"),
        ("BURGEE_DATABASE_URL", "mysql://x", "settings"),
        ("BURGEE_DATABASE_URL", "sqlite:////proc/nothing/here.sqlite3", "database"),
    ],
)
def test_what_cannot_work_is_said_and_never_a_traceback(at_home, home, name, value, what):
    home[name] = value
    ran = at_home("doctor", "--json")
    assert ran.status == 1
    assert states(ran)[what] == "failed"
    assert "Traceback" not in ran.out + ran.err
