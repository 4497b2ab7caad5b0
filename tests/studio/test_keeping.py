"""What people keep in order: keys of flows, accounts, users, and the audit log of it all."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from service.model import Key, NewDelivery, Scope, Status
from service.parts import Parts
from service.store.circuits import OPENS_AFTER
from service.store.users import Role

Make = Callable[[str], Any]

NEW_ACCOUNT = {
    "name": "Harbor & Pine",
    "destination": "attentive",
    "base_url": "https://api.example.com/",
    "country": "us",
    "timezone": "America/Chicago",
    "brand_prefix": "Harbor & Pine: ",
    "limit": "20",
    "token_from": "stored",
    "token": "a-secret-token",
}


def _key(parts: Parts) -> Key:
    return parts.store.keys.create("LO production", [Scope.HOOKS])[0]


def test_connect_has_what_a_flow_needs_and_waits_for_its_first_call(browser: Make, deliver: Any) -> None:
    viewer = browser("viewer")
    text = viewer.see("/connect/hello")
    for said in ("Waiting for the first call", "https://burgee.example.com/v1/hooks/hello", "Authorization: Bearer bgk_",
                 "{{profile.keys.sms}}", "?dry_run=true", "No key may call this template yet"):  # fmt: skip
        assert said in text
    deliver()
    assert "Called now" in viewer.see("/connect/hello")
    assert "now" in viewer.see("/connect")


def test_a_template_that_is_not_there_names_the_nearest(browser: Make) -> None:
    answer = browser("viewer").get("/connect/helo")
    assert answer.status_code == 404
    assert "Did you mean hello?" in answer.get_data(as_text=True)


def test_a_key_is_shown_once_and_works(browser: Make, parts: Parts) -> None:
    publisher = browser("publisher")
    publisher.get("/connect")
    html = publisher.post("/connect/keys", {"name": "Cart goes quiet", "template": "hello"}).get_data(as_text=True)
    found = re.search(r"Bearer (bgk_[\w-]+)", html)
    assert found is not None
    key = parts.store.keys.verify(found.group(1))
    assert key is not None
    assert (key.name, key.templates, key.scopes) == ("Cart goes quiet", {"hello"}, {Scope.HOOKS, Scope.RENDER})
    assert found.group(1) not in publisher.get("/connect").get_data(as_text=True)
    assert found.group(1) not in publisher.get("/audit").get_data(as_text=True)
    assert "made a key for Cart goes quiet for hello" in publisher.see("/audit")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"name": ""}, 422),
        ({"name": "x" * 101}, 422),
        ({"name": "a", "template": "none"}, 422),
        ({"name": "LO production"}, 409),
    ],
)
def test_a_key_that_cannot_be_made_says_why(browser: Make, parts: Parts, data: dict[str, str], status: int) -> None:
    _key(parts)
    publisher = browser("publisher")
    assert publisher.post("/connect/keys", data).status_code == status
    assert len(parts.store.keys.list()) == 1


def test_a_key_is_revoked_after_saying_what_would_stop(browser: Make, parts: Parts) -> None:
    key, publisher = _key(parts), browser("publisher")
    assert "Within a second its calls get 401" in publisher.see(f"/connect/keys/{key.id}/revoke")
    assert publisher.post(f"/connect/keys/{key.id}/revoke").status_code == 303
    assert parts.store.keys.list()[0].revoked_at is not None
    assert "revoked" in publisher.see("/connect")
    assert publisher.get("/connect/keys/key_none/revoke").status_code == 404


def test_an_account_is_added_and_its_token_is_shown_nowhere(browser: Make, parts: Parts) -> None:
    admin = browser("admin")
    answer = admin.post("/accounts/new", NEW_ACCOUNT)
    assert answer.headers["Location"] == "/accounts/Harbor%20&%20Pine"
    kept = parts.store.accounts.get("Harbor & Pine")
    assert kept is not None
    assert (kept.country, kept.brand_prefix, kept.base_url) == ("US", "Harbor & Pine: ", "https://api.example.com")
    assert set(kept.limits.values()) == {20.0}
    assert parts.store.accounts.token("Harbor & Pine") == "a-secret-token"
    for path in ("/accounts", "/accounts/Harbor & Pine", "/audit"):
        assert "a-secret-token" not in admin.get(path).get_data(as_text=True)
    assert "added the account Harbor & Pine" in admin.see("/audit")


def test_changing_an_account_leaves_the_token_and_what_was_not_touched(browser: Make, parts: Parts) -> None:
    admin = browser("admin")
    admin.post("/accounts/new", NEW_ACCOUNT)
    changed = {**NEW_ACCOUNT, "timezone": "America/New_York", "token": ""}
    assert admin.post("/accounts/Harbor & Pine", changed).status_code == 303
    kept = parts.store.accounts.get("Harbor & Pine")
    assert kept is not None
    assert kept.timezone == "America/New_York"
    assert parts.store.accounts.token("Harbor & Pine") == "a-secret-token"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "a/b", "without /"),
        ("name", "default", "There is an account"),
        ("base_url", "ftp://x", "begins with https"),
        ("country", "USA", "Two letters"),
        ("timezone", "Mars/Olympus", "America/New_York"),
        ("limit", "-1", "above 0"),
        ("limit", "0", "above 0"),
        ("destination", "nobody", "Choose a destination"),
        ("token_from", "somewhere", "env:NAME"),
        ("token", "", "Paste the token"),
    ],
)
def test_a_bad_field_is_told_beside_it_and_nothing_is_kept(
    browser: Make, parts: Parts, field: str, value: str, said: str
) -> None:
    answer = browser("admin").post("/accounts/new", {**NEW_ACCOUNT, field: value})
    assert answer.status_code in (409, 422)
    assert said in answer.get_data(as_text=True)
    assert [each.name for each in parts.store.accounts.list()] == ["default"]


def test_an_account_that_does_not_answer_is_said_first(browser: Make, parts: Parts, deliver: Any) -> None:
    from service.store.buckets import Limit
    from service.store.queue import Done, Ending

    ids = [deliver(status="queued", rate_class="messages").id for _ in range(OPENS_AFTER + 2)]
    claim = parts.store.queue.claim(
        "wrk_1", {("default", "messages"): Limit(None)}, OPENS_AFTER, lease_s=30, check=lambda *_: None
    )
    ending = Ending(status=Status.RETRYING, outcome="retry", reason="The vendor could not take it (503).", due_in_s=60)
    parts.store.queue.complete([Done(job=each, ending=ending, status_code=503, healthy=False) for each in claim.jobs])
    text = browser("viewer").see("/")
    assert "One account is not answering. Nothing is lost." in text
    assert "Attentive does not answer for default" in text
    assert "10 failures in a row, the last a 503, so we stopped asking. The next try is in" in text
    assert f"{len(ids)} wait" in text
    assert "open" in browser("author").see("/accounts")


def test_a_user_is_added_by_a_link_that_is_shown_once(browser: Make, visitor: Any, parts: Parts) -> None:
    admin = browser("admin")
    admin.get("/users")
    html = admin.post("/users", {"login": "lena", "name": "Lena", "role": "author"}).get_data(as_text=True)
    link = re.search(r"https://burgee\.example\.com(/invitation/[\w-]+)", html)
    assert link is not None
    assert visitor.get(link.group(1)).status_code == 200
    again = admin.see("/users")
    assert "invited" in again
    assert "/invitation/" not in again
    assert admin.post("/users", {"login": "no login", "role": "author"}).status_code == 422
    assert admin.post("/users", {"login": "x", "role": "king"}).status_code == 422


def test_roles_change_and_users_go_and_the_log_says_who_did_it(
    browser: Make, user: Callable[..., str], parts: Parts
) -> None:
    admin, author = browser("admin"), user("author")
    assert admin.post(f"/users/{author}/role", {"role": "publisher"}).status_code == 303
    assert {each.login: each.role for each in parts.store.users.list()}[author] is Role.PUBLISHER
    assert f"Remove {'Author'}" in admin.see(f"/users/{author}/remove")
    assert admin.post(f"/users/{author}/remove").status_code == 303
    text = admin.see("/audit?who=admin@example.com")
    assert f"removed {author}" in text
    assert f"changed the role of {author} from author to publisher" in text
    assert "a test made a link for" not in text  # what others did


def test_templates_show_their_health_and_are_searched(browser: Make, deliver: Any) -> None:
    for status in ("accepted", "accepted", "failed", "suppressed", "unknown"):
        deliver(status=status)
    viewer = browser("viewer")
    text = viewer.see("/templates")
    for said in ("hello", "v1 live", "2 fine", "1 stopped", "1 wrong", "1 unknown"):
        assert said in text
    assert "Nothing matches. 1 template is outside this search." in viewer.see("/templates?q=zzz")
    assert "2 fine" in viewer.see("/templates?q=HEL+attentive")


def test_many_lines_of_the_audit_log_come_in_pages(browser: Make, parts: Parts) -> None:
    for number in range(60):
        parts.store.audit.add("sam", "key.create", f"flow {number}")
    admin = browser("admin")
    html = admin.get("/audit").get_data(as_text=True)
    older = re.search(r'href="(/audit\?cursor=[^"]+)"', html)
    assert older is not None
    assert "flow 0" in admin.see(older.group(1))


def test_a_payload_without_a_template_is_shown_as_one(browser: Make, deliver: Callable[..., Any]) -> None:
    kept: NewDelivery = deliver(template=None, target="attentive.messages.send", version=None)
    text = browser("publisher").see(f"/deliveries/{kept.id}")
    assert "Payload received" in text
    assert "attentive.messages.send to +1 202 555 0143" in text
