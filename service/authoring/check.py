"""Golden samples are tests: each sample must come to what is written beside it.

`NAME.expected.json` holds the payload, or one of
`{"outcome": "suppressed", "reason": "The profile has no phone number."}` (the reason may be left out) and
`{"outcome": "invalid", "problems": ["payload.required"]}` (codes, in any order).
A sample with nothing beside it must come to anything but invalid.

Of a plan it holds one for each step that is reached, by the step's name; `NAME.answers.json` holds what the vendor
is taken to answer, by step too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from service import strictjson
from service.delivery.plans import preview
from service.delivery.prepare import Prepared, Preparer
from service.errors import NotFound, Problem, TemplateInvalid
from service.model import Outcome, TemplateSource

NOW = datetime(2026, 1, 15, 17, 0, tzinfo=UTC)  # what the clock shows in every sample, so that results stay the same
SHOWN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one sample came out. `sample` is None where the template itself cannot be used."""

    template: str
    sample: str | None
    problems: tuple[Problem, ...]
    prepared: Prepared | None = None

    @property
    def passed(self) -> bool:
        return not self.problems


def check(preparer: Preparer, templates: Iterable[TemplateSource], *, now: datetime = NOW) -> Iterator[Result]:
    """The result of each sample of each template, as they are rendered."""
    for template in templates:
        try:
            rendered = list(render_samples(preparer, template, now=now))
        except (NotFound, TemplateInvalid) as error:
            yield Result(template=template.name, sample=None, problems=problems_of(error))
            continue
        for name, prepared in rendered:
            problems = compare(template.samples[name].get("expected"), prepared)
            yield Result(template=template.name, sample=name, problems=tuple(problems), prepared=prepared)


def render_samples(preparer: Preparer, template: TemplateSource, *, now: datetime = NOW) -> Iterator[tuple[str, Prepared]]:
    """What each sample of `template` comes to. Raises `NotFound` (action) and `TemplateInvalid`."""
    for step in template.steps:
        preparer.actions.get_or_raise(step.action)
    programs = preparer.compile_all(template)
    for name, sample in template.samples.items():
        yield name, preview(preparer, template, programs, sample["context"], answers=sample.get("answers"), now=now)


def by_step(prepared: Prepared) -> dict[str, Prepared]:
    """What a plan came to, by step, as far as it is known."""
    later = {each.step: each.prepared for each in prepared.then if each.prepared is not None}
    return {prepared.step or "": replace(prepared, step=None, then=()), **later}


def problems_of(error: NotFound | TemplateInvalid) -> tuple[Problem, ...]:
    """The problems of `error`; of an action that is not there, one that says so."""
    return error.problems or (Problem("template.action", error.detail, hint=error.hint),)


def expected_of(prepared: Prepared) -> Any:
    """What to write beside a sample, so that this outcome is the expected one."""
    if prepared.step is not None:
        return {name: expected_of(each) for name, each in by_step(prepared).items()}
    if prepared.outcome is Outcome.VALID:
        return prepared.payload
    if prepared.outcome is Outcome.SUPPRESSED:
        return {"outcome": "suppressed", "reason": prepared.reason}
    return {"outcome": "invalid", "problems": sorted({each.code for each in prepared.problems})}


def compare(expected: Any, prepared: Prepared) -> Iterator[Problem]:
    """How `prepared` departs from what was expected (None: anything but invalid)."""
    if prepared.step is None:
        yield from _compare_one(expected, prepared)
        return
    made = by_step(prepared)
    for name in made if not isinstance(expected, dict) else {**expected, **made}:
        if name not in made:
            yield Problem("sample.step", f"The step {name} is not reached, and it was expected.", f"/{name}")
        elif isinstance(expected, dict) and name not in expected:
            yield Problem("sample.step", f"The step {name} is reached, and it was not expected.", f"/{name}")
        else:
            wanted = expected[name] if isinstance(expected, dict) else None
            for each in _compare_one(wanted, made[name]):
                yield replace(each, detail=f"{name}: {each.detail}")


def _compare_one(expected: Any, prepared: Prepared) -> Iterator[Problem]:
    wanted = Outcome.VALID
    if isinstance(expected, dict) and expected.get("outcome") in tuple(Outcome):
        wanted = Outcome(expected["outcome"])
    if prepared.outcome is Outcome.INVALID and wanted is not Outcome.INVALID:
        yield from prepared.problems
    elif expected is None:
        return
    elif prepared.outcome is not wanted:
        reason = f" ({prepared.reason})" if prepared.reason else ""
        yield Problem("sample.outcome", f"The outcome is {prepared.outcome}{reason}, and {wanted} was expected.", "")
    elif wanted is Outcome.VALID:
        yield from differences(expected, prepared.payload)
    else:
        found = expected_of(prepared)
        for key in ("reason", "problems"):
            if key in expected and _bag(expected[key]) != _bag(found.get(key)):
                said = f"The {key} is {_shown(found.get(key))}, and {_shown(expected[key])} was expected."
                yield Problem("sample.differs", said, "")


def differences(expected: Any, found: Any, pointer: str = "") -> Iterator[Problem]:
    """Where two JSON values differ, one problem a place. 1, 1.0 and true are three values."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in {**expected, **found}:
            where = strictjson.step(pointer, key)
            if key not in found:
                yield Problem("sample.differs", f"{where} is left out, and {_shown(expected[key])} was expected.", where)
            elif key not in expected:
                yield Problem("sample.differs", f"{where} is {_shown(found[key])}, and was not expected.", where)
            else:
                yield from differences(expected[key], found[key], where)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for at, (one, other) in enumerate(zip(expected, found)):
            yield from differences(one, other, strictjson.step(pointer, at))
    elif type(expected) is not type(found) or expected != found:
        said = f"{pointer or 'The payload'} is {_shown(found)}, and {_shown(expected)} was expected."
        yield Problem("sample.differs", said, pointer)


def _bag(value: Any) -> Any:
    return sorted(map(str, value)) if isinstance(value, list) else value


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
