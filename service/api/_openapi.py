"""The OpenAPI 3.1 document, made from the doors' own declarations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from service.api._door import JSON, PROBLEM, Door, Parameter, Reply
from service.api._errors import TITLES
from service.api._schemas import COMPONENTS, ref

_ABOUT = """Burgee takes what a marketing flow knows about a profile, renders a template into one vendor payload, checks it
against the action's schema and delivers it once. Every error is `application/problem+json` (RFC 9457) with `problems`."""

_HEADER_SCHEMAS = {"Idempotent-Replayed": {"const": "true"}, "Retry-After": {"type": "string", "pattern": "^[0-9]+$"}}
_ERROR_HEADERS = {
    401: {"WWW-Authenticate": "How to send a key."},
    503: {"Retry-After": "Seconds to wait before another try."},
}
_REQUEST_ID = {
    "name": "X-Request-Id",
    "in": "header",
    "description": "An id of your own for this call; it comes back and stands in the log.",
    "schema": {"type": "string", "maxLength": 128},
}


def document(doors: Iterable[Door], server: str = "") -> dict[str, Any]:
    """The whole document. `server` is the service's public URL, where one is set."""
    paths: dict[str, dict[str, Any]] = {}
    for door in doors:
        paths.setdefault(door.path, {})[door.method.lower()] = _operation(door)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Burgee",
            "version": _version(),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server or "/"}],
        "paths": paths,
        "components": {
            "schemas": COMPONENTS,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A key, bgk_...; made by `burgee keys create`."}
            },
        },
    }


def statuses(door: Door) -> list[int]:
    """Every problem status that a call of this door may meet."""
    found = set(door.errors) | {500}
    if door.scope is not None:
        found |= {401, 403, 503}  # a key is looked up in the database
    if door.query:
        found.add(400)
    return sorted(found)


def _operation(door: Door) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": door.operation_id,
        "summary": door.summary,
        "description": door.description,
        "tags": [door.tag],
        "parameters": [
            *_path_parameters(door),
            *(_query(each) for each in door.query),
            *(_header(each) for each in door.headers),
            _REQUEST_ID,
        ],
        "responses": {
            **{str(status): _reply(reply) for status, reply in sorted(door.replies.items())},
            **{str(status): _problem(status) for status in statuses(door)},
        },
    }
    if door.scope is not None:
        made["security"] = [{"key": []}]
        made["description"] = f"{door.description} Needs a key with the scope `{door.scope.value}`.".strip()
    if door.body:
        content: dict[str, Any] = {kind: {"schema": schema} for kind, schema in door.body.items()}
        if door.body_example is not None:
            content[JSON]["example"] = door.body_example
        made["requestBody"] = {"required": door.body_required, "content": content}
    return made


def _path_parameters(door: Door) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": door.path_schemas.get(name, {"type": "string"})}
        for name in re.findall(r"{(\w+)}", door.path)
    ]


def _query(parameter: Parameter) -> dict[str, Any]:
    schema = {"type": "array", "items": parameter.schema} if parameter.many else parameter.schema
    return {"name": parameter.name, "in": "query", "description": parameter.description, "schema": schema}


def _header(parameter: Parameter) -> dict[str, Any]:
    return {"name": parameter.name, "in": "header", "description": parameter.description, "schema": parameter.schema}


def _reply(reply: Reply) -> dict[str, Any]:
    made: dict[str, Any] = {"description": reply.description}
    if reply.schema is not None:
        content: dict[str, Any] = {"schema": reply.schema}
        if reply.example is not None:
            content["example"] = reply.example
        made["content"] = {reply.content_type: content}
    if reply.headers:
        made["headers"] = _headers(reply.headers.items())
    return made


def _problem(status: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "description": TITLES[status],
        "content": {PROBLEM: {"schema": ref("ProblemDetails")}},
    }
    if status in _ERROR_HEADERS:
        made["headers"] = _headers(_ERROR_HEADERS[status].items())
    return made


def _headers(described: Iterable[tuple[str, str]]) -> dict[str, Any]:
    return {name: {"description": said, "schema": _HEADER_SCHEMAS.get(name, {"type": "string"})} for name, said in described}


def _version() -> str:
    try:
        return version("burgee")
    except PackageNotFoundError:  # run from source without an installation
        return "0"
