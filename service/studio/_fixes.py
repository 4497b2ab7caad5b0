"""What one press can mend in a source: edits as values, that the browser and the server carry out alike.

Offsets count UTF-16 units, as browsers do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from service.errors import Problem

_MISSING = re.compile(r"^`([^`]+)` is missing")
_NAME = re.compile(r"[\w.\[\]\"']+")
_NAMES = {"’": "curly apostrophe", "‘": "curly apostrophe", "“": "curly quote", "”": "curly quote", "–": "dash", "—": "dash"}
_STRAIGHT = ("’", "‘", "“", "”")


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace what stands from `start` to `end`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A button's word, and what pressing it does to the source."""

    label: str
    edits: tuple[Edit, ...]

    def as_json(self) -> str:
        return json.dumps([[each.start, each.end, each.text] for each in self.edits])


def apply(source: str, edits: str) -> str:
    """The source after the edits of a `Fix.as_json`. What is no such text, or lies outside, changes nothing.

    >>> apply("a🌊b", '[[3, 4, "c"]]'), apply("ab", "nonsense"), apply("ab", '[[1, 9, ""]]')
    ('a🌊c', 'ab', 'ab')
    """
    try:
        found = [Edit(*each) for each in json.loads(edits)]
        text = source.encode("utf-16-le")
        for each in sorted(found, key=lambda edit: -edit.start):
            if not 0 <= each.start <= each.end <= len(text) // 2:
                return source
            text = text[: each.start * 2] + each.text.encode("utf-16-le") + text[each.end * 2 :]
        return text.decode("utf-16-le")
    except (ValueError, TypeError, AttributeError):
        return source


class Places:
    """Lines and columns of one source as offsets for browsers."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._lines = source.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def at(self, problem: Problem) -> int | None:
        """Where a problem stands, as an offset of characters; None: nowhere in this source."""
        if problem.line is None or problem.template is not None or not 0 < problem.line <= len(self._lines):
            return None
        column = min(max((problem.column or 1) - 1, 0), len(self._lines[problem.line - 1]))
        return self._starts[problem.line - 1] + column

    def span(self, problem: Problem) -> tuple[int, int] | None:
        """From where to where a problem is underlined, in UTF-16 units."""
        at = self.at(problem)
        if at is None:
            return None
        found = _NAME.match(self.source, at)
        end = found.end() if found else min(at + 1, len(self.source))
        return self.units(at), self.units(end)

    def before(self, units: int) -> str:
        """What stands before an offset of UTF-16 units."""
        return self.source.encode("utf-16-le")[: units * 2].decode("utf-16-le")

    def units(self, offset: int) -> int:
        """Characters as UTF-16 units."""
        return len(self.source[:offset].encode("utf-16-le")) // 2


def default_for(problem: Problem, places: Places) -> Fix | None:
    """Of a missing value: a default behind its name."""
    found, at = _MISSING.match(problem.detail), places.at(problem)
    if problem.code != "render.missing" or found is None or at is None:
        return None
    path = found.group(1)
    if not places.source.startswith(path, at):
        return None
    text = '"there"' if re.search(r"first_?name$", path, re.IGNORECASE) else '""'
    end = places.units(at + len(path))
    return Fix(f"Add default({text})", (Edit(end, end, f" | default({text})"),))


def missing_path(problem: Problem) -> str | None:
    """The name that is missing, of a problem that says so."""
    found = _MISSING.match(problem.detail) if problem.code == "render.missing" else None
    return found.group(1) if found else None


def straight(causes: Iterable[dict[str, Any]], places: Places) -> Fix | None:
    """Of characters that make a text expensive and stand in the source: what looks alike and costs less."""
    known = {each["character"]: each["suggest"] for each in causes if each["suggest"] is not None}
    if not known:
        return None
    pattern = re.compile("|".join(map(re.escape, known)))
    edits = [
        Edit(places.units(found.start()), places.units(found.end()), known[found.group()])
        for found in pattern.finditer(places.source)
    ]
    if not edits:
        return None
    if len(edits) == 1 and places.source.count(next(iter(known))) and next(iter(known)) in _STRAIGHT:
        return Fix("Use a straight one", tuple(edits))
    if set(known) <= set(_STRAIGHT):
        return Fix("Use straight ones", tuple(edits))
    return Fix(f"Replace {'it' if len(edits) == 1 else 'them'}", tuple(edits))


def character_name(cause: dict[str, Any]) -> str:
    """What people call a character.

    >>> character_name({"character": "’", "name": "right single quotation mark"})
    'curly apostrophe'
    """
    character = cause["character"]
    if character in _NAMES:
        return _NAMES[character]
    return "emoji" if ord(character) > 0xFFFF or 0x2600 <= ord(character) <= 0x27BF else str(cause["name"])
