"""From a WSGI request to an answer: request id, key, query, body, view, errors. Flask and the short cut both end here."""

from __future__ import annotations

import random
import re
import traceback
from collections.abc import Mapping
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs
import structlog

from service import strictjson
from service.api._body import Environ, discard, read_bytes
from service.api._door import JSON, Answer, Door, Headers, Parameter, Schema
from service.api._errors import Unsupported, defect_answer, problem_answer
from service.delivery.accept import Remembered
from service.errors import BurgeeError, Forbidden, NotFound, NotReadable, PayloadInvalid, Problem, Unauthorized, Unavailable
from service.model import Key, Scope
from service.parts import Parts
from service.registry import nearest

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_NO_STORE = ("Cache-Control", "no-store")
_MAX_WAITING = 8  # a call that waits for its outcome holds a thread; one more than this is answered at once
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Gate:
    """Lets calls in: knows keys (remembered for about a second) and turns whatever happens into an answer."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.keys: Remembered[Key] = Remembered(parts.store.keys.verify)
        self.waiting = BoundedSemaphore(_MAX_WAITING)
        self.document: dict[str, Any] = {}  # the OpenAPI document, once all doors are known
        self.ready_until = 0.0  # by the monotonic clock

    def serve(self, door: Door, environ: Environ, names: Mapping[str, str]) -> Answer:
        """The whole answer to a call of this door; never raises."""
        request_id = request_id_of(environ)
        path = environ.get("PATH_INFO", "")
        try:
            key = None if door.scope is None else self.key(environ, door.scope)
            answer = door.view(Call(self, door, environ, names, key))
        except BurgeeError as error:
            if isinstance(error, Unavailable):
                log_unavailable(error, request_id, door.operation_id)
            discard(environ)
            answer = problem_answer(error, path)
        except Exception as error:
            log_defect(error, request_id, door.operation_id)
            answer = defect_answer(path, request_id)
        return finished(answer, request_id)

    def key(self, environ: Environ, scope: Scope) -> Key:
        """The key of this call. Raises `Unauthorized` (always in the same words) and `Forbidden`."""
        given: str = environ.get("HTTP_AUTHORIZATION", "")
        kind, _, secret = given.partition(" ")
        key = self.keys.get(secret.strip()) if kind.lower() == "bearer" and secret.isascii() else None
        if key is None:
            raise Unauthorized(
                "There is no key with this call, or none that is known.", hint="Send Authorization: Bearer bgk_..."
            )
        if not key.may(scope):
            raise Forbidden(f"The key {key.name} does not have the scope {scope.value}.", hint="Use a key that has it.")
        return key


class Call:
    """One call of a door, as its view sees it."""

    __slots__ = ("_key", "door", "environ", "gate", "names", "parts")

    def __init__(self, gate: Gate, door: Door, environ: Environ, names: Mapping[str, str], key: Key | None) -> None:
        self.gate = gate
        self.parts = gate.parts
        self.door = door
        self.environ = environ
        self.names = names
        self._key = key

    @property
    def path(self) -> str:
        """The path of the URL, as problems name it."""
        return str(self.environ.get("PATH_INFO", ""))

    @property
    def key(self) -> Key:
        """The key that the call came with. Only for doors that ask for one."""
        assert self._key is not None
        return self._key

    def name(self, part: str) -> str:
        """A part of the path. Raises `NotFound` for what can be nobody's name."""
        value = self.names[part]
        if _CONTROL.search(value):
            raise NotFound("There is nothing of this name.")
        return value

    def header(self, name: str) -> str | None:
        """A header's value, None where there is none."""
        value: str | None = self.environ.get(f"HTTP_{name.upper().replace('-', '_')}")
        return value

    def query(self) -> dict[str, Any]:
        """The query, checked and converted as the door declares it. Raises `NotReadable` with every problem."""
        text = self.environ.get("QUERY_STRING", "")
        return read_query(text, self.door.query) if text else {}

    def body(self) -> bytes:
        """The raw body. Raises `TooLarge`, `Unsupported`, `NotReadable`."""
        return read_bytes(self.environ, self.parts.settings.body_limit)

    def json(self) -> dict[str, Any]:
        """The JSON object of the body, checked against the door's schema. Raises `NotReadable`, and `PayloadInvalid` with
        every problem. An empty body is an empty object where the door asks for none."""
        body = self.body()
        kind = self.environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if kind and kind != JSON and not kind.endswith("+json") and body:
            raise Unsupported(f"A body of the type {kind[:60]!r} is not read here.", hint=f"Send {JSON}.")
        value = strictjson.read_object(body) if body.strip() or self.door.body_required else {}
        problems = list(checked(value, self.door.body[JSON]))
        if problems:
            raise PayloadInvalid("The body is not what this call takes.", problems)
        return value


def read_query(text: str, declared: tuple[Parameter, ...]) -> dict[str, Any]:
    """The query `text` as values: a list for what may come more than once. Raises `NotReadable` with every problem."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise NotReadable("The query of the URL cannot be read.", hint="Percent-encode it as UTF-8.") from None
    known = {each.name: each for each in declared}
    values: dict[str, Any] = {}
    problems = []
    for name, given in pairs:
        parameter = known.get(name)
        if parameter is None:
            near = nearest(name, known)
            hint = f"Did you mean {near}?" if near else f"There are: {', '.join(known) or 'none'}."
            problems.append(Problem("query.unknown", f"There is no parameter {name[:60]!r} here.", None, hint))
            continue
        value = _converted(given, parameter.schema)
        if faults := list(checked(value, parameter.schema)):
            detail = f"The parameter {name} is not valid: {faults[0].detail}"
            problems.append(Problem("query.invalid", detail, None, parameter.description))
        elif parameter.many:
            values.setdefault(name, []).append(value)
        elif name in values:
            problems.append(Problem("query.twice", f"The parameter {name} is there twice.", None, "Keep one."))
        else:
            values[name] = value
    if problems:
        raise NotReadable("The query of the URL is not what this call takes.", problems)
    return values


def checked(value: Any, schema: Schema) -> list[Problem]:
    """What `value` breaks of a declared schema, without repeating the value."""
    validator = _validators.get(id(schema))
    if validator is None:
        validator = jsonschema_rs.Draft202012Validator(dict(schema), validate_formats=True, mask="The value")
        _validators[id(schema)] = validator
    return [
        Problem(
            f"body.{error.kind.name}", f"{error.message}.", "".join(strictjson.step("", at) for at in error.instance_path)
        )
        for error in validator.iter_errors(value)
    ]


_validators: dict[int, Any] = {}  # by identity of the schema: those are declared once and live as long as the process


def _converted(text: str, schema: Schema) -> Any:
    """A query's text as the kind of value that its schema wants; left as it is where it is none of that kind."""
    kind = schema.get("type")
    if kind == "integer" and re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def log_defect(error: Exception, request_id: str, operation: str) -> None:
    """Where it happened and what kind it is. Not its message: that may quote a person's data."""
    frames = [
        f"{each.filename.rpartition('service/')[2]}:{each.lineno}" for each in traceback.extract_tb(error.__traceback__)
    ]
    kind = type(error).__name__
    structlog.get_logger("burgee").error("defect", request_id=request_id, operation=operation, error=kind, frames=frames)


def log_unavailable(error: Unavailable, request_id: str, operation: str) -> None:
    """What the database said, for the engineer; the caller has no use for a host or a path."""
    structlog.get_logger("burgee").error(
        "unavailable", request_id=request_id, operation=operation, said=error.inside or error.detail
    )


def request_id_of(environ: Environ) -> str:
    """The caller's `X-Request-Id` where it is one, else a new one."""
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    return given if _REQUEST_ID.fullmatch(given) else f"{random.getrandbits(96):024x}"


def finished(answer: Answer, request_id: str) -> Answer:
    """The answer with the headers that all answers have."""
    headers: Headers = (*answer.headers, _NO_STORE, ("X-Request-Id", request_id), ("Content-Length", str(len(answer.body))))
    if answer.content_type is not None:
        headers = (("Content-Type", answer.content_type), *headers)
    return Answer(answer.status, answer.body, headers, answer.content_type)
