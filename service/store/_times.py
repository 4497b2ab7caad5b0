"""Times: integers in the database, aware datetimes (UTC) in the model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_S = 100 * 365.25 * 86_400
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(when: datetime) -> int:
    """Milliseconds since 1970 UTC.

    >>> to_ms(datetime(1970, 1, 2, tzinfo=UTC))
    86400000
    """
    return (when - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """The moment, in UTC.

    >>> from_ms(86400001).isoformat()
    '1970-01-02T00:00:00.001000+00:00'
    """
    return _EPOCH + timedelta(milliseconds=ms)


def from_ms_or_none(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(ms)


def ms_of(seconds: float) -> int:
    """Seconds as whole milliseconds, a hundred years at most, so that no sum leaves the database's integers.

    >>> ms_of(1.5), ms_of(1e300) == ms_of(3e12)
    (1500, True)
    """
    return int(max(0.0, min(seconds, _LONGEST_S)) * 1000)
