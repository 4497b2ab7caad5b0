"""Tests: what may stand behind `is`."""

from __future__ import annotations

from typing import Any

from service.rendering.filters._plumbing import Raw
from service.rendering.limits import SCALARS, WALKABLE, weigh
from service.rendering.missing import Missing


def defined(value: Raw) -> bool:
    """The value is there (it may be null or empty)."""
    return not isinstance(value, Missing)


def undefined(value: Raw) -> bool:
    """The value is missing."""
    return isinstance(value, Missing)


def none(value: Raw) -> bool:
    """The value is null."""
    return value is None


def empty(value: Raw) -> bool:
    """The value is missing, null, an empty text, or a list or object without items."""
    return isinstance(value, Missing) or value is None or (isinstance(value, WALKABLE) and len(value) == 0)


def string(value: Any) -> bool:
    """The value is text."""
    return isinstance(value, str)


def number(value: Any) -> bool:
    """The value is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def integer(value: Any) -> bool:
    """The value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def float_(value: Any) -> bool:
    """The value is a number with a decimal point."""
    return isinstance(value, float)


def boolean(value: Any) -> bool:
    """The value is true or false."""
    return isinstance(value, bool)


def true(value: Any) -> bool:
    """The value is true."""
    return value is True


def false(value: Any) -> bool:
    """The value is false."""
    return value is False


def mapping(value: Any) -> bool:
    """The value is an object."""
    return isinstance(value, dict)


def sequence(value: Any) -> bool:
    """The value is a list, text or object."""
    return isinstance(value, (str, list, tuple, dict))


def iterable(value: Any) -> bool:
    """A loop can walk through the value."""
    return isinstance(value, WALKABLE)


def lower(value: str) -> bool:
    """All letters are small."""
    return value.islower()


def upper(value: str) -> bool:
    """All letters are large."""
    return value.isupper()


def odd(value: int) -> bool:
    """The number is odd."""
    return value % 2 == 1


def even(value: int) -> bool:
    """The number is even."""
    return value % 2 == 0


def divisibleby(value: int, number: int) -> bool:
    """The number can be divided by another without a rest."""
    if number == 0:
        raise ValueError("Nothing is divisible by 0.")
    return value % number == 0


def eq(value: Any, other: Any) -> bool:
    """The same as ==."""
    return bool(_bounded(value) == _bounded(other))


def ne(value: Any, other: Any) -> bool:
    """The same as !=."""
    return bool(_bounded(value) != _bounded(other))


def lt(value: Any, other: Any) -> bool:
    """The same as <."""
    return bool(_bounded(value) < _bounded(other))


def le(value: Any, other: Any) -> bool:
    """The same as <=."""
    return bool(_bounded(value) <= _bounded(other))


def gt(value: Any, other: Any) -> bool:
    """The same as >."""
    return bool(_bounded(value) > _bounded(other))


def ge(value: Any, other: Any) -> bool:
    """The same as >=."""
    return bool(_bounded(value) >= _bounded(other))


def in_(value: Any, values: Any) -> bool:
    """The value is one of the items, one of the keys, or a part of the text."""
    return bool(_bounded(value) in _bounded(values))


def startingwith(value: str, prefix: str) -> bool:
    """The text begins so."""
    return value.startswith(prefix)


def _bounded(value: Any) -> Any:
    if type(value) not in SCALARS:
        weigh(value)
    return value
