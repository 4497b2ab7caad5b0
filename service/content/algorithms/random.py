"""Random: any items, each as likely as the others. Chance is that of the render, so the same context gets the same items in
a preview and in the message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.content._call import Call, Posted

_SPARE = 20  # more than are asked for, in case some are gone by now


def ranked(call: Call) -> Iterator[int]:
    count = len(call.allowed)
    numbers = call.random.sample(range(count), min(count, call.ask.size + _SPARE))
    return call.chosen(call.allowed[number] for number in numbers)


def strength(call: Call, posted: Sequence[Posted]) -> list[float]:
    chance = call.random
    return [chance.random() for _ in posted]
