"""The one reader of JSON from outside: what two parsers could read differently is refused, with pointer, line and column."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

import orjson

from service.errors import NotReadable, Problem

MAX_DEPTH = 64
MAX_INTEGER_BITS = 256

_MAX_INTEGER_DIGITS = 78  # 2**256 has 78 digits
_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_STRING_START = re.compile(_STRING.pattern.removesuffix('"'))
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_BRACKET_OR_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89abAB]")  # only then is a look at every value worth its time
_TAG = re.compile(r"\{[{%#/]|\{[A-Za-z_$][^{}\"\n]*\}|\{[A-Za-z_]\w*\s*=[^=\n][^{}\n]*\}")  # of a template language
_WORDS = {"true": True, "false": False, "null": None}


def read(body: bytes | str, *, what: str = "body") -> Any:
    """The JSON value that `body` holds.

    Accepts UTF-8 with or without a byte order mark, and blank lines before the value (flows send them). Refuses, as
    `NotReadable` with a problem that names pointer, line and column: what is not UTF-8 or not JSON, duplicate keys, NaN and
    infinities (also by overflow, `1e400`), integers over 256 bits, lone surrogates, nesting of more than 64.

    >>> read(b'\\n\\n{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    """
    text = _text(body, what)
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _refuse_depth(text, what)
    if (plain := _plain(text)) is not None:
        return plain
    try:
        value = _DECODER.decode(text)
        if _SURROGATE_ESCAPE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except ValueError:
        return Explainer(text, what).value()  # slower, and it finds the place
    return value


def read_object(body: bytes | str, *, what: str = "body") -> dict[str, Any]:
    """As `read`, and the value must be an object."""
    value = read(body, what=what)
    if not isinstance(value, dict):
        kind = {list: "a list", str: "text", bool: "true or false", type(None): "null"}.get(type(value), "a number")
        raise NotReadable(
            f"The {what} is {kind}, and an object is needed.",
            [Problem("json.not_an_object", f"The {what} is {kind}.", "", 'Send an object such as {"profile": {...}}.')],
        )
    return value


def write(value: Any) -> bytes:
    """`value` as compact UTF-8 JSON, the same bytes for the same value (keys keep their order).

    Raises ValueError for NaN and infinities, UnicodeEncodeError for lone surrogates.
    """
    return _ENCODER.encode(value).encode()


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """The place of `offset` in `text`, both counted from 1, the column in characters."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def fits_64_bits(value: Any) -> bool:
    """Whether every whole number in JSON data is one that the store can keep inside a version."""
    if isinstance(value, dict):
        return all(fits_64_bits(each) for each in value.values())
    if isinstance(value, list):
        return all(fits_64_bits(each) for each in value)
    return not isinstance(value, int) or -(2**63) <= value < 2**64


def step(pointer: str, key: str | int) -> str:
    """`pointer` and one more step, escaped as RFC 6901 wants it."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def _text(body: bytes | str, what: str) -> str:
    if isinstance(body, bytes):
        try:
            body = body.decode("utf-8")
        except UnicodeDecodeError as error:
            detail = f"The {what} is not UTF-8: byte {error.start + 1} cannot be read."
            raise NotReadable(detail, [Problem("json.not_utf8", detail, "", "Send UTF-8.")]) from None
    body = body.removeprefix("\ufeff")
    if not body.strip(" \t\r\n"):
        detail = f"The {what} is empty."
        raise NotReadable(detail, [Problem("json.empty", detail, "", "Send a JSON object.")])
    return body


def _plain(text: str) -> Any:
    """The value of a text that orjson reads without a loss, in a third of the time; None where that is not certain.

    It is when the value, written again, is the text that came, blanks aside: no key was there twice, no number has changed.
    """
    if "\\" in text:
        return None  # an escape may be written in other ways
    try:
        value = orjson.loads(text)
        return value if _without_blanks(orjson.dumps(value)) == _without_blanks(text.encode()) else None
    except (ValueError, TypeError):
        return None


def _without_blanks(text: bytes) -> bytes:
    return text.translate(None, b" \t\r\n")


def _refuse_depth(text: str, what: str) -> None:
    depth = 0
    for match in _BRACKET_OR_STRING.finditer(text):
        mark = match.group()
        depth += (mark in "[{") - (mark in "]}")
        if depth > MAX_DEPTH:
            line, column = line_and_column(text, match.start())
            detail = f"The {what} is nested more than {MAX_DEPTH} levels deep (line {line}, column {column})."
            raise NotReadable(detail, [Problem("json.too_deep", detail, None, "Send flatter data.", line, column)])


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError
    return made


def _integer(digits: str) -> int:
    if len(digits) > 18 and (len(digits) > _MAX_INTEGER_DIGITS + 1 or int(digits).bit_length() > MAX_INTEGER_BITS):
        raise ValueError
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError
    return number


def _constant(_: str) -> NoReturn:
    raise ValueError


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_constant)


class Explainer:
    """Reads JSON slowly and knows where it is: `value()` raises `NotReadable` at the first fault.

    After a successful `value()`, `offsets` maps the pointer of every value to its first character in `text`.
    """

    def __init__(self, text: str, what: str = "body") -> None:
        self.text = text
        self.what = what
        self.offsets: dict[str, int] = {}
        self._at = 0

    def value(self) -> Any:
        made = self._value("", 0)
        self._space()
        if self._at < len(self.text):
            self._fail("json.syntax", "has something after its end", "", "Remove what follows the last bracket.")
        return made

    def _value(self, pointer: str, depth: int) -> Any:
        self._space()
        self.offsets[pointer] = self._at
        mark = self.text[self._at : self._at + 1]
        if depth >= MAX_DEPTH and mark in ("{", "["):
            self._fail("json.too_deep", f"is nested more than {MAX_DEPTH} levels deep", pointer, "Send flatter data.")
        if mark == "{":
            return self._object(pointer, depth)
        if mark == "[":
            return self._list(pointer, depth)
        if mark == '"':
            return self._string(pointer)
        return self._scalar(pointer)

    def _object(self, pointer: str, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        self._at += 1
        if self._take("}"):
            return made
        while True:
            self._space()
            start = self._at
            if self.text[start : start + 1] != '"':
                hint = self._cause(start - 1) or "Keys stand in double quotes."
                self._fail("json.syntax", "has no key in double quotes", pointer, hint)
            key = self._string(pointer)
            if key in made:
                self._at = start
                self._fail("json.duplicate_key", f"has the key {json.dumps(key)[:80]} twice", pointer, "Keep one of them.")
            if not self._take(":"):
                self._fail("json.syntax", "has no colon after a key", pointer, 'Write "key": value.')
            made[key] = self._value(step(pointer, key), depth + 1)
            if self._take("}"):
                return made
            self._comma(pointer, "}")

    def _list(self, pointer: str, depth: int) -> list[Any]:
        made: list[Any] = []
        self._at += 1
        if self._take("]"):
            return made
        while True:
            made.append(self._value(step(pointer, len(made)), depth + 1))
            if self._take("]"):
                return made
            self._comma(pointer, "]")

    def _comma(self, pointer: str, end: str) -> None:
        if not self._take(","):
            hint = "Look just before this place."
            if self.text[: self._at].rstrip()[-1:] == '"':
                hint = f'A double quote inside a text ends it: write \\" for it. Or a comma or {end} is missing just before.'
            self._fail("json.syntax", f"has neither a comma nor {end} after a value", pointer, hint)
        self._space()
        if self.text[self._at : self._at + 1] == end:
            self._fail("json.syntax", f"has a comma before {end}", pointer, "Remove the comma.")

    def _string(self, pointer: str) -> str:
        match = _STRING.match(self.text, self._at)
        if match is None:
            self._explain_string(pointer)
        value: str = json.loads(match.group())
        try:
            value.encode()
        except UnicodeEncodeError:
            self._fail("json.surrogate", "holds half of a surrogate pair", pointer, "Send whole characters, as UTF-8.")
        self._at = match.end()
        return value

    def _explain_string(self, pointer: str) -> NoReturn:
        whole = _STRING_START.match(self.text, self._at)
        self._at = whole.end() if whole else self._at
        mark = self.text[self._at : self._at + 1]
        if mark == "\\":
            self._fail("json.escape", "has a backslash that escapes nothing", pointer, "Write \\\\ for a backslash.")
        if mark == "":
            self._fail("json.syntax", "ends inside a string", pointer, "Close the quote.")
        self._fail(
            "json.control",
            f"has a raw control character (U+{ord(mark):04X}) in a string",
            pointer,
            "Write \\n for a line break.",
        )

    def _scalar(self, pointer: str) -> Any:
        for word, constant in _WORDS.items():
            if self.text.startswith(word, self._at):
                self._at += len(word)
                return constant
        for word in ("NaN", "Infinity", "-Infinity"):
            if self.text.startswith(word, self._at):
                self._fail("json.not_finite", f"holds {word}, which JSON does not have", pointer, "Leave the value out.")
        match = _NUMBER.match(self.text, self._at)
        if match is None:
            found = self.text[self._at : self._at + 12].split("\n")[0]
            said = f"has {found!r} where a value should stand" if found else "ends where a value should stand"
            self._fail("json.syntax", said, pointer, self._cause(self._at) or "Text stands in double quotes.")
        digits = match.group()
        try:
            value: int | float = _float(digits) if match.group(1) or match.group(2) else _integer(digits)
        except ValueError:
            if len(digits) > 40:
                digits = f"{digits[:12]}... ({len(digits)} characters)"
            self._fail("json.number", f"holds the number {digits}, which is too large", pointer, "Send long ids as text.")
        self._at = match.end()
        return value

    def _cause(self, at: int) -> str | None:
        """What probably went wrong where a key or a value should stand at `at`; None where it is anybody's guess."""
        if _TAG.match(self.text, at):
            return "This looks like a tag that was not filled in: see that the sender fills it, and how it is spelled."
        mark = self.text[at : at + 1]
        if mark in "“”„‟«»" and mark:
            return 'These are curly quotes: write straight ones, ".'
        if mark and mark in ",}]":
            return "Nothing stands here. A tag may have printed nothing: put it in double quotes, or give it a default."
        return None

    def _take(self, mark: str) -> bool:
        self._space()
        if self.text.startswith(mark, self._at):
            self._at += 1
            return True
        return False

    def _space(self) -> None:
        match = _SPACE.match(self.text, self._at)
        self._at = match.end() if match else self._at

    def _fail(self, code: str, said: str, pointer: str, hint: str) -> NoReturn:
        line, column = line_and_column(self.text, self._at)
        detail = f"The {self.what} {said} (line {line}, column {column})."
        raise NotReadable(detail, [Problem(code, detail, pointer, hint, line, column)])
