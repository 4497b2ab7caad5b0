"""Cuts a Zephyr source into text, comments and the tokens of tags; never fails: what cannot be read is a token `bad`."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import NamedTuple


class Token(NamedTuple):
    """One piece of the source.

    `kind` is text, comment, open, close, name, number, string, mark, bad or end. `text` is what stands in the source;
    for `bad` it is the sentence that says what is wrong, and for `open` and `close` one brace or two.
    """

    kind: str
    text: str
    at: int


_STRING = r"""'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*\""""
_NAME = r"[^\W\d]\w*"
_NUMBER = r"\d+(?:\.\d+)?"
_MARK = r"\?:|==|!=|<=|>=|&&|\|\||[-+*/%<>=!?:,.()\[\]{}]"
_TOKEN = re.compile(
    rf"\s+|(?P<name>{_NAME})|(?P<number>{_NUMBER})|(?P<string>{_STRING})|(?P<mark>{_MARK})", re.DOTALL | re.ASCII
)
_LITERAL_BRACE = re.compile(r"\{(?=\s|\}|\Z)")
_JSON_BRACE = re.compile(r'\{(?="[^"\\]*(?:\\.[^"\\]*)*"\s*:)', re.DOTALL)
_OBJECT_FIRST = re.compile(rf"\{{\{{\s*(?:\}}|(?:{_STRING}|{_NAME}|{_NUMBER})\s*:)", re.DOTALL | re.ASCII)
_PLAIN = re.compile(r"[^{]+")

HINT_BRACE = "A brace that is not followed by a blank begins a tag. Put a line break after a brace that is meant as text."


def tokens(source: str, literal_json: list[int]) -> Iterator[Token]:
    """All tokens of `source`, the last one of kind `end`.

    A brace before white space, before `}` and at the end of the source is text. So is one before a JSON key (`{"key":`),
    since no tag begins like that; the offsets of such braces are added to `literal_json`.
    """
    at = start = 0  # `start` is where the text that is being gathered begins
    while at < len(source):
        if plain := _PLAIN.match(source, at):
            at = plain.end()
            continue
        if _LITERAL_BRACE.match(source, at):
            at += 1
            continue
        if _JSON_BRACE.match(source, at):
            literal_json.append(at)
            at += 1
            continue
        if start < at:
            yield Token("text", source[start:at], start)
        if source.startswith("{*", at):
            end = source.find("*}", at + 2)
            if end < 0:
                yield Token("bad", "A comment is not closed: `*}` is missing.", at)
                start = at = len(source)
                break
            yield Token("comment", source[at + 2 : end], at)
            at = end + 2
        else:
            at = yield from _tag(source, at)
        start = at
    if start < at:
        yield Token("text", source[start:at], start)
    yield Token("end", "", len(source))


def _tag(source: str, at: int) -> Generator[Token, None, int]:
    double = source.startswith("{{", at) and not _OBJECT_FIRST.match(source, at)
    braces = "{{" if double else "{"
    yield Token("open", braces, at)
    opened, depth = at, 0
    at += len(braces)
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            yield Token("bad", _complaint(source, at), at)
            at += 1
            if source[at - 1] in "'\"":
                return len(source)
            continue
        kind, text = match.lastgroup, match.group()
        if text == "}" and depth == 0:
            if double and not source.startswith("}}", at):
                yield Token("bad", "A tag that begins with two braces ends with one.", at)
                double = False
            yield Token("close", "}}" if double else "}", at)
            return match.end() + double
        if kind == "mark":
            depth += (text == "{") - (text == "}")
        if kind is not None:
            yield Token(kind, text, at)
        at = match.end()
    yield Token("bad", "A tag is not closed: `}` is missing.", opened)
    return at


def _complaint(source: str, at: int) -> str:
    mark = source[at]
    if mark in "'\"":
        return f"A text is not closed: the second {mark} is missing."
    if mark == "|":
        return "Zephyr has no filters with `|`: it calls functions, such as upper(name)."
    if mark == "&":
        return "A single `&` means nothing: `&&` is `and`."
    return f"The character {mark!r} means nothing in a tag."


_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"'}


def unquote(literal: str) -> str:
    """The text that a quoted literal stands for. A backslash before any other character stays.

    >>> unquote(r"'it\\'s'")
    "it's"
    """
    inner = literal[1:-1]
    if "\\" not in inner:
        return inner
    return _ESCAPE.sub(lambda match: ESCAPES.get(match.group(1), match.group()), inner)


def quote(text: str) -> str:
    r"""`text` as a literal. Both quotes are escaped, so that it can also stand inside a JSON string.

    >>> quote("it's")
    "'it\\'s'"
    """
    for mark, escaped in (("\\", "\\\\"), ("'", "\\'"), ('"', '\\"')):
        text = text.replace(mark, escaped)
    return f"'{text}'"
