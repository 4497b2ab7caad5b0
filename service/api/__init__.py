"""The HTTP API: one resource a file, each operation a door. Plumbing begins with an underscore.

A door declares beside its view what it takes and answers; routes, checks of queries and bodies, and the OpenAPI document are
made from that, so a new file here is all that a new resource needs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WrongMethod

from service import registry
from service.api._call import Gate, finished, log_defect, request_id_of
from service.api._door import Answer, Door
from service.api._errors import MethodNotAllowed, defect_answer, problem_answer
from service.api._openapi import document
from service.errors import BurgeeError, NotFound, NotReadable

if TYPE_CHECKING:
    from service.parts import Parts

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_HOOKS = "/v1/hooks/"
_CALL_WITH_POST = (
    "Call it with POST, and put the data into the body. A URL with a person's data stays in logs on its way, and whoever "
    "looks at a link with GET would send a text."
)
_STATUS_LINES = {each.value: f"{each.value} {each.phrase}" for each in HTTPStatus}


def doors() -> list[Door]:
    """Every door of every resource."""
    return [
        each
        for _, module in registry.members(sys.modules[__name__])
        for each in vars(module).values()
        if isinstance(each, Door)
    ]


def register(app: Flask, parts: Parts) -> None:
    """Put every door of the API on a Flask app."""
    gate = Gate(parts)
    all_doors = doors()
    gate.document = document(all_doors, parts.settings.public_url)
    app.extensions["burgee_gate"] = gate
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True
    for each in all_doors:
        app.add_url_rule(
            re.sub(r"{(\w+)}", r"<\1>", each.path),
            endpoint=f"api.{each.operation_id}",
            view_func=_view(gate, each),
            methods=[each.method],
            provide_automatic_options=False,
        )
    app.register_error_handler(HTTPException, _routing_error)
    app.register_error_handler(Exception, _defect)


def shortcut(app: Flask, parts: Parts) -> Wsgi:
    """The app as WSGI, with hooks served before Flask's dispatch by the very function that Flask's view calls."""
    gate: Gate = app.extensions["burgee_gate"]
    assert gate.parts is parts, "register the doors with the same parts first"
    door = next(each for each in doors() if each.path == f"{_HOOKS}{{template}}")
    serve = gate.serve

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith(_HOOKS) and environ["REQUEST_METHOD"] == "POST":
            name = path[len(_HOOKS) :]
            if name and "/" not in name and name.isascii():
                answer = serve(door, environ, {"template": name})
                start_response(_STATUS_LINES[answer.status], list(answer.headers))
                return [answer.body]
        return app(environ, start_response)

    return application


def _view(gate: Gate, door: Door) -> Callable[..., Response]:
    return lambda **names: _response(gate.serve(door, request.environ, names))


def _response(answer: Answer) -> Response:
    return Response(answer.body, _STATUS_LINES[answer.status], list(answer.headers))


def _routing_error(error: HTTPException) -> HTTPException | Response:
    """What Flask itself refuses, told as all errors are: no such path, not this method, a request that is none."""
    if error.code is None or error.code < 400:
        return error
    told: BurgeeError
    if isinstance(error, WrongMethod):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        hint = _CALL_WITH_POST if request.path.startswith(_HOOKS) else f"There are: {allowed}."
        told = MethodNotAllowed(f"{request.method} is not for this path.", hint=hint)
        answer = problem_answer(told, request.path, headers=(("Allow", allowed),))
    elif error.code == 404:
        answer = problem_answer(NotFound("There is nothing at this path.", hint="See /docs."), request.path)
    else:
        answer = problem_answer(NotReadable(error.description or "The request cannot be read."), request.path)
    return _response(finished(answer, request_id_of(request.environ)))


def _defect(error: Exception) -> Response:
    request_id = request_id_of(request.environ)
    log_defect(error, request_id, request.endpoint or "")
    return _response(finished(defect_answer(request.path, request_id), request_id))
