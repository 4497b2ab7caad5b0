"""What vendors tell us: signed calls in, and the list of what they told."""

from __future__ import annotations

from datetime import UTC, datetime

from service import inbound
from service.api import _paging as paging
from service.api import _schemas as schemas
from service.api import _show as show
from service.api._call import Call
from service.api._door import FORM, JSON, Answer, Reply, door, json_answer
from service.model import Scope

_PAGE = schemas.page(schemas.ref("InboundEvent"))


@door(
    "POST",
    "/v1/inbound/{destination}/{account}",
    scope=None,
    path_schemas={"destination": schemas.NAME, "account": schemas.ACCOUNT_NAME},
    body={JSON: {"type": "object"}, FORM: {"type": "object", "additionalProperties": {"type": "string"}}},
    free_body=True,
    replies={200: Reply("Kept, or told before.", schemas.ref("Heard"))},
    errors=(400, 403, 404, 413, 415, 503),
)
def hear(call: Call) -> Answer:
    """Take what a vendor tells an account.

    The vendor's own signature stands in place of a key: Attentive's header, or Sailthru's `sig`. What is not signed with the
    account's secret is refused and leaves nothing. An event that is told again changes nothing again.
    """
    told = inbound.Call(call.body(), call.header, datetime.now(UTC))
    parts = call.parts
    kept = inbound.receive(parts.store, parts.preparer, call.name("destination"), call.name("account"), told)
    return json_answer({"id": kept.id, "repeated": kept.id is None})


@door(
    "GET",
    "/v1/inbound",
    scope=Scope.READ,
    query=paging.PARAMETERS,
    replies={200: Reply("A page of events, the newest first.", _PAGE, {"Link": "The next page."})},
    errors=(400, 503),
)
def list_inbound(call: Call) -> Answer:
    """List what vendors told us, what it meant, and what became of it."""
    query = call.query()
    found, following = call.parts.store.inbound.page(
        limit=query.get("limit", paging.DEFAULT_LIMIT), cursor=query.get("cursor")
    )
    headers = paging.link_to_next(call.path, call.environ.get("QUERY_STRING", ""), following)
    return json_answer({"data": [show.inbound_event(each) for each in found], "next": following}, headers=headers)
