"""Who a context is about: by which names a person is known, and what their profile says they bought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from service.content._ask import LONGEST_KEY, number_in

_NAMES = ("extid", "email", "sms", "id", "sid")
_MOST_PURCHASES, _MOST_ITEMS = 100, 50


def names(context: Mapping[str, Any]) -> list[str]:
    """What the person may be called in interactions: `extid`, `email`, `sms`, `id` of the profile and of its `keys`.

    >>> names({"profile": {"id": 7, "email": "ada@example.com", "keys": {"extid": "cust-551", "sms": None}}})
    ['cust-551', 'ada@example.com', '7']
    """
    profile = context.get("profile")
    if type(profile) is not dict:
        return []
    keys = profile.get("keys")
    places = (keys if type(keys) is dict else {}, profile)
    found = (place.get(name) for place in places for name in _NAMES)
    told = (str(each) for each in found if isinstance(each, str) or (type(each) is int and each.bit_length() <= 64))
    return list(dict.fromkeys(each[:LONGEST_KEY] for each in told if each.strip()))


def purchased(context: Mapping[str, Any]) -> dict[str, list[str]]:
    """What the profile's `purchases` name, the latest first: by `url`, else by `sku` (which Sailthru calls `id` there).

    >>> purchased({"profile": {"purchases": [{"time": 1, "items": [{"url": "https://example.com/a"}, {"id": "B"}]}]}})
    {'url': ['https://example.com/a'], 'sku': ['B']}
    """
    found: dict[str, list[str]] = {"url": [], "sku": []}
    for item in list(_items(context))[:_MOST_ITEMS]:
        for kind, value in (("url", item.get("url")), ("sku", item.get("sku")), ("sku", item.get("id"))):
            if isinstance(value, str) and value:
                found[kind].append(value[:LONGEST_KEY])
                break
    return {kind: list(dict.fromkeys(keys)) for kind, keys in found.items()}


def _items(context: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    profile = context.get("profile")
    purchases = profile.get("purchases") if type(profile) is dict else None
    if type(purchases) is not list:
        return
    usable = [each for each in purchases[:_MOST_PURCHASES] if type(each) is dict]
    for purchase in sorted(usable, key=lambda each: number_in(each, "time", 0), reverse=True):
        items = purchase.get("items")
        yield from (each for each in (items if type(items) is list else ())[:_MOST_ITEMS] if type(each) is dict)
