"""Sailthru's own form: `{"content": [...]}`, a plain list of items, or one item a line.

The text is held whole, since JSON says only at its end whether it is any; items are made one at a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import BinaryIO, NoReturn

from service import strictjson
from service.content.feeds._item import Row
from service.errors import NotReadable, Problem

NAMES: dict[str, str | None] = {"spider": None}

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def rows(stream: BinaryIO) -> Iterator[Row | Problem]:
    """Each item of the list."""
    try:
        text = stream.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield Problem("feed.not_utf8", f"The feed is not UTF-8: byte {error.start + 1} cannot be read.", hint="Send UTF-8.")
        return
    try:
        yield from _Reader(text).rows()
    except _Broken as broken:
        line, column = strictjson.line_and_column(text, broken.at)
        yield Problem("feed.broken", f"The feed {broken.said}; what follows was not read.", None, None, line, column)


class _Broken(Exception):
    def __init__(self, said: str, at: int) -> None:
        super().__init__(said)
        self.said, self.at = said, at


class _Reader:
    """Walks the outermost lists and objects, and reads what lies in them value by value."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._number = 0
        self._line, self._counted = 1, 0  # lines before a place are counted once

    def rows(self) -> Iterator[Row | Problem]:
        while self._mark():
            if self._mark() == "[":
                yield from self._list()
            elif self._mark() == "{" and (place := self._content()) is not None:
                self._at = place
                yield from self._list()
                self._rest()
            else:
                yield self._row()
            if self._mark() == ",":
                self._fail("has a comma after its end")

    def _list(self) -> Iterator[Row | Problem]:
        self._at += 1
        if self._take("]"):
            return
        while True:
            yield self._row()
            if self._take("]"):
                return
            if not self._take(","):
                self._fail("has neither a comma nor ] after an item")

    def _content(self) -> int | None:
        """Where the list of the object's `content` begins, if it has one."""
        start = self._at
        self._at += 1
        try:
            while self._mark() == '"':
                name = self._value()
                if not self._take(":"):
                    break
                if name == "content" and self._mark() == "[":
                    return self._at
                self._value()
                if not self._take(","):
                    break
            return None
        finally:
            self._at = start

    def _rest(self) -> None:
        """What follows the list in its object is of no use, and must be there."""
        while self._take(","):
            self._value()
            if not self._take(":"):
                self._fail("has no colon after a key")
            self._value()
        if not self._take("}"):
            self._fail("has no } at its end")

    def _row(self) -> Row | Problem:
        self._mark()
        start, line = self._at, self._line_here()
        value = self._value()
        self._number += 1
        row = Row(self._number, line, {})
        if not isinstance(value, dict):
            return row.problem("row", "is no object", None, 'Write an item such as {"url": "https://..."}.')
        try:
            return Row(self._number, line, strictjson.read_object(self._text[start : self._at], what="item"))
        except NotReadable as error:
            return row.problem("row", f"cannot be read: {error.detail.rstrip('.')}")

    def _value(self) -> object:
        self._mark()
        try:
            value, self._at = _DECODER.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            self._at = error.pos
            self._fail(f"is not JSON here ({error.msg.lower()})")
        except (ValueError, RecursionError):
            self._fail("holds a number that is too long, or is nested too deeply")
        return value

    def _mark(self) -> str:
        """The next character that is no blank; none at the end."""
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._text[self._at : self._at + 1]

    def _take(self, mark: str) -> bool:
        found = self._mark() == mark
        self._at += found
        return found

    def _line_here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _fail(self, said: str) -> NoReturn:
        raise _Broken(said, self._at)
