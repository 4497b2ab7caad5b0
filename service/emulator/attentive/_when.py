"""When an event happened: RFC 3339 with an offset; too old an event starts no journey, and nobody is told."""

from __future__ import annotations

import re
from datetime import datetime

from service.emulator._machine import Call
from service.emulator.attentive import _fields as fields

OLDEST_S = 12 * 3600

RULES = {
    "occurredAt": "`occurredAt` is a time in RFC 3339 with an offset.",
    "old event": "An event older than 12 hours is recorded, but starts no journey, and nobody is told.",
}

_RFC3339 = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})")


def occurred(call: Call, body: fields.Body) -> None:
    """Checks `occurredAt`. The published samples write the offset without a colon too (`+0000`), so that is taken."""
    text = fields.text(call, body, "occurredAt")
    if text is None:
        return
    moment = _moment(text)
    if moment is None:
        call.refuse("occurredAt", "'occurredAt' must be a time with an offset, such as 2026-02-03T09:15:00Z.")
    elif call.now - moment > OLDEST_S:
        call.quietly("old event", "The event is older than 12 hours, so it starts no journey.")


def _moment(text: str) -> float | None:
    match = _RFC3339.fullmatch(text)
    if match is None or not text.isascii():
        return None
    day, clock, _, offset = match.groups()
    try:
        return datetime.fromisoformat(f"{day}T{clock}{'+00:00' if offset in 'Zz' else offset}").timestamp()
    except (ValueError, OverflowError):
        return None
