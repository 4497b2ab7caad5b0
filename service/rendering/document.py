"""From rendered text to a document: strict reading, with forgiveness for what only authors write."""

from __future__ import annotations

import contextlib
import json
import math
import re
from typing import Any, NoReturn

from service import strictjson
from service.errors import NotReadable, Problem
from service.rendering.printing import MAX_INTEGER, MIN_INTEGER

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{},]|[^\s\[\]{},"]+', re.DOTALL)
_RAW_BREAK = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def read(text: str) -> Any:
    """The value that rendered text holds.

    A comma too many is left out and a line break in a string is taken as \\n, because outside of strings only the author
    writes, and inside of them values are escaped. Raises NotReadable for everything else that is not JSON: duplicate keys,
    NaN, numbers over 64 bits, nesting of more than 64.
    """
    if text.count("[") + text.count("{") <= strictjson.MAX_DEPTH:
        try:
            value = _DECODER.decode(text)
            if "\\u" in text:
                _check_characters(value)
            return value
        except ValueError:
            pass
    cleaned = forgive(text)
    value = strictjson.read(_break_lines(cleaned), what="rendered template")
    _check_characters(value)
    _check_integers(value, "")
    return value


def _check_characters(value: Any) -> None:
    """Escapes may hide what no text can hold: halves of surrogate pairs (a ValueError) and U+0000."""
    if "\\u0000" in json.dumps(value, ensure_ascii=False).encode().decode():
        detail = "A text holds the character U+0000, which no phone can show."
        raise NotReadable(detail, [Problem("json.character", detail, "", "Remove it.")])


def forgive(text: str) -> str:
    """`text` with every comma too many replaced by a blank, so that all places stay.

    >>> forgive('[,1,,2,]')
    '[ 1, 2 ]'
    """
    kept = list(text)
    before, comma = "[", -1
    for match in _TOKEN.finditer(text):
        mark = match.group()
        if mark == "," and before in ("[", "{", ","):
            kept[match.start()] = " "
            continue
        if mark in ("]", "}") and before == ",":
            kept[comma] = " "
        if mark == ",":
            comma = match.start()
        before = mark
    if before == ",":
        kept[comma] = " "
    return "".join(kept)


def _break_lines(text: str) -> str:
    return _RAW_BREAK.sub(lambda match: match.group().replace("\n", "\\n").replace("\t", "\\t"), text)


def problem_of(error: NotReadable) -> Problem:
    """The problem that a failed `read` names; line and column are those in the rendered text."""
    return error.problems[0] if error.problems else Problem("json.syntax", error.detail)


def offsets(text: str) -> dict[str, int]:
    """The place of every value in rendered text, by pointer; empty when the text is no JSON."""
    explainer = strictjson.Explainer(forgive(text).replace("\n", " ").replace("\t", " "))
    with contextlib.suppress(NotReadable):
        explainer.value()
    return explainer.offsets


def _check_integers(value: Any, pointer: str) -> None:
    if isinstance(value, dict):
        for key, each in value.items():
            _check_integers(each, strictjson.step(pointer, key))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            _check_integers(each, strictjson.step(pointer, at))
    elif type(value) is int and not MIN_INTEGER <= value <= MAX_INTEGER:
        detail = "A number has more than 64 bits."
        raise NotReadable(detail, [Problem("json.number", detail, pointer, "Send it as text: put quotes around it.")])


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError
    return made


def _integer(digits: str) -> int:
    if len(digits) > 18 and (len(digits) > 20 or not MIN_INTEGER <= int(digits) <= MAX_INTEGER):
        raise ValueError
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError
    return number


def _constant(_: str) -> NoReturn:
    raise ValueError


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_constant, strict=False
)
