"""`burgee accounts check`: whose token it is and what it may do, and nothing sent or changed. S1-4, S1-5, S3-3, S4-4."""

import json

import pytest

from service.actions import Actions
from service.destinations import attentive
from service.emulator import create_app
from service.emulator._serve import running
from service.settings import packaged

TOKEN = "tok-5ecret-value"
EVERYTHING = (
    *("messages:write", "subscriptions:read", "subscriptions:write", "events:write"),
    *("ecommerce:write", "attributes:write", "identity:write", "webhooks:write", "segments:read", "segments:write"),
    *("privacy_requests:read", "privacy_requests:write"),
)
UNTRIED = {"Legacy messages", "Privacy (write)"}


@pytest.fixture
def vendor():
    with running(create_app({TOKEN: EVERYTHING, "tok-events": ["events:write"]}, mode="strict")) as it:
        yield it


@pytest.fixture
def add(at_home, vendor, tmp_path):
    """Adds an account at the pretend vendor; the token comes from a file."""

    def run(name, token=TOKEN, *more):
        (tmp_path / name).write_text(f"{token}\n")
        return at_home("accounts", "add", name, "--url", vendor.url, "--token-file", tmp_path / name, *more)

    return run


def has(checked):
    return {each["name"]: each["has"] for each in checked["permissions"]}


def test_it_says_which_company_and_app_the_token_belongs_to(at_home, add):
    """S3-3."""
    add("shop")
    ran = at_home("accounts", "check", "shop")
    assert ran.status == 0
    assert "The token belongs to Example Shop (CO-1), application Burgee." in ran.out
    (checked,) = at_home("accounts", "check", "--json").json
    assert checked["owner"] == {"company": "Example Shop", "company_id": "CO-1", "application": "Burgee"}
    assert {name for name, word in has(checked).items() if word == "untried"} == UNTRIED
    assert {word for name, word in has(checked).items() if name not in UNTRIED} == {"yes"}


def test_what_only_a_call_with_an_effect_could_tell_is_not_tried_and_said_so(at_home, add):
    add("shop")
    ran = at_home("accounts", "check", "shop")
    assert "untried  Privacy (write)      The only call that needs it erases people, so it is left alone." in ran.out
    assert "yes      Privacy (read)       GET /v1/privacy/delete-request/none: Only its content" in ran.out
    assert "yes      Webhooks             GET /v1/webhooks: It was answered (200), so it is permitted." in ran.out
    assert ran.status == 0


def test_every_action_but_those_that_need_no_permission_belongs_to_one_that_is_looked_at():
    """S1-4: one that is refused with 403 can name its permission."""
    actions = Actions.load(packaged("schemas"))
    without = {name for name in actions if not any(probe.covers(name) for probe in attentive.PROBES)}
    assert without == {"attentive.me", "attentive.bulk.job"}
    for probe in attentive.PROBES:
        scopes = {action.scope for name, action in actions.items() if probe.covers(name)}
        assert probe.scope in scopes, probe.permission


def test_a_later_step_of_a_plan_needs_its_permission_too(at_home, add):
    add("default", "tok-events")
    checked = at_home("accounts", "check", "default", "--json").json[0]
    (subscribers,) = [each for each in checked["permissions"] if each["name"] == "Subscribers (write)"]
    assert "subscribe-at-checkout" in subscribers["needed_by"]


def test_a_missing_permission_is_named_with_the_templates_that_need_it(at_home, add):
    """S1-4, S4-4."""
    add("default", "tok-events")
    ran = at_home("accounts", "check")
    assert ran.status == 1
    assert "no       Messages             POST /v1/text/send: It was refused for want of the permission (403)." in ran.out
    assert "Needed by abandoned-cart, " in ran.out
    checked = at_home("accounts", "check", "default", "--json").json[0]
    assert [name for name, word in has(checked).items() if word == "yes"] == ["Custom Events"]
    assert (checked["works"], checked["ok"]) == (True, False)


def test_a_permission_that_nothing_live_needs_may_be_missing(at_home, add):
    """S1-2: an app for each integration has few permissions."""
    add("events-only", "tok-events")
    assert at_home("accounts", "check", "events-only").status == 0


def test_nothing_is_sent_and_nothing_changes(at_home, add, vendor):
    add("shop")
    at_home("accounts", "check")
    calls = vendor.machine.ledger.entries()
    assert [json.loads(each.raw or b"{}") for each in calls] == [{}] * len(calls)
    taken = {(each.method, each.path) for each in calls if (each.status or 0) < 300}
    assert taken == {("GET", "/v1/me"), ("GET", "/v1/webhooks"), ("GET", "/v2/segments")}
    assert not vendor.machine.phones.latest_first()
    state = vendor.machine.state
    assert not (state.subscribed or state.unsubscribed or len(state.people) or state.event_ids or state.names)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"status": 401}, "does not know the account's token"),
        ({"status": 503}, "(503)"),
        ({"drop": True}, "no answer"),
        ({"status": 302, "headers": {"Location": "https://example.com/"}}, "another address"),
    ],
)
def test_an_account_that_does_not_work_says_why_and_no_permission_is_tried(at_home, add, vendor, fault, said):
    add("shop")
    vendor.machine.faults.add({"path": "/v1/me", **fault})
    ran = at_home("accounts", "check")
    assert ran.status == 1
    assert said in ran.out
    assert "base URL" in ran.out
    assert len(vendor.machine.ledger.entries()) == 1


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429}, {"status": 404}, {"drop": True}])
def test_what_cannot_be_told_is_unknown_and_no_failure(at_home, add, vendor, fault):
    add("default")
    vendor.machine.faults.add({"path": "/v1/text/send", **fault})
    ran = at_home("accounts", "check", "--json")
    assert ran.status == 0
    assert has(ran.json[0])["Messages"] == "unknown"


def test_a_vendor_out_of_reach_is_said_plainly(at_home, tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    at_home("accounts", "add", "shop", "--url", "http://127.0.0.1:9", "--token-file", tmp_path / "token")
    ran = at_home("accounts", "check")
    assert ran.status == 1
    assert "could not be reached" in ran.out


def test_several_accounts_stand_side_by_side_each_with_its_own_token_address_and_limits(at_home, add):
    """S1-2, S1-6."""
    add("shop-us", TOKEN, "--limit", "messages=20")
    add("shop-ca", "tok-events", "--country", "CA", "--timezone", "America/Toronto", "--brand-prefix", "Shop CA: ")
    listed = {each["name"]: each for each in at_home("accounts", "list", "--json").json}
    assert (listed["shop-us"]["limits"], listed["shop-ca"]["limits"]) == ({"messages": 20.0}, {})
    assert (listed["shop-ca"]["country"], listed["shop-ca"]["brand_prefix"]) == ("CA", "Shop CA: ")
    checked = {each["account"]: has(each) for each in at_home("accounts", "check", "--json").json}
    assert (checked["shop-us"]["Messages"], checked["shop-ca"]["Messages"]) == ("yes", "no")


def test_the_token_is_never_shown(at_home, add, vendor):
    """S1-5: also where the vendor repeats it."""
    add("shop")
    vendor.machine.faults.add({"path": "/v1/me", "status": 400, "body": {"message": f"bad token {TOKEN}"}})
    ran = at_home("accounts", "check")
    assert "bad token" in ran.out
    assert TOKEN not in ran.out + ran.err + at_home("accounts", "check", "--json").out


def test_an_account_that_is_not_there_is_named_with_the_nearest(at_home, add):
    add("shop")
    ran = at_home("accounts", "check", "shp")
    assert ran.status == 1
    assert "Did you mean 'shop'?" in ran.err


def test_without_accounts_it_fails_and_says_what_to_do(at_home):
    ran = at_home("accounts", "check")
    assert (ran.status, "burgee accounts add" in ran.err) == (1, True)
