"""Messages: one, many, and the legacy call; with the rules that are kept aloud and those that are kept in silence."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from service.emulator._machine import Call, Endpoint, Refused, Reply
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
    "bulk items": "Of a bulk, the messages that are refused are told in the answer, and the others are sent.",
    "legacy": "A legacy text is forced on people who have had enough, and on people who never subscribed.",
    "eligible": "People who are not subscribed for the type get no text, and nobody is told.",
}


@dataclass(frozen=True, slots=True)
class Message:
    """One message that follows the rules. `dropped`: it has a brace, so nobody gets it."""

    recipient: str
    kind: str
    words: str
    media_url: str | None
    name: str | None
    shorten: bool
    forced: bool
    dropped: bool


def send(state: State, call: Call) -> Reply:
    """One text. The vendor publishes neither status nor body of success; 200 and `{}` are assumed."""
    _carry(state, call, _read(state, call))
    return Reply(body={})


def send_bulk(state: State, call: Call) -> Reply:
    """Many texts, as one sample of the vendor shows: those refused are told with the reason, the others are sent."""
    if not isinstance(call.body, list) or not call.body:
        raise Refused(400, "The body must be a list of messages.")
    messages, failures = [], []
    for item in call.body:
        try:
            messages.append(_read(state, replace(call, body=item)))
        except Refused as refused:
            failures.append({"originalRequest": item, "reason": refused.said})
    if failures:
        call.quietly("bulk items", f"{len(failures)} of {len(call.body)} messages were refused: {failures[0]['reason']}")
    for message in messages:
        _carry(state, call, message)
    return Reply(body=failures)


def send_legacy(state: State, call: Call) -> Reply:
    """The call before `text/send`: cleans the number, forces the text on everybody, and says what it made of it."""
    body = fields.an_object(call)
    fields.no_others(call, body, "to", "body", "skipFatigue", "createShortLink", "addSubscriber")
    for hidden in HIDDEN:
        if hidden in body:
            call.quietly("hidden fields", f"'{hidden}' is not for public use.")
    words = fields.text(call, body, "body", needed=True) or ""
    digits = re.sub(r"[^0-9]", "", fields.text(call, body, "to", needed=True) or "")
    number = f"+1{digits}" if len(digits) == 10 else f"+{digits}"
    if not fields.E164.fullmatch(number):
        call.refuse("phone", "'to' must be a phone number.")
    call.note("legacy", "The text was forced, whether the number is subscribed or not.")
    if not (("{" in words or "}" in words) and call.quietly("braces", "The body has a brace, so the text was dropped.")):
        state.text(number, words, "LEGACY", call.now)
    echo = {"skipFatigue": True, "createShortLink": False, "addSubscriber": "true"}
    return Reply(body={"type": "v1", "to": number, "body": words, **echo})


def _read(state: State, call: Call) -> Message:
    """The message in a body that follows the rules."""
    body = fields.an_object(call)
    recipient = _recipient(state, call, body)
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
    brace = "{" in words or "}" in words
    dropped = brace and call.quietly("braces", "The body has a brace, so the text was dropped.")
    return Message(recipient, kind, words, media_url, name, shorten is True, forced, dropped)


def _carry(state: State, call: Call, it: Message) -> None:
    """Puts the text on its phone, unless the vendor keeps it back without a word."""
    if it.dropped:
        return
    if not state.may_receive(it.recipient, it.kind) and _unless_off(
        call, "eligible", f"Not subscribed for {it.kind} texts."
    ):
        return
    if it.recipient in state.fatigued and not it.forced and _unless_off(call, "fatigue", "Has had enough texts."):
        return
    shown = re.sub(r"https?://[^\s]+", lambda link: short_link(link.group()), it.words) if it.shorten else it.words
    state.text(it.recipient, shown, it.kind, call.now, media_url=it.media_url, name=it.name)


def _recipient(state: State, call: Call, body: fields.Body) -> str:
    number = fields.phone(call, body, "to")
    external = fields.integer(call, body, "subscriberExternalId")
    if (number is None) == (external is None):
        call.refuse("one recipient", "Give either 'to' or 'subscriberExternalId'.")
    if number is not None:
        return number
    person = None if external is None else state.people.numbered(external)
    phones = [] if person is None else person.values("phone")
    return phones[0] if phones else f"subscriber {external if external is not None else 'unknown'}"


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


ENDPOINTS = (
    Endpoint("POST", "/v1/text/send", "messages:write", 150, send),
    Endpoint("POST", "/v1/text/send-bulk", "messages:write", 150, send_bulk),
    Endpoint("POST", "/v1/subscriptions/messages", "messages:legacy", 150, send_legacy),
)
