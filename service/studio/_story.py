"""The story of one delivery, as steps in the order in which they happened."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from service import sms
from service.actions import Action
from service.errors import Problem
from service.model import Account, Attempt, Delivery, InboundEvent, Status
from service.studio import _words as words
from service.studio._clock import Clock
from service.studio._masking import Masking

_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_SENT_BY_US = {"Content-Type": "application/json", "Authorization": "Bearer ••••"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One guard's word, with the one that acted marked."""

    name: str
    said: str
    acted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A request and its answer, as text. `request` and `answer` are JSON values where they were JSON."""

    head: str
    request: Any
    request_bytes: int
    answer_head: str
    answer: Any
    took: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened. `sign` is drawn, `status` colours it; `aside` stands small beside the title."""

    sign: str
    title: str
    at: datetime | None = None
    aside: str = ""
    said: str = ""
    status: str = ""
    context: Any = None
    context_bytes: int = 0
    problems: tuple[Problem, ...] = ()
    guards: tuple[Guard, ...] = ()
    wire: Wire | None = None
    is_last: bool = False
    links: Mapping[str, str] = field(default_factory=dict)  # word to address


@dataclass(frozen=True, slots=True)
class Message:
    """The text message of a payload: what the person reads, in parts that are text or links, and what it takes."""

    prefix: str
    parts: tuple[tuple[str, str], ...]
    picture: Mapping[str, str] | None
    segments: str


@dataclass(frozen=True, slots=True)
class Storyteller:
    """Tells the story to one user, with the names and the zone that are theirs."""

    clock: Clock
    masking: Masking
    action: Action | None

    def steps(
        self,
        delivery: Delivery,
        attempts: Sequence[Attempt],
        message: Message | None,
        told: Sequence[InboundEvent] = (),
    ) -> list[Step]:
        """Everything that happened, oldest first; `told` is what vendors told of this delivery, newest first."""
        made = [self._came(delivery), self._rendered(delivery, message)]
        if delivery.decision is not None or delivery.status is Status.HELD:
            made.append(self._guarded(delivery))
        tried = [self._tried(delivery, each, each is attempts[-1]) for each in attempts]
        made += tried
        ending = self._ended(delivery, attempts)
        if ending is not None:
            made.append(ending)
        return made + [self._told(each) for each in reversed(told)]

    def _came(self, delivery: Delivery) -> Step:
        links: dict[str, str] = {}
        if delivery.replay_of:
            title, said = "Replayed", "A person sent the same bytes again."
            links = {"The first delivery": f"/deliveries/{delivery.replay_of}"}
        elif delivery.template is not None:
            title = "Hook received"
            said = f"From the flow {delivery.key}." if delivery.key else ""
        else:
            title = "Payload received"
            said = f"Ready made, with the key {delivery.key}." if delivery.key else "Ready made."
        return Step(
            sign="replay" if delivery.replay_of else "hook",
            title=title,
            at=delivery.created_at,
            said=said,
            context=self.masking.json(delivery.context),
            context_bytes=len(delivery.context or b""),
            links=links,
        )

    def _rendered(self, delivery: Delivery, message: Message | None) -> Step:
        version = f"version {delivery.version}" if delivery.version else ""
        if delivery.status is Status.REJECTED:
            title = f"Rejected by {version}" if version else "Rejected"
            problems = tuple(self._masked(each) for each in delivery.problems)
            said = "There is no valid payload, so nothing was sent."
            return Step(
                sign="rejected", status="rejected", title=title, at=delivery.created_at, said=said, problems=problems
            )
        if delivery.payload is None:
            title = f"Suppressed by {version}" if version else "Suppressed"
            said = self._said(delivery.reason)
            return Step(sign="suppressed", status="suppressed", title=title, at=delivery.created_at, said=said)
        if delivery.replay_of:
            title = "The same bytes"
        else:
            title = f"Rendered with {version}" if version else "Checked"
        size = f" {message.segments}." if message is not None else ""
        return Step(
            sign="render",
            title=title,
            at=delivery.created_at,
            said=f"Valid for `{delivery.action}`.{size} Digest `{digest(delivery.digest)}`.",
            problems=tuple(self._masked(each) for each in delivery.warnings),
        )

    def _guarded(self, delivery: Delivery) -> Step:
        decision = delivery.decision or {}
        rule = str(decision.get("rule", "guard")).replace("_", " ").replace("-", " ")
        guard = Guard(name=words.sentence(rule).rstrip("."), said=self._said(delivery.reason), acted=True)
        if delivery.status is Status.HELD:
            until = f"until {self.clock.when(delivery.due_at)}" if delivery.due_at else ""
            return Step(
                sign="held", status="held", title=f"Held by {rule}", aside=until, at=delivery.updated_at, guards=(guard,)
            )
        word = delivery.status.value
        links = {"The suppression": f"/suppressions/{decision.get('value')}"} if rule == "suppressed" else {}
        title = f"{word.capitalize()} by {rule}" if rule != word else f"{word.capitalize()}"
        return Step(sign=word, status=word, title=title, at=delivery.updated_at, guards=(guard,), links=links)

    def _told(self, event: InboundEvent) -> Step:
        said = " ".join(words.sentence(each) for each in (event.said, event.effect) if each)
        return Step(
            sign="seen",
            title=f"{event.destination.capitalize()} told us",
            at=event.happened_at or event.at,
            aside=self.masking.text(event.kind),
            said=self.masking.text(said),
        )

    def _tried(self, delivery: Delivery, attempt: Attempt, is_last: bool) -> Step:
        outcome = attempt.outcome or "sending"
        sign = {"retry": "retrying"}.get(outcome, outcome)
        status = f"{attempt.status_code}" if attempt.status_code is not None else attempt.error or ""
        took = words.duration(attempt.duration_ms) if attempt.duration_ms is not None else ""
        aside = f"{status} in {took}" if attempt.status_code is not None and took else status or took
        return Step(
            sign=sign,
            status=sign,
            title=f"Attempt {attempt.number}: {_came_to(attempt)}",
            aside=self.masking.text(aside),
            at=attempt.started_at,
            said=self._said(attempt.meaning),
            wire=self._wire(delivery, attempt, took),
            is_last=is_last,
        )

    def _wire(self, delivery: Delivery, attempt: Attempt, took: str) -> Wire | None:
        if delivery.payload is None or self.action is None:
            return None
        head = "\n".join(
            [f"{self.action.method} {self.action.path}", *(f"{name}: {value}" for name, value in _SENT_BY_US.items())]
        )
        if attempt.status_code is None:
            answer_head = words.sentence(attempt.error or "no answer yet")
        else:
            lines = [f"HTTP {attempt.status_code}", *(f"{name}: {value}" for name, value in attempt.headers.items())]
            answer_head = "\n".join(lines)
        return Wire(
            head=head,
            request=self.masking.json(delivery.payload),
            request_bytes=len(delivery.payload),
            answer_head=self.masking.text(answer_head),
            answer=self.masking.json(attempt.body) if attempt.body else None,
            took=took,
        )

    def _ended(self, delivery: Delivery, attempts: Sequence[Attempt]) -> Step | None:
        """What the last attempt does not say by itself: it waits, or a person or the time has ended it."""
        status = delivery.status
        if status in (Status.QUEUED, Status.RETRYING):
            due = delivery.due_at
            title = f"Attempt {delivery.attempts_made + 1} at {self.clock.when(due)}" if due and attempts else "In the queue"
            said = self._said(delivery.reason) if attempts else "Next in line, as soon as the account's limit allows it."
            return Step(sign="queued" if not attempts else "retrying", status=status.value, title=title, said=said)
        told = {"accepted": Status.ACCEPTED, "refused": Status.REFUSED, "unknown": Status.UNKNOWN, "failed": Status.FAILED}
        if attempts and told.get(attempts[-1].outcome or "") is status:
            return None
        if status in (Status.REJECTED, Status.SENDING, Status.HELD) or delivery.decision is not None:
            return None
        if status is Status.SUPPRESSED and delivery.payload is None:
            return None
        title = status.value.capitalize()
        return Step(
            sign=status.value, status=status.value, title=title, at=delivery.finished_at, said=self._said(delivery.reason)
        )

    def _said(self, reason: str | None) -> str:
        name = self.action.destination.capitalize() if self.action is not None else "The vendor"
        return self.masking.text(words.sentence(words.named(reason or "", name)))

    def _masked(self, problem: Problem) -> Problem:
        return Problem(
            code=problem.code,
            detail=self.masking.text(problem.detail),
            pointer=problem.pointer,
            hint=self.masking.text(problem.hint),
            line=problem.line,
            column=problem.column,
            template=problem.template,
        )


def _came_to(attempt: Attempt) -> str:
    """What an attempt came to, in two or three words."""
    if attempt.outcome == "retry":
        if attempt.status_code is None:
            return "nothing left"
        return "too many requests" if attempt.status_code == 429 else "not taken"
    return {None: "the request is out", "unknown": "no answer"}.get(attempt.outcome, attempt.outcome or "")


def message(payload: Any, action: Action | None, account: Account | None, masking: Masking) -> Message | None:
    """The text message in a payload; None where it has none."""
    if action is None or action.sms is None or not isinstance(payload, dict):
        return None
    body = payload.get(action.sms["body"][1:])
    if not isinstance(body, str):
        return None
    media = payload.get(action.sms.get("media", "")[1:])
    prefix = account.brand_prefix if account is not None else ""
    measure = sms.measure(body, prefix=prefix, mms=isinstance(media, str))
    number = f"{measure.segments} segment{'s' * (measure.segments != 1)}"
    return Message(
        prefix=prefix,
        parts=tuple(_parts(masking.text(body))),
        picture=_picture(media),
        segments=f"{number}, with a picture" if isinstance(media, str) else number,
    )


def digest(hexadecimal: str | None) -> str:
    """Enough of a digest to compare by eye.

    >>> digest("41b0c9d2aa")
    '41b0·c9d2'
    """
    return f"{hexadecimal[:4]}·{hexadecimal[4:8]}" if hexadecimal else ""


def _parts(body: str) -> list[tuple[str, str]]:
    """
    >>> _parts("See https://a.example/b. Bye")
    [('text', 'See '), ('link', 'https://a.example/b'), ('text', '. Bye')]
    """
    parts, at = [], 0
    for found in _LINK.finditer(body):
        parts += [("text", body[at : found.start()]), ("link", found.group())]
        at = found.end()
    return [each for each in [*parts, ("text", body[at:])] if each[1]]


def _picture(media: Any) -> Mapping[str, str] | None:
    """The picture's address and name. Pages load nothing from elsewhere, so it is a link, and only to a web address."""
    if not isinstance(media, str) or not media.startswith(("https://", "http://")):
        return None
    try:
        parts = urlsplit(media)
    except ValueError:
        return None
    return {"url": media, "name": parts.path.rpartition("/")[2][:80] or parts.netloc}
