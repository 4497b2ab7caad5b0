"""What the vendor does not have, below `/_emulator/`: the log of what arrived, faults on request, modes of rules, reset.

| call | what |
|---|---|
| `GET requests?after=&since=&to=&path=&request_id=&limit=` | the log; `next` of an answer is `after` of the next call |
| `GET stats` | counts, the busiest second, what came twice |
| `GET`, `POST`, `DELETE faults` | those in force; one more (`_faults.Fault`); none |
| `GET`, `POST rules` | how each rule is kept; `{"braces": "strict", "*": "real"}` |
| `POST limits` | `{"/v1/text/send": 5}`, calls a second |
| `POST tokens` | `{"token": ["messages:write"]}`, who else may call, and for what (null: everything) |
| `POST subscribers` | `{"contact": "+12025550143", "type": "MARKETING", "subscribed": false, "fatigued": true}` |
| `GET webhooks` | what was posted to those who listen |
| `POST webhooks` | who listens: `{"url": "http://127.0.0.1:8000/in", "events": ["sms.sent"], "key": "signs it"}` |
| `POST webhooks/hold` | keeps posts back |
| `POST webhooks/release` | posts them: `{"order": "reversed"}`, `shuffled` or `same` |
| `POST webhooks/resend` | posts once more: `{"number": 3}`, or everything |
| `POST people` | somebody acts: `{"type": "sms.inbound_message", "phone": "+12025550143", "text": "STOP"}` |
| `POST reset` | forgets everything but the tokens |
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from service.emulator._ledger import parsed
from service.emulator._machine import Machine

MOST_ENTRIES = 10_000


class _Bad(Exception):
    """A control call that cannot be understood; its text is a sentence."""


def control(machine: Machine) -> Blueprint:
    """The routes below `/_emulator/`."""
    routes = Blueprint("control", __name__, url_prefix="/_emulator")

    @routes.errorhandler(_Bad)
    def bad(error: _Bad) -> Response:
        return _json({"message": str(error)}, 400)

    @routes.get("/requests")
    def requests() -> Response:
        entries = machine.ledger.entries(
            after=_number("after", int),
            since=_number("since", float),
            to=_plus(request.args.get("to")),
            path=request.args.get("path"),
            request_id=request.args.get("request_id"),
            limit=min(max(_number("limit", int) or 1000, 1), MOST_ENTRIES),
        )
        after = entries[-1].number if entries else _number("after", int) or 0
        return _json({"requests": [each.as_dict() for each in entries], "next": after})

    @routes.get("/stats")
    def stats() -> Response:
        return _json(machine.ledger.stats())

    @routes.get("/faults")
    def faults() -> Response:
        return _json({"faults": machine.faults.all()})

    @routes.post("/faults")
    def add_fault() -> Response:
        return _json(_try(machine.faults.add).as_dict(), 201)

    @routes.delete("/faults")
    def clear_faults() -> Response:
        machine.faults.clear()
        return _json({"released": machine.silent.release()})

    @routes.get("/rules")
    def rules() -> Response:
        return _json({"rules": machine.rules.as_dict()})

    @routes.post("/rules")
    def set_rules() -> Response:
        _try(machine.rules.set)
        return rules()

    @routes.post("/limits")
    def limits() -> Response:
        _try(machine.set_limits)
        return _json({"limits": machine.limits})

    @routes.post("/tokens")
    def tokens() -> Response:
        _try(machine.add_tokens)
        return _json({"tokens": None if machine.tokens is None else len(machine.tokens)})

    @routes.post("/subscribers")
    def subscribers() -> Response:
        _try(machine.change)
        return _json({})

    @routes.get("/webhooks")
    def webhooks() -> Response:
        return _json({"posts": [each.as_dict() for each in machine.outbox.all()]})

    @routes.post("/webhooks")
    def listen() -> Response:
        return _json(_try(machine.listen), 201)

    @routes.post("/webhooks/hold")
    def hold() -> Response:
        machine.outbox.hold()
        return _json({})

    @routes.post("/webhooks/release")
    def release() -> Response:
        return _json({"posts": _try(lambda said: machine.outbox.release(str(_of(said, "order", "same"))))})

    @routes.post("/webhooks/resend")
    def resend() -> Response:
        return _json({"posts": _try(lambda said: machine.outbox.resend(_of(said, "number", None)))})

    @routes.post("/people")
    def people() -> Response:
        _try(machine.say)
        return _json({})

    @routes.post("/reset")
    def reset() -> Response:
        machine.reset()
        return _json({})

    return routes


def _try(do: Callable[[Any], Any]) -> Any:
    """Does something with the JSON of the body; a ValueError's sentence becomes the answer."""
    try:
        return do(parsed(request.get_data()))
    except ValueError as error:
        raise _Bad(str(error)) from None


def _of(said: Any, name: str, default: Any) -> Any:
    """A field of a body that may be empty."""
    return said.get(name, default) if isinstance(said, dict) else default


def _number(name: str, kind: type[int] | type[float]) -> Any:
    text = request.args.get(name)
    try:
        return None if text is None else kind(text)
    except ValueError:
        raise _Bad(f"{name!r} must be a number.") from None


def _plus(number: str | None) -> str | None:
    """A number whose `+` was not encoded arrives with a blank instead."""
    return f"+{number[1:]}" if number and number.startswith(" ") else number


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")
