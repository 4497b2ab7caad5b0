"""The words as types."""

from hypothesis import given
from hypothesis import strategies as st

from service.model import FINAL, OPEN, Status, new_id


def test_every_status_is_either_open_or_final():
    assert set(Status) == OPEN | FINAL
    assert not OPEN & FINAL


@given(st.integers(0, 2**40), st.integers(1, 2**40))
def test_ids_sort_by_the_time_they_were_made(moment, later):
    from unittest.mock import patch

    with patch("time.time_ns", return_value=moment * 1_000_000):
        first = new_id("dlv")
    with patch("time.time_ns", return_value=(moment + later) * 1_000_000):
        second = new_id("dlv")
    assert first < second
    assert len(first) == len(second) == len("dlv_") + 26


def test_ids_do_not_repeat():
    assert len({new_id("dlv") for _ in range(10_000)}) == 10_000
