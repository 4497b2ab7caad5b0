"""Viewed: what is like the ten items that the person viewed last. Items that most people bought within a day of these
come first, then those that most viewed within a day, then those that share the most tags, then the more popular. What the
person viewed is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.content import _like
from service.content._call import Call, Posted
from service.content._like import Likeness


def ranked(call: Call) -> Iterator[int]:
    return _like.ranked(call, call.viewed)


def strength(call: Call, posted: Sequence[Posted]) -> list[Likeness | None]:
    return _like.strength(call, call.viewed, posted)
