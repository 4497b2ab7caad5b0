"""A new template: from an action of the registry, as a copy of a template, or from a starter. It begins as a draft."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flask import Response

from service.authoring import folder
from service.authoring.skeleton import SAMPLE, SAMPLE_NAME, skeleton
from service.errors import BurgeeError, Conflict
from service.model import TemplateSource
from service.store.users import Role
from service.studio._page import page
from service.studio._visit import Visit
from service.studio._work import work_on

if TYPE_CHECKING:
    from service.actions import Action

LONGEST_TITLE = 120
DIALECTS = (("jinja", "Jinja"), ("zephyr", "Zephyr, as in Lifecycle Optimizer"))
ACTION, STARTER, COPY = "action", "starter", "copy"
BEGINNINGS = ((ACTION, "From an action"), (STARTER, "From a starter"), (COPY, "As a copy"))
COMMON = "messages"  # the group of actions that is open at first


@dataclass(frozen=True, slots=True)
class Model:
    """What a new template may be made like: a starter or a template that is there."""

    name: str
    title: str
    aside: str


@page("GET", "/new-template", role=Role.AUTHOR)
def new_template(visit: Visit) -> Response:
    """The form; `?from=starter` and `?from=copy&like=welcome` begin otherwise."""
    like = visit.asked("like")
    return _form(visit, visit.asked("from"), {"like": like, "name": f"{like}-copy" if like else ""})


@page("POST", "/new-template", role=Role.AUTHOR)
def create_template(visit: Visit) -> Response:
    """Keep the draft, and open the editor. Nothing is live before it is published."""
    given = {each: visit.field(each) for each in ("title", "name", "account", "action", "dialect", "like", "from")}
    given["name"] = given["name"] or name_of(given["title"])
    problems = _problems(visit, given)
    if not problems:
        try:
            made = _made(visit, given)
            visit.parts.store.drafts.save(made, expected=0, base=None, by=visit.me.login)
        except Conflict:
            problems = {"name": "There is a template of this name already."}
        except BurgeeError as error:
            problems = {"like": f"{error.detail} {error.hint or ''}".strip()}
        else:
            visit.note("template.create", made.name, f"like {given['like']}" if given["like"] else made.action)
            return visit.go("template", template=made.name)
    return _form(visit, given["from"], given, problems, 422)


def name_of(title: str) -> str:
    """A title as a name: what stands in the hook's address.

    >>> name_of("Été: 20 % off!"), name_of("🌊")
    ('ete-20-off', '')
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:100]


def _problems(visit: Visit, given: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the form, by field."""
    store, found = visit.parts.store, {}
    name = given["name"]
    if not given["title"] or len(given["title"]) > LONGEST_TITLE:
        found["title"] = f"Give it a title of 1 to {LONGEST_TITLE} characters."
    if name and folder.NAME.fullmatch(name) is None:
        close = name_of(name)
        found["name"] = "Use small letters, digits, - and _: it stands in the hook’s address."
        found["name"] += f" {close} would do." if close else ""
    elif not name and given["title"]:
        found["name"] = "Give it a name of small letters and digits: the title has none to make one from."
    elif name in store.templates.names() or name in store.drafts.names():
        found["name"] = "There is a template of this name already."
    if store.accounts.get(given["account"]) is None:
        found["account"] = "Choose an account."
    if given["from"] in (STARTER, COPY):
        if not given["like"]:
            found["like"] = "Choose one."
    else:
        if given["action"] not in visit.parts.actions:
            found["action"] = "Choose what it does."
        if given["dialect"] not in dict(DIALECTS):
            found["dialect"] = "Choose a dialect."
    return found


def _made(visit: Visit, given: Mapping[str, str]) -> TemplateSource:
    """The first draft. Raises `NotFound` for a model that is not there."""
    facts: dict[str, Any] = {each: given[each] for each in ("name", "title", "account")}
    if given["from"] == COPY:
        return replace(work_on(visit.parts.store, given["like"]).template, **facts)
    if given["from"] == STARTER:
        return replace(folder.read(visit.parts.settings.templates).get_or_raise(given["like"]), **facts)
    action = visit.parts.actions[given["action"]]
    source = skeleton(action, given["dialect"], given["name"])
    samples = {SAMPLE_NAME: {"context": SAMPLE, "expected": None}}
    return TemplateSource(action=action.name, dialect=given["dialect"], source=source, samples=samples, **facts)


def _form(
    visit: Visit, begin: str, given: Mapping[str, str], problems: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    begin = begin if begin in dict(BEGINNINGS) else ACTION
    accounts = [each.name for each in visit.parts.store.accounts.list()]
    first = "default" if "default" in accounts else accounts[0] if accounts else ""
    values = {"title": "", "name": "", "account": first, "action": "", "dialect": "jinja", "like": ""}
    values |= {name: value for name, value in given.items() if value and name in values}
    return visit.show(
        "new_template.html",
        status,
        here="templates",
        begin=begin,
        beginnings=BEGINNINGS,
        values=values,
        problems=problems or {},
        accounts=accounts,
        dialects=DIALECTS,
        groups=_groups(visit) if begin == ACTION else {},
        common=values["action"].split(".")[1] if values["action"].count(".") > 1 else COMMON,
        models=_starters(visit) if begin == STARTER else _templates(visit) if begin == COPY else [],
    )


def _groups(visit: Visit) -> dict[str, list[Action]]:
    """Actions by what they are about, which is the middle of their name; messages first."""
    found: dict[str, list[Action]] = {}
    for name, action in sorted(visit.parts.actions.items()):
        found.setdefault(name.split(".")[1], []).append(action)
    return dict(sorted(found.items(), key=lambda each: (each[0] != COMMON, each[0])))


def _starters(visit: Visit) -> list[Model]:
    """Those of the folder; none where it cannot be read."""
    try:
        found = folder.read(visit.parts.settings.templates).templates
    except BurgeeError:
        return []
    return [Model(each.name, each.title, _does(each)) for each in found]


def _templates(visit: Visit) -> list[Model]:
    store = visit.parts.store
    drafted = [draft.template for name in store.drafts.names() if (draft := store.drafts.get(name)) is not None]
    found = {each.name: Model(each.name, each.title, each.action) for each in store.templates.list()}
    found |= {each.name: Model(each.name, each.title, _does(each)) for each in drafted}
    return [found[name] for name in sorted(found)]


def _does(template: TemplateSource) -> str:
    return ", then ".join(step.action for step in template.steps)
