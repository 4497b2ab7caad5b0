"""Turns values of checked bodies and queries into the model's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from service.errors import PayloadInvalid, Problem
from service.model import Guarantee, Policy


def one_of(body: Mapping[str, Any], first: str, second: str) -> None:
    """Raises `PayloadInvalid` unless exactly one of two fields is given."""
    if (first in body) == (second in body):
        detail = f"Give either {first} or {second}."
        raise PayloadInvalid("The body is not what this call takes.", [Problem("body.one_of", detail, "", detail)])


def moment(text: str, pointer: str | None = None) -> datetime:
    """A time with its offset (RFC 3339), in UTC. Raises `PayloadInvalid` for a day or an hour that does not exist."""
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        detail = "This is no time that exists."
        hint = "Write it as 2026-02-03T09:15:00Z."
        raise PayloadInvalid(detail, [Problem("body.time", detail, pointer, hint)]) from None


def policy(body: Mapping[str, Any]) -> Policy:
    """A template's policy as its checked JSON says it."""
    guarantee = body.get("guarantee")
    return Policy(
        guarantee=Guarantee(guarantee) if guarantee is not None else None,
        expires_after_s=body.get("expires_after_s"),
        idempotency=body.get("idempotency"),
        missing=body.get("missing", {}),
        quiet_hours=body.get("quiet_hours"),
        stale_events=body.get("stale_events"),
        shape=body.get("shape"),
    )
