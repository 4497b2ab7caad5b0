"""What was accepted is kept; what is repeated is answered as the first time; what cannot be sent is kept and shown."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from typing import Any

import pytest

from service import strictjson
from service.actions import Actions
from service.delivery.accept import LONGEST_KEY, Intake, Remembered
from service.delivery.prepare import Preparer
from service.errors import Forbidden, IdempotencyMismatch, NotFound, NotReadable, Unavailable
from service.model import Account, Guarantee, Key, Policy, Scope, Status, TemplateSource, Version
from service.settings import Settings, packaged
from service.store import Store

ACTIONS = Actions.load(packaged("schemas"))
SEND = "attentive.messages.send"
HELLO = """{% if not to %}{{ suppress("no phone number") }}{% endif %}
{ "to": "{{ to }}", "body": "Hello {{ name }}", "subscriptionType": "MARKETING" }"""
ADA = {"to": "+12025550143", "name": "Ada"}


@pytest.fixture
def intake(store: Store) -> Intake:
    store.accounts.put(
        Account(name="default", destination="attentive", base_url="https://vendor.example.com", token_from="env:TOKEN")
    )
    return Intake(store.settings, ACTIONS, store, Preparer(ACTIONS))


@pytest.fixture
def push(store: Store, intake: Intake) -> Callable[..., Version]:
    def made(source: str = HELLO, name: str = "hello", publish: bool = True, **policy: Any) -> Version:
        template = TemplateSource(
            name=name,
            title=name,
            action=SEND,
            account="default",
            dialect="jinja",
            source=source,
            policy=Policy(**policy),
        )
        version = store.templates.push(template, publish=publish)
        intake.changed()
        return version

    made()
    return made


@pytest.fixture
def key(store: Store, push: Any) -> Key:
    return store.keys.create("flow", [Scope.HOOKS])[0]


def test_a_hook_is_kept_with_all_that_it_became(intake, store, key, push):
    accepted = intake.hook("hello", ADA, key)
    assert (accepted.status, accepted.template, accepted.version, accepted.action) == (Status.QUEUED, "hello", 1, SEND)
    kept = store.deliveries.get(accepted.id)
    assert strictjson.read(kept.payload)["body"] == "Hello Ada"
    assert strictjson.read(kept.context) == ADA
    assert (kept.recipient, kept.key, kept.account, kept.target) == ("+12025550143", "flow", "default", "hello")
    assert (kept.guarantee, kept.rate_class) == (Guarantee.AT_MOST_ONCE, "messages")
    assert kept.expires_at is None


def test_the_policy_of_the_template_decides_guarantee_and_expiry(intake, store, key, push):
    push(guarantee=Guarantee.AT_LEAST_ONCE, expires_after_s=3600)
    kept = store.deliveries.get(intake.hook("hello", ADA, key).id)
    assert kept.guarantee is Guarantee.AT_LEAST_ONCE
    assert (kept.expires_at - kept.created_at).total_seconds() == 3600


def test_the_kept_digest_is_that_of_the_dry_run(intake, store, key):
    dry = intake.dry_hook("hello", ADA, key)
    assert store.deliveries.search().items == []
    assert store.deliveries.get(intake.hook("hello", ADA, key).id).digest == dry.digest
    assert dry.sms["segments"] == 1


def test_a_context_without_a_valid_payload_is_kept_as_rejected(intake, store, key):
    accepted = intake.hook("hello", {**ADA, "to": "555"}, key)
    assert accepted.status is Status.REJECTED
    kept = store.deliveries.get(accepted.id)
    assert (kept.status, kept.payload, kept.problems) == (Status.REJECTED, None, accepted.problems)
    assert kept.problems[0].pointer == "/to"
    assert kept.problems[0].line == 2
    assert strictjson.read(kept.context)["to"] == "555"


def test_what_the_template_suppresses_is_kept_with_its_reason(intake, store, key):  # S1-8
    accepted = intake.hook("hello", {"to": "", "name": "Ada"}, key)
    assert (accepted.status, accepted.reason) == (Status.SUPPRESSED, "no phone number")
    assert store.deliveries.get(accepted.id).reason == "no phone number"


def test_a_published_version_is_used_at_once_by_the_process_that_published_it(intake, key, push):
    assert intake.hook("hello", ADA, key).version == 1
    push(HELLO.replace("Hello", "Good day,"))
    assert intake.hook("hello", ADA, key).version == 2


def test_a_template_without_a_live_version_sends_nothing(intake, key, push):  # S1-24
    push(name="draft", publish=False)
    with pytest.raises(NotFound, match="no live version"):
        intake.hook("draft", ADA, key)


def test_an_unknown_template_names_the_nearest(intake, key):
    with pytest.raises(NotFound) as error:
        intake.hook("helo", ADA, key)
    assert "hello" in error.value.hint


def test_a_key_that_is_limited_to_templates_may_use_these_only(intake, store, push):
    push(name="other")
    limited = store.keys.create("limited", [Scope.HOOKS], ["hello"])[0]
    assert intake.hook("hello", ADA, limited).status is Status.QUEUED
    with pytest.raises(Forbidden):
        intake.hook("other", ADA, limited)
    with pytest.raises(Forbidden):
        intake.action(SEND, {}, limited)


def test_a_repeated_key_gets_the_first_answer_and_keeps_nothing_more(intake, store, key):
    first, second = (intake.hook("hello", ADA, key, "order-1") for _ in range(2))
    assert (second.id, second.status, second.version) == (first.id, first.status, first.version)
    assert (first.replayed, second.replayed) == (False, True)
    assert len(store.deliveries.search().items) == 1


def test_a_repeated_key_of_a_suppressed_call_repeats_its_reason(intake, key):
    first, second = (intake.hook("hello", {"to": ""}, key, "order-1") for _ in range(2))
    assert second.replayed
    assert (second.id, second.status, second.reason) == (first.id, Status.SUPPRESSED, "no phone number")


def test_the_same_key_with_another_body_is_a_mistake(intake, store, key):
    intake.hook("hello", ADA, key, "order-1")
    with pytest.raises(IdempotencyMismatch):
        intake.hook("hello", {**ADA, "name": "Grace"}, key, "order-1")
    assert len(store.deliveries.search().items) == 1


def test_a_rejected_call_may_be_corrected_under_its_key(intake, key):
    assert intake.hook("hello", {"to": "555", "name": "Ada"}, key, "order-1").status is Status.REJECTED
    assert intake.hook("hello", ADA, key, "order-1").status is Status.QUEUED


def test_a_repeated_call_gets_its_first_answer_even_where_the_template_would_now_reject_it(intake, key, push):
    first = intake.hook("hello", ADA, key, "order-1")
    push('{ "to": "nobody", "body": "Hello", "subscriptionType": "MARKETING" }')
    second = intake.hook("hello", ADA, key, "order-1")
    assert (second.id, second.status, second.version, second.replayed) == (first.id, Status.QUEUED, 1, True)


def test_keys_of_two_templates_do_not_meet(intake, key, push):
    push(name="other")
    assert intake.hook("hello", ADA, key, "order-1").id != intake.hook("other", ADA, key, "order-1").id


def test_many_calls_at_once_with_one_key_become_one_delivery(intake, store, key):
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: intake.hook("hello", ADA, key, "order-1"), range(48)))
    assert len({each.id for each in answers}) == 1
    assert sum(not each.replayed for each in answers) == 1
    assert len(store.deliveries.search().items) == 1


def test_the_templates_own_expression_says_what_is_the_same(intake, store, key, push):
    push(idempotency="{{ event.id }}")
    first = intake.hook("hello", {**ADA, "event": {"id": 7}}, key)
    again = intake.hook("hello", {**ADA, "event": {"id": 7}, "changed": "meanwhile"}, key)
    other = intake.hook("hello", {**ADA, "event": {"id": 8}}, key)
    assert again.id == first.id != other.id
    assert store.deliveries.get(first.id).idempotency_key == "7"


def test_the_callers_key_goes_before_the_templates_own(intake, store, key, push):
    push(idempotency="{{ event.id }}")
    accepted = intake.hook("hello", {**ADA, "event": {"id": 7}}, key, "order-1")
    assert store.deliveries.get(accepted.id).idempotency_key == "order-1"


@pytest.mark.parametrize("event", [{}, {"id": "x" * (LONGEST_KEY + 1)}, {"id": "a\0b"}])
def test_an_expression_without_a_usable_key_is_a_problem_and_nothing_is_sent(intake, key, push, event):
    push(idempotency="{{ event.id }}")
    accepted = intake.hook("hello", {**ADA, "event": event}, key)
    assert accepted.status is Status.REJECTED
    assert accepted.problems


def test_an_expression_that_gives_nothing_makes_no_key(intake, store, key, push):
    push(idempotency="{{ event.id | default('') }}")
    accepted = intake.hook("hello", {**ADA, "event": {}}, key)
    assert store.deliveries.get(accepted.id).idempotency_key is None


@pytest.mark.parametrize("text", ["", "x" * (LONGEST_KEY + 1), "a\nb", "é"])
def test_what_is_no_idempotency_key_is_refused_and_nothing_is_kept(intake, store, key, text):
    with pytest.raises(NotReadable):
        intake.hook("hello", ADA, key, text)
    assert store.deliveries.search().items == []


def test_a_ready_payload_is_kept_with_what_came_and_what_is_sent(intake, store, key):
    accepted = intake.action(SEND, {"to": "+12025550143", "body": "Hi", "subscriptionType": "TRANSACTIONAL"}, key)
    kept = store.deliveries.get(accepted.id)
    assert (kept.status, kept.template, kept.guarantee) == (Status.QUEUED, None, Guarantee.AT_LEAST_ONCE)
    assert "skipFatigue" in strictjson.read(kept.payload)
    assert "skipFatigue" not in strictjson.read(kept.context)


def test_a_ready_payload_needs_an_account_of_the_destination(intake, key):
    with pytest.raises(NotFound) as error:
        intake.action(SEND, {}, key, account="defualt")
    assert "default" in error.value.hint


def test_a_body_that_could_not_be_read_leaves_a_line_in_the_log(intake, store, key):
    body = b'{"name": "Ada",}'
    with pytest.raises(NotReadable) as error:
        strictjson.read(body)
    kept = store.deliveries.get(intake.unreadable("hello", body, error.value, key).id)
    assert kept.status is Status.REJECTED
    assert kept.problems[0].column == 16
    assert strictjson.read(kept.context) == body.decode()


def test_a_version_that_no_longer_compiles_keeps_the_call(intake, store, key, push):
    push('{ "body": "{{ name" }')
    accepted = intake.hook("hello", ADA, key)
    assert accepted.status is Status.REJECTED
    assert store.deliveries.get(accepted.id).context is not None


def test_a_lost_database_is_told_and_nothing_is_claimed(intake, key, monkeypatch):
    def lost(_: Any) -> Any:
        raise Unavailable("The database cannot be used now.")

    monkeypatch.setattr(intake._committer, "_insert_many", lost)
    with pytest.raises(Unavailable):
        intake.hook("hello", ADA, key)


def test_what_is_remembered_is_asked_again_when_it_is_old(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("service.delivery.accept.time.monotonic", lambda: now[0])
    asked = []
    remembered = Remembered(lambda name: asked.append(name) or len(asked))
    assert [remembered.get("a"), remembered.get("a")] == [1, 1]
    now[0] = 1.5
    assert remembered.get("a") == 2
    remembered.forget()
    assert remembered.get("a") == 3


def test_one_caller_asks_again_while_the_others_go_on(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("service.delivery.accept.time.monotonic", lambda: now[0])
    asking, answer = Event(), Event()
    asked = []

    def ask(name: str) -> int:
        asked.append(name)
        if len(asked) > 1:
            asking.set()
            answer.wait(10)
        return len(asked)

    remembered = Remembered(ask)
    remembered.get("a")
    now[0] = 1.5
    slow = Thread(target=remembered.get, args=("a",))
    slow.start()
    assert asking.wait(10)
    assert remembered.get("a") == 1
    answer.set()
    slow.join(10)
    assert remembered.get("a") == 2


def test_what_was_asked_before_a_change_is_not_remembered_after_it():
    remembered: Remembered[str] = Remembered(lambda _: remembered.forget() or "old")
    remembered.get("a")
    assert remembered._kept == {}


def test_unknown_names_are_not_remembered():
    answers = iter([None, "new"])
    remembered = Remembered(lambda _: next(answers))
    assert [remembered.get("a"), remembered.get("a")] == [None, "new"]


def test_settings_are_only_read(tmp_path):
    settings = Settings(var=tmp_path)
    Intake(settings, ACTIONS, Store(settings), Preparer(ACTIONS))
    assert list(tmp_path.iterdir()) == []
