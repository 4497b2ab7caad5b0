"""Identity: `POST /v1/identity-resolution/user-identifiers` ties identifiers to one person."""

from __future__ import annotations

from service.emulator._machine import Call, Endpoint, Reply
from service.emulator.attentive import _fields as fields
from service.emulator.attentive import _users as users
from service.emulator.attentive._people import keys_of
from service.emulator.attentive._state import State

TEXTS = ("phone", "email", "shopifyId", "klaviyoId", "clientUserId")

RULES = {
    **users.RULES,
    "anchor": "A `clientUserId` or custom identifier, and at least one further identifier.",
    "identifier length": f"An identifier has at most {users.LONGEST_IDENTIFIER} characters.",
}


def identify(state: State, call: Call) -> Reply:
    """202 without a body."""
    body = fields.an_object(call)
    fields.no_others(call, body, *TEXTS, "customIdentifiers")
    users.contacts(call, body)
    texts = [value for name in TEXTS if (value := fields.text(call, body, name))]
    custom = users.custom_identifiers(call, body, "name")
    texts_of_custom = [str(text) for each in custom if isinstance(each, dict) for text in each.values()]
    if any(len(text) > users.LONGEST_IDENTIFIER for text in (*texts, *texts_of_custom)):
        call.refuse("identifier length", f"An identifier has more than {users.LONGEST_IDENTIFIER} characters.")
    if not (body.get("clientUserId") or custom) or len(texts) + len(custom) < 2:
        call.refuse("anchor", "Give a clientUserId or a custom identifier, and at least one further identifier.")
    state.people.tie(keys_of(body))
    return Reply(202)


ENDPOINTS = (Endpoint("POST", "/v1/identity-resolution/user-identifiers", "identity:write", 10, identify),)
