"""Pages of confirmation: each API's calls in words, with the journeys they would start; and what is known of a person."""

from __future__ import annotations

import re
from typing import Any

import pytest

PHONE = "+12025550143"
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
ITEM = {"productId": "TEA-7", "productVariantId": "TEA-7-S", "name": "Tea tin", "price": [{"value": 19.99}], "quantity": 1}
USER = {"phone": PHONE, "email": "ada@example.com"}
PAGES = ("ecommerce", "custom-events", "subscribers", "attributes", "webhooks")


def page(emulator: Any, path: str) -> str:
    """The words of a page."""
    answer = emulator.client.get(path)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())


def purchase(emulator: Any, **more: Any) -> None:
    body = {"items": [ITEM], "user": USER, "orderId": "8817", **more}
    assert emulator.call("POST", "/v1/events/ecommerce/purchase", body).status_code == 200


def test_a_purchase_is_confirmed_with_its_price_and_the_journey_it_would_start(emulator: Any) -> None:
    """S3-19, S3-20"""
    purchase(emulator)
    shown = page(emulator, "/confirm/ecommerce")
    assert "19.99 USD × 1" in shown
    assert "Starts the journeys whose trigger is “Made a purchase”" in shown
    assert "A purchase arrived, with its price as you know it : seen" in shown
    assert "Something went into a cart : not seen yet" in shown


def test_an_old_event_starts_no_journey_and_the_page_says_why(emulator: Any) -> None:
    purchase(emulator, occurredAt="2026-01-01T09:15:00Z")
    assert "Starts no journey. It is older than 12 hours." in page(emulator, "/confirm/ecommerce")


def test_an_event_of_somebody_who_is_not_subscribed_is_kept_and_starts_no_text(make: Any) -> None:
    """S3-6"""
    emulator = make(everybody_subscribed=False)
    purchase(emulator)
    assert "Not subscribed to texts. The event is kept" in page(emulator, "/confirm/ecommerce")


def test_a_custom_event_that_came_before_starts_nothing_again(emulator: Any) -> None:
    event = {"type": "Parcel handed over", "user": USER, "externalEventId": "e-1", "properties": {"carrier": "Northline"}}
    for _ in range(2):
        emulator.call("POST", "/v1/events/custom", event)
    shown = page(emulator, "/confirm/custom-events")
    assert "Starts the journeys whose trigger is “Parcel handed over”." in shown
    assert "An event with the same id came before." in shown
    assert "carrier Northline" in shown


def test_the_page_of_subscribers_tells_new_from_known(emulator: Any) -> None:
    emulator.call("GET", "/v1/subscriptions?phone=%2B12025550143")
    for _ in range(2):
        emulator.call("POST", "/v1/subscriptions", {"user": {"phone": PHONE}, "signUpSourceId": "900100"})
    shown = page(emulator, "/confirm/subscribers")
    assert "Somebody was newly subscribed : seen" in shown
    assert "Was subscribed already, so a text said that." in shown


def test_the_page_of_attributes_shows_what_a_segment_could_be_built_on(emulator: Any) -> None:
    for number, tier in ((PHONE, "silver"), ("+12025550144", "silver"), ("+12025550145", "gold")):
        emulator.call("POST", "/v1/attributes/custom", {"user": {"phone": number}, "properties": {"Loyalty tier": tier}})
    assert "In the segment builder Loyalty tier silver (2), gold (1)" in page(emulator, "/confirm/attributes")


def test_what_was_refused_stands_on_the_page_of_its_api(emulator: Any) -> None:
    emulator.call("POST", "/v1/events/ecommerce/purchase", {"items": [], "user": USER})
    assert "Refused, 400" in page(emulator, "/confirm/ecommerce")
    assert "Refused" not in page(emulator, "/confirm/attributes")


def test_a_phone_shows_what_is_known_of_its_owner(emulator: Any) -> None:
    emulator.call("POST", "/v1/identity-resolution/user-identifiers", {**USER, "clientUserId": "cust-551"})
    emulator.call("POST", "/v1/attributes/custom", {"user": USER, "properties": {"Loyalty tier": "silver"}})
    emulator.send()
    shown = page(emulator, "/")
    for words in ("What Attentive knows", "Customer cust-551", "Loyalty tier silver", "TEXT Marketing yes"):
        assert words in shown


def test_somebody_without_a_text_has_a_page_too(emulator: Any) -> None:
    purchase(emulator)
    (path,) = set(re.findall(r"/phone/[0-9a-f]+", emulator.client.get("/").text))
    shown = page(emulator, path)
    assert "No text yet" in shown
    assert "Made a purchase" in shown


@pytest.mark.parametrize("path", ["/", *(f"/confirm/{each}" for each in PAGES)])
def test_no_contact_stands_in_a_page_or_a_link(emulator: Any, path: str) -> None:
    purchase(emulator)
    emulator.call("POST", "/v1/attributes/custom", {"user": USER, "properties": {"tier": "silver"}})
    text = emulator.client.get(path).text
    assert PHONE not in text
    assert "2025550143" not in text
    assert "ada@" not in text


@pytest.mark.parametrize("path", ["/", *(f"/confirm/{each}" for each in PAGES)])
def test_nothing_that_is_told_becomes_markup_on_a_page_of_confirmation(make: Any, path: str) -> None:
    emulator = make(mode="off", brand=HOSTILE)
    user = {"phone": HOSTILE, "email": HOSTILE, "externalIdentifiers": {"clientUserId": HOSTILE}}
    emulator.call("POST", "/v1/events/custom", {"type": HOSTILE, "user": user, "properties": {HOSTILE: HOSTILE}})
    emulator.call("POST", "/v1/events/ecommerce/purchase", {"items": [{**ITEM, "name": HOSTILE}], "user": user})
    emulator.call("POST", "/v1/attributes/custom", {"user": user, "properties": {HOSTILE: HOSTILE}})
    emulator.call("POST", "/v1/subscriptions", {"user": user, "signUpSourceId": HOSTILE})
    emulator.control("webhooks", {"url": f"http://127.0.0.1:1/{HOSTILE}"})
    emulator.control("people", {"type": "sms.inbound_message", "phone": PHONE, "text": HOSTILE})
    answer = emulator.client.get(path)
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_page_is_sent_anew_only_when_something_happened(emulator: Any) -> None:
    purchase(emulator)
    first = emulator.client.get("/confirm/ecommerce")
    again = {"If-None-Match": first.headers["ETag"]}
    assert emulator.client.get("/confirm/ecommerce", headers=again).status_code == 304
    purchase(emulator)
    assert emulator.client.get("/confirm/ecommerce", headers=again).status_code == 200


def test_an_unknown_page_is_not_found(emulator: Any) -> None:
    assert emulator.client.get("/confirm/coupons").status_code == 404
