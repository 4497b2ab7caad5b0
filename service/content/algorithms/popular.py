"""Popular: what was bought most of all time. Views decide between items that were bought equally often, and so everything
where nobody bought. Then the newest comes first, by its date, and then the URL decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.content._call import Call, Posted
from service.content._index import Strength


def ranked(call: Call) -> Iterator[int]:
    return call.chosen(call.allowed)


def strength(call: Call, posted: Sequence[Posted]) -> list[Strength]:
    return [call.index.strength(each.number) for each in posted]
