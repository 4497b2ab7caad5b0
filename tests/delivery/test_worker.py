"""Workers carry each delivery to its vendor once, at the right pace, and leave nothing half done."""

import json
import os
import signal
import threading

import pytest
from structlog.testing import capture_logs

from service.delivery import replay, worker
from service.errors import Conflict
from service.model import Account, Guarantee, Status
from service.store import circuits


@pytest.fixture
def put(store, new_delivery, account):
    """Keeps deliveries for the account `default` and answers their ids."""

    def keep(count=1, **facts):
        made = [new_delivery(**facts) for _ in range(count)]
        store.deliveries.insert_many(made)
        return [each.id for each in made]

    return keep


@pytest.fixture
def comes_to(store, until):
    """Waits until a delivery has one of these statuses."""

    def wait(id, *statuses):
        until(lambda: store.deliveries.status(id) in statuses)
        return store.deliveries.get(id)

    return wait


def open_ones(store):
    counts = store.deliveries.counts()
    return counts.waiting + counts.by_status[Status.SENDING]


# -- what becomes of an answer


def test_the_very_bytes_arrive_with_the_bearer_and_the_answer_is_kept(store, put, vendor, start_worker, comes_to):
    vendor.answer = lambda body: (202, {"X-Request-Id": "7"}, b'{"ok":true}')
    payload = b'{"to":"+12025550143", "body": "It\'s <b>&amp;</b>"}'  # spaces and all
    [id] = put(payload=payload)
    start_worker()
    comes_to(id, Status.ACCEPTED)
    [(_, path, headers, body)] = vendor.arrived
    assert (path, body) == ("/v1/text/send", payload)
    assert headers["Authorization"] == "Bearer sesame"  # S1-23
    assert headers["X-Request-Id"] == id
    [attempt] = store.deliveries.attempts(id)
    assert (attempt.outcome, attempt.status_code, attempt.body) == ("accepted", 202, '{"ok":true}')
    assert attempt.headers["x-request-id"] == "7"
    assert attempt.duration_ms > 0
    assert attempt.meaning.startswith("Attentive ")


def test_what_the_vendor_refuses_is_refused_in_its_own_words(store, put, vendor, start_worker, comes_to):
    vendor.answer = lambda body: (400, {}, b'{"message": "Invalid phone"}')
    [id] = put()
    start_worker()
    kept = comes_to(id, Status.REFUSED)
    assert "Invalid phone" in kept.reason
    assert len(vendor.arrived) == 1


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_legacy_text_says_where_its_token_is_activated(store, put, vendor, start_worker, comes_to, status):
    """S2-27"""
    vendor.answer = lambda body: (status, {}, b"")
    [id] = put(action="attentive.messages.send-legacy", rate_class="messages-legacy")
    start_worker()
    kept = comes_to(id, Status.REFUSED)
    [attempt] = store.deliveries.attempts(id)
    assert "legacyapi@attentivemobile.com" in kept.reason
    assert "legacyapi@attentivemobile.com" in attempt.meaning


def test_a_vendor_in_trouble_is_tried_again_later(store, put, vendor, start_worker, comes_to):
    vendor.answer = lambda body: (503, {}, b"")
    [id] = put()
    start_worker()
    kept = comes_to(id, Status.RETRYING)
    assert kept.due_at > kept.updated_at
    assert kept.reason.startswith("The vendor could not take it (503). Attempt 2 of 8 follows in ")


def test_a_limit_of_the_vendor_rests_the_whole_rate_class_as_long_as_it_asks(store, put, vendor, start_worker, comes_to):
    vendor.answer = lambda body: (429, {"Retry-After": "60"}, b"")
    [id] = put()
    start_worker(senders=1)
    kept = comes_to(id, Status.RETRYING)
    assert (kept.due_at - kept.updated_at).total_seconds() >= 60
    [other] = put()
    [state] = store.accounts.states()
    assert (state.lanes[0].blocked_until - kept.updated_at).total_seconds() >= 59
    assert store.deliveries.status(other) is Status.QUEUED
    assert len(vendor.arrived) == 1


@pytest.mark.parametrize(
    ("guarantee", "status"),
    [(Guarantee.AT_MOST_ONCE, Status.UNKNOWN), (Guarantee.AT_LEAST_ONCE, Status.RETRYING)],
)
def test_a_vendor_that_takes_it_and_hangs(store, put, vendor, start_worker, comes_to, guarantee, status):
    vendor.gate.clear()
    [id] = put(guarantee=guarantee)
    start_worker(read_timeout=0.2)
    kept = comes_to(id, status)
    assert kept.reason.startswith("No answer within 0.2 s.")
    assert len(vendor.arrived) == 1


@pytest.mark.parametrize("guarantee", list(Guarantee))
def test_a_vendor_that_cannot_be_reached_has_got_nothing_so_it_is_tried_again(
    store, put, account, start_worker, comes_to, guarantee
):
    store.accounts.put(
        Account(name="default", destination="attentive", base_url="http://127.0.0.1:9", token_from="stored"), "sesame"
    )
    [id] = put(guarantee=guarantee)
    start_worker()
    assert comes_to(id, Status.RETRYING).reason.startswith("Connection refused.")


def test_what_has_expired_is_not_sent(store, put, vendor, start_worker, comes_to):
    [late], [timely] = put(expires_in=0), put(expires_in=3600)
    start_worker()
    comes_to(timely, Status.ACCEPTED)
    kept = comes_to(late, Status.EXPIRED)
    assert kept.decision["rule"] == "expired"
    assert len(vendor.arrived) == 1


def test_a_fault_while_sending_is_treated_as_if_the_request_may_have_left(
    store, put, vendor, start_worker, comes_to, monkeypatch
):
    def break_down(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr("service.destinations._http.Sender.send", break_down)
    [id] = put()
    start_worker()
    assert "It may have arrived" in comes_to(id, Status.UNKNOWN).reason


def test_an_action_that_this_version_does_not_know_fails_and_says_so(store, put, start_worker, comes_to):
    [id] = put(action="attentive.gone")
    start_worker()
    assert "attentive.gone" in comes_to(id, Status.FAILED).reason


# -- accounts


def test_an_account_without_its_token_waits_and_goes_on_when_it_is_there(
    store, put, vendor, start_worker, comes_to, monkeypatch
):
    monkeypatch.setattr("service.delivery.routes.FRESH_S", 0.05)
    account = Account(name="late", destination="attentive", base_url=vendor.url, token_from="env:BURGEE_TEST_LATE_TOKEN")
    store.accounts.put(account)
    [waits], [goes] = put(account="late"), put()
    with capture_logs() as lines:
        start_worker()
        comes_to(goes, Status.ACCEPTED)
    assert [line["hint"] for line in lines if line["event"] == "account cannot be used"] == ["Set BURGEE_TEST_LATE_TOKEN."]
    assert store.deliveries.status(waits) is Status.QUEUED
    monkeypatch.setenv("BURGEE_TEST_LATE_TOKEN", "sesame")
    comes_to(waits, Status.ACCEPTED)


def test_a_new_token_is_used_without_a_restart(store, put, account, vendor, start_worker, comes_to, monkeypatch):
    monkeypatch.setattr("service.delivery.routes.FRESH_S", 0.0)
    start_worker()
    comes_to(*put(), Status.ACCEPTED)
    store.accounts.put(account, "sesame-2")
    comes_to(*put(), Status.ACCEPTED)
    assert [headers["Authorization"] for _, _, headers, _ in vendor.arrived] == ["Bearer sesame", "Bearer sesame-2"]


# -- pace


@pytest.mark.parametrize("start", ["start_worker", "start_process"])
def test_three_workers_together_keep_to_one_limit(store, put, vendor, request, start, until):
    limits = {"messages": 40}
    store.accounts.put(
        Account(name="default", destination="attentive", base_url=vendor.url, token_from="stored", limits=limits), "sesame"
    )
    ids = put(90)
    for _ in range(3):
        request.getfixturevalue(start)()
    until(lambda: open_ones(store) == 0)
    assert len(vendor.arrived) == len(ids)
    assert vendor.most_in_a_second() <= 40


def test_many_workers_send_each_delivery_once(store, put, vendor, start_worker, until):
    for number in range(100):
        put(payload=json.dumps({"number": number}).encode())
    for _ in range(3):
        start_worker()
    until(lambda: open_ones(store) == 0)
    assert sorted(json.loads(body)["number"] for body in vendor.bodies()) == list(range(100))


def test_a_vendor_that_is_down_is_left_alone_and_found_again_when_it_is_back(
    store, account, put, vendor, start_worker, until, monkeypatch
):
    monkeypatch.setattr(circuits, "FIRST_PAUSE_MS", 100)
    vendor.answer = lambda body: (500, {}, b"")
    put(30, priority=1)
    start_worker(senders=1)
    until(lambda: store.accounts.states()[0].circuit != "closed")
    tried = len(vendor.arrived)
    vendor.answer = lambda body: (200, {}, b"")
    until(lambda: not {Status.QUEUED, Status.SENDING} & {each.status for each in store.deliveries.search().items})
    assert store.accounts.states()[0].circuit == "closed"
    assert tried < 30
    assert store.deliveries.counts().by_status[Status.ACCEPTED] >= 30 - tried


# -- wake-ups


def test_an_idle_worker_hears_of_new_work_without_polling(put, start_worker, comes_to, monkeypatch):
    monkeypatch.setattr(worker, "POLL_S", 600.0)
    started = start_worker()
    comes_to(*put(), Status.ACCEPTED)  # it has run dry now
    comes_to(*put(), Status.ACCEPTED)
    monkeypatch.setattr(worker, "POLL_S", 0.1)
    put()
    started.stop()


def test_a_retry_is_found_when_its_time_has_come(store, put, vendor, start_worker, comes_to, monkeypatch):
    monkeypatch.setattr("service.delivery.retry.SCHEDULE.__class__.delay_s", lambda *_: 0.2)
    answers = iter([503, 503])
    vendor.answer = lambda body: (next(answers, 200), {}, b"")
    [id] = put()
    start_worker()
    assert comes_to(id, Status.ACCEPTED).attempts_made == 3


def test_a_heap_of_expired_ones_does_not_hold_up_what_came_after(put, start_worker, comes_to, monkeypatch):
    monkeypatch.setattr(worker, "POLL_S", 5.0)
    put(100, expires_in=0)
    [fresh] = put()
    start_worker(senders=4)
    comes_to(fresh, Status.ACCEPTED)


# -- cancel


def test_what_is_canceled_is_never_sent_and_what_was_sent_cannot_be_canceled(store, put, vendor, start_worker, until):
    ids = {id: json.dumps({"id": number}).encode() for number, id in enumerate(put(60))}
    with store.database.write() as connection:
        for id, payload in ids.items():
            connection.exec_driver_sql(f"UPDATE deliveries SET payload = '{payload.decode()}' WHERE id = '{id}'")
    start_worker(senders=2)
    canceled = set()
    for id in reversed(ids):
        try:
            replay.cancel(store, id)
            canceled.add(id)
        except Conflict:
            pass
    until(lambda: open_ones(store) == 0)
    arrived = set(vendor.bodies())
    assert {id for id, payload in ids.items() if payload in arrived} == set(ids) - canceled
    assert {id for id in ids if store.deliveries.status(id) is Status.CANCELED} == canceled


# -- end and death


def test_a_worker_that_is_told_to_stop_ends_what_it_began_and_gives_back_the_rest(store, put, vendor, start_worker, until):
    vendor.gate.clear()
    ids = put(30)
    started = start_worker(senders=4, read_timeout=20.0)
    until(lambda: len(vendor.arrived) == 4)
    started.stop()
    vendor.gate.set()
    until(lambda: store.deliveries.counts().by_status[Status.SENDING] == 0)
    until(lambda: store.deliveries.counts().by_status[Status.ACCEPTED] == len(vendor.arrived))
    waiting = [store.deliveries.get(id) for id in ids if store.deliveries.status(id) is Status.QUEUED]
    assert len(waiting) == 30 - len(vendor.arrived)
    assert all(each.attempts_made == 0 for each in waiting)


def test_sigterm_ends_a_process_well(store, put, vendor, start_process, until):
    vendor.gate.clear()
    put(5)
    process = start_process(senders=2, read_timeout=20.0)
    until(lambda: len(vendor.arrived) == 2)
    process.send_signal(signal.SIGTERM)
    vendor.gate.set()
    assert process.wait(30) == 0
    counts = store.deliveries.counts().by_status
    assert counts[Status.SENDING] == 0
    assert counts[Status.ACCEPTED] == len(vendor.arrived)
    assert counts[Status.QUEUED] == 5 - len(vendor.arrived)


@pytest.mark.parametrize(
    ("guarantee", "status", "arrivals"),
    [(Guarantee.AT_MOST_ONCE, Status.UNKNOWN, 1), (Guarantee.AT_LEAST_ONCE, Status.ACCEPTED, 2)],
)
def test_what_a_killed_worker_was_sending_is_decided_by_the_guarantee_long_before_its_lease_ends(
    store, put, vendor, start_process, start_worker, comes_to, until, guarantee, status, arrivals
):
    vendor.gate.clear()
    [id] = put(guarantee=guarantee)
    process = start_process(read_timeout=30.0)  # so the lease is 70 s
    until(lambda: vendor.arrived)
    start_worker()
    assert store.deliveries.status(id) is Status.SENDING  # a living worker is left alone
    os.kill(process.pid, signal.SIGKILL)
    vendor.gate.set()
    kept = comes_to(id, status)
    assert len(vendor.arrived) == arrivals
    first = store.deliveries.attempts(id)[0]
    assert first.meaning.startswith("The worker stopped before the answer came.")
    assert kept.attempts_made == arrivals


def test_a_worker_survives_the_loss_of_all_its_connections(store, put, vendor, start_worker, until, request):
    if store.database.is_sqlite:
        pytest.skip("a file has no connections to lose")
    put(40)
    start_worker(senders=2)
    until(lambda: len(vendor.arrived) > 5)
    with store.database.write() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    until(lambda: open_ones(store) == 0)
    counts = store.deliveries.counts().by_status
    assert counts[Status.ACCEPTED] + counts[Status.UNKNOWN] == 40
    assert len(vendor.arrived) <= 40


def test_a_worker_may_start_before_the_database_can_be_used(make_store, actions, tmp_path, until):
    store = make_store()  # without tables
    started = worker.Worker(store, actions, store.settings)
    thread = threading.Thread(target=started.run)
    with capture_logs() as lines:
        thread.start()
        until(lambda: any(line["event"] == "database unavailable" for line in lines))
    started.stop()
    thread.join()


def test_an_outcome_that_cannot_be_kept_whole_is_kept_without_the_vendors_words(
    store, put, vendor, start_worker, comes_to, monkeypatch
):
    monkeypatch.setattr("service.store.queue.keepable", lambda text: text)
    vendor.answer = lambda body: (200, {}, b"\xed\xa0\xbd" if b"bad" in body else b"{}")
    monkeypatch.setattr("service.destinations._http.Sender._clean", lambda self, text: text + "\ud83d" * ("\ufffd" in text))
    ids = [*put(3), *put(payload=b"bad")]
    start_worker()
    for id in ids:
        comes_to(id, Status.ACCEPTED)
    assert store.deliveries.attempts(ids[-1])[0].body is None


# -- telemetry


def test_every_attempt_leaves_one_wide_line_without_personal_data(put, vendor, start_worker, comes_to, until):
    [id] = put(recipient="+12025550143", version=3)
    with capture_logs() as lines:
        start_worker()
        comes_to(id, Status.ACCEPTED)
        [line] = until(lambda: [line for line in lines if line["event"] == "attempt"])
    assert line["delivery"] == id
    assert (line["account"], line["action"], line["template"]) == ("default", "attentive.messages.send", "welcome")
    assert (line["version"], line["status"], line["outcome"], line["attempt"]) == (3, "accepted", "accepted", 1)
    assert (line["status_code"], line["worker"][:4]) == (200, "wrk_")
    assert line["duration_ms"] > 0
    assert not any(secret in str(lines) for secret in ("2025550143", "Hi", "sesame"))
