"""The log of deliveries: searched, looked into, replayed, canceled, settled."""

from __future__ import annotations

import json
from typing import Any

from service.api import _paging as paging
from service.api import _schemas as schemas
from service.api import _show as show
from service.api._call import Call
from service.api._door import JSON, Answer, Parameter, Reply, door, json_answer
from service.api._read import moment
from service.api.hooks import accepted_answer
from service.delivery import replay
from service.delivery.accept import Accepted
from service.delivery.plans import story
from service.errors import Conflict, Forbidden, NotFound, PayloadInvalid, Problem
from service.model import Delivery, Scope, Status
from service.store import DeliveryFilter, Page

_ID = {"delivery": schemas.DELIVERY_ID}
_STATUSES = {"type": "array", "items": schemas.STATUS, "maxItems": 20}
_FILTER = {
    "template": {**schemas.NAME},
    "action": {**schemas.ACTION_NAME},
    "account": {**schemas.ACCOUNT_NAME},
    "key": {**schemas.TEXT, "minLength": 1},
    "idempotency_key": {**schemas.TEXT, "minLength": 1},
    "since": {**schemas.TIME},
    "until": {**schemas.TIME},
}
_SAID = {
    "template": "Only those of this template.",
    "action": "Only those of this action.",
    "account": "Only those of this account.",
    "key": "Only those that came with the key of this name.",
    "idempotency_key": "Only those with this idempotency key.",
    "since": "Only those that came in at this time or later (RFC 3339).",
    "until": "Only those that came in before this time.",
}
_QUERY = (
    Parameter("status", schemas.STATUS, "Only those that stand so; may be given more than once.", many=True),
    *(Parameter(name, schema, _SAID[name]) for name, schema in _FILTER.items()),
)
_RECIPIENT = {**schemas.TEXT, "minLength": 1, "description": "Whom it is for, such as +12025550143."}
_SEARCH = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "status": _STATUSES,
        **_FILTER,
        "recipient": _RECIPIENT,
        "limit": paging.LIMIT,
        "cursor": paging.CURSOR,
    },
}
_PAGE = schemas.ref("DeliveryPage")
_REPLAY = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"unknown_too": {"type": "boolean", "description": "Also where it may have arrived."}},
}
_SETTLE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["status"],
    "properties": {"status": {"enum": sorted(each.value for each in replay.SETTLED_AS)}},
}
_BULK = {
    "type": "object",
    "additionalProperties": False,
    "required": ["filter"],
    "properties": {
        "filter": {
            "type": "object",
            "additionalProperties": False,
            "required": ["status"],
            "properties": {"status": {**_STATUSES, "minItems": 1}, **_FILTER, "recipient": _RECIPIENT},
        },
        "dry_run": {"type": "boolean", "description": "Show what would be sent, and change nothing."},
        "token": {**schemas.TEXT, "description": "That of the dry run: the replay touches exactly what it showed."},
    },
}
_COUNTS = {"type": "object", "additionalProperties": {"type": "integer"}}
_PREVIEW = schemas.record(
    {
        "ids": {"type": "array", "items": schemas.DELIVERY_ID},
        "by_status": _COUNTS,
        "left_out": {**_COUNTS, "description": "What matches and cannot be sent again, by status."},
        "more": {"type": "boolean", "description": "More match than one replay touches; these are the newest."},
        "token": {"type": "string"},
    }
)


@door(
    "GET",
    "/v1/deliveries",
    scope=Scope.READ,
    query=(*_QUERY, *paging.PARAMETERS),
    replies={200: Reply("A page of deliveries, the newest first.", _PAGE, {"Link": "The next page."})},
    errors=(400, 422, 503),
)
def list_deliveries(call: Call) -> Answer:
    """List deliveries.

    To look for a recipient use the search: no phone number may stand in a URL.
    """
    query = call.query()
    page = _search(call, query)
    headers = paging.link_to_next(call.path, call.environ.get("QUERY_STRING", ""), page.next_cursor)
    return json_answer(_page(page), headers=headers)


@door(
    "POST",
    "/v1/deliveries:search",
    scope=Scope.READ,
    body={JSON: _SEARCH},
    body_example={"recipient": "+12025550143", "status": ["accepted"]},
    body_required=False,
    replies={200: Reply("A page of deliveries, the newest first.", _PAGE)},
    errors=(400, 413, 415, 422, 503),
)
def search_deliveries(call: Call) -> Answer:
    """Search deliveries, also by recipient."""
    return json_answer(_page(_search(call, call.json())))


@door(
    "GET",
    "/v1/deliveries/{delivery}",
    scope=Scope.READ,
    path_schemas=_ID,
    replies={200: Reply("The delivery with every attempt.", schemas.ref("Delivery"))},
    errors=(404, 503),
)
def get_delivery(call: Call) -> Answer:
    """Show a delivery: what came in, what it became, every attempt and what the vendor said; of a plan, every step."""
    kept, store = _delivery(call), call.parts.store
    return json_answer(show.delivery(kept, store.deliveries.attempts(kept.id), story(store, kept)))


@door(
    "POST",
    "/v1/deliveries/{delivery}/replay",
    scope=Scope.ADMIN,
    path_schemas=_ID,
    body={JSON: _REPLAY},
    body_required=False,
    replies={202: Reply("The new delivery.", schemas.ref("Accepted"), {"Location": "The new delivery."})},
    errors=(400, 404, 409, 413, 415, 422, 503),
)
def replay_delivery(call: Call) -> Answer:
    """Send a delivery again.

    The same bytes, as a new delivery. A rejected one has none: its context goes through the version that is live now, which
    may reject it again (422). One whose outcome is unknown may have arrived, and is sent again only with `unknown_too`.
    """
    unknown_too = call.json().get("unknown_too", False)
    kept = _delivery(call)
    if kept.status is Status.REJECTED and kept.plan not in (None, kept.id):
        return accepted_answer(call, call.parts.intake.step_again(kept))
    if kept.status is Status.REJECTED:
        return accepted_answer(call, _rendered_again(call, kept))
    if kept.status is Status.UNKNOWN and not unknown_too:
        raise Conflict(f"{kept.id} may have arrived.", hint="Settle it, or send unknown_too to risk a second message.")
    made = replay.one(call.parts.store, kept.id, by=call.key.name)
    again = Accepted(made.id, made.status, made.action, made.template, made.version)
    return accepted_answer(call, again)


@door(
    "POST",
    "/v1/deliveries/{delivery}/cancel",
    scope=Scope.ADMIN,
    path_schemas=_ID,
    replies={200: Reply("The delivery, canceled.", schemas.ref("DeliveryLine"))},
    errors=(404, 409, 503),
)
def cancel_delivery(call: Call) -> Answer:
    """Cancel a delivery that has not left."""
    return json_answer(show.delivery_line(replay.cancel(call.parts.store, _delivery(call).id)))


@door(
    "POST",
    "/v1/deliveries/{delivery}/settle",
    scope=Scope.ADMIN,
    path_schemas=_ID,
    body={JSON: _SETTLE},
    body_example={"status": "accepted"},
    replies={200: Reply("The delivery, settled.", schemas.ref("DeliveryLine"))},
    errors=(400, 404, 409, 413, 415, 422, 503),
)
def settle_delivery(call: Call) -> Answer:
    """Say what became of a delivery whose outcome is unknown.

    `accepted`: it arrived. `refused`: it did not. `queued`: send it again.
    """
    status = Status(call.json()["status"])
    return json_answer(show.delivery_line(replay.settle(call.parts.store, call.parts.preparer, _delivery(call).id, status)))


@door(
    "POST",
    "/v1/deliveries:replay",
    scope=Scope.ADMIN,
    body={JSON: _BULK},
    body_example={"filter": {"status": ["failed"], "template": "welcome"}, "dry_run": True},
    replies={
        200: Reply("What a replay would send, and the token that stands for exactly that.", _PREVIEW),
        202: Reply("The new deliveries.", schemas.record({"replayed": {"type": "array", "items": {"type": "string"}}})),
    },
    errors=(400, 409, 413, 415, 422, 503),
)
def replay_deliveries(call: Call) -> Answer:
    """Send many deliveries again: look first, then confirm.

    With `dry_run` it shows what matches and changes nothing. With the `token` of that answer it replays exactly that set,
    once, or nothing at all where the set has changed meanwhile.
    """
    body = call.json()
    filter = _allowed(call, _filter(body["filter"]))
    if body.get("dry_run", False):
        return json_answer(_preview(replay.preview(call.parts.store, filter)))
    if "token" not in body:
        detail = "A replay needs the token of a dry run."
        raise PayloadInvalid(detail, [Problem("body.required", detail, "/token", "Send dry_run: true first.")])
    return json_answer({"replayed": replay.many(call.parts.store, filter, body["token"], by=call.key.name)}, 202)


def _rendered_again(call: Call, kept: Delivery) -> Accepted:
    context = None if kept.context is None else json.loads(kept.context)
    if kept.template is None or not isinstance(context, dict):
        raise Conflict(f"{kept.id} was never readable, so there is nothing to send.", hint="Mend the flow that sent it.")
    return call.parts.intake.hook(kept.template, context, call.key, replay_of=kept.id)


def _preview(seen: replay.Preview) -> dict[str, Any]:
    return {
        "ids": list(seen.ids),
        "by_status": {status.value: count for status, count in seen.by_status.items()},
        "left_out": {status.value: count for status, count in seen.left_out.items()},
        "more": seen.more,
        "token": seen.token,
    }


def _search(call: Call, wanted: dict[str, Any]) -> Page:
    filter = _allowed(call, _filter(wanted))
    return call.parts.store.figures.page(filter, int(wanted.get("limit", paging.DEFAULT_LIMIT)), wanted.get("cursor"))


def _allowed(call: Call, filter: DeliveryFilter) -> DeliveryFilter:
    """The filter, if this key may see all that it matches. Raises `Forbidden`."""
    limits = call.key.templates
    if limits and filter.template not in limits:
        hint = f"Filter by one of: {', '.join(sorted(limits))}."
        raise Forbidden(f"The key {call.key.name} is limited to templates.", hint=hint)
    return filter


def _filter(wanted: dict[str, Any]) -> DeliveryFilter:
    values = {name: wanted[name] for name in (*_FILTER, "recipient") if name in wanted}
    for name in ("since", "until"):
        if name in values:
            values[name] = moment(values[name], f"/{name}")
    return DeliveryFilter(status=tuple(Status(each) for each in wanted.get("status", ())), **values)


def _page(page: Page) -> dict[str, Any]:
    return {"data": [show.delivery_line(each) for each in page.items], "next": page.next_cursor}


def _delivery(call: Call) -> Delivery:
    """The delivery of the path, if this key may see it. Raises `NotFound`."""
    kept = call.parts.store.deliveries.get(call.name("delivery"))
    if kept is None or (call.key.templates and kept.template not in call.key.templates):
        raise NotFound("There is no such delivery.", hint="Ids look like dlv_01kabc... and come with the answer to a hook.")
    return kept
