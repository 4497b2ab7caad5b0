"""The content library: its items, one of them in full, filling it from a file, and the feeds that fill it by a schedule."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Response, request

from service.content.feeds import KINDS
from service.errors import NotFound, NotReadable
from service.model import Item
from service.store.feeds import Run
from service.store.users import Role
from service.studio import _words as words
from service.studio._page import page
from service.studio._visit import Visit
from service.sync.filling import Filled, every_url, fill
from service.sync.runner import shown_url

MAY_CHANGE = Role.ADMIN
KIND_WORDS = {
    "": "Found from the file",
    "google": "Google's product feed",
    "json": "Sailthru's content feed, JSON",
    "rss": "RSS or Atom",
    "csv": "A table, CSV",
}
_LONGEST = 200  # characters that are looked for


@page("GET", "/content")
def content(visit: Visit) -> Response:
    """A page of items, the newest first, with what is looked for in the address."""
    library = visit.parts.store.content
    text, tag, cursor = visit.asked("text")[:_LONGEST], visit.asked("tag")[:_LONGEST], visit.asked("cursor")
    found = library.search(text=text or None, tag=tag or None, cursor=cursor or None)
    return visit.show(
        "content.html",
        here="content",
        items=found.items,
        older=found.next_cursor,
        counts=library.counts([each.url for each in found.items]),
        total=library.count(),
        changed_at=library.changed_at(),
        text=text,
        tag=tag,
        cursor=cursor,
        may=visit.may(MAY_CHANGE),
        picture=picture,
        cents=cents,
    )


@page("GET", "/content/item")
def content_item(visit: Visit) -> Response:
    """Everything that is kept of one item."""
    item = _known(visit, visit.asked("url"))
    return visit.show(
        "content_item.html",
        here="content",
        item=item,
        facts=_facts(item),
        is_web=_is_web(item.url),
        picture=picture(item.image),
        counts=visit.parts.store.content.counts([item.url]).get(item.url, (0, 0)),
        may=visit.may(MAY_CHANGE),
    )


@page("POST", "/content/item/remove", role=MAY_CHANGE)
def remove_content_item(visit: Visit) -> Response:
    """Remove an item and what was counted of it."""
    item = _known(visit, visit.field("url"))
    visit.parts.store.content.remove([item.url])
    visit.note("content.remove", item.url)
    return visit.go("content")


@page("GET", "/content/import", role=MAY_CHANGE)
def content_import(visit: Visit) -> Response:
    """The form that takes a feed."""
    return _import(visit)


@page("POST", "/content/import", role=MAY_CHANGE, takes_feed=True)
def import_content(visit: Visit) -> Response:
    """Say what the feed in the form would do, or with `do` as `import` do it; all that is wrong is said at once."""
    given = request.files.get("feed")
    kind, replaces, looks = visit.field("kind"), bool(visit.field("replace")), visit.field("do") != "import"
    name = (given.filename or "")[:_LONGEST] if given is not None else ""
    if given is None or not name:
        return _import(visit, 422, problem="Choose the file of the feed.")
    if kind and kind not in KINDS:
        return _import(visit, 422, problem="Choose a kind of feed that is in the list.")
    store, body = visit.parts.store, given.stream.read(visit.parts.settings.content_limit + 1)
    if len(body) > visit.parts.settings.content_limit:
        limit = words.size(visit.parts.settings.content_limit)
        return _import(visit, 413, problem=f"The file is larger than {limit}, so nothing was read.")
    try:
        filled = fill(
            store,
            io.BytesIO(body),
            kind=kind or None,
            removable=(lambda: every_url(store)) if replaces else None,
            dry_run=looks,
        )
    except NotReadable as error:
        return _import(visit, 422, problem=f"{error.detail} {error.hint or ''}".strip())
    if not looks:
        visit.note("content.import", name, counted(filled, would=False))
    return _import(visit, filled=filled, looks=looks, name=name)


@page("GET", "/content/feeds")
def content_feeds(visit: Visit) -> Response:
    """The feeds, when each is fetched next, and what its last run came to."""
    return _feeds(visit)


@page("POST", "/content/feeds/run", role=MAY_CHANGE)
def run_feed(visit: Visit) -> Response:
    """Have a feed fetched now: a worker does it within a second or two."""
    name = visit.field("name")
    visit.parts.store.feeds.hurry(name)
    visit.note("feed.run", name)
    return visit.go("content_feeds")


def picture(address: str) -> dict[str, str] | None:
    """The address and the name of a picture. Pages load nothing from elsewhere, so it is a link, and only to the web.

    >>> picture("https://shop.example.com/a/kettle.jpg?w=9"), picture("javascript:alert(1)")
    ({'url': 'https://shop.example.com/a/kettle.jpg?w=9', 'name': 'kettle.jpg'}, None)
    """
    if not _is_web(address):
        return None
    parts = urlsplit(address)
    return {"url": address, "name": parts.path.rpartition("/")[2][:80] or parts.netloc}


def cents(price: int | None) -> str:
    """
    >>> cents(3950), cents(-5), cents(None)
    ('39.50', '-0.05', '')
    """
    return "" if price is None else f"{'-' * (price < 0)}{abs(price) // 100:,}.{abs(price) % 100:02}"


def counted(filled: Filled | Run, *, would: bool) -> str:
    """What filling came to, in words; `would`: what it would come to."""
    made = "would be " if would else ""
    told = [f"{filled.created:,} {made}added", f"{filled.changed:,} {made}changed", f"{filled.unchanged:,} unchanged"]
    told += [f"{filled.repeated:,} repeated (the first stands)"] if filled.repeated else []
    told += [f"{filled.removed:,} {made}removed"] if filled.removed else []
    return f"{filled.rows:,} item{'s' * (filled.rows != 1)}: {', '.join(told)}."


def _is_web(address: str) -> bool:
    try:
        return urlsplit(address).scheme in ("http", "https") and bool(urlsplit(address).netloc)
    except ValueError:
        return False


def _known(visit: Visit, url: str) -> Item:
    found = visit.parts.store.content.get(url) if url else None
    if found is None:
        raise NotFound("There is no item with this address.", hint="Somebody may have removed it. Look for it in the list.")
    return found


def _facts(item: Item) -> list[tuple[str, str]]:
    """What the item says besides its title, description, pictures, tags and variables, as pairs of name and text."""
    stock = "" if item.inventory is None else f"{item.inventory:,}"
    named = {
        "Price": cents(item.price),
        "In stock": stock,
        "SKU": item.sku,
        "Content id": item.content_id,
        "Author": item.author,
        "Site": item.site_name,
        "Date": _moment(item.date),
        "Expires": _moment(item.expire_date),
        "Place": "" if item.location is None else f"{item.location[1]:.5g}, {item.location[0]:.5g}",
    }
    return [(name, value) for name, value in named.items() if value]


def _moment(seconds: int | None) -> str:
    """Unix seconds as a day and time in UTC; as they are where the calendar does not go so far."""
    if seconds is None:
        return ""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def _import(
    visit: Visit, status: int = 200, *, filled: Filled | None = None, looks: bool = True, name: str = "", problem: str = ""
) -> Response:
    return visit.show(
        "content_import.html",
        status,
        here="content",
        filled=filled,
        told=counted(filled, would=looks) if filled is not None else "",
        looks=looks,
        name=name,
        problem=problem,
        kinds=[(each, KIND_WORDS.get(each, each)) for each in ("", *KINDS)],
        kind=visit.field("kind"),
        replace=bool(visit.field("replace")),
        limit=words.size(visit.parts.settings.content_limit),
    )


def _feeds(visit: Visit) -> Response:
    store = visit.parts.store.feeds
    lines: list[tuple[Any, ...]] = []
    for feed in store.list():
        run = next(iter(store.runs(feed.name, 1)), None)
        lines.append((feed, shown_url(feed.url), run, _told(run)))
    return visit.show("content_feeds.html", here="content", lines=lines, may=visit.may(MAY_CHANGE))


def _told(run: Run | None) -> str:
    """What the last run came to, in a sentence."""
    if run is None:
        return "It has not run yet."
    if run.outcome is None:
        return "It is under way."
    if run.outcome == "unchanged":
        return "The feed is what it was the time before."
    if run.outcome == "failed":
        return f"It failed. {words.sentence(run.error or '')}".strip()
    return f"{counted(run, would=False)} {words.sentence(run.error or '')}".strip()
