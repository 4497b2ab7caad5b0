"""When a feed is fetched next: every so often, or by a cron expression. Pure: the clock comes in."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

from cronsim import CronSim, CronSimError

from service.errors import Misconfigured

SHORTEST_MINUTES, LONGEST_MINUTES = 1, 366 * 24 * 60
_EVERY = re.compile(r"every ([1-9][0-9]{0,5}) minutes?")


def check(schedule: str) -> str:
    """The schedule as it is kept: `every 30 minutes`, or a cron expression of five fields, in UTC. Raises `Misconfigured`.

    >>> check(" every  1 minute "), check("0 5 * * MON-FRI")
    ('every 1 minutes', '0 5 * * MON-FRI')
    """
    text = " ".join(schedule.split())
    if found := _EVERY.fullmatch(text):
        minutes = int(found[1])
        if not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
            raise Misconfigured(f"{minutes} minutes is not between one minute and a year.")
        return f"every {minutes} minutes"
    try:
        if len(text.split()) != 5 or len(text) > 200:
            raise CronSimError("Wrong number of fields")
        next(CronSim(text, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        said = f" ({str(error).lower()})" if str(error) else ", or it never comes true"
        hint = "Write five fields, such as 0 5 * * * for every day at 5:00 UTC, or every 30 minutes."
        raise Misconfigured(f"{text[:60]!r} is no schedule{said}.", hint=hint) from None
    return text


def following(schedule: str, due: datetime, now: datetime) -> datetime:
    """The first time after `now` that a schedule names; `due` is one that it has named before, so that "every 30 minutes"
    keeps its minute however late it ran.

    >>> at = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
    >>> following("every 30 minutes", at, at + timedelta(minutes=61)).isoformat()
    '2026-01-31T10:30:00+00:00'
    >>> following("0 5 * * *", at, at).isoformat()
    '2026-02-01T05:00:00+00:00'
    """
    if found := _EVERY.fullmatch(schedule):
        step = timedelta(minutes=int(found[1]))
        return due + step * max(1, math.floor((now - due) / step) + 1)
    try:
        return next(CronSim(schedule, now.astimezone(UTC)))
    except StopIteration:
        return now + timedelta(days=365)
