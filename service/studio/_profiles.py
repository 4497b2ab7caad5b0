"""Whom a template is tried on: its samples, people that are known to break templates, and the last real calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from service.model import TemplateSource
from service.store.contexts import RealContext
from service.studio._clock import Clock
from service.studio._masking import EMAIL, NUMBER

MOST_SAMPLES = 20
LAST_CALLS = 3  # beside one another in the editor; the review tries many more

SAMPLE, BUILT_IN, REAL = "sample", "built in", "real"

_FIRST_NAMES = frozenset({"firstname", "givenname", "fname", "first"})
_PEOPLE = frozenset({"profile", "vars", "customer", "person", "user", "subscriber", "contact", "member"})
_KEPT = frozenset({"sms", "phone", "mobile", "to", "id", "email", "phonenumber"})
_FICTITIOUS = "5550143"  # 555-0143 is nobody's number, in any area


@dataclass(frozen=True, slots=True)
class Profile:
    """One context with the name it goes by. `id` tells it from the others of its template. `answers`: what the vendor is
    taken to answer at each step of a plan, where the sample says so."""

    id: str
    name: str
    kind: str
    context: Mapping[str, Any]
    answers: Mapping[str, Any] | None = None


def profiles(template: TemplateSource, calls: Iterable[RealContext], clock: Clock, *, shows_all: bool) -> list[Profile]:
    """Samples first, then the last real calls, then the awkward people. Without `shows_all`, real calls come without the
    phone numbers and email addresses of real people."""
    found = [
        Profile(f"sample:{name}", name.replace("-", " ").capitalize(), SAMPLE, sample["context"], sample.get("answers"))
        for name, sample in sorted(template.samples.items())[:MOST_SAMPLES]
        if isinstance(sample.get("context"), dict)
    ]
    real = [
        Profile(
            f"call:{each.delivery}",
            f"Call at {clock.when(each.at)}",
            REAL,
            each.context if shows_all else stand_in(each.context),
        )
        for each in calls
    ]
    base = next(iter([*found, *real]), None)
    return [*found, *real, *(awkward(base.context, base.answers) if base is not None else [])]


def awkward(base: Mapping[str, Any], answers: Mapping[str, Any] | None = None) -> list[Profile]:
    """People like the one of `base`, each difficult in one way. Left out are those who would be no different."""
    made = [
        Profile(f"built-in:{id}", name, BUILT_IN, change(deepcopy(dict(base))), answers) for id, name, change in _AWKWARD
    ]
    return [each for each in made if each.context != base]


def stand_in(value: Any) -> Any:
    """The same data without real people's phone numbers and email addresses: what stands in is as long and as valid, so
    that a template makes of it what it would make of the real ones. Whoever may not see a number gets no template to
    print it with.

    >>> stand_in({"to": "+12135550199", "mail": "ada.k@example.com", "n": 2135550199})
    {'to': '+12135550143', 'mail': 'person@example.com', 'n': 2135550143}
    """
    if isinstance(value, str):
        return NUMBER.sub(lambda found: _other_number(found.group()), EMAIL.sub("person@example.com", value))
    if isinstance(value, list):
        return [stand_in(each) for each in value]
    if isinstance(value, dict):
        return {stand_in(name): stand_in(each) for name, each in value.items()}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**9:
        return int(_other_number(str(value)))
    return value


def _other_number(found: str) -> str:
    """The number with its last seven digits replaced; what is between the digits stays.

    >>> _other_number("(213) 867-5309"), _other_number("2026-11-20")
    ('(213) 555-0143', '2026-11-20')
    """
    if sum(each.isdigit() for each in found) < (7 if found.startswith("+") else 10):
        return found
    new, left = [], list(_FICTITIOUS)
    for character in reversed(found):
        new.append(left.pop() if left and character.isdigit() else character)
    return "".join(reversed(new))


def _with_first_name(name: Any) -> Callable[[Any], Any]:
    """Gives everybody in a context this first name; None takes it away."""

    def change(value: Any, within: str = "profile") -> Any:
        if isinstance(value, list):
            return [change(each, within) for each in value]
        if not isinstance(value, dict):
            return value
        made = {}
        for key, each in value.items():
            plain = re.sub(r"[^a-z]", "", str(key).lower())
            if plain in _FIRST_NAMES or (plain == "name" and within in _PEOPLE):
                if name is not None:
                    made[key] = name
            else:
                made[key] = change(each, plain)
        return made

    return change


def _with_other_types(value: Any, key: str = "") -> Any:
    """Numbers as text, text as a number, nothing where there was a list: what flows send on a bad day."""
    if isinstance(value, dict):
        return {
            name: each if re.sub(r"[^a-z]", "", str(name).lower()) in _KEPT else _with_other_types(each, str(name))
            for name, each in value.items()
        }
    if isinstance(value, list):
        return None if not value else [_with_other_types(each) for each in value]
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return f"{value:,}"
    return 7 if isinstance(value, str) and "name" in key.lower() else value


_AWKWARD: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("no-first-name", "No first name", _with_first_name(None)),
    ("emoji", "Emoji", _with_first_name("Zoe 🌊")),
    ("quotes", 'O’Brien "quotes"', _with_first_name('Pat "Mac" O\'Brien')),
    ("long", "300 characters", _with_first_name(("Maximiliana-Theodora-Alexandrina-Friederike-" * 7)[:300])),
    ("types", "Wrong types", _with_other_types),
)
