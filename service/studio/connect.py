"""How a flow reaches us: the address, header and body for each template, and the keys of flows."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

from flask import Response

from service.errors import Conflict, NotFound
from service.model import Key, Scope, Version
from service.registry import nearest
from service.store.templates import TemplateInfo
from service.store.users import Role
from service.studio._page import page
from service.studio._visit import Visit

SCOPES = (Scope.HOOKS, Scope.RENDER)  # of a key that is made here; others are made on the command line
LONGEST_NAME = 100
LONGEST_SAMPLE = 4_000  # characters of a sample that stand in a curl command


@dataclass(frozen=True, slots=True)
class Way:
    """One template's address, and when it was called last."""

    info: TemplateInfo
    hook: str
    last_call: str


@page("GET", "/connect")
def connect(visit: Visit) -> Response:
    """Every template's address, and all keys."""
    return _shown(visit)


@page("GET", "/connect/{template}")
def connect_template(visit: Visit, template: str) -> Response:
    """What to paste into Lifecycle Optimizer for one template."""
    store = visit.parts.store
    version = store.templates.live(template)
    if version is None:
        names = store.templates.names()
        if template in names:
            raise NotFound(f"{template} has no live version, so a call would find nothing.", hint="Publish a version first.")
        near = nearest(template, names)
        raise NotFound(f"There is no template {template[:60]!r}.", hint=f"Did you mean {near}?" if near else None)
    hook, sample = f"{visit.root}/v1/hooks/{template}", _sample(version)
    calls = store.figures.last_calls([template])
    keys = [each for each in store.keys.list() if _opens(each, template)]
    return visit.show(
        "connect_template.html",
        here="connect",
        template=template,
        title=version.template.title,
        hook=hook,
        body=_body(sample),
        curl=_curl(hook, sample),
        last_call=calls.get(template),
        keys=keys,
    )


@page("POST", "/connect/keys", role=Role.PUBLISHER)
def create_key(visit: Visit) -> Response:
    """Make a key for a flow. The answer is the one page that ever shows it, so it is not a redirect."""
    store, name, template = visit.parts.store, visit.field("name"), visit.field("template")
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        return _shown(visit, 422, problem="Give the flow a name of 1 to 100 characters.", name=name[:LONGEST_NAME])
    if template and template not in store.templates.names():
        return _shown(visit, 422, problem=f"There is no template {template[:60]!r}.", name=name)
    try:
        key, secret = store.keys.create(name, SCOPES, [template] if template else [], by=visit.me.login)
    except Conflict as error:
        return _shown(visit, 409, problem=f"{error.detail} {error.hint or ''}", name=name)
    return _shown(visit, made=key, secret=secret)


@page("GET", "/connect/keys/{id}/revoke", role=Role.PUBLISHER)
def ask_revoke_key(visit: Visit, id: str) -> Response:
    """What would stop."""
    return visit.show("key_revoke.html", here="connect", key=_key(visit, id))


@page("POST", "/connect/keys/{id}/revoke", role=Role.PUBLISHER)
def revoke_key(visit: Visit, id: str) -> Response:
    """Refuse this key from now on."""
    key = _key(visit, id)
    visit.parts.store.keys.revoke(key.id, by=visit.me.login)
    return visit.go("connect")


def _shown(visit: Visit, status: int = 200, **facts: Any) -> Response:
    store = visit.parts.store
    live = [each for each in store.templates.list() if each.live is not None]
    calls = store.figures.last_calls(each.name for each in live)
    ways = [
        Way(each, f"{visit.root}/v1/hooks/{each.name}", visit.clock.ago(calls[each.name]) if each.name in calls else "")
        for each in live
    ]
    keys = sorted(store.keys.list(), key=lambda each: (each.revoked_at is not None, each.name.lower()))
    made = {"problem": "", "name": "", "made": None, "secret": ""} | facts
    return visit.show("connect.html", status, here="connect", ways=ways, keys=keys, may=visit.may(Role.PUBLISHER), **made)


def _key(visit: Visit, id: str) -> Key:
    found = next((each for each in visit.parts.store.keys.list() if each.id == id), None)
    if found is None:
        raise NotFound("There is no such key.", hint="Somebody may have changed it. Look at the list.")
    return found


def _opens(key: Key, template: str) -> bool:
    return key.revoked_at is None and key.may(Scope.HOOKS) and (not key.templates or template in key.templates)


def _sample(version: Version) -> Any:
    """A context of the template's own, the first by name; else a small one that all flows have."""
    for _, sample in sorted(version.template.samples.items()):
        return sample["context"]
    return {"profile": {"keys": {"sms": "+12025550143"}, "vars": {"first_name": "Ana"}}}


def _body(sample: Any) -> str:
    """What Lifecycle Optimizer fills in: our field names, with its own expressions as values.

    The shape is the sample's first two levels, so that an author sees which names the template knows.
    """
    profile = sample.get("profile") if isinstance(sample, dict) else None
    names = sorted(profile.get("vars", {})) if isinstance(profile, dict) and isinstance(profile.get("vars"), dict) else []
    lines = [f'      {json.dumps(name)}: "{{{{profile.vars.{name}}}}}"' for name in names[:12] if name.isidentifier()]
    shown = ",\n".join(lines) or '      "first_name": "{profile.vars.first_name}"'.replace("{", "{{").replace("}", "}}")
    return '{\n  "profile": {\n    "keys": { "sms": "{{profile.keys.sms}}" },\n    "vars": {\n' + shown + "\n    }\n  }\n}"


def _curl(hook: str, sample: Any) -> str:
    text = json.dumps(sample, ensure_ascii=False, indent=2)
    if len(text) > LONGEST_SAMPLE:
        text = json.dumps({"profile": {"keys": {"sms": "+12025550143"}}}, indent=2)
    return (
        f"curl {shlex.quote(hook + '?dry_run=true')} \\\n"
        '  -H "Authorization: Bearer $BURGEE_KEY" -H "Content-Type: application/json" \\\n'
        f"  -d {shlex.quote(text)}"
    )
