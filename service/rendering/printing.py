"""What may be printed, and how: an allow-list by type for each place an expression can stand in."""

from __future__ import annotations

import json
from json.encoder import encode_basestring as quote  # escapes quotes, backslashes and control characters, nothing else
from typing import Any

from jinja2.runtime import LoopContext, Macro
from jinja2.utils import Namespace

from service.errors import Problem
from service.rendering.limits import CONTAINERS, RUN, VIEWS, check_number, check_text, too_long, weigh
from service.rendering.missing import Missing, Module

MIN_INTEGER, MAX_INTEGER = -(2**63), 2**64 - 1  # what JSON readers agree on as a number


class Nothing(str):
    """What `{{ text if condition }}` gives when the condition does not hold: no text, or null where a value stands."""

    __slots__ = ()


NOTHING = Nothing()


def in_string(_: Any, value: Any) -> str:
    """The content of a JSON string, for an expression that stands inside one."""
    if type(value) is not str:
        value = text_of(value)
    escaped = quote(value)[1:-1]
    if not value.isascii() or len(escaped) != len(value):
        _check_characters(value)
    return escaped


def as_value(_: Any, value: Any) -> str:
    """A whole JSON value, for an expression that stands where a value may stand.

    Numbers and words have a blank on each side: next to a digit that an author wrote they can not become another number.
    """
    kind = type(value)
    if kind is str:
        if not value.isascii() or "\0" in value:
            _check_characters(value)
        quoted: str = quote(value)
        return quoted
    if kind is bool:
        return " true " if value else " false "
    if value is None or kind is Nothing:
        return " null "
    if kind is int:
        if not MIN_INTEGER <= value <= MAX_INTEGER:
            _report("render.number", "A number has more than 64 bits.", "Send it as text: put quotes around the expression.")
            return " null "
        return f" {value} "
    if kind is float:
        return f" {check_number(value)!r} "
    if kind is list or kind is dict or kind is tuple:
        return _json(value)
    if isinstance(value, str):
        return as_value(_, str(value))
    _refuse(value)
    return " null "


def as_text(_: Any, value: Any) -> str:
    """Plain text, for an expression inside captured text. It is escaped later, where the captured text is printed."""
    text: str = value if type(value) is str else text_of(value)
    RUN.get().capture(len(text))
    return text


def literal(_: Any, text: str) -> str:
    """Text of the author's inside captured text, counted each time that it is written."""
    RUN.get().capture(len(text))
    return text


def captured(_: Any, text: str) -> str:
    """A text whose capture has ended."""
    check_text(len(text))
    return text


def rendered(_: Any, text: Any) -> str:
    """A part of the document that a recursive loop has already written for this very place."""
    if not isinstance(text, str):
        _refuse(text)
        return ""
    return text


def text_of(value: Any) -> str:
    """A value as text. What has no text is a problem, and goes on as an empty one."""
    kind = type(value)
    if isinstance(value, str):
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(check_number(value))
    if kind is float:
        return repr(check_number(value))
    _refuse(value, in_text=True)
    return ""


def concat(_: Any, *values: Any) -> str:
    """`a ~ b ~ c`."""
    pieces = [value if type(value) is str else text_of(value) for value in values]
    size = sum(map(len, pieces))
    if size > 256:
        run = RUN.get()
        if size > run.limits.text:
            raise too_long(size, run.limits.text)
        run.charge(size // 256)
    return "".join(pieces)


def describe(value: Any) -> str:
    """A value's kind in a marketer's words."""
    kind = type(value)
    if value is None:
        return "null"
    for types, word in _WORDS:
        if issubclass(kind, types):
            return word
    return "something that is not data"


_WORDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    ((int, float), "a number"),
    (str, "text"),
    ((list, tuple), "a list"),
    (dict, "an object"),
    (Macro, "a macro"),
    (LoopContext, "the loop itself"),
    (Namespace, "a namespace"),
    (Module, "an imported snippet"),
    (range, "a range"),
    (VIEWS, "a view of an object's parts"),
    (Missing, "missing"),
)
_ADVICE = {
    "a macro": "Call it: write its name with brackets, such as name().",
    "the loop itself": "Print one of its parts, such as loop.index.",
    "a namespace": "Print one of its parts, such as ns.total.",
    "an imported snippet": "Call one of its macros, such as name.macro().",
    "a range": "Make a list of it with `| list`, or loop over it.",
    "a view of an object's parts": "Loop over it, join it, or make a list of it with `| list`.",
}


def _refuse(value: Any, *, in_text: bool = False) -> None:
    if isinstance(value, Missing):
        value.report()
        return
    word = describe(value)
    if value is None:
        _report("render.null", "A value is null, and text is needed here.", 'Give a text for it: value | default("...").')
    elif in_text and isinstance(value, CONTAINERS):
        _report(
            "render.not_text",
            f"A value is {word}, and text is needed here.",
            'Choose one item, or join them: items | join(", ").',
        )
    else:
        _report(
            "render.not_printable",
            f"A value is {word}, which can not be printed.",
            _ADVICE.get(word, "Print a text, a number or a list."),
        )


def _report(code: str, detail: str, hint: str) -> None:
    RUN.get().report(Problem(code, detail, None, hint))


def _check_characters(text: str) -> None:
    if "\0" in text:
        _report(
            "render.character",
            "A text holds the character U+0000, which no phone can show.",
            "Remove it where the data come from.",
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        _report(
            "render.character",
            "A text holds half of a surrogate pair.",
            "Mend it where the data come from: send whole characters.",
        )


def _json(value: Any) -> str:
    weigh(value)
    text = json.dumps(checked(value), ensure_ascii=False)
    _check_characters(text)
    if "\\u0000" in text:
        _find_nul(value)
    return text


def _find_nul(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value:
            _check_characters(value)
    elif isinstance(value, dict):
        for key, each in value.items():
            _find_nul(key)
            _find_nul(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            _find_nul(each)


def checked(value: Any) -> Any:
    """A list or object of which every part may be printed; `weigh` has bounded its depth and size."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int or kind is float:
        if kind is int and not MIN_INTEGER <= value <= MAX_INTEGER:
            _report("render.number", "A number in a list or object has more than 64 bits.", "Send it as text.")
            return None
        return check_number(value)
    if kind is list or kind is tuple:
        return [checked(each) for each in value]
    if kind is dict:
        for key in value:
            if not isinstance(key, str):
                _report(
                    "render.not_printable",
                    f"A key of an object is {describe(key)}, and keys are text.",
                    "Put the key in quotes.",
                )
                return None
        return {key: checked(each) for key, each in value.items()}
    if isinstance(value, str):
        return None if kind is Nothing else str(value)
    _refuse(value)
    return None
