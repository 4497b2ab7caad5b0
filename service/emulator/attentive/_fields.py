"""Reading fields of a body: each check refuses with a sentence that names the field."""

from __future__ import annotations

import re
from typing import Any

from service.emulator._machine import Call, Refused

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
URL = re.compile(r"https?://[^\s/]+\.?[^\s]*", re.ASCII)
INT64 = 2**63

Body = dict[str, Any]

RULES = {
    "fields": "Required fields, and the type of each.",
    "phone": "A phone number is in E.164 format.",
    "content type": "A body comes as `application/json`.",
    "unknown fields": "A field that the API does not have is ignored, and nobody is told.",
}


def an_object(call: Call) -> Body:
    """The body, which must be an object."""
    if not call.entry.headers.get("Content-Type", "").startswith("application/json"):
        call.quietly("content type", "The content type is not application/json.")
    if not isinstance(call.body, dict):
        raise Refused(400, "The body must be an object.")
    return call.body


def a_query(call: Call) -> Body:
    """The query as if it were a body."""
    return {name: values[0] for name, values in call.query.items()}


def a_list(value: Any) -> list[Any]:
    """`value` if it is a list, else an empty one: for what is only shown."""
    return value if isinstance(value, list) else []


def no_others(call: Call, body: Body, *known: str) -> None:
    """Notes fields that the API does not have."""
    if unknown := sorted(set(body).difference(known)):
        call.quietly("unknown fields", f"There is no field {', '.join(map(repr, unknown))[:200]}.")


def text(call: Call, body: Body, name: str, *, needed: bool = False) -> str | None:
    """A text that is not blank; None when it is absent or null."""
    value = body.get(name)
    if value is None:
        if needed:
            call.refuse("fields", f"'{name}' is required.")
        return None
    if not isinstance(value, str):
        call.refuse("fields", f"'{name}' must be a text.")
        return str(value)
    if needed and not value.strip():
        call.refuse("fields", f"'{name}' must not be empty.")
    return value


def one_of(call: Call, body: Body, name: str, words: tuple[str, ...], *, needed: bool = False) -> str | None:
    value = text(call, body, name, needed=needed)
    if value is not None and value not in words:
        call.refuse("fields", f"'{name}' must be one of {', '.join(words)}.")
    return value


def flag(call: Call, body: Body, name: str) -> bool | None:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        call.refuse("fields", f"'{name}' must be true or false.")
        return bool(value)
    return value


def number(call: Call, body: Body, name: str) -> float | None:
    value = body.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        call.refuse("fields", f"'{name}' must be a number.")
        return None
    return value


def integer(call: Call, body: Body, name: str) -> int | None:
    """An int64; None when it is absent or null."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not -INT64 <= value < INT64:
        call.refuse("fields", f"'{name}' must be a whole number of at most 64 bits.")
        return None
    return value


def objects(call: Call, body: Body, name: str, most: int) -> list[Body]:
    """A list of 1 to `most` objects, which is needed."""
    value = body.get(name)
    if not isinstance(value, list) or not 1 <= len(value) <= most or not all(isinstance(each, dict) for each in value):
        call.refuse("fields", f"'{name}' must be a list of 1 to {most} objects.")
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def phone(call: Call, body: Body, name: str) -> str | None:
    value = text(call, body, name)
    if value is not None and not E164.fullmatch(value):
        call.refuse("phone", f"'{name}' must be a phone number in E.164 format.")
    return value
