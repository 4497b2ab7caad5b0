"""What a source comes to for several profiles side by side, and everything that is to be said about it.

The same `Preparer` that makes the payloads of real deliveries makes these.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from service.authoring import lint
from service.delivery import plans
from service.delivery.prepare import Prepared
from service.errors import BurgeeError, Problem, TemplateInvalid
from service.model import Account, Outcome, Step, TemplateSource
from service.studio._fixes import Fix, Places, default_for, missing_path
from service.studio._masking import Masking
from service.studio._meter import Meter, marked, measured, meter
from service.studio._profiles import BUILT_IN, Profile
from service.studio._story import Message, digest, message
from service.studio._work import alone, step_of

if TYPE_CHECKING:
    from service.actions import Action
    from service.parts import Parts
    from service.rendering import Program

SHOWN_TEXT = 400  # characters of a message in the row of profiles; three lines are seen
_STATUS = {Outcome.VALID: "accepted", Outcome.INVALID: "rejected", Outcome.SUPPRESSED: "suppressed"}
_WORD = {Outcome.VALID: "ready", Outcome.INVALID: "no message", Outcome.SUPPRESSED: "stopped"}
_OTHER_WORD = {**_WORD, Outcome.INVALID: "not sent"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about the source. `kind` is `bad` or `warn`; `span` is where it is underlined, in UTF-16 units."""

    kind: str
    title: str
    said: str
    line: int | None
    column: int | None
    place: str | None  # the snippet it stands in, where that is not the template itself
    span: tuple[int, int] | None
    fix: Fix | None
    costly: bool = False  # a character that makes the text expensive

    def as_dict(self) -> dict[str, Any]:
        """For the editor's gutter."""
        shown = {name: getattr(self, name) for name in ("kind", "title", "said", "line", "span", "costly")}
        fix = {"label": self.fix.label, "edits": json.loads(self.fix.as_json())} if self.fix else None
        return {**shown, "fix": fix}


@dataclass(frozen=True, slots=True)
class Person:
    """One profile with its result."""

    profile: Profile
    prepared: Prepared
    status: str
    word: str
    aside: str
    pieces: tuple[tuple[str, str], ...]
    reason: str  # a sentence with code in backticks, in place of a message
    waits: bool = False  # a later step of a plan, which nobody can know yet


@dataclass(frozen=True)
class Preview:
    """Everything that the editor shows beside the source of one step (of the only one, where the template is no plan)."""

    template: TemplateSource
    step: Step
    action: Action | None
    account: Account | None
    people: tuple[Person, ...]
    chosen: Person | None
    meter: Meter | None  # of the chosen profile's text
    findings: tuple[Finding, ...]
    compiles: bool
    took_ms: float
    now: datetime

    @property
    def problems(self) -> int:
        return sum(each.kind == "bad" for each in self.findings)

    @property
    def warnings(self) -> int:
        return sum(each.kind == "warn" for each in self.findings)

    @property
    def without(self) -> int:
        """How many profiles get nothing, though nobody meant that."""
        return sum(each.prepared.outcome is Outcome.INVALID for each in self.people)

    @property
    def sentence(self) -> str:
        """How things stand, over all profiles."""
        number, without, sends = len(self.people), self.without, "message" if self.has_text else "payload"
        waiting = sum(each.waits for each in self.people)
        stopped = sum(each.prepared.outcome is Outcome.SUPPRESSED for each in self.people)
        if not self.compiles:
            return "The source does not compile, so nobody gets anything."
        if not number:
            return "There is nobody to try it on yet: no sample, and no call."
        if waiting:
            return f"{waiting} of {number} {'waits' if waiting == 1 else 'wait'} for what an earlier step is answered."
        if stopped and not without:
            gets = number - stopped
            return f"{gets} of {number} {'gets' if gets == 1 else 'get'} a {sends}; the template stops the others."
        if not without:
            return f"All {number} get a {sends}." if number > 1 else f"This profile gets a {sends}."
        return f"{without} of {number} {'gets' if without == 1 else 'get'} no {sends}."

    @property
    def has_text(self) -> bool:
        return self.action is not None and self.action.sms is not None

    @cached_property
    def message(self) -> Message | None:
        """What the chosen profile reads. Its context holds nothing that the user may not see."""
        if self.chosen is None or self.chosen.prepared.outcome is Outcome.SUPPRESSED:
            return None
        return message(self.chosen.prepared.payload, self.action, self.account, Masking(True))

    @property
    def digest(self) -> str:
        return digest(self.chosen.prepared.digest) if self.chosen is not None else ""

    @property
    def findings_json(self) -> str:
        """For the editor's gutter."""
        return json.dumps([each.as_dict() for each in self.findings if each.line is not None])


def preview(
    parts: Parts, template: TemplateSource, profiles: Sequence[Profile], wanted: str, now: datetime, *, step: str = ""
) -> Preview:
    """`template` for all `profiles`; `wanted` is the id of the one that is shown in full, and `step` the name of the step
    (else the first)."""
    started = time.perf_counter()
    here = step_of(template, step)
    only = alone(template, here)
    account, places = parts.store.accounts.get(template.account), Places(here.source)
    people: list[Person] = []
    problems: list[Problem] = []
    action = parts.actions.get(here.action)
    warnings: list[Problem] = []
    try:
        action = parts.actions.get_or_raise(here.action)
        program = parts.preparer.compile_step(template, here.source)
        later = _Later.of(parts, template, here, program)
        shown = next((each.id for each in profiles if each.id == wanted), profiles[0].id if profiles else "")
        for each in profiles:
            if later is not None:
                people.append(later.person(each, action, account, now))
                continue
            # What the lint says, and where in the source, is shown of one; the others' results are the same without it.
            made = parts.preparer.prepare(
                program, action, here.policy, each.context, now=now, account=account, detail=each.id == shown
            )
            people.append(_person(each, made, action, account))
        warnings = [
            *program.warnings,
            *(found for rule in lint.STEP_RULES for found in rule(only, action)),
            *lint.stand_ins_unused(template),
        ]
    except BurgeeError as error:
        problems = list(error.problems) or [Problem("template.unusable", error.detail, None, error.hint)]
    chosen = next((each for each in people if each.profile.id == wanted), people[0] if people else None)
    gauge = _meter(chosen, action, account, places)
    findings = [
        *(_finding("bad", each, places, _words(each)) for each in problems),
        *_of_people(people, places, template),
        *(_finding("warn", each, places, _words(each)) for each in warnings),
        *_of_one(chosen, gauge, places),
    ]
    kept = _once(findings)
    return Preview(
        template=template,
        step=here,
        action=action,
        account=account,
        people=tuple(people),
        chosen=chosen,
        meter=gauge,
        findings=tuple(sorted(kept, key=lambda each: (each.kind != "bad",))),
        compiles=not problems,
        took_ms=(time.perf_counter() - started) * 1000,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class _Later:
    """A later step of a plan, with the steps before it: what it comes to may depend on what those are answered."""

    parts: Parts
    template: TemplateSource  # up to this step
    programs: tuple[Program, ...]

    @classmethod
    def of(cls, parts: Parts, template: TemplateSource, here: Step, program: Program) -> _Later | None:
        """None for the first step. Raises `TemplateInvalid` where an earlier one does not compile."""
        at = [step.name for step in template.steps].index(here.name)
        if at == 0:
            return None
        before = []
        for step in template.steps[:at]:
            try:
                before.append(parts.preparer.compile_step(template, step.source))
            except TemplateInvalid:
                detail = f"The step `{step.name}` before this one does not compile, so nobody comes here."
                raise TemplateInvalid(detail, [Problem("plan.before", detail, None, "Mend that step first.")]) from None
        return cls(parts, replace(template, then=template.then[:at]), (*before, program))

    def person(self, profile: Profile, action: Action, account: Account | None, now: datetime) -> Person:
        made = plans.preview(
            self.parts.preparer, self.template, self.programs, profile.context, now=now, answers=profile.answers,
            account=account,
        )  # fmt: skip
        reached = made.then[-1] if len(made.then) == len(self.template.then) else None
        if reached is not None and reached.prepared is not None:
            return _person(profile, reached.prepared, action, account)
        if reached is not None:
            names = " and ".join(f"`{each}`" for each in reached.waits_for)
            return _not_yet(
                profile, f"It depends on what {names} {'is' if len(reached.waits_for) == 1 else 'are'} answered."
            )
        last = made.then[-1].prepared if made.then else made
        name = self.template.steps[len(made.then)].name
        if last is None:
            return _not_yet(profile, f"The step `{name}` before it waits.")
        why = last.reason or (last.problems[0].detail if last.problems else "")
        return _not_yet(profile, f"The plan ends at `{name}`: {why}", "suppressed", "not reached")


def _not_yet(profile: Profile, reason: str, status: str = "held", word: str = "waits") -> Person:
    return Person(profile, Prepared(Outcome.SUPPRESSED, reason=reason), status, word, "", (), reason, waits=word == "waits")


def _meter(chosen: Person | None, action: Action | None, account: Account | None, places: Places) -> Meter | None:
    if chosen is None or action is None or action.sms is None or chosen.prepared.sms is None:
        return None
    body = chosen.prepared.payload[action.sms["body"][1:]]
    return meter(body, account.brand_prefix if account is not None else "", chosen.prepared.sms, places)


def _person(profile: Profile, made: Prepared, action: Action, account: Account | None) -> Person:
    words = _WORD if action.sms is not None else _OTHER_WORD
    text, aside, reason = "", "", ""
    costly: set[str] = set()
    if made.outcome is Outcome.INVALID:
        first = made.problems[0]
        aside = f"line {first.line}" if first.line is not None and first.template is None else ""
        reason = first.detail
    elif made.outcome is Outcome.SUPPRESSED:
        reason = made.reason or ""
    elif (measure := measured(made.payload, action, account)) is not None and action.sms is not None:
        text = made.payload[action.sms["body"][1:]]
        costly = {each.character for each in measure.causes}
        aside = f"{measure.segments} segment{'s' * (measure.segments != 1)}"
    else:
        text = json.dumps(made.payload, ensure_ascii=False)
    pieces = tuple(marked(text[:SHOWN_TEXT], costly))
    return Person(profile, made, _STATUS[made.outcome], words[made.outcome], aside, pieces, reason)


def _of_people(people: Sequence[Person], places: Places, template: TemplateSource) -> Iterable[Finding]:
    """What keeps profiles from getting a message, each cause once, the one that touches most of them first.

    A sample that is there to show that nothing is sent is no problem; that only made-up awkward people trip over something
    is a warning.
    """
    touched: dict[tuple[Any, ...], list[tuple[Person, Problem]]] = {}
    for person in people:
        if person.prepared.outcome is Outcome.INVALID and not _meant(person, template):
            for each in person.prepared.problems:
                path = missing_path(each)
                key = (each.code, path or each.pointer, each.line, each.column, each.template)
                touched.setdefault(key, []).append((person, each))
    for group in sorted(touched.values(), key=lambda each: -len(each)):
        problem = group[0][1]
        kind = "warn" if all(person.profile.kind == BUILT_IN for person, _ in group) else "bad"
        number, of, path = len(group), len(people), missing_path(problem)
        if path is not None:
            has = "has" if number == 1 else "have"
            title = f"{number} of {of} profiles {has} no `{path}`."
            near = f" {problem.hint}" if problem.hint and problem.hint.startswith("Did you mean") else ""
            said = f"{'It' if number == 1 else 'They'} would get no message.{near}"
        else:
            title = problem.detail
            who = group[0][0].profile.name if number == 1 else f"{number} of {of} profiles"
            said = f"{problem.hint or ''} {who} would get no message.".strip()
        yield _finding(kind, problem, places, (title, said))


def _meant(person: Person, template: TemplateSource) -> bool:
    sample = template.samples.get(person.profile.id.partition(":")[2]) if person.profile.kind == "sample" else None
    expected = sample.get("expected") if sample is not None else None
    return isinstance(expected, dict) and expected.get("outcome") == "invalid"


def _of_one(chosen: Person | None, gauge: Meter | None, places: Places) -> Iterable[Finding]:
    """The lint's warnings about the chosen profile's message. What makes it expensive is said as the meter says it, and
    stands at the character, if that is in the source."""
    for each in chosen.prepared.warnings if chosen is not None else ():
        if each.code != "sms.ucs2" or gauge is None or not gauge.why:
            yield _finding("warn", each, places, _words(each))
            continue
        at = gauge.fix.edits[0].start if gauge.fix is not None else None
        before = places.before(at) if at is not None else None
        yield Finding(
            kind="warn",
            title=gauge.why,
            said="Text messages cannot pack this character tightly.",
            line=None if before is None else before.count("\n") + 1,
            column=None if before is None else len(before) - before.rfind("\n"),
            place=None,
            span=None if at is None or gauge.fix is None else (at, gauge.fix.edits[0].end),
            fix=gauge.fix,
            costly=True,
        )


def _words(problem: Problem) -> tuple[str, str]:
    return problem.detail, problem.hint or ""


def _finding(kind: str, problem: Problem, places: Places, words: tuple[str, str]) -> Finding:
    title, said = words
    inside = problem.template is None
    line = problem.line if inside else None
    return Finding(
        kind, title, said, line, problem.column if inside else None, problem.template, places.span(problem),
        default_for(problem, places),
    )  # fmt: skip


def _once(findings: Iterable[Finding]) -> list[Finding]:
    kept: dict[tuple[Any, ...], Finding] = {}
    for each in findings:
        kept.setdefault((each.line, each.column, each.title), each)
    return list(kept.values())
