"""What Zephyr's values mean: how they print, which are true, which are equal, and what the operators make of them.

A value is what JSON has (text, number, boolean, null, list, object) or a `Function`, which is what a lambda gives. Nothing
here fails because something is missing: null prints nothing, counts as 0 and joins as empty text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from service.rendering.limits import (
    SCALARS,
    STEP_CHARACTERS,
    STEP_ITEMS,
    Stop,
    check_items,
    check_number,
    check_text,
    current,
    weigh,
)

_NUMBER = re.compile(r"\s*[-+]?(?:\d+(?:\.\d*)?|\.\d+)\s*", re.ASCII)
_MAX_DIGITS = 77


class Function:
    """A lambda: `call` takes its arguments."""

    __slots__ = ("arity", "call")

    def __init__(self, arity: int, call: Callable[..., Any]) -> None:
        self.arity = arity
        self.call = call


def kind(value: Any) -> str:
    """The name of a value's type: string, int, float, bool, null, list, object or lambda."""
    return _KINDS.get(type(value), "lambda")


_KINDS = {str: "string", int: "int", float: "float", bool: "bool", type(None): "null", list: "list", dict: "object"}
_WORDS = {"string": "text", "int": "a number", "float": "a number", "bool": "true or false", "list": "a list"}


def describe(value: Any) -> str:
    """A value's kind in an author's words."""
    name = kind(value)
    return _WORDS.get(name, {"null": "null", "object": "an object"}.get(name, "a lambda"))


def true(value: Any) -> bool:
    """False are 0, "", null and false; everything else is true, the empty list and the empty object too.

    >>> [true(each) for each in (0, "", None, [], {}, "0")]
    [False, False, False, True, True, True]
    """
    return bool(value) or type(value) is list or type(value) is dict


# -- printing


def text(value: Any) -> str:
    """A value as it prints. Lists print as in Java, objects as JSON, null as nothing.

    >>> text(['red', 'two words', 3]), text({'a': True}), text(8.0), text(None)
    ('[red, two words, 3]', '{"a":true}', '8.0', '')
    """
    if type(value) is str:
        return value
    if value is None:
        return ""
    if type(value) is list:
        weigh(value)
        return _list_text(value)
    if type(value) is dict:
        return to_json(value)
    return _scalar_text(value)


def _scalar_text(value: Any) -> str:
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int:
        return str(check_number(value))
    if type(value) is float:
        shown = repr(check_number(value))
        return format(Decimal(shown), "f") if "e" in shown else shown
    if isinstance(value, str):
        return str(value)
    raise Stop("render.type", "A lambda can not be printed.", "Call it: write its name with brackets, such as f(x).")


def _list_text(values: list[Any]) -> str:
    made = []
    for each in values:
        if each is None:
            made.append("null")
        elif type(each) is list:
            made.append(_list_text(each))
        elif type(each) is dict:
            made.append(to_json(each))
        else:
            made.append(_scalar_text(each))
    return f"[{', '.join(made)}]"


def to_json(value: Any) -> str:
    """A list or object as compact JSON."""
    weigh(value)
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):
        raise Stop("render.type", "A list or object holds a lambda and can not be printed.", "Print a part of it.") from None


# -- numbers


def number(value: Any) -> int | float:
    """A value as a number: text that spells one counts as it, anything else as 0.

    >>> number("12"), number("2.50"), number("many"), number(None), number(True)
    (12, 2.5, 0, 0, 1)
    """
    if type(value) is int or type(value) is float:
        return value
    if isinstance(value, str):
        read = to_number(value)
        return 0 if read is None else read
    if value is None or type(value) is bool:
        return 1 if value else 0
    raise Stop(
        "render.type",
        f"{describe(value)[:1].upper()}{describe(value)[1:]} can not be computed with.",
        "Choose one item, or length(...).",
    )


def to_number(spelled: str) -> int | float | None:
    """The number that a text spells, else None."""
    if len(spelled) > _MAX_DIGITS or not _NUMBER.fullmatch(spelled):
        return None
    return float(spelled) if "." in spelled else int(spelled)


def whole(value: int | float) -> int | float:
    """The result of arithmetic: a double that is a whole number becomes one.

    >>> whole(4.0), whole(3.5)
    (4, 3.5)
    """
    if type(value) is float and value.is_integer():
        value = int(value)
    return check_number(value)  # type: ignore[no-any-return]


def index(value: Any) -> int:
    """A value as a count or position, rounded towards 0."""
    value = number(value)
    if type(value) is float:
        check_number(value)
    return int(value)


# -- operators


def plus(left: Any, right: Any) -> Any:
    """Numbers add; a text on either side joins; lists append; objects merge and the right one wins; null adds nothing."""
    one, other = type(left), type(right)
    if one is int and other is int:
        return check_number(left + right)
    if one is str or other is str:
        joined = (left if one is str else text(left)) + (right if other is str else text(right))
        if len(joined) > STEP_CHARACTERS:
            check_text(len(joined))
            current().charge(len(joined) // STEP_CHARACTERS)
        return joined
    if one is dict or one is list or other is dict or other is list:
        return _plus_containers(left, right)
    if left is None and right is None:
        return None
    return whole(number(left) + number(right))


def _plus_containers(left: Any, right: Any) -> Any:
    if left is None or right is None:
        return right if left is None else left
    if type(left) is dict and type(right) is dict:
        made: Any = {**left, **right}
    elif type(left) is list or type(right) is list:
        made = [*(left if type(left) is list else [left]), *(right if type(right) is list else [right])]
    else:
        raise Stop(
            "render.type",
            f"`+` can not work with {describe(left)} and {describe(right)}.",
            "Put both into a list or an object.",
        )
    check_items(len(made))
    current().charge(len(made) // STEP_ITEMS)
    return made


def minus(left: Any, right: Any) -> Any:
    return whole(number(left) - number(right))


def times(left: Any, right: Any) -> Any:
    return whole(check_number(number(left)) * check_number(number(right)))


def divide(left: Any, right: Any) -> Any:
    """True division; by 0 it gives null, because the manual does not say what else."""
    over, under = number(left), number(right)
    if not under:
        return None
    try:
        return whole(over / under)
    except OverflowError:
        raise _too_large() from None


def modulo(left: Any, right: Any) -> Any:
    """The remainder, with the sign of the left side as in Java; by 0 it gives null."""
    over, under = number(left), number(right)
    if not under:
        return None
    if type(over) is int and type(under) is int:
        rest = abs(over) % abs(under)
        return -rest if over < 0 else rest
    return whole(math.fmod(over, under))


def _too_large() -> Stop:
    return Stop("render.number", "A number is too large to compute with.", "Look at the numbers that are computed with.")


def negative(value: Any) -> Any:
    return -number(value)


def equal(left: Any, right: Any) -> bool:
    """2 equals 2.0; a number never equals a text; lists and objects are equal when all they hold is.

    >>> equal(2, 2.0), equal("2", 2), equal(None, None), equal([1, {"a": 2}], [1.0, {"a": 2}]), equal(1, True)
    (True, False, True, True, False)
    """
    if type(left) in SCALARS or type(right) in SCALARS:
        return _equal_scalars(left, right)
    if type(left) is not type(right):
        return False
    if type(left) is not list and type(left) is not dict:
        return left is right
    weigh(left)
    weigh(right)
    return _equal_containers(left, right)


def _equal_scalars(left: Any, right: Any) -> bool:
    if (type(left) is bool) is not (type(right) is bool):
        return False
    return bool(left == right)


def _equal_containers(left: Any, right: Any) -> bool:
    if type(left) is not type(right) or len(left) != len(right):
        return False
    keys: Sequence[Any] = list(left) if type(left) is dict else range(len(left))
    for key in keys:
        if type(left) is dict and key not in right:
            return False
        one, other = left[key], right[key]
        containers = type(one) is list or type(one) is dict
        if not (_equal_containers(one, other) if containers else _equal_scalars(one, other)):
            return False
    return True


def order(left: Any, right: Any) -> float | None:
    """Below 0, 0 or above 0 as `left` stands before, with or behind `right`; None where the two have no order.

    Numbers by size, texts by their characters (upper case first), a number and a text that spells one as numbers.
    """
    if left is None or right is None:
        return None
    if isinstance(left, str) and isinstance(right, str):
        return compare_texts(left, right)
    one: Any = to_number(left) if isinstance(left, str) else left
    other: Any = to_number(right) if isinstance(right, str) else right
    if type(one) not in (int, float) or type(other) not in (int, float):
        return None
    return int(one > other) - int(one < other)


def compare_texts(left: str, right: str) -> int:
    """Java's compareTo: the distance of the first characters that differ, else the difference of the lengths.

    >>> compare_texts("b", "f"), compare_texts("ab", "abcd"), compare_texts("x", "x")
    (-4, -2, 0)
    """
    if left == right:
        return 0
    for one, other in zip(left, right):
        if one != other:
            return ord(one) - ord(other)
    return len(left) - len(right)


def less(left: Any, right: Any) -> bool:
    found = order(left, right)
    return found is not None and found < 0


def less_or_equal(left: Any, right: Any) -> bool:
    found = order(left, right)
    return found is not None and found <= 0


def greater(left: Any, right: Any) -> bool:
    found = order(left, right)
    return found is not None and found > 0


def greater_or_equal(left: Any, right: Any) -> bool:
    found = order(left, right)
    return found is not None and found >= 0


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": plus,
    "-": minus,
    "*": times,
    "/": divide,
    "%": modulo,
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": less,
    "<=": less_or_equal,
    ">": greater,
    ">=": greater_or_equal,
}


# -- reaching in


def field(value: Any, name: str) -> Any:
    """`value.name`: what an object holds under the key, else null."""
    return value.get(name) if type(value) is dict else None


def item(value: Any, key: Any) -> Any:
    """`value[key]`: a list counts from 0; what is not there, also before the start, is null."""
    if type(value) is list:
        at = key if type(key) is int else to_number(key) if isinstance(key, str) else key
        if type(at) is float and at.is_integer():
            at = int(at)
        return value[at] if type(at) is int and 0 <= at < len(value) else None
    if type(value) is dict:
        return value.get(key if type(key) is str else text(key))
    return None
