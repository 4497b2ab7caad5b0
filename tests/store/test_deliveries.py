"""Deliveries are kept once, found again by every filter, and an idempotency key holds for as long as was promised."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.errors import NotReadable, Problem
from service.model import Guarantee, Status
from service.store import DeliveryFilter


def test_what_is_kept_comes_back_as_it_was(store, new_delivery):
    made = new_delivery(
        recipient="+12025550143",
        payload='{"body":"caf\u00e9 \u2028"}'.encode(),
        context=b'{"profile":{}}',
        digest="d" * 64,
        version_id="ver_1",
        version=3,
        key="loyalty flow",
        guarantee=Guarantee.AT_LEAST_ONCE,
        priority=5,
        idempotency_key="order-8817",
        fingerprint="f" * 64,
        expires_in=60.0,
        problems=(Problem("payload.required", "`to` is missing.", "/to", "Add it.", 3, 7),),
        warnings=(Problem("sms.ucs2", "One character doubles the cost."),),
        reason="because",
    )
    store.deliveries.insert_many([made])
    kept = store.deliveries.get(made.id)
    same = ("id", "status", "account", "action", "target", "template", "version_id", "version", "key", "recipient")
    same += ("payload", "digest", "context", "guarantee", "rate_class", "priority", "idempotency_key", "fingerprint")
    same += ("problems", "warnings", "reason", "replay_of")
    assert {name: getattr(kept, name) for name in same} == {name: getattr(made, name) for name in same}
    assert kept.expires_at - kept.created_at == timedelta(seconds=60)
    assert kept.due_at == kept.created_at
    assert kept.finished_at is None
    assert kept.created_at.tzinfo is not None


def test_what_is_not_there_is_none(store):
    assert store.deliveries.get("dlv_0") is None
    assert store.deliveries.status("dlv_0") is None
    assert store.deliveries.attempts("dlv_0") == []


def test_a_rejected_call_is_kept_and_has_ended(store, new_delivery):
    made = new_delivery(status=Status.REJECTED, payload=None)
    store.deliveries.insert_many([made])
    kept = store.deliveries.get(made.id)
    assert (kept.status, kept.due_at, kept.finished_at) == (Status.REJECTED, None, kept.created_at)


def test_nothing_to_keep_keeps_nothing(store):
    assert store.deliveries.insert_many([]) == []


def test_more_rows_than_one_statement_takes_are_all_kept_in_order(store, new_delivery):
    made = [new_delivery(context=b"{}") for _ in range(150)]
    answers = store.deliveries.insert_many(made)
    assert [answer.id for answer in answers] == [each.id for each in made]
    assert store.deliveries.counts().by_status[Status.QUEUED] == 150


def test_a_text_with_nul_or_half_a_character_cannot_stop_it(store, new_delivery):
    made = new_delivery(reason="no\0phone \ud83d")
    store.deliveries.insert_many([made])
    assert store.deliveries.get(made.id).reason == "no\ufffdphone ?"


def test_a_value_that_no_database_can_keep_is_a_clear_refusal(store, new_delivery):
    with pytest.raises(NotReadable):
        store.deliveries.insert_many([new_delivery(recipient="\ud83d")])
    assert store.deliveries.counts().by_status[Status.QUEUED] == 0


def test_a_lane_whose_first_commit_failed_is_known_after_the_next(store, new_delivery):
    with pytest.raises(NotReadable):
        store.deliveries.insert_many([new_delivery(account="new", recipient="\ud83d")])
    store.deliveries.insert_many([new_delivery(account="new")])
    assert [state.account for state in store.accounts.states()] == ["new"]
    assert store.queue.anything_due()


# -- idempotency


def test_the_same_key_again_is_answered_as_the_first_call_was(store, new_delivery):
    first = new_delivery(idempotency_key="k", fingerprint="a", version=7)
    store.deliveries.insert_many([first])
    [again] = store.deliveries.insert_many([new_delivery(idempotency_key="k", fingerprint="b", version=8)])
    assert (again.created, again.id, again.fingerprint, again.version) == (False, first.id, "a", 7)
    assert store.deliveries.counts().by_status[Status.QUEUED] == 1


def test_the_same_key_twice_in_one_commit_is_one_delivery(store, new_delivery):
    made = [new_delivery(idempotency_key="k", context=b"{}") for _ in range(3)]
    answers = store.deliveries.insert_many(made)
    assert [answer.created for answer in answers] == [True, False, False]
    assert {answer.id for answer in answers} == {made[0].id}


def test_a_key_belongs_to_its_account_and_target(store, new_delivery):
    made = [
        new_delivery(idempotency_key="k"),
        new_delivery(idempotency_key="k", account="other"),
        new_delivery(idempotency_key="k", target="goodbye"),
    ]
    assert [answer.created for answer in store.deliveries.insert_many(made)] == [True, True, True]


def test_inserting_the_same_delivery_again_after_a_lost_answer_changes_nothing(store, new_delivery):
    made = new_delivery(idempotency_key="k", context=b"{}")
    store.deliveries.insert_many([made])
    [again] = store.deliveries.insert_many([made])
    assert (again.created, again.id) == (True, made.id)
    assert store.deliveries.counts().by_status[Status.QUEUED] == 1


def test_a_rejected_call_does_not_hold_its_key(store, new_delivery):
    rejected = new_delivery(status=Status.REJECTED, payload=None, idempotency_key="k")
    store.deliveries.insert_many([rejected])
    [corrected] = store.deliveries.insert_many([new_delivery(idempotency_key="k")])
    assert corrected.created
    found = store.deliveries.search(DeliveryFilter(idempotency_key="k")).items
    assert {each.status for each in found} == {Status.REJECTED, Status.QUEUED}


def test_a_suppressed_call_holds_its_key(store, new_delivery):
    store.deliveries.insert_many([new_delivery(status=Status.SUPPRESSED, payload=None, idempotency_key="k")])
    [again] = store.deliveries.insert_many([new_delivery(idempotency_key="k")])
    assert (again.created, again.status) == (False, Status.SUPPRESSED)


def test_the_first_answer_is_repeated_whatever_has_become_of_the_delivery(store, new_delivery):
    first = new_delivery(idempotency_key="k")
    store.deliveries.insert_many([first])
    store.deliveries.end_waiting(first.id, Status.CANCELED, "canceled")
    with store.database.write() as connection:  # some time later
        connection.exec_driver_sql("UPDATE deliveries SET created_at = created_at - 5000")
    [again] = store.deliveries.insert_many([new_delivery(idempotency_key="k")])
    assert (again.created, again.status) == (False, Status.QUEUED)


@pytest.mark.parametrize(("hours_old", "is_free"), [(23, False), (47, False), (49, True)])
def test_a_key_is_remembered_for_the_time_that_was_set_and_then_free(store, new_delivery, hours_old, is_free):
    first = new_delivery(idempotency_key="k")
    store.deliveries.insert_many([first])
    with store.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE deliveries SET created_at = created_at - {hours_old * 3_600_000}")
    second, third = store.deliveries.insert_many([new_delivery(idempotency_key="k"), new_delivery(idempotency_key="k")])
    assert (second.created, third.created) == (is_free, False)
    assert third.id == (second.id if is_free else first.id)
    assert store.deliveries.get(first.id).idempotency_key == "k"  # the log still shows it


def test_of_many_callers_with_one_key_exactly_one_is_first(make_store, store, new_delivery):
    stores = [make_store() for _ in range(4)]
    start = threading.Barrier(len(stores))
    answers = []

    def call(own_store):
        start.wait()
        for number in range(20):
            answers.append((number, own_store.deliveries.insert_many([new_delivery(idempotency_key=f"k{number}")])[0]))

    threads = [threading.Thread(target=call, args=(each,)) for each in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 80
    for number in range(20):
        mine = [answer for key, answer in answers if key == number]
        assert [answer.created for answer in mine].count(True) == 1
        assert len({answer.id for answer in mine}) == 1


# -- the log


@pytest.fixture
def log(store, new_delivery):
    made = [
        new_delivery(template="a", target="a", key="flow 1", recipient="+12025550101"),
        new_delivery(template="b", target="b", action="x.y", account="two", idempotency_key="k"),
        new_delivery(template="b", target="b", status=Status.REJECTED, payload=None, replay_of="dlv_0"),
        new_delivery(template=None, status=Status.SUPPRESSED, payload=None),
    ]
    made = [replace(each, id=f"dlv_{number}") for number, each in enumerate(made, 1)]
    store.deliveries.insert_many(made)
    return [each.id for each in made]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (DeliveryFilter(), [3, 2, 1, 0]),
        (DeliveryFilter(template="b"), [2, 1]),
        (DeliveryFilter(status=(Status.QUEUED,)), [1, 0]),
        (DeliveryFilter(status=(Status.REJECTED, Status.SUPPRESSED)), [3, 2]),
        (DeliveryFilter(status=(Status.REJECTED, Status.QUEUED)), [2, 1, 0]),
        (DeliveryFilter(status=(Status.ACCEPTED,)), []),
        (DeliveryFilter(key="flow 1"), [0]),
        (DeliveryFilter(recipient="+12025550101"), [0]),
        (DeliveryFilter(action="x.y"), [1]),
        (DeliveryFilter(account="two"), [1]),
        (DeliveryFilter(idempotency_key="k"), [1]),
        (DeliveryFilter(replay_of="dlv_0"), [2]),
        (DeliveryFilter(template="b", status=(Status.QUEUED,)), [1]),
    ],
)
def test_each_filter_finds_what_it_says_newest_first(store, log, filter, expected):
    assert [each.id for each in store.deliveries.search(filter).items] == [log[number] for number in expected]


def test_since_and_until_bound_the_time_of_creation(store, log):
    when = [store.deliveries.get(id).created_at for id in log]
    later = when[-1] + timedelta(seconds=1)
    assert len(store.deliveries.search(DeliveryFilter(since=when[0], until=later)).items) == 4
    assert store.deliveries.search(DeliveryFilter(since=later)).items == []
    assert store.deliveries.search(DeliveryFilter(until=when[0])).items == []


def test_pages_hold_every_delivery_once_though_new_ones_arrive(store, new_delivery):
    made = [new_delivery() for _ in range(7)]
    store.deliveries.insert_many(made)
    seen, cursor = [], None
    while True:
        page = store.deliveries.search(limit=3, cursor=cursor)
        seen += [each.id for each in page.items]
        store.deliveries.insert_many([new_delivery()])
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == sorted((each.id for each in made), reverse=True)


def test_a_cursor_that_is_none_is_refused(store):
    with pytest.raises(NotReadable):
        store.deliveries.search(cursor="1' OR 1=1")


def test_counts_have_every_status_and_the_age_of_the_oldest_due(store, log, new_delivery):
    store.deliveries.insert_many([new_delivery(due_in=3600)])
    with store.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE deliveries SET due_at = due_at - 10000 WHERE id = '{log[0]}'")
    counts = store.deliveries.counts()
    some = {Status.QUEUED: 3, Status.REJECTED: 1, Status.SUPPRESSED: 1}
    assert counts.by_status == dict.fromkeys(Status, 0) | some
    assert counts.waiting == 3
    assert counts.oldest_due_s >= 10


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    payload=st.binary(max_size=200),
    reason=st.text(max_size=50),
    key=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=50),
    expires_in=st.none() | st.floats(min_value=0, allow_nan=False),
    due_in=st.floats(min_value=0, allow_nan=False),
)
def test_any_delivery_that_a_door_can_make_is_kept(store, new_delivery, payload, reason, key, expires_in, due_in):
    made = new_delivery(payload=payload, reason=reason, key=key, expires_in=expires_in, due_in=due_in)
    store.deliveries.insert_many([made])
    kept = store.deliveries.search(DeliveryFilter(key=key)).items[0]
    assert (kept.payload, kept.key) == (payload, key)
