"""Too late: what was meant for this morning is not sent tonight."""

from __future__ import annotations

from datetime import datetime

from service.model import Status
from service.store.queue import Hold, Job, Stop


def check(job: Job, now: datetime) -> Hold | Stop | None:
    """Stop what has expired."""
    if job.expires_at is None or now < job.expires_at:
        return None
    at = job.expires_at.isoformat(timespec="seconds")
    return Stop(Status.EXPIRED, rule="expired", value=at, reason=f"It was of use until {at}, and could not be sent before.")
