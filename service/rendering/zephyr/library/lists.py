"""Lists and objects."""

from __future__ import annotations

import functools
from typing import Any

from service.rendering.limits import SCALARS, Stop, check_items, current
from service.rendering.zephyr.library._marks import apply, changes, listed, silent, undocumented
from service.rendering.zephyr.scope import Scope
from service.rendering.zephyr.values import Function, equal, field, index, number, text, to_json, true


def contains(haystack: Any, needle: Any) -> bool:
    """Whether a text holds a text, a list an item, or an object a value (not a key).

    >>> contains("teapot", "pot"), contains(["a", 1], 1), contains({"k": "v"}, "k")
    (True, True, False)
    """
    if isinstance(haystack, str):
        return text(needle) in haystack
    if type(haystack) is not list and type(haystack) is not dict:
        return False
    return any(equal(each, needle) for each in listed(haystack))


def length(x: Any) -> int:
    """How many items, keys or characters; 0 for what is not set.

    >>> length([1, 2]), length({"a": 1}), length("tea"), length(None)
    (2, 1, 3, 0)
    """
    if type(x) is list or type(x) is dict:
        return len(x)
    return len(text(x))


@undocumented("first() with a second argument is the same as with one: what `prior` does is not documented")
def first(x: Any, prior: Any = None) -> Any:  # noqa: ARG001
    """The first item of a list; the first word of a text.

    >>> first([7, 8]), first("green tea"), first([])
    (7, 'green', None)
    """
    if isinstance(x, str):
        words = x.split(None, 1)
        return words[0] if words else ""
    items = listed(x)
    return items[0] if items else None


def slice_(list: Any, offset: Any, length: Any = None) -> Any:
    """A part of a list, from `offset` (the first is 0); `length` is how many. Works on a text too.

    >>> slice_([1, 2, 3, 4], 1, 2), slice_([1, 2, 3], 1)
    ([2, 3], [2, 3])
    """
    values = list if isinstance(list, str) else listed(list)
    start = max(index(offset), 0)
    end = None if length is None else start + max(index(length), 0)
    return values[start:end]


@changes
def sort(list: Any, by: Any = None) -> Any:
    """Sorts a list in place and returns it. `by` is a field (`-price`: largest first), or a lambda of two items.

    Texts sort by character, capitals first. Null and missing fields come last (first with `-`).

    >>> sort(["b", "C", "a"]), sort([{"p": 2}, {"p": 1}], "p")
    (['C', 'a', 'b'], [{'p': 1}, {'p': 2}])
    """
    if type(list) is not list_type:
        return list
    current().charge(len(list) * max(len(list).bit_length(), 1) // 16)
    if isinstance(by, Function):
        compare = functools.cmp_to_key(lambda one, other: _sign(number(apply(by, "sort", one, other))))
        made = sorted(list, key=compare)
    else:
        name = text(by)
        down = name.startswith("-")
        name = name.removeprefix("-")
        made = sorted(list, key=lambda each: _sort_key(field(each, name) if name else each), reverse=down)
    list[:] = made
    return list


list_type = list


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _sort_key(value: Any) -> tuple[int, Any]:
    if type(value) in (int, float, bool):
        return 0, value
    if isinstance(value, str):
        return 1, value
    return (3 if value is None else 2), 0


def filter_(list: Any, keep: Any) -> list[Any]:
    """The items for which a lambda gives something true.

    >>> filter_([1, 5, 9], Function(1, lambda n: n > 4))
    [5, 9]
    """
    return [each for each, kept in _each(list, keep, "filter") if true(kept)]


def filter_content(array: Any, keep: Any) -> list[Any]:
    """As filter(), and pinned items are always kept.

    >>> filter_content([{"price": 1, "pinned": True}, {"price": 2}], Function(1, lambda item: False))
    [{'price': 1, 'pinned': True}]
    """
    return [each for each, kept in _each(array, keep, "filter_content") if true(kept) or true(field(each, "pinned"))]


def map_(list: Any, to: Any) -> list[Any]:
    """What a lambda makes of each item.

    >>> map_([1, 2], Function(1, lambda n: n * 10))
    [10, 20]
    """
    return [made for _, made in _each(list, to, "map")]


def _each(values: Any, function: Any, name: str) -> list[tuple[Any, Any]]:
    items = listed(values)
    size = len(items)
    made = []
    for at in range(size):
        each = items[at]
        made.append((each, apply(function, name, each)))
        if len(items) != size:
            raise Stop(
                "zephyr.changed", f"A list is changed while {name}() walks through it.", "Change a copy: copy = items + []."
            )
    return made


def dedupe(array: Any, field: Any = "url") -> list[Any]:
    """Keeps the first item for each value of a field. `vars.NAME` reaches into `vars`; further dots belong to the name.

    Items without the field are all kept; items that are no objects are compared themselves.

    >>> dedupe([{"url": "a", "n": 1}, {"url": "a", "n": 2}])
    [{'url': 'a', 'n': 1}]
    """
    name = text(field)
    seen: set[tuple[type, Any]] = set()
    kept = []
    for each in listed(array):
        value = _of(each, name) if type(each) is dict else each
        key = _hashed(value)
        if value is not None and key in seen:
            continue
        seen.add(key)
        kept.append(each)
    return kept


def _of(item: dict[str, Any], name: str) -> Any:
    if name.startswith("vars."):
        return field(item.get("vars"), name.removeprefix("vars."))
    return item.get(name)


def _hashed(value: Any) -> tuple[type, Any]:
    if type(value) in (int, float):
        return float, value
    return (type(value), value) if type(value) in SCALARS else (dict, to_json(value))


@undocumented("intersect() keeps the items of the first list that are in the second, in the order of the first")
def intersect(a: Any, b: Any) -> list[Any]:
    """The items that two lists have in common.

    >>> intersect([3, 1, 2], [2, 3])
    [3, 2]
    """
    other = {_hashed(each) for each in listed(b)}
    return [each for each in listed(a) if _hashed(each) in other]


def content_intersect(a: Any, b: Any) -> list[Any]:
    """The content items of the first list whose url is in the second.

    >>> content_intersect([{"url": "a"}, {"url": "b"}], [{"url": "b"}])
    [{'url': 'b'}]
    """
    other = {text(field(each, "url")) for each in listed(b)}
    return [each for each in listed(a) if text(field(each, "url")) in other]


@changes
@silent
def push(scope: Scope, name: Any, value: Any) -> None:
    """Appends a value to the list of a variable, whose name is given as text: push('items', 3).

    >>> from service.rendering.limits import Run, Limits
    >>> scope = Scope(Run(Limits(), {"items": [1]}))
    >>> push(scope, "items", 2), scope["items"]
    (None, [1, 2])
    """
    if not isinstance(name, str):
        raise Stop("zephyr.push", "push() needs the name of a list as text.", "Write push('items', value).")
    holder: Any = scope
    for part in name.split("."):
        holder = holder.get(part) if isinstance(holder, dict) else None
    if type(holder) is not list:
        scope.assign(name, [value] if holder is None else [holder, value])
        return
    check_items(len(holder) + 1)
    holder.append(value)


@changes
@silent
def set_(scope: Scope, name: Any, value: Any) -> None:
    """Gives a variable, whose name is given as text, a value; the same as an assignment.

    >>> from service.rendering.limits import Run, Limits
    >>> scope = Scope(Run(Limits()))
    >>> set_(scope, "pet", "Otter"), scope["pet"]
    (None, 'Otter')
    """
    scope.assign(text(name), value)


@undocumented("list() gives a list as it is, nothing for null, the values of an object, and anything else as the only item")
def list_(x: Any) -> list[Any]:
    """A value as a list.

    >>> list_("tea"), list_(None)
    (['tea'], [])
    """
    return listed(x)


def range_(start: Any, end: Any, step: Any = 1) -> list[int]:
    """Whole numbers from `start` to `end`, which is included. Start above end gives an empty list.

    >>> range_(2, 8, 3), range_(3, 1)
    ([2, 5, 8], [])
    """
    by = index(step)
    if not by:
        raise Stop("zephyr.range", "range() has a step of 0.", "Use 1 or more.")
    first, last, limit = index(start), index(end), current().limits.range
    values = range(first, last + (1 if by > 0 else -1), by)
    if abs(last - first) // abs(by) >= limit and (last - first) * by > 0:
        raise Stop("render.range", f"range() makes more than {limit:,} numbers.", "Loop over fewer.")
    return list_type(values)


@undocumented("shuffle() gives a new list, in the same random order whenever the same delivery is rendered again")
def shuffle(scope: Scope, array: Any) -> list[Any]:
    """A list in random order.

    >>> from service.rendering.limits import Run, Limits
    >>> sorted(shuffle(Scope(Run(Limits())), [3, 1, 2]))
    [1, 2, 3]
    """
    made = list_type(listed(array))
    scope.random.shuffle(made)
    return made


@undocumented("keys() gives the keys in the order of the object; of a list, its positions")
def keys(obj: Any) -> list[Any]:
    """The keys of an object.

    >>> keys({"a": 1, "b": 2})
    ['a', 'b']
    """
    return list_type(range(len(obj)) if type(obj) is list_type else obj if type(obj) is dict else ())


@undocumented("values() gives the values in the order of the object")
def values(obj: Any) -> list[Any]:
    """The values of an object.

    >>> values({"a": 1, "b": 2})
    [1, 2]
    """
    return listed(obj)


@undocumented("bucket_list() gives an object: the field's text -> the list of its items, in the order in which they appear")
def bucket_list(list: Any, by: Any) -> dict[str, list[Any]]:
    """Items gathered by a field or by what a lambda makes of them.

    >>> bucket_list([{"c": "x", "n": 1}, {"c": "y"}, {"c": "x", "n": 2}], "c")["x"]
    [{'c': 'x', 'n': 1}, {'c': 'x', 'n': 2}]
    """
    made: dict[str, list_type[Any]] = {}
    for each in listed(list):
        key = apply(by, "bucket_list", each) if isinstance(by, Function) else field(each, text(by))
        made.setdefault(text(key), []).append(each)
    return made
