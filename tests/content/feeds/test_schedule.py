"""When a feed is fetched next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.content import schedule
from service.errors import Misconfigured

MOMENTS = st.integers(1_577_836_800, 2_208_988_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(minutes=st.integers(1, 10_000), due=MOMENTS, late=st.timedeltas(timedelta(0), timedelta(days=400)))
def test_every_so_often_keeps_its_minute_and_skips_what_was_missed(minutes, due, late):
    now = due + late
    then = schedule.following(schedule.check(f"every {minutes} minutes"), due, now)
    assert now < then <= now + timedelta(minutes=minutes)
    assert (then - due) % timedelta(minutes=minutes) == timedelta(0)


@given(now=MOMENTS)
def test_a_cron_expression_names_a_time_to_come_in_utc(now):
    then = schedule.following("30 5 * * *", now, now)
    assert now < then <= now + timedelta(days=1)
    assert (then.hour, then.minute, then.second, then.utcoffset()) == (5, 30, 0, timedelta(0))


@given(st.text(max_size=40) | st.lists(st.sampled_from(["*", "*/5", "1-3", "L", "MON#2", "31", "2", "0"])).map(" ".join))
def test_any_text_is_a_schedule_or_is_refused_in_words(text):
    now = datetime(2026, 1, 31, tzinfo=UTC)
    try:
        kept = schedule.check(text)
    except Misconfigured as error:
        assert error.detail
    else:
        assert schedule.check(kept) == kept
        assert schedule.following(kept, now, now) > now


@pytest.mark.parametrize("text", ["", "every 0 minutes", "every 999999 minutes", "* * * * * *", "61 * * * *", "0 0 30 2 *"])
def test_what_never_comes_true_is_no_schedule(text):
    with pytest.raises(Misconfigured):
        schedule.check(text)
