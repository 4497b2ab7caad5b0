"""Custom and ecommerce events, attributes, identity: their rules, aloud and in silence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

USER = {"phone": "+12025550143"}
EVENT = {"type": "Parcel handed over", "user": USER, "properties": {"order": "8817"}}
ITEM = {
    "productId": "KIT-40",
    "productVariantId": "KIT-40-BLU",
    "price": [{"value": 34.5, "currency": "USD"}],
    "quantity": 2,
}
SHOP = {"items": [ITEM], "user": {"email": "ada@example.com"}}
NAME_200 = "n" * 200


def post(emulator: Any, path: str, body: dict[str, Any], **changes: Any) -> Any:
    changed = {name: value for name, value in {**body, **changes}.items() if value is not None}
    return emulator.call("POST", path, changed)


def event(emulator: Any, **changes: Any) -> Any:
    return post(emulator, "/v1/events/custom", EVENT, **changes)


def test_an_event_is_answered_200_without_a_body(emulator: Any) -> None:
    answer = event(emulator)
    assert (answer.status_code, answer.data) == (200, b"")
    assert emulator.notes() == []


@pytest.mark.parametrize("character", list("\"'(){}[]\\|,"))
def test_a_character_that_event_types_must_not_have_is_a_400(emulator: Any, character: str) -> None:
    assert event(emulator, type=f"Parcel {character}").status_code == 400


@pytest.mark.parametrize("character", list('"{}[]\\|'))
def test_a_character_that_property_keys_must_not_have_is_a_400(emulator: Any, character: str) -> None:
    assert event(emulator, properties={f"or{character}der": 1}).status_code == 400


@pytest.mark.parametrize("character", list("'(),"))
def test_property_keys_may_have_what_event_types_may_not(emulator: Any, character: str) -> None:
    assert event(emulator, properties={f"or{character}der": 1}).status_code == 200


USERS = [
    {},
    {"shopifyId": "1"},
    {"phone": "+12025550143", "klaviyoId": "1"},
    {"externalIdentifiers": {"shopifyId": "1"}},
    {"externalIdentifiers": {"customIdentifiers": [{"key": "a", "value": "b"}]}},
    {"externalIdentifiers": {"customIdentifiers": {"a": "b"}}},
    {"phone": "2025550143"},
    {"email": "ada"},
    "+12025550143",
]


@pytest.mark.parametrize("user", [*USERS, None])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/events/custom", EVENT),
        ("/v1/events/ecommerce/add-to-cart", SHOP),
        ("/v1/attributes/custom", {"properties": {"a": 1}}),
    ],
)
def test_a_user_that_events_and_attributes_do_not_take_is_a_400(
    emulator: Any, path: str, body: dict[str, Any], user: Any
) -> None:
    assert post(emulator, path, body, user=user).status_code == 400


def test_a_user_may_be_an_external_identifier(emulator: Any) -> None:
    external = {"clientUserId": "cust-551", "customIdentifiers": [{"name": "loyaltyNo", "value": "L-2040"}]}
    assert event(emulator, user={"externalIdentifiers": external}).status_code == 200


def test_an_event_older_than_12_hours_is_taken_and_starts_no_journey(emulator: Any) -> None:
    now = datetime.fromtimestamp(emulator.clock.now, UTC)
    assert event(emulator, occurredAt=(now - timedelta(hours=11, minutes=59)).isoformat()).status_code == 200
    assert emulator.notes() == []
    old = (now - timedelta(hours=12, seconds=1)).isoformat()
    assert event(emulator, occurredAt=old).status_code == 200
    assert emulator.notes() == ["old event"]
    emulator.control("rules", {"*": "strict"})
    assert event(emulator, occurredAt=old).status_code == 400


@pytest.mark.parametrize(
    "text", ["2026-02-03T09:15:00", "2026-02-03", "yesterday", "2026-13-03T09:15:00Z", "1770000000", "", 1770000000]
)
def test_a_time_without_an_offset_is_a_400(emulator: Any, text: Any) -> None:
    assert event(emulator, occurredAt=text).status_code == 400


def test_more_than_200_keys_of_one_type_are_saved_and_cannot_be_used(emulator: Any) -> None:
    assert event(emulator, properties={f"a{n}": n for n in range(200)}).status_code == 200
    assert emulator.notes() == []
    assert event(emulator, properties={"one more": 1}).status_code == 200
    assert emulator.notes() == ["many keys"]
    assert event(emulator, type="Other", properties={"one more": 1}).status_code == 200
    assert emulator.notes() == []


def test_a_repeated_event_is_taken_and_noted(emulator: Any) -> None:
    assert event(emulator, externalEventId="e-1").status_code == 200
    assert event(emulator, externalEventId="e-1").status_code == 200
    assert emulator.notes() == ["repeated event"]


@pytest.mark.parametrize("path", ["product-view", "add-to-cart", "purchase"])
def test_the_three_ecommerce_events_are_taken(emulator: Any, path: str) -> None:
    answer = post(emulator, f"/v1/events/ecommerce/{path}", SHOP, occurredAt="2026-02-03T09:15:00+0000")
    assert (answer.status_code, answer.data) == (200, b"")


def test_there_are_only_three_ecommerce_events(emulator: Any) -> None:
    assert post(emulator, "/v1/events/ecommerce/view-item", SHOP).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"items": None},
        {"items": []},
        {"items": ["KIT-40"]},
        {"items": [{**ITEM, "productId": None}]},
        {"items": [{**ITEM, "productVariantId": 40}]},
        {"items": [{**ITEM, "price": []}]},
        {"items": [{**ITEM, "price": 34.5}]},
        {"items": [{**ITEM, "price": [{"value": "34.5"}]}]},
        {"items": [{**ITEM, "price": [{"value": 34.5, "currency": "usd"}]}]},
        {"items": [{**ITEM, "quantity": "2"}]},
        {"items": [{**ITEM, "quantity": 2.5}]},
        {"salesChannel": {"channelType": "FAX"}},
        {"orderId": 8817},
    ],
)
def test_an_ecommerce_event_that_breaks_a_rule_is_a_400(emulator: Any, changes: dict[str, Any]) -> None:
    assert post(emulator, "/v1/events/ecommerce/purchase", SHOP, **changes).status_code == 400


def test_attributes_are_kept_and_read_back(emulator: Any) -> None:
    properties = {"Loyalty tier": "silver", "Lifetime value": 412.75}
    assert post(emulator, "/v1/attributes/custom", {"user": USER, "properties": properties}).status_code == 200
    answer = emulator.call("GET", "/v1/attributes/custom?phone=%2B12025550143")
    assert {each["name"]: each["value"] for each in answer.json} == properties


@pytest.mark.parametrize("query", ["", "?phone=%2B12025550143&email=ada%40example.com", "?phone=+12025550143", "?name=x"])
def test_attributes_are_read_by_exactly_one_contact(emulator: Any, query: str) -> None:
    assert emulator.call("GET", f"/v1/attributes/custom{query}").status_code == 400


@pytest.mark.parametrize("properties", [None, [], {"a": [1]}, {"a": {"b": 1}}, {NAME_200 + "n": 1}])
def test_attributes_that_break_a_rule_are_a_400(emulator: Any, properties: Any) -> None:
    assert post(emulator, "/v1/attributes/custom", {"user": USER}, properties=properties).status_code == 400


def test_the_first_value_fixes_the_type_of_an_attribute(emulator: Any) -> None:
    def put(value: Any) -> list[str]:
        assert post(emulator, "/v1/attributes/custom", {"user": USER, "properties": {"size": value}}).status_code == 200
        found: list[str] = emulator.notes()
        return found

    assert put("42") == []
    assert put(43) == []
    assert put("large") == ["attribute type"]
    assert emulator.call("GET", "/v1/attributes/custom?phone=%2B12025550143").json == [{"name": "size", "value": 43}]


def test_the_second_version_takes_names_and_identifiers_with_a_key(emulator: Any) -> None:
    body = {
        "identifiers": {"phone": "+12025550143", "customIdentifiers": [{"key": "loyalty_no", "value": "L-2040"}]},
        "attributes": {"firstName": "Ada", "custom": {"tier points": 320}},
    }
    answer = post(emulator, "/v2/user/attributes", body)
    assert (answer.status_code, answer.json["success"]) == (202, True)
    held = emulator.call("GET", "/v1/attributes/custom?phone=%2B12025550143").json
    assert held == [{"name": "firstName", "value": "Ada"}, {"name": "tier points", "value": 320}]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"identifiers": {}},
        {"identifiers": {"phone": "2025550143"}},
        {"identifiers": {"customIdentifiers": [{"name": "a", "value": "b"}]}},
        {"identifiers": {"clientUserId": "c" * 101}},
        {"identifiers": USER, "attributes": {"custom": {"a": [1]}}},
        {"identifiers": USER, "attributes": {"custom": {f"a{n}": 1 for n in range(101)}}},
        {"identifiers": USER, "attributes": "x"},
    ],
)
def test_the_second_version_refuses_what_breaks_a_rule(emulator: Any, body: dict[str, Any]) -> None:
    assert post(emulator, "/v2/user/attributes", body).status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"phone": "+12025550143", "clientUserId": "c"}, 202),
        ({"customIdentifiers": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]}, 202),
        ({"clientUserId": "c", "customIdentifiers": [{"name": "a", "value": "1"}]}, 202),
        ({"phone": "+12025550143", "email": "ada@example.com"}, 400),
        ({"clientUserId": "c"}, 400),
        ({"clientUserId": "c", "phone": "2025550143"}, 400),
        ({"clientUserId": "c" * 101, "phone": "+12025550143"}, 400),
        ({"clientUserId": "c", "customIdentifiers": [{"name": "a", "value": "1" * 101}]}, 400),
        ({"clientUserId": "c", "customIdentifiers": [{"key": "a", "value": "1"}]}, 400),
        ({}, 400),
    ],
)
def test_identity_needs_an_anchor_and_another_identifier(emulator: Any, body: dict[str, Any], status: int) -> None:
    answer = post(emulator, "/v1/identity-resolution/user-identifiers", body)
    assert answer.status_code == status


def test_identity_is_limited_to_10_a_second(emulator: Any) -> None:
    body = {"phone": "+12025550143", "clientUserId": "c"}
    statuses = [post(emulator, "/v1/identity-resolution/user-identifiers", body).status_code for _ in range(11)]
    assert statuses == [202] * 10 + [429]


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/v1/subscriptions", "subscriptions:write"),
        ("/v1/subscriptions/unsubscribe", "subscriptions:write"),
        ("/v1/events/custom", "events:write"),
        ("/v1/events/ecommerce/purchase", "ecommerce:write"),
        ("/v1/attributes/custom", "attributes:write"),
        ("/v1/identity-resolution/user-identifiers", "identity:write"),
    ],
)
def test_each_address_needs_its_permission(make: Any, path: str, scope: str) -> None:
    emulator = make(tokens={"with": [scope], "without": ["segments:read"]})
    assert emulator.call("POST", path, {}, token="without").status_code == 403
    assert emulator.call("POST", path, {}, token="with").status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "taken"),
    [
        ("/v1/events/custom", {**EVENT, "occuredAt": "2026-02-03T09:15:00Z"}, 200),
        ("/v1/events/ecommerce/product-view", {**SHOP, "orderId": "8817"}, 200),
        ("/v1/attributes/custom", {"user": USER, "properties": {}, "x": 1}, 200),
        ("/v2/user/attributes", {"identifiers": USER, "user": USER}, 202),
        ("/v1/identity-resolution/user-identifiers", {"phone": "+12025550143", "clientUserId": "c", "x": 1}, 202),
        ("/v1/subscriptions", {"user": USER, "signUpSourceId": "1", "externalEventId": "e"}, 202),
        ("/v1/subscriptions/unsubscribe", {"user": USER, "all": True}, 202),
    ],
)
def test_a_field_that_an_api_does_not_have_is_noted_and_in_strict_mode_refused(
    emulator: Any, path: str, body: dict[str, Any], taken: int
) -> None:
    assert emulator.call("POST", path, body).status_code == taken
    assert emulator.notes() == ["unknown fields"]
    emulator.control("rules", {"unknown fields": "strict"})
    assert emulator.call("POST", path, body).status_code == 400


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(data=st.data(), mode=st.sampled_from(["real", "strict", "off"]))
def test_no_body_breaks_any_address(emulator: Any, data: st.DataObject, mode: str) -> None:
    emulator.control("rules", {"*": mode})
    emulator.clock.now += 1
    endpoint = data.draw(st.sampled_from(emulator.machine.endpoints))
    names = st.sampled_from(
        ["user", "type", "properties", "items", "price", "identifiers", "attributes", "custom", "locale", "notification",
         "subscriptions", "phone", "email", "clientUserId", "customIdentifiers", "externalIdentifiers", "occurredAt",
         "externalEventId", "signUpSourceId", "subscriptionType", "channel", "salesChannel", "name", "key", "value",
         "users", "members", "externalId", "url", "events", "to", "body", "demographic", "location", "subjectPhone"]
    )  # fmt: skip
    body = data.draw(
        st.recursive(VALUE, lambda inner: st.dictionaries(names, inner, max_size=4) | st.lists(inner, max_size=2))
    )
    query = data.draw(st.sampled_from(["", "?phone=%2B12025550143", "?email=a", "?phone=", "?phone=1&email=2"]))
    answer = emulator.call(endpoint.method, endpoint.path + query, body if endpoint.body else None)
    assert answer.status_code in (200, 201, 202, 204, 400, 404)
    assert emulator.client.get("/").status_code == 200
    assert emulator.client.get("/_emulator/requests?limit=1").status_code == 200
