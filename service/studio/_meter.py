"""The segment meter: a text as carriers count it, with what makes it expensive marked where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from service import sms
from service.studio._fixes import Fix, Places, character_name, straight

if TYPE_CHECKING:
    from service.actions import Action
    from service.model import Account

WIDTH, GAP = 300.0, 4.0
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_LONGEST_BAR = 12  # segments that are drawn; beyond these the bar says no more than the number


@dataclass(frozen=True, slots=True)
class Block:
    """One segment in the bar: its place, how much of it is used, and whether it is beyond the first."""

    x: float
    width: float
    used: float
    extra: bool


@dataclass(frozen=True, slots=True)
class Meter:
    """Ready to draw. `pieces` are kinds (`brand`, `text`, `costly`, `seg`) and texts."""

    segments: int
    encoding: str
    units: int
    room: int
    blocks: tuple[Block, ...]
    pin: float | None
    pieces: tuple[tuple[str, str], ...]
    why: str
    fix: Fix | None
    estimated: bool
    upper: int | None


def meter(body: str, prefix: str, measured: dict[str, Any], places: Places) -> Meter:
    """The meter of a text that was measured so."""
    text, causes = prefix + body, measured["causes"]
    estimated = measured["links"] == "estimated" and "http" in body
    ends = [] if estimated else sms.breaks(text)
    segments, units, room = measured["segments"], measured["units"], measured["units"] + measured["left"]
    drawn = min(segments, _LONGEST_BAR)
    width = (WIDTH - GAP * (drawn - 1)) / max(drawn, 1)
    last = 1 - measured["left"] / (room / segments) if segments else 0
    blocks = tuple(
        Block(round(at * (width + GAP), 1), round(width, 1), round(width if at < segments - 1 else width * last, 1), at > 0)
        for at in range(drawn)
    )
    first = min((each["at"] + len(prefix) for each in causes), default=None)
    pin = None if first is None or not text else round(_along(first / len(text), units / max(room, 1)), 1)
    fix = straight(causes, places)
    return Meter(
        segments=segments,
        encoding=measured["encoding"],
        units=units,
        room=room,
        blocks=blocks,
        pin=pin,
        pieces=tuple(_pieces(text, len(prefix), {each["character"] for each in causes}, ends)),
        why=_why(body, measured, fix, places),
        fix=fix,
        estimated=estimated,
        upper=measured.get("segments_upper"),
    )


def measured(payload: Any, action: Action, account: Account | None) -> sms.Measure | None:
    """What the text in a payload takes, as the preparer measures it; None where there is none."""
    body = payload.get(action.sms["body"][1:]) if action.sms is not None and isinstance(payload, dict) else None
    if not isinstance(body, str):
        return None
    prefix = account.brand_prefix if account is not None else ""
    return sms.measure(body, prefix=prefix, links="estimated" if payload.get("useShortLinks") is True else "none")


def marked(text: str, costly: AbstractSet[str]) -> list[tuple[str, str]]:
    """A text in pieces, the costly characters apart."""
    return list(_pieces(text, 0, costly, []))


def _along(share: float, used: float) -> float:
    return min(WIDTH - 2, share * used * WIDTH)


def _pieces(text: str, prefix: int, costly: AbstractSet[str], ends: Sequence[int]) -> Iterable[tuple[str, str]]:
    cuts = sorted({0, prefix, len(text), *ends})
    stop = set(ends)
    for start, end in pairwise(cuts):
        if start in stop:
            yield "seg", ""
        part = text[start:end]
        if start < prefix:
            yield "brand", part
        elif not costly:
            yield "text", part
        else:
            for piece in re.split(f"([{re.escape(''.join(sorted(costly)))}])", part):
                if piece:
                    yield "costly" if piece in costly else "text", piece


def _why(body: str, measured: dict[str, Any], fix: Fix | None, places: Places) -> str:
    """One sentence: what makes it cost what it costs."""
    causes, without = measured["causes"], measured["without_causes"]
    if not causes or without is None:
        return ""
    number = sum(body.count(each["character"]) for each in causes)
    names = {character_name(each) for each in causes}
    name = next(iter(names)) if len(names) == 1 else "character"
    word = f"{_NUMBERS[number] if number < len(_NUMBERS) else number} {name}{_plural(name, number)}"
    segments, fewer = measured["segments"], without["segments"]
    if segments == fewer:
        return f"{word} {'leaves' if number == 1 else 'leave'} room for 70 characters instead of 160."
    said = f"{word} {'makes' if number == 1 else 'make'} {fewer} segment{'s' * (fewer != 1)} into {segments}."
    inside = any(each["character"] in places.source for each in causes)
    return said if fix is not None or inside else f"{said} It comes with the data; the filter `gsm` replaces what it can."


def _plural(name: str, number: int) -> str:
    return "" if number == 1 else "s" if name != "dash" else "es"
