"""Privacy: asking to erase a person, and how far that is."""

from __future__ import annotations

from service.emulator._machine import Call, Endpoint, Refused, Reply
from service.emulator.attentive import _fields as fields
from service.emulator.attentive import _users as users
from service.emulator.attentive import _when as when
from service.emulator.attentive._people import Key
from service.emulator.attentive._state import State, limit
from service.sms import mask

RULES = {**users.RULES, "subject": "An erasure names a mail address, a phone number, or else a `clientUserId`."}


def request_deletion(state: State, call: Call) -> Reply:
    """The person is forgotten at once; Attentive takes up to 30 days."""
    body = fields.an_object(call)
    fields.no_others(call, body, "subjectEmail", "subjectPhone", "clientUserId", "requestMsg")
    phone, client = fields.phone(call, body, "subjectPhone"), fields.text(call, body, "clientUserId")
    email = users.address(call, body, "subjectEmail")
    if client is not None and len(client) > users.LONGEST_IDENTIFIER:
        call.refuse("subject", f"'clientUserId' has more than {users.LONGEST_IDENTIFIER} characters.")
    note = fields.text(call, body, "requestMsg")
    contacts: list[Key] = [(kind, value) for kind, value in (("email", email), ("phone", phone)) if value]
    subject: list[Key] = contacts or ([("clientUserId", client)] if client else [])
    if not subject:
        call.refuse("subject", "Give a subjectEmail, a subjectPhone, or a clientUserId.")
    while (person := state.people.find(subject)) is not None:
        state.people.forget(person)
    id = f"req-{next(state.numbers)}"
    at = when.written(call.now)
    state.erasures[id] = {
        "id": id,
        "processed": True,
        "type": "DELETE",
        "subjectPhone": phone and mask(phone),
        "subjectEmail": email and f"{email[0]}***@{email.rpartition('@')[2]}",
        "requestMsg": note,
        **dict.fromkeys(("requestDateTime", "processingStartDateTime", "processingEndDateTime"), at),
    }
    limit(state.erasures)
    return Reply(body={"id": id})


def deletion(state: State, call: Call) -> Reply:
    found = state.erasures.get(call.arguments["request_id"])
    if found is None:
        raise Refused(404)
    return Reply(body=found)


PATH = "/v1/privacy/delete-request"
ENDPOINTS = (
    Endpoint("POST", PATH, "privacy_requests:write", 150, request_deletion),
    Endpoint("GET", f"{PATH}/<request_id>", "privacy_requests:read", 150, deletion, body=False),
)
