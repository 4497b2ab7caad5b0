"""Entries of RSS and Atom, read by expat as they come.

A feed may declare nothing: a document type with declarations of its own is refused, those of elsewhere are never fetched.
So there are no entities but the five of XML, nothing can expand, and nothing outside is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.parsers import expat

from service.content.feeds._item import Row
from service.errors import Problem

_CHUNK = 262_144
_LONGEST_TOKEN = 1_048_576  # bytes of one tag; expat begins each anew with every chunk, so long ones take ever longer
_LARGEST_ENTRY = 1_048_576  # characters
_DEEPEST = 64
_SPACES = {
    "http://search.yahoo.com/mrss/": "media:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
}
_GOOGLE = "http://base.google.com/ns/1.0"


@dataclass(slots=True)
class _Element:
    space: str
    name: str
    attributes: dict[str, str]
    line: int
    texts: list[str] = field(default_factory=list)
    children: list[_Element] = field(default_factory=list)

    @property
    def value(self) -> str:
        """What it says: its text, an address or term among its attributes, or what its name or url within says."""
        text = "".join(self.texts).strip()
        named = (self.attributes.get(name, "") for name in ("href", "url", "term"))
        inner = ("".join(each.texts).strip() for each in self.children if each.name in ("name", "url"))
        return text or next(filter(None, (*named, *inner)), "")


class _Refused(Exception):
    """What a feed may not hold."""


def rows(stream: BinaryIO) -> Iterator[Row | Problem]:
    """Each `item` or `entry`. A mistake in the XML ends the feed: what came before it stands."""
    reader = _Entries()
    number = 0
    while True:
        chunk = stream.read(_CHUNK)
        if not reader.begun:  # blank lines before the declaration are not XML, and many a blog's feed has them
            chunk = chunk.lstrip(b" \t\r\n") or chunk
        broken = reader.feed(chunk)
        for entry in reader.take():
            number += 1
            fields = _fields(entry)
            if reader.site:
                fields.setdefault("site_name", reader.site)
            yield Row(number, entry.line, fields)
        if broken is not None:
            yield broken
        if broken is not None or not chunk:
            return


class _Entries:
    """Builds the elements of one entry at a time."""

    def __init__(self) -> None:
        self.site = ""
        self.begun = False
        self._done: list[_Element] = []
        self._open: list[_Element] = []  # the entry and what is open in it
        self._outside: list[str] = []  # names of open elements around entries
        self._size = self._fed = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = _doctype

    def feed(self, chunk: bytes) -> Problem | None:
        """Read on (no bytes: the end). Answers why it cannot be read any further."""
        self.begun = True
        self._fed += len(chunk)
        try:
            self._parser.Parse(chunk, not chunk)
            if self._fed - self._parser.CurrentByteIndex > _LONGEST_TOKEN and chunk:
                raise _Refused("has a tag of more than a megabyte")
        except expat.ExpatError as error:
            return self._problem(f"is not XML here ({expat.ErrorString(error.code)})", error.lineno, error.offset + 1)
        except _Refused as refused:
            return self._problem(str(refused), self._parser.CurrentLineNumber, None)
        except (ValueError, LookupError):
            return self._problem("is in an encoding that is not known", 1, None)
        return None

    def take(self) -> list[_Element]:
        """The entries that are complete by now."""
        done, self._done = self._done, []
        return done

    def _problem(self, said: str, line: int, column: int | None) -> Problem:
        return Problem("feed.broken", f"The feed {said}; what follows was not read.", None, None, line, column)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if len(self._outside) + len(self._open) >= _DEEPEST:
            raise _Refused(f"is nested more than {_DEEPEST} levels deep")
        if not self._open and local not in ("item", "entry"):
            self._outside.append(local)
            return
        self._count(sum(map(len, attributes.values())) + 100)
        plain = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        made = _Element(space, local, plain, self._parser.CurrentLineNumber)
        if self._open:
            self._open[-1].children.append(made)
        self._open.append(made)

    def _end(self, _: str) -> None:
        if not self._open:
            self._outside.pop()
            return
        ended = self._open.pop()
        if not self._open:
            self._done.append(ended)
            self._size = 0

    def _text(self, text: str) -> None:
        if self._open:
            self._count(len(text))
            self._open[-1].texts.append(text)
        elif self._outside[-2:] in (["channel", "title"], ["feed", "title"]) and len(self.site) < 200:
            self.site = f"{self.site}{text}".strip()

    def _count(self, characters: int) -> None:
        self._size += characters
        if self._size > _LARGEST_ENTRY:
            raise _Refused("has an entry of more than a megabyte")


def _doctype(_: str, __: str | None, ___: str | None, has_declarations: int) -> None:
    if has_declarations:
        raise _Refused("declares something in its document type, which no feed needs")


def _fields(entry: _Element) -> dict[str, Any]:
    """The entry's values by name; a list where a name is there more than once. Google's own names go first."""
    found: dict[str, list[str]] = {}
    for each in sorted(_leaves(entry), key=lambda each: each.space != _GOOGLE):
        if (value := each.value) and not _is_beside_the_point(each):
            name = "enclosure" if _is_enclosed(each) else each.name
            found.setdefault(_SPACES.get(each.space, "") + name, []).append(value)
    if "link" not in found and found.get("guid", [""])[0].startswith(("http://", "https://")):
        found["link"] = found["guid"]
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _leaves(entry: _Element) -> Iterator[_Element]:
    for each in entry.children:
        if each.name == "group":
            yield from each.children
        else:
            yield each


def _is_enclosed(element: _Element) -> bool:
    """Whether it is Atom's way to enclose something: a link that says so."""
    return element.name == "link" and element.attributes.get("rel") == "enclosure"


def _is_beside_the_point(element: _Element) -> bool:
    """A link that is not the entry's own, and an enclosure that is no picture."""
    if _is_enclosed(element):
        return not element.attributes.get("type", "").startswith("image/")
    if element.name == "link":
        return element.attributes.get("rel", "alternate") != "alternate"
    if element.name == "enclosure" or (element.name == "content" and element.space in _SPACES):
        kind = element.attributes.get("type", "image/")
        return not kind.startswith("image/") or element.attributes.get("medium", "image") != "image"
    return False
