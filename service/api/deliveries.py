"""The log of deliveries: searched, looked into, replayed, canceled, settled."""

from __future__ import annotations

from typing import Any

from service.api import _paging as paging
from service.api import _schemas as schemas
from service.api import _show as show
from service.api._call import Call
from service.api._door import JSON, Answer, Parameter, Reply, door, json_answer
from service.api._read import moment
from service.errors import Forbidden, NotFound
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
_RECIPIENT = {"type": "string", "minLength": 1, "maxLength": 255, "description": "Whom it is for, such as +12025550143."}
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
    """Show a delivery: what came in, what it became, every attempt and what the vendor said."""
    kept = _delivery(call)
    return json_answer(show.delivery(kept, call.parts.store.deliveries.attempts(kept.id)))


def _search(call: Call, wanted: dict[str, Any]) -> Page:
    filter = _filter(wanted)
    limits = call.key.templates
    if limits and filter.template not in limits:
        raise Forbidden(
            f"The key {call.key.name} is limited to templates.", hint=f"Filter by one of: {', '.join(sorted(limits))}."
        )
    return call.parts.store.deliveries.search(filter, wanted.get("limit", paging.DEFAULT_LIMIT), wanted.get("cursor"))


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
