"""What Attentive tells us is believed with its signature only, followed once, and never followed on a guess."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.errors import NotSigned
from service.inbound import Call
from service.inbound.attentive import read
from service.model import Status, SubscriptionType
from service.store.suppressions import OptOut
from tests.inbound.conftest import ADA, NOW, SECRET

MARKETING, TRANSACTIONAL = SubscriptionType.MARKETING, SubscriptionType.TRANSACTIONAL
BODY = b'{"type":"sms.unsubscribed","timestamp":1767225600000,"subscriber":{"phone":"+12025550143"}}'


def stopped(store, who=ADA):
    return {(each.type, each.account) for each in store.suppressions.page(who=who)[0]}


def events(store):
    return store.inbound.page()[0]


def signature(body=BODY, secret=SECRET, kind=hashlib.sha256):
    return hmac.new(secret.encode(), body, kind).hexdigest()


FORGED = (None, "", "00", "é", signature(secret="another"), signature(BODY + b" "), signature(kind=hashlib.sha1))


def test_a_forged_call_is_refused_and_leaves_nothing(hear, store):  # S0-17
    for each in FORGED:
        with pytest.raises(NotSigned) as caught:
            hear("attentive", "default", BODY, **({} if each is None else {"x_attentive_hmac_sha256": each}))
        assert caught.value.problems == ()
    assert (events(store), stopped(store)) == ([], set())


def test_what_no_account_hears_is_refused_in_the_same_words(hear):
    for place in (("attentive", "nobody"), ("attentive", "brand-b"), ("sailthru", "default"), ("no", "default")):
        with pytest.raises(NotSigned) as caught:
            hear(*place, BODY, x_attentive_hmac_sha256=signature())
        with pytest.raises(NotSigned) as forged:
            hear("attentive", "default", BODY, x_attentive_hmac_sha256="00")
        assert str(caught.value) == str(forged.value)


def test_an_opt_out_suppresses_phone_number_and_id_for_the_account_that_heard_it(attentive, store):
    kept = attentive("sms.unsubscribed", subscription={"type": "MARKETING"})
    assert stopped(store) == stopped(store, "7001") == {(MARKETING, "default")}
    [event] = events(store)
    assert (event.id, event.kind, event.who) == (kept.id, "sms.unsubscribed", ADA)
    assert event.said == "Somebody opted out of texts: marketing."
    assert event.effect == "The person is suppressed for the account default: MARKETING."


def test_an_opt_out_that_names_no_type_is_of_both(attentive, store):
    attentive("phone.unsubscribed")
    assert stopped(store) == {(MARKETING, "default"), (TRANSACTIONAL, "default")}


def test_other_subscriptions_and_mail_stop_no_text(attentive, store):
    attentive("sms.unsubscribed", subscription={"type": "CHECKOUT_ABANDONED"})
    attentive("email.unsubscribed", subscription={"type": "MARKETING"})
    assert stopped(store) == set()
    assert len(events(store)) == 2


def test_an_account_that_hears_for_all_suppresses_for_all(attentive, store):
    store.accounts.hear("default", "stored", for_all=True)
    attentive("sms.unsubscribed", subscription={"type": "MARKETING"})
    assert stopped(store) == {(MARKETING, None)}


def test_a_reply_of_stop_opts_out_of_both_and_says_so(attentive, store):
    attentive("sms.inbound_message", message={"type": "TYPE_CONVERSATION", "text": " Stop. ", "to_phone": "+12025550100"})
    assert stopped(store) == {(MARKETING, "default"), (TRANSACTIONAL, "default")}
    attentive("sms.unsubscribed", at=1, subscription={"type": "MARKETING"})
    assert {each.reason for each in store.suppressions.page(who=ADA)[0]} == {"by replying STOP"}


def test_any_other_reply_is_kept_and_changes_nothing(attentive, store):  # S0-16
    for text in ("Please stop by the shop", "Can I change the size?", "", None, 7):
        attentive("sms.inbound_message", message={"text": text})
    assert stopped(store) == set()
    assert {(each.said, each.effect) for each in events(store)} == {("Somebody replied.", "Nothing here depends on it.")}
    assert len(events(store)) == 5


def test_an_event_that_is_told_again_changes_nothing_again(attentive, store):
    attentive("sms.unsubscribed")
    attentive("sms.subscribed", at=1)
    assert attentive("sms.unsubscribed").id is None
    assert stopped(store) == set()
    assert len(events(store)) == 2


def test_events_may_come_in_any_order(attentive, store):
    attentive("sms.subscribed", at=5, subscription={"type": "MARKETING"})
    attentive("sms.unsubscribed", at=3)
    assert stopped(store) == {(TRANSACTIONAL, "default")}
    attentive("sms.unsubscribed", at=8)
    attentive("sms.subscribed", at=6)
    assert stopped(store) == {(MARKETING, "default"), (TRANSACTIONAL, "default")}


def test_a_vendors_clock_that_is_ahead_holds_no_word_back():
    body = json.dumps({"type": "sms.subscribed", "timestamp": 10**13, "subscriber": {"phone": ADA}}).encode()
    assert {each.at for each in read(Call(body, {}.get, NOW)).changes} == {NOW}


def test_a_subscription_lifts_what_was_heard_and_what_we_asked_for_but_nothing_that_a_person_entered(attentive, store):
    store.suppressions.add(ADA, MARKETING, reason="", by="ada")
    attentive("sms.unsubscribed")
    attentive("sms.subscribed", at=1)
    assert stopped(store) == {(MARKETING, None)}


# -- what was sent


TEXT = "Doors open at 9"


@pytest.fixture
def unsure(store, new_delivery):
    """Puts deliveries in that stand so."""

    def put(*statuses, body=TEXT, account="default", **more):
        payload = json.dumps({"to": ADA, "body": body, "subscriptionType": "MARKETING", **more}).encode()
        rows = [new_delivery(recipient=ADA, payload=payload, account=account) for _ in statuses]
        store.deliveries.insert_many(rows)
        with store.database.write() as connection:
            for row, status in zip(rows, statuses, strict=True):
                connection.exec_driver_sql(f"UPDATE deliveries SET status = '{status}' WHERE id = '{row.id}'")
        return [row.id for row in rows]

    return put


def sent(attentive, text=TEXT, **more):
    message = {"id": "1", "type": "ONE_TIME", "text": text, "channel": "TEXT", **more.pop("message", {})}
    return attentive("sms.sent", message=message, **more)


def test_a_sent_text_settles_the_unknown_delivery_that_it_came_from(attentive, store, unsure):
    for text in (TEXT, f"Shop: {TEXT}", f" {TEXT} "):
        [id] = unsure("unknown")
        kept = sent(attentive, text)
        found = store.deliveries.get(id)
        assert (found.status, found.reason) == (Status.ACCEPTED, "The vendor told us that it was sent.")
        assert kept.effect == f"The delivery {id} was unknown and is accepted now."
        assert [each.id for each in store.inbound.page(delivery=id)[0]] == [kept.id]


def test_a_text_with_shortened_links_is_known_by_its_name(attentive, store, unsure):
    [id] = unsure("unknown", body="See https://shop.example.com", messageName="doors")
    sent(attentive, "See https://s.example.com/x", message={"name": "doors"})
    assert store.deliveries.status(id) is Status.ACCEPTED


def test_of_two_that_match_neither_is_settled(attentive, store, unsure):
    ids = unsure("unknown", "accepted")
    sent(attentive)
    assert store.deliveries.status(ids[0]) is Status.UNKNOWN
    assert events(store)[0].effect == "2 deliveries match it, so it settles none."


def test_one_text_settles_one_delivery(attentive, store, unsure):
    [first] = unsure("accepted")
    sent(attentive, at=-2)
    assert events(store)[0].delivery == first
    [second] = unsure("unknown")
    sent(attentive, at=-1)
    assert store.deliveries.status(second) is Status.ACCEPTED


OTHERS = (
    {"text": "Doors open at 10"},
    {"text": f"Somebody wrote that {TEXT}"},
    {"at": 7200},
    {"at": -7200},
    {"subscriber": {"phone": "+12025550144"}},
    {"subscriber": {}},
    {"message": {"text": None}},
)


def test_what_is_another_text_time_or_person_settles_nothing(attentive, store, unsure):
    [id] = unsure("unknown")
    for change in OTHERS:
        sent(attentive, **change)
    assert store.deliveries.status(id) is Status.UNKNOWN
    assert [each.delivery for each in events(store)] == [None] * len(OTHERS)


def test_another_accounts_delivery_is_settled_only_where_one_hears_for_all(attentive, store, unsure):
    [id] = unsure("unknown", account="brand-b")
    sent(attentive)
    assert store.deliveries.status(id) is Status.UNKNOWN
    store.accounts.hear("default", "stored", for_all=True)
    sent(attentive, at=1)
    assert store.deliveries.status(id) is Status.ACCEPTED


def test_what_is_told_while_it_is_still_being_sent_is_remembered(attentive, store, unsure):
    [id] = unsure("sending")
    sent(attentive)
    assert store.deliveries.status(id) is Status.SENDING
    assert store.inbound.told_of(id)


# -- anything at all


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(["sms.unsubscribed", "sms.subscribed", "sms.sent", "sms.inbound_message", "x", "\0"]) | ANY
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "type": KINDS,
        "timestamp": st.integers() | ANY,
        "subscriber": st.fixed_dictionaries({}, optional={"phone": ANY, "external_id": ANY}) | ANY,
        "subscription": st.fixed_dictionaries({}, optional={"type": ANY}) | ANY,
        "message": st.fixed_dictionaries({}, optional={"text": ANY, "name": ANY}) | ANY,
    },
)


@given(EVENTS.map(lambda event: json.dumps(event).encode()) | st.binary(max_size=40))
def test_any_body_means_something(body):
    told = read(Call(body, {}.get, NOW))
    assert told.said
    assert all(each.who for each in told.changes if isinstance(each, OptOut))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS.map(lambda event: json.dumps(event).encode()) | st.binary(max_size=40))
def test_any_signed_body_is_kept_once(hear, store, body):
    signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    hear("attentive", "default", body, x_attentive_hmac_sha256=signed)
    assert hear("attentive", "default", body, x_attentive_hmac_sha256=signed).id is None
