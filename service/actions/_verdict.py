"""Valid or not: `jsonschema_rs` says it fast; `jsonschema` is asked only what is wrong; both follow the same rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from service.errors import Problem

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

# RFC 3339 with its offset, whose colon Attentive's own samples leave out; the calendar is left to `datetime`.
_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")


def is_date_time(value: object) -> bool:
    """Whether a text is a date and time with offset (RFC 3339). What is no text is not the format's business.

    >>> is_date_time("2026-02-03T09:15:00Z"), is_date_time("2026-02-03T09:15:00+0000"), is_date_time("2026-02-30T09:15:00Z")
    (True, True, False)
    >>> is_date_time("2026-02-03T09:15:00")
    False
    """
    if not isinstance(value, str):
        return True
    match = _DATE_TIME.fullmatch(value)
    if match is None:
        return False
    try:
        datetime.strptime(f"{match[1]} {match[2]}", "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 -- only whether the day exists
    except ValueError:
        return False
    return True


def is_email(value: object) -> bool:
    """Whether a text has the shape of a mail address: one `@`, no blanks, a dot in the domain."""
    return not isinstance(value, str) or _EMAIL.fullmatch(value) is not None


FORMATS: Mapping[str, Callable[[object], bool]] = {"date-time": is_date_time, "email": is_email}
"""Every format that a schema may use. Both validators are given these functions, so that they cannot differ."""


class Verdict:
    """Judges values by one schema. Compiling it raises `jsonschema_rs.ValidationError` for a schema that cannot be used."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._fast = jsonschema_rs.Draft202012Validator(
            schema, validate_formats=True, ignore_unknown_formats=False, formats=dict(FORMATS)
        )

    def valid(self, payload: Any) -> bool:
        """Whether `payload` may be sent."""
        try:
            return bool(self._fast.is_valid(payload))
        except ValueError:  # half a surrogate pair, or a key that is no text: not JSON at all
            return False

    def explain(self, payload: Any, given: Any) -> tuple[Problem, ...]:
        """Every problem of an invalid `payload`; `given` is the document before its empty fields were dropped."""
        from service.actions._explain import explain

        problems = explain(self._slow.iter_errors(payload), given)
        return problems or (Problem("payload.invalid", "The payload is not what the action takes.", ""),)

    @cached_property
    def _slow(self) -> Draft202012Validator:
        from jsonschema import Draft202012Validator, FormatChecker

        checker = FormatChecker(formats=())
        for name, function in FORMATS.items():
            checker.checks(name)(function)
        return Draft202012Validator(self._schema, format_checker=checker)
