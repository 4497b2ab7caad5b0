"""The one function that turns a context into a payload: preview, lint, test, dry run, send and replay all call it."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Any, Generic, TypeVar

import orjson

from service import shapes, sms, strictjson
from service.actions import Action, Actions
from service.content import Library
from service.errors import BurgeeError, NotFound, Problem, TemplateInvalid
from service.model import Account, NewDelivery, Outcome, Policy, Status, Step, TemplateSource, Version, new_id
from service.rendering import Program, Rendered, TextProgram, compile, compile_text
from service.rendering.services import Services
from service.sms.lint import Pointers

# hashlib gives up the interpreter's lock for more than 2,047 bytes, and in a busy web process waits longer than it hashes.
_AT_ONCE = 2047
MOST_TOLD = 100  # problems, and warnings, of the texts of one payload
KEPT_PROGRAMS = 512  # compiled programs are some 20 KB each; versions beyond this are compiled again when they are used
KEPT_DRAFTS = 32  # programs of sources that are not kept: an editor asks for the same one for each profile that is chosen

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a context came to. `body` holds the very bytes that are sent and `digest` their SHA-256 in hex; both are None
    unless the outcome is valid. `payload` is shown for an invalid outcome too, as far as there is one.

    `sms` is the measure of the text, as `sms.Measure.as_dict` gives it; None for an action without text, and where the
    caller asked for no detail. Of many texts it is that of the longest, with its `pointer`, the number of `messages` and the
    `total_segments`. `fresh_for_s`: for so long the payload may wait, where the policy refuses stale events.
    `step` and `then` are there in the preview of a plan: the name of the first step, and the steps that follow it. `email`
    is the recipient's mail address, where the profile says that number and address are one person's.
    """

    outcome: Outcome
    payload: Any = None
    body: bytes | None = None
    digest: str | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    reason: str | None = None
    sms: dict[str, Any] | None = None
    fresh_for_s: float | None = None
    step: str | None = None
    then: tuple[Foreseen, ...] = ()
    email: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The answer of a preview or a dry run, as JSON."""
        out: dict[str, Any] = {
            "payload": self.payload,
            "digest": self.digest,
            "outcome": self.outcome.value,
            "problems": [each.as_dict() for each in self.problems],
            "warnings": [each.as_dict() for each in self.warnings],
            "sms": self.sms,
        }
        if self.reason is not None:
            out["reason"] = self.reason
        if self.step is not None:
            out |= {"step": self.step, "then": [each.as_dict() for each in self.then]}
        return out

    @classmethod
    def of(cls, error: BurgeeError) -> Prepared:
        """The outcome of what could not even be rendered."""
        unusable = Problem("template.unusable", error.detail, None, error.hint)
        return cls(Outcome.INVALID, problems=error.problems or (unusable,))


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A later step of a plan as far as it can be known before. `prepared` is None where it depends on answers that are not
    known: those of the steps in `waits_for`."""

    step: str
    action: str
    prepared: Prepared | None
    waits_for: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """A part of a preview, as JSON."""
        shown = {"waits_for": list(self.waits_for)} if self.prepared is None else self.prepared.as_dict()
        return {"step": self.step, "action": self.action, **shown}


_STATUS = {Outcome.VALID: Status.QUEUED, Outcome.SUPPRESSED: Status.SUPPRESSED, Outcome.INVALID: Status.REJECTED}


def canonical(context: Any) -> bytes:
    """JSON data as bytes: what is kept with a delivery, and what its seed and fingerprint are made of.

    Equal data in equal order give equal bytes, however they were spaced when they came in.
    """
    try:
        return orjson.dumps(context)
    except TypeError:  # integers over 64 bits, which the strict reader lets through
        return strictjson.write(context)


def seed_of(context: bytes) -> str:
    """Where a template's random choices start: the same for the same context, so that preview and send agree."""
    made = hashlib.sha256()
    for start in range(0, len(context), _AT_ONCE):
        made.update(context[start : start + _AT_ONCE])
    return made.hexdigest()


class Preparer:
    """Renders, checks and measures. Keeps what it compiled for a version, for a version never changes.

    `library` is what `personalize()` picks from; without one it picks from the lists that contexts bring along.
    """

    def __init__(self, actions: Actions, library: Library | None = None) -> None:
        self.actions = actions
        self._services = _services(library or Library())
        self._programs: _Kept[Program] = _Kept()
        self._idempotency: _Kept[TextProgram] = _Kept()
        self._drafts: _Kept[Program] = _Kept(KEPT_DRAFTS)

    def compile(
        self, source: str, *, dialect: str = "jinja", name: str = "template", snippets: Mapping[str, str] | None = None
    ) -> Program:
        """A program of source that is not kept yet; of the same source, the same program for a while.

        Raises `TemplateInvalid` with every problem's line and column.
        """
        given = snippets or {}
        asked = json.dumps([dialect, name, source, sorted(given.items())]).encode()  # ASCII, whatever the source holds
        return self._drafts.get(
            hashlib.sha256(asked).hexdigest(), lambda: compile(source, dialect=dialect, name=name, snippets=given)
        )

    def compile_text(self, source: str) -> TextProgram:
        """A program of an idempotency expression. Raises `TemplateInvalid`."""
        return compile_text(source, name="idempotency")

    def program(self, version: Version, step: Step | None = None) -> Program:
        """The program of a version, or of one of its later steps, compiled once. Raises `TemplateInvalid`."""
        made = version.template
        if step is None:
            return self._programs.get(version.id, lambda: _compiled(made, made.source))
        return self._programs.get(f"{version.id}/{step.name}", lambda: _compiled(made, step.source))

    def compile_step(self, template: TemplateSource, source: str) -> Program:
        """A program of one source of a template. Raises `TemplateInvalid`."""
        return self.compile(source, dialect=template.dialect, name=template.name, snippets=template.snippets)

    def compile_all(self, template: TemplateSource) -> list[Program]:
        """A program for each step of a template; exactly one where it is no plan.

        Raises `TemplateInvalid`; of a plan with the problems of every step, which are named by it.
        """
        if template.step is None:
            return [self.compile_step(template, template.source)]
        programs, problems = [], []
        for step in template.steps:
            try:
                programs.append(self.compile_step(template, step.source))
            except TemplateInvalid as error:
                problems += [each.at(each.line, each.column, each.template or step.name) for each in error.problems]
        if problems:
            raise TemplateInvalid(f"The steps of {template.name} do not compile.", problems)
        return programs

    def programs(self, version: Version) -> list[Program]:
        """The same of a version, compiled once. Raises `TemplateInvalid`."""
        return [self.program(version), *(self.program(version, step) for step in version.template.then)]

    def idempotency_key(self, version: Version, context: Mapping[str, Any], now: datetime) -> str:
        """What the version's idempotency expression comes to, of what the template sees. Raises `BurgeeError`."""
        policy = version.template.policy
        program = self._idempotency.get(version.id, lambda: self.compile_text(policy.idempotency or ""))
        return program.render(shapes.shaped(policy.shape, context).context, now=now).strip()

    def prepare(
        self,
        program: Program,
        action: Action,
        policy: Policy,
        context: Mapping[str, Any],
        *,
        now: datetime,
        seed: str | None = None,
        account: Account | None = None,
        detail: bool = True,
    ) -> Prepared:
        """What `context` comes to: rendered, checked against the action, measured. Never raises for bad templates or data;
        `Unavailable` where the template asks the content library and the database cannot answer.

        `seed` is by default that of the context. `account` gives its brand prefix to the measure, and its country to phone
        numbers without one. `detail=False` leaves out
        the measure and the lint's warnings, and never a rule that decides the outcome.
        """
        seed = seed_of(canonical(context)) if seed is None else seed
        region = account.country if account is not None else "US"
        seen = shapes.shaped(policy.shape, context)
        if seen.problems:
            return Prepared(Outcome.INVALID, problems=seen.problems)
        rendered = program.render(
            seen.context, now=now, seed=seed, missing=policy.missing, services=self._services, region=region
        )
        if rendered.suppressed is not None:
            return Prepared(Outcome.SUPPRESSED, warnings=rendered.warnings, reason=rendered.suppressed)
        if rendered.problems:
            return Prepared(Outcome.INVALID, rendered.document, problems=rendered.problems, warnings=rendered.warnings)
        prepared = self.check(action, rendered.document, account=account, detail=detail, now=now, policy=policy)
        if seen.email is not None and _is_to(action.recipient(prepared.payload), seen.phone, region):
            prepared = replace(prepared, email=seen.email)
        if not (prepared.problems or prepared.warnings or rendered.warnings):
            return prepared
        return replace(
            prepared,
            problems=tuple(_placed(each, rendered) for each in prepared.problems),
            warnings=rendered.warnings + tuple(_placed(each, rendered) for each in prepared.warnings),
        )

    def render(
        self,
        version: Version,
        context: Mapping[str, Any],
        *,
        step: Step | None = None,
        now: datetime,
        seed: str,
        account: Account | None = None,
    ) -> Prepared:
        """What `context` comes to by a version that is kept, or by one of its later steps, without the detail.

        One that was published long ago, under other rules, and cannot be used any more, gives an invalid outcome. Raises
        `Unavailable`.
        """
        made = version.template if step is None else step
        try:
            program = self.program(version, step)
            action = self.actions.get_or_raise(made.action)
        except (TemplateInvalid, NotFound) as error:
            return Prepared.of(error)
        return self.prepare(program, action, made.policy, context, now=now, seed=seed, account=account, detail=False)

    def delivery(
        self,
        prepared: Prepared,
        policy: Policy,
        *,
        action: str,
        plan: str | None = None,
        step: str | None = None,
        age_s: float = 0.0,
        **facts: Any,
    ) -> NewDelivery:
        """The delivery that a prepared payload becomes: queued, suppressed or rejected.

        A step without a `plan` is the first of its plan. `age_s`: so long ago the call came in.
        """
        id = new_id("dlv")
        if prepared.outcome is Outcome.VALID:
            known = self.actions[action]
            facts["guarantee"] = policy.guarantee or known.guarantee(prepared.payload)
            facts["recipient"] = known.recipient(prepared.payload)
            facts["rate_class"] = known.rate_class
            facts["email"] = prepared.email
            waits = None if policy.expires_after_s is None else policy.expires_after_s - age_s
            limits = [each for each in (waits, prepared.fresh_for_s) if each is not None]
            facts["expires_in"] = min(limits, default=None)
        return NewDelivery(
            id=id,
            status=_STATUS[prepared.outcome],
            action=action,
            payload=prepared.body,
            digest=prepared.digest,
            problems=prepared.problems,
            warnings=prepared.warnings,
            reason=prepared.reason,
            plan=id if plan is None and step is not None else plan,
            step=step,
            **facts,
        )

    def check(
        self,
        action: Action,
        document: Any,
        *,
        account: Account | None = None,
        detail: bool = True,
        now: datetime | None = None,
        policy: Policy = Policy(),  # noqa: B008 -- frozen
    ) -> Prepared:
        """What a ready payload comes to: `prepare` without the rendering. Without `now` nothing is said of its age."""
        checked = action.check(document)
        payload = document if checked.payload is None else checked.payload
        problems, warnings, shown = checked.problems, checked.warnings, None
        if texts := _Text.all(payload, action):
            told = {each.pointer for each in problems}
            found = (each for text in texts for each in text.problems() if each.pointer not in told)
            problems += tuple(islice(found, MOST_TOLD))
            if detail:
                measures = [text.measure(account) for text in texts]
                shown = _measured(texts, measures)
                warnings += tuple(each for text, measure in zip(texts, measures) for each in text.warnings(measure))
            warnings = _once(warnings)
        fresh = action.fresh_for_s(payload, now) if now is not None and not problems else None
        refuses = policy.stale_events == "refuse"
        if fresh is not None and fresh < 0:
            stale = (_stale(action),)
            problems, warnings = (stale, warnings) if refuses else (problems, warnings + stale)
        if problems:
            return Prepared(Outcome.INVALID, payload, problems=problems, warnings=warnings, sms=shown)
        body = strictjson.write(payload)
        return Prepared(
            Outcome.VALID,
            payload,
            body,
            hashlib.sha256(body).hexdigest(),
            (),
            warnings,
            None,
            shown,
            fresh if refuses else None,
        )


@dataclass(frozen=True, slots=True)
class _Text:
    """A text message in a payload, and what there is to say of it. `where` has the pointers that the action gives, which
    hold inside of `message`; that stands at the pointer `at` of the payload."""

    body: str
    message: Mapping[str, Any]
    where: Mapping[str, str]
    at: str = ""

    @classmethod
    def all(cls, payload: Any, action: Action) -> list[_Text]:
        """Every text that there is to look at."""
        if action.sms is not None:
            messages, where = [("", payload)], action.sms
        elif action.sms_each is not None and isinstance(payload, list):
            messages, where = [(f"/{at}", each) for at, each in enumerate(payload)], action.sms_each
        else:
            return []
        bodies = [(at, each, each.get(where["body"][1:])) for at, each in messages if isinstance(each, dict)]
        return [cls(body, each, where, at) for at, each, body in bodies if isinstance(body, str)]

    def problems(self) -> tuple[Problem, ...]:
        """What decides; cheap."""
        return sms.broken(self.body, self.at + self.where["body"])

    def measure(self, account: Account | None) -> sms.Measure:
        prefix = account.brand_prefix if account is not None else ""
        return sms.measure(
            self.body,
            prefix=prefix,
            links="estimated" if self._shortens_links else "none",
            mms=self._text("media") is not None,
        )

    def warnings(self, measure: sms.Measure) -> tuple[Problem, ...]:
        """What does not decide."""
        return sms.lint(
            self.body,
            subscription_type=self._text("type"),
            media_url=self._text("media"),
            use_short_links=self._shortens_links,
            measure=measure,
            pointers=Pointers(**{part: self.at + pointer for part, pointer in self.where.items()}),
        ).warnings

    @property
    def _shortens_links(self) -> bool:
        return self.message.get("useShortLinks") is True

    def _text(self, part: str) -> str | None:
        value = self.message.get(self.where.get(part, "")[1:])
        return value if isinstance(value, str) else None


def _measured(texts: Sequence[_Text], measures: Sequence[sms.Measure]) -> dict[str, Any]:
    """The measure of the text; of many that of the longest, and what all take together."""
    longest = max(range(len(measures)), key=lambda at: measures[at].segments)
    shown = measures[longest].as_dict()
    if texts[longest].at:
        shown |= {
            "pointer": texts[longest].at,
            "messages": len(texts),
            "total_segments": sum(each.segments for each in measures),
        }
    return shown


def _once(warnings: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each warning once, of the first text that has it: a bulk says the same to thousands."""
    found: dict[tuple[str, str], Problem] = {}
    for each in warnings:
        if len(found) < MOST_TOLD:
            found.setdefault((each.code, each.detail), each)
    return tuple(found.values())


def _services(library: Library) -> Services:
    """What templates may ask for."""
    return Services(
        personalize=library.personalize,
        interest=library.interests if library.is_kept else None,
        has_library=library.is_kept,
    )


def _compiled(template: TemplateSource, source: str) -> Program:
    return compile(source, dialect=template.dialect, name=template.name, snippets=template.snippets)


class _Kept(Generic[T]):
    """What was compiled, by version id; the oldest goes first when there is too much of it."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._made: OrderedDict[str, T] = OrderedDict()
        self._lock = Lock()

    def get(self, id: str, make: Callable[[], T]) -> T:
        made = self._made.get(id)
        if made is None:
            made = make()
            with self._lock:
                self._made[id] = made
                if len(self._made) > (self._most or KEPT_PROGRAMS):
                    self._made.popitem(last=False)
        return made


def _is_to(recipient: str | None, phone: str | None, region: str) -> bool:
    """Whether a payload is for this phone number, however the profile writes it."""
    if recipient is None or phone is None:
        return False
    try:
        return recipient in (phone, sms.to_e164(phone, region))
    except ValueError:
        return False


def _stale(action: Action) -> Problem:
    """What to say of an event that comes too late to have its effect."""
    within = action.happened or {}
    return Problem(
        "event.stale",
        f"It happened more than {within['within_s'] / 3600:g} hours ago: it is recorded, and starts no journey.",
        within["at"],
        'Send events as they happen. With `stale_events = "refuse"` in about.toml, those that come too late are not sent.',
    )


def _placed(problem: Problem, rendered: Rendered) -> Problem:
    """The problem with the place in the template that wrote the field it points to, or else the nearest one around it."""
    if problem.line is not None or problem.pointer is None:
        return problem
    pointer = problem.pointer
    while (place := rendered.locate(pointer)) is None and pointer:
        pointer = pointer.rpartition("/")[0]
    return problem if place is None else problem.at(*place)
