"""The editor: a template's source, and beside it, as one types, what each profile would get."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, request

from service.errors import Conflict
from service.model import Outcome, Step, TemplateSource
from service.store.users import Role
from service.studio import _fixes
from service.studio._clock import now
from service.studio._diff import lines
from service.studio._form import Form, NoForm, form
from service.studio._page import page
from service.studio._preview import Preview, preview
from service.studio._profiles import LAST_CALLS, profiles
from service.studio._visit import SEES_NUMBERS, Visit
from service.studio._work import Work, sources_of_both, step_of, work_on

# The pages that the editor leads to, which look at what was saved.
THEN = {"review": "review", "test": "ask_test_send", "samples": "samples", "settings": "settings"}
LONGEST = 200_000  # characters of a source


@page("GET", "/templates/{template}", styled_by_script=True)
def template(visit: Visit, template: str) -> Response:
    """What authors work on; `?version=3` opens the source of an earlier version."""
    work = work_on(visit.parts.store, template)
    number = visit.asked("version")
    older = next((each for each in work.versions if str(each.number) == number), None)
    made = older.template if older is not None else work.template
    return _shown(visit, work, made, visit.asked("profile"))


@page("POST", "/templates/{template}", styled_by_script=True)
def try_template(visit: Visit, template: str) -> Response:
    """What the source in the form comes to. Keeps nothing, so whoever sees the template may try."""
    work = work_on(visit.parts.store, template)
    sources = _sources(visit, work)
    name = visit.field("of") if visit.field("of") in sources else next(iter(sources))
    sources[name] = _fixes.apply(sources[name], request.form.get("fix", ""))
    made = work.with_sources(sources)
    if visit.wants("preview"):
        return visit.show("_preview.html", **_seen(visit, made, _last("profile")))
    return _shown(visit, work, made, _last("profile"), revision=_revision(visit))


@page("POST", "/templates/{template}/draft", role=Role.AUTHOR, styled_by_script=True)
def save_draft(visit: Visit, template: str) -> Response:
    """Keep the source as the draft, unless somebody else did meanwhile; then go on to what `then` names."""
    store = visit.parts.store
    work = work_on(store, template)
    made, seen = work.with_sources(_sources(visit, work)), _revision(visit)
    if made != work.template or seen != work.revision:
        try:
            store.drafts.save(made, expected=seen, base=work.base, by=visit.me.login)
        except Conflict:
            if visit.wants("state"):
                return Response(status=409)
            return _shown(visit, work_on(store, template), made, _last("profile"), 409, other=True)
    if visit.wants("state"):
        return visit.show("_editor_state.html", **_state(visit, work_on(store, template)))
    if (then := THEN.get(visit.field("then"))) is not None:
        return visit.go(then, template=template, profile=_last("profile"))
    return visit.go("template", template=template, profile=_last("profile"), view=_last("view"), step=_last("step"))


@page("POST", "/templates/{template}/draft/discard", role=Role.AUTHOR)
def discard_draft(visit: Visit, template: str) -> Response:
    """Forget the draft that the form showed."""
    if visit.parts.store.drafts.discard(template, expected=_revision(visit)):
        visit.note("template.discard", template)
    is_there = template in visit.parts.store.templates.names()
    return visit.go("template", template=template) if is_there else visit.go("templates")


def _shown(
    visit: Visit, work: Work, made: TemplateSource, profile: str, status: int = 200, *, revision: int | None = None,
    other: bool = False,
) -> Response:  # fmt: skip
    theirs = [
        (name, lines(mine, kept)) for name, mine, kept in sources_of_both(made, work.template) if mine != kept and other
    ]
    step = step_of(made, _last("step"))
    return visit.show(
        "editor.html",
        status,
        here="templates",
        step=step,
        form=_form_of(visit, made, step) if _last("view") == "form" else None,
        unsaved=made != work.template,
        other=other,
        theirs=theirs,
        **_state(visit, work, revision) | _seen(visit, made, profile),
    )


def _state(visit: Visit, work: Work, revision: int | None = None) -> dict[str, Any]:
    """How the draft stands; `revision` is the one that the form was made from, where that may be an older one."""
    return {
        "work": work,
        "revision": work.revision if revision is None else revision,
        "may_save": visit.may(Role.AUTHOR),
        "saver": _name_of(visit, work.draft.saved_by) if work.draft is not None else "",
    }


def _seen(visit: Visit, made: TemplateSource, profile: str) -> dict[str, Any]:
    seen = look(visit, made, profile)
    return {"made": made, "seen": seen, "Outcome": Outcome, "may_save": visit.may(Role.AUTHOR)}


def look(visit: Visit, made: TemplateSource, profile: str) -> Preview:
    """The preview of a source for this user, over the template's own profiles."""
    calls = visit.parts.store.contexts.last(made.name, LAST_CALLS)
    people = profiles(made, calls, visit.clock, shows_all=visit.may(SEES_NUMBERS))
    return preview(visit.parts, made, people, profile, now(), step=_last("step"))


def _name_of(visit: Visit, login: str) -> str:
    return next((each.name for each in visit.parts.store.users.list() if each.login == login), login)


def _sources(visit: Visit, work: Work) -> dict[str, str]:
    """The source of each step. The page shows that of the step `of`, and carries the others along."""
    steps = work.template.steps
    of = visit.field("of")
    shown = next((step for step in steps if step.name == of), steps[0])
    found = {step.name: _plain(request.form.get(f"source:{step.name}", step.source)) for step in steps}
    return found | {shown.name: _source(visit, work, shown)}


def _plain(text: str) -> str:
    """Browsers send line ends of their own."""
    return text.replace("\r\n", "\n")[:LONGEST]


def _source(visit: Visit, work: Work, step: Step) -> str:
    """As the author wrote it, or as the form view's fields say."""
    source = _plain(request.form.get("source", ""))
    shown = _form_of(visit, work.template, replace(step, source=source))
    if isinstance(shown, str):
        return source
    values = {
        each.name: request.form[f"field:{each.name}"].replace("\r\n", "\n")
        for each in shown.fields
        if f"field:{each.name}" in request.form
    }
    # A switch that is off sends nothing but that it was there.
    values |= {each.name: "false" for each in shown.fields if f"off:{each.name}" in request.form and each.name not in values}
    return shown.written(values)[:LONGEST]


def _form_of(visit: Visit, made: TemplateSource, step: Step) -> Form | str:
    """The form view of a step's source, or the sentence that says why there is none."""
    action = visit.parts.actions.get(step.action)
    if action is None:
        return f"There is no action `{step.action}` whose fields a form could show."
    try:
        return form(step.source, made.dialect, action.schema)
    except NoForm as reason:
        return str(reason)


def _last(name: str) -> str:
    """The one whose button was pressed, else the one that was shown: the page's form carries both, in this order."""
    return (request.form.getlist(name) or request.args.getlist(name) or [""])[-1]


def _revision(visit: Visit) -> int:
    """Of the draft that the form was made from; what is no number is none that anybody saw."""
    text = visit.field("revision", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
