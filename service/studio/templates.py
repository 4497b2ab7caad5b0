"""Every template: what it makes, which version is live, when it was called last, and how it does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flask import Response

from service.model import Status
from service.store.figures import Health
from service.store.templates import TemplateInfo
from service.store.users import Role
from service.studio._clock import now
from service.studio._page import page
from service.studio._visit import Visit
from service.studio._words import STOPPED, WRONG

if TYPE_CHECKING:
    from service.store import Store


@dataclass(frozen=True, slots=True)
class Line:
    """One template with the figures of its last day. `drafted`: somebody works on it."""

    info: TemplateInfo
    drafted: bool
    last_call: datetime | None
    fine: int
    stopped: int
    wrong: int
    unknown: int


@page("GET", "/templates")
def templates(visit: Visit) -> Response:
    """The list, or what the search finds in it."""
    store, text = visit.parts.store, visit.asked("q")[:100]
    drafts = store.drafts.names()
    every = _every(store, drafts)
    found = [each for each in every if _matches(each, text)]
    health = store.figures.health(now() - timedelta(days=1))
    calls = store.figures.last_calls(each.name for each in found)
    return visit.show(
        "templates.html",
        here="templates",
        lines=[_line(each, each.name in drafts, health.get(each.name, Health()), calls.get(each.name)) for each in found],
        number=len(every),
        text=text,
        may_write=visit.may(Role.AUTHOR),
    )


def _every(store: Store, drafts: frozenset[str]) -> list[TemplateInfo]:
    """Every template by name, those too of which there is but a draft."""
    kept = store.templates.list()
    new = [draft for name in drafts - {each.name for each in kept} if (draft := store.drafts.get(name)) is not None]
    begun = [
        TemplateInfo(
            name=each.template.name, title=each.template.title, action=each.template.action, account=each.template.account,
            live=None, newest=0, updated_at=each.saved_at, steps=len(each.template.steps),
        )
        for each in new
    ]  # fmt: skip
    return sorted([*kept, *begun], key=lambda each: each.name)


def _matches(info: TemplateInfo, text: str) -> bool:
    return all(word in f"{info.name} {info.title} {info.action} {info.account}".lower() for word in text.lower().split())


def _line(info: TemplateInfo, drafted: bool, health: Health, last_call: datetime | None) -> Line:
    unusual = health.unusual
    return Line(
        info=info,
        drafted=drafted,
        last_call=last_call,
        fine=health.rest,
        stopped=sum(unusual.get(each, 0) for each in STOPPED),
        wrong=sum(unusual.get(each, 0) for each in WRONG),
        unknown=unusual.get(Status.UNKNOWN, 0),
    )
