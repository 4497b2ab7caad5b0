"""Dates and times. The moment of sending and its time zone come in with the render; nothing here looks at a clock."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from service.rendering.limits import Stop
from service.rendering.zephyr.scope import Scope
from service.rendering.zephyr.values import index, text, to_number

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DEFAULT_FORMAT = "MMM d, yyyy"
_MAX_WEEKDAYS = 1_000
_MAX_SECONDS = 253_402_300_799  # the end of the year 9999


def date(scope: Scope, format: Any = None, unixTs: Any = None) -> str | None:  # noqa: N803  the manual's name
    """A moment as text, by a Java SimpleDateFormat pattern; the default moment is now, the default pattern `MMM d, yyyy`.

    Letters: y year, M month (MMM Mar, MMMM March), d day, E weekday (EEE Mon, EEEE Monday), a AM/PM, H hour 0-23, h hour
    1-12, k hour 1-24, K hour 0-11, m minute, s second, S millisecond, D day of the year, u weekday 1-7, z zone, Z +0000,
    X +00 or Z. Text stands in single quotes.

    >>> from service.rendering.limits import Limits, Run
    >>> scope = Scope(Run(Limits(), now=datetime(2026, 2, 3, 9, tzinfo=UTC)))
    >>> date(scope), date(scope, "EEE d MMM yyyy", 1770109200), date(scope, "h:mm a")
    ('Feb 3, 2026', 'Tue 3 Feb 2026', '9:00 AM')
    """
    moment = _now(scope)
    if unixTs is not None:
        seconds = to_number(unixTs) if isinstance(unixTs, str) else unixTs
        if type(seconds) not in (int, float):
            seconds = time(scope, unixTs)
        if seconds is None:
            return None
        moment = _at(seconds, moment)
    return format_date(text(format) if format is not None else DEFAULT_FORMAT, moment)


def time(scope: Scope, text: Any = None, now: Any = None) -> int | None:
    """Unix seconds of a moment said in words, as PHP's strtotime reads them; `now` is in milliseconds.

    Dates: `Mar 3, 2027`, `3 March 2027`, `March 3`, `3/3/27`, `2027-03-03`, ISO 8601. Times: `4:15 PM`, `16:15:00`, `4 PM`,
    `noon`, `midnight`. Words: `now`, `today`, `tomorrow`, `yesterday`, weekdays, `next month`, `last Friday`. Distances:
    `+90 minutes`, `-2 hours`, `+3 weeks Friday 4 PM`, `2 days ago`. What cannot be read gives null with a warning.

    >>> from service.rendering.limits import Limits, Run
    >>> scope = Scope(Run(Limits(), now=datetime(2026, 2, 3, 9, tzinfo=UTC)))
    >>> time(scope), time(scope, "Mar 3, 2026") - time(scope, "today"), time(scope, "+90 minutes") - time(scope)
    (1770109200, 2419200, 5400)
    """
    base = _now(scope)
    if now is not None:
        base = _at(index(now) / 1000, base)
    if text is None:
        return int(base.timestamp())
    if type(text) is int or type(text) is float:
        return int(_at(text, base).timestamp())
    said = str(text) if isinstance(text, str) else ""
    found = _Reader(said, base).read() if len(said) <= 200 else None
    if found is None:
        scope.warn(
            "time", f"time() can not read {said[:60]!r} and gives null.", "Write it like Mar 3, 2027 4:15 PM or +2 days."
        )
        return None
    return int(found.timestamp())


def _now(scope: Scope) -> datetime:
    moment = scope.run.now or datetime.fromtimestamp(0, UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _at(seconds: Any, like: datetime) -> datetime:
    if not -62_135_596_800 + 100_000 <= seconds <= _MAX_SECONDS - 100_000:
        raise Stop("zephyr.date", "A date lies outside of the years 1 to 9999.", "Give unix seconds, not milliseconds.")
    return datetime.fromtimestamp(seconds, like.tzinfo)


# -- SimpleDateFormat

_PATTERN = re.compile(r"'(?P<quoted>(?:[^']|'')*)'|(?P<letters>([A-Za-z])\3*)|(?P<other>[^A-Za-z']+)")


def _name(names: tuple[str, ...], at: int, count: int) -> str:
    return names[at] if count > 3 else names[at][:3]


def _offset(moment: datetime, colon: str = "") -> str:
    minutes = int((moment.utcoffset() or timedelta()).total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{colon}{abs(minutes) % 60:02d}"


def _iso_offset(moment: datetime, count: int) -> str:
    shown = _offset(moment, ":" if count == 3 else "")
    if shown in ("+0000", "+00:00"):
        return "Z"
    return shown[:3] if count == 1 else shown


_LETTERS: dict[str, Callable[[datetime, int], str]] = {
    "y": lambda moment, count: f"{moment.year % 100:02d}" if count == 2 else f"{moment.year:0{count}d}",
    "M": lambda moment, count: f"{moment.month:0{count}d}" if count < 3 else _name(MONTHS, moment.month - 1, count),
    "d": lambda moment, count: f"{moment.day:0{count}d}",
    "E": lambda moment, count: _name(DAYS, moment.weekday(), count),
    "a": lambda moment, _: "PM" if moment.hour >= 12 else "AM",
    "H": lambda moment, count: f"{moment.hour:0{count}d}",
    "k": lambda moment, count: f"{moment.hour or 24:0{count}d}",
    "h": lambda moment, count: f"{moment.hour % 12 or 12:0{count}d}",
    "K": lambda moment, count: f"{moment.hour % 12:0{count}d}",
    "m": lambda moment, count: f"{moment.minute:0{count}d}",
    "s": lambda moment, count: f"{moment.second:0{count}d}",
    "S": lambda moment, count: f"{moment.microsecond // 1000:0{count}d}",
    "D": lambda moment, count: f"{moment.timetuple().tm_yday:0{count}d}",
    "u": lambda moment, count: f"{moment.isoweekday():0{count}d}",
    "z": lambda moment, _: moment.tzname() or "",
    "Z": lambda moment, _: _offset(moment),
    "X": _iso_offset,
}
_WRONG_CASE = {"Y": "y", "m": "M", "D": "d"}


def format_date(pattern: str, moment: datetime) -> str:
    """`moment` by a SimpleDateFormat pattern of at most 100 characters.

    >>> format_date("yyyy-MM-dd'T'HH:mm:ssX", datetime(2026, 2, 3, 9, 5, tzinfo=UTC))
    '2026-02-03T09:05:00Z'
    """
    made: list[str] = []
    at = 0
    if len(pattern) > 100:
        raise Stop(
            "zephyr.date", "A date pattern is longer than 100 characters.", "Print the text around the date outside of it."
        )
    while at < len(pattern):
        match = _PATTERN.match(pattern, at)
        if match is None:
            raise Stop(
                "zephyr.date",
                f"A quote is not closed in the date pattern {pattern!r}.",
                "Text stands between two single quotes.",
            )
        if match["letters"]:
            made.append(_letters(match["letters"], moment, pattern))
        elif match["other"]:
            made.append(match["other"])
        else:
            made.append(match["quoted"].replace("''", "'") or "'")
        at = match.end()
    return "".join(made)


def _letters(letters: str, moment: datetime, pattern: str) -> str:
    write = _LETTERS.get(letters[0])
    if write is None:
        instead = _WRONG_CASE.get(letters[0])
        hint = (
            f"Did you mean `{instead}`?"
            if instead
            else "Letters are y M d E a H h k K m s S D u z Z X; text stands in single quotes."
        )
        raise Stop("zephyr.date", f"The letter {letters[0]!r} means nothing in the date pattern {pattern!r}.", hint)
    return write(moment, len(letters))


# -- strtotime

_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if name != "May" else name for name in MONTHS) + "|sept"
_DAY = "mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
_UNIT = "sec(?:ond)?s?|min(?:ute)?s?|hours?|days?|weeks?|fortnights?|months?|years?|weekdays?"
_CLOCK = r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?)?\s*(?P<half>[ap]\.?m\.?)?(?![\d:/])"
_RULES = tuple(
    (name, re.compile(rule + r"(?![a-z])" if letters else rule, re.IGNORECASE))
    for name, rule, letters in (
        ("unix", r"@(?P<seconds>-?\d{1,12})", False),
        ("ymd", r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})(?:t(?=\d))?", False),
        ("mdy", r"(?P<month>\d{1,2})/(?P<day>\d{1,2})(?:/(?P<year>\d{4}|\d{2}))?(?!\d)", False),
        (
            "name_day",
            rf"(?P<name>{_MONTH})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:])(?:\s*,?\s*(?P<year>\d{{4}})(?![\d:]))?",
            False,
        ),
        (
            "day_name",
            rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<name>{_MONTH})\.?(?:\s*,?\s*(?P<year>\d{{4}})(?![\d:]))?",
            True,
        ),
        ("distance", rf"(?P<sign>[-+])?\s*(?P<count>\d{{1,6}})\s*(?P<unit>{_UNIT})(?P<ago>\s+ago)?", True),
        ("step", rf"(?P<which>next|last|previous|this)\s+(?:(?P<unit>{_UNIT})|(?P<weekday>{_DAY}))", True),
        ("word", r"(?P<word>now|today|tomorrow|yesterday|midnight|noon)", True),
        ("weekday", rf"(?P<weekday>{_DAY})", True),
        ("zone", r"(?P<zone>z|utc|gmt)", True),
        ("offset", r"(?P<sign>[-+])(?P<hours>\d{2}):?(?P<minutes>\d{2})(?!\d)", False),
        ("clock", _CLOCK, False),
    )
)
_SEPARATOR = re.compile(r"[\s,]+|\bat\b|\bof\b|\bon\b", re.IGNORECASE)


class _Reader:
    """Reads one text from the left. Wall clock first; distances in hours and less are taken on the real time line."""

    def __init__(self, said: str, base: datetime) -> None:
        self.said = said
        self.zone: tzinfo | None = base.tzinfo
        self.moment = base.replace(tzinfo=None, microsecond=0)
        self.later = timedelta()
        self.clock: tuple[int, int, int] | None = None
        self.day_was_said = False
        self.weekday: tuple[int, int] | None = None  # which, and how many weeks on

    def read(self) -> datetime | None:
        at, understood = 0, False
        while at < len(self.said):
            if blank := _SEPARATOR.match(self.said, at):
                at = blank.end()
                continue
            end = self._step_on(at)
            if end is None:
                return None
            at, understood = end, True
        return self._result() if understood else None

    def _step_on(self, at: int) -> int | None:
        """Reads what stands at `at`; returns where that ends, or None when it means nothing."""
        for name, rule in _RULES:
            if match := rule.match(self.said, at):
                try:
                    getattr(self, f"_{name}")(match)
                except (ValueError, OverflowError):
                    return None
                return match.end()
        return None

    def _result(self) -> datetime | None:
        try:
            if self.weekday is not None:
                which, weeks = self.weekday
                ahead = (which - self.moment.weekday()) % 7
                if weeks > 0 and ahead == 0:
                    ahead = 7
                if weeks < 0:
                    ahead -= 7
                self.moment += timedelta(days=ahead)
                self.day_was_said = True
            if self.clock is not None:
                hour, minute, second = self.clock
                self.moment = self.moment.replace(hour=hour, minute=minute, second=second)
            elif self.day_was_said:
                self.moment = self.moment.replace(hour=0, minute=0, second=0)
            placed = self.moment.replace(tzinfo=self.zone)
            if not self.later:
                return placed
            return (placed.astimezone(UTC) + self.later).astimezone(self.zone)
        except (ValueError, OverflowError):
            return None

    def _date(self, year: int, month: int, day: int) -> None:
        self.moment = self.moment.replace(year=year, month=month, day=day)
        self.day_was_said = True

    def _year(self, match: re.Match[str]) -> int:
        year = match["year"]
        if year is None:
            return self.moment.year
        return int(year) if len(year) == 4 else (2000 if int(year) < 70 else 1900) + int(year)

    def _unix(self, match: re.Match[str]) -> None:
        self.moment = datetime.fromtimestamp(int(match["seconds"]), self.zone).replace(tzinfo=None)

    def _ymd(self, match: re.Match[str]) -> None:
        self._date(int(match["year"]), int(match["month"]), int(match["day"]))

    def _mdy(self, match: re.Match[str]) -> None:
        self._date(self._year(match), int(match["month"]), int(match["day"]))

    def _name_day(self, match: re.Match[str]) -> None:
        self._date(self._year(match), _month(match["name"]), int(match["day"]))

    _day_name = _name_day

    def _distance(self, match: re.Match[str]) -> None:
        count = int(match["count"]) * (-1 if match["sign"] == "-" else 1) * (-1 if match["ago"] else 1)
        self._move(count, match["unit"].lower())

    def _step(self, match: re.Match[str]) -> None:
        count = {"next": 1, "this": 0}.get(match["which"].lower(), -1)
        if match["unit"]:
            self._move(count, match["unit"].lower())
        else:
            self.weekday = (_weekday(match["weekday"]), count)

    def _move(self, count: int, unit: str) -> None:
        if unit.startswith("weekday"):
            if abs(count) > _MAX_WEEKDAYS:
                raise ValueError
            for _ in range(abs(count)):
                self.moment += timedelta(days=1 if count > 0 else -1)
                while self.moment.weekday() > 4:
                    self.moment += timedelta(days=1 if count > 0 else -1)
        elif unit.startswith(("month", "year")):
            months = self.moment.year * 12 + self.moment.month - 1 + count * (12 if unit[0] == "y" else 1)
            year, month = divmod(months, 12)
            last = calendar.monthrange(year, month + 1)[1] if 1 <= year <= 9999 else 1
            self.moment = self.moment.replace(year=year, month=month + 1, day=min(self.moment.day, last))
        elif unit.startswith(("day", "week", "fortnight")):
            self.moment += timedelta(days=count * {"d": 1, "w": 7, "f": 14}[unit[0]])
        else:
            self.later += timedelta(seconds=count * {"s": 1, "m": 60, "h": 3600}[unit[0]])

    def _word(self, match: re.Match[str]) -> None:
        word = match["word"].lower()
        if word in ("midnight", "noon"):
            self.clock = (12 if word == "noon" else 0, 0, 0)
        elif word != "now":
            self.moment += timedelta(days={"tomorrow": 1, "yesterday": -1}.get(word, 0))
            self.day_was_said = True

    def _weekday(self, match: re.Match[str]) -> None:
        self.weekday = (_weekday(match["weekday"]), 0)

    def _zone(self, _: re.Match[str]) -> None:
        self.zone = UTC

    def _offset(self, match: re.Match[str]) -> None:
        minutes = int(match["hours"]) * 60 + int(match["minutes"])
        self.zone = timezone(timedelta(minutes=-minutes if match["sign"] == "-" else minutes))

    def _clock(self, match: re.Match[str]) -> None:
        hour, half = int(match["hour"]), (match["half"] or "").lower()
        if not half and match["minute"] is None:
            raise ValueError
        if half:
            if not 1 <= hour <= 12:
                raise ValueError
            hour = hour % 12 + (12 if half[0] == "p" else 0)
        self.clock = (hour, int(match["minute"] or 0), int(match["second"] or 0))


def _month(name: str) -> int:
    return next(at for at, each in enumerate(MONTHS, start=1) if each[:3].lower() == name[:3].lower())


def _weekday(name: str) -> int:
    return next(at for at, each in enumerate(DAYS) if each[:3].lower() == name[:3].lower())
