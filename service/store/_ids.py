"""Ids hold the moment they were made, so a span of time is a span of ids, and every index that ends in an id is one of time.

Where a log has millions of rows this is what keeps counting and paging quick: such an index is read alone, not the rows.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # as in `model.new_id`
_TIME = 10  # digits of the moment; sixteen random ones follow
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def first_id(moment: datetime, prefix: str = "dlv") -> str:
    """The smallest id that can be made at this moment.

    >>> first_id(datetime(2026, 11, 20, 11, 2, tzinfo=UTC))
    'dlv_01m7w9xm200000000000000000'
    """
    left = max(0, (moment - _EPOCH) // timedelta(milliseconds=1))
    digits = ""
    for _ in range(_TIME):
        left, digit = divmod(left, 32)
        digits = _DIGITS[digit] + digits
    return f"{prefix}_{digits}{'0' * 16}"


def moment_of(id: str) -> datetime:
    """When this id, or the beginning of one, was made; digits that are missing count as zeros.

    >>> moment_of("dlv_01m7w9xm200000000000000000").isoformat(), moment_of("dlv_01m7w9xm").isoformat()
    ('2026-11-20T11:02:00+00:00', '2026-11-20T11:01:59.936000+00:00')
    """
    number = 0
    for digit in id.partition("_")[2][:_TIME].ljust(_TIME, "0"):
        number = number * 32 + _DIGITS.index(digit)
    return _EPOCH + timedelta(milliseconds=number)
