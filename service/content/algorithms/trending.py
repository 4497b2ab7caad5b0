"""Trending: what gained most in the last week. Purchases of the seven days up to today (UTC) less those of the seven days
before; views decide between equal ones, then popularity. What gained nothing is not trending."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.content._call import Call, Posted
from service.content._index import NONE, Strength


def ranked(call: Call) -> Iterator[int]:
    shelf, _ = call.index.trend(call.day)
    return (shelf.ids[place] for place in shelf.allowed(call.ask.filters, call.now))


def strength(call: Call, posted: Sequence[Posted]) -> list[Strength]:
    _, gained = call.index.trend(call.day)
    return [NONE if each.number is None else gained.get(each.number, NONE) for each in posted]
