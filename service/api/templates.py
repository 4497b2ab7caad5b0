"""Templates: their versions, which of them is live, and how one becomes so. Changes are guarded by `ETag` and `If-Match`."""

from __future__ import annotations

import re
from typing import Any

from service.api import _schemas as schemas
from service.api import _show as show
from service.api._call import Call
from service.api._door import JSON, Answer, Headers, Parameter, Reply, door, json_answer
from service.api._errors import PreconditionNeeded, Stale
from service.api._read import policy
from service.authoring.folder import used
from service.errors import Conflict, NotFound, PayloadInvalid, Problem
from service.model import Scope, Step, TemplateSource, Version
from service.registry import nearest
from service.rendering import Program
from service.strictjson import fits_64_bits

_NAMED = {"template": schemas.NAME}
_IF_MATCH = Parameter(
    "If-Match", {"type": "string"}, "The ETag that you have seen; the change is made only if it still holds."
)
_ETAG = {"ETag": "Which version is live; give it back as If-Match."}
_ETAG_FORM = re.compile(r'"live-([0-9]{1,10})"')
_EXAMPLE = {
    "source": '{ "to": "{{ profile.keys.sms }}", "body": "Hi, {{ profile.vars.first_name }}!",'
    ' "subscriptionType": "MARKETING" }',
    "action": "attentive.messages.send",
    "title": "Welcome",
    "policy": {"expires_after_s": 43200, "missing": {"profile.vars.first_name": "there"}},
}
_VERSION = schemas.ref("Version")


@door(
    "GET",
    "/v1/templates",
    scope=Scope.READ,
    replies={200: Reply("Every template, by name.", schemas.listed(schemas.ref("TemplateLine")))},
    errors=(503,),
)
def list_templates(call: Call) -> Answer:
    """List the templates."""
    return json_answer({"data": [show.template_line(each) for each in call.parts.store.templates.list()]})


@door(
    "GET",
    "/v1/templates/{template}",
    scope=Scope.READ,
    path_schemas=_NAMED,
    replies={200: Reply("The live version, or the newest where none is live.", _VERSION, _ETAG)},
    errors=(404, 503),
)
def get_template(call: Call) -> Answer:
    """Show a template."""
    versions = _versions(call)
    shown = next((each for each in versions if each.live), versions[0])
    return json_answer(show.version(shown), headers=_etag(versions))


@door(
    "GET",
    "/v1/templates/{template}/versions",
    scope=Scope.READ,
    path_schemas=_NAMED,
    replies={200: Reply("Every version, the newest first.", schemas.listed(schemas.ref("VersionLine")), _ETAG)},
    errors=(404, 503),
)
def list_versions(call: Call) -> Answer:
    """List the versions of a template."""
    versions = _versions(call)
    return json_answer({"data": [show.version_line(each) for each in versions]}, headers=_etag(versions))


@door(
    "GET",
    "/v1/templates/{template}/versions/{number}",
    scope=Scope.READ,
    path_schemas={**_NAMED, "number": schemas.NUMBER},
    replies={200: Reply("The version.", _VERSION)},
    errors=(404, 503),
)
def get_version(call: Call) -> Answer:
    """Show a version of a template."""
    number = call.name("number")
    for version in _versions(call):
        if str(version.number) == number:
            return json_answer(show.version(version))
    raise NotFound(f"The template {call.name('template')} has no version {number[:12]}.")


@door(
    "PUT",
    "/v1/templates/{template}",
    scope=Scope.ADMIN,
    path_schemas=_NAMED,
    headers=(_IF_MATCH,),
    body={JSON: schemas.TEMPLATE_BODY},
    body_example=_EXAMPLE,
    replies={200: Reply("The version, which is live now.", _VERSION, _ETAG)},
    errors=(400, 412, 413, 415, 422, 428, 503),
)
def put_template(call: Call) -> Answer:
    """Make a new version and publish it.

    The same content as the newest version makes no new one. A template that exists is changed only with `If-Match`.
    """
    seen = call.header("If-Match")
    if seen is None and call.name("template") in call.parts.store.templates.names():
        raise PreconditionNeeded("This template exists.", hint="Send If-Match with the ETag that you have seen.")
    return _push(call, publish=True, expected=0 if seen is None else _seen(seen))


@door(
    "POST",
    "/v1/templates/{template}/versions",
    scope=Scope.ADMIN,
    path_schemas=_NAMED,
    body={JSON: schemas.TEMPLATE_BODY},
    body_example=_EXAMPLE,
    replies={200: Reply("The version, which is not live yet unless it was.", _VERSION, _ETAG)},
    errors=(400, 413, 415, 422, 503),
)
def post_version(call: Call) -> Answer:
    """Make a new version without publishing it."""
    return _push(call, publish=False, expected=None)


@door(
    "POST",
    "/v1/templates/{template}/publish",
    scope=Scope.ADMIN,
    path_schemas=_NAMED,
    headers=(_IF_MATCH,),
    body={
        JSON: {
            "type": "object",
            "additionalProperties": False,
            "required": ["number"],
            "properties": {"number": schemas.NUMBER},
        }
    },
    body_example={"number": 2},
    replies={200: Reply("The version, which is live now.", _VERSION, _ETAG)},
    errors=(400, 404, 412, 413, 415, 422, 503),
)
def publish(call: Call) -> Answer:
    """Make a version live."""
    name, number, seen = call.name("template"), int(call.json()["number"]), call.header("If-Match")
    expected = None if seen is None else _seen(seen)
    try:
        version = call.parts.store.templates.publish(name, number, expected_live=expected, by=call.key.signature)
    except Conflict as error:
        raise Stale(error.detail, hint=error.hint) from None
    return _changed(call, version)


@door(
    "POST",
    "/v1/templates/{template}/rollback",
    scope=Scope.ADMIN,
    path_schemas=_NAMED,
    headers=(_IF_MATCH,),
    replies={200: Reply("The version, which is live again.", _VERSION, _ETAG)},
    errors=(404, 409, 412, 503),
)
def rollback(call: Call) -> Answer:
    """Make live what was live before."""
    name, seen = call.name("template"), call.header("If-Match")
    expected = None if seen is None else _seen(seen)
    if expected is not None and expected != _live_number(_versions(call)):
        raise Stale(f"The template {name} has changed meanwhile.", hint="Look at it again.")
    return _changed(call, call.parts.store.templates.rollback(name, by=call.key.signature))


def _push(call: Call, *, publish: bool, expected: int | None) -> Answer:
    body = call.json()
    source = _source(call, body)
    programs = _compiled(call, source)
    try:
        version = call.parts.store.templates.push(
            source, note=body.get("note"), by=call.key.signature, publish=publish, expected_live=expected
        )
    except Conflict as error:
        raise Stale(error.detail, hint=error.hint) from None
    return _changed(call, version, warnings=[each.as_dict() for program in programs for each in program.warnings])


def _source(call: Call, body: dict[str, Any]) -> TemplateSource:
    name = call.name("template")
    if not re.search(schemas.NAME["pattern"], name):
        detail = "A template's name has small letters, digits, - and _, at most 100."
        raise PayloadInvalid(detail, [Problem("template.name", detail)])
    samples = body.get("samples", {})
    if not fits_64_bits(samples):
        detail = "A sample holds a whole number of more than 64 bits."
        raise PayloadInvalid(detail, [Problem("template.sample", detail, "/samples", "Write such an id as text.")])
    then = tuple(
        Step(name=each["step"], action=each["action"], source=each["source"], policy=policy(each.get("policy", {})))
        for each in body.get("then", ())
    )
    names = [body.get("step"), *(step.name for step in then)]
    if len(set(names)) < len(names):
        detail = "Two steps have the same name."
        raise PayloadInvalid(detail, [Problem("template.steps", detail, "/then", "Give each a name of its own.")])
    source = body["source"]
    return TemplateSource(
        name=name,
        title=body.get("title", name),
        action=body["action"],
        account=body.get("account", "default"),
        dialect=body.get("dialect", "jinja"),
        source=source,
        policy=policy(body.get("policy", {})),
        snippets=used("\n".join([source, *(step.source for step in then)]), call.parts.store.snippets.all()),
        samples={
            name: {"context": sample["context"], "expected": sample.get("expected")}
            | ({"answers": sample["answers"]} if "answers" in sample else {})
            for name, sample in samples.items()
        },
        step=body.get("step"),
        then=then,
    )


def _compiled(call: Call, source: TemplateSource) -> list[Program]:
    """A program for each step. Raises `PayloadInvalid` for an action that is not there, `TemplateInvalid` for what does not
    compile."""
    try:
        for step in source.steps:
            call.parts.actions.get_or_raise(step.action)
    except NotFound as error:
        raise PayloadInvalid(error.detail, [Problem("template.action", error.detail, "/action", error.hint)]) from None
    if source.policy.idempotency is not None:
        call.parts.preparer.compile_text(source.policy.idempotency)
    return call.parts.preparer.compile_all(source)


def _changed(call: Call, version: Version, **more: Any) -> Answer:
    call.parts.intake.changed()
    versions = call.parts.store.templates.versions(version.template.name)
    return json_answer({**show.version(version), **more}, headers=_etag(versions))


def _versions(call: Call) -> list[Version]:
    name = call.name("template")
    versions = call.parts.store.templates.versions(name)
    if not versions:
        near = nearest(name, call.parts.store.templates.names())
        raise NotFound(f"There is no template {name[:100]!r}.", hint=f"Did you mean {near}?" if near else None)
    return versions


def _live_number(versions: list[Version]) -> int:
    return next((each.number for each in versions if each.live), 0)


def _etag(versions: list[Version]) -> Headers:
    return (("ETag", f'"live-{_live_number(versions)}"'),)


def _seen(if_match: str) -> int | None:
    """The live version that an `If-Match` names; None for `*`, which any state satisfies. Raises `Stale` for other text."""
    if if_match.strip() == "*":
        return None
    found = _ETAG_FORM.fullmatch(if_match.strip())
    if found is None:
        raise Stale("The If-Match is no ETag that we gave.", hint="Send the ETag of GET, quotes and all.")
    return int(found[1])
