"""Who must not be texted, and why: listed, looked up, added and ended."""

from __future__ import annotations

from service.api import _paging as paging
from service.api import _schemas as schemas
from service.api import _show as show
from service.api._call import Call
from service.api._door import JSON, Answer, Parameter, Reply, door, json_answer
from service.api._read import moment
from service.delivery import consents
from service.errors import NotFound
from service.model import Scope, SubscriptionType
from service.registry import nearest

_WHO = {**schemas.TEXT, "minLength": 1, "description": "+12025550143, ada@example.com, or id: and the vendor's id."}
_TYPE = {"enum": [each.value for each in SubscriptionType]}
_ENDED = Parameter("ended", {"type": "boolean"}, "`true`: also those that have ended.")
_PAGE = schemas.page(schemas.ref("Suppression"))
_ADD = {
    "type": "object",
    "additionalProperties": False,
    "required": ["who"],
    "properties": {
        "who": _WHO,
        "type": {**_TYPE, "default": "ALL"},
        "account": {**schemas.ACCOUNT_NAME, "description": "Only for this account; default is every account."},
        "reason": {**schemas.TEXT, "description": "Why, for whoever asks."},
        "until": {**schemas.TIME, "description": "When it ends by itself (RFC 3339)."},
    },
}
_SEARCH = {
    "type": "object",
    "additionalProperties": False,
    "required": ["who"],
    "properties": {"who": _WHO, "ended": {"type": "boolean"}, "limit": paging.LIMIT, "cursor": paging.CURSOR},
}


@door(
    "GET",
    "/v1/suppressions",
    scope=Scope.READ,
    query=(_ENDED, *paging.PARAMETERS),
    replies={200: Reply("A page of suppressions, the newest first.", _PAGE, {"Link": "The next page."})},
    errors=(400, 503),
)
def list_suppressions(call: Call) -> Answer:
    """List who must not be texted.

    To look for one person use the search: no phone number may stand in a URL.
    """
    query = call.query()
    found, following = call.parts.store.suppressions.page(
        ended=query.get("ended", False), limit=query.get("limit", paging.DEFAULT_LIMIT), cursor=query.get("cursor")
    )
    headers = paging.link_to_next(call.path, call.environ.get("QUERY_STRING", ""), following)
    return json_answer({"data": [show.suppression(each) for each in found], "next": following}, headers=headers)


@door(
    "POST",
    "/v1/suppressions:search",
    scope=Scope.READ,
    body={JSON: _SEARCH},
    body_example={"who": "+12025550143", "ended": True},
    replies={200: Reply("What there is about this person, the newest first.", _PAGE)},
    errors=(400, 413, 415, 422, 503),
)
def search_suppressions(call: Call) -> Answer:
    """Ask whether somebody may be texted, and why not."""
    body = call.json()
    found, following = call.parts.store.suppressions.page(
        who=consents.person(body["who"]),
        ended=body.get("ended", False),
        limit=body.get("limit", paging.DEFAULT_LIMIT),
        cursor=body.get("cursor"),
    )
    return json_answer({"data": [show.suppression(each) for each in found], "next": following})


@door(
    "POST",
    "/v1/suppressions",
    scope=Scope.ADMIN,
    body={JSON: _ADD},
    body_example={"who": "+12025550143", "type": "MARKETING", "reason": "as she asked on the phone"},
    replies={201: Reply("The suppression.", schemas.ref("Suppression"))},
    errors=(400, 404, 413, 415, 422, 503),
)
def add_suppression(call: Call) -> Answer:
    """Let nobody text somebody.

    It stands beside what vendors tell, and no vendor's word ends it.
    """
    body, store = call.json(), call.parts.store
    account = body.get("account")
    if account is not None and store.accounts.get(account) is None:
        near = nearest(account, [each.name for each in store.accounts.list()])
        raise NotFound(f"There is no account {account[:80]!r}.", hint=f"Did you mean {near}?" if near else None)
    made = store.suppressions.add(
        consents.person(body["who"]),
        SubscriptionType(body.get("type", "ALL")),
        account=account,
        reason=body.get("reason", ""),
        until=moment(body["until"], "/until") if "until" in body else None,
        by=f"key {call.key.name}",
    )
    return json_answer(show.suppression(made), 201)


@door(
    "DELETE",
    "/v1/suppressions/{suppression}",
    scope=Scope.ADMIN,
    path_schemas={"suppression": {"type": "string", "pattern": "^sup_[0-9a-z]{26}$"}},
    replies={200: Reply("The suppression, now ended.", schemas.ref("Suppression"))},
    errors=(404, 503),
)
def remove_suppression(call: Call) -> Answer:
    """End a suppression. It stays on record."""
    removed = call.parts.store.suppressions.remove(call.name("suppression"), by=f"key {call.key.name}")
    return json_answer(show.suppression(removed))
