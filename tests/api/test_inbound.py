"""Where vendors call: their signature in place of a key, and an answer that helps nobody to forge one."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from service.inbound.sailthru import signature
from service.model import Account

SECRET, API_KEY = "example-signing-key", "example-api-key"
EVENT = {"type": "sms.unsubscribed", "timestamp": 1767225600000, "subscriber": {"phone": "+12025550143"}}
BODY = json.dumps(EVENT).encode()
SIGNED = {"x-attentive-hmac-sha256": hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()}
OFFER = {"to": "+12025550143", "name": "Ada"}


@pytest.fixture
def vendor(caller, parts):
    """A caller without a key; the accounts `default` (Attentive) and `mail` (Sailthru) hear."""
    parts.store.accounts.hear("default", "stored", SECRET)
    place = Account(name="mail", destination="sailthru", base_url="https://api.example.com", token_from="stored")
    parts.store.accounts.put(place, API_KEY)
    parts.store.accounts.hear("mail", "stored", SECRET, for_all=True)
    return caller()


def test_a_signed_event_is_kept_and_listed_in_words(vendor, admin):  # S0-17
    answer = vendor.post("/v1/inbound/attentive/default", data=BODY, headers=SIGNED)
    assert (answer.status_code, answer.json["repeated"]) == (200, False)
    [event] = admin.get("/v1/inbound").json["data"]
    assert (event["id"], event["kind"], event["who"]) == (answer.json["id"], "sms.unsubscribed", "+1 ••• ••• 0143")
    assert event["said"].startswith("Somebody opted out")
    again = vendor.post("/v1/inbound/attentive/default", data=BODY, headers=SIGNED)
    assert (again.status_code, again.json) == (200, {"id": None, "repeated": True})
    assert len(admin.get("/v1/inbound").json["data"]) == 1


@pytest.mark.parametrize("path", ["attentive/default", "attentive/nobody", "sailthru/mail", "nobody/default"])
@pytest.mark.parametrize("headers", [{}, {"x-attentive-hmac-sha256": "0" * 64}])
def test_what_is_not_signed_is_a_403_always_in_the_same_words(vendor, admin, path, headers):
    answer = vendor.post(f"/v1/inbound/{path}", data=BODY, headers=headers)
    assert answer.status_code == 403
    assert answer.json["detail"] == "This call is not signed as it should be. Nothing of it was kept."
    assert (answer.json["hint"], answer.json["problems"]) == (None, [])
    assert admin.get("/v1/inbound").json["data"] == []


def test_a_key_of_ours_is_no_signature(admin):
    assert admin.post("/v1/inbound/attentive/default", data=BODY).status_code == 403


def test_a_postback_is_a_form_with_key_and_signature(vendor, admin):
    form = {"email": "ada@example.com", "mode": "all", "optout": "1", "action": "optout", "api_key": API_KEY}
    signed = {**form, "sig": signature(SECRET, list(form.values()))}
    answer = vendor.post("/v1/inbound/sailthru/mail", data=signed)
    assert answer.status_code == 200
    [kept] = admin.get("/v1/suppressions").json["data"]
    assert (kept["who"], kept["account"], kept["type"], kept["source"]) == ("ada@example.com", None, "ALL", "postback")


def test_whoever_asks_why_somebody_got_nothing_finds_it(vendor, caller):
    vendor.post("/v1/inbound/attentive/default", data=BODY, headers=SIGNED)
    found = caller("read").post("/v1/suppressions:search", json={"who": "+1 (202) 555-0143"}).json["data"]
    assert sorted(each["said"] for each in found) == [
        "Opted out of marketing texts on 1 January 2026 at Attentive.",
        "Opted out of transactional texts on 1 January 2026 at Attentive.",
    ]
    assert caller("read").post("/v1/suppressions:search", json={"who": "+12025550144"}).json["data"] == []


def test_a_person_may_suppress_somebody_and_end_it(admin, caller):
    made = admin.post("/v1/suppressions", json={"who": "Ada@Example.com", "reason": "as she asked on the phone"})
    assert made.status_code == 201
    assert made.json["said"].endswith("as she asked on the phone.")
    assert caller("read")("DELETE", f"/v1/suppressions/{made.json['id']}").status_code == 403
    assert admin("DELETE", f"/v1/suppressions/{made.json['id']}").json["until"] is not None
    assert admin.get("/v1/suppressions").json["data"] == []
    assert len(admin.get("/v1/suppressions?ended=true").json["data"]) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"who": "555"}, 400),
        ({"who": "2025550143"}, 400),
        ({}, 422),
        ({"who": "+12025550143", "type": "SOME"}, 422),
        ({"who": "+12025550143", "until": "2026-02-31T00:00:00Z"}, 422),
        ({"who": "+12025550143", "account": "defalt"}, 404),
    ],
)
def test_a_suppression_of_nobody_is_refused(admin, body, status):
    assert admin.post("/v1/suppressions", json=body).status_code == status
    assert admin.get("/v1/suppressions").json["data"] == []


def test_a_suppression_that_is_not_there_is_a_404(admin):
    assert admin("DELETE", "/v1/suppressions/sup_01kabcdefghjkmnpqrstvwxyz0").status_code == 404


def test_no_log_line_has_the_person_or_a_secret(vendor, capsys):
    vendor.post("/v1/inbound/attentive/default", data=BODY, headers=SIGNED)
    vendor.post("/v1/inbound/attentive/default", data=BODY, headers={"x-attentive-hmac-sha256": "f0f0"})
    said = "".join(capsys.readouterr())
    assert "inbound event" in said
    assert "the signature is not right" in said
    assert not any(each in said for each in ("2025550143", SECRET, "f0f0", SIGNED["x-attentive-hmac-sha256"]))
