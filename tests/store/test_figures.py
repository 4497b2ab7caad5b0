"""Figures of the log, and of whom it is for: on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model import NewDelivery, Status, new_id
from service.store import DeliveryFilter, Store
from service.store._ids import first_id, moment_of
from service.store.buckets import Limit


def put(store: Store, status: Status, id: str = "", **facts: Any) -> str:
    given: dict[str, Any] = {"account": "default", "action": "a.b", "target": "hello", "template": "hello", "payload": b"{}"}
    new = NewDelivery(id=id or new_id("dlv"), status=status, **(given | facts))
    store.deliveries.insert_many([new])
    return new.id


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


@given(st.integers(0, 5_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_an_id_holds_its_moment_to_the_millisecond(moment: datetime) -> None:
    assert timedelta(0) <= moment - moment_of(first_id(moment)) < timedelta(milliseconds=1)


def test_ids_of_now_lie_where_they_say() -> None:
    before, id = datetime.now(UTC), new_id("dlv")
    assert first_id(before - timedelta(milliseconds=1)) < id < first_id(datetime.now(UTC) + timedelta(milliseconds=1))


def test_a_tally_counts_every_status_since_a_moment(store: Store) -> None:
    for status in Status:
        if status is not Status.SENDING:
            put(store, status)
    put(store, Status.ACCEPTED)
    found = store.figures.tally(ago(hours=1))
    assert found.by_status[Status.ACCEPTED] == 2
    assert {found.by_status[each] for each in Status if each not in (Status.ACCEPTED, Status.SENDING)} == {1}
    assert found.total == len(Status)
    assert store.figures.tally(datetime.now(UTC) + timedelta(minutes=1)).total == 0


def test_what_is_being_sent_is_counted_and_found(store: Store) -> None:
    sent = put(store, Status.QUEUED)
    store.queue.claim("wrk_1", {("default", "default"): Limit(None)}, 5, lease_s=30, check=lambda *_: None)
    waiting = put(store, Status.QUEUED)
    found = store.figures.tally(ago(hours=1)).by_status
    assert (found[Status.SENDING], found[Status.QUEUED]) == (1, 1)
    for status, id in ((Status.SENDING, sent), (Status.QUEUED, waiting)):
        assert [each.id for each in store.figures.page(DeliveryFilter(status=(status,))).items] == [id]
    both = store.figures.page(DeliveryFilter(status=(Status.SENDING, Status.QUEUED)))
    assert [each.id for each in both.items] == sorted([sent, waiting], reverse=True)


def test_bars_hold_what_came_in_between_their_beginnings(store: Store) -> None:
    for status in (Status.ACCEPTED, Status.FAILED, Status.UNKNOWN, Status.QUEUED):
        put(store, status)
    begins = [ago(minutes=3), ago(minutes=2), ago(minutes=1)]
    first, second, last = store.figures.bars(begins)
    assert sum(first.by_status.values()) == sum(second.by_status.values()) == 0
    assert {status for status, number in last.by_status.items() if number == 1} == {
        Status.ACCEPTED, Status.FAILED, Status.UNKNOWN, Status.QUEUED,
    }  # fmt: skip


def test_bars_of_long_ago_are_remembered_and_new_ones_are_not(store: Store) -> None:
    begins = [ago(minutes=10), ago(minutes=5), ago(minutes=1)]
    store.figures.bars(begins)
    put(store, Status.ACCEPTED)
    assert [bar.by_status[Status.ACCEPTED] for bar in store.figures.bars(begins)] == [0, 0, 1]


@pytest.mark.parametrize("status", [Status.FAILED, Status.HELD, Status.REJECTED])
def test_a_status_is_found_with_every_other_filter_and_in_pages(store: Store, status: Status) -> None:
    mine = sorted((put(store, status, template="mine", key="flow") for _ in range(3)), reverse=True)
    put(store, status, template="other", key="flow")
    put(store, Status.ACCEPTED, template="mine", key="flow")
    asked = DeliveryFilter(status=(status,), template="mine", key="flow", account="default", action="a.b")
    first = store.figures.page(asked, 2)
    assert [each.id for each in first.items] == mine[:2]
    rest = store.figures.page(asked, 2, first.next_cursor)
    assert [each.id for each in rest.items] == mine[2:]
    assert rest.next_cursor is None


def test_health_tells_templates_apart(store: Store) -> None:
    for name, status in (("a", Status.ACCEPTED), ("a", Status.FAILED), ("a", Status.ACCEPTED), ("b", Status.SUPPRESSED)):
        put(store, status, template=name, target=name)
    put(store, Status.ACCEPTED, template=None, target="x")
    found = store.figures.health(ago(days=1))
    assert found["a"].rest == 2
    assert found["a"].unusual == {Status.FAILED: 1}
    assert (found["b"].rest, found["b"].unusual) == (0, {Status.SUPPRESSED: 1})
    assert set(found) == {"a", "b"}


def test_health_counts_every_call_of_the_day_once_however_often_one_looks(store: Store) -> None:
    for number, back in enumerate((0.0, 0.4, 1.2, 5.0, 23.4, 23.9, 24.1, 30.0)):
        put(store, Status.ACCEPTED, id=f"{first_id(ago(hours=back))[:14]}{number:016x}")
    for _ in range(2):
        assert store.figures.health(ago(days=1))["hello"].rest == 6
    put(store, Status.ACCEPTED)
    assert store.figures.health(ago(days=1))["hello"].rest == 7
    assert store.figures.health(ago(minutes=10))["hello"].rest == 2


def test_last_calls_and_what_waits(store: Store) -> None:
    assert not store.figures.any()
    put(store, Status.QUEUED, account="us")
    put(store, Status.HELD, account="us", due_in=3600)
    put(store, Status.UNKNOWN, account="ca")
    assert store.figures.any()
    assert store.figures.undecided() == 1
    put(store, Status.ACCEPTED, template="tried", target="test of tried")
    calls = store.figures.last_calls(["hello", "never", "tried"])
    assert set(calls) == {"hello"}
    assert abs((datetime.now(UTC) - calls["hello"]).total_seconds()) < 60
    (us,) = store.figures.waiting()
    assert (us.account, us.count) == ("us", 2)
    assert us.due_since is not None
    assert store.figures.calls("us", ago(minutes=1)) == 2
    assert store.figures.last_answer("us") is None


def test_counting_stops_where_it_says_enough(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from service.store import figures

    for _ in range(5):
        put(store, Status.ACCEPTED)
    monkeypatch.setattr(figures, "MOST", 3)
    found = store.figures.tally(ago(hours=1))
    assert found.capped
    assert found.total == 3


def test_many_queued_are_searched_along_the_ids_and_found_as_well(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from service.store import figures

    id = put(store, Status.QUEUED)
    monkeypatch.setattr(figures, "_FEW", 1)
    assert [each.id for each in store.figures.page(DeliveryFilter(status=(Status.QUEUED,))).items] == [id]
