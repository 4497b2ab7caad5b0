"""Filters for what is missing, and for turning one kind of value into another."""

from __future__ import annotations

import json
from typing import Any

from service.rendering.filters._plumbing import Raw
from service.rendering.limits import weigh
from service.rendering.missing import Missing
from service.rendering.printing import text_of


def default(value: Raw, otherwise: Raw = "", boolean: bool = False) -> Any:
    """`otherwise` when the value is missing or null; with `true` as second argument also when it is empty, 0 or false.

    >>> default(None, "there")
    'there'
    >>> default("", "there", True)
    'there'
    """
    if isinstance(value, Missing) or value is None or (boolean and not value):
        return otherwise
    return value


def string(value: str) -> str:
    """The value as text.

    >>> string("7")
    '7'
    """
    return value


def int_(value: Any, default: int = 0, base: int = 10) -> int:
    """The value as a whole number; `default` when it is not one.

    >>> int_("42.7"), int_("many", 1)
    (42, 1)
    """
    try:
        if isinstance(value, str):
            text = value.strip()[:100]
            return int(text, base) if base != 10 or "." not in text else int(float(text))
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return default


def float_(value: Any, default: float = 0.0) -> float:
    """The value as a number with a decimal point; `default` when it is not one.

    >>> float_("3.5"), float_("free")
    (3.5, 0.0)
    """
    try:
        number = float(value[:100] if isinstance(value, str) else value)
    except (TypeError, ValueError, OverflowError):
        return default
    return number if number - number == 0 else default


def bool_(value: Any) -> bool:
    """Whether the value says yes: true, a number other than 0, or one of the texts yes, true, on, 1.

    >>> bool_("Yes"), bool_("0")
    (True, False)
    """
    if isinstance(value, str):
        return value.strip().lower() in ("yes", "true", "on", "1", "y")
    return bool(value)


def tojson(value: Raw) -> Any:
    """The value as JSON text. Outside of quotes a value is printed as JSON anyway, so there the filter does nothing.

    >>> tojson({"a": [1, None]})
    '{"a": [1, null]}'
    """
    if isinstance(value, Missing):
        value.report()
        return value
    weigh(value)
    from service.rendering.printing import checked

    return json.dumps(checked(value), ensure_ascii=False)


def fromjson(value: str) -> Any:
    """The value that a JSON text holds.

    >>> fromjson('{"a": 1}')
    {'a': 1}
    """
    from service import strictjson
    from service.errors import NotReadable

    try:
        return strictjson.read(value, what="text")
    except NotReadable as error:
        raise ValueError(error.detail) from None


def format_(template: str, *values: Any) -> str:
    """Puts values into a text with % places.

    >>> format_("%s, %.2f", "Ana", 3.5)
    'Ana, 3.50'
    """
    from service.rendering.operators import printf

    return printf(template, list(values) if not (len(values) == 1 and isinstance(values[0], dict)) else values[0])


def pick(value: Any, choices: dict[str, Any], otherwise: Raw = "") -> Any:
    """The entry of an object that the value names.

    >>> pick("gold", {"gold": "20%", "silver": "10%"})
    '20%'
    """
    if not isinstance(choices, dict):
        raise ValueError("`pick` needs an object to pick from.")
    return choices.get(value if isinstance(value, str) else text_of(value), otherwise)
