"""Every template: what it makes, which version is live, when it was called last, and how it does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Response

from service.model import Status
from service.store.figures import Health
from service.store.templates import TemplateInfo
from service.store.users import Role
from service.studio._clock import now
from service.studio._page import page
from service.studio._visit import Visit
from service.studio._words import STOPPED, WRONG


@dataclass(frozen=True, slots=True)
class Line:
    """One template with the figures of its last day."""

    info: TemplateInfo
    last_call: datetime | None
    fine: int
    stopped: int
    wrong: int
    unknown: int


@page("GET", "/templates")
def templates(visit: Visit) -> Response:
    """The list, or what the search finds in it."""
    store, text = visit.parts.store, visit.asked("q")[:100]
    every = store.templates.list()
    found = [each for each in every if _matches(each, text)]
    health = store.figures.health(now() - timedelta(days=1))
    calls = store.figures.last_calls(each.name for each in found)
    return visit.show(
        "templates.html",
        here="templates",
        lines=[_line(each, health.get(each.name, Health()), calls.get(each.name)) for each in found],
        number=len(every),
        text=text,
        may_write=visit.may(Role.AUTHOR),
    )


def _matches(info: TemplateInfo, text: str) -> bool:
    return all(word in f"{info.name} {info.title} {info.action} {info.account}".lower() for word in text.lower().split())


def _line(info: TemplateInfo, health: Health, last_call: datetime | None) -> Line:
    unusual = health.unusual
    return Line(
        info=info,
        last_call=last_call,
        fine=health.rest,
        stopped=sum(unusual.get(each, 0) for each in STOPPED),
        wrong=sum(unusual.get(each, 0) for each in WRONG),
        unknown=unusual.get(Status.UNKNOWN, 0),
    )
