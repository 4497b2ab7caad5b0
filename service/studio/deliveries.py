"""The log: every call, what it became, and what the vendor said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from flask import Response

from service.model import Delivery, Status
from service.studio import _search as search
from service.studio import _words as words
from service.studio._clock import now
from service.studio._page import page
from service.studio._search import SETS, WINDOWS, Sought
from service.studio._visit import SEES_NUMBERS, Visit


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery in the log: as kept, its recipient as this user may see it, and what happened in one sentence."""

    delivery: Delivery
    recipient: str
    happened: str


@page("GET", "/deliveries")
def deliveries(visit: Visit) -> Response:
    """A page of the log; for htmx only the part that changes."""
    sought = Sought.read(visit.asked)
    return _shown(visit, sought, visit.asked("cursor"), "_log.html" if visit.wants("log") else "deliveries.html")


@page("POST", "/deliveries")
def search_deliveries(visit: Visit) -> Response:
    """Look for what was typed. A recipient is looked for here and now, because no number may stand in an address; all else
    has an address of its own."""
    sought = Sought.read(visit.field)
    text = visit.field("text")
    recipient = visit.field("recipient")
    if text:
        found = search.understood(visit.parts.store, text[:255], sought)
        if isinstance(found, str):
            return visit.go("delivery", id=found)
        sought = found
    elif recipient:
        sought = replace(sought, recipient=recipient[:255])
    if not sought.recipient:
        return visit.go("deliveries", **sought.fields())
    return _shown(visit, sought, visit.field("cursor"), "deliveries.html")


def _shown(visit: Visit, sought: Sought, cursor: str, template: str) -> Response:
    store, clock = visit.parts.store, visit.clock
    found = search.find(store, sought, cursor or None)
    answers = store.figures.answers([each.id for each in found.items])
    lines = [line(visit, each, answers.get(each.id, [])) for each in found.items]
    tally = store.figures.tally(sought.since() or now() - timedelta(days=36_500))
    return visit.show(
        template,
        here="deliveries",
        sought=sought,
        lines=lines,
        tabs=_tabs(sought, tally.by_status, tally.total),
        total=tally.total,
        cursor=cursor,
        older=found.next_cursor,
        choices=_choices(visit),
        now=now(),
        is_new=not lines and not store.figures.any(),
        may_replay=visit.may(SEES_NUMBERS),
        text="" if not sought.recipient else visit.masking.recipient(sought.recipient),
        place=clock.place,
    )


def line(visit: Visit, delivery: Delivery, attempts: list[Any]) -> Line:
    """The delivery as the log shows it."""
    said = words.happened(delivery, attempts, visit.clock)
    return Line(delivery, visit.masking.recipient(delivery.recipient), visit.masking.text(said))


def _tabs(sought: Sought, counts: Any, total: int) -> list[dict[str, Any]]:
    """Sets of statuses with how many there are in the time that is asked for."""
    made: list[dict[str, Any]] = []
    for name, (word, statuses) in SETS.items():
        number = sum(counts[each] for each in statuses) if statuses else total
        here = (sought.show == name and not sought.status) or (sought.status in statuses and name not in ("", "open"))
        asked = replace(sought, show=name, status="", recipient="").fields()
        made.append({"word": word, "count": number, "asked": asked, "here": here, "needs": name == "decide" and number > 0})
    if sum(each["here"] for each in made) > 1:
        for each in made[:-1]:
            each["here"] = False
    return made


def _choices(visit: Visit) -> dict[str, list[tuple[str, str]]]:
    """What the pickers offer."""
    store = visit.parts.store
    return {
        "status": [("", "Any status"), *((each.value, each.value) for each in Status)],
        "template": [("", "Any template"), *((each, each) for each in store.templates.names())],
        "account": [("", "Any account"), *((each.name, each.name) for each in store.accounts.list())],
        "time": [(name, word) for name, (word, _) in WINDOWS.items()],
    }
