"""Reasons not to send now. A guard is a module with `check(job, now) -> Hold | Stop | None`, a pure function.

The guards are asked in this order when a worker is about to take a delivery, and the first objection stands. To add one:
one file here, and one word in `ORDER`.
"""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from typing import Protocol, cast

from service.store.queue import Hold, Job, Stop

__all__ = ["ORDER", "Hold", "Job", "Stop", "check"]

ORDER = ("expired", "suppressed")


class Guard(Protocol):
    """What a guard's module offers."""

    def check(self, job: Job, now: datetime) -> Hold | Stop | None: ...


_GUARDS = tuple(cast("Guard", import_module(f"{__name__}.{word}")) for word in ORDER)


def check(job: Job, now: datetime) -> Hold | Stop | None:
    """The first objection of any guard, or None: send it."""
    for guard in _GUARDS:
        verdict = guard.check(job, now)
        if verdict is not None:
            return verdict
    return None
