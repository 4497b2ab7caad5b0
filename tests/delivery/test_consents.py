"""Whom we unsubscribed is texted no more, and whoever subscribes again is."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from service.delivery.consents import changes, person
from service.errors import NotReadable
from service.model import Status, SubscriptionType
from service.store import inbound
from service.store.suppressions import OptIn, OptOut

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
ADA = "+12025550143"
MARKETING, TRANSACTIONAL = SubscriptionType.MARKETING, SubscriptionType.TRANSACTIONAL


def meant(action, payload, answer=None):
    found = changes(f"attentive.{action}", json.dumps(payload).encode(), answer, NOW)
    return [(type(each), each.who, each.type) for each in found]


def off(*pairs, **user):
    subscriptions = [{"type": type, "channel": channel} for type, channel in pairs]
    return {"user": user or {"phone": ADA}, "subscriptions": subscriptions}


def test_an_unsubscription_from_texts_is_an_opt_out_of_each_type():  # S2-14
    payload = off(("MARKETING", "TEXT"), ("TRANSACTIONAL", "TEXT"), ("MARKETING", "EMAIL"), ("CHECKOUT_ABANDONED", "TEXT"))
    assert meant("subscriptions.unsubscribe", payload) == [(OptOut, ADA, MARKETING), (OptOut, ADA, TRANSACTIONAL)]


def test_one_from_mail_stops_no_text():
    assert meant("subscriptions.unsubscribe", off(("MARKETING", "TEXT"), email="ada@example.com")) == []
    assert meant("subscriptions.unsubscribe", off(("MARKETING", "EMAIL"))) == []


@pytest.mark.parametrize(
    ("payload", "answer", "types"),
    [
        ({"subscriptionType": "TRANSACTIONAL"}, None, [TRANSACTIONAL]),
        ({"signUpSourceId": "1"}, None, [MARKETING]),
        ({"signUpSourceId": "1"}, "no JSON", [MARKETING]),
        ({"signUpSourceId": "1"}, '{"subscriptionResponses": 3}', [MARKETING]),
        (
            {"signUpSourceId": "1"},
            '{"subscriptionResponses":[{"subscription":{"type":"TRANSACTIONAL","channel":"TEXT"}},'
            '{"subscription":{"type":"MARKETING","channel":"EMAIL"}}]}',
            [TRANSACTIONAL],
        ),
    ],
)
def test_a_subscription_is_an_opt_in_to_the_type_that_it_names_or_that_the_answer_tells(payload, answer, types):
    payload = {"user": {"phone": ADA}, **payload}
    assert meant("subscriptions.create", payload, answer) == [(OptIn, ADA, each) for each in types]


def test_other_calls_mean_nothing():
    assert meant("messages.send", {"to": ADA}) == []
    assert meant("subscriptions.create", {"user": {"email": "ada@example.com"}}) == []


@pytest.mark.parametrize("text", ["", "Ada", "2025550143", "+1202555", "a@b@c", "id:", "id:x y", "@", "id:" + "1" * 65])
def test_what_names_nobody_is_refused_without_being_repeated(text):
    with pytest.raises(NotReadable) as caught:
        person(text)
    assert text in ("", "id:", "@") or text not in caught.value.detail


# -- with a worker and a vendor on loopback


@pytest.fixture
def put(store, account, new_delivery, actions):
    """Puts in a delivery of this action and payload; answers its id."""

    def made(action, payload):
        facts = {"action": f"attentive.{action}", "rate_class": actions[f"attentive.{action}"].rate_class}
        row = new_delivery(payload=json.dumps(payload).encode(), recipient=ADA, **facts)
        store.deliveries.insert_many([row])
        return row.id

    return made


TEXT = {"to": ADA, "body": "Your points", "subscriptionType": "MARKETING"}


def test_after_an_accepted_unsubscription_no_text_leaves_until_an_accepted_subscription(
    store, vendor, start_worker, until, put
):  # S2-14
    start_worker()

    def ends(action, payload):
        id = put(action, payload)
        return until(lambda: (found := store.deliveries.status(id)) and not found.is_open and found)

    assert ends("subscriptions.unsubscribe", off(("MARKETING", "TEXT"))) is Status.ACCEPTED
    assert ends("messages.send", TEXT) is Status.SUPPRESSED
    assert ends("messages.send", {**TEXT, "subscriptionType": "TRANSACTIONAL"}) is Status.ACCEPTED
    subscribe = {"user": {"phone": ADA}, "signUpSourceId": "1"}
    assert ends("subscriptions.create", subscribe) is Status.ACCEPTED
    assert ends("messages.send", TEXT) is Status.ACCEPTED
    assert len(vendor.arrived) == 4


def test_a_refused_unsubscription_means_nothing(store, vendor, start_worker, until, put):
    vendor.answer = lambda body: (400, {}, b"{}")
    start_worker()
    id = put("subscriptions.unsubscribe", off(("MARKETING", "TEXT")))
    until(lambda: store.deliveries.status(id) is Status.REFUSED)
    assert store.suppressions.page()[0] == []


def test_a_text_that_the_vendor_told_of_before_we_were_unsure_is_accepted(store, vendor, start_worker, until, put):
    vendor.gate.clear()
    start_worker(read_timeout=1.0)
    id = put("messages.send", TEXT)
    until(lambda: store.deliveries.status(id) is Status.SENDING)
    with store.database.write() as connection:
        event = inbound.NewEvent(
            destination="attentive", account="default", kind="sms.sent", who=ADA, happened_at=NOW,
            fingerprint="f", body="{}", said="A text was sent.",
        )  # fmt: skip
        inbound.conclude(connection, inbound.keep(connection, store.database, event), "It is of this delivery.", id)
    until(lambda: store.deliveries.status(id) is Status.ACCEPTED)
    assert store.deliveries.get(id).reason == "The vendor told us that it was sent."
