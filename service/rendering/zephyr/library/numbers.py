"""Numbers and types."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from service.rendering.limits import Stop, check_number, refuse_number
from service.rendering.zephyr import values
from service.rendering.zephyr.library._marks import undocumented
from service.rendering.zephyr.scope import Scope
from service.rendering.zephyr.values import compare_texts, index, kind, order, whole

_MAX_PLACES = 30
_EXACT = Context(prec=400, rounding=ROUND_HALF_EVEN)


def number(n: Any, format: Any = 0) -> str:
    """A number as text: rounded half to even, thousands set off by commas, no 0 before the point below 1.

    `format` is how many places, or a Java DecimalFormat pattern such as '#,##0.00'.

    >>> number(1250 / 100, 2), number(0.25, 2), number(98765), number(0.25, "0.00"), number(2.5)
    ('12.50', '.25', '98,765', '0.25', '2')
    """
    value = values.number(n)
    check_number(value)
    if isinstance(format, str) and not (format.isdigit() and format.strip("0")):
        return _formatted(value, format)
    places = index(format)
    if not 0 <= places <= _MAX_PLACES:
        raise Stop("zephyr.number", f"number() takes 0 to {_MAX_PLACES} places.", "Write number(price, 2).")
    return _write(value, _Pattern("", "", 0, places, places, 3, 1), negative=("-", ""))


class _Pattern(NamedTuple):
    before: str
    behind: str
    least_whole: int
    least_places: int
    most_places: int
    group: int
    factor: int


_DECIMAL_FORMAT = re.compile(
    r"(?P<before>(?:'[^']*'|[^#0,.;'E])*)(?P<whole>[#,]*[0,]*)(?:\.(?P<zeros>0*)(?P<hashes>#*))?(?P<behind>(?:'[^']*'|[^#0,.;'E])*)"
)


def _formatted(value: int | float, pattern: str) -> str:
    positive, _, negative = pattern.partition(";")
    made = _read_pattern(positive)
    if negative:
        signs = _read_pattern(negative)
        return _write(value, made, negative=(signs.before, signs.behind))
    return _write(value, made, negative=("-" + made.before, made.behind))


@lru_cache(maxsize=256)
def _read_pattern(pattern: str) -> _Pattern:
    match = _DECIMAL_FORMAT.fullmatch(pattern) if len(pattern) <= 100 else None
    if match is None or not (match["whole"] or match["zeros"] or match["hashes"]):
        raise Stop(
            "zephyr.number", f"number() can not read the pattern {pattern[:40]!r}.", "Write a pattern such as '#,##0.00'."
        )
    digits = match["whole"]
    zeros, hashes = match["zeros"] or "", match["hashes"] or ""
    group = len(digits) - digits.rfind(",") - 1 if "," in digits else 0
    factor = 100 if "%" in match["before"] + match["behind"] else 1
    before, behind = (part.replace("'", "") for part in (match["before"], match["behind"]))
    return _Pattern(before, behind, digits.count("0"), len(zeros), len(zeros) + len(hashes), group, factor)


def _write(value: int | float, pattern: _Pattern, negative: tuple[str, str]) -> str:
    exact = _EXACT.multiply(Decimal(value), Decimal(pattern.factor))
    if exact.adjusted() > 100:
        refuse_number()
    rounded = exact.quantize(Decimal(1).scaleb(-pattern.most_places), context=_EXACT) if exact else Decimal(0)
    digits = format(abs(rounded), "f")
    front, _, places = digits.partition(".")
    places = places.rstrip("0").ljust(pattern.least_places, "0")
    front = front.lstrip("0").rjust(pattern.least_whole, "0")
    if not front and not places:
        front = "0"
    if pattern.group:
        front = _grouped(front, pattern.group)
    shown = f"{front}.{places}" if places else front
    before, behind = negative if rounded < 0 else (pattern.before, pattern.behind)
    return f"{before}{shown}{behind}"


def _grouped(digits: str, size: int) -> str:
    head = len(digits) % size
    groups = [digits[:head]] if head else []
    groups += [digits[at : at + size] for at in range(head, len(digits), size)]
    return ",".join(groups)


def int_(x: Any) -> int:
    """A value as a whole number: the places are cut off.

    >>> int_(7.9), int_("12"), int_(None)
    (7, 12, 0)
    """
    return index(x)


def round_(n: Any) -> float:
    """The nearest whole number, halves upwards; it prints with `.0`, as on Sailthru.

    >>> round_(7.6), round_(-2.5)
    (8.0, -2.0)
    """
    value = check_number(values.number(n))
    return float(math.floor(value + 0.5)) if abs(value) < 2**52 else float(value)


def abs_(n: Any) -> Any:
    """A number without its sign.

    >>> abs_(-3)
    3
    """
    return abs(values.number(n))


@undocumented("sqrt() of a number below 0 gives null")
def sqrt(n: Any) -> Any:
    """The square root.

    >>> sqrt(9), sqrt(-1)
    (3, None)
    """
    value = check_number(values.number(n))
    return whole(math.sqrt(value)) if value >= 0 else None


def exp(value: Any, power: Any) -> Any:
    """A number raised to a power.

    >>> exp(2, 10)
    1024
    """
    base, raised = check_number(values.number(value)), check_number(values.number(power))
    if isinstance(base, int) and isinstance(raised, int) and raised > 0 and base.bit_length() * raised > 512:
        refuse_number()
    try:
        made = base**raised
    except (OverflowError, ZeroDivisionError):
        return refuse_number()
    return whole(made) if isinstance(made, (int, float)) else None


@undocumented("random() gives the same numbers whenever the same delivery is rendered again")
def random(scope: Scope, n: Any = None) -> int | float:
    """Without an argument a number from 0 up to 1; with one a whole number from 0 up to below it.

    >>> from service.rendering.limits import Limits, Run
    >>> random(Scope(Run(Limits())), 1)
    0
    """
    return scope.random.random() if n is None else scope.random.randrange(max(index(n), 1))


def compare(a: Any, b: Any) -> int:
    """-1, 0 or 1 for numbers; for texts what Java's compareTo gives.

    >>> compare(1, 2), compare("b", "f")
    (-1, -4)
    """
    if isinstance(a, str) and isinstance(b, str):
        return compare_texts(a, b)
    found = order(values.number(a), values.number(b))
    return int(found or 0)


@undocumented("type() says string, int, float, bool, null, list, object or lambda")
def type_(x: Any) -> str:
    """The name of a value's type.

    >>> type_("tea"), type_(2), type_([])
    ('string', 'int', 'list')
    """
    return kind(x)
