"""What follows from an answer: the whole table, for every answer there can be."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.delivery import retry
from service.destinations import Answer
from service.model import Guarantee, Status

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ONCE, AT_LEAST = Guarantee.AT_MOST_ONCE, Guarantee.AT_LEAST_ONCE


def decide(answer, guarantee=ONCE, attempt=1, **more):
    return retry.decide(answer, guarantee=guarantee, attempt=attempt, **({"now": NOW, "random": 0.0} | more))


def answered(status, **headers):
    return Answer(kind="answered", status=status, headers={name.replace("_", "-"): text for name, text in headers.items()})


@pytest.mark.parametrize("guarantee", list(Guarantee))
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (answered(200), Status.ACCEPTED),
        (answered(202), Status.ACCEPTED),
        (answered(204), Status.ACCEPTED),
        (answered(301), Status.REFUSED),
        (answered(400), Status.REFUSED),
        (answered(401), Status.REFUSED),
        (answered(403), Status.REFUSED),
        (answered(404), Status.REFUSED),
        (answered(409), Status.REFUSED),
        (answered(422), Status.REFUSED),
        (answered(408), Status.RETRYING),
        (answered(425), Status.RETRYING),
        (answered(429), Status.RETRYING),
        (answered(500), Status.RETRYING),
        (answered(503), Status.RETRYING),
        (Answer(kind="not_sent", error="connection refused"), Status.RETRYING),
    ],
)
def test_what_is_certain_does_not_depend_on_the_guarantee(answer, status, guarantee):
    assert decide(answer, guarantee).ending.status is status


@pytest.mark.parametrize(
    "answer",
    [Answer(kind="no_answer", error="no answer within 10 s"), answered(502), answered(504), answered(520), answered(524)],
)
def test_what_nobody_knows_is_unknown_or_tried_again_as_the_guarantee_says(answer):
    unknown, again = decide(answer, ONCE), decide(answer, AT_LEAST)
    assert (unknown.ending.status, unknown.ending.due_in_s) == (Status.UNKNOWN, None)
    assert unknown.ending.reason.endswith("It may have arrived, so it is not sent again.")
    assert (again.ending.status, again.ending.due_in_s) == (Status.RETRYING, 5.0)


def test_a_status_that_the_action_counts_as_success_is_accepted():
    assert decide(answered(409), success=frozenset({409})).ending.status is Status.ACCEPTED


def test_the_vendors_own_words_are_told():
    reason = decide(Answer(kind="answered", status=400, message="Invalid phone.")).ending.reason
    assert reason == "The vendor refused it (400): Invalid phone."


def test_retry_after_lengthens_the_pause_and_never_shortens_it():
    assert decide(answered(429, retry_after="60")).ending.due_in_s == 60.0
    assert decide(answered(503, retry_after="1")).ending.due_in_s == 5.0


def test_retry_after_is_followed_within_reason():
    asked = decide(answered(429, retry_after="99999999"))
    assert asked.ending.due_in_s == asked.block_s == retry.LONGEST_RETRY_AFTER_S


def test_a_rate_class_rests_after_a_429_or_when_no_call_is_left():
    assert decide(answered(429)).block_s == 1.0
    assert decide(answered(429, retry_after="7")).block_s == 7.0
    assert decide(answered(503, retry_after="7")).block_s == 7.0
    assert decide(answered(503)).block_s is None
    assert decide(answered(200, x_ratelimit_remaining="0")).block_s == 1.0
    assert decide(answered(200, x_ratelimit_remaining="1")).block_s is None


def test_pauses_grow_and_the_last_attempt_fails():
    pauses = [decide(answered(500), attempt=number).ending.due_in_s for number in range(1, 8)]
    assert pauses == sorted(pauses) == list(map(float, retry.SCHEDULE.delays_s))
    last = decide(answered(500), attempt=8).ending
    assert (last.status, last.outcome) == (Status.FAILED, "failed")
    assert last.reason == "The vendor could not take it (500). That was the last of 8 attempts."


def test_a_failure_that_may_have_arrived_says_so():
    assert "It may have arrived." in decide(Answer(kind="no_answer"), AT_LEAST, attempt=8).ending.reason


def test_what_would_be_tried_after_it_expires_has_expired():
    soon = NOW + timedelta(seconds=4)
    ending = decide(answered(503), expires_at=soon).ending
    assert (ending.status, ending.due_in_s) == (Status.EXPIRED, None)
    assert "after it expires" in ending.reason
    assert decide(answered(503), expires_at=NOW + timedelta(seconds=6)).ending.status is Status.RETRYING


def test_a_crash_is_decided_by_the_guarantee_and_the_attempts_that_are_left():
    assert retry.after_crash(ONCE, 1).status is Status.UNKNOWN
    assert retry.after_crash(AT_LEAST, 1).due_in_s == 0.0
    assert retry.after_crash(AT_LEAST, 8).status is Status.FAILED


def test_only_a_vendor_that_fails_is_ill():
    ill = [answered(500), answered(504), Answer(kind="no_answer"), Answer(kind="not_sent")]
    assert [decide(answer).healthy for answer in ill] == [False] * 4
    assert [decide(answered(status)).healthy for status in (200, 400, 401, 429)] == [True] * 4


ANSWERS = st.builds(
    Answer,
    kind=st.sampled_from(["answered", "not_sent", "no_answer"]),
    status=st.integers(100, 599),
    headers=st.dictionaries(
        st.sampled_from(["retry-after", "x-ratelimit-remaining", "date"]), st.text(max_size=12) | st.integers().map(str)
    ),
    error=st.none() | st.text(max_size=20),
    message=st.none() | st.text(max_size=20),
)


@given(
    answer=ANSWERS,
    guarantee=st.sampled_from(Guarantee),
    attempt=st.integers(1, 20),
    random=st.floats(0, 1),
    lifetime=st.none() | st.floats(-10, 1e6),
)
def test_every_answer_leads_to_one_sensible_decision(answer, guarantee, attempt, random, lifetime):
    expires_at = None if lifetime is None else NOW + timedelta(seconds=lifetime)
    decision = decide(answer, guarantee, attempt, random=random, expires_at=expires_at)
    ending = decision.ending
    assert (ending.due_in_s is not None) == (ending.status is Status.RETRYING) == (ending.outcome == "retry")
    assert ending.reason
    if ending.due_in_s is not None:
        own = retry.SCHEDULE.delays_s[min(attempt, 7) - 1]
        assert own <= ending.due_in_s <= retry.LONGEST_RETRY_AFTER_S * 1.25
        assert attempt < retry.SCHEDULE.attempts
        if expires_at is not None:
            assert NOW + timedelta(seconds=ending.due_in_s) < expires_at
    may_have_arrived = answer.kind == "no_answer" or (answer.kind == "answered" and answer.status in (502, 504, 520, 524))
    if guarantee is ONCE and may_have_arrived:
        assert ending.status is Status.UNKNOWN  # never sent twice because we were unsure
    if ending.status is Status.ACCEPTED:
        assert answer.kind == "answered"
        assert 200 <= answer.status < 300
    if decision.block_s is not None:
        assert 0 < decision.block_s <= retry.LONGEST_RETRY_AFTER_S
