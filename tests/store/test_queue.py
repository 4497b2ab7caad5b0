"""Workers never hold the same delivery, never overwrite one another, and lose nothing when they die."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from service.delivery.retry import after_crash
from service.model import Guarantee, Status
from service.store._tables import buckets
from service.store.buckets import Limit
from service.store.queue import Hold, Stop

LANE = ("default", "messages")


def ids(claim):
    return [job.id for job in claim.jobs]


@pytest.fixture
def put(store, new_delivery):
    """Keeps deliveries and answers their ids."""

    def keep(count=1, **facts):
        made = [new_delivery(**facts) for _ in range(count)]
        store.deliveries.insert_many(made)
        return [each.id for each in made]

    return keep


@pytest.fixture
def change(store):
    """Changes all rows of deliveries, as time does."""

    def run(words):
        with store.database.write() as connection:
            connection.exec_driver_sql(f"UPDATE deliveries SET {words}")

    return run


# -- claims


def test_a_claim_leaves_an_attempt_on_record_before_anything_is_sent(store, put, claim):
    [id] = put(payload=b"bytes")
    [job] = claim().jobs
    assert (job.id, job.payload, job.number) == (id, b"bytes", 1)
    assert store.deliveries.status(id) is Status.SENDING
    [attempt] = store.deliveries.attempts(id)
    assert (attempt.number, attempt.worker, attempt.outcome, attempt.finished_at) == (1, "w1", None, None)


def test_what_is_claimed_cannot_be_claimed_again(put, claim):
    put(3)
    assert len(claim(2).jobs) == 2
    assert len(claim(5, worker="w2").jobs) == 1
    assert claim(5).jobs == []


def test_claims_of_many_workers_never_overlap(make_store, put, claim):
    expected = put(200)
    start, claimed = threading.Barrier(4), []

    def work(name, own_store):
        start.wait()
        empty = 0
        while empty < 20:  # another worker may hold the lane for a moment
            found = ids(claim(7, worker=name, by=own_store))
            empty = 0 if found else empty + 1
            claimed.extend(found)

    threads = [threading.Thread(target=work, args=(f"w{n}", make_store())) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(expected)


def test_lower_priority_numbers_go_first_then_the_longest_due(store, put, claim):
    late, early = put(priority=10), put(priority=0)
    assert ids(claim()) == early + late


def test_what_is_due_later_does_not_hide_what_is_due_now_with_less_priority(put, claim):
    put(5, priority=0, due_in=60)
    now = put(priority=3)
    assert ids(claim()) == now


def test_nothing_is_due_before_its_time(store, put, claim, change):
    put(due_in=60)
    assert not store.queue.anything_due()
    assert claim().jobs == []
    change("due_at = due_at - 61000")
    assert store.queue.anything_due()
    assert len(claim().jobs) == 1


def test_a_lane_that_the_worker_does_not_know_is_left_for_others(put, claim):
    put(account="unknown")
    claimed = claim()
    assert (claimed.jobs, claimed.again_in_s) == ([], 1.0)


def test_accounts_share_the_room_and_are_served_in_turn(put, claim):
    for account in ("a", "b", "c"):
        put(20, account=account)
    limits = {(account, "messages"): Limit(None) for account in ("a", "b", "c")}
    first = [job.account for job in claim(6, limits=limits).jobs]
    assert sorted(first) == ["a", "a", "b", "b", "c", "c"]
    turns = [claim(1, limits=limits).jobs[0].account for _ in range(6)]
    assert sorted(turns[:3]) == sorted(turns[3:]) == ["a", "b", "c"]


# -- guards


def test_what_a_guard_stops_ends_with_its_rule_and_value(store, put, claim):
    [id] = put()
    stop = Stop(Status.SUPPRESSED, "opted out", "+1 ••• 0143", "This person has opted out.")
    assert claim(check=lambda job, now: stop).jobs == []
    kept = store.deliveries.get(id)
    assert (kept.status, kept.reason) == (Status.SUPPRESSED, "This person has opted out.")
    assert kept.decision == {"rule": "opted out", "value": "+1 ••• 0143"}
    assert kept.finished_at is not None
    assert store.deliveries.attempts(id) == []


def test_what_a_guard_holds_waits_until_the_guard_said(store, put, claim, change):
    [id] = put()
    morning = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=9)
    assert claim(check=lambda job, now: Hold(morning, "quiet hours", "22-8", "It is night there.")).jobs == []
    kept = store.deliveries.get(id)
    assert (kept.status, kept.due_at, kept.decision["rule"]) == (Status.HELD, morning, "quiet hours")
    assert claim().jobs == []
    change("due_at = due_at - 40000000")
    assert ids(claim()) == [id]


def test_a_guard_sees_the_delivery_and_the_moment(put, claim):
    put(recipient="+12025550143", expires_in=60)
    seen = []
    claim(check=lambda job, now: seen.append((job.recipient, job.expires_at > now)))
    assert seen == [("+12025550143", True)]


# -- outcomes


def test_an_outcome_is_kept_with_its_attempt(store, put, claim, done):
    [id] = put()
    [job] = claim().jobs
    headers = {"x-request-id": "7"}
    store.queue.complete([done(job, headers=headers, body="{}", meaning="It went well.", status_code=202)])
    kept, [attempt] = store.deliveries.get(id), store.deliveries.attempts(id)
    assert (kept.status, kept.reason, kept.attempts_made) == (Status.ACCEPTED, "so it is", 1)
    assert kept.finished_at is not None
    assert kept.due_at is None
    assert (attempt.outcome, attempt.status_code, attempt.headers, attempt.body) == ("accepted", 202, headers, "{}")
    assert (attempt.meaning, attempt.duration_ms) == ("It went well.", 1.5)
    assert attempt.finished_at is not None


def test_an_answer_with_characters_that_no_database_keeps_is_kept_without_them(store, put, claim, done):
    [id] = put()
    [job] = claim().jobs
    store.queue.complete([done(job, body="a\0b\ud83d", error="c\0", meaning="d\0")])
    [attempt] = store.deliveries.attempts(id)
    assert (attempt.body, attempt.error, attempt.meaning) == ("a\ufffdb?", "c\ufffd", "d\ufffd")


def test_what_is_tried_again_is_due_then_as_its_next_attempt(store, put, claim, done, change):
    [id] = put()
    [job] = claim().jobs
    store.queue.complete([done(job, Status.RETRYING, "retry", due_in_s=30.0)])
    kept = store.deliveries.get(id)
    assert kept.status is Status.RETRYING
    assert kept.finished_at is None
    assert kept.due_at - kept.updated_at == timedelta(seconds=30)
    assert claim().jobs == []
    change("due_at = due_at - 30000")
    assert claim().jobs[0].number == 2
    assert [attempt.outcome for attempt in store.deliveries.attempts(id)] == ["retry", None]


def test_a_worker_that_lost_its_delivery_cannot_overwrite_what_happened_since(store, put, claim, done, change):
    [id] = put(guarantee=Guarantee.AT_LEAST_ONCE)
    [old] = claim().jobs
    change("lease_until = lease_until - 60000")
    store.queue.reclaim(None, after_crash)
    [new] = claim(worker="w2").jobs
    store.queue.complete([done(old, Status.REFUSED, "refused")])
    assert store.deliveries.status(id) is Status.SENDING
    store.queue.complete([done(new)])
    assert store.deliveries.status(id) is Status.ACCEPTED
    # Both attempts did happen, and the log says what came of each.
    assert [attempt.outcome for attempt in store.deliveries.attempts(id)] == ["refused", "accepted"]


def test_a_worker_that_was_thought_dead_may_still_settle_what_became_unknown(store, put, claim, done, change):
    [id] = put()
    [job] = claim().jobs
    change("lease_until = lease_until - 60000")
    store.queue.reclaim(None, after_crash)
    assert store.deliveries.status(id) is Status.UNKNOWN
    store.queue.complete([done(job)])
    assert store.deliveries.status(id) is Status.ACCEPTED


def test_but_not_what_a_person_has_settled_meanwhile(store, put, claim, done, change):
    [id] = put()
    [job] = claim().jobs
    change("lease_until = lease_until - 60000")
    store.queue.reclaim(None, after_crash)
    assert store.deliveries.settle_unknown(id, Status.QUEUED, "sent again on purpose")
    store.queue.complete([done(job)])
    assert store.deliveries.status(id) is Status.QUEUED


def test_what_was_not_sent_is_given_back_without_counting_an_attempt(store, put, claim):
    [id] = put()
    store.queue.give_back(claim().jobs)
    kept = store.deliveries.get(id)
    assert (kept.status, kept.attempts_made, store.deliveries.attempts(id)) == (Status.QUEUED, 0, [])
    assert claim(worker="w2").jobs[0].number == 1


def test_a_claim_that_the_worker_did_not_hear_of_is_given_back(store, put, claim):
    known, unheard = put(2)
    claim()
    assert store.queue.give_back_others("w1", mine={known}) == 1
    assert store.deliveries.status(known) is Status.SENDING
    assert store.deliveries.status(unheard) is Status.QUEUED


# -- leases and the dead


def test_a_lease_that_runs_out_is_decided_by_the_guarantee(store, put, claim, change):
    [once], [again] = put(), put(guarantee=Guarantee.AT_LEAST_ONCE)
    claim()
    assert store.queue.reclaim(None, after_crash) == {}
    assert store.queue.owners() == {"w1": False}
    change("lease_until = lease_until - 60000")
    assert store.queue.owners() == {"w1": True}
    endings = store.queue.reclaim(None, after_crash)
    assert {id: ending.outcome for id, ending in endings.items()} == {once: "unknown", again: "retry"}
    assert store.deliveries.status(once) is Status.UNKNOWN
    assert store.deliveries.status(again) is Status.RETRYING
    assert [attempt.outcome for attempt in store.deliveries.attempts(once)] == ["unknown"]
    assert ids(claim()) == [again]


def test_a_renewed_lease_does_not_run_out(store, put, claim, change):
    put()
    claim()
    change("lease_until = lease_until - 60000")
    store.queue.renew("w1", 30.0)
    assert store.queue.reclaim(None, after_crash) == {}


def test_a_dead_worker_is_known_as_soon_as_its_presence_ends_and_a_living_one_is_not(make_store, store, put, claim):
    [id] = put(guarantee=Guarantee.AT_LEAST_ONCE)
    theirs = make_store()
    presence = theirs.workers.enter("w9")
    claim(worker="w9")
    assert store.queue.owners() == {"w9": False}

    def reclaim():
        return store.queue.reclaim("w9", after_crash, is_gone=lambda connection: store.workers.is_gone(connection, "w9"))

    assert reclaim() == {}
    _die(presence)
    lost = {}
    while not lost:  # PostgreSQL's server takes a moment to see that a connection is closed
        lost = reclaim()
    assert set(lost) == {id}
    store.workers.forget("w9")
    assert reclaim() == {}
    assert store.queue.owners() == {}


def _die(presence):
    """What the system does to the lock of a killed process."""
    import os

    if hasattr(presence, "_descriptor"):
        os.close(presence._descriptor)
    else:
        presence.close()


def test_a_worker_that_left_no_trace_is_not_taken_for_dead_before_its_lease_ends(store, sqlite_url):
    if not store.database.is_sqlite:
        pytest.skip("PostgreSQL always knows")
    with store.database.read() as connection:
        assert not store.workers.is_gone(connection, "nobody")


def test_presence_hears_of_new_work(make_store, store, put):
    presence = make_store().workers.enter("w1")
    try:
        assert not presence.hear(0.05)
        put()
        assert presence.hear(5)
        assert not presence.hear(0.05)
    finally:
        presence.close()


def test_a_presence_that_ends_well_leaves_nothing_behind(store, tmp_path):
    store.workers.enter("w1").close()
    assert list(tmp_path.glob("*-workers/*")) == []


# -- limits


@pytest.fixture
def as_time_goes(store):
    """Moves what the buckets remember so many seconds into the past."""

    def go(seconds):
        with store.database.write() as connection:
            for row in connection.execute(select(buckets)).all():
                spent = [[at - int(seconds * 1000), calls] for at, calls in json.loads(row.spent or "[]")]
                connection.execute(update(buckets).values(spent=json.dumps(spent)))

    return go


def test_no_more_calls_are_under_way_than_there_are_permits(store, put, claim):
    put(20)
    limits = {LANE: Limit(3)}
    assert len(claim(20, limits=limits).jobs) == 3
    claimed = claim(20, limits=limits)
    assert claimed.jobs == []
    assert claimed.again_in_s >= 1


def test_a_permit_comes_back_one_window_after_its_call_has_ended(store, put, claim, done, as_time_goes):
    put(20)
    limits = {LANE: Limit(3)}
    first, second, _ = claim(20, limits=limits).jobs
    store.queue.complete([done(first)])
    as_time_goes(0.6)
    store.queue.complete([done(second)])
    assert claim(20, limits=limits).jobs == []
    as_time_goes(0.6)
    assert len(claim(20, limits=limits).jobs) == 1
    as_time_goes(0.6)
    assert len(claim(20, limits=limits).jobs) == 1


def test_a_call_that_is_given_back_has_used_no_permit(store, put, claim):
    put(20)
    limits = {LANE: Limit(3)}
    store.queue.give_back(claim(20, limits=limits).jobs)
    assert len(claim(20, limits=limits).jobs) == 3


def test_the_calls_of_a_dead_worker_hold_their_permits_for_one_more_window(store, put, claim, as_time_goes):
    put(20)
    limits = {LANE: Limit(3)}
    claim(20, limits=limits, worker="dead")
    store.queue.reclaim("dead", after_crash)
    assert claim(20, limits=limits).jobs == []
    as_time_goes(1.1)
    assert len(claim(20, limits=limits).jobs) == 3


def test_permits_come_back_when_the_clock_was_set_back(store, put, claim, done, as_time_goes):
    put(20)
    limits = {LANE: Limit(3)}
    store.queue.complete([done(job) for job in claim(20, limits=limits).jobs])
    assert claim(20, limits=limits).jobs == []
    as_time_goes(-3600)
    assert len(claim(20, limits=limits).jobs) == 3


def test_a_lane_that_another_worker_holds_is_asked_again_at_once(store, make_store, put, claim):
    if store.database.is_sqlite:
        pytest.skip("a file has one writer at a time")
    [id] = put()
    with make_store().database.write() as connection:
        connection.execute(select(buckets).with_for_update())
        claimed = claim()
        assert (claimed.jobs, claimed.again_in_s) == ([], 0.003)
    assert ids(claim()) == [id]


def test_what_a_guard_stops_costs_no_permit(store, put, claim):
    put(5)
    limits = {LANE: Limit(3)}
    stop = Stop(Status.EXPIRED, "expired", "", "Too late.")
    claim(20, limits=limits, check=lambda *_: stop)
    assert len(claim(20, limits=limits).jobs) == 2


def test_a_limit_holds_for_all_workers_together(make_store, put, claim):
    put(200)
    limits = {LANE: Limit(50)}
    start, claimed = threading.Barrier(3), []

    def work(name, own_store):
        start.wait()
        for _ in range(40):
            claimed.extend(ids(claim(3, worker=name, by=own_store, limits=limits)))

    threads = [threading.Thread(target=work, args=(f"w{n}", make_store())) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == 50
    assert len(set(claimed)) == 50


def test_a_block_stops_one_rate_class_of_one_account(store, put, claim, done):
    put(3)
    put(account="other")
    limits = {LANE: Limit(None), ("other", "messages"): Limit(None)}
    [job] = [job for job in claim(2, limits=limits).jobs if job.account == "default"]
    store.queue.complete([done(job, Status.RETRYING, "retry", due_in_s=60.0, block_s=60.0, status_code=429)])
    claimed = claim(5, limits=limits)
    assert [job.account for job in claimed.jobs if job.account == "default"] == []
    assert 0 < claimed.again_in_s <= 60
    [state] = [each for each in store.accounts.states() if each.account == "default"]
    assert state.lanes[0].blocked_until > datetime.now(UTC) + timedelta(seconds=50)


def test_a_shorter_block_does_not_end_a_longer_one(store, put, claim, done):
    put(3)
    jobs = claim(2).jobs
    store.queue.complete([done(jobs[0], block_s=60.0)])
    store.queue.complete([done(jobs[1], block_s=1.0)])
    assert claim().again_in_s > 50


# -- circuits


@pytest.fixture
def fail(store, put, claim, done):
    """Lets so many attempts fail, one after the other."""

    def run(count):
        put(count)
        for job in claim(count).jobs:
            store.queue.complete([done(job, Status.FAILED, "failed", healthy=False, status_code=503)])

    return run


def circuit(store):
    return store.accounts.states()[0]


def test_a_circuit_opens_after_ten_failures_in_a_row_and_not_before(store, put, claim, fail):
    fail(9)
    assert circuit(store).circuit == "closed"
    fail(1)
    state = circuit(store)
    assert (state.circuit, state.failures) == ("open", 10)
    put(1)
    assert claim().jobs == []


def test_one_good_answer_starts_the_count_anew(store, put, claim, done, fail):
    fail(9)
    put(1)
    store.queue.complete([done(claim(1).jobs[0])])
    fail(9)
    assert circuit(store).circuit == "closed"


def test_after_the_pause_one_delivery_tries_and_its_answer_closes_the_circuit(store, put, claim, done, fail):
    fail(10)
    put(5)
    _let_the_pause_end(store)
    [probe] = claim(5).jobs
    assert circuit(store).circuit == "half-open"
    assert claim(5, worker="w2").jobs == []
    assert store.queue.complete([done(probe)])["default"].open_until is None
    assert circuit(store).circuit == "closed"
    assert len(claim(5).jobs) == 4


def test_a_try_that_fails_makes_the_next_pause_twice_as_long(store, put, claim, done, fail):
    fail(10)
    put(5)
    _let_the_pause_end(store)
    [probe] = claim(5).jobs
    changed = store.queue.complete([done(probe, Status.RETRYING, "retry", healthy=False, due_in_s=0.0)])
    assert (changed["default"].trips, circuit(store).circuit) == (2, "open")
    with store.database.read() as connection:
        pause = changed["default"].open_until - store.database.now(connection)
    assert 5_000 < pause <= 10_000


def _let_the_pause_end(store):
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE circuits SET open_until = open_until - 1000000")
