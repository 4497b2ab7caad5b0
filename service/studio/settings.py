"""What a template is called and how its payloads are sent: the fields of `about.toml` as a form of the draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, request

from service.authoring import about
from service.errors import BurgeeError, Conflict
from service.model import Guarantee, Policy, Step, TemplateSource
from service.store.users import Role
from service.studio._page import page
from service.studio._visit import Visit
from service.studio._work import Work, work_on

LONGEST_TITLE = 120
MORE_ROWS = 2  # empty ones for stand-ins
MOST_ROWS = 50
RULES = ("guarantee", "expires_after", "stale_events")  # what else a policy holds stays as it is


@dataclass(frozen=True, slots=True)
class Rules:
    """The fields of one step, or of the only one. `prefix` begins their names in the form; `may_be_late`: its action has
    events that can come too late."""

    prefix: str
    step: Step
    title: str
    guarantee: str
    values: Mapping[str, str]
    may_be_late: bool


@page("GET", "/templates/{template}/settings")
def settings(visit: Visit, template: str) -> Response:
    """The form."""
    work = work_on(visit.parts.store, template)
    return _shown(visit, work, _values(work.template))


@page("POST", "/templates/{template}/settings", role=Role.AUTHOR)
def save_settings(visit: Visit, template: str) -> Response:
    """Keep them in the draft."""
    store = visit.parts.store
    work = work_on(store, template)
    values = _given(visit, work.template)
    made, problems = _made(visit, work.template, values)
    if problems:
        return _shown(visit, work, values, problems, 422)
    if made != work.template:
        seen = visit.field("revision")
        try:
            store.drafts.save(made, expected=int(seen) if seen.isdecimal() else -1, base=work.base, by=visit.me.login)
        except Conflict:
            now = work_on(store, template)
            said = "Somebody else saved this draft after you opened it. Look at what you see here, then save it on top."
            return _shown(visit, now, values, {"": said}, 409)
    return visit.go("settings", template=template, saved="1")


def _values(template: TemplateSource) -> dict[str, str]:
    """What stands in the form at first."""
    values = {"title": template.title, "account": template.account, "idempotency": template.policy.idempotency or ""}
    for step in template.steps:
        values |= {f"{step.name}:{name}": text for name, text in _rules(step.policy).items()}
    for at, (path, text) in enumerate(template.policy.missing.items()):
        values |= {f"path:{at}": path, f"text:{at}": text}
    return values


def _rules(policy: Policy) -> dict[str, str]:
    return {
        "guarantee": policy.guarantee or "",
        "expires_after": about.duration(policy.expires_after_s) if policy.expires_after_s is not None else "",
        "stale_events": policy.stale_events or "",
    }


def _given(visit: Visit, template: TemplateSource) -> dict[str, str]:
    """What the form holds. A stand-in's text may be blank, and keeps its blanks."""
    names = ["title", "account", "idempotency", *(f"{step.name}:{rule}" for step in template.steps for rule in RULES)]
    values = {name: visit.field(name) for name in names}
    rows = [(visit.field(f"path:{at}"), request.form.get(f"text:{at}", "")) for at in range(MOST_ROWS)]
    for at, (path, text) in enumerate(row for row in rows if row[0]):
        values |= {f"path:{at}": path, f"text:{at}": text}
    return values


def _stand_ins(values: Mapping[str, str]) -> dict[str, str]:
    return {values[f"path:{at}"]: values[f"text:{at}"] for at in range(MOST_ROWS) if values.get(f"path:{at}")}


def _made(visit: Visit, template: TemplateSource, values: Mapping[str, str]) -> tuple[TemplateSource, dict[str, str]]:
    """The template with these settings, and what is wrong, by field. What `about.toml` may say is read as it is there."""
    problems: dict[str, str] = {}
    if not values["title"] or len(values["title"]) > LONGEST_TITLE:
        problems["title"] = f"Give it a title of 1 to {LONGEST_TITLE} characters."
    if values["account"] != template.account and visit.parts.store.accounts.get(values["account"]) is None:
        problems["account"] = "Choose an account."
    if values["idempotency"]:
        try:
            visit.parts.preparer.compile_text(values["idempotency"])
        except BurgeeError as error:
            first = error.problems[0] if error.problems else None
            problems["idempotency"] = first.detail if first is not None else error.detail
    missing, steps = _stand_ins(values), []
    for step in template.steps:
        policy, found = _policy(step, values)
        problems |= found
        steps.append(replace(step, policy=replace(policy, missing=missing)))
    policy = replace(steps[0].policy, idempotency=values["idempotency"] or None)
    made = replace(
        template, title=values["title"], account=values["account"], policy=policy, then=tuple(steps[1:])
    )  # fmt: skip
    return made, problems


def _policy(step: Step, values: Mapping[str, str]) -> tuple[Policy, dict[str, str]]:
    """The rules of one step, read one by one so that each problem stands at its field."""
    found: dict[str, Any] = {}
    problems = {}
    for rule in RULES:
        text = values[f"{step.name}:{rule}"]
        read, wrong = about.read({"action": step.action, "policy": {rule: text} if text else {}}, "It")
        if wrong:
            problems[f"{step.name}:{rule}"] = f"{wrong[0].detail} {wrong[0].hint or ''}".strip()
        name = "expires_after_s" if rule == "expires_after" else rule
        found[name] = getattr(read.policy, name)
    return replace(step.policy, **found), problems


def _shown(
    visit: Visit, work: Work, values: Mapping[str, str], problems: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    rows = len(_stand_ins(values)) + MORE_ROWS
    accounts = sorted({each.name for each in visit.parts.store.accounts.list()} | {work.template.account})
    return visit.show(
        "settings.html",
        status,
        here="templates",
        work=work,
        values=values,
        problems=problems or {},
        rules=[_group(visit, step, values) for step in work.template.steps],
        rows=range(min(rows, MOST_ROWS)),
        accounts=accounts,
        may=visit.may(Role.AUTHOR),
        saved=visit.asked("saved") == "1" and work.draft is not None and not problems,
    )


def _group(visit: Visit, step: Step, values: Mapping[str, str]) -> Rules:
    action = visit.parts.actions.get(step.action)
    late = action.happened if action is not None else None
    return Rules(
        prefix=step.name,
        step=step,
        title=action.title if action is not None else step.action,
        guarantee=_own_guarantee(visit, step),
        values={rule: values.get(f"{step.name}:{rule}", "") for rule in RULES},
        may_be_late=late is not None or bool(values.get(f"{step.name}:stale_events")),
    )


def _own_guarantee(visit: Visit, step: Step) -> str:
    """What the action says of itself, for the first choice."""
    action = visit.parts.actions.get(step.action)
    if action is None:
        return ""
    type = (action.sms or {}).get("type", "/")[1:]
    kinds = action.schema.get("properties", {}).get(type, {}).get("enum", ())
    said = [f"{kind}: {_words(action.guarantee({type: kind}))}" for kind in kinds]
    return ". ".join(said) or _words(action.guarantee({}))


def _words(guarantee: Guarantee) -> str:
    return guarantee.value.replace("-", " ")
