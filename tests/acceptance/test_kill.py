"""`kill -9` at random moments: what was acknowledged is kept, and each guarantee is kept."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.acceptance.harness import Stack, kill9, until

pytestmark = pytest.mark.timeout(180)


def post_many(stack: Stack, template: str, count: int, threads: int = 8) -> list[str]:
    """Ids that were acknowledged; a call that got no answer is tried again under its own key, as a flow would."""

    def post(number: int) -> str:
        def once() -> str | None:
            context = {"to": "+12025550143", "name": f"{template} {number}"}
            answer = stack.hook(template, context, headers={"Idempotency-Key": f"{template}-{number}"})
            return answer.json()["id"] if answer.status_code == 202 else None

        return str(until(once, seconds=60, what=f"an answer to {template} {number}"))

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(post, range(count)))


def test_killing_the_web_processes_loses_nothing_that_was_acknowledged(make_stack):
    stack = make_stack()
    stack.emulator()
    web = stack.web()
    stack.worker()
    stack.key()
    acknowledged: set[str] = set()
    done = threading.Event()

    def flow(number: int) -> None:
        session = requests.Session()
        session.headers.update(stack.session.headers)
        turn = 0
        while not done.is_set():
            turn += 1
            body = {"to": "+12025550143", "name": f"{number} {turn}"}
            try:
                answer = session.post(f"{stack.url}/v1/hooks/offer", json=body, timeout=5)
            except requests.RequestException:
                continue
            if answer.status_code == 202:
                acknowledged.add(answer.json()["id"])

    flows = [threading.Thread(target=flow, args=(number,)) for number in range(4)]
    for each in flows:
        each.start()
    for _ in range(3):
        wanted = len(acknowledged) + random.randint(20, 60)
        until(lambda wanted=wanted: len(acknowledged) >= wanted, what="some acknowledged hooks")
        kill9(web)
        web = stack.web()
    done.set()
    for each in flows:
        each.join(20)
    assert stack.drained(90).keys() <= {"accepted", "unknown"}
    arrived = Counter(each["request_id"] for each in stack.arrived())
    assert acknowledged <= set(arrived)
    assert max(arrived.values()) == 1


def test_killing_the_worker_never_sends_twice_at_most_once_and_never_leaves_one_unsent_at_least_once(make_stack):
    stack = make_stack(BURGEE_READ_TIMEOUT="5")
    stack.emulator()
    stack.fault(delay=0.05, times=None)  # so that requests are under way whenever the worker dies
    stack.web()
    worker = stack.worker()
    stack.key()
    with ThreadPoolExecutor(2) as pool:
        offers = pool.submit(post_many, stack, "offer", 150)
        receipts = pool.submit(post_many, stack, "receipt", 150)
        for _ in range(3):
            wanted = len(stack.arrived()) + random.randint(20, 50)
            until(lambda wanted=wanted: len(stack.arrived()) >= wanted, what="some requests")
            kill9(worker)
            worker = stack.worker()
        offered, received = set(offers.result()), set(receipts.result())
    stack.drained(90)
    arrived = Counter(each["request_id"] for each in stack.arrived())
    assert all(arrived[id] <= 1 for id in offered), "a message with at-most-once arrived twice"
    assert all(arrived[id] >= 1 for id in received), "a message with at-least-once never arrived"
    ends = {id: stack.delivery(id)["status"] for id in offered | received}
    assert {ends[id] for id in received} == {"accepted"}
    assert {ends[id] for id in offered} <= {"accepted", "unknown"}
    assert all(arrived[id] == 1 for id in offered if ends[id] == "accepted")


def test_a_worker_that_dies_is_noticed_by_another_that_runs(make_stack):
    stack = make_stack(BURGEE_READ_TIMEOUT="20")
    stack.emulator()
    stack.fault(hang=True, times=1)
    stack.web()
    first = stack.worker()
    stack.key()
    id = stack.hook("offer", {"to": "+12025550143", "name": "Ada"}).json()["id"]
    until(lambda: len(stack.arrived()) == 1, what="the request")
    stack.worker()
    kill9(first)
    found = stack.settled(id, seconds=10)  # long before the lease or the read timeout would end
    assert found["status"] == "unknown"
    assert len(stack.arrived()) == 1
