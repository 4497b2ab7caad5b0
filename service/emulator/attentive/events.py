"""Custom events: `POST /v1/events/custom`."""

from __future__ import annotations

from service.emulator._machine import Call, Endpoint, Reply
from service.emulator.attentive import _fields as fields
from service.emulator.attentive import _users as users
from service.emulator.attentive import _when as when
from service.emulator.attentive._state import State, limit

API = "custom-events"
NOT_IN_TYPES = frozenset("\"'(){}[]\\|,")
NOT_IN_KEYS = frozenset('"{}[]\\|')
KEYS_OF_A_TYPE = 200
IDS_KEPT = 100_000

RULES = {
    **users.RULES,
    **when.RULES,
    "event type": "An event's type has none of \" ' ( ) { } [ ] \\ | and comma.",
    "property keys": 'A key of the properties has none of " { } [ ] \\ and |.',
    "many keys": f"Of more than {KEYS_OF_A_TYPE} keys of one event type the later ones cannot be used.",
    "repeated event": "An event whose `externalEventId` has come before is taken, and starts no journey again.",
}


def custom(state: State, call: Call) -> Reply:
    """One event; 200 without a body."""
    body = fields.an_object(call)
    kind = fields.text(call, body, "type", needed=True) or ""
    if NOT_IN_TYPES & set(kind):
        call.refuse("event type", "'type' has a character that event types must not have.")
    user = users.event_user(call, body)
    fields.no_others(call, body, "type", "user", "properties", "externalEventId", "occurredAt")
    old = when.occurred(call, body)
    _properties(state, call, body, kind)
    repeated = _once(state, call, fields.text(call, body, "externalEventId"))
    properties = body.get("properties")
    facts = [*properties.items()] if isinstance(properties, dict) else []
    facts += [("Happened at", body["occurredAt"])] if body.get("occurredAt") else []
    state.event(API, call.now, kind, users.person_of(state, call, user), kind, facts, old or repeated)
    return Reply()


def _properties(state: State, call: Call, body: fields.Body, kind: str) -> None:
    properties = body.get("properties")
    if properties is None:
        return
    if not isinstance(properties, dict):
        call.refuse("fields", "'properties' must be an object.")
        return
    if any(NOT_IN_KEYS & set(key) for key in properties):
        call.refuse("property keys", "'properties' has a key with a character that keys must not have.")
    known = state.event_keys.setdefault(kind, set())
    if len(known | set(properties)) > KEYS_OF_A_TYPE:
        call.quietly("many keys", f"The event type has more than {KEYS_OF_A_TYPE} keys; the later ones cannot be used.")
    known.update(list(properties)[: max(0, KEYS_OF_A_TYPE - len(known))])


def _once(state: State, call: Call, event_id: str | None) -> str | None:
    """Why the event's id starts no journey, if so."""
    if event_id is None:
        return None
    repeated = event_id in state.event_ids and call.rules.mode("repeated event") != "off"
    if repeated:
        call.note("repeated event", "An event with this externalEventId has come before.")
    state.event_ids[event_id] = None
    limit(state.event_ids, IDS_KEPT)
    return "An event with the same id came before." if repeated else None


ENDPOINTS = (Endpoint("POST", "/v1/events/custom", "events:write", 150, custom),)
