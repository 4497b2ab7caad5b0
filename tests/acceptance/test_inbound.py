"""What the vendor tells us, with real processes on both sides: nobody who opted out is texted, and no forger is believed."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
import requests

from tests.acceptance.harness import Stack, until

pytestmark = pytest.mark.timeout(120)

PHONE = "+12025550143"
ADA = {"to": PHONE, "name": "Ada"}
SECRET = "acceptance-signing-key"


@pytest.fixture
def stack(make_stack) -> Stack:
    """Everything running, and an account that hears a vendor who tells it of everything."""
    stack: Stack = make_stack(BURGEE_READ_TIMEOUT="1.5", SIGNING=SECRET)
    stack.emulator()
    stack.web()
    stack.worker()
    stack.key()
    stack.burgee("accounts", "hear", "default", "--secret-from", "env:SIGNING")
    control(stack, "webhooks", url=f"{stack.url}/v1/inbound/attentive/default", key=SECRET)
    return stack


def control(stack: Stack, what: str, **said: object) -> None:
    requests.post(f"{stack.vendor}/_emulator/{what}", json=said, timeout=5).raise_for_status()


def told(stack: Stack) -> list[dict]:
    return list(stack.session.get(f"{stack.url}/v1/inbound", timeout=5).json()["data"])


def suppressed(stack: Stack) -> list[dict]:
    asked = stack.session.post(f"{stack.url}/v1/suppressions:search", json={"who": PHONE}, timeout=5)
    return list(asked.json()["data"])


def test_whoever_replies_stop_gets_no_text_more_whatever_a_forger_says(stack):  # S0-17, S2-14
    body = json.dumps({"type": "sms.unsubscribed", "timestamp": 1, "subscriber": {"phone": PHONE}}).encode()
    forged = {"x-attentive-hmac-sha256": hmac.new(b"another key", body, hashlib.sha256).hexdigest()}
    for headers in (forged, {}):
        address = f"{stack.url}/v1/inbound/attentive/default"
        assert requests.post(address, data=body, headers=headers, timeout=5).status_code == 403
    assert (told(stack), suppressed(stack)) == ([], [])
    assert stack.settled(stack.hook("offer", ADA).json()["id"])["status"] == "accepted"

    control(stack, "people", type="sms.inbound_message", phone=PHONE, text="STOP")
    until(lambda: len(suppressed(stack)) == 2, what="an opt-out of both types")
    for template in ("offer", "receipt"):
        found = stack.settled(stack.hook(template, ADA).json()["id"])
        assert found["status"] == "suppressed"
        assert found["reason"].startswith("Opted out of ")
        assert found["reason"].endswith(" by replying STOP.")
        assert found["attempts"] == []
    assert len(stack.arrived()) == 1

    control(stack, "people", type="sms.subscribed", phone=PHONE)
    until(lambda: [each["type"] for each in suppressed(stack)] == ["TRANSACTIONAL"], what="a subscription to marketing")
    assert stack.settled(stack.hook("offer", ADA).json()["id"])["status"] == "accepted"
    logs = b"".join(path.read_bytes() for path in stack.folder.glob("*.log"))
    assert b"inbound event" in logs
    assert not any(each in logs for each in (b"2025550143", SECRET.encode()))


def test_what_the_vendor_sent_settles_what_we_were_unsure_of_once(stack):
    stack.fault(hang=True, times=1)  # the vendor takes it, sends the text, and never answers
    first = stack.hook("offer", ADA).json()["id"]
    found = until(lambda: (it := stack.delivery(first))["status"] == "accepted" and it, what="the vendor's word")
    assert found["reason"] == "The vendor told us that it was sent."
    assert [each["outcome"] for each in found["attempts"]] == ["unknown"]

    control(stack, "webhooks/hold")
    stack.fault(hang=True, times=1)
    late = stack.hook("offer", {**ADA, "name": "Bob"}).json()["id"]
    assert stack.settled(late)["status"] == "unknown"
    control(stack, "webhooks/release")
    until(lambda: stack.delivery(late)["status"] == "accepted", what="the vendor's word, late")

    control(stack, "webhooks/resend")
    until(lambda: all(each["state"] == "delivered" for each in posts(stack)), what="every event told again")
    assert {each["delivery"] for each in told(stack) if each["kind"] == "sms.sent"} == {first, late}
    assert len(told(stack)) == len(posts(stack))
    assert len(stack.arrived()) == 2


def posts(stack: Stack) -> list[dict]:
    return list(requests.get(f"{stack.vendor}/_emulator/webhooks", timeout=5).json()["posts"])
