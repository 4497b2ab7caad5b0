"""Times as people read them, in one account's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Clock:
    """Shows moments in the zone `name`, such as America/New_York; an unknown zone is UTC."""

    name: str

    @cached_property
    def zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.name)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")

    @property
    def place(self) -> str:
        """The zone as people call it.

        >>> Clock("America/New_York").place, Clock("UTC").place
        ('New York', 'UTC')
        """
        return self.zone.key.rpartition("/")[2].replace("_", " ")

    def time(self, moment: datetime) -> str:
        """
        >>> Clock("America/New_York").time(datetime(2026, 11, 20, 16, 2, 31, tzinfo=UTC))
        '11:02:31'
        """
        return f"{moment.astimezone(self.zone):%H:%M:%S}"

    def minute(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%H:%M}"

    def fraction(self, moment: datetime) -> str:
        """The milliseconds, such as `.204`."""
        return f".{moment.microsecond // 1000:03}"

    def day(self, moment: datetime) -> str:
        """
        >>> Clock("UTC").day(datetime(2026, 11, 20, tzinfo=UTC))
        'Friday 20 November'
        """
        here = moment.astimezone(self.zone)
        year = "" if here.year == now().astimezone(self.zone).year else f" {here.year}"
        return f"{here:%A} {here.day} {here:%B}{year}"

    def when(self, moment: datetime) -> str:
        """The time where it is today, else with the day: `11:02:31`, `20 Nov, 11:02`."""
        here, today = moment.astimezone(self.zone), now().astimezone(self.zone)
        if here.date() == today.date():
            return self.time(moment)
        year = "" if here.year == today.year else f" {here.year}"
        return f"{here.day} {here:%b}{year}, {here:%H:%M}"

    def ago(self, moment: datetime) -> str:
        """How long ago, or ahead: `18 s ago`, `in 42 s`."""
        seconds = (now() - moment).total_seconds()
        if abs(seconds) < 1.5:
            return "now"
        return f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"

    def exact(self, moment: datetime) -> str:
        """For machines and for the curious: ISO 8601 in UTC."""
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span(seconds: float) -> str:
    """A duration in the one unit that fits.

    >>> span(0.2), span(42.4), span(4740), span(7300), span(260_000)
    ('0.2 s', '42 s', '79 minutes', '2 hours', '3 days')
    """
    if seconds < 1:
        return f"{max(seconds, 0):.1g} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size * 2 or unit == "minute":
            number = round(seconds / size)
            return f"{number} {unit}{'s' * (number != 1)}"
    return ""
