"""The content library: items by their address, feeds that fill it, and what people viewed and bought.

An item stands in the query (`?url=`) and not in the path: an address holds slashes and question marks, which servers and
proxies on the way decode, join or drop.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime

from service.api import _paging as paging
from service.api import _schemas as schemas
from service.api import _show as show
from service.api._body import read_bytes
from service.api._call import Call
from service.api._door import JSON, Answer, Parameter, Reply, door, json_answer
from service.api._read import moment
from service.content import feeds
from service.errors import Forbidden, Misconfigured, NotFound, NotReadable, PayloadInvalid, Problem
from service.model import Interaction, Item, Scope
from service.sync.filling import every_url, fill
from service.sync.runner import shown_url

MOST_INTERACTIONS = 1_000

_URL = Parameter("url", {**schemas.TEXT, "minLength": 1, "maxLength": 2_000}, "The item's address, percent-encoded. Needed.")
_SEARCH = (
    Parameter("text", {**schemas.TEXT, "minLength": 1}, "Only items with this in title, address, sku or content id."),
    Parameter("tag", {**schemas.TEXT, "minLength": 1}, "Only items with this tag."),
)
_IMPORT = (
    Parameter("kind", {"enum": list(feeds.KINDS)}, "The kind of feed. Default: found from the body."),
    Parameter("map", {**schemas.TEXT, "pattern": "^[^\\x00]+=[^\\x00]+$"}, "column=field, such as cost=amount.", many=True),
    Parameter("replace", {"type": "boolean"}, "Remove every item that the feed does not have."),
    Parameter("dry_run", {"type": "boolean"}, "Say what would be done, and do nothing."),
)
_ANY = {"description": "Sailthru's JSON, RSS or Atom, Google's product feed, or a table."}
_FEED_EXAMPLE = {"content": [{"url": "https://shop.example.com/kettle", "title": "Blue kettle", "price": 3950}]}
_ITEM_BODY = {
    "type": "object",
    "description": "Fields of Sailthru's content item, without `url`. What has no field of its own becomes one of `vars`.",
}
_INTERACTION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["kind", "url"],
    "properties": {
        "kind": {"enum": ["view", "purchase"]},
        "url": {**schemas.TEXT, "minLength": 1, "maxLength": 2_000},
        "person": {**schemas.TEXT, "minLength": 1, "description": "What names them to the sender. Kept as a hash only."},
        "count": {"type": "integer", "minimum": 1, "maximum": 1_000_000, "default": 1},
        "at": {**schemas.TIME, "description": "When. Default: now."},
    },
}
_INTERACTIONS = {
    "type": "object",
    "additionalProperties": False,
    "required": ["interactions"],
    "properties": {
        "interactions": {"type": "array", "items": _INTERACTION, "minItems": 1, "maxItems": MOST_INTERACTIONS},
    },
}
_COUNT = {"type": "integer", "minimum": 0}


@door(
    "GET",
    "/v1/content",
    scope=Scope.READ,
    query=(*_SEARCH, *paging.PARAMETERS),
    replies={200: Reply("A page of items, the newest first.", schemas.ref("ContentPage"), {"Link": "The next page."})},
    errors=(400, 503),
)
def list_content(call: Call) -> Answer:
    """List the items of the content library."""
    query = call.query()
    limit = int(query.get("limit", paging.DEFAULT_LIMIT))
    store = call.parts.store.content
    page = store.search(text=query.get("text"), tag=query.get("tag"), limit=limit, cursor=query.get("cursor"))
    headers = paging.link_to_next(call.path, call.environ.get("QUERY_STRING", ""), page.next_cursor)
    return json_answer({"data": [show.item(each) for each in page.items], "next": page.next_cursor}, headers=headers)


@door(
    "GET",
    "/v1/content/item",
    scope=Scope.READ,
    query=(_URL,),
    replies={200: Reply("The item.", schemas.ref("ContentItem"))},
    errors=(400, 404, 503),
)
def get_content(call: Call) -> Answer:
    """Show an item of the content library."""
    return json_answer(show.item(_item(call)))


@door(
    "PUT",
    "/v1/content/item",
    scope=Scope.ADMIN,
    query=(_URL,),
    body={JSON: _ITEM_BODY},
    body_example={"title": "Blue kettle", "price": 3950, "tags": ["kitchen"], "vars": {"colour": "blue"}},
    replies={200: Reply("The item as it is kept.", schemas.ref("ContentItem"))},
    errors=(400, 413, 415, 422, 503),
)
def put_content(call: Call) -> Answer:
    """Keep an item, in place of the one with this address."""
    url = _url(call)
    made = feeds.item({**call.json(), "url": url})
    if not isinstance(made, Item):
        raise PayloadInvalid("This is no item of content.", made)
    call.parts.store.content.put([made])
    return json_answer(show.item(made))


@door(
    "DELETE",
    "/v1/content/item",
    scope=Scope.ADMIN,
    query=(_URL,),
    replies={200: Reply("The item, which is no longer kept.", schemas.ref("ContentItem"))},
    errors=(400, 404, 503),
)
def remove_content(call: Call) -> Answer:
    """Remove an item, and what was counted of it. A feed that still has it brings it back."""
    removed = _item(call)
    call.parts.store.content.remove([removed.url])
    return json_answer(show.item(removed))


@door(
    "POST",
    "/v1/content:import",
    scope=Scope.ADMIN,
    query=_IMPORT,
    body={JSON: _ANY, "text/csv": _ANY, "application/xml": _ANY},
    body_example=_FEED_EXAMPLE,
    free_body=True,
    replies={200: Reply("What became of the rows, and what is wrong with some.", schemas.ref("Import"))},
    errors=(400, 413, 415, 422, 503),
)
def import_content(call: Call) -> Answer:
    """Fill the content library from a feed.

    The body is the feed, of any content type. New items are added and known ones changed; what is wrong with a row is said
    in `problems`, and the other rows are kept. Nothing is removed with `replace` unless the feed was read whole and without
    problems.
    """
    query = call.query()
    mapping = dict(each.rpartition("=")[::2] for each in query.get("map", ()))
    try:
        feeds.check_mapping(mapping)
    except Misconfigured as error:
        raise PayloadInvalid(error.detail, error.problems) from None
    store = call.parts.store
    body = read_bytes(call.environ, call.parts.settings.content_limit)
    filled = fill(
        store,
        io.BytesIO(body),
        kind=query.get("kind"),
        mapping=mapping,
        removable=(lambda: every_url(store)) if query.get("replace") else None,
        dry_run=query.get("dry_run", False),
    )
    return json_answer(show.filled(filled))


@door(
    "POST",
    "/v1/content/interactions",
    scope=Scope.HOOKS,
    body={JSON: _INTERACTIONS},
    body_example={"interactions": [{"kind": "view", "url": "https://shop.example.com/kettle", "person": "ada-1"}]},
    replies={200: Reply("How many were counted.", schemas.record({"counted": _COUNT, "unknown": _COUNT}))},
    errors=(400, 413, 415, 422, 503),
)
def record_interactions(call: Call) -> Answer:
    """Count views and purchases.

    Those of an address that the library does not have are left out (`unknown`). Nothing can tell whether the same
    interaction comes again: it is then counted again.
    """
    if call.key.templates:
        raise Forbidden(f"The key {call.key.name} is limited to templates.", hint="Use a key without such a limit.")
    now = datetime.now(UTC)
    given = [
        Interaction(
            kind=each["kind"],
            url=each["url"],
            at=moment(each["at"], f"/interactions/{number}/at") if "at" in each else now,
            person=each.get("person"),
            count=each.get("count", 1),
        )
        for number, each in enumerate(call.json()["interactions"])
    ]
    counted = call.parts.store.content.record(given)
    return json_answer({"counted": counted, "unknown": len(given) - counted})


@door(
    "GET",
    "/v1/content/feeds",
    scope=Scope.READ,
    replies={200: Reply("Every feed, by name.", schemas.listed(schemas.ref("Feed")))},
    errors=(503,),
)
def list_feeds(call: Call) -> Answer:
    """List the feeds that fill the library by a schedule, each with its last run.

    They are added with `burgee content schedule add`.
    """
    store = call.parts.store.feeds
    return json_answer(
        {"data": [show.feed(each, shown_url(each.url), next(iter(store.runs(each.name, 1)), None)) for each in store.list()]}
    )


def _url(call: Call) -> str:
    """The address in the query. Raises `NotReadable`."""
    url: str | None = call.query().get("url")
    if url is None:
        problem = Problem("query.missing", "The parameter url is missing.", None, _URL.description)
        raise NotReadable("The query of the URL is not what this call takes.", [problem])
    return url


def _item(call: Call) -> Item:
    """The item of the query. Raises `NotFound`."""
    found = call.parts.store.content.get(_url(call))
    if found is None:
        raise NotFound("There is no item with this address.", hint="It is written as the feed wrote it.")
    return found
