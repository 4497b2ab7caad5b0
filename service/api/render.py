"""Preview: what a template makes of a context, by the function that sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from service.api import _schemas as schemas
from service.api._call import Call
from service.api._door import JSON, Answer, Reply, door, json_answer
from service.api._read import moment, one_of, policy
from service.delivery.plans import preview
from service.errors import Forbidden, NotFound, PayloadInvalid, Problem
from service.model import Policy, Scope, TemplateSource, Version
from service.registry import nearest
from service.rendering import Program

_BODY = {
    "type": "object",
    "additionalProperties": False,
    "description": "Give `template` or `source` with `action`, and `context` or (with a template) `sample`.",
    "properties": {
        "template": {**schemas.NAME, "description": "A kept template: its live version, or the one of `version`."},
        "version": {**schemas.NUMBER, "description": "Number of a version that need not be live."},
        "source": {**schemas.LONG_TEXT, "description": "Source that is not kept."},
        "dialect": schemas.DIALECT,
        "action": schemas.ACTION_NAME,
        "account": schemas.ACCOUNT_NAME,
        "policy": schemas.POLICY,
        "context": schemas.CONTEXT,
        "answers": schemas.ANSWERS,
        "sample": {**schemas.NAME, "description": "Name of a sample of the template, in place of a context."},
        "now": {**schemas.TIME, "description": "The time that the template sees; default is the present."},
    },
}


@door(
    "POST",
    "/v1/render",
    scope=Scope.RENDER,
    body={JSON: _BODY},
    body_example={
        "source": '{ "to": "{{ profile.keys.sms }}", "body": "Hi, {{ profile.vars.first_name }}!",'
        ' "subscriptionType": "MARKETING" }',
        "action": "attentive.messages.send",
        "context": {"profile": {"vars": {"first_name": "Ada"}, "keys": {"sms": "+12025550143"}}},
    },
    replies={200: Reply("What the context comes to, also where that is not valid.", schemas.ref("Prepared"))},
    errors=(400, 404, 413, 415, 422, 503),
)
def render(call: Call) -> Answer:
    """Render a template without sending.

    The same function that sends: payload and digest are those that a hook would keep for this context. Nothing is kept.
    Source that does not compile is answered with 422 and every problem's line and column.
    """
    body = call.json()
    one_of(body, "template", "source")
    one_of(body, "context", "sample")
    programs, made = _kept(call, body) if "template" in body else _bare(call, body)
    if "action" in body:
        made = replace(made, action=body["action"])
    if "policy" in body:
        made = replace(made, policy=policy(body["policy"]))
    sample = {"context": body["context"]} if "context" in body else _sample(made, body["sample"])
    prepared = preview(
        call.parts.preparer,
        made,
        programs,
        sample["context"],
        answers=body.get("answers", sample.get("answers")),
        now=moment(body["now"], "/now") if "now" in body else datetime.now(UTC),
        account=call.parts.store.accounts.get(body.get("account", made.account)),
    )
    return json_answer(prepared.as_dict())


def _kept(call: Call, body: dict[str, Any]) -> tuple[list[Program], TemplateSource]:
    version = call.parts.intake.version(body["template"], call.key) if "version" not in body else _numbered(call, body)
    return call.parts.preparer.programs(version), version.template


def _numbered(call: Call, body: dict[str, Any]) -> Version:
    name, number = body["template"], int(body["version"])
    if call.key.templates and name not in call.key.templates:
        raise Forbidden(f"The key {call.key.name} may not use the template {name}.", hint="Ask for a key that may.")
    for version in call.parts.store.templates.versions(name):
        if version.number == number:
            return version
    raise NotFound(f"There is no version {number} of a template {name}.")


def _bare(call: Call, body: dict[str, Any]) -> tuple[list[Program], TemplateSource]:
    if "action" not in body:
        problem = Problem("body.required", "Source needs an action.", "/action", "Such as attentive.messages.send.")
        raise PayloadInvalid("The body does not say which action the source is for.", [problem])
    made = TemplateSource(
        name="template",
        title="",
        action=body["action"],
        account="default",
        dialect=body.get("dialect", "jinja"),
        source=body["source"],
        policy=Policy(),
    )
    snippets = call.parts.store.snippets.all()
    return [call.parts.preparer.compile(made.source, dialect=made.dialect, snippets=snippets)], made


def _sample(made: TemplateSource, name: str) -> Mapping[str, Any]:
    if name in made.samples:
        return made.samples[name]
    near = nearest(name, made.samples)
    hint = f"Did you mean {near}?" if near else f"There are: {', '.join(made.samples) or 'none'}."
    raise NotFound(f"The template has no sample {name}.", hint=hint)
