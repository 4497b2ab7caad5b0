"""A real person's data as a sample: the same shape, and nobody in it.

Phone numbers become +1 202 555 01xx and e-mail addresses those of example.com, wherever they stand; names, streets, days of
birth and identifiers by the names of their fields. The same value becomes the same stand-in in every place, so that a
template makes of the sample what it made of the call. What was replaced is told, because no rule knows every field of every
sender: a person looks at it before it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.strictjson import step

_EMAIL = re.compile(r"[^\s@<>\"(),:;]{1,64}@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"(?<![\w.])(?:\+\d[\d ().-]{5,20}\d|\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4})(?![\w.]?\d)")
_LETTERS = re.compile(r"[^a-z]")
_MOMENT = range(10**9, 2 * 10**9)  # seconds since 1970

_FIRST = ("Ana", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia", "Hugo")
_LAST = ("Sample", "Example", "Stand", "Person")
_WITHIN_PERSON = frozenset({"profile", "vars", "customer", "person", "user", "subscriber", "contact", "member", "address"})
_FIELDS: Mapping[str, str] = {
    **dict.fromkeys(("firstname", "givenname", "fname", "first"), "first"),
    **dict.fromkeys(("lastname", "familyname", "surname", "lname", "last"), "last"),
    **dict.fromkeys(("fullname", "displayname", "customername", "recipientname"), "full"),
    **dict.fromkeys(("street", "streetaddress", "address", "addressline", "line"), "street"),
    **dict.fromkeys(("zip", "zipcode", "postcode", "postalcode"), "zip"),
    **dict.fromkeys(("birthday", "birthdate", "dateofbirth", "dob"), "birth"),
    **dict.fromkeys(("cookie", "sid", "extid", "fb", "twitter", "ip", "ipaddress"), "id"),
}
_SAID = {
    "phone": "a phone number", "email": "an e-mail address", "first": "a first name", "last": "a last name",
    "full": "a name", "street": "a street", "zip": "a postal code", "birth": "a day of birth", "id": "an identifier",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Replaced:
    """One value that is another now. `pointer` says where, `kind` what it was, in words; `new` is what stands there now."""

    pointer: str
    kind: str
    new: str


@dataclass(slots=True)
class Anonymous:
    """The context without the person, and what was replaced in it, in the order of the context."""

    context: Any
    replaced: list[Replaced] = field(default_factory=list)


def anonymous(context: Any) -> Anonymous:
    """
    >>> made = anonymous({"profile": {"vars": {"first_name": "Zoe"}}, "text": "Hi Zoe, call (213) 867-5309"})
    >>> made.context["profile"]["vars"], made.context["text"]
    ({'first_name': 'Ana'}, 'Hi Ana, call +12025550100')
    """
    changer = _Changer()
    changer.collect(context, "")
    made = changer.changed(context, "", "", "")
    return Anonymous(made, changer.replaced)


class _Changer:
    """Knows which value became which stand-in."""

    def __init__(self) -> None:
        self.replaced: list[Replaced] = []
        self._by_kind: dict[str, dict[str, str]] = {}
        self._names: dict[str, str] = {}  # names that stand in other texts too

    def collect(self, value: Any, within: str) -> None:
        """Names first: they may stand in a text that comes before them."""
        for key, each, inner in _members(value, within):
            kind = _kind(key, within)
            if kind in ("first", "last") and _is(kind, each) and len(each.strip()) > 2:
                self._names[each.strip()] = self._stand_in(kind, each.strip())
            self.collect(each, inner)

    def changed(self, value: Any, pointer: str, key: str, within: str) -> Any:
        if isinstance(value, dict):
            inner = _plain(key) or within
            return {
                self._text(name, pointer): self.changed(each, step(pointer, name), name, inner)
                for name, each in value.items()
            }
        if isinstance(value, list):
            return [self.changed(each, step(pointer, at), key, within) for at, each in enumerate(value)]
        kind = _kind(key, within)
        if kind is not None and _is(kind, value):
            return self._note(pointer, kind, str(value).strip(), value)
        if isinstance(value, str):
            return self._text(value, pointer)
        if isinstance(value, int) and not isinstance(value, bool) and 10**9 <= value < 10**12 and value not in _MOMENT:
            return self._note(pointer, "phone", str(value), value)
        return value

    def _text(self, text: str, pointer: str) -> str:
        text = _EMAIL.sub(lambda found: self._note(pointer, "email", found.group(), ""), text)
        text = _NUMBER.sub(lambda found: self._number(found.group(), pointer), text)
        for name, new in self._names.items():
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", new, text)
        return text

    def _number(self, found: str, pointer: str) -> str:
        digits = re.sub(r"\D", "", found)
        if not found.startswith("+") and int(digits) in _MOMENT:
            return found
        return str(self._note(pointer, "phone", digits, ""))

    def _note(self, pointer: str, kind: str, old: str, like: Any) -> Any:
        new = self._stand_in(kind, re.sub(r"\D", "", old)[-10:] if kind == "phone" else old)
        self.replaced.append(Replaced(pointer, _SAID[kind], new))
        digits = new.lstrip("+")
        return int(digits) if isinstance(like, int) and digits.isdecimal() else new

    def _stand_in(self, kind: str, old: str) -> str:
        known = self._by_kind.setdefault(kind, {})
        if old not in known:
            known[old] = _new(kind, len(known))
        return known[old]


def _new(kind: str, number: int) -> str:
    """The next stand-in of its kind."""
    first, last = _FIRST[number % len(_FIRST)], _LAST[number % len(_LAST)]
    return {
        "phone": f"+120255501{number % 100:02}",
        "email": f"person{number + 1}@example.com",
        "first": first,
        "last": last,
        "full": f"{first} {last}",
        "street": f"{number + 1} Main Street",
        "zip": "20001",
        "birth": "1990-01-01",
        "id": f"{1000 + number}",
    }[kind]


def _members(value: Any, within: str) -> list[tuple[str, Any, str]]:
    if isinstance(value, dict):
        return [(name, each, _plain(name) or within) for name, each in value.items()]
    return [("", each, within) for each in value] if isinstance(value, list) else []


def _kind(key: str, within: str) -> str | None:
    plain = _plain(key)
    if within in _WITHIN_PERSON and plain in ("name", "id"):
        return "full" if plain == "name" else "id"
    return _FIELDS.get(plain)


def _is(kind: str, value: Any) -> bool:
    """Whether a value can be what its field's name says: `last` may be a moment, and `line` a line of products."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    text = str(value)
    has_digit, has_letter = any(map(str.isdigit, text)), any(map(str.isalpha, text))
    if kind in ("first", "last", "full"):
        return has_letter and not has_digit and len(text) <= 80
    return has_digit and has_letter if kind == "street" else has_digit or has_letter


def _plain(name: str) -> str:
    return _LETTERS.sub("", name.lower())
