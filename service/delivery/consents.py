"""What an accepted call means for who may be texted: whom we unsubscribed is texted no more, by no template."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from service import sms, strictjson
from service.errors import NotReadable, Problem
from service.model import SubscriptionType
from service.store.suppressions import Change, OptIn, OptOut

_EMAIL = re.compile(r"[^\s\x00-\x1f@]{1,64}@[^\s\x00-\x1f@]{1,190}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TYPES = frozenset(SubscriptionType) - {SubscriptionType.ALL}


def changes(action: str, payload: bytes, answer: str | None, at: datetime) -> tuple[Change, ...]:
    """The opt-outs and opt-ins that a call to `action` asked for, which the vendor accepted at `at` with this answer.

    An unsubscription that has passed a moment ago stops even what was queued before it.
    """
    of = _MEANINGS.get(action)
    return () if of is None else tuple(of(orjson.loads(payload), answer, at))


def _opt_outs(payload: Mapping[str, Any], _: str | None, at: datetime) -> Iterator[Change]:
    who = payload["user"].get("phone")
    for each in payload["subscriptions"] if who else ():
        if each["channel"] == "TEXT" and each["type"] in _TYPES:
            yield OptOut(who=who, type=SubscriptionType(each["type"]), reason="by an unsubscription sent from here", at=at)


def _opt_ins(payload: Mapping[str, Any], answer: str | None, at: datetime) -> Iterator[Change]:
    """Of the type that the call names, or else the vendor's answer: a sign-up source knows its type, and we do not."""
    who = payload["user"].get("phone")
    named = [payload.get("subscriptionType")] if "subscriptionType" in payload else _answered(answer)
    for type in dict.fromkeys(named or [SubscriptionType.MARKETING]) if who else ():
        if type in _TYPES:
            yield OptIn(who=who, type=SubscriptionType(type), at=at)


def _answered(answer: str | None) -> list[Any]:
    """The types of text subscriptions in an answer; none where it is not such an answer."""
    try:
        told = strictjson.read(answer or "null")
    except NotReadable:
        return []
    found = told.get("subscriptionResponses") if isinstance(told, dict) else None
    pairs = [each.get("subscription") for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    return [each.get("type") for each in pairs if isinstance(each, dict) and each.get("channel") == "TEXT"]


_MEANINGS: Mapping[str, Callable[[Mapping[str, Any], str | None, datetime], Iterator[Change]]] = {
    "attentive.subscriptions.unsubscribe": _opt_outs,
    "attentive.subscriptions.create": _opt_ins,
}


def person(text: str) -> str:
    """Somebody as suppressions name them: a number in E.164, a mail address in lower case, or a vendor's id.

    Raises `NotReadable` for what is none of these, and for digits that may be a number or an id.

    >>> person("+1 (202) 555-0143"), person("Ada@Example.com"), person("id:813204511987")
    ('+12025550143', 'ada@example.com', '813204511987')
    """
    text = text.strip()
    if "@" in text and _EMAIL.fullmatch(text):
        return text.lower()
    if text.startswith("id:") and _ID.fullmatch(text[3:]):
        return text[3:]
    try:
        if text.startswith("+"):
            return sms.to_e164(text)
        detail = "This names nobody: a phone number begins with + and its country, an id with id:."
    except ValueError as error:
        detail = str(error)
    hint = "Write +12025550143, ada@example.com, or id: and the vendor's id."
    raise NotReadable(detail, [Problem("person.unknown", detail, "/who", hint)], hint=hint)
