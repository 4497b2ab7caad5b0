"""A plan does one thing after another, each once, and says where it stands and why."""

import json
import os
import signal
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.delivery import plans, replay
from service.delivery.accept import Intake
from service.delivery.plans import Plans
from service.delivery.wait import wait_for
from service.errors import Conflict
from service.model import Guarantee, Key, Policy, Scope, Status, Step, TemplateSource, new_id
from service.store.buckets import Limit
from service.store.queue import Done, Ending

ASK = """{ "phone": "{{ phone }}" }"""
SUBSCRIBE = """{% if steps.eligibility.answer.subscribed %}{{ suppress("already subscribed") }}{% endif %}
{ "user": { "phone": "{{ steps.eligibility.payload.phone }}" }, "signUpSourceId": "900100" }"""
WELCOME = """{ "to": "{{ phone }}", "body": "Welcome {{ name }}", "subscriptionType": "MARKETING" }"""
CONTEXT = {"phone": "+12025550143", "name": "Ada"}
LANES = ("eligibility", "subscriptions", "messages")
FLOW = Key(
    id="key_1",
    name="flow",
    scopes=frozenset({Scope.HOOKS}),
    templates=frozenset(),
    prefix="bgk_",
    created_at=None,
    last_used_at=None,
    revoked_at=None,
)


def plan(**changes):
    """Eligibility, then subscribe unless subscribed, then welcome."""
    made = {
        "name": "checkout",
        "title": "Checkout",
        "action": "attentive.subscriptions.eligibility",
        "account": "default",
        "dialect": "jinja",
        "source": ASK,
        "step": "eligibility",
        "then": (
            Step(name="subscribe", action="attentive.subscriptions.create", source=SUBSCRIBE),
            Step(name="welcome", action="attentive.messages.send", source=WELCOME),
        ),
    }
    return TemplateSource(**(made | changes))


@pytest.fixture
def intake(store, actions, preparer):
    return Intake(store.settings, actions, store, preparer)


@pytest.fixture
def hook(store, intake):
    """Pushes a plan, and calls its hook."""

    def call(context=CONTEXT, *, key=None, **changes):
        store.templates.push(plan(**changes))
        intake.changed()
        return intake.hook("checkout", context, FLOW, key)

    return call


@pytest.fixture
def vendor_knows(vendor):
    """Tells the vendor whether the person is subscribed, and what to answer at other paths."""

    def tell(subscribed, **answers):
        def answer(body):
            path = urlsplit(vendor.arrived[-1][1]).path
            word = {"/v1/subscriptions": "subscriptions", "/v1/text/send": "messages"}[path]
            if word == "subscriptions" and not body:
                word = "eligibility"
            usual = json.dumps({"subscribed": subscribed}).encode()
            return answers.get(word, (200, {}, usual if word == "eligibility" else b"{}"))

        vendor.answer = answer

    return tell


def told(store, id):
    """Step and status of every delivery of a plan, in order."""
    return [(each.step, each.status.value) for each in store.deliveries.of_plan(id)]


def at_rest(store, id):
    kept = store.deliveries.of_plan(id)
    story = plans.story(store, kept[-1])
    return not any(each.status in (Status.QUEUED, Status.SENDING, Status.RETRYING) for each in kept) and story


# -- one after another


def test_each_step_is_a_delivery_that_sees_the_answers_before_it(
    store, account, hook, vendor, vendor_knows, start_worker, until
):
    vendor_knows(subscribed=False)
    first = hook()
    start_worker()
    story = until(lambda: at_rest(store, first.id))
    assert told(store, first.id) == [("eligibility", "accepted"), ("subscribe", "accepted"), ("welcome", "accepted")]
    assert story.said == "All 3 steps were accepted."
    ask, subscribe, welcome = vendor.arrived
    assert parse_qs(urlsplit(ask[1]).query) == {"phone": ["+12025550143"]}
    assert ask[3] == b""
    assert json.loads(subscribe[3])["user"] == {"phone": "+12025550143"}
    assert json.loads(welcome[3])["body"] == "Welcome Ada"
    kept = store.deliveries.of_plan(first.id)
    assert [each.guarantee for each in kept] == [Guarantee.AT_LEAST_ONCE, Guarantee.AT_MOST_ONCE, Guarantee.AT_MOST_ONCE]
    assert {each.plan for each in kept} == {first.id}
    assert json.loads(store.deliveries.get(kept[2].id).context) == CONTEXT


def test_a_step_that_sends_nothing_ends_the_plan_with_its_reason(
    store, account, hook, vendor, vendor_knows, start_worker, until
):
    vendor_knows(subscribed=True)
    first = hook()
    start_worker()
    story = until(lambda: at_rest(store, first.id))
    assert told(store, first.id) == [("eligibility", "accepted"), ("subscribe", "suppressed")]
    assert story.said == (
        "It ended at step 2 of 3 (subscribe), which was suppressed: already subscribed. Nothing after it was sent."
    )
    assert [each.delivery is None for each in story.stages] == [False, False, True]
    assert len(vendor.arrived) == 1


@pytest.mark.parametrize("answer", [b"", b"nothing", b"{}", b"[1]", b'{"subscribed": NaN}', b"\xff", b'{"a":' * 80])
def test_an_answer_that_lacks_what_a_step_needs_rejects_it_and_sends_nothing_on_a_guess(
    store, account, hook, vendor, vendor_knows, start_worker, until, answer
):
    vendor_knows(subscribed=False, eligibility=(200, {}, answer))
    first = hook()
    start_worker()
    story = until(lambda: at_rest(store, first.id))
    assert told(store, first.id) == [("eligibility", "accepted"), ("subscribe", "rejected")]
    assert "steps.eligibility.answer" in story.said
    assert len(vendor.arrived) == 1


def test_a_refused_step_stops_the_plan_and_the_story_says_at_which_and_why(
    store, account, hook, vendor, vendor_knows, start_worker, until
):
    vendor_knows(subscribed=False, subscriptions=(400, {}, b'{"message": "no such source"}'))
    first = hook()
    start_worker()
    story = until(lambda: at_rest(store, first.id))
    assert told(store, first.id) == [("eligibility", "accepted"), ("subscribe", "refused")]
    assert story.said.startswith("It ended at step 2 of 3 (subscribe), which was refused:")
    assert "no such source" in story.said


def test_a_longer_answer_than_others_keep_is_seen_by_later_steps(store, account, hook, vendor_knows, start_worker, until):
    long = json.dumps({"filler": "x" * 50_000, "subscribed": True}).encode()
    vendor_knows(subscribed=False, eligibility=(200, {}, long))
    first = hook()
    start_worker()
    until(lambda: at_rest(store, first.id))
    assert told(store, first.id)[-1] == ("subscribe", "suppressed")


def test_a_hook_whose_first_step_sends_nothing_begins_no_plan(store, account, hook):
    first = hook(source='{% if name %}{{ suppress("not today") }}{% endif %}' + ASK)
    assert (first.status, first.reason) == (Status.SUPPRESSED, "not today")
    assert told(store, first.id) == [("eligibility", "suppressed")]


def test_the_idempotency_key_is_that_of_the_whole_plan(store, account, hook, vendor, vendor_knows, start_worker, until):
    vendor_knows(subscribed=False)
    first = hook(key="order-1")
    start_worker()
    until(lambda: at_rest(store, first.id))
    again = hook(key="order-1")
    assert (again.id, again.replayed) == (first.id, True)
    assert len(vendor.arrived) == 3


def test_a_wait_is_for_the_end_of_the_plan(store, account, hook, vendor_knows, start_worker):
    vendor_knows(subscribed=True)
    first = hook()
    start_worker()
    found = wait_for(store, first.id, 20)
    assert (found.step, found.status, found.reason) == ("subscribe", Status.SUPPRESSED, "already subscribed")


def test_a_template_with_one_action_has_no_plan(store, account, hook, vendor_knows, start_worker):
    vendor_knows(subscribed=True)
    first = hook(step=None, then=())
    start_worker()
    found = wait_for(store, first.id, 20)
    assert (found.plan, found.step, found.status) == (None, None, Status.ACCEPTED)
    assert plans.story(store, found) is None


def test_a_step_expires_counted_from_the_hook(store, account, hook, preparer):
    steps = tuple(
        Step(name=each.name, action=each.action, source=each.source, policy=Policy(expires_after_s=60))
        for each in plan().then
    )
    first = hook(then=steps)
    with store.database.write() as connection:
        connection.exec_driver_sql(
            f"UPDATE deliveries SET created_at = created_at - 50000, expires_at = NULL WHERE id = '{first.id}'"
        )
    made = Plans(store, preparer).next(first.id, '{"subscribed": false}')
    assert 5 < made.expires_in <= 10


# -- what people do


class Bench:
    """Does by hand what a worker does, so that a test may stop anywhere."""

    def __init__(self, store, preparer):
        self.store = store
        self.plans = Plans(store, preparer)
        self.sent = []

    def claim(self):
        limits = {("default", lane): Limit(None) for lane in LANES}
        return self.store.queue.claim("w1", limits, 10, lease_s=30.0, check=lambda *_: None).jobs

    def done(self, job, status=Status.ACCEPTED, body='{"subscribed": false}'):
        ending = Ending(status=status, outcome=status.value, reason="So it is.")
        then = self.plans.next(job.id, body) if status is Status.ACCEPTED and job.plan else None
        return Done(job=job, ending=ending, status_code=200, body=body, then=then)

    def work(self, *statuses):
        """The next due delivery comes to each of these in turn."""
        for status in statuses:
            [job] = self.claim()
            self.store.queue.complete([self.done(job, status)])


@pytest.fixture
def bench(store, preparer, account):
    return Bench(store, preparer)


def test_settling_an_unknown_step_as_accepted_goes_on(store, hook, bench, preparer):
    first = hook()
    bench.work(Status.ACCEPTED, Status.UNKNOWN)
    unknown = store.deliveries.of_plan(first.id)[-1]
    assert plans.story(store, unknown).said.startswith("It waits at step 2 of 3 (subscribe).")
    assert bench.claim() == []
    replay.settle(store, preparer, unknown.id, Status.ACCEPTED)
    assert told(store, first.id)[-1] == ("welcome", "queued")


def test_settling_an_unknown_step_as_refused_ends_the_plan(store, hook, bench, preparer):
    first = hook()
    bench.work(Status.ACCEPTED, Status.UNKNOWN)
    replay.settle(store, preparer, store.deliveries.of_plan(first.id)[-1].id, Status.REFUSED)
    assert told(store, first.id) == [("eligibility", "accepted"), ("subscribe", "refused")]
    assert bench.claim() == []


def test_a_step_that_was_settled_has_no_answer_for_later_ones(store, hook, bench, preparer):
    first = hook()
    bench.work(Status.UNKNOWN)
    replay.settle(store, preparer, first.id, Status.ACCEPTED)
    assert told(store, first.id)[-1] == ("subscribe", "rejected")


def test_replaying_a_step_that_was_refused_goes_on_from_there(store, hook, bench):
    first = hook()
    bench.work(Status.ACCEPTED, Status.REFUSED)
    again = replay.one(store, store.deliveries.of_plan(first.id)[-1].id)
    assert (again.plan, again.step) == (first.id, "subscribe")
    bench.work(Status.ACCEPTED, Status.ACCEPTED)
    assert told(store, first.id)[2:] == [("subscribe", "accepted"), ("welcome", "accepted")]
    assert plans.story(store, store.deliveries.get(first.id)).said == "All 3 steps were accepted."


def test_replaying_an_accepted_step_sends_it_alone(store, hook, bench):
    first = hook()
    bench.work(Status.ACCEPTED, Status.ACCEPTED, Status.ACCEPTED)
    replay.one(store, first.id)
    bench.work(Status.ACCEPTED)
    assert [step for step, _ in told(store, first.id)] == ["eligibility", "subscribe", "welcome", "eligibility"]
    assert bench.claim() == []


def test_a_rejected_step_is_rendered_again_by_the_version_that_is_live_then(store, hook, bench, intake):
    first = hook()
    [job] = bench.claim()
    store.queue.complete([bench.done(job, body="{}")])
    rejected = store.deliveries.get(store.deliveries.of_plan(first.id)[-1].id)
    assert rejected.status is Status.REJECTED
    mended = plan().then[0].source.replace(".subscribed", ".subscribed | default(false)")
    store.templates.push(plan(then=(Step(name="subscribe", action=plan().then[0].action, source=mended), plan().then[1])))
    again = intake.step_again(rejected)
    assert (again.status, again.version) == (Status.QUEUED, 2)
    bench.work(Status.ACCEPTED, Status.ACCEPTED)
    assert told(store, first.id)[-2:] == [("subscribe", "accepted"), ("welcome", "accepted")]


def test_a_rejected_step_that_the_live_version_does_not_have_says_so(store, hook, bench, intake):
    first = hook()
    [job] = bench.claim()
    store.queue.complete([bench.done(job, body="{}")])
    rejected = store.deliveries.get(store.deliveries.of_plan(first.id)[-1].id)
    store.templates.push(plan(step=None, then=()))
    with pytest.raises(Conflict, match="subscribe"):
        intake.step_again(rejected)


def test_canceling_a_step_ends_the_plan(store, hook, bench):
    first = hook()
    bench.work(Status.ACCEPTED)
    replay.cancel(store, store.deliveries.of_plan(first.id)[-1].id)
    assert bench.claim() == []
    assert "which was canceled" in plans.story(store, store.deliveries.get(first.id)).said


# -- crashes and races


def test_an_outcome_that_is_kept_twice_goes_on_once(store, hook, bench):
    first = hook()
    [job] = bench.claim()
    done, other = bench.done(job), bench.done(job)
    store.queue.complete([done])
    store.queue.complete([done])
    store.queue.complete([other])
    assert told(store, first.id) == [("eligibility", "accepted"), ("subscribe", "queued")]


def test_an_answer_that_comes_too_late_moves_no_plan(store, hook, bench, preparer):
    first = hook()
    [job] = bench.claim()
    late = bench.done(job)
    store.queue.complete([bench.done(job, Status.UNKNOWN)])
    replay.settle(store, preparer, first.id, Status.REFUSED)
    store.queue.complete([late])
    assert told(store, first.id) == [("eligibility", "refused")]


def test_a_version_that_is_published_meanwhile_does_not_tear_a_plan_in_two(store, hook, bench):
    first = hook()
    store.templates.push(plan(then=plan().then[1:]))
    bench.work(Status.ACCEPTED, Status.ACCEPTED, Status.ACCEPTED)
    assert [each.version for each in store.deliveries.of_plan(first.id)] == [1, 1, 1]


def test_a_worker_that_is_killed_between_steps_leaves_a_plan_that_goes_on(
    store, account, hook, vendor, vendor_knows, start_process, until
):
    vendor_knows(subscribed=False)
    first = hook()
    for _ in range(3):
        arrived = len(vendor.arrived)
        process = start_process()
        until(lambda arrived=arrived: len(vendor.arrived) > arrived or at_rest(store, first.id))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    start_process()
    story = until(lambda: at_rest(store, first.id))
    statuses = dict(told(store, first.id))
    assert statuses["eligibility"] == "accepted"
    paths = [(urlsplit(path).path, bool(body)) for _, path, _, body in vendor.arrived]
    assert paths.count(("/v1/subscriptions", True)) <= 1
    assert paths.count(("/v1/text/send", True)) <= 1
    assert statuses.get("subscribe") in ("accepted", "unknown")
    assert story.said


ENDS = st.sampled_from([Status.ACCEPTED, Status.ACCEPTED, Status.REFUSED, Status.UNKNOWN, Status.FAILED, None])
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("work"), ENDS),
        st.tuples(st.sampled_from(["settle", "replay", "cancel", "late", "twice"]), st.integers(0, 9)),
    ),
    max_size=25,
)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=DEEDS)
def test_whatever_happens_no_step_is_made_before_the_one_before_was_accepted_and_none_twice(
    store, account, intake, preparer, deeds
):
    store.templates.push(plan())
    intake.changed()
    with store.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM deliveries")
    first = intake.hook("checkout", CONTEXT, FLOW, new_id("key"))
    bench = Bench(store, preparer)
    history = []
    for deed, what in deeds:
        kept = store.deliveries.of_plan(first.id)
        one = kept[what % len(kept)].id if isinstance(what, int) else None
        try:
            if deed == "work":
                for job in bench.claim():
                    if what is None:  # the worker dies: nothing was kept
                        store.queue.reclaim("w1", lambda *_: Ending(status=Status.UNKNOWN, outcome="unknown", reason="dead"))
                    else:
                        history.append(bench.done(job, what))
                        store.queue.complete(history[-1:])
            elif deed == "settle":
                replay.settle(store, preparer, one, Status.ACCEPTED)
            elif deed == "replay":
                replay.one(store, one)
            elif deed == "cancel":
                replay.cancel(store, one)
            elif history:
                store.queue.complete([history[what % len(history)]])
        except Conflict:
            continue
        check(store.deliveries.of_plan(first.id))


def check(kept):
    order = ["eligibility", "subscribe", "welcome"]
    own = [each.step for each in kept if each.replay_of is None]
    assert len(own) == len(set(own))  # a plan makes each step once; only people send one again
    for each in kept:
        before = order.index(each.step) - 1
        assert before < 0 or any(other.step == order[before] and other.status is Status.ACCEPTED for other in kept), [
            (other.step, other.status) for other in kept
        ]
