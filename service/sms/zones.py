"""From a phone number to the time zones that its owner may be in. The answer is always a set, and a set may be wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

_TOO_MANY_CLOCKS = 4  # from here on a number says nothing: toll-free ones name all of North America
_DAYS_COMPARED = 8
_NORTH_AMERICA = ("America/New_York", "America/Los_Angeles")


def zones(number: str) -> tuple[str, ...]:
    """Every zone (IANA name) that an E.164 number may belong to, with all zones of split area codes; () if it tells none.

    >>> zones("+12125550143"), zones("+18505550143")
    (('America/New_York',), ('America/New_York', 'America/Chicago'))
    """
    import phonenumbers
    from phonenumbers import timezone

    try:
        found = timezone.time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ()
    known = [str(name) for name in found if name != timezone.UNKNOWN_TIMEZONE]
    split = _split_area_codes().get(number[2:5], ()) if known and number.startswith("+1") else ()
    return tuple(dict.fromkeys([*known, *split]))


def candidate_zones(number: str, *, at: datetime, account_zone: str, account_country: str) -> tuple[str, ...]:
    """The zones in all of which it must be a good time to send: the number's, or the account's where it tells too little.

    `at` (with a zone) is the moment from which clocks are compared: zones that differ in name alone are one clock. A number
    of another country than the account's keeps its country's zones; a North American one gets Eastern and Pacific time.

    >>> from datetime import UTC
    >>> now = datetime(2026, 2, 3, tzinfo=UTC)
    >>> candidate_zones("+18005550143", at=now, account_zone="America/Denver", account_country="US")
    ('America/Denver',)
    >>> candidate_zones("+18005550143", at=now, account_zone="Europe/Paris", account_country="FR")
    ('America/New_York', 'America/Los_Angeles')
    """
    found = zones(number)
    if found and clocks(found, at) < _TOO_MANY_CLOCKS:
        return found
    if account_country in _countries(number):
        return (account_zone,)
    if number.startswith("+1"):
        return _NORTH_AMERICA
    return found or (account_zone,)


def clocks(names: Iterable[str], at: datetime) -> int:
    """How many of the zones show different times at some moment of the week that begins `at`."""
    moments = [at + timedelta(days=day) for day in range(_DAYS_COMPARED)]
    return len({tuple(moment.astimezone(zone).utcoffset() for moment in moments) for zone in map(ZoneInfo, names)})


def _countries(number: str) -> tuple[str, ...]:
    """The countries that an E.164 number may belong to: its own, and where that is not told, all that share its code."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ()
    geographical = phonenumbers.is_number_geographical(parsed)
    region = phonenumbers.region_code_for_number(parsed)
    if geographical and region:
        return (str(region),)
    return tuple(phonenumbers.region_codes_for_country_code(parsed.country_code or 0))


@cache
def _split_area_codes() -> Mapping[str, list[str]]:
    text = Path(__file__).with_name("area_codes.toml").read_text(encoding="utf-8")
    table: dict[str, list[str]] = tomllib.loads(text)["zones"]
    return table
