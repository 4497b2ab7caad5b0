"""Filters for dates and times. Nothing here looks at a clock or at this machine's time zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DIRECTIVE = re.compile(r"%(-?)(.)", re.DOTALL)
_MAX_SECONDS = 253_402_300_799  # the end of the year 9999


def date(value: Any, format: str = "%Y-%m-%d", zone: str = "UTC") -> str:
    """A moment as text. The moment is unix seconds, or text such as 2026-02-03, 2026-02-03T09:00:00Z or an RFC 2822 date.

    `format` knows %Y %y %m %d %e %B %b %A %a %H %I %M %S %p %j %Z %z %s and %%; `%-d` has no leading zero. `zone` is a
    name such as America/New_York.

    >>> date(1769990000, "%A, %B %-d at %-I:%M %p", "America/New_York")
    'Sunday, February 1 at 6:53 PM'
    """
    moment = _moment(value, zone)
    return _DIRECTIVE.sub(lambda match: _part(moment, match.group(2), bare=bool(match.group(1))), format)


def timestamp(value: Any, zone: str = "UTC") -> int:
    """A moment in unix seconds, so that moments can be compared.

    >>> timestamp("2026-02-03T09:00:00Z")
    1770109200
    """
    return int(_moment(value, zone).timestamp())


def add_days(value: Any, days: int, zone: str = "UTC") -> str:
    """A moment so many days later (or earlier) at the same hour there, as ISO 8601 text.

    >>> add_days("2026-02-03T09:00:00Z", 2)
    '2026-02-05T09:00:00+00:00'
    """
    if abs(days) > 40_000:
        raise ValueError("The number of days is too large.")
    moment = _moment(value, zone)
    try:
        return (moment.replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=moment.tzinfo).isoformat()
    except OverflowError:
        raise ValueError("The moment is outside of the years 1 to 9999.") from None


def days_until(value: Any, moment: Any, zone: str = "UTC") -> int:
    """Whole calendar days from `moment` to the value, as the days are counted in `zone`.

    >>> days_until("2026-02-05T01:00:00Z", "2026-02-03T23:00:00Z")
    2
    """
    return (_moment(value, zone).date() - _moment(moment, zone).date()).days


def _moment(value: Any, zone: str) -> datetime:
    where = _zone(zone)
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal() and 6 < len(value.strip()) < 13:
        value = int(value)
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if abs(value) > _MAX_SECONDS:
                raise ValueError
            return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)).astimezone(where)
        if isinstance(value, str):
            moment = _read(value.strip()[:64])
            return moment.replace(tzinfo=where) if moment.tzinfo is None else moment.astimezone(where)
    except (ValueError, OverflowError, TypeError, IndexError):
        pass
    raise ValueError("A date is unix seconds, or text such as 2026-02-03 or 2026-02-03T09:00:00Z.")


def _read(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    try:
        if not re.fullmatch(r"[A-Za-z0-9_+\-/]{1,64}", name):
            raise ValueError
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("The time zone is not known. Use a name such as America/New_York.") from None


def _part(moment: datetime, kind: str, *, bare: bool) -> str:
    hour = moment.hour % 12 or 12
    numbers = {"d": (moment.day, 2), "m": (moment.month, 2), "H": (moment.hour, 2), "I": (hour, 2), "M": (moment.minute, 2)}
    numbers |= {
        "S": (moment.second, 2),
        "y": (moment.year % 100, 2),
        "Y": (moment.year, 4),
        "j": (moment.timetuple().tm_yday, 3),
    }
    numbers["e"] = (moment.day, 1)
    if kind in numbers:
        number, width = numbers[kind]
        return str(number) if bare else f"{number:0{width}}"
    offset = moment.strftime("%z")
    words = {
        "B": _MONTHS[moment.month - 1],
        "b": _MONTHS[moment.month - 1][:3],
        "A": _DAYS[moment.weekday()],
        "a": _DAYS[moment.weekday()][:3],
        "p": "AM" if moment.hour < 12 else "PM",
        "Z": moment.tzname() or "",
        "z": offset,
        "s": str(int(moment.timestamp())),
        "%": "%",
    }
    if kind not in words:
        raise ValueError(f"The date format does not know %{kind if kind.isprintable() else ''}.")
    return words[kind]
