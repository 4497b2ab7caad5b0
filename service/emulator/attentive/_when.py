"""When an event happened: RFC 3339 with an offset; too old an event starts no journey, and nobody is told."""

from __future__ import annotations

import re
import time
from datetime import datetime

from service.emulator._machine import Call
from service.emulator.attentive import _fields as fields

OLDEST_S = 12 * 3600
OLD = "The event is older than 12 hours, so it starts no journey."

RULES = {
    "occurredAt": "`occurredAt` is a time in RFC 3339 with an offset.",
    "old event": "An event older than 12 hours is recorded, but starts no journey, and nobody is told.",
}

_RFC3339 = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})")


def occurred(call: Call, body: fields.Body) -> str | None:
    """Checks `occurredAt`; says why the time starts no journey, if so.

    The published samples write the offset without a colon too (`+0000`), so that is taken.
    """
    moment = moment_in(call, body, "occurredAt")
    if moment is not None and call.now - moment > OLDEST_S and call.quietly("old event", OLD):
        return "It is older than 12 hours."
    return None


def moment_in(call: Call, body: fields.Body, name: str) -> float | None:
    """A time with an offset, in seconds since 1970; None when it is absent."""
    text = fields.text(call, body, name)
    moment = None if text is None else _moment(text)
    if text is not None and moment is None:
        call.refuse("occurredAt", f"'{name}' must be a time with an offset, such as 2026-02-03T09:15:00Z.")
    return moment


def written(moment: float) -> str:
    """Seconds since 1970 as the API writes a time.

    >>> written(1_770_110_100.0)
    '2026-02-03T09:15:00Z'
    """
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _moment(text: str) -> float | None:
    match = _RFC3339.fullmatch(text)
    if match is None or not text.isascii():
        return None
    day, clock, _, offset = match.groups()
    try:
        return datetime.fromisoformat(f"{day}T{clock}{'+00:00' if offset in 'Zz' else offset}").timestamp()
    except (ValueError, OverflowError):
        return None
