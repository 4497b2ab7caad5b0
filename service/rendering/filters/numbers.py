"""Filters for numbers."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any, Literal  # noqa: F401

_ROUNDING = {"common": ROUND_HALF_UP, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}
_MAX_DIGITS = 15


def round_(value: float, precision: int = 0, method: str = "common") -> Any:
    """Rounded to `precision` digits after the point; `method` is common (half goes up), ceil or floor.

    >>> round_(42.55, 1), round_(2.5), round_(42.1, 0, "ceil")
    (42.6, 3.0, 43.0)
    """
    if method not in _ROUNDING:
        raise ValueError("The method of `round` is common, ceil or floor.")
    if abs(precision) > _MAX_DIGITS:
        raise ValueError(f"The precision of `round` is at most {_MAX_DIGITS}.")
    number = Decimal(repr(value) if isinstance(value, float) else int(value))
    if number.adjusted() > 25:
        return value
    return float(number.quantize(Decimal(1).scaleb(-precision), rounding=_ROUNDING[method]))


def abs_(value: float) -> Any:
    """Without its sign.

    >>> abs_(-3)
    3
    """
    return abs(value)


def number(value: float, digits: int = 0, thousands: str = ",", point: str = ".") -> str:
    """A number with a mark between thousands.

    >>> number(1234567), number(1234.5, 2), number(1234.5, 2, ".", ",")
    ('1,234,567', '1,234.50', '1.234,50')
    """
    if not 0 <= digits <= _MAX_DIGITS:
        raise ValueError(f"The number of digits is 0 to {_MAX_DIGITS}.")
    if isinstance(value, float) and abs(value) >= 1e25:
        raise ValueError("The number is too large to write it out.")
    rounded = Decimal(repr(value) if isinstance(value, float) else int(value))
    if isinstance(value, float) or digits:
        rounded = _quantize(rounded, digits)
    return f"{rounded:,f}".replace(",", "\0").replace(".", point).replace("\0", thousands)


def _quantize(value: Decimal, digits: int) -> Decimal:
    import decimal

    with decimal.localcontext(decimal.Context(prec=120)):
        return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def ceil(value: float) -> int:
    """The next whole number above.

    >>> ceil(2.1)
    3
    """
    return math.ceil(value)


def floor(value: float) -> int:
    """The next whole number below.

    >>> floor(2.9)
    2
    """
    return math.floor(value)
