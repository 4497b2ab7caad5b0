"""Every use case of the starter templates, from a flow's call to the vendor's log: hook, worker and emulator, all real."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests

from service.authoring import folder
from service.settings import packaged
from tests.acceptance.harness import BIN, ROOT, Stack, until

pytestmark = pytest.mark.timeout(120)

STARTER = folder.read(packaged("templates"))
SAMPLES = [(template.name, name) for template in STARTER.templates for name in template.samples]
LINUS = "+12025550145"


class Shop(Stack):
    """Everything running with the starter templates, and a vendor that keeps nothing in silence."""

    def _templates(self) -> Path:
        return packaged("templates")

    def told(self, template: str, context: dict[str, Any], *, once: str | None = None) -> dict[str, Any]:
        """The delivery of one call of a flow, once nothing more happens to it."""
        headers = {"Prefer": "wait=20"} | ({"Idempotency-Key": once} if once else {})
        return self.settled(self.hook(template, context, headers=headers).json()["id"])

    def did(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The delivery of a ready payload."""
        url = f"{self.url}/v1/actions/{action}"
        answer = self.session.post(url, json=payload, headers={"Prefer": "wait=20"}, timeout=30)
        return self.settled(answer.json()["id"])

    def seen(self, delivery: dict[str, Any]) -> list[dict[str, Any]]:
        """What reached the vendor of a delivery."""
        found = requests.get(f"{self.vendor}/_emulator/requests", params={"request_id": delivery["id"]}, timeout=10).json()
        return list(found["requests"])


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    place = tmp_path_factory.mktemp("shop")
    stack = Shop(place, f"sqlite:///{place / 'burgee.sqlite3'}", BURGEE_EMULATOR_MODE="strict")
    try:
        stack.emulator()
        stack.web()
        stack.worker()
        stack.key()
        yield stack
    finally:
        stack.stop()


def sample(template: str, name: str = "ada", **profile: Any) -> dict[str, Any]:
    """The context of a sample as if it happened now: what is older than 12 hours starts no journey."""
    context = fresh(STARTER.get_or_raise(template).samples[name]["context"])
    return {**context, "profile": {**context["profile"], **profile}}


def fresh(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: int(time.time()) if name == "time" else fresh(each) for name, each in value.items()}
    return [fresh(each) for each in value] if isinstance(value, list) else value


def answer(delivery: dict[str, Any]) -> Any:
    """What the vendor answered, as it is kept with the delivery."""
    return json.loads(delivery["attempts"][-1]["body"])


@pytest.mark.parametrize(("template", "name"), SAMPLES)
def test_every_sample_reaches_the_vendor_as_promised_or_is_kept_back_with_its_reason(shop, template, name):
    """S1-1, S1-8, S2-1, S3-1, S3-9, S3-11, S3-12, S3-13, S3-15: what is written beside the sample is what arrives."""
    made = STARTER.get_or_raise(template)
    expected = made.samples[name]["expected"]
    delivery = shop.told(template, sample(template, name), once=f"{template} {name}")
    if made.step is not None:  # of a plan the first step: later ones follow the vendor's answers, not those of the sample
        expected = expected[made.step]
    if "outcome" in expected:
        assert (delivery["status"], delivery["reason"]) == (expected["outcome"], expected["reason"])
        assert shop.seen(delivery) == []
        return
    assert (delivery["status"], len(delivery["attempts"])) == ("accepted", 1)
    [call] = shop.seen(delivery)
    arrived = dict(parse_qsl(call["query"])) if call["method"] == "GET" else call["body"]
    for each in (arrived, expected := dict(expected)):
        each.pop("occurredAt", None)
    assert arrived == expected
    assert call["notes"] == []


def test_a_purchase_of_19_99_arrives_as_19_99(shop):
    """S3-9, S3-10."""
    [call] = shop.seen(shop.told("purchase", sample("purchase")))
    assert '"value":19.99' in call["raw"]
    assert call["body"]["items"][0]["price"] == [{"value": 19.99, "currency": "USD"}]


def test_a_phone_captured_at_the_checkout_is_subscribed_and_the_answer_is_kept(shop):
    """S1-31, S2-12, S2-17, S2-18, S3-13."""
    profile = {"email": "grace.hopper@example.com", "keys": {"sms": "202-555-0146"}}
    nobody_yet(shop, {"phone": "+12025550146"}, {"email": "grace.hopper@example.com"})
    asked = shop.told("subscribe-at-checkout", sample("subscribe-at-checkout", "grace", **profile), once="checkout 1")
    delivery = shop.settled(asked["steps"][1]["delivery"])
    assert [
        (each["subscription"], each["subscriptionCreationStatus"]) for each in answer(delivery)["subscriptionResponses"]
    ] == [
        ({"type": "MARKETING", "channel": "TEXT"}, "NEWLY_CREATED"),
        ({"type": "MARKETING", "channel": "EMAIL"}, "NEWLY_CREATED"),
    ]


def test_who_is_subscribed_already_is_left_alone_and_the_plan_says_why(shop):
    """S2-18."""
    profile = {"email": "", "keys": {"sms": "202-555-0148"}}
    nobody_yet(shop, {"phone": "+12025550148"})
    context = sample("subscribe-at-checkout", "grace", **profile)
    assert shop.told("subscribe-at-checkout", context, once="checkout 2")["story"] == "All 2 steps were accepted."
    question = {"phone": "+12025550148"}
    until(lambda: eligible_for_texts(answer(shop.did("attentive.subscriptions.eligibility", question))), what="a sign-up")
    again = shop.told("subscribe-at-checkout", context, once="checkout 3")
    assert [each["status"] for each in again["steps"]] == ["accepted", "suppressed"]
    assert "The person is subscribed already." in again["story"]


def nobody_yet(shop: Shop, *contacts: dict[str, str]) -> None:
    """To the pretend vendor everybody is subscribed who has not left."""
    for contact in contacts:
        pair = {"type": "MARKETING", "channel": "TEXT" if "phone" in contact else "EMAIL"}
        left = shop.did("attentive.subscriptions.unsubscribe", {"user": contact, "subscriptions": [pair]})
        assert left["status"] == "accepted"


def eligible_for_texts(told: Any) -> bool:
    return any(
        each["eligibility"]["isEligible"]
        for each in told["subscriptionEligibilities"]
        if each["subscription"] == {"type": "MARKETING", "channel": "TEXT"}
    )


def test_an_event_of_a_shopify_customer_is_told_after_the_customer_was_tied_to_a_number_of_ours(shop):
    """S3-8."""
    tied = shop.told("gift-card-bought", sample("gift-card-bought"), once="gift card")
    assert [(each["step"], each["status"]) for each in tied["steps"]] == [("identity", "accepted"), ("event", "accepted")]
    [call] = shop.seen(shop.settled(tied["steps"][1]["delivery"]))
    assert call["body"]["type"] == "Gift card bought"


def test_who_is_unsubscribed_is_not_eligible_and_gets_no_loyalty_text(shop):
    """S2-13, S2-14, S2-15, S2-19, S2-20."""
    assert shop.told("unsubscribe", sample("unsubscribe", "linus"))["status"] == "accepted"
    eligible = answer(shop.told("eligibility", sample("eligibility", keys={"sms": LINUS}, email="")))
    texts = {
        each["subscription"]["type"]: each["eligibility"]["isEligible"] for each in eligible["subscriptionEligibilities"]
    }
    assert texts == {"MARKETING": False, "TRANSACTIONAL": True}
    text = shop.told("points-earned", sample("points-earned", keys={"sms": LINUS}), once="linus earns")
    assert text["status"] == "suppressed"
    assert text["reason"].startswith("Opted out of marketing texts on ")
    assert shop.seen(text) == []


def test_attributes_can_be_read_back(shop):
    """S3-15."""
    assert shop.told("custom-attributes", sample("custom-attributes"))["status"] == "accepted"
    found = answer(shop.did("attentive.attributes.get", {"phone": "+12025550143"}))
    assert {each["name"]: each["value"] for each in found} == {
        "Loyalty tier": "silver",
        "Birthday": "1990-04-17",
        "Estimated lifetime value": 412.75,
    }


def test_a_person_known_to_the_shop_only_is_tied_to_a_phone_and_then_found_by_the_number(shop):
    """S3-8, S4-5."""
    tied = shop.told("identity", sample("identity", email="", keys={"extid": "cust-900", "sms": "+12025550147"}))
    assert tied["payload"]["clientUserId"] == "cust-900"
    event = shop.told("wishlist", sample("wishlist", email="", keys={"extid": "cust-900"}), once="wish of 900")
    assert event["payload"]["user"] == {"externalIdentifiers": {"clientUserId": "cust-900"}}
    assert (tied["status"], event["status"]) == ("accepted", "accepted")


def test_a_text_with_a_picture_is_an_mms(shop):
    """S1-1, S1-28."""
    [call] = shop.seen(shop.told("recommendation", sample("recommendation", "kettle"), once="mms"))
    assert call["body"]["mediaUrl"] == "https://img.example.com/k-l.jpg"
    assert call["phone"]


def test_the_same_event_told_twice_is_sent_once(shop):
    """The event's own id is the key, so a flow that tries again does no harm."""
    context = sample("reward-redeemed")
    context["event"]["id"] = "reward 77"
    first, second = (shop.hook("reward-redeemed", context).json()["id"] for _ in range(2))
    assert first == second
    assert len(shop.seen(shop.settled(first))) == 1


def test_an_event_older_than_12_hours_is_what_the_vendor_would_lose_in_silence(shop):
    """S4-13: the pretend vendor says it aloud, in strict mode."""
    context = STARTER.get_or_raise("product-view").samples["ada"]["context"]
    delivery = shop.told("product-view", context, once="long ago")
    assert delivery["status"] == "refused"
    assert "older than 12 hours" in delivery["attempts"][0]["body"]


@pytest.mark.parametrize("page", ["get-started-with-attentive", "text-loyalty-members"])
def test_every_call_of_the_guides_does_what_the_guide_says(shop, page):
    """S2-12 to S2-15, S3-20: each is tried as it stands there."""
    text = (ROOT / "docs" / "how-to" / f"{page}.md").read_text().replace("'$(date +%s)'", str(int(time.time())))
    calls = re.findall(r"^\$ tell (\S+) '(.*?)'$", text, re.MULTILINE | re.DOTALL)
    assert len(calls) >= 4
    for path, body in calls:
        answer = shop.session.post(f"{shop.url}/v1/{path}", data=body, headers={"Prefer": "wait=20"}, timeout=30)
        assert (path, shop.settled(answer.json()["id"])["status"]) == (path, "accepted")


def test_the_command_line_shows_what_the_vendor_answered(shop):
    """S2-19."""
    delivery = shop.told("eligibility", sample("eligibility"))
    command = [BIN / "burgee", "deliveries", "show", delivery["id"]]
    shown = subprocess.run(command, env=shop.environment, capture_output=True, text=True, timeout=60, check=True).stdout
    assert '"eligibility": {"isEligible": true}' in shown
