"""Where flows call: a context for a template (hooks), or a payload that is ready (actions)."""

from __future__ import annotations

import re
from typing import Any

from service import strictjson
from service.api import _schemas as schemas
from service.api._body import read_context
from service.api._call import Call
from service.api._door import FORM, JSON, Answer, Headers, Parameter, Reply, door, json_answer
from service.api._errors import problem_answer
from service.delivery.accept import LONGEST_KEY, Accepted
from service.delivery.wait import wait_for
from service.errors import BurgeeError, NotReadable, PayloadInvalid
from service.model import Scope, Status

_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,6})\"?\s*(?:$|[,;])", re.IGNORECASE)
_MOVING = frozenset({Status.HELD, Status.QUEUED, Status.SENDING, Status.RETRYING})

_ACCOUNT = Parameter("account", schemas.ACCOUNT_NAME, "The account to send from; default is `default`.")
_DRY_RUN = Parameter("dry_run", {"type": "boolean"}, "`true`: render and check only. Nothing is kept, nothing is sent.")
_HEADERS = (
    Parameter(
        "Idempotency-Key",
        {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[ -~]+$"},
        "The same for the same message: a repeated call gets the first one's answer and sends nothing more.",
    ),
    Parameter("Prefer", {"type": "string"}, "`wait=N`: answer when the vendor has, after N seconds at most."),
)
_LOCATION = {"Location": "Where the delivery can be looked up."}
_REPLAYED = {"Idempotent-Replayed": "`true` where this is the answer to an earlier call with the same key."}
_REPLIES = {
    200: Reply(
        "Settled already: suppressed, or the outcome that `Prefer: wait` waited for. For a dry run, what would be sent.",
        {"anyOf": [schemas.ref("Accepted"), schemas.ref("Prepared")]},
        {**_LOCATION, **_REPLAYED, "Preference-Applied": "The wait that was followed."},
    ),
    202: Reply(
        "Kept: it will be sent, whatever happens to this service.",
        schemas.ref("Accepted"),
        {**_LOCATION, **_REPLAYED},
        {"id": "dlv_01kabcdefghjkmnpqrstvwxyz0", "status": "queued", "template": "welcome", "version": 3,
         "action": "attentive.messages.send"},
    ),
}  # fmt: skip
_CONTEXT_EXAMPLE = {"profile": {"vars": {"first_name": "Ada"}, "keys": {"sms": "+12025550143"}}}
_PAYLOAD_EXAMPLE = {"to": "+12025550143", "body": "Your order is on its way.", "subscriptionType": "TRANSACTIONAL"}


@door(
    "POST",
    "/v1/hooks/{template}",
    scope=Scope.HOOKS,
    path_schemas={"template": schemas.NAME},
    query=(_DRY_RUN,),
    headers=_HEADERS,
    body={JSON: schemas.CONTEXT, FORM: {"type": "object", "additionalProperties": {"type": "string"}}},
    body_example=_CONTEXT_EXAMPLE,
    free_body=True,
    replies=_REPLIES,
    errors=(400, 404, 413, 415, 422, 503),
)
def hook(call: Call) -> Answer:
    """Send a context to a template.

    Renders the live version of the template, checks the payload and keeps it as a delivery. A context that gives no valid
    payload is answered with 422 and kept too, as a rejected delivery. JSON is read with any or no content type; forms may
    nest with brackets. After a 503 call again, with the same `Idempotency-Key`: the database may have been lost in the
    moment it kept the call.
    """
    template, intake, key = call.name("template"), call.parts.intake, call.key
    dry_run = call.query().get("dry_run", False)
    body = call.body()
    try:
        context = read_context(body, call.environ.get("CONTENT_TYPE"))
    except NotReadable as error:
        if dry_run:
            raise
        return _rejected(call, error, intake.unreadable(template, body, error, key))
    if dry_run:
        return json_answer(intake.dry_hook(template, context, key).as_dict())
    return accepted_answer(call, intake.hook(template, context, key, call.header("Idempotency-Key")))


@door(
    "POST",
    "/v1/actions/{action}",
    scope=Scope.HOOKS,
    path_schemas={"action": schemas.ACTION_NAME},
    query=(_ACCOUNT, _DRY_RUN),
    headers=_HEADERS,
    body={JSON: {"type": "object"}},
    body_example=_PAYLOAD_EXAMPLE,
    free_body=True,
    replies=_REPLIES,
    errors=(400, 404, 413, 415, 422, 503),
)
def act(call: Call) -> Answer:
    """Send a payload that is ready.

    No template: the payload is checked against the action's schema, kept and delivered as a hook's is.
    """
    return _act(call, call.name("action"))


@door(
    "POST",
    "/v1/text/send",
    scope=Scope.HOOKS,
    query=(_ACCOUNT, _DRY_RUN),
    headers=_HEADERS,
    body={JSON: {"type": "object"}},
    body_example=_PAYLOAD_EXAMPLE,
    free_body=True,
    replies=_REPLIES,
    errors=(400, 404, 413, 415, 422, 503),
)
def send_text(call: Call) -> Answer:
    """Send a text, at the path that Attentive has for it.

    The same as the action `attentive.messages.send`: a flow that calls Attentive today changes only host and key.
    """
    return _act(call, "attentive.messages.send")


def _act(call: Call, action: str) -> Answer:
    query = call.query()
    account = query.get("account", "default")
    payload = strictjson.read_object(call.body())
    if query.get("dry_run", False):
        return json_answer(call.parts.intake.dry_action(action, payload, call.key, account=account).as_dict())
    return accepted_answer(
        call, call.parts.intake.action(action, payload, call.key, call.header("Idempotency-Key"), account=account)
    )


def accepted_answer(call: Call, accepted: Accepted) -> Answer:
    """What the caller of a hook is told of what became of it."""
    if accepted.status is Status.REJECTED:
        count = len(accepted.problems)
        said = f"{count} problems" if count > 1 else "a problem"
        error = PayloadInvalid(f"There is no valid payload: {said}. Nothing is sent.", accepted.problems)
        return _rejected(call, error, accepted)
    headers = _headers(accepted)
    if accepted.status is Status.SUPPRESSED:
        return json_answer(_body(accepted, accepted.status, accepted.reason), headers=headers)
    if (seconds := wanted_wait(call.header("Prefer"))) > 0 and call.gate.waiting.acquire(blocking=False):
        try:
            return _waited(call, accepted, min(seconds, call.parts.settings.wait_limit), headers)
        finally:
            call.gate.waiting.release()
    return json_answer(_body(accepted, accepted.status), 202, headers=headers)


def _waited(call: Call, accepted: Accepted, seconds: float, headers: Headers) -> Answer:
    found = wait_for(call.parts.store, accepted.id, seconds)
    status = 202 if found.status in _MOVING else 200
    applied = ("Preference-Applied", f"wait={seconds:g}")
    body = _body(accepted, found.status, found.reason)
    if found.step is not None:
        body["step"] = found.step
    return json_answer(body, status, headers=(*headers, applied))


def _rejected(call: Call, error: BurgeeError, kept: Accepted) -> Answer:
    return problem_answer(error, call.path, headers=_headers(kept), id=kept.id)


def _headers(accepted: Accepted) -> Headers:
    location = (("Location", f"/v1/deliveries/{accepted.id}"),)
    return (*location, ("Idempotent-Replayed", "true")) if accepted.replayed else location


def _body(accepted: Accepted, status: Status, reason: str | None = None) -> dict[str, Any]:
    body = {
        "id": accepted.id,
        "status": status.value,
        "template": accepted.template,
        "version": accepted.version,
        "action": accepted.action,
    }
    return body if reason is None else {**body, "reason": reason}


def wanted_wait(prefer: str | None) -> float:
    """The seconds of `Prefer: wait=N` (RFC 7240); 0 where there is no such wish.

    >>> wanted_wait("return=minimal, wait=10")
    10.0
    """
    found = _WAIT.search(prefer) if prefer else None
    return float(found[1]) if found else 0.0
