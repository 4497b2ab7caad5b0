"""The starter templates of the seeds' use cases: whom they tell Attentive about, and what arrives of prices and times."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.actions import Actions
from service.authoring import folder
from service.authoring.check import by_step
from service.delivery.plans import preview
from service.delivery.prepare import Preparer
from service.model import Outcome
from service.settings import packaged

NOW = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)
STARTER = folder.read(packaged("templates"))
PREPARER = Preparer(Actions.load(packaged("schemas")))
SHOP_EVENTS = ("product-view", "add-to-cart", "purchase")
ABOUT_A_PERSON = (*SHOP_EVENTS, "wishlist", "custom-event", "custom-attributes")
MUST_FIT = {"sms", "email", "url", "tracking_url", "full", "image", "channel", "valid_until"}
UNREACHABLE = {"email": None, "keys": {"sms": "", "extid": None}, "vars": {}}


def made(name, context):
    template = STARTER.get_or_raise(name)
    program = PREPARER.compile(template.source, name=name, snippets=template.snippets)
    return PREPARER.prepare(program, PREPARER.actions.get_or_raise(template.action), template.policy, context, now=NOW)


def steps(name, which):
    """What a sample of a plan comes to, by step."""
    template = STARTER.get_or_raise(name)
    one = template.samples[which]
    programs = PREPARER.compile_all(template)
    return by_step(preview(PREPARER, template, programs, one["context"], answers=one.get("answers"), now=NOW))


def sample(name, which="ada", **profile):
    context = STARTER.get_or_raise(name).samples[which]["context"]
    return {**context, "profile": {**context["profile"], **profile}}


@pytest.mark.parametrize("name", ABOUT_A_PERSON)
@pytest.mark.parametrize(
    ("profile", "user"),
    [
        ({"email": None, "keys": {"sms": "202-555-0143"}}, {"phone": "+12025550143"}),
        ({"email": "ada@example.com", "keys": {}}, {"email": "ada@example.com"}),
        ({"email": "", "keys": {"sms": None, "extid": "cust-551"}}, {"externalIdentifiers": {"clientUserId": "cust-551"}}),
    ],
)
def test_an_event_is_told_of_whoever_attentive_can_recognise(name, profile, user):
    """S3-5, S3-6: by phone, by mail address, or by a number that identity has tied to one of them."""
    assert made(name, sample(name, **profile)).payload["user"] == user


@pytest.mark.parametrize("name", ABOUT_A_PERSON)
def test_an_event_of_nobody_is_not_sent_and_says_so(name):
    """S3-5."""
    prepared = made(name, sample(name, **{**UNREACHABLE, "vars": sample(name)["profile"]["vars"]}))
    assert (prepared.outcome, prepared.payload) == (Outcome.SUPPRESSED, None)
    assert prepared.reason == "The profile has no phone number, no mail address and no customer number."


@pytest.mark.parametrize(
    ("name", "which"),
    [("subscribe-at-checkout", "grace"), ("eligibility", "ada"), ("unsubscribe", "linus"), ("identity", "ada")],
)
def test_nobody_is_never_subscribed_asked_for_unsubscribed_or_merged(name, which):
    prepared = made(name, sample(name, which, **UNREACHABLE))
    assert (prepared.outcome, prepared.payload) == (Outcome.SUPPRESSED, None)


@settings(deadline=None)
@given(cents=st.integers(min_value=0, max_value=10**12))
def test_any_price_in_cents_arrives_as_exactly_that_decimal_number(cents):
    """1999 cents are 19.99, and never 19.990000000000002."""
    context = sample("purchase")
    purchase = json.loads(json.dumps(context["profile"]["purchases"][0]))
    purchase["items"][0]["price"] = cents
    context["profile"]["purchases"] = [purchase]
    body = made("purchase", context).body
    assert Decimal(json.loads(body, parse_float=str)["items"][0]["price"][0]["value"]) == Decimal(cents) / 100


def test_the_purchase_of_the_sample_is_19_99_in_the_very_bytes():
    assert b'"value":19.99' in made("purchase", sample("purchase")).body


@pytest.mark.parametrize("name", SHOP_EVENTS)
@pytest.mark.parametrize("price", ["free", None, "19.99"])
def test_a_price_that_is_no_number_is_told_to_the_author_and_never_sent(name, price):
    text = json.dumps(sample(name)).replace('"price": 3950', f'"price": {json.dumps(price)}')
    prepared = made(name, json.loads(text.replace('"price": 1999', f'"price": {json.dumps(price)}')))
    assert prepared.outcome is Outcome.INVALID
    assert prepared.problems


def test_a_purchase_says_where_it_was_made():
    """S3-10: purchase attribution, in the shop and on the web."""
    channels = [made("purchase", sample("purchase", which)).payload["salesChannel"] for which in ("ada", "in-store")]
    assert channels == [{"channelType": "WEB"}, {"channelType": "IN_STORE"}]


def test_only_who_agreed_is_subscribed():
    """S3-13."""
    for consent in (False, None, ""):
        context = sample("subscribe-at-checkout", "grace")
        context["event"] = {**context["event"], "vars": {"sms_consent": consent}}
        assert made("subscribe-at-checkout", context).outcome is Outcome.SUPPRESSED


def test_the_source_of_a_sign_up_is_text_and_the_number_is_made_international():
    """S2-17, S2-21."""
    assert steps("subscribe-at-checkout", "grace")["subscribe"].payload == {
        "user": {"phone": "+12025550144", "email": "grace@example.com"},
        "signUpSourceId": "900100",
        "externalIdentifiers": {"clientUserId": "cust-552"},
    }


def test_who_is_subscribed_already_is_not_told_so_by_a_text():
    """S2-18: what is subscribed is left out, and when nothing is left nothing is sent."""
    assert steps("subscribe-at-checkout", "subscribed-to-mail")["subscribe"].payload["user"] == {"phone": "+12025550144"}
    done = steps("subscribe-at-checkout", "subscribed")["subscribe"]
    assert (done.outcome, done.reason) == (Outcome.SUPPRESSED, "The person is subscribed already.")


def test_a_shopify_id_is_tied_to_the_customer_number_before_an_event_is_told_of_it():
    """S3-8."""
    told = steps("gift-card-bought", "no-phone")
    assert told["identity"].payload == {"clientUserId": "cust-551", "shopifyId": "sh-8801"}
    assert told["event"].payload["user"] == {"externalIdentifiers": {"clientUserId": "cust-551"}}


def test_properties_of_events_are_flat_so_that_texts_can_use_them():
    """S3-17."""
    for name in ("wishlist", "custom-event"):
        values = made(name, sample(name)).payload["properties"].values()
        assert not any(isinstance(each, list | dict) for each in values)


def test_an_attribute_that_is_not_known_is_left_out_and_not_emptied():
    """S3-15."""
    payload = made("custom-attributes", sample("custom-attributes", vars={"birthday": "1990-04-17", "tier": ""})).payload
    assert payload["properties"] == {"Birthday": "1990-04-17"}


def test_every_message_name_is_fixed_and_all_fit_into_the_companys_day():
    """S1-20: 20 names in 24 hours."""
    names = {
        made(template.name, each["context"]).payload.get("messageName")
        for template in STARTER.templates
        if template.action == "attentive.messages.send"
        for each in template.samples.values()
        if made(template.name, each["context"]).payload
    }
    assert len(names - {None}) <= 12


@pytest.mark.parametrize("template", STARTER.templates, ids=lambda each: each.name)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_text_in_a_context_changes_the_shape_of_what_is_sent(template, data):
    """Quotes, braces, line breaks, template marks: a value stays a value, in every starter template."""
    nasty = st.text(max_size=30) | st.sampled_from(
        ['"}', '", "forceSend": true, "x": "', "{{ 7 * 7 }}", "\\", "\n", "\u2028", "{", "%}"]
    )
    each = template.samples[data.draw(st.sampled_from(sorted(template.samples)))]
    context = with_texts(each["context"], lambda: data.draw(nasty))
    payload = made(template.name, context).payload
    assert payload is None or shape(payload) <= everything_it_may_send(template)


def with_texts(value, new):
    """`value` with new texts wherever any text will do."""
    if isinstance(value, dict):
        return {key: each if key in MUST_FIT else with_texts(each, new) for key, each in value.items()}
    if isinstance(value, list):
        return [with_texts(each, new) for each in value]
    return new() if isinstance(value, str) else value


def shape(value, at=""):
    """Every pointer of a payload, with `*` for a place in a list."""
    if isinstance(value, dict):
        return {at}.union(*(shape(each, f"{at}/{key}") for key, each in value.items()))
    return {at}.union(*(shape(each, f"{at}/*") for each in value)) if isinstance(value, list) else {at}


def everything_it_may_send(template):
    """The fields of all payloads that the samples expect; of a plan, of its first step."""
    wanted = [each["expected"] for each in template.samples.values()]
    return set().union(*(shape(each[template.step] if template.step else each) for each in wanted))
