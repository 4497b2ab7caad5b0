"""Feeds: what fills the content library. One public module is one kind of feed.

A kind offers `rows(stream)`, which yields each entry of a feed as a `Row` (or a `Problem` where there is none to be had),
and `NAMES`, which says what field of an item each of the feed's own names feeds (None: none). What becomes of the fields
is the same for every kind, see `_item.py`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import BinaryIO, Protocol, cast

from service import registry
from service.content.feeds._item import TARGETS, Row, make, plain
from service.errors import Misconfigured, NotReadable, Problem
from service.model import Item

__all__ = ["KINDS", "TARGETS", "check_mapping", "detect", "item", "read"]

_HEAD = 65_536  # bytes that are looked at to find the kind


class Kind(Protocol):
    """What a kind's module offers."""

    NAMES: Mapping[str, str | None]

    def rows(self, stream: BinaryIO) -> Iterator[Row | Problem]: ...


KINDS = {name: cast("Kind", module) for name, module in registry.members(sys.modules[__name__])}


def read(stream: BinaryIO, kind: str, mapping: Mapping[str, str] | None = None) -> Iterator[Item | Problem]:
    """The items of a feed one after another, and what is wrong with entries that give none: such a problem says which row it
    is about, and does not stop the others. Never raises for what the bytes are; `mapping` is as `check_mapping` takes it."""
    found = KINDS[kind]
    mapped = {plain(column): field for column, field in (mapping or {}).items()}
    for row in found.rows(stream):
        if isinstance(row, Problem):
            yield row
        else:
            made = make(row, found.NAMES, mapped)
            if isinstance(made, Item):
                yield made
            else:
                yield from made


def item(fields: Mapping[str, object]) -> Item | list[Problem]:
    """One item of its fields as Sailthru names them, or everything that is wrong with them."""
    made = make(Row(1, None, fields), KINDS["json"].NAMES, {})
    if isinstance(made, Item):
        return made
    return [replace(each, detail=each.detail.replace("Row 1", "The item", 1)) for each in made]


def detect(stream: BinaryIO) -> str:
    """The kind of the feed in a stream that can be rewound. Raises `NotReadable` where it is none that we know."""
    head = stream.read(_HEAD)
    stream.seek(0)
    text = _beginning(head)
    if head.startswith((b"\x1f\x8b", b"PK\x03\x04")):
        raise NotReadable("The feed is compressed.", hint="Unpack it first, or have it sent as it is.")
    if not text.strip():
        raise NotReadable("The feed is empty.")
    if text.startswith("<"):
        return "google" if "base.google.com/ns/1.0" in text else "rss"
    if text.startswith(("{", "[")):
        return "json"
    names = {plain(each.strip('"')) for each in re.split("[,;\t|]", text.splitlines()[0])}
    if len(names) < 2 or "\0" in text:
        hint = f"Kinds are {', '.join(KINDS)}. Name one where you know better."
        raise NotReadable("This is no kind of feed that is known.", hint=hint)
    return "google" if {"id", "title", "link"} <= names and names & {"image_link", "availability"} else "csv"


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Raises `Misconfigured`, with a problem for each column that is mapped to something that no item has."""
    known = f"Fields are {', '.join(TARGETS)}, and vars.NAME."
    wrong = [
        Problem(
            "feed.mapping", f"The column {column[:60]!r} cannot feed {field[:60]!r}: there is no such field.", hint=known
        )
        for column, field in mapping.items()
        if field not in TARGETS and not (field.startswith("vars.") and field != "vars.")
    ]
    if wrong:
        raise Misconfigured("The mapping cannot be used.", wrong)


def _beginning(head: bytes) -> str:
    coding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    return head.decode(coding, "replace").lstrip("\ufeff \t\r\n")
