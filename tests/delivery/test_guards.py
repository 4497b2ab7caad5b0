"""Guards: an ordered list of words, each a pure function of a delivery and a moment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.delivery import guards
from service.model import Guarantee, Status

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
JOB = guards.Job(
    id="dlv_1",
    account="default",
    action="attentive.messages.send",
    template="welcome",
    version=1,
    recipient="+12025550143",
    payload=b"{}",
    guarantee=Guarantee.AT_MOST_ONCE,
    rate_class="messages",
    created_at=NOW - timedelta(hours=1),
    expires_at=None,
    number=1,
    fence=1,
)


def test_every_word_is_a_module_and_every_module_a_word():
    modules = {path.stem for path in Path(guards.__file__).parent.glob("*.py") if not path.name.startswith("_")}
    assert modules == set(guards.ORDER)


def test_what_no_guard_objects_to_is_sent():
    assert guards.check(JOB, NOW) is None


@pytest.mark.parametrize("late_by_s", [0, 1, 100_000])
def test_what_has_expired_is_stopped_with_the_moment_as_value(late_by_s):
    job = replace(JOB, expires_at=NOW - timedelta(seconds=late_by_s))
    verdict = guards.check(job, NOW)
    assert (verdict.status, verdict.rule, verdict.value) == (Status.EXPIRED, "expired", job.expires_at.isoformat())


def test_what_has_not_expired_is_sent():
    assert guards.check(replace(JOB, expires_at=NOW + timedelta(seconds=1)), NOW) is None
