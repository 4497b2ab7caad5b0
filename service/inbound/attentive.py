"""Attentive's webhooks: signed with HMAC-SHA256 of the raw body, told again until a 2xx, in any order."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from service import strictjson
from service.errors import NotReadable
from service.inbound._told import Call, Sent, Told
from service.model import SubscriptionType
from service.store.suppressions import DELIVERY, Change, OptIn, OptOut

SOURCE = "webhook"
ENDS = (DELIVERY,)
SIGNATURE = "x-attentive-hmac-sha256"

Event = Mapping[str, Any]

_PHONE = re.compile(r"\+[0-9]{7,15}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXTS = (SubscriptionType.MARKETING, SubscriptionType.TRANSACTIONAL)
# 47 CFR 64.1200(a)(10), and the words that the vendor acts on.
_STOP_WORDS = frozenset(
    {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT OUT", "OPT-OUT"}
)


def is_signed(call: Call, _: Callable[[], str], secret: str) -> bool:
    """Whether the header has the HMAC of the raw body in hex. The account's own token is not needed.

    >>> vector = {SIGNATURE: "00373ef3816eee39658daf482721f07cb2bb6646c838a7e520b66ae3207d3dca"}
    >>> is_signed(Call(b'{"type":"sms.sent","timestamp":1767225600000}', vector.get, _EPOCH), str, "example-signing-key")
    True
    """
    given = call.header(SIGNATURE) or ""
    expected = hmac.new(secret.encode(), call.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(given.strip().encode("utf-8", "replace"), expected.encode())


def read(call: Call) -> Told:
    """What the event means. One that cannot be read is kept as such: telling it again would not help."""
    body = call.body.decode("utf-8", "replace")
    mark = hashlib.sha256(call.body).hexdigest()  # events have no id, and each has its moment in milliseconds
    try:
        event = strictjson.read_object(call.body)
    except NotReadable as error:
        return Told(kind="unreadable", said=error.detail, body=body, fingerprint=mark)
    kind = event.get("type")
    kind = kind if isinstance(kind, str) else "unknown"
    at = min(_moment(event) or call.at, call.at)  # a clock that is ahead must not hold a word back
    told = Told(kind=kind, said=_OTHERS, body=body, who=_first(_people(event)), at=at, fingerprint=mark)
    meaning = _MEANINGS.get(kind)
    return told if meaning is None else meaning(event, told, at)


def _unsubscribed(event: Event, told: Told, at: datetime) -> Told:
    types = _types(event)
    changes = [OptOut(who=who, type=type, reason="at Attentive", at=at) for who in _people(event) for type in types]
    return replace(told, said=f"Somebody opted out of texts: {_words(types)}.", changes=tuple(changes))


def _subscribed(event: Event, told: Told, at: datetime) -> Told:
    types = _types(event)
    changes = [OptIn(who=who, type=type, at=at) for who in _people(event) for type in types]
    return replace(told, said=f"Somebody subscribed to texts: {_words(types)}.", changes=tuple(changes))


def _sent(event: Event, told: Told, at: datetime) -> Told:
    message, people = _part(event, "message"), _people(event)
    text, name = message.get("text"), message.get("name")
    if not people or not isinstance(text, str):
        return replace(told, said="A text was sent, and the event does not say which.")
    sent = Sent(people, text, name if isinstance(name, str) and name else None, at)
    return replace(told, said="A text was sent.", sent=sent)


def _replied(event: Event, told: Told, at: datetime) -> Told:
    """A reply. A word such as STOP opts out of every text, whether or not Attentive tells of it separately."""
    text = _part(event, "message").get("text")
    word = " ".join(text.split()).strip(".!\"'").upper() if isinstance(text, str) else ""
    if word not in _STOP_WORDS:
        return replace(told, said="Somebody replied.")
    by = f"by replying {word}"
    changes: list[Change] = [OptOut(who=who, type=each, reason=by, at=at) for who in _people(event) for each in _TEXTS]
    return replace(told, said=f"Somebody replied {word}.", changes=tuple(changes))


_OTHERS = "Nothing that texts depend on."
_MEANINGS: Mapping[str, Callable[[Event, Told, datetime], Told]] = {
    "sms.unsubscribed": _unsubscribed,
    "phone.unsubscribed": _unsubscribed,
    "sms.subscribed": _subscribed,
    "phone.subscribed": _subscribed,
    "sms.sent": _sent,
    "sms.inbound_message": _replied,
}


def _people(event: Event) -> tuple[str, ...]:
    """The names of the event's person that a text can be addressed to: phone number, then the vendor's id."""
    subscriber = _part(event, "subscriber")
    phone, id = subscriber.get("phone"), subscriber.get("external_id")
    found = [phone] if isinstance(phone, str) and _PHONE.fullmatch(phone) else []
    is_id = isinstance(id, int | str) and not isinstance(id, bool) and _ID.fullmatch(str(id))
    return (*found, str(id)) if is_id else tuple(found)


def _types(event: Event) -> tuple[SubscriptionType, ...]:
    """Which subscriptions the event is about: both where it does not say, none where it is of another kind."""
    type = _part(event, "subscription").get("type")
    if type is None:
        return _TEXTS
    return tuple(each for each in _TEXTS if each == type)


def _words(types: tuple[SubscriptionType, ...]) -> str:
    return " and ".join(each.lower() for each in types) or "none that are sent from here"


def _moment(event: Event) -> datetime | None:
    at = event.get("timestamp")
    if not isinstance(at, int) or isinstance(at, bool) or not 0 < at < 10**14:
        return None
    return _EPOCH + timedelta(milliseconds=at)


def _part(event: Event, name: str) -> Event:
    part = event.get(name)
    return part if isinstance(part, dict) else {}


def _first(people: tuple[str, ...]) -> str | None:
    return people[0] if people else None
