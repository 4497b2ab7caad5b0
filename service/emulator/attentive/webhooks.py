"""Webhooks: who is told of what. Only addresses of this machine are ever called, see `_outbox`."""

from __future__ import annotations

from service.emulator._machine import Call, Endpoint, Refused, Reply
from service.emulator._outbox import is_loopback
from service.emulator.attentive import _fields as fields
from service.emulator.attentive._state import State
from service.emulator.attentive._telling import EVENTS, Webhook

RULES = {
    **fields.RULES,
    "webhook address": "A webhook's address is https (or, here only, http on this machine).",
    "webhook events": "Each event is one that exists, in its exact case.",
    "webhook elsewhere": "A webhook elsewhere than on this machine is kept, and never called.",
}


def listed(state: State, _: Call) -> Reply:
    shown = [{**each.as_dict("SUBSCRIPTION"), "companyId": "CO-1"} for each in state.webhooks.values()]
    return Reply(body={"webhooks": shown})


def create(state: State, call: Call) -> Reply:
    body = fields.an_object(call)
    fields.no_others(call, body, "url", "events")
    made = state.add_webhook(*_read(call, body))
    return Reply(201, made.as_dict("CREATOR"))


def update(state: State, call: Call) -> Reply:
    body = fields.an_object(call)
    fields.no_others(call, body, "url", "events", "disabled")
    url, events = _read(call, body)
    disabled = fields.flag(call, body, "disabled")
    if disabled is None:
        call.refuse("fields", "'disabled' is required.")
    found = _found(state, call)
    found.url, found.events = url, tuple(events)
    found.disabled_at = (found.disabled_at or call.now) if disabled else None
    return Reply(200, found.as_dict("CREATOR"))


def delete(state: State, call: Call) -> Reply:
    del state.webhooks[_found(state, call).id]
    return Reply(204)


def _read(call: Call, body: fields.Body) -> tuple[str, list[str]]:
    url, events = fields.text(call, body, "url", needed=True) or "", body.get("events")
    if not (url.startswith("https://") and fields.URL.fullmatch(url)) and not is_loopback(url):
        call.refuse("webhook address", "'url' must be an https address.")
    if not isinstance(events, list) or not events or not all(each in EVENTS for each in events if isinstance(each, str)):
        call.refuse("webhook events", f"'events' must be a list out of {', '.join(EVENTS)}.")
    named = [each for each in fields.a_list(events) if isinstance(each, str)]
    if len(named) != len(fields.a_list(events)):
        call.refuse("webhook events", "Each of 'events' must be a text.")
    if not is_loopback(url) and call.rules.mode("webhook elsewhere") != "off":
        call.note("webhook elsewhere", "Kept, and never called: it does not stand on this machine.")
    return url, named


def _found(state: State, call: Call) -> Webhook:
    found = state.webhooks.get(call.arguments["webhook_id"])
    if found is None:
        raise Refused(404)
    return found


PATH = "/v1/webhooks"
ONE = f"{PATH}/<webhook_id>"
ENDPOINTS = (
    Endpoint("GET", PATH, "webhooks:write", 150, listed, body=False),
    Endpoint("POST", PATH, "webhooks:write", 150, create),
    Endpoint("PUT", ONE, "webhooks:write", 150, update),
    Endpoint("DELETE", ONE, "webhooks:write", 150, delete, body=False),
)
