"""Sailthru's postbacks: forms with the account's API key, signed with MD5 over the secret and all values.

They have no time and no id, so that nothing tells one that is posted again from a new one. All that they ask for may be done
twice. Mail is not sent from here: what they say of a mail address stops texts only to the number that a profile ties to it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from service.inbound._told import Call, Told
from service.model import SubscriptionType
from service.store.suppressions import Change, OptIn, OptOut

Form = Mapping[str, str]

SOURCE = "postback"
ENDS: tuple[str, ...] = ()

_MOST_FIELDS = 2_000
_SECRETS = frozenset({"api_key", "sig"})
_BY_MAIL = "at Sailthru, by mail address"
_EMAIL = re.compile(r"[^\s\x00-\x1f@]{1,64}@[^\s\x00-\x1f@]{1,190}")
_SAID = {
    "none": "Somebody is opted in again.",
    "all": "Somebody opted out of everything.",
    "basic": "Somebody opted out of marketing.",
    "blast": "Somebody opted out of marketing.",
}


def is_signed(call: Call, key: Callable[[], str], secret: str) -> bool:
    """Whether the form has the account's API key, and the signature over its values."""
    pairs = _pairs(call.body)
    given = {name: value for name, value in pairs if name in _SECRETS}
    if given.keys() != _SECRETS:
        return False
    is_ours = hmac.compare_digest(given["api_key"].encode(), key().encode())
    expected = signature(secret, [value for name, value in pairs if name != "sig"])
    return hmac.compare_digest(given["sig"].encode(), expected.encode()) and is_ours


def signature(secret: str, values: list[str]) -> str:
    """MD5 in hex of the secret and all values, sorted as bytes.

    >>> signature("abcsecret", ["123key", "json", '{"id":"neil@example.com"}'])
    'fa5c79189b708199f3cf69f1cf8f7928'
    """
    joined = secret.encode() + b"".join(sorted(value.encode() for value in values))
    return hashlib.md5(joined, usedforsecurity=False).hexdigest()


def read(call: Call) -> Told:
    """What the postback means."""
    pairs = _pairs(call.body)
    form = dict(pairs)
    email = form.get("email", "").strip().lower()
    told = Told(
        kind=form.get("action", "")[:40] or "unknown",
        said="Nothing that texts depend on.",
        body=urlencode([each for each in pairs if each[0] not in _SECRETS]),
        who=email if _EMAIL.fullmatch(email) else None,
    )
    meaning = _MEANINGS.get(told.kind)
    return told if meaning is None or told.who is None else meaning(form, told, call.at)


def _optout(form: Form, told: Told, at: datetime) -> Told:
    """The mode `all` is out of everything; the others let transactional messages pass. Leaving one list is no opt-out."""
    if form.get("list"):
        return replace(told, said="Somebody left one list, and stays on the others.")
    if form.get("optout") == "0":
        return _stands(told, at, "none")
    return _stands(told, at, "all" if form.get("mode") == "all" else "basic", lifts=False)


def _update(form: Form, told: Told, at: datetime) -> Told:
    """A profile was changed; `optout_email` says how it stands now, where it was part of that."""
    stands = form.get("optout_email", "")
    return _stands(told, at, stands) if stands in _SAID else replace(told, said="A profile was changed.")


def _hardbounce(_: Form, told: Told, __: datetime) -> Told:
    return replace(told, said="Mail to the address bounced for good. That says nothing of texts.")


def _verify(_: Form, told: Told, __: datetime) -> Told:
    return replace(told, said="Somebody confirmed a mail address. That says nothing of texts.")


_MEANINGS: Mapping[str, Callable[[Form, Told, datetime], Told]] = {
    "optout": _optout,
    "update": _update,
    "hardbounce": _hardbounce,
    "verify": _verify,
}


def _stands(told: Told, at: datetime, word: str, *, lifts: bool = True) -> Told:
    """How somebody stands now: out of nothing, of marketing, or of everything. `lifts`: what is not said holds no more."""
    who, changes = told.who or "", list[Change]()
    if word == "none":
        changes.append(OptIn(who=who, type=SubscriptionType.ALL, at=at))
    elif word == "all":
        changes.append(OptOut(who=who, type=SubscriptionType.ALL, reason=_BY_MAIL, at=at))
    else:
        changes.append(OptOut(who=who, type=SubscriptionType.MARKETING, reason=_BY_MAIL, at=at))
        if lifts:
            changes.append(OptIn(who=who, type=SubscriptionType.TRANSACTIONAL, at=at))
    return replace(told, said=_SAID[word], changes=tuple(changes))


def _pairs(body: bytes) -> list[tuple[str, str]]:
    """Names and values of a form, nested ones with the names as they were written; none where it cannot be read."""
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        return []
