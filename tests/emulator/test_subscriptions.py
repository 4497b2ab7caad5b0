"""Opting in, what somebody may receive, opting out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

PHONE = "+12025550143"
USER = {"phone": PHONE, "email": "ada@example.com"}
SIGN_UP = {"user": USER, "signUpSourceId": "900100"}


def subscribe(emulator: Any, **changes: Any) -> Any:
    body = {name: value for name, value in {**SIGN_UP, **changes}.items() if value is not None}
    return emulator.call("POST", "/v1/subscriptions", body)


def unsubscribe(emulator: Any, **body: Any) -> Any:
    return emulator.call("POST", "/v1/subscriptions/unsubscribe", {"user": {"phone": PHONE}, **body})


def eligible(emulator: Any, query: str = "phone=%2B12025550143") -> dict[tuple[str, str], bool]:
    found = emulator.call("GET", f"/v1/subscriptions?{query}").json["subscriptionEligibilities"]
    return {
        (each["subscription"]["type"], each["subscription"]["channel"]): each["eligibility"]["isEligible"] for each in found
    }


def test_a_sign_up_answers_202_for_each_channel(emulator: Any) -> None:
    answer = subscribe(emulator)
    assert answer.status_code == 202
    assert answer.json == {
        "user": USER,
        "subscriptionResponses": [
            {"subscription": {"type": "MARKETING", "channel": channel}, "subscriptionCreationStatus": "NEWLY_CREATED"}
            for channel in ("TEXT", "EMAIL")
        ],
    }
    assert emulator.texts() == []


def test_signing_up_again_sends_a_text_that_says_so(emulator: Any) -> None:
    subscribe(emulator)
    answer = subscribe(emulator, user={"phone": PHONE})
    assert answer.json["subscriptionResponses"][0]["subscriptionCreationStatus"] == "PREVIOUSLY_CREATED"
    assert emulator.texts() == ["You are already subscribed."]


def test_a_sign_up_counts_after_a_while(make: Callable[..., Any]) -> None:
    emulator = make(everybody_subscribed=False, signs_up_after_s=3.0)
    assert eligible(emulator)[("MARKETING", "TEXT")] is False
    subscribe(emulator)
    assert eligible(emulator)[("MARKETING", "TEXT")] is False
    emulator.clock.now += 3
    assert eligible(emulator) == {("MARKETING", "TEXT"): True, ("TRANSACTIONAL", "TEXT"): False}


@pytest.mark.parametrize(
    "changes",
    [
        {"signUpSourceId": None},
        {"locale": {"language": "en", "country": "US"}, "subscriptionType": "MARKETING"},
        {"signUpSourceId": None, "locale": {"language": "EN", "country": "US"}, "subscriptionType": "MARKETING"},
        {"signUpSourceId": None, "locale": {"language": "de", "country": "DE"}, "subscriptionType": "MARKETING"},
        {"signUpSourceId": None, "locale": "en_US", "subscriptionType": "MARKETING"},
        {"signUpSourceId": None, "locale": {"language": "en", "country": "US"}},
        {"user": {}},
        {"user": None},
        {"user": {"phone": "2025550143"}},
        {"user": {"email": "ada"}},
        {"subscriptionType": "CHECKOUT_ABANDONED"},
        {"singleOptIn": "yes"},
    ],
)
def test_a_sign_up_that_breaks_a_rule_is_a_400(emulator: Any, changes: dict[str, Any]) -> None:
    assert subscribe(emulator, **changes).status_code == 400
    assert eligible(emulator)


def test_a_sign_up_by_locale_needs_its_one_unit(emulator: Any) -> None:
    locale = {"language": "en", "country": "US"}
    assert subscribe(emulator, signUpSourceId=None, locale=locale, subscriptionType="TRANSACTIONAL").status_code == 202


def test_opting_out_of_everything_names_every_type_and_confirms(emulator: Any) -> None:
    answer = unsubscribe(emulator)
    assert answer.status_code == 202
    kinds = [each["subscription"] for each in answer.json["subscriptionResponses"]]
    assert kinds == [{"type": kind, "channel": "TEXT"} for kind in ("MARKETING", "TRANSACTIONAL", "CHECKOUT_ABANDONED")]
    assert len(emulator.texts()) == 1
    assert emulator.send(subscriptionType="MARKETING").status_code == 200
    assert emulator.notes() == ["eligible"]


def test_opting_out_of_one_type_leaves_the_others(emulator: Any) -> None:
    unsubscribe(emulator, subscriptions=[{"type": "MARKETING", "channel": "TEXT"}], notification={"disabled": True})
    assert eligible(emulator) == {("MARKETING", "TEXT"): False, ("TRANSACTIONAL", "TEXT"): True}
    assert emulator.texts() == []


def test_an_email_address_never_touches_texts(emulator: Any) -> None:
    unsubscribe(emulator, user={"email": "ada@example.com"})
    assert eligible(emulator)[("MARKETING", "TEXT")] is True
    assert eligible(emulator, "email=ada%40example.com")[("MARKETING", "EMAIL")] is False
    assert emulator.texts() == []


def test_opting_out_twice_confirms_twice(emulator: Any) -> None:
    unsubscribe(emulator)
    again = unsubscribe(emulator).json["subscriptionResponses"]
    assert {each["subscriptionUnsubscribeStatus"] for each in again} == {"PREVIOUSLY_UNSUBSCRIBED"}
    assert len(emulator.texts()) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"user": {}},
        {"subscriptions": [{"type": "marketing", "channel": "TEXT"}]},
        {"subscriptions": "all"},
        {"notification": {"language": "en-us"}},
        {"notification": True},
        {"notification": {"disabled": "yes"}},
    ],
)
def test_an_opt_out_that_breaks_a_rule_is_a_400(emulator: Any, body: dict[str, Any]) -> None:
    assert unsubscribe(emulator, **body).status_code == 400
    assert eligible(emulator)[("MARKETING", "TEXT")] is True


def test_a_plus_that_was_not_encoded_is_no_number(emulator: Any) -> None:
    assert emulator.call("GET", "/v1/subscriptions?phone=+12025550143").status_code == 400
    assert emulator.call("GET", "/v1/subscriptions").status_code == 400


def test_sign_ups_are_limited_to_10_a_second_and_opt_outs_to_5(emulator: Any) -> None:
    assert [subscribe(emulator).status_code for _ in range(11)] == [202] * 10 + [429]
    assert [unsubscribe(emulator).status_code for _ in range(6)] == [202] * 5 + [429]
