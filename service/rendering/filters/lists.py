"""Filters for lists and objects."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from service.rendering.filters._plumbing import Items, Raw, Size, apply, attributes, holds
from service.rendering.limits import STEP_CHARACTERS, STEP_ITEMS, check_items, check_text, current, sized, weigh
from service.rendering.missing import Missing
from service.rendering.operators import binary
from service.rendering.printing import describe, text_of


def first(value: Items) -> Any:
    """The first item (of text: the first character).

    >>> first([3, 1])
    3
    """
    return value[0] if value else Missing("there is no first item: the list is empty")


def last(value: Items) -> Any:
    """The last item.

    >>> last([3, 1])
    1
    """
    return value[-1] if value else Missing("there is no last item: the list is empty")


def length(value: Raw) -> int:
    """How many items, keys or characters.

    >>> length([1, 2]), length("abc")
    (2, 3)
    """
    try:
        return len(value)
    except TypeError:
        raise ValueError(f"`length` needs a list or text, and the value is {describe(value)}.") from None


def list_(value: Items) -> list[Any]:
    """A list of what can be walked through: the characters of a text, the keys of an object, a range.

    >>> list_([1, 2])
    [1, 2]
    """
    return list(value)


def items(value: Raw) -> list[Any]:
    """The pairs of key and value of an object; none when it is missing.

    >>> items({"a": 1})
    [['a', 1]]
    """
    if isinstance(value, Missing):
        return []
    return [[key, each] for key, each in _object(value).items()]


def dictsort(value: Any, case_sensitive: bool = False, by: str = "key", reverse: bool = False) -> list[Any]:
    """The pairs of an object, sorted by "key" or "value".

    >>> dictsort({"b": 1, "a": 2})
    [['a', 2], ['b', 1]]
    """
    at = {"key": 0, "value": 1}.get(by)
    if at is None:
        raise ValueError("`dictsort` sorts by key or value.")
    pairs = [[key, each] for key, each in _object(value).items()]
    return sorted(pairs, key=lambda pair: _sort_key(pair[at], case_sensitive), reverse=reverse)


def join(value: Items, separator: str = "", attribute: Any = None) -> str:
    """The items as one text with a separator between them.

    >>> join(["tea", "mug"], ", ")
    'tea, mug'
    """
    texts = [text_of(each) for each in _picked(value, attribute)]
    check_text(sum(map(len, texts)) + len(separator) * max(len(texts) - 1, 0))
    return separator.join(texts)


def reverse(value: Any) -> Any:
    """The items (or characters) in reverse order.

    >>> reverse([1, 2]), reverse("ab")
    ([2, 1], 'ba')
    """
    if isinstance(value, str):
        return value[::-1]
    if not sized(value):
        raise ValueError(f"`reverse` needs a list or text, and the value is {describe(value)}.")
    check_items(len(value))
    return list(reversed(list(value)))


def sort(value: Items, reverse: bool = False, case_sensitive: bool = False, attribute: Any = None) -> list[Any]:
    """The items in order; `attribute` names the field to sort by, or several with commas between.

    >>> sort(["b", "A", "c"])
    ['A', 'b', 'c']
    """
    keys = _keys(value, attribute, case_sensitive)
    return [value[at] for at in sorted(range(len(value)), key=keys.__getitem__, reverse=reverse)]


def unique(value: Items, case_sensitive: bool = False, attribute: Any = None) -> list[Any]:
    """The items without repetitions; the first of each stays.

    >>> unique(["a", "b", "A"])
    ['a', 'b']
    """
    seen: list[Any] = []
    known: set[Any] = set()
    kept = []
    for item, each in zip(value, _picked(value, attribute)):
        key = each.lower() if isinstance(each, str) and not case_sensitive else each
        if isinstance(key, (list, dict, tuple)):
            current().charge(len(seen) * weigh(key) // STEP_ITEMS)
            if key not in seen:
                seen.append(key)
                kept.append(item)
        elif key not in known:
            known.add(key)
            kept.append(item)
    return kept


def min_(value: Items, case_sensitive: bool = False, attribute: Any = None) -> Any:
    """The smallest item.

    >>> min_([3, 1])
    1
    """
    return _best(value, case_sensitive, attribute, min)


def max_(value: Items, case_sensitive: bool = False, attribute: Any = None) -> Any:
    """The largest item.

    >>> max_([3, 1])
    3
    """
    return _best(value, case_sensitive, attribute, max)


def sum_(value: Items, attribute: Any = None, start: Any = 0) -> Any:
    """The items added up, from `start` on.

    >>> sum_([1, 2.5]), sum_([{"price": 2}, {"price": 3}], "price")
    (3.5, 5)
    """
    total = start
    for each in _picked(value, attribute):
        if isinstance(each, Missing):
            each.report()
            continue
        total = binary("+", total, each)
    return total


def map_(value: Items, *names: Any, attribute: Any = None, default: Raw = None, **named: Any) -> list[Any]:
    """A field of every item, or a filter used on every item.

    >>> map_([{"title": "Mug"}], attribute="title"), map_(["a"], "upper")
    (['Mug'], ['A'])
    """
    if attribute is not None:
        found = _picked(value, attribute)
        return [default if isinstance(each, Missing) and default is not None else each for each in found]
    if not names:
        raise ValueError("`map` needs a filter or an attribute.")
    return [apply(names[0], each, *names[1:], **named) for each in value]


def select(value: Items, test: Any = None, *args: Any) -> list[Any]:
    """The items for which a test holds; without a test, those that are not empty.

    >>> select([1, 2, 3], "odd"), select(["", "a"])
    ([1, 3], ['a'])
    """
    return [each for each in value if _holds(each, test, args)]


def reject(value: Items, test: Any = None, *args: Any) -> list[Any]:
    """The items for which a test does not hold.

    >>> reject([1, 2, 3], "odd")
    [2]
    """
    return [each for each in value if not _holds(each, test, args)]


def selectattr(value: Items, field: Any, test: Any = None, *args: Any) -> list[Any]:
    """The items of which a field passes a test; without a test, of which it is there and not empty.

    >>> selectattr([{"n": 1}, {"n": 0}], "n"), selectattr([{"n": 1}, {"n": 5}], "n", "gt", 2)
    ([{'n': 1}], [{'n': 5}])
    """
    return [each for each, found in zip(value, attributes(value, field)) if _holds(found, test, args)]


def rejectattr(value: Items, field: Any, test: Any = None, *args: Any) -> list[Any]:
    """The items of which a field does not pass a test.

    >>> rejectattr([{"n": 1}, {"n": 0}], "n")
    [{'n': 0}]
    """
    return [each for each, found in zip(value, attributes(value, field)) if not _holds(found, test, args)]


def groupby(value: Items, field: Any, default: Raw = None, case_sensitive: bool = False) -> list[Any]:
    """The items in groups of the same field: pairs of the field's value and the list, in order of the value.

    >>> groupby([{"c": "b", "n": 1}, {"c": "a", "n": 2}], "c")
    [['a', [{'c': 'a', 'n': 2}]], ['b', [{'c': 'b', 'n': 1}]]]
    """
    keys = [default if isinstance(each, Missing) and default is not None else each for each in attributes(value, field)]
    folded = [_sort_key(each, case_sensitive) for each in keys]
    groups: list[list[Any]] = []
    last: Any = None
    for at in sorted(range(len(value)), key=folded.__getitem__):
        if not groups or folded[at] != last:
            groups.append([keys[at], []])
            last = folded[at]
        groups[-1][1].append(value[at])
    return groups


def slice_(value: Items, slices: Size, fill_with: Raw = None) -> list[Any]:
    """So many lists of about the same length.

    >>> slice_([1, 2, 3], 2)
    [[1, 2], [3]]
    """
    if slices < 1:
        raise ValueError("The number of slices is at least 1.")
    share, more = divmod(len(value), slices)
    made, at = [], 0
    for index in range(slices):
        size = share + (index < more)
        part = value[at : at + size]
        if fill_with is not None and more and index >= more:
            part.append(fill_with)
        made.append(part)
        at += size
    return made


def batch(value: Items, size: Size, fill_with: Raw = None) -> list[Any]:
    """Lists of `size` items each.

    >>> batch([1, 2, 3], 2, 0)
    [[1, 2], [3, 0]]
    """
    if size < 1:
        raise ValueError("The size of a batch is at least 1.")
    made = [value[at : at + size] for at in range(0, len(value), size)]
    if made and fill_with is not None:
        made[-1].extend([fill_with] * (size - len(made[-1])))
    return made


def random_(value: Items) -> Any:
    """One of the items. The same call (the same seed) always gives the same item.

    >>> random_(["a"])
    'a'
    """
    if not value:
        return Missing("there is no item to choose: the list is empty")
    run = current()
    digest = hashlib.sha256(f"{run.seed}/{run.steps}".encode("utf-8", "surrogatepass")).digest()
    return value[int.from_bytes(digest[:8]) % len(value)]


def _object(value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"An object is needed here, and the value is {describe(value)}.")
    check_items(len(value))
    return value


def _picked(value: list[Any], field: Any) -> list[Any]:
    return value if field is None else attributes(value, field)


def _keys(value: list[Any], fields: Any, case_sensitive: bool) -> list[Any]:
    """What each item is ordered by: itself, a field, or several fields."""
    names = fields.split(",") if isinstance(fields, str) else [fields]
    columns = [[_sort_key(each, case_sensitive) for each in _picked(value, name)] for name in names]
    return columns[0] if len(columns) == 1 else [list(row) for row in zip(*columns)]


def _best(value: list[Any], case_sensitive: bool, attribute: Any, choose: Callable[..., int]) -> Any:
    if not value:
        return Missing("there is no such item: the list is empty")
    keys = _keys(value, attribute, case_sensitive)
    return value[choose(range(len(value)), key=keys.__getitem__)]


def _sort_key(value: Any, case_sensitive: bool) -> Any:
    if isinstance(value, str):
        if len(value) > STEP_CHARACTERS:
            current().charge(len(value) // STEP_CHARACTERS)
        return value if case_sensitive else value.lower()
    if isinstance(value, Missing):
        value.report()
        return 0
    if isinstance(value, (list, tuple, dict)):
        weigh(value)
    return value


def _holds(value: Any, test: Any, args: tuple[Any, ...]) -> bool:
    if test is not None:
        return holds(test, value, *args)
    return not isinstance(value, Missing) and bool(value)
