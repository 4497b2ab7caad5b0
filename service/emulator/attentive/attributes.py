"""Attributes: what is known of a person beyond contacts, by the first and the second version of the API."""

from __future__ import annotations

from typing import Any

from service.emulator._machine import Call, Endpoint, Reply
from service.emulator.attentive import _fields as fields
from service.emulator.attentive import _telling as telling
from service.emulator.attentive import _users as users
from service.emulator.attentive import bulk as jobs
from service.emulator.attentive._people import Person, keys_of
from service.emulator.attentive._state import State, limit

LONGEST_NAME = 200
MOST_CUSTOM = 100  # in one call of v2
MOST_USERS = 256  # in one bulk call
IDENTIFIERS_2 = ("email", "phone", "shopifyId", "klaviyoId", "clientUserId", "customIdentifiers")

PARTS = {
    "demographic": ("language", "dateOfBirth", "age", "organization", "title", "website"),
    "location": (
        *("address1", "address2", "city", "state", "zip"),
        *("latitude", "longitude", "country", "region", "timezone"),
    ),
    "locale": ("language", "country"),
}
API = "attributes"

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
    person = users.person_of(state, call, user)
    if person is None:
        why = "Nobody is tied to these identifiers: send them with a phone number or mail address to Identity first."
        state.happened(API, call.now, "Attributes", None, why, properties.items(), good=False)
    else:
        _keep(state, call, person, properties)
    return Reply()


def get_custom(state: State, call: Call) -> Reply:
    """`GET /v1/attributes/custom`, of exactly one phone or e-mail address."""
    person = state.people.find(users.of_query(call, exactly_one=True).items())
    held = {} if person is None else person.attributes
    return Reply(200, [{"name": name, "value": value} for name, value in held.items()])


def set_user(state: State, call: Call) -> Reply:
    """`POST /v2/user/attributes`. Custom identifiers are `{key, value}` here."""
    _update(state, call, fields.an_object(call))
    return Reply(202, {"success": True, "message": "Accepted"})


def set_users(state: State, call: Call) -> Reply:
    """`POST /v2/bulk/user/attributes`: 1 to 256 people in one job."""
    body = fields.an_object(call)
    fields.no_others(call, body, "users")
    people = fields.objects(call, body, "users", MOST_USERS)
    for each in people:
        _update(state, call, each)
    return Reply(202, {"message": "Accepted", "batchJobId": jobs.done(state, len(people))})


def _update(state: State, call: Call, body: fields.Body) -> None:
    fields.no_others(call, body, "identifiers", "attributes", "subscriptions")
    identifiers = body.get("identifiers")
    if not isinstance(identifiers, dict) or not any(identifiers.get(name) for name in IDENTIFIERS_2):
        call.refuse("user", f"'identifiers' needs at least one of {', '.join(IDENTIFIERS_2)}.")
        identifiers = {}
    fields.no_others(call, identifiers, *IDENTIFIERS_2)
    users.contacts(call, identifiers)
    for name in ("shopifyId", "klaviyoId"):
        fields.text(call, identifiers, name)
    client = fields.text(call, identifiers, "clientUserId")
    if client is not None and len(client) > users.LONGEST_IDENTIFIER:
        call.refuse("user", f"'clientUserId' has more than {users.LONGEST_IDENTIFIER} characters.")
    users.custom_identifiers(call, identifiers, "key")
    attributes = _object(call, body, "attributes")
    fields.no_others(call, attributes, "firstName", "lastName", *PARTS, "custom")
    parts = [_part(call, attributes, name) for name in PARTS]
    custom = _values(call, attributes.get("custom"), "custom")
    if len(custom) > MOST_CUSTOM:
        call.refuse("attribute count", f"'custom' has more than {MOST_CUSTOM} attributes.")
    names = {name: value for name in ("firstName", "lastName") if (value := fields.text(call, attributes, name))}
    if "subscriptions" in body:
        _sign_ups(call, body)
    known = {name: value for part in (names, *parts, custom) for name, value in part.items()}
    _keep(state, call, state.people.tie(keys_of(identifiers, "key")), known)


def _object(call: Call, body: fields.Body, name: str) -> fields.Body:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        call.refuse("fields", f"'{name}' must be an object.")
    return value if isinstance(value, dict) else {}


def _part(call: Call, attributes: fields.Body, name: str) -> fields.Body:
    """One of the groups of attributes that the vendor defines."""
    part = _object(call, attributes, name)
    fields.no_others(call, part, *PARTS[name])
    for field in PARTS[name]:
        if field == "age":
            fields.integer(call, part, field)
        elif field in ("latitude", "longitude"):
            fields.number(call, part, field)
        else:
            fields.text(call, part, field)
    return part


def _sign_ups(call: Call, body: fields.Body) -> None:
    for each in fields.objects(call, body, "subscriptions", MOST_USERS):
        fields.no_others(call, each, "signUpSourceId", "channel", "subscriptionType", "singleOptIn")
        fields.text(call, each, "signUpSourceId", needed=True)
        fields.one_of(call, each, "channel", ("TEXT", "EMAIL"), needed=True)
        fields.one_of(call, each, "subscriptionType", ("MARKETING", "TRANSACTIONAL"), needed=True)
        fields.flag(call, each, "singleOptIn")


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


def _keep(state: State, call: Call, person: Person, values: fields.Body) -> None:
    ignored = []
    for name, value in values.items():
        kind = _kind(value)
        if state.attribute_kinds.setdefault(name, kind) != kind:
            call.quietly("attribute type", f"{name[:80]!r} was a {state.attribute_kinds[name]} before, so this is ignored.")
            ignored.append(name)
            continue
        person.attributes[name] = value
        about = {"id": name, "name": name, "value": value}
        telling.tell(state, call.now, "custom_attribute.set", person, user_property=about)
    limit(state.attribute_kinds)
    effect = "Known of the person from now on, and offered when you build a segment."
    if ignored:
        effect = f"Ignored, because the first value had another type: {', '.join(ignored)[:200]}."
    state.happened(API, call.now, "Attributes", person, effect, values.items(), good=not ignored)


def _kind(value: Any) -> str:
    """The type that Attentive gives a value: a text that holds a number makes a number."""
    if isinstance(value, bool):
        return "boolean"
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return "text"
    return "number"


ENDPOINTS = (
    Endpoint("POST", "/v1/attributes/custom", "attributes:write", 150, set_custom),
    Endpoint("GET", "/v1/attributes/custom", "attributes:write", 150, get_custom, body=False),
    Endpoint("POST", "/v2/user/attributes", "attributes:write", 150, set_user),
    Endpoint("POST", "/v2/bulk/user/attributes", "attributes:write", 100, set_users),
)
