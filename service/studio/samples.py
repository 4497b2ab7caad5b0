"""Samples of a template: paste one, keep a real call as one without the person in it, change, rename, remove.

They belong to the draft as the source does, and are live with it. Adding one overwrites nobody's edit, so it needs no word
about who saved last; changing one does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, request

from service import strictjson
from service.authoring import folder
from service.authoring.anonymous import Replaced, anonymous
from service.errors import Conflict, NotFound, NotReadable, PayloadInvalid
from service.model import TemplateSource
from service.store.contexts import RealContext
from service.store.users import Role
from service.studio._clock import now
from service.studio._page import page
from service.studio._preview import Person, preview
from service.studio._profiles import SAMPLE, Profile
from service.studio._visit import Visit
from service.studio._work import Work, work_on

SHOWN_CALLS = 10
LONGEST = 200_000  # characters of a sample
TRIES = 3
NOT_KEPT = "Nothing was kept. Others are saving this draft just now; try again."


@dataclass(frozen=True, slots=True)
class Given:
    """What the form of one sample holds. `old` is the name that it had (empty: it is new), `seen` what it held then."""

    name: str = ""
    context: str = ""
    answers: str = ""
    old: str = ""
    seen: str = ""


@page("GET", "/templates/{template}/samples")
def samples(visit: Visit, template: str) -> Response:
    """The list with what each comes to, the last calls, and the way to a new one."""
    work = work_on(visit.parts.store, template)
    calls = visit.parts.store.contexts.last(template, SHOWN_CALLS)
    return visit.show(
        "samples.html", here="templates", work=work, lines=_lines(visit, work), calls=calls, may=visit.may(Role.AUTHOR)
    )


@page("GET", "/templates/{template}/sample", role=Role.AUTHOR)
def sample(visit: Visit, template: str) -> Response:
    """An empty form; `?name=ana` changes that one, and `?call=dlv_...` shows a call as it would be kept."""
    work = work_on(visit.parts.store, template)
    name, call = visit.asked("name"), visit.asked("call")
    if call:
        return _kept_call(visit, work, call)
    if not name:
        return _form(visit, work, Given())
    found = work.template.samples.get(name)
    if found is None:
        raise NotFound(f"There is no sample {name[:60]!r}.", hint="It may have been renamed or removed. Look at the list.")
    answers = _text(found["answers"]) if found.get("answers") else ""
    return _form(visit, work, Given(name, _text(found["context"]), answers, old=name, seen=_digest(found)))


@page("POST", "/templates/{template}/sample", role=Role.AUTHOR)
def save_sample(visit: Visit, template: str) -> Response:
    """Keep it in the draft."""
    work = work_on(visit.parts.store, template)
    given = Given(
        visit.field("name"), request.form.get("context", ""), request.form.get("answers", ""), visit.field("old"),
        visit.field("seen"),
    )  # fmt: skip
    read, problems = _read(given)
    if problems:
        return _form(visit, work, given, problems, 422)

    def change(template: TemplateSource) -> TemplateSource:
        return _with(template, given, read)

    try:
        _save(visit, template, change)
    except Conflict as error:
        return _form(visit, work_on(visit.parts.store, template), given, {"name": error.detail}, 409)
    return visit.go("samples", template=template)


@page("POST", "/templates/{template}/sample/remove", role=Role.AUTHOR)
def remove_sample(visit: Visit, template: str) -> Response:
    """Take it out of the draft. What is live keeps its own until the draft is published."""
    name = visit.field("name")

    def change(template: TemplateSource) -> TemplateSource:
        return replace(template, samples={each: kept for each, kept in template.samples.items() if each != name})

    _save(visit, template, change)
    return visit.go("samples", template=template)


def _save(visit: Visit, name: str, change: Callable[[TemplateSource], TemplateSource]) -> None:
    """Change the draft as it stands, also where somebody else saved it meanwhile. Raises `Conflict`."""
    for left in reversed(range(TRIES)):
        work = work_on(visit.parts.store, name)
        made = change(work.template)
        if made == work.template:
            return
        try:
            visit.parts.store.drafts.save(made, expected=work.revision, base=work.base, by=visit.me.login)
            return
        except Conflict:
            if not left:
                raise Conflict(NOT_KEPT) from None


def _read(given: Given) -> tuple[dict[str, Any], dict[str, str]]:
    """The sample that the form describes, and what is wrong, by field."""
    problems: dict[str, str] = {}
    if not given.name or (given.name != given.old and folder.NAME.fullmatch(given.name) is None):
        problems["name"] = "Give it a name of small letters, digits, - and _, at most 100: it is the name of its file."
    read: dict[str, Any] = {}
    for field, text, wanted in (("context", given.context, True), ("answers", given.answers, False)):
        if not wanted and not text.strip():
            continue
        try:
            read[field] = strictjson.read_object(text[:LONGEST].encode(), what="This text")
        except (NotReadable, PayloadInvalid) as error:
            first = error.problems[0] if error.problems else None
            said = f"{error.detail} {error.hint or ''}" if first is None else f"{first.detail} {first.hint or ''}"
            problems[field] = said.strip()
        else:
            if not strictjson.fits_64_bits(read[field]):
                problems[field] = "It holds a whole number of more than 64 bits. Write such an id as text."
    return read, problems


def _with(template: TemplateSource, given: Given, read: Mapping[str, Any]) -> TemplateSource:
    """The template with this sample. Raises `Conflict` where somebody changed it meanwhile, or the name is another's."""
    kept = template.samples.get(given.old) if given.old else None
    if given.old and (kept is None or _digest(kept) != given.seen):
        raise Conflict("Somebody changed or removed this sample after you opened it. Give yours another name to keep both.")
    if given.name != given.old and given.name in template.samples:
        raise Conflict("There is a sample of this name already.")
    same = kept is not None and kept["context"] == read["context"] and (kept.get("answers") or {}) == read.get("answers", {})
    made = {"context": read["context"], "expected": kept["expected"] if kept is not None and same else None}
    if read.get("answers"):
        made["answers"] = read["answers"]
    others = {name: each for name, each in template.samples.items() if name != given.old}
    return replace(template, samples={**others, given.name: made})


def _kept_call(visit: Visit, work: Work, call: str) -> Response:
    """A call as it would be kept. Nothing is kept yet."""
    found = next((each for each in visit.parts.store.contexts.last(work.name, 1_000) if each.delivery == call), None)
    if found is None:
        raise NotFound("This call is not among the last ones any more.", hint="Choose another one from the list.")
    made = anonymous(found.context)
    return _form(visit, work, Given(_free_name(work), _text(made.context)), call=found, replaced=made.replaced)


def _free_name(work: Work) -> str:
    number = 1
    while f"call-{number}" in work.template.samples:
        number += 1
    return f"call-{number}"


def _form(
    visit: Visit, work: Work, given: Given, problems: Mapping[str, str] | None = None, status: int = 200, *,
    call: RealContext | None = None, replaced: list[Replaced] | None = None,
) -> Response:  # fmt: skip
    return visit.show(
        "sample.html",
        status,
        here="templates",
        work=work,
        given=given,
        problems=problems or {},
        call=call,
        replaced=replaced or [],
        steps=[step.name for step in work.template.steps[:-1]] if work.template.then else [],
    )


def _lines(visit: Visit, work: Work) -> list[tuple[str, Mapping[str, Any], list[tuple[str, Person]]]]:
    """Each sample by name, with what it comes to at each step."""
    people = [
        Profile(name, name, SAMPLE, each["context"], each.get("answers")) for name, each in work.template.samples.items()
    ]
    made: dict[str, list[tuple[str, Person]]] = {each.id: [] for each in people}
    for step in work.template.steps:
        for person in preview(visit.parts, work.template, people, "", now(), step=step.name).people:
            made[person.profile.id].append((step.name, person))
    return [(name, each, made[name]) for name, each in sorted(work.template.samples.items())]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _digest(sample: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(sample, sort_keys=True).encode()).hexdigest()[:16]
