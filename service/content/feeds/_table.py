"""Rows of a table: a header, a delimiter that is found, quotes, and any number of columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from service.content.feeds._item import Row
from service.errors import Problem

_DELIMITERS = ",;\t|"
_LONGEST_HEADER = 65_536
_MOST_COLUMNS = 1_000


def rows(stream: BinaryIO) -> Iterator[Row | Problem]:
    """Each row below the header. A byte that is no UTF-8 stays with its row, which then cannot be used."""
    coding = _coding(stream)
    errors = "surrogateescape" if coding == "utf-8-sig" else "replace"
    text = io.TextIOWrapper(stream, encoding=coding, errors=errors, newline="")
    try:
        yield from _rows(text)
    finally:
        text.detach()


def _rows(text: io.TextIOWrapper) -> Iterator[Row | Problem]:
    first = text.readline(_LONGEST_HEADER)
    text.seek(0)
    reader = csv.reader(text, delimiter=_delimiter(first))
    header: list[str] | None = None
    number, line = 0, 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            number += header is not None
            row = Row(number, line, {})
            yield row.problem("row", f"cannot be read: {error}", None, "Look for a quote that is not closed.")
            cells = []
        if header is None:
            header = [each.strip() for each in cells]
            if len(header) > _MOST_COLUMNS:
                yield _header_problem(f"has {len(header):,} columns", f"Send {_MOST_COLUMNS:,} at most.")
                return
            if twice := {each for each in header if each and header.count(each) > 1}:
                yield _header_problem(f"has the column {min(twice)[:60]!r} twice", "Give each column a name of its own.")
                return
            if not any(header):
                yield _header_problem("is empty", "The first line names the columns.")
                return
        elif any(cells):
            number += 1
            row = Row(number, line, {name: cell for name, cell in zip(header, cells) if name})
            if len(cells) > len(header) and any(cells[len(header) :]):
                said = f"has {len(cells)} cells, and there are {len(header)} columns"
                yield row.problem("row", said, None, "Put quotes around a cell that holds the delimiter.")
            else:
                yield row
        line = reader.line_num + 1


def _header_problem(said: str, hint: str) -> Problem:
    return Problem("feed.header", f"The header {said}.", None, hint, 1)


def _delimiter(header: str) -> str:
    """The one that makes the most columns of the header."""
    return max(_DELIMITERS, key=header.count)


def _coding(stream: BinaryIO) -> str:
    mark = stream.read(3)
    stream.seek(0)
    return "utf-16" if mark.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
