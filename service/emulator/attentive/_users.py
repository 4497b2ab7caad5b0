"""Who a call is about: contacts and external identifiers, in the forms that different APIs take."""

from __future__ import annotations

import re
from typing import Any

from service.emulator._machine import Call, Refused
from service.emulator.attentive import _fields as fields
from service.emulator.attentive._people import Person, keys_of
from service.emulator.attentive._state import State

EVENT_USER = frozenset({"phone", "email", "externalIdentifiers"})
EVENT_IDENTIFIERS = frozenset({"clientUserId", "customIdentifiers"})
EVERY_IDENTIFIER = EVENT_IDENTIFIERS | {"shopifyId", "klaviyoId"}
LONGEST_IDENTIFIER = 100

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

RULES = {
    **fields.RULES,
    "tied identifier": "External identifiers find only people to whom Identity has tied them, and nobody is told.",
    "user": "A user has at least one of the identifiers that the API takes, and no others.",
    "email": "An e-mail address looks like one.",
}


def event_user(call: Call, body: fields.Body) -> fields.Body:
    """The user of events and attributes, which takes no other identifiers (no `shopifyId`, no `klaviyoId`)."""
    user = _object(call, body, "user")
    if extra := sorted(set(user) - EVENT_USER):
        call.refuse("user", f"'user' has no field {', '.join(map(repr, extra))[:200]}.")
    contacts(call, user)
    external = external_identifiers(call, user, EVENT_IDENTIFIERS)
    if user.get("phone") is None and user.get("email") is None and not any(external.values()):
        call.refuse("user", "'user' must have at least one identifier.")
    return user


def person_of(state: State, call: Call, user: fields.Body) -> Person | None:
    """The person whom the user of an event is. Contacts make one, other identifiers only find one; None: nobody."""
    own = [key for key in keys_of(user) if key[0] in ("phone", "email")]
    found = state.people.tie(own) if own else state.people.find(keys_of(user.get("externalIdentifiers")))
    if found is None and call.rules.mode("tied identifier") != "off":
        call.note("tied identifier", "Nobody is tied to these identifiers.")
    return found


def contact_user(call: Call, body: fields.Body) -> fields.Body:
    """The user of subscriptions: a phone, an e-mail address, or both."""
    user = _object(call, body, "user")
    fields.no_others(call, user, "phone", "email")
    contacts(call, user)
    if user.get("phone") is None and user.get("email") is None:
        call.refuse("user", "'user' needs a phone or an email.")
    return user


def external_identifiers(call: Call, held: fields.Body, known: frozenset[str]) -> fields.Body:
    """`externalIdentifiers`, an object with some of the `known` ones; empty when it is absent."""
    external = held.get("externalIdentifiers")
    if external is None:
        return {}
    if not isinstance(external, dict) or set(external) - known:
        call.refuse("user", f"'externalIdentifiers' takes {', '.join(sorted(known))}.")
        return {}
    for name in known - {"customIdentifiers"}:
        fields.text(call, external, name)
    custom_identifiers(call, external, "name")
    return external


def contacts(call: Call, user: fields.Body) -> None:
    fields.phone(call, user, "phone")
    address(call, user, "email")


def address(call: Call, body: fields.Body, name: str) -> str | None:
    """A mail address; None when it is absent."""
    found = fields.text(call, body, name)
    if found is not None and not _EMAIL.fullmatch(found):
        call.refuse("email", f"'{name}' must be an e-mail address.")
    return found


def custom_identifiers(call: Call, held: fields.Body, key: str) -> list[Any]:
    """The list of `{name, value}` (v1) or `{key, value}` (v2), whose shape must be the one of the API."""
    found = held.get("customIdentifiers")
    if found is None:
        return []
    if not isinstance(found, list):
        call.refuse("user", "'customIdentifiers' must be a list.")
        return []
    for each in found:
        whole = isinstance(each, dict) and set(each) == {key, "value"}
        if not whole or not all(isinstance(value, str) and value for value in each.values()):
            call.refuse("user", f"Each of 'customIdentifiers' is {{{key}, value}}, both texts.")
    return found


def _object(call: Call, body: fields.Body, name: str) -> fields.Body:
    value = body.get(name)
    if not isinstance(value, dict):
        call.refuse("fields", f"'{name}' is required and must be an object.")
        return {}
    return value


def of_query(call: Call, *, exactly_one: bool) -> dict[str, str]:
    """`phone` and `email` of a query. A `+` that was not encoded arrives as a blank, which is no number."""
    given = {name: values[0] for name, values in call.query.items() if name in ("phone", "email") and values[0]}
    if not given or (exactly_one and len(given) > 1):
        raise Refused(400, "Give exactly one of phone and email." if exactly_one else "Give a phone or an email.")
    contacts(call, dict(given))
    return given
