"""What a vendor learns of names: each event, property and attribute that is sent once stands in its lists from then on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from service.actions import Action
from service.errors import Problem

_IN_WORDS = {"event": "events", "property": "properties", "attribute": "attributes"}
_ONE_PERSONS_OWN = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}.*"  # a moment
    r"|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    r"|[^@\s]+@[^@\s]+\.[^@\s]+|\+[1-9]\d{6,14}|https?://\S+"
)
_WORDS_END = re.compile(r"_|(?<=[a-z])(?=[A-Z])")
_SENSITIVE = re.compile(
    r"\b(?:health|medical|diagnosis|disease|disability|pregnan\w*|medication|prescription|mental|religio\w*|church|faith"
    r"|ethnic\w*|race|racial|union|politic\w*|party member\w*|sexual\w*|gender identity|genetic\w*|biometric\w*|immigration"
    r"|citizenship|ssn|social security\w*|passport|driver'?s? licen[cs]e|credit card|card number|bank account|password)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Names:
    """The names that templates have used so far, in the order in which they are looked at."""

    _first: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)  # list and plain name: name, template

    def look(self, template: str, action: Action, payload: Any) -> Iterator[Problem]:
        """What is doubtful about the names in a payload, and about their values."""
        event = ""
        for kind, pointer, name, value in action.names_in(payload):
            event = name if kind == "event" else event
            yield from self._twin(template, kind, f"property of {event}" if kind == "property" else kind, name, pointer)
            if kind != "event":
                yield from _value(kind, name, value, pointer)
            if found := _SENSITIVE.search(_WORDS_END.sub(" ", name)):
                yield Problem(
                    "lint.sensitive",
                    f"`{name[:80]}` may be about something sensitive (`{found.group()}`), which Attentive prohibits.",
                    pointer,
                    "Leave it out, or choose a name that says what it is.",
                )

    def _twin(self, template: str, kind: str, group: str, name: str, pointer: str) -> Iterator[Problem]:
        plain = re.sub(r"[\W_]+", "", name).casefold()
        known, where = self._first.setdefault((group, plain), (name, template))
        if known != name:
            here = "here too" if where == template else f"in {where}"
            yield Problem(
                "lint.name_twin",
                f"`{name[:80]}` is written `{known[:80]}` {here}: to Attentive these are two {_IN_WORDS[kind]}.",
                pointer,
                "Spell the name the same each time, case included.",
            )


def _value(kind: str, name: str, value: Any, pointer: str) -> Iterator[Problem]:
    """S3-17: texts can use flat properties only. S3-23: the segment builder lists every value of an attribute."""
    if kind == "property" and isinstance(value, list | dict):
        yield Problem(
            "lint.nested_property",
            f"`{name[:80]}` holds a list or an object, which mails can use and texts cannot.",
            pointer,
            "Give what a text shall say as a property of its own.",
        )
    if kind == "attribute" and isinstance(value, str) and _ONE_PERSONS_OWN.fullmatch(value):
        yield Problem(
            "lint.attribute_values",
            f"`{name[:80]}` seems to differ from person to person, and the segment builder lists every value it has seen.",
            pointer,
            "Keep attributes to few values, such as a tier. Send what happens as an event, and ids to identity.add.",
        )
