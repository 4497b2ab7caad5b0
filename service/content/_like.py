"""What is like some items: shared by the algorithms that go by what a person viewed or bought."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from service.content._call import LAST, Call, Posted
from service.content._index import NONE

_TAGS = 3  # the most frequent tags of the person's items: of each the most popular items are looked at

Likeness = tuple[int, int, int]  # bought together, seen together, tags in common


def ranked(call: Call, own: Sequence[int]) -> Iterator[int]:
    """What went together with the person's own items, then what shares the most tags with them, then popularity."""
    last = list(own[:LAST])
    together, weights, places = call.together(last), _weights(call, last), call.index.places
    found = set(call.allow(together))
    for tag in sorted(weights, key=lambda tag: (-weights[tag], tag))[:_TAGS]:
        found.update(islice(call.tagged(tag), call.ask.size + len(own)))
    found.difference_update(own)

    tags_at = call.index.tags_at

    def key(item: int) -> tuple[int, int, int, int]:
        bought, seen = together.get(item, NONE)
        place = places[item]
        return -bought, -seen, -_in_common(weights, tags_at[place]), place

    return iter(sorted(found, key=key))


def strength(call: Call, own: Sequence[int], posted: Sequence[Posted]) -> list[Likeness | None]:
    """The same of posted items. The person's own are left out."""
    last = list(own[:LAST])
    together, weights, known = call.together(last), _weights(call, last), set(own)
    return [
        None if each.number in known else (*together.get(each.number or 0, NONE), _in_common(weights, each.tags))
        for each in posted
    ]


def _in_common(weights: Mapping[str, int], tags: Iterable[str]) -> int:
    return sum([weights[tag] for tag in tags if tag in weights])


def _weights(call: Call, items: Sequence[int]) -> dict[str, int]:
    """How many of the items have each tag."""
    found: dict[str, int] = {}
    for item in items:
        for tag in call.index.tags(item):
            found[tag] = found.get(tag, 0) + 1
    return found
