"""Opted out: nobody is texted who does not want it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson

from service.model import Status, SubscriptionType, Suppression
from service.store.queue import Hold, Job, Stop


def check(job: Job, now: datetime) -> Hold | Stop | None:
    """Stop a text to somebody who is suppressed for its type. Other actions pass: they text nobody, and data may be kept of
    people who opted out. One text among many stops the whole call, which cannot be sent without it."""
    if not job.suppressions or ".messages." not in job.action:
        return None
    for text, known in _texts(job):
        kind = text.get("subscriptionType", SubscriptionType.MARKETING)  # the old call has no type
        for each in known:
            if each.forbids(kind, job.account, now):
                return Stop(Status.SUPPRESSED, rule="suppressed", value=each.id, reason=each.said())
    return None


def _texts(job: Job) -> Iterator[tuple[dict[str, Any], list[Suppression]]]:
    """Each text with the suppressions of its recipient."""
    payload = orjson.loads(job.payload)
    if isinstance(payload, dict):
        yield payload, list(job.suppressions)
        return
    for text in payload:
        who = str(text.get("to") or text.get("subscriberExternalId"))
        yield text, [each for each in job.suppressions if each.who == who]
