"""Interest: what has the tag that the person likes best, by the items viewed last (`horizon_interest`: the part of a tag in
what the person viewed, by its part in all views), then the next, and within a tag the more popular first. What has none of
the ten strongest tags comes after, the more popular first; so where nothing is known, everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.content._call import Call, Posted

_TAGS = 10


def ranked(call: Call) -> Iterator[int]:
    seen: set[int] = set()
    for tag in call.interests.tags[:_TAGS]:
        for item in call.tagged(tag):
            if item not in seen:
                seen.add(item)
                yield item
    yield from (item for item in call.chosen(call.allowed) if item not in seen)


def strength(call: Call, posted: Sequence[Posted]) -> list[float]:
    return [call.interests.highest(each.tags) for each in posted]
