"""Replay of everything that a filter finds: first what it would touch, then, on a second press, exactly that."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response

from service.delivery import replay
from service.errors import Conflict, NotReadable
from service.model import Status
from service.store.users import Role
from service.studio._clock import now
from service.studio._page import page
from service.studio._search import Sought
from service.studio._visit import Visit

SHOWN = 12


@page("GET", "/deliveries/replay", role=Role.PUBLISHER)
def bulk_replay(visit: Visit) -> Response:
    """What would be sent again, and what not."""
    return _shown(visit, Sought.read(visit.asked))


@page("POST", "/deliveries/replay", role=Role.PUBLISHER)
def do_bulk_replay(visit: Visit) -> Response:
    """Send again what the preview showed, if it is still the same."""
    store, sought = visit.parts.store, Sought.read(visit.field)
    try:
        filter = sought.filter(since=_moment(visit.field("since")), until=_moment(visit.field("until")))
        if _may_arrive_twice(replay.preview(store, filter)) and not visit.field("twice"):
            return _shown(visit, sought, 422, "Tick the box, or choose a filter without what has arrived.")
        made = replay.many(store, filter, visit.field("token"))
    except (Conflict, NotReadable) as error:
        return _shown(visit, sought, 409, error.detail)
    said = ", ".join(f"{name} {value}" for name, value in sought.fields().items())
    visit.note("delivery.replay-many", f"{len(made)} deliveries", said)
    return visit.go("deliveries", show="open")


def _may_arrive_twice(preview: replay.Preview) -> int:
    return preview.by_status.get(Status.ACCEPTED, 0) + preview.by_status.get(Status.UNKNOWN, 0)


def _moment(text: str) -> datetime | None:
    """A moment that the preview wrote into its form. Raises `NotReadable`."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except (ValueError, OverflowError):
        raise NotReadable("This is not the form of a preview.") from None


def _shown(visit: Visit, sought: Sought, status: int = 200, problem: str = "") -> Response:
    """The preview is of a span with two fixed ends, and the form carries both."""
    store, since = visit.parts.store, sought.since()
    span = {"since": since.isoformat() if since else "", "until": now().isoformat()}
    filter = sought.filter(since=since, until=_moment(span["until"]))
    preview = replay.preview(store, filter)
    some = [found for id in preview.ids[:SHOWN] if (found := store.deliveries.get(id)) is not None]
    return visit.show(
        "bulk_replay.html",
        status,
        here="deliveries",
        sought=sought,
        preview=preview,
        span=span,
        twice=_may_arrive_twice(preview),
        left_out=sum(preview.left_out.values()),
        some=[(each, visit.masking.recipient(each.recipient)) for each in some],
        problem=problem,
    )
