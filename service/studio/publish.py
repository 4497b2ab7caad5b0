"""From draft to live: what would change, publish with a note, all versions, and back."""

from __future__ import annotations

from typing import Any

from flask import Response

from service.errors import Conflict, NotFound, TemplateInvalid
from service.model import TemplateSource, Version
from service.store.users import Role
from service.studio._clock import now
from service.studio._comparison import compare
from service.studio._diff import changed_lines, lines
from service.studio._page import page
from service.studio._profiles import SAMPLE, profiles
from service.studio._visit import SEES_NUMBERS, Visit
from service.studio._work import Work, sources_of_both, work_on

LAST_CALLS = 1_000
LONGEST_NOTE = 500


@page("GET", "/templates/{template}/review")
def review(visit: Visit, template: str) -> Response:
    """The draft (or `?version=3`) against what is live: the messages that would change, and the source."""
    return _review(visit, work_on(visit.parts.store, template), visit.asked("version"))


@page("POST", "/templates/{template}/publish", role=Role.PUBLISHER)
def publish(visit: Visit, template: str) -> Response:
    """Make live what the review showed; if anything is another by now, show it anew instead."""
    store = visit.parts.store
    work, number = work_on(store, template), visit.field("version")
    older = _version(work, number) if number else None
    live = work.live.number if work.live is not None else 0
    if visit.field("live") != str(live) or (older is None and visit.field("revision") != str(work.revision)):
        problem = "The draft or the live version is another one by now. Look again: this is how it stands."
        return _review(visit, work, number, 409, problem=problem)
    if visit.field("failing", "0") != "0" and not visit.field("anyway"):
        return _review(visit, work, number, 422, problem="Tick the box to publish it all the same.")
    made, note = older.template if older is not None else work.template, visit.field("note")[:LONGEST_NOTE]
    try:
        _check(visit, made)
        if older is not None:
            kept = store.templates.publish(template, older.number, expected_live=live, by=visit.me.login)
        else:
            kept = store.templates.push(made, note=note or None, by=visit.me.login, expected_live=live)
    except (Conflict, TemplateInvalid, NotFound) as error:
        return _review(visit, work_on(store, template), number, 409, problem=f"{error.detail} {error.hint or ''}".strip())
    if older is None:
        store.drafts.discard(template, expected=work.revision)
    visit.parts.intake.changed()
    return visit.go("versions", template=template, published=kept.number)


@page("GET", "/templates/{template}/versions")
def versions(visit: Visit, template: str) -> Response:
    """Every version: who, when, why, and the way back."""
    return _versions(visit, work_on(visit.parts.store, template))


@page("POST", "/templates/{template}/live", role=Role.PUBLISHER)
def roll_back(visit: Visit, template: str) -> Response:
    """Make an earlier version live again, in one press."""
    store = visit.parts.store
    work = work_on(store, template)
    older = _version(work, visit.field("version"))
    try:
        _check(visit, older.template)
        seen = visit.field("live")
        expected = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else -1
        kept = store.templates.publish(template, older.number, expected_live=expected, by=visit.me.login)
    except (Conflict, TemplateInvalid) as error:
        return _versions(visit, work_on(store, template), 409, problem=f"{error.detail} {error.hint or ''}".strip())
    visit.parts.intake.changed()
    return visit.go("versions", template=template, published=kept.number)


def _review(visit: Visit, work: Work, number: str, status: int = 200, *, problem: str = "") -> Response:
    older = _version(work, number) if number else None
    made = older.template if older is not None else work.template
    live = work.live.template if work.live is not None else None
    people = _people(visit, made)
    both = sources_of_both(live, made)
    compared = compare(visit.parts, live, made, people, now()) if live != made else None
    return visit.show(
        "review.html",
        status,
        here="templates",
        work=work,
        older=older,
        made=made,
        compared=compared,
        sources=[(name, lines(old, new)) for name, old, new in both if old != new],
        changed=sum(changed_lines(old, new) for _, old, new in both),
        others=_others(live, made),
        number=older.number if older is not None else work.next_number,
        real=sum(each.kind != SAMPLE for each in people),
        may=visit.may(Role.PUBLISHER),
        who_can=_who_can(visit),
        problem=problem,
        note=visit.field("note"),
    )


def _people(visit: Visit, made: TemplateSource) -> list[Any]:
    """Samples and the last real calls; awkward people are the editor's."""
    calls = visit.parts.store.contexts.last(made.name, LAST_CALLS)
    found = profiles(made, calls, visit.clock, shows_all=visit.may(SEES_NUMBERS))
    return [each for each in found if each.kind != "built in"]


def _others(live: TemplateSource | None, made: TemplateSource) -> list[str]:
    """What differs beside the source, in words."""
    if live is None:
        return []
    said = {
        "title": "the title", "account": "the account", "dialect": "the dialect", "samples": "the samples",
    }  # fmt: skip
    found = [words for name, words in said.items() if getattr(live, name) != getattr(made, name)]
    for words, of in (("the names of the steps", "name"), ("the action", "action"), ("the policy", "policy")):
        if [getattr(step, of) for step in live.steps] != [getattr(step, of) for step in made.steps]:
            found.append(words)
    names = sorted(name for name in {*live.snippets, *made.snippets} if live.snippets.get(name) != made.snippets.get(name))
    return [*found, *(f"the snippet `{name}`" for name in names)]


def _versions(visit: Visit, work: Work, status: int = 200, *, problem: str = "") -> Response:
    people = {each.login: each.name for each in visit.parts.store.users.list()}
    published = visit.asked("published")
    return visit.show(
        "versions.html",
        status,
        here="templates",
        work=work,
        people=people,
        published=next((each for each in work.versions if each.live and str(each.number) == published), None),
        may=visit.may(Role.PUBLISHER),
        may_save=visit.may(Role.AUTHOR),
        problem=problem,
    )


def _version(work: Work, number: str) -> Version:
    found = next((each for each in work.versions if str(each.number) == number), None)
    if found is None:
        raise NotFound(
            f"{work.name} has no version {number[:10]}.",
            hint=f"It has 1 to {work.next_number - 1}." if work.versions else "It was never published.",
        )
    return found


def _check(visit: Visit, made: TemplateSource) -> None:
    """Raises `TemplateInvalid` or `NotFound` for what no hook could use."""
    parts = visit.parts
    for step in made.steps:
        parts.actions.get_or_raise(step.action)
    parts.preparer.compile_all(made)
    if made.policy.idempotency is not None:
        parts.preparer.compile_text(made.policy.idempotency)


def _who_can(visit: Visit) -> str:
    """Such as "Mara and 2 others can."."""
    able = [each.name for each in visit.parts.store.users.list() if each.role.covers(Role.PUBLISHER) and not each.invited]
    if not able:
        return ""
    others = len(able) - 1
    return f"{able[0]} and {others} other{'s' * (others != 1)} can." if others else f"{able[0]} can."
