"""Context: what goes together with the item that `context_key` names, whoever asks. The items that most people bought
within a day of it come first; how many viewed both within a day decides between equal ones, then popularity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.content._call import Call, Posted
from service.content._index import NONE, Strength


def ranked(call: Call) -> Iterator[int]:
    item, places = call.context_item, call.index.places
    together = call.together([item]) if item is not None else {}
    return iter(sorted(call.allow(together), key=lambda each: (-together[each][0], -together[each][1], places[each])))


def strength(call: Call, posted: Sequence[Posted]) -> list[Strength | None]:
    item = call.context_item
    together = call.together([item]) if item is not None else {}
    return [
        None if each.number is not None and each.number == item else together.get(each.number or 0, NONE) for each in posted
    ]
