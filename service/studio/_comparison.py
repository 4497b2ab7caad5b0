"""Two versions of a template over the same contexts: what would change, for how many, and why. Nothing is sent."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from service.authoring.check import by_step
from service.delivery import plans
from service.delivery.prepare import Prepared
from service.errors import BurgeeError, Problem
from service.model import Account, Outcome, TemplateSource
from service.studio._diff import Pieces, texts
from service.studio._fixes import character_name, missing_path
from service.studio._meter import measured
from service.studio._profiles import Profile

if TYPE_CHECKING:
    from service.actions import Action
    from service.parts import Parts
    from service.rendering import Program

LONGEST_S = 2.5  # a review that takes longer says how many it looked at
EXAMPLES = 4
NOT_LIVE = "Nothing is live yet."


@dataclass(frozen=True, slots=True)
class Side:
    """What one version makes of one context: `text` is the message, or the payload where there is none."""

    prepared: Prepared
    text: str
    segments: int | None
    costly: frozenset[str]

    @property
    def aside(self) -> str:
        if self.prepared.outcome is Outcome.INVALID:
            return "no message"
        if self.prepared.outcome is Outcome.SUPPRESSED:
            return "" if self.prepared.reason == NOT_LIVE else "stopped"
        return f"{self.segments} segment{'s' * (self.segments != 1)}" if self.segments is not None else ""

    @property
    def reason(self) -> str:
        """A sentence in place of the text, where there is none."""
        if self.prepared.outcome is Outcome.INVALID:
            return f"Rejected: {self.prepared.problems[0].detail}"
        return self.prepared.reason or "" if self.prepared.outcome is Outcome.SUPPRESSED else ""


@dataclass(frozen=True, slots=True)
class Pair:
    """One context on both sides, with what differs marked."""

    profile: Profile
    old: Side
    new: Side
    old_pieces: Pieces
    new_pieces: Pieces

    @property
    def costly(self) -> frozenset[str]:
        """Characters that the new text has and the old one had not, and that make it expensive."""
        return self.new.costly - self.old.costly


@dataclass(slots=True)
class Cause:
    """Contexts that change in the same way. `flag` is bad, warn or good."""

    flag: str
    title: str
    said: str
    line: int | None = None
    step: str = ""  # of a plan: where the difference begins
    pairs: list[Pair] = field(default_factory=list)
    number: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The figures and the causes. `problems`: the new source does not compile, and nothing was compared."""

    number: int
    of: int
    unchanged: int
    changed: int
    failing: int
    mended: int
    more: int
    fewer: int
    old_segments: int
    new_segments: int
    causes: tuple[Cause, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def share(self) -> int | None:
        """Segments more (or fewer) in all, in percent; None where there was nothing to compare with."""
        return round(100 * (self.new_segments - self.old_segments) / self.old_segments) if self.old_segments else None

    @property
    def failing_line(self) -> int | None:
        """Where to look first."""
        return self._first.line if self._first is not None else None

    @property
    def failing_step(self) -> str:
        """In which step that line is."""
        return self._first.step if self._first is not None else ""

    @property
    def _first(self) -> Cause | None:
        return next((each for each in self.causes if each.flag == "bad" and each.line), None)


def compare(
    parts: Parts, old: TemplateSource | None, new: TemplateSource, profiles: Sequence[Profile], now: datetime
) -> Comparison:
    """`old` against `new`. Where there is no old version, or none that can be used any more, it makes nothing."""
    account = parts.store.accounts.get(new.account)
    try:
        maker = _Maker(parts, new, account, now)
    except BurgeeError as error:
        problems = error.problems or (Problem("template.unusable", error.detail, None, error.hint),)
        return Comparison(0, len(profiles), 0, 0, 0, 0, 0, 0, 0, 0, (), tuple(problems))
    try:
        before = _Maker(parts, old, account, now) if old is not None else None
    except BurgeeError:
        before = None
    counted: Counter[str] = Counter()
    causes: dict[tuple[Any, ...], Cause] = {}
    deadline, number = time.monotonic() + LONGEST_S, 0
    for each in profiles:
        if number and time.monotonic() > deadline:
            break
        number += 1
        old_sides, new_sides = before.make(each) if before is not None else {}, maker.make(each)
        counted["old"] += sum(side.segments or 0 for side in old_sides.values())
        counted["new"] += sum(side.segments or 0 for side in new_sides.values())
        step, one, two = _where_they_part(old_sides, new_sides)
        kind = _kind(one, two)
        counted[kind] += 1
        if kind == "unchanged":
            continue
        more = (two.segments or 0) - (one.segments or 0) if kind == "changed" else 0
        counted["more"] += more > 0
        counted["fewer"] += more < 0
        key, made = _cause(kind, more, one, two)
        if step:
            made.step, made.said = step, f"In the step `{step}`. {made.said}".strip()
        cause = causes.setdefault((step, *key), made)
        cause.number += 1
        if len(cause.pairs) < EXAMPLES:
            cause.pairs.append(Pair(each, one, two, *texts(one.text, two.text)))
    order = {"bad": 0, "warn": 1, "good": 2}
    return Comparison(
        number=number,
        of=len(profiles),
        unchanged=counted["unchanged"],
        changed=number - counted["unchanged"] - counted["failing"],
        failing=counted["failing"],
        mended=counted["mended"],
        more=counted["more"],
        fewer=counted["fewer"],
        old_segments=counted["old"],
        new_segments=counted["new"],
        causes=tuple(sorted(causes.values(), key=lambda cause: (order[cause.flag], -cause.number))),
    )


class _Maker:
    """Makes what one version makes."""

    def __init__(self, parts: Parts, template: TemplateSource, account: Account | None, now: datetime) -> None:
        self._parts, self._template, self._account, self._now = parts, template, account, now
        self._actions: list[Action] = [parts.actions.get_or_raise(step.action) for step in template.steps]
        self._programs: list[Program] = parts.preparer.compile_all(template)

    def make(self, profile: Profile) -> dict[str, Side]:
        """What each step comes to that is reached and known; exactly one, without a name, where it is no plan."""
        preparer, template = self._parts.preparer, self._template
        if not template.then:
            made = preparer.prepare(
                self._programs[0], self._actions[0], template.policy, profile.context, now=self._now, account=self._account,
                detail=False,
            )  # fmt: skip
            return {"": self._side(made, self._actions[0])}
        made = plans.preview(
            preparer, template, self._programs, profile.context, now=self._now, answers=profile.answers,
            account=self._account,
        )  # fmt: skip
        steps = by_step(made)
        return {
            step.name: self._side(steps[step.name], action)
            for step, action in zip(template.steps, self._actions)
            if step.name in steps
        }

    def _side(self, made: Prepared, action: Action) -> Side:
        if made.outcome is not Outcome.VALID:
            return Side(made, "", None, frozenset())
        measure = measured(made.payload, action, self._account)
        if measure is None or action.sms is None:
            return Side(made, json.dumps(made.payload, ensure_ascii=False, indent=1), None, frozenset())
        body = made.payload[action.sms["body"][1:]]
        return Side(made, body, measure.segments, frozenset(each.character for each in measure.causes))


_NOTHING = Side(Prepared(Outcome.SUPPRESSED, reason=NOT_LIVE), "", None, frozenset())
_NO_STEP = Side(
    Prepared(Outcome.SUPPRESSED, reason="This step is not reached, or waits for an answer."), "", None, frozenset()
)


def _where_they_part(old: Mapping[str, Side], new: Mapping[str, Side]) -> tuple[str, Side, Side]:
    """The first step that differs (else the first one), and both sides of it."""
    missing = _NO_STEP if old else _NOTHING
    pairs = [(name, old.get(name, missing), new.get(name, _NO_STEP)) for name in {**new, **old}]
    return next((each for each in pairs if _kind(each[1], each[2]) != "unchanged"), pairs[0])


def _kind(old: Side, new: Side) -> str:
    was, becomes = old.prepared.outcome, new.prepared.outcome
    if becomes is Outcome.INVALID:
        return "unchanged" if was is Outcome.INVALID else "failing"
    if was is Outcome.INVALID:
        return "mended"
    if was is not becomes:
        return "stopped" if becomes is Outcome.SUPPRESSED else "started"
    same = old.prepared.payload == new.prepared.payload and old.prepared.reason == new.prepared.reason
    return "unchanged" if same else "changed"


def _cause(kind: str, more: int, old: Side, new: Side) -> tuple[tuple[Any, ...], Cause]:
    """The key that contexts of one cause share, and the cause."""
    if kind == "failing":
        first = new.prepared.problems[0]
        path = missing_path(first)
        said = (
            f"`{path}` is missing, and nothing stands in for it." if path else f"{first.detail} {first.hint or ''}".strip()
        )
        line = first.line if first.template is None else None
        return (kind, first.code, path or first.pointer, line), Cause("bad", "would get no message", said, line)
    if kind == "mended":
        return (kind,), Cause("good", "would get a message at last", "What is live has no valid payload for them.")
    if kind == "stopped":
        return (kind, new.prepared.reason), Cause("warn", "would be stopped", new.prepared.reason or "")
    if kind == "started":
        if old is _NOTHING:
            return (kind, None), Cause("good", "would get a message", "Nothing is live yet, so nobody has got one.")
        return (kind, old.prepared.reason), Cause("warn", "would get a message", f"Live says: {old.prepared.reason}")
    if more > 0:
        costly = new.costly - old.costly
        return (kind, 1, costly), Cause("warn", "need more segments", _why_more(costly))
    if more < 0:
        costly = old.costly - new.costly
        gone = f"{_characters(costly)} {'is' if len(costly) == 1 else 'are'} gone." if costly else "The text is shorter."
        return (kind, -1, costly), Cause("good", "need fewer segments", gone)
    if old.text != new.text:
        return (kind, 0), Cause("good", "read differently", "They take as many segments as before.")
    return (kind, "fields"), Cause("good", "have another payload", _fields(old, new))


def _why_more(costly: frozenset[str]) -> str:
    return f"{_characters(costly)} in the text." if costly else "The text is longer."


def _characters(costly: frozenset[str]) -> str:
    names = sorted({character_name({"character": each, "name": _unicode_name(each)}) for each in costly})
    return f"The {' and '.join(names[:3])}"


def _unicode_name(character: str) -> str:
    import unicodedata

    return unicodedata.name(character, f"U+{ord(character):04X}").lower()


def _fields(old: Side, new: Side) -> str:
    one, two = old.prepared.payload, new.prepared.payload
    if not isinstance(one, dict) or not isinstance(two, dict):
        return "The text is the same."
    names = sorted(name for name in {*one, *two} if one.get(name) != two.get(name))
    return f"The text is the same; {', '.join(f'`{each}`' for each in names[:6])} {'is' if len(names) == 1 else 'are'} not."
