"""The sentences of the studio: what happened to a delivery and why, in words of the glossary."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from service.model import Status
from service.studio._clock import Clock, span

if TYPE_CHECKING:
    from service.model import Attempt, Delivery


STOPPED = (Status.SUPPRESSED, Status.EXPIRED, Status.CANCELED)
WRONG = (Status.REFUSED, Status.FAILED, Status.REJECTED)
OPEN = (Status.HELD, Status.QUEUED, Status.SENDING, Status.RETRYING, Status.UNKNOWN)

MOST_COUNTED = 100_000  # as in `store.figures`


def count(number: int) -> str:
    """A number as people read it. What was not counted out ends with a plus sign.

    >>> count(12481), count(100_000)
    ('12,481', '100,000+')
    """
    return f"{number:,}+" if number >= MOST_COUNTED else f"{number:,}"


def size(number: int) -> str:
    """
    >>> size(299), size(2253), size(67_108_864)
    ('299 bytes', '2.2 KB', '64 MB')
    """
    if number >= 1_048_576:
        return f"{number / 1_048_576:.4g} MB"
    return f"{number} bytes" if number < 1_000 else f"{number / 1_024:.1f} KB"


def duration(ms: float) -> str:
    """
    >>> duration(184.4), duration(10_003), duration(1_240)
    ('184 ms', '10 s', '1.2 s')
    """
    if ms < 1_000:
        return f"{ms:.0f} ms"
    return f"{ms / 1_000:.2g} s" if ms < 100_000 else span(ms / 1_000)


def status_word(status: Status) -> str:
    return status.value


def vendor(action: str) -> str:
    """Who is behind an action, by name.

    >>> vendor("attentive.messages.send")
    'Attentive'
    """
    return action.partition(".")[0].replace("_", " ").replace("-", " ").capitalize()


def sentence(text: str) -> str:
    """
    >>> sentence("no phone number")
    'No phone number.'
    """
    text = text.strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?”" else f"{text}."


def happened(delivery: Delivery, attempts: Sequence[Attempt], clock: Clock) -> str:
    """What happened to a delivery, in one sentence. `attempts` are its own, the first one first."""
    name = vendor(delivery.action)
    reason = named(delivery.reason or "", name)
    match delivery.status:
        case Status.ACCEPTED if attempts and attempts[-1].status_code:
            return _answered(name, attempts)
        case Status.QUEUED:
            return reason or "Next in line."
        case Status.SENDING:
            return "The request is out, no answer yet."
        case Status.RETRYING if delivery.due_at is not None:
            return f"{_first_sentence(reason)} Attempt {delivery.attempts_made + 1} at {clock.time(delivery.due_at)}."
        case Status.REJECTED if not delivery.problems:
            return "There is no valid payload. Nothing was sent."
        case Status.REJECTED:
            first, more = delivery.problems[0], len(delivery.problems) - 1
            where = f"`{first.pointer}`: " if first.pointer else ""
            rest = f" And {more} more." if more else ""
            return f"{where}{sentence(first.detail)}{rest} Nothing was sent."
    return sentence(reason) or {Status.ACCEPTED: f"{name} accepted it."}.get(delivery.status, "")


def named(reason: str, name: str) -> str:
    """A reason with the vendor's name in it.

    >>> named("The vendor refused it (400): no such number. The vendor said so.", "Attentive")
    'Attentive refused it (400): no such number. Attentive said so.'
    """
    return re.sub(r"\b[Tt]he vendor\b", name, reason)


def _answered(name: str, attempts: Sequence[Attempt]) -> str:
    last = attempts[-1]
    took = f" in {duration(last.duration_ms)}" if last.duration_ms is not None else ""
    before = [f"{each.status_code}" for each in attempts[:-1] if each.status_code]
    if not before:
        return f"{name} answered {last.status_code}{took}."
    after = f"one {before[0]}" if len(before) == 1 else f"{len(before)} tries, the last a {before[-1]}"
    return f"{name} answered {last.status_code}{took}, after {after}."


def _first_sentence(text: str) -> str:
    """
    >>> _first_sentence("Attentive could not take it (503). Attempt 2 of 8 follows in 5 s.")
    'Attentive could not take it (503).'
    """
    found = re.match(r".*?[.](?=\s+Attempt \d)", text, re.DOTALL)
    return found.group() if found else text
