"""Attributes: what is known of a person beyond contacts, by the first and the second version of the API."""

from __future__ import annotations

from typing import Any

from service.emulator._machine import Call, Endpoint, Reply
from service.emulator.attentive import _fields as fields
from service.emulator.attentive import _users as users
from service.emulator.attentive._state import State

LONGEST_NAME = 200
MOST_CUSTOM = 100  # in one call of v2
PEOPLE_KEPT = 10_000
IDENTIFIERS_2 = ("email", "phone", "shopifyId", "klaviyoId", "clientUserId", "customIdentifiers")

RULES = {
    **users.RULES,
    "attribute values": "An attribute's value is no list and no object.",
    "attribute names": f"An attribute's name has at most {LONGEST_NAME} characters.",
    "attribute count": f"A call of v2 has at most {MOST_CUSTOM} custom attributes.",
    "attribute type": "The first value of an attribute fixes its type; others are ignored, and nobody is told.",
}


def set_custom(state: State, call: Call) -> Reply:
    """`POST /v1/attributes/custom`."""
    body = fields.an_object(call)
    user = users.event_user(call, body)
    fields.no_others(call, body, "user", "properties")
    properties = _values(call, body.get("properties"), "properties", needed=True)
    _keep(state, call, _people(user), properties)
    return Reply()


def get_custom(state: State, call: Call) -> Reply:
    """`GET /v1/attributes/custom`, of exactly one phone or e-mail address."""
    (contact,) = users.of_query(call, exactly_one=True).values()
    held = state.attributes.get(contact, {})
    return Reply(200, [{"name": name, "value": value} for name, value in held.items()])


def set_user(state: State, call: Call) -> Reply:
    """`POST /v2/user/attributes`. Custom identifiers are `{key, value}` here."""
    body = fields.an_object(call)
    fields.no_others(call, body, "identifiers", "attributes", "subscriptions")
    identifiers = body.get("identifiers")
    if not isinstance(identifiers, dict) or not any(identifiers.get(name) for name in IDENTIFIERS_2):
        call.refuse("user", f"'identifiers' needs at least one of {', '.join(IDENTIFIERS_2)}.")
        identifiers = {}
    users.contacts(call, identifiers)
    client = fields.text(call, identifiers, "clientUserId")
    if client is not None and len(client) > users.LONGEST_IDENTIFIER:
        call.refuse("user", f"'clientUserId' has more than {users.LONGEST_IDENTIFIER} characters.")
    users.custom_identifiers(call, identifiers, "key")
    attributes = body.get("attributes") or {}
    if not isinstance(attributes, dict):
        call.refuse("fields", "'attributes' must be an object.")
        attributes = {}
    custom = _values(call, attributes.get("custom"), "custom")
    if len(custom) > MOST_CUSTOM:
        call.refuse("attribute count", f"'custom' has more than {MOST_CUSTOM} attributes.")
    names = {name: attributes[name] for name in ("firstName", "lastName") if isinstance(attributes.get(name), str)}
    _keep(state, call, _people(identifiers), {**names, **custom})
    return Reply(202, {"success": True, "message": "Accepted"})


def _values(call: Call, held: Any, name: str, *, needed: bool = False) -> fields.Body:
    if held is None and not needed:
        return {}
    if not isinstance(held, dict):
        call.refuse("fields", f"'{name}' is required and must be an object." if needed else f"'{name}' must be an object.")
        return {}
    if any(isinstance(value, list | dict) for value in held.values()):
        call.refuse("attribute values", f"'{name}' has a list or an object as a value.")
    if any(len(key) > LONGEST_NAME for key in held):
        call.refuse("attribute names", f"'{name}' has a name of more than {LONGEST_NAME} characters.")
    return held


def _keep(state: State, call: Call, people: list[str], values: fields.Body) -> None:
    for name, value in values.items():
        kind = _kind(value)
        if state.attribute_kinds.setdefault(name, kind) != kind:
            call.quietly("attribute type", f"{name[:80]!r} was a {state.attribute_kinds[name]} before, so this is ignored.")
            continue
        for person in people:
            state.attributes.setdefault(person, {})[name] = value
    while len(state.attributes) > PEOPLE_KEPT:
        del state.attributes[next(iter(state.attributes))]
    while len(state.attribute_kinds) > PEOPLE_KEPT:
        del state.attribute_kinds[next(iter(state.attribute_kinds))]


def _kind(value: Any) -> str:
    """The type that Attentive gives a value: a text that holds a number makes a number."""
    if isinstance(value, bool):
        return "boolean"
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return "text"
    return "number"


def _people(user: fields.Body) -> list[str]:
    return [user[name] for name in ("phone", "email") if isinstance(user.get(name), str)]


ENDPOINTS = (
    Endpoint("POST", "/v1/attributes/custom", "attributes:write", 150, set_custom),
    Endpoint("GET", "/v1/attributes/custom", "attributes:write", 150, get_custom, body=False),
    Endpoint("POST", "/v2/user/attributes", "attributes:write", 150, set_user),
)
