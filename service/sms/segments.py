"""How many segments a text takes: the packing of GSM-7 and UCS-2 into messages of 140 octets (3GPP TS 23.038, 23.040)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from service.sms._alphabet import EXTENSION, NOT_GSM_7, suggestion

Links = Literal["none", "estimated"]

SHORT_LINK = 30
"""Characters that a shortened link is taken to have: the vendor does not publish the number."""

_CAUSES_SHOWN = 20
_LINK = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_EXTENSION = re.compile(f"[{re.escape(EXTENSION)}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_NOT_LATIN = re.compile("[^\x00-\u02ff]|\r\n")
_MARK = re.compile("[\u0300-\u036f\u200d\ufe00-\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """A way to write text into a message: units that fit into one alone, and into each part of a longer one."""

    name: str
    alone: int
    part: int


GSM7 = Encoding("GSM-7", 160, 153)
UCS2 = Encoding("UCS-2", 70, 67)


@dataclass(frozen=True, slots=True)
class Cause:
    """A character that makes the whole text UCS-2. `at` counts from 0 in the body's characters; negative: in the prefix.

    `suggest` is what can stand in its place ("" for nothing), None where nothing can.
    """

    character: str
    at: int

    @property
    def name(self) -> str:
        return unicodedata.name(self.character, f"U+{ord(self.character):04X}").lower()

    @property
    def suggest(self) -> str | None:
        return suggestion(self.character)

    def as_dict(self) -> dict[str, Any]:
        return {"character": self.character, "name": self.name, "at": self.at, "suggest": self.suggest}


@dataclass(frozen=True, slots=True)
class Measure:
    """What a text takes. `units` are septets or UTF-16 code units of prefix and body; `left` fit into the last segment.

    `segments_upper` is given where a sender that keeps letter and mark together would need more segments. `causes` has each
    character once, at its first place; `without_causes` says what the text would take without them.
    """

    encoding: str
    units: int
    segments: int
    left: int
    prefix_units: int
    links: Links
    causes: tuple[Cause, ...]
    without_causes: tuple[str, int] | None
    mms: bool
    segments_upper: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """The measure as the preview and `POST /v1/render` report it."""
        made: dict[str, Any] = {
            "encoding": self.encoding,
            "units": self.units,
            "segments": self.segments,
            "left": self.left,
            "prefix_units": self.prefix_units,
            "links": self.links,
            "causes": [each.as_dict() for each in self.causes[:_CAUSES_SHOWN]],
            "without_causes": None,
            "mms": self.mms,
        }
        if self.without_causes is not None:
            made["without_causes"] = dict(zip(("encoding", "segments"), self.without_causes))
        if self.segments_upper is not None:
            made["segments_upper"] = self.segments_upper
        return made


def measure(
    body: str, *, prefix: str = "", links: Links = "none", mms: bool = False, short_link: int = SHORT_LINK
) -> Measure:
    """What `prefix` (the brand name that the vendor puts first) and `body` take together.

    With `links="estimated"` each whole link counts as one of `short_link` characters. `mms` is only carried along.

    >>> measure("Doors open at 9").as_dict()["segments"]
    1
    >>> found = measure("It’s Ana’s turn")
    >>> found.encoding, found.units, [(cause.character, cause.at, cause.suggest) for cause in found.causes]
    ('UCS-2', 15, [('’', 2, "'")])
    """
    sent = _LINK.sub(lambda _: "x" * short_link, body) if links == "estimated" else body
    text = prefix + sent
    encoding = encoding_of(text)
    units = _units(text, encoding)
    parts = _parts(text, units, encoding)
    upper = _upper(text, parts[0]) if encoding is UCS2 and parts[0] > 1 else parts[0]
    return Measure(
        encoding=encoding.name,
        units=units,
        segments=parts[0],
        left=parts[1],
        prefix_units=_units(prefix, encoding),
        links=links,
        causes=_causes(prefix + body, len(prefix)) if encoding is UCS2 else (),
        without_causes=_without_causes(text) if encoding is UCS2 else None,
        mms=mms,
        segments_upper=upper if upper > parts[0] else None,
    )


def encoding_of(text: str) -> Encoding:
    """GSM-7 if every character of `text` is in its alphabet or the extension table, else UCS-2."""
    return UCS2 if NOT_GSM_7.search(text) else GSM7


def segments(text: str) -> int:
    """How many segments `text` takes; none for an empty text."""
    encoding = encoding_of(text)
    return _parts(text, _units(text, encoding), encoding)[0]


def breaks(text: str) -> list[int]:
    """Where in `text` each segment after the first one begins, as offsets of characters.

    >>> breaks("a" * 160), breaks("a" * 152 + "[b" + "c" * 20)
    ([], [152])
    """
    encoding = encoding_of(text)
    units = _units(text, encoding)
    if units <= encoding.alone:
        return []
    double = _EXTENSION if encoding is GSM7 else _ASTRAL
    found, used = [], 0
    for at, character in enumerate(text):
        cost = 2 if double.match(character) else 1
        if used + cost > encoding.part:
            found.append(at)
            used = 0
        used += cost
    return found


def truncate(text: str, segments: int, *, end: str = "", prefix: str = "") -> str:
    """The longest beginning of `text` that fits into `segments`, with `end` after it where something was cut off.

    `prefix` is counted and not given back. No character with its marks is split, and no blanks are left at the cut. Nothing
    is left where not even `end` fits.

    >>> len(truncate("a" * 400, 2)), truncate("Read all about it " * 20, 1, end="...")[-10:]
    (306, 'll abou...')
    """
    if _fit(prefix + text, segments):
        return text
    ends = [0]
    for cluster in _clusters(text):
        ends.append(ends[-1] + len(cluster))
    low, high = 0, len(ends) - 1  # what `low` clusters take fits, if anything does; it never shrinks by one more
    while low < high:
        middle = (low + high + 1) // 2
        if _fit(f"{prefix}{text[: ends[middle]]}{end}", segments):
            low = middle
        else:
            high = middle - 1
    cut = text[: ends[low]].rstrip() + end
    return cut if _fit(prefix + cut, segments) else ""


def _fit(text: str, wanted: int) -> bool:
    return segments(text) <= wanted


def _units(text: str, encoding: Encoding) -> int:
    double = _EXTENSION if encoding is GSM7 else _ASTRAL
    return len(text) + len(double.findall(text))


def _parts(text: str, units: int, encoding: Encoding) -> tuple[int, int]:
    """Segments, and units left in the last of them."""
    if units <= encoding.alone:
        return int(units > 0), encoding.alone - units
    if units == len(text):  # every character costs one unit, so no part is left short
        count = -(-units // encoding.part)
        return count, count * encoding.part - units
    opens_pair = _gsm_pairs(text) if encoding is GSM7 else _surrogate_pairs(text)
    count, at = 1, 0
    while units - at > encoding.part:
        at += encoding.part
        at -= opens_pair(at - 1)  # its second half would fall into the next part
        count += 1
    return count, encoding.part - (units - at)


def _gsm_pairs(text: str) -> Callable[[int], bool]:
    septets = _EXTENSION.sub("\x1b\\g<0>", text)
    return lambda at: septets[at] == "\x1b"


def _surrogate_pairs(text: str) -> Callable[[int], bool]:
    octets = text.encode("utf-16-be", "surrogatepass")
    return lambda at: octets[2 * at] & 0xFC == 0xD8 and octets[2 * at + 2] & 0xFC == 0xDC


def _upper(text: str, at_least: int) -> int:
    """Segments in UCS-2 for a sender that keeps what a reader sees as one sign in one part."""
    if not any(_joins(text, match.start()) for match in _NOT_LATIN.finditer(text)):
        return at_least
    count, room = 1, UCS2.part
    for cluster in _clusters(text):
        cost = _units(cluster, UCS2)
        if cost > room and cost <= UCS2.part:
            count, room = count + 1, UCS2.part
        while cost > room:  # longer than a part: it has to be split all the same
            cost -= room
            count, room = count + 1, UCS2.part
        room -= cost
    return count


def _clusters(text: str) -> Iterator[str]:
    """`text` cut where a reader sees one sign end: marks, joiners and modifiers stay with what they follow."""
    start = 0
    for at in range(1, len(text)):
        if not _continues(text, start, at):
            yield text[start:at]
            start = at
    if text:
        yield text[start:]


def _continues(text: str, start: int, at: int) -> bool:
    if _is_flag_letter(text[at]):
        return _is_flag_letter(text[at - 1]) and (at - start) % 2 == 1
    return _joins(text, at)


def _joins(text: str, at: int) -> bool:
    character, before = text[at], text[at - 1 : at]
    if character < "\u0300":
        return character == "\n" and before == "\r"
    return (
        before == "\u200d"
        or _MARK.match(character) is not None
        or unicodedata.category(character)[0] == "M"
        or _is_flag_letter(character)
    )


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _causes(text: str, prefix: int) -> tuple[Cause, ...]:
    first: dict[str, int] = {}
    for match in NOT_GSM_7.finditer(text):
        first.setdefault(match.group(), match.start() - prefix)
    return tuple(Cause(character, at) for character, at in first.items())


def _without_causes(text: str) -> tuple[str, int]:
    text = NOT_GSM_7.sub(lambda match: suggestion(match.group()) or "", text)
    return GSM7.name, segments(text)
