"""Plans: what follows when a step was accepted, what can be seen of it before, and where a plan stands.

A step is a delivery like any other. Whoever keeps that it was accepted keeps the next step's delivery in the same
transaction, and the store lets a plan have each step once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from service import strictjson
from service.delivery.prepare import Foreseen, Prepared, Preparer, canonical, seed_of
from service.errors import Conflict, NotReadable
from service.model import Account, Delivery, NewDelivery, Outcome, Status, Step, TemplateSource, Version

if TYPE_CHECKING:
    from service.rendering import Program
    from service.store import Store

Seen = dict[str, dict[str, Any]]  # what a later step sees of the steps before it, by name

_LOOKS_BACK = re.compile(r"\bsteps\b")


class Plans:
    """Makes the deliveries of later steps."""

    def __init__(self, store: Store, preparer: Preparer) -> None:
        self._store = store
        self._preparer = preparer

    def next(self, id: str, answer: str | None) -> NewDelivery | None:
        """What is to be kept together with the acceptance of the delivery `id`, to which the vendor said `answer` (None:
        nobody knows). None where no step follows. It may be suppressed or rejected. Raises `Unavailable`.
        """
        accepted = self._store.deliveries.get(id)
        version = None if accepted is None else self._version_of(accepted)
        if accepted is None or version is None:
            return None
        steps = version.template.steps
        at = [step.name for step in steps].index(accepted.step or "")
        if at + 1 == len(steps):
            return None
        told = self._store.deliveries.of_plan(accepted.plan or "")
        seen = self._seen([each for each in told if each.step != accepted.step])
        seen[accepted.step or ""] = _as_seen(accepted.payload, answer)
        return self._made(version, steps[at + 1], accepted, seen, begun=_begun(told))

    def again(self, rejected: Delivery) -> NewDelivery:
        """Render a rejected later step anew, through the version that is live now, and keep it. It may be rejected again.

        Raises `Conflict` where the live version has no such step.
        """
        version = self._store.templates.live(rejected.template or "")
        later = () if version is None else version.template.then
        step = next((each for each in later if each.name == rejected.step), None)
        if version is None or step is None:
            raise Conflict(
                f"No live version of {rejected.template!r} has a later step {rejected.step!r}.",
                hint="Publish one that has it, and replay the step again.",
            )
        told = self._store.deliveries.of_plan(rejected.plan or "")
        seen = self._seen([each for each in told if each.step != rejected.step])
        made = self._made(version, step, rejected, seen, begun=_begun(told), replay_of=rejected.id)
        self._store.deliveries.insert_many([made])
        return made

    def _version_of(self, delivery: Delivery) -> Version | None:
        has_plan = delivery.plan is not None and delivery.version_id is not None
        return self._store.templates.version(delivery.version_id or "") if has_plan else None

    def _seen(self, earlier: Sequence[Delivery]) -> Seen:
        """What is on record of the accepted ones."""
        seen: Seen = {}
        for each in earlier:
            if each.status is Status.ACCEPTED:
                tried = self._store.deliveries.attempts(each.id)
                answered = tried[-1].body if tried and tried[-1].outcome == "accepted" else None  # else a person settled it
                seen[each.step or ""] = _as_seen(each.payload, answered)
        return seen

    def _made(
        self, version: Version, step: Step, before: Delivery, seen: Seen, *, begun: datetime, replay_of: str | None = None
    ) -> NewDelivery:
        """The delivery of `step`, after or in place of the one `before` of the same plan."""
        now = datetime.now(UTC)
        context = strictjson.read_object(before.context or b"{}", what="context")
        seed = before.fingerprint or ""
        place = self._store.accounts.get(before.account)
        told = {**context, "steps": seen}
        prepared = self._preparer.render(version, told, step=step, now=now, seed=seed, account=place)
        return self._preparer.delivery(
            prepared,
            step.policy,
            action=step.action,
            plan=before.plan,
            step=step.name,
            age_s=max(0.0, (now - begun).total_seconds()),
            account=before.account,
            target=before.target,
            template=before.template,
            version_id=version.id,
            version=version.number,
            key=before.key,
            fingerprint=before.fingerprint,
            replay_of=replay_of,
        )


def preview(
    preparer: Preparer,
    template: TemplateSource,
    programs: Sequence[Program],
    context: Mapping[str, Any],
    *,
    now: datetime,
    answers: Mapping[str, Any] | None = None,
    account: Account | None = None,
) -> Prepared:
    """What `context` comes to by all of a template, in full detail; `programs` has one for each of its steps.

    `answers`: what the vendor is taken to answer, by step. A step that names `steps` is shown where all answers before it
    are given, and nothing after a step that sends nothing. Raises `NotFound` for an action that is not there.
    """
    seed, given = seed_of(canonical(context)), answers or {}

    def prepared_by(at: int, context: Mapping[str, Any]) -> Prepared:
        step = template.steps[at]
        action = preparer.actions.get_or_raise(step.action)
        return preparer.prepare(programs[at], action, step.policy, context, now=now, seed=seed, account=account)

    first = prepared_by(0, context)
    if not template.then:
        return first
    then: list[Foreseen] = []
    seen: Seen = {}
    last: Prepared | None = first
    for at, step in enumerate(template.then, 1):
        if last is not None and last.outcome is not Outcome.VALID:
            break
        before = template.steps[at - 1].name
        if last is not None and before in given:
            seen[before] = {"status": Status.ACCEPTED.value, "payload": last.payload, "answer": given[before]}
        unknown = tuple(each.name for each in template.steps[:at] if each.name not in seen)
        waits = bool(unknown) and _looks_back(template, step)
        last = None if waits else prepared_by(at, {**context, "steps": seen})
        then.append(Foreseen(step.name, step.action, last, unknown if waits else ()))
    return replace(first, step=template.step, then=tuple(then))


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a plan as it stands. `delivery` is None where it was not reached."""

    name: str
    action: str
    delivery: Delivery | None


@dataclass(frozen=True, slots=True)
class Story:
    """A plan as it stands: every step in order, and in a sentence how far it came and why not further."""

    stages: tuple[Stage, ...]
    said: str


def story(store: Store, delivery: Delivery) -> Story | None:
    """The story of the plan that a delivery belongs to; None where its template has one action. Raises `Unavailable`."""
    if delivery.plan is None:
        return None
    told = store.deliveries.of_plan(delivery.plan)
    version = store.templates.version(told[-1].version_id or "")
    steps = () if version is None else version.template.steps
    stages = tuple(Stage(step.name, step.action, _of_step(told, step.name)) for step in steps)
    return Story(stages, _said(stages))


def _of_step(told: Sequence[Delivery], name: str) -> Delivery | None:
    """The accepted delivery of a step, else its newest: a step may have been replayed."""
    found = [each for each in told if each.step == name]
    return next((each for each in found if each.status is Status.ACCEPTED), found[-1] if found else None)


def _said(stages: Sequence[Stage]) -> str:
    reached = [each for each in stages if each.delivery is not None]
    if not reached:
        return "Nothing is known of its steps."
    last, delivery = reached[-1], reached[-1].delivery
    assert delivery is not None
    place = f"step {len(reached)} of {len(stages)} ({last.name})"
    why = (delivery.reason or (delivery.problems[0].detail if delivery.problems else "")).rstrip(".")
    status = delivery.status
    if status is Status.ACCEPTED:
        is_whole = len(reached) == len(stages)
        return f"All {len(stages)} steps were accepted." if is_whole else f"It went no further than {place}."
    if status is Status.UNKNOWN:
        return f"It waits at {place}. {why}. Settle it as accepted, and the plan goes on."
    if status.is_open:
        return f"It is at {place}, which is {status.value}."
    return f"It ended at {place}, which was {status.value}: {why}. Nothing after it was sent."


def _begun(told: Sequence[Delivery]) -> datetime:
    """When the plan's call came in."""
    return next(each.created_at for each in told if each.id == each.plan)


def _as_seen(payload: bytes | None, answer: str | None) -> dict[str, Any]:
    """What a later step sees of an accepted one. An answer that is not JSON is null."""
    return {
        "status": Status.ACCEPTED.value,
        "payload": strictjson.read(payload or b"null"),
        "answer": _parsed(answer),
    }


def _parsed(answer: str | None) -> Any:
    try:
        return strictjson.read(answer or "null")
    except NotReadable:
        return None


def _looks_back(template: TemplateSource, step: Step) -> bool:
    """Whether the step may depend on earlier answers: whether the word stands anywhere in it."""
    return any(_LOOKS_BACK.search(text) for text in (step.source, *template.snippets.values()))
