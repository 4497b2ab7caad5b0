"""Messages: `POST /v1/text/send`, with the rules that it keeps aloud and those that it keeps in silence."""

from __future__ import annotations

import re

from service.emulator._machine import Call, Endpoint, Reply
from service.emulator.attentive import _fields as fields
from service.emulator.attentive._state import State, short_link

TYPES = ("MARKETING", "TRANSACTIONAL")
NAMES_A_DAY = 20
HIDDEN = ("forceSend", "addSubscriber", "messageId", "creativeId", "targetCompanyExternalId")
PUBLIC = (
    "to",
    "subscriberExternalId",
    "subscriptionType",
    "body",
    "mediaUrl",
    "useShortLinks",
    "messageName",
    "skipFatigue",
)

RULES = {
    **fields.RULES,
    "one recipient": "Either `to` or `subscriberExternalId`, and not both.",
    "short links": "`useShortLinks` needs a `messageName`.",
    "braces": "A body with { or } is dropped, and nobody is told.",
    "media": "`mediaUrl` is not empty, and a web address.",
    "message names": f"At most {NAMES_A_DAY} different `messageName`s in 24 hours.",
    "skipFatigue": "Without `skipFatigue` the text is forced on people who have had enough.",
    "useShortLinks": "`useShortLinks` is marked as required.",
    "fatigue": "With `skipFatigue` false, people who have had enough get no text, and nobody is told.",
    "hidden fields": "`forceSend`, `addSubscriber` and routing fields are not for us.",
    "eligible": "People who are not subscribed for the type get no text, and nobody is told.",
}


def send(state: State, call: Call) -> Reply:
    """One text. The vendor publishes neither status nor body of success; 200 and `{}` are assumed."""
    body = fields.an_object(call)
    recipient = _recipient(call, body)
    kind = fields.one_of(call, body, "subscriptionType", TYPES, needed=True) or "MARKETING"
    words = fields.text(call, body, "body", needed=True) or ""
    media_url = _media_url(call, body)
    name = fields.text(call, body, "messageName")
    shorten = fields.flag(call, body, "useShortLinks")
    if shorten and not name:
        call.refuse("short links", "'useShortLinks' needs a 'messageName'.")
    if shorten is None:
        call.quietly("useShortLinks", "'useShortLinks' is absent.")
    forced = _forced(call, body)
    for hidden in HIDDEN:
        if hidden in body:
            call.quietly("hidden fields", f"'{hidden}' is not for public use.")
    fields.no_others(call, body, *PUBLIC, *HIDDEN)
    _message_name(state, call, name)
    if ("{" in words or "}" in words) and call.quietly("braces", "The body has a brace, so the text was dropped."):
        return Reply(body={})
    if not state.may_receive(recipient, kind) and _unless_off(call, "eligible", f"Not subscribed for {kind} texts."):
        return Reply(body={})
    if recipient in state.fatigued and not forced and _unless_off(call, "fatigue", "Has had enough texts."):
        return Reply(body={})
    shown = re.sub(r"https?://[^\s]+", lambda link: short_link(link.group()), words) if shorten else words
    state.text(recipient, shown, kind, call.now, media_url=media_url, name=name)
    return Reply(body={})


def _recipient(call: Call, body: fields.Body) -> str:
    number = fields.phone(call, body, "to")
    external = fields.integer(call, body, "subscriberExternalId")
    if (number is None) == (external is None):
        call.refuse("one recipient", "Give either 'to' or 'subscriberExternalId'.")
    return number if number is not None else f"subscriber {external if external is not None else 'unknown'}"


def _media_url(call: Call, body: fields.Body) -> str | None:
    url = fields.text(call, body, "mediaUrl")
    if url is not None or "mediaUrl" in body:
        if not url:
            call.refuse("media", "'mediaUrl' must not be empty.")
        elif not fields.URL.fullmatch(url):
            call.refuse("media", "'mediaUrl' must be a web address.")
    return url or None


def _forced(call: Call, body: fields.Body) -> bool:
    forced = fields.flag(call, body, "skipFatigue")
    if forced is None:
        call.quietly("skipFatigue", "'skipFatigue' is absent, so the text was forced.")
    return forced is not False


def _message_name(state: State, call: Call, name: str | None) -> None:
    if not name:
        return
    used = state.names_of_today(call.now)
    if name not in used and len(used) >= NAMES_A_DAY:
        call.refuse("message names", f"There were {NAMES_A_DAY} different message names in the last 24 hours.")
    state.names[name] = call.now


def _unless_off(call: Call, rule: str, said: str) -> bool:
    """A silent rule that is as silent in strict mode."""
    if call.rules.mode(rule) == "off":
        return False
    call.note(rule, said)
    return True


ENDPOINTS = (Endpoint("POST", "/v1/text/send", "messages:write", 150, send),)
