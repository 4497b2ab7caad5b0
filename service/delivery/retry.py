"""What follows from an answer: one pure function from what is known to a decision, and the schedule as data.

| answer | decision |
|---|---|
| 2xx, or a status that the action counts as success | accepted |
| 429, 408, 425, other 5xx | tried again: nothing was done |
| the request never left | tried again |
| no answer, or 502, 504, 520, 524 (a gateway had none: nobody knows) | at-most-once: unknown; at-least-once: tried again |
| anything else | refused |
| tried again, but the attempts are used up | failed |
| tried again, but only after it has expired | expired |
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.destinations import Answer
from service.model import Guarantee, Status
from service.store.queue import Ending

LONGEST_RETRY_AFTER_S = 6 * 3600.0  # a vendor's wish beyond this is cut, so that one bad header cannot stop an account
BLOCK_S = 1.0  # pause after a 429 without Retry-After, or when the vendor says that no call is left: limits are per second

_TRIED_AGAIN = frozenset({408, 425, 429})
_UNSURE = frozenset({502, 504, 520, 524})  # of gateways (520 and 524 are Cloudflare's): passed on, and no good answer came


@dataclass(frozen=True, slots=True)
class Schedule:
    """Seconds before the second attempt, the third, and so on; each is stretched by up to `jitter` of itself."""

    delays_s: tuple[float, ...] = (5, 30, 120, 600, 1800, 3600, 7200)
    jitter: float = 0.25

    @property
    def attempts(self) -> int:
        """How many there are in all."""
        return len(self.delays_s) + 1

    def delay_s(self, attempt: int, at_least_s: float, random: float) -> float:
        """How long to wait after this attempt (from 1). `random` in 0..1 spreads what failed together.

        >>> Schedule().delay_s(1, 0, random=0), Schedule().delay_s(1, 60, random=1)
        (5.0, 75.0)
        """
        own = self.delays_s[min(attempt, len(self.delays_s)) - 1]
        return float(max(own, min(at_least_s, LONGEST_RETRY_AFTER_S))) * (1 + self.jitter * random)


SCHEDULE = Schedule()


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of the delivery; how long its rate class rests; what the answer says of the vendor's health."""

    ending: Ending
    block_s: float | None = None
    healthy: bool = True


def decide(
    answer: Answer,
    *,
    guarantee: Guarantee,
    attempt: int,
    now: datetime,
    random: float,
    expires_at: datetime | None = None,
    success: frozenset[int] = frozenset(),
    advice: str | None = None,
    schedule: Schedule = SCHEDULE,
) -> Decision:
    """The decision for this answer to attempt number `attempt` (from 1). `random` is any number in 0..1; `advice` is what a
    person can do about it where it is refused.

    >>> from datetime import UTC
    >>> asked = {"guarantee": Guarantee.AT_MOST_ONCE, "attempt": 1, "now": datetime(2026, 1, 1, tzinfo=UTC), "random": 0.0}
    >>> decide(Answer(kind="answered", status=200), **asked).ending.reason
    'The vendor accepted it (200).'
    >>> decide(Answer(kind="no_answer", error="no answer within 10 s"), **asked).ending.reason
    'No answer within 10 s. It may have arrived, so it is not sent again.'
    >>> decide(Answer(kind="answered", status=503), **asked).ending.reason
    'The vendor could not take it (503). Attempt 2 of 8 follows in 5 s.'
    """
    status = answer.status or 0
    answered = answer.kind == "answered"
    rest = _rest_s(answer)
    if answered and (status in success or 200 <= status < 300):
        return Decision(
            Ending(status=Status.ACCEPTED, outcome="accepted", reason=f"The vendor accepted it ({status})."), rest
        )
    unsure = answer.kind == "no_answer" or status in _UNSURE
    healthy = answered and status < 500
    said = _said(answer)
    if unsure and guarantee is Guarantee.AT_MOST_ONCE:
        reason = f"{said} It may have arrived, so it is not sent again."
        return Decision(Ending(status=Status.UNKNOWN, outcome="unknown", reason=reason), rest, healthy)
    if answered and status < 500 and status not in _TRIED_AGAIN:
        reason = f"{said} {advice}" if advice else said
        return Decision(Ending(status=Status.REFUSED, outcome="refused", reason=reason), rest, healthy)
    delay = schedule.delay_s(attempt, answer.retry_after_s or 0.0, random)
    return Decision(_again(said, unsure, attempt, delay, now, expires_at, schedule), rest, healthy)


def after_crash(guarantee: Guarantee, attempt: int, *, schedule: Schedule = SCHEDULE) -> Ending:
    """What follows for a delivery whose worker died, or was cut off, before it could say what came of the attempt.

    >>> after_crash(Guarantee.AT_MOST_ONCE, 1).status.value, after_crash(Guarantee.AT_LEAST_ONCE, 1).due_in_s
    ('unknown', 0.0)
    """
    said = "The worker stopped before the answer came."
    if guarantee is Guarantee.AT_MOST_ONCE:
        reason = f"{said} It may have arrived, so it is not sent again."
        return Ending(status=Status.UNKNOWN, outcome="unknown", reason=reason)
    if attempt >= schedule.attempts:
        return _used_up(said, unsure=True, attempt=attempt)
    reason = f"{said} Attempt {attempt + 1} of {schedule.attempts} follows at once."
    return Ending(status=Status.RETRYING, outcome="retry", reason=reason, due_in_s=0.0)


def _again(
    said: str,
    unsure: bool,
    attempt: int,
    delay_s: float,
    now: datetime,
    expires_at: datetime | None,
    schedule: Schedule,
) -> Ending:
    if attempt >= schedule.attempts:
        return _used_up(said, unsure, attempt)
    if expires_at is not None and now.timestamp() + delay_s >= expires_at.timestamp():
        maybe = " It may have arrived." if unsure else ""
        reason = f"{said}{maybe} The next attempt would have come after it expires."
        return Ending(status=Status.EXPIRED, outcome="failed", reason=reason)
    reason = f"{said} Attempt {attempt + 1} of {schedule.attempts} follows in {in_words(delay_s)}."
    return Ending(status=Status.RETRYING, outcome="retry", reason=reason, due_in_s=delay_s)


def _used_up(said: str, unsure: bool, attempt: int) -> Ending:
    maybe = " It may have arrived." if unsure else ""
    reason = f"{said}{maybe} That was the last of {attempt} attempts."
    return Ending(status=Status.FAILED, outcome="failed", reason=reason)


def _rest_s(answer: Answer) -> float | None:
    """How long the vendor wants no calls of this rate class, where it says so."""
    asked = answer.retry_after_s
    if answer.status == 429:
        return min(max(asked or 0.0, BLOCK_S), LONGEST_RETRY_AFTER_S)
    if answer.status is not None and answer.status >= 500 and asked:
        return min(asked, LONGEST_RETRY_AFTER_S)
    return BLOCK_S if answer.rate_remaining == 0 else None


def _said(answer: Answer) -> str:
    """What happened, as a sentence."""
    if answer.kind != "answered":
        words = answer.error or ("no connection" if answer.kind == "not_sent" else "no answer")
        return f"{words[:1].upper()}{words[1:].rstrip('.')}."
    status = answer.status
    told = f": {answer.message.rstrip('.')}" if answer.message else ""
    if status == 429:
        return f"The vendor takes no more calls just now (429){told}."
    if status in _UNSURE:
        return f"A gateway before the vendor got no good answer ({status}){told}."
    if status is not None and (status >= 500 or status in _TRIED_AGAIN):
        return f"The vendor could not take it ({status}){told}."
    return f"The vendor refused it ({status}){told}."


def in_words(seconds: float) -> str:
    """A duration as people say it.

    >>> in_words(5), in_words(150), in_words(7200)
    ('5 s', '2.5 min', '2 h')
    """
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.2g} s"
