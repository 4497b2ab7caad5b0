"""Custom: the items that `custom_keys` names, up to 100 of them, in this order, by `custom_key_type`: `url`, `sku`, `title`
or `content_id`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.content._ask import key_of
from service.content._call import Call, Posted


def ranked(call: Call) -> Iterator[int]:
    keys = call.ask.custom_keys
    numbers = call.numbers(keys, call.ask.custom_key_type)
    return (numbers[key] for key in keys if key in numbers)


def strength(call: Call, posted: Sequence[Posted]) -> list[int | None]:
    places = {key: -at for at, key in enumerate(call.ask.custom_keys)}
    return [places.get(key_of(each.data, call.ask.custom_key_type)) for each in posted]
