"""What became of one request, as a value; and reading the headers that say when to come back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

Kind = Literal["answered", "not_sent", "no_answer"]

_WHOLE_NUMBER = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one request.

    `kind`: `answered` (a status came back), `not_sent` (the request cannot have arrived whole: refused connection, no such
    host, connect timeout, TLS failure, connection lost before its last byte left) or `no_answer` (it may have arrived).
    `headers` are those that matter, named in lower case. `body` holds the first 4096 characters, or 64 KB where the whole
    was asked for. `message` is the vendor's own words. `error` says what happened on the line, such as "connection refused".
    """

    kind: Kind
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    duration_ms: float = 0.0
    error: str | None = None
    message: str | None = None

    @property
    def retry_after_s(self) -> float | None:
        """Seconds that the vendor asks us to wait (`Retry-After`), or None."""
        return retry_after_s(self.headers)

    @property
    def rate_limit(self) -> int | None:
        """Calls a second that the vendor allows (`x-ratelimit-limit`), or None."""
        return whole_number(self.headers.get("x-ratelimit-limit"))

    @property
    def rate_remaining(self) -> int | None:
        """Calls that are left in this second (`x-ratelimit-remaining`), or None."""
        return whole_number(self.headers.get("x-ratelimit-remaining"))


def whole_number(text: str | None) -> int | None:
    """A number of at most nine digits; None for anything else.

    >>> whole_number(" 149 "), whole_number("-1"), whole_number(None)
    (149, None, None)
    """
    digits = (text or "").strip()
    return int(digits) if _WHOLE_NUMBER.fullmatch(digits) and digits.isascii() else None


def retry_after_s(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Seconds to wait by `retry-after`, which holds seconds or a date (RFC 9110, 10.2.3); None where it says neither.

    A date is compared with the answer's own `date`, so that two clocks need not agree.

    >>> retry_after_s({"retry-after": "2"})
    2.0
    >>> retry_after_s({"retry-after": "Tue, 03 Feb 2026 09:00:30 GMT", "date": "Tue, 03 Feb 2026 09:00:00 GMT"})
    30.0
    >>> retry_after_s({"retry-after": "soon"})
    """
    text = headers.get("retry-after", "").strip()
    if (seconds := whole_number(text)) is not None:
        return float(seconds)
    when = _date(text)
    if when is None:
        return None
    since = _date(headers.get("date", "")) or now or datetime.now(UTC)
    return max(0.0, (when - since).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
        return when if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
