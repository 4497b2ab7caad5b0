"""The other Attentive actions: the traps of each call, as rules."""

from datetime import UTC, datetime

import pytest

PHONE = {"phone": "+12025550143"}
ITEM = {"productId": "KIT-40", "productVariantId": "KIT-40-BLU", "price": [{"value": 34.5}]}


def found(actions, name, document):
    return {
        (each.pointer, each.code.removeprefix("payload.")) for each in actions[f"attentive.{name}"].check(document).problems
    }


def sent(actions, name, document):
    checked = actions[f"attentive.{name}"].check(document)
    assert checked.problems == ()
    return checked.payload


def test_each_message_of_a_bulk_is_checked_and_completed(actions):
    good = {"to": "+12025550143", "body": "Doors open at 9", "subscriptionType": "MARKETING"}
    assert sent(actions, "messages.send-bulk", [good]) == [{**good, "useShortLinks": False, "skipFatigue": False}]
    assert found(actions, "messages.send-bulk", [good, {**good, "to": "", "forceSend": True}]) == {
        ("/1/to", "required"),
        ("/1/forceSend", "refused_field"),
    }
    assert found(actions, "messages.send-bulk", []) == {("", "size")}


def test_a_subscription_needs_a_source_or_a_locale_and_not_both(actions):
    """S1-31"""
    locale = {"locale": {"language": "en", "country": "US"}, "subscriptionType": "MARKETING"}
    assert sent(actions, "subscriptions.create", {"user": PHONE, **locale})
    assert found(actions, "subscriptions.create", {"user": PHONE}) == {("/signUpSourceId", "choice")}
    assert found(actions, "subscriptions.create", {"user": PHONE, "signUpSourceId": "9", **locale}) == {
        ("/signUpSourceId", "choice")
    }


def test_a_missing_sign_up_source_says_where_it_is_found(actions):
    """S2-9, S2-28"""
    create = actions["attentive.subscriptions.create"]
    (problem,) = create.check({"user": PHONE}).problems
    assert "Give either `signUpSourceId` or `locale`. The id of the sign-up source stands in Attentive" in problem.hint
    assert "in the Subscribers area" in problem.hint
    assert "in the Subscribers area" in create.answers[400]


def test_a_locale_of_which_nothing_is_known_is_left_out(actions):
    """Callers fill it from a context that often has none."""
    document = {"user": PHONE, "signUpSourceId": "900100", "locale": {"language": None, "country": ""}}
    assert sent(actions, "subscriptions.create", document) == {"user": PHONE, "signUpSourceId": "900100"}
    assert ("/signUpSourceId", "choice") in found(actions, "subscriptions.create", {**document, "locale": {}})


@pytest.mark.parametrize("name", ["clientUserId", "shopifyId", "externalIdentifiers"])
def test_an_identifier_at_the_wrong_place_of_a_sign_up_is_told_the_right_one(actions, name):
    document = {"user": {**PHONE, name: "7"}, "signUpSourceId": "900100"}
    (problem,) = actions["attentive.subscriptions.create"].check(document).problems
    assert (problem.pointer, problem.code) == (f"/user/{name}", "payload.refused_field")
    assert "beside `user`" in problem.detail


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("events.custom", {"type": "a", "user": PHONE, "properties": []}),
        ("events.purchase", {"user": PHONE, "items": {}}),
        ("events.purchase", {"user": PHONE, "items": [{**ITEM, "price": 19.99}]}),
        ("events.purchase", {"user": PHONE, "items": [{**ITEM, "quantity": -1}]}),
        ("identity.add", {**PHONE, "clientUserId": "c", "customIdentifiers": {"loyaltyNo": "L-2040"}}),
        ("segments.create", {"name": "Silver", "description": "x"}),
        ("segments.list", {"limit": 1001}),
        ("webhooks.create", {"url": "https://example.com/in", "events": ["phone.subscribed"]}),
    ],
)
def test_every_problem_says_what_to_do(actions, name, document):
    (problem,) = actions[f"attentive.{name}"].check(document).problems
    assert problem.hint


def test_a_locale_needs_the_kind_of_subscription_and_its_own_spelling(actions):
    assert found(actions, "subscriptions.create", {"user": PHONE, "locale": {"language": "EN", "country": "us"}}) == {
        ("/subscriptionType", "depends"),
        ("/locale/language", "pattern"),
        ("/locale/country", "pattern"),
    }


def test_an_empty_sign_up_source_is_dropped_for_the_locale(actions):
    document = {
        "user": PHONE,
        "signUpSourceId": "",
        "locale": {"language": "en", "country": "US"},
        "subscriptionType": "MARKETING",
    }
    assert "signUpSourceId" not in sent(actions, "subscriptions.create", document)


@pytest.mark.parametrize("name", ["subscriptions.create", "subscriptions.unsubscribe"])
def test_a_person_needs_a_phone_or_a_mail_address(actions, name):
    rest = (
        {"signUpSourceId": "9"} if name.endswith("create") else {"subscriptions": [{"type": "MARKETING", "channel": "TEXT"}]}
    )
    assert found(actions, name, {"user": {}, **rest}) == {("/user/phone", "choice")}
    assert found(actions, name, {"user": {"phone": ""}, **rest}) == {("/user/phone", "required")}
    assert found(actions, name, {"user": {"email": "ada"}, **rest}) == {("/user/email", "format")}
    assert sent(actions, name, {"user": {"phone": None, "email": "ada@example.com"}, **rest})["user"] == {
        "email": "ada@example.com"
    }


def test_what_to_unsubscribe_from_must_be_written(actions):
    """Attentive takes a missing list for everything."""
    assert found(actions, "subscriptions.unsubscribe", {"user": PHONE}) == {("/subscriptions", "required")}
    assert found(actions, "subscriptions.unsubscribe", {"user": PHONE, "subscriptions": []}) == {("/subscriptions", "size")}


def test_the_language_of_a_confirmation_is_one_of_two(actions):
    document = {
        "user": PHONE,
        "subscriptions": [{"type": "MARKETING", "channel": "TEXT"}],
        "notification": {"language": "fr-ca"},
    }
    assert found(actions, "subscriptions.unsubscribe", document) == {("/notification/language", "enum")}


@pytest.mark.parametrize("name", ["subscriptions.eligibility", "attributes.get"])
def test_a_question_needs_a_phone_or_a_mail_address(actions, name):
    assert sent(actions, name, {**PHONE, "email": ""}) == PHONE
    assert found(actions, name, {}) == {("/phone", "choice")}


def test_eligibility_takes_both_contacts_and_attributes_only_one(actions):
    both = {**PHONE, "email": "ada@example.com"}
    assert sent(actions, "subscriptions.eligibility", both) == both
    assert found(actions, "attributes.get", both) == {("/phone", "choice")}


@pytest.mark.parametrize("sign", "\"'(){}[]\\|,")
def test_an_event_type_holds_none_of_the_forbidden_signs(actions, sign):
    assert found(actions, "events.custom", {"type": f"a{sign}b", "user": PHONE}) == {("/type", "pattern")}


@pytest.mark.parametrize("sign", '"{}[]\\|')
def test_a_property_name_has_its_own_list_of_forbidden_signs(actions, sign):
    assert found(actions, "events.custom", {"type": "a", "user": PHONE, "properties": {f"a{sign}b": 1}}) == {
        (f"/properties/a{sign}b", "pattern")
    }


@pytest.mark.parametrize("name", ["it's", "a (b), c", "größe", "a/b~c"])
def test_any_other_property_name_is_fine(actions, name):
    assert sent(actions, "events.custom", {"type": "a", "user": PHONE, "properties": {name: 1}})["properties"] == {name: 1}


def test_the_properties_of_an_event_are_sent_as_they_are(actions):
    properties = {"empty": "", "nothing": None, "list": [1, {"a": None}], "number": 1.5}
    assert sent(actions, "events.custom", {"type": "a", "user": PHONE, "properties": properties})["properties"] == properties


def test_the_misspelling_of_a_well_known_connector_is_told(actions):
    [problem] = (
        actions["attentive.events.custom"].check({"type": "a", "user": PHONE, "occuredAt": "2026-02-03T09:15:00Z"}).problems
    )
    assert problem.hint == "Did you mean `occurredAt`?"


@pytest.mark.parametrize("name", ["events.custom", "events.purchase", "attributes.set"])
def test_an_event_user_takes_only_what_attentive_takes_there(actions, name):
    rest = {
        "events.custom": {"type": "a"},
        "events.purchase": {"items": [ITEM]},
        "attributes.set": {"properties": {"a": 1}},
    }[name]
    assert found(actions, name, {"user": {}, **rest}) == {("/user/phone", "choice")}
    assert found(actions, name, {"user": {"externalIdentifiers": {"shopifyId": "1"}}, **rest}) == {
        ("/user/externalIdentifiers/shopifyId", "refused_field")
    }
    assert found(
        actions,
        name,
        {"user": {**PHONE, "externalIdentifiers": {"customIdentifiers": [{"key": "a", "value": "b"}]}}, **rest},
    ) == {
        ("/user/externalIdentifiers/customIdentifiers/0/name", "required"),
        ("/user/externalIdentifiers/customIdentifiers/0/key", "unknown_field"),
    }
    assert sent(actions, name, {"user": {**PHONE, "externalIdentifiers": {"clientUserId": ""}}, **rest})["user"] == PHONE


@pytest.mark.parametrize("name", ["shopifyId", "klaviyoId", "clientUserId", "customIdentifiers"])
def test_an_identifier_that_events_do_not_take_there_is_refused_with_the_way_by_identity(actions, name):
    """S3-8, S4-8"""
    (problem,) = actions["attentive.events.custom"].check({"type": "a", "user": {**PHONE, name: "7"}}).problems
    assert (problem.code, problem.pointer) == ("payload.refused_field", f"/user/{name}")
    assert "`attentive.identity.add`" in problem.detail


def test_an_event_has_at_most_200_properties(actions):
    def event(count):
        return {"type": "a", "user": PHONE, "properties": {f"key {at}": at for at in range(count)}}

    assert sent(actions, "events.custom", event(200)) == event(200)
    assert found(actions, "events.custom", event(201)) == {("/properties", "size")}


@pytest.mark.parametrize("empty", ["", None])
def test_an_own_identifier_without_a_value_is_left_out(actions, empty):
    """A member who has no number yet. The rest of the list is kept, and told of by its own place."""
    nothing, number = {"name": "clubNo", "value": empty}, {"name": "loyaltyNo", "value": "L-2040"}
    identity = {**PHONE, "customIdentifiers": [nothing, number]}
    assert sent(actions, "identity.add", identity)["customIdentifiers"] == [number]
    assert sent(actions, "identity.add", {**PHONE, "clientUserId": "c", "customIdentifiers": [nothing]}) == {
        **PHONE,
        "clientUserId": "c",
    }
    assert ("/customIdentifiers", "required") in found(actions, "identity.add", {**PHONE, "customIdentifiers": [nothing]})
    long = {"name": "loyaltyNo", "value": "L" * 101}
    assert found(actions, "identity.add", {**PHONE, "customIdentifiers": [nothing, number, nothing, long]}) == {
        ("/customIdentifiers/3/value", "length")
    }
    person = {"identifiers": {**PHONE, "customIdentifiers": [{"key": "clubNo", "value": empty}]}}
    assert sent(actions, "attributes.set-user", person) == {"identifiers": PHONE}
    assert found(actions, "identity.add", {**PHONE, "customIdentifiers": [{"name": "loyaltyNo"}]}) == {
        ("/customIdentifiers/0/value", "required")
    }


@pytest.mark.parametrize(
    "moment",
    [
        "2026-02-03T09:15:00Z",
        "2026-02-03t09:15:00.25z",
        "2026-02-03T09:15:00-05:00",
        "2024-02-29T00:00:00+00:00",
        "2026-02-03T09:15:00+0000",  # as the vendor's own samples have it
    ],
)
def test_a_moment_with_offset_is_accepted_as_it_is(actions, moment):
    event = {"type": "a", "user": PHONE, "occurredAt": moment}
    assert sent(actions, "events.custom", event) == event
    assert actions["attentive.events.custom"].fresh_for_s(event, datetime(2026, 2, 5, tzinfo=UTC)) < 0


@pytest.mark.parametrize(
    "moment",
    [
        "2026-02-03T09:15:00",
        "2026-02-03T09:15:00+00",
        "2026-02-03",
        "2026-02-30T09:15:00Z",
        "2026-02-03T25:00:00Z",
        "2026-02-03T09:15:00Z\n",
        "now",
    ],
)
def test_any_other_moment_is_told_how_to_write_it(actions, moment):
    assert found(actions, "events.custom", {"type": "a", "user": PHONE, "occurredAt": moment}) == {("/occurredAt", "format")}


@pytest.mark.parametrize("name", ["events.product-view", "events.add-to-cart", "events.purchase"])
def test_an_ecommerce_event_needs_an_item_with_a_decimal_price(actions, name):
    assert sent(actions, name, {"items": [ITEM], "user": PHONE})["items"][0]["price"] == [{"value": 34.5}]
    assert found(actions, name, {"items": [], "user": PHONE}) == {("/items", "size")}
    assert found(actions, name, {"items": [{**ITEM, "price": []}], "user": PHONE}) == {("/items/0/price", "size")}
    assert found(actions, name, {"items": [{**ITEM, "price": [{"value": "34.5"}]}], "user": PHONE}) == {
        ("/items/0/price/0/value", "type")
    }
    assert found(actions, name, {"items": [{**ITEM, "price": [{"value": 1, "currency": "usd"}]}], "user": PHONE}) == {
        ("/items/0/price/0/currency", "pattern")
    }
    assert found(actions, name, {"items": [{**ITEM, "quantity": "2"}], "user": PHONE}) == {("/items/0/quantity", "type")}
    assert found(actions, name, {"items": [{**ITEM, "productUrl": "www.example.com"}], "user": PHONE}) == {
        ("/items/0/productUrl", "pattern")
    }


def test_only_a_purchase_has_an_order_and_a_sales_channel(actions):
    document = {"items": [ITEM], "user": PHONE, "orderId": "8817", "salesChannel": {"channelType": "WEB"}}
    assert sent(actions, "events.purchase", document) == document
    assert found(actions, "events.add-to-cart", document) == {
        ("/orderId", "unknown_field"),
        ("/salesChannel", "unknown_field"),
    }
    assert "salesChannel" not in sent(actions, "events.purchase", {**document, "salesChannel": {"channelType": ""}})


def test_an_attribute_is_a_plain_value_and_an_empty_one_is_left_out(actions):
    assert sent(
        actions, "attributes.set", {"properties": {"a": "x", "b": 1.5, "c": True, "d": "", "e": None}, "user": PHONE}
    )["properties"] == {"a": "x", "b": 1.5, "c": True}
    assert found(actions, "attributes.set", {"properties": {"a": [1], "b": {"c": 1}, "d" * 201: 1}, "user": PHONE}) == {
        ("/properties/a", "type"),
        ("/properties/b", "type"),
        (f"/properties/{'d' * 201}", "length"),
    }
    assert found(actions, "attributes.set", {"properties": {"a": ""}, "user": PHONE}) == {("/properties", "size")}


@pytest.mark.parametrize(
    "document",
    [
        {**PHONE, "clientUserId": "c"},
        {"shopifyId": "s", "customIdentifiers": [{"name": "n", "value": "v"}]},
        {"customIdentifiers": [{"name": "n", "value": "v"}, {"name": "m", "value": "w"}]},
    ],
)
def test_an_identity_is_an_anchor_and_one_identifier_more(actions, document):
    assert sent(actions, "identity.add", document) == document


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({**PHONE, "email": "ada@example.com"}, ("/clientUserId", "choice")),
        ({"clientUserId": "c"}, ("", "choice")),
        ({"customIdentifiers": [{"name": "n", "value": "v"}]}, ("", "choice")),
        ({**PHONE, "clientUserId": "c" * 101}, ("/clientUserId", "length")),
    ],
)
def test_an_identity_without_them_ties_nothing(actions, document, problem):
    assert found(actions, "identity.add", document) == {problem}


def test_a_person_is_found_by_phone_then_mail_then_customer_number(actions):
    action = actions["attentive.events.custom"]
    ids = {"externalIdentifiers": {"clientUserId": "cust-551"}}
    assert action.recipient({"user": {**PHONE, "email": "ada@example.com"}}) == "+12025550143"
    assert action.recipient({"user": {"email": "ada@example.com", **ids}}) == "ada@example.com"
    assert action.recipient({"user": ids}) == "cust-551"
    assert action.recipient({"user": {}}) is None


def test_a_whole_number_loses_the_point_that_arithmetic_gave_it(actions):
    """To JSON Schema 2.0 is a whole number; a vendor that reads integers may refuse it."""
    (item,) = sent(actions, "events.purchase", {"items": [{**ITEM, "quantity": 2.0}], "user": PHONE})["items"]
    assert (item["quantity"], type(item["quantity"])) == (2, int)
    assert item["price"] == [{"value": 34.5}]
    assert found(actions, "events.purchase", {"items": [{**ITEM, "quantity": 2.5}], "user": PHONE}) == {
        ("/items/0/quantity", "type")
    }


@pytest.mark.parametrize(
    ("name", "pointer", "document"),
    [
        ("events.custom", "/type", {"type": " ", "user": PHONE}),
        ("events.purchase", "/items/0/productId", {"items": [{**ITEM, "productId": " \n"}], "user": PHONE}),
        ("events.purchase", "/items/0/productVariantId", {"items": [{**ITEM, "productVariantId": " "}], "user": PHONE}),
        ("subscriptions.create", "/signUpSourceId", {"signUpSourceId": " ", "user": PHONE}),
    ],
)
def test_a_name_or_id_of_blanks_is_none(actions, name, pointer, document):
    assert found(actions, name, document) == {(pointer, "required")}


def test_a_sales_channel_that_came_out_empty_is_left_out(actions):
    purchase = {"items": [ITEM], "user": PHONE}
    assert sent(actions, "events.purchase", {**purchase, "salesChannel": {"channelType": ""}}) == purchase
