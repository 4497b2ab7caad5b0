"""Who must not be texted: the list, one of them, adding and ending by hand, and what vendors told us."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response

from service.delivery import consents
from service.errors import NotFound, NotReadable
from service.model import SubscriptionType, Suppression
from service.store.users import Role
from service.studio import _words as words
from service.studio._clock import now
from service.studio._page import page
from service.studio._visit import Visit

FORBIDS = {
    SubscriptionType.ALL: "All texts",
    SubscriptionType.MARKETING: "Marketing texts",
    SubscriptionType.TRANSACTIONAL: "Transactional texts",
}
SOURCES = {
    "person": "A person entered it",
    "delivery": "An unsubscription sent from here",
    "webhook": "The vendor told us (webhook)",
    "postback": "The vendor told us (postback)",
}
MAY_CHANGE = Role.PUBLISHER  # who may act on deliveries
_LONGEST = 500  # characters of a reason


@page("GET", "/suppressions")
def suppressions(visit: Visit) -> Response:
    """A page of those in force, or with `ended` of all."""
    return _listed(visit, ended=visit.asked("ended") == "1", cursor=visit.asked("cursor"))


@page("POST", "/suppressions")
def search_suppressions(visit: Visit) -> Response:
    """Look for one person, those that have ended too. By a form: no number may stand in an address."""
    text = visit.field("text")
    if not text:
        return visit.go("suppressions")
    try:
        who = consents.person(text[:255])
    except NotReadable as error:
        return _listed(visit, 422, text=text, problem=f"{error.detail} {error.hint or ''}".strip())
    return _listed(visit, who=who, text=text, ended=True, cursor=visit.field("cursor"))


@page("GET", "/suppressions/told")
def vendors_told(visit: Visit) -> Response:
    """What vendors told us, newest first."""
    cursor = visit.asked("cursor")
    events, older = visit.parts.store.inbound.page(cursor=cursor or None)
    return visit.show(
        "vendors_told.html", here="suppressions", events=events, older=older, cursor=cursor, sentence=words.sentence
    )


@page("GET", "/suppressions/new", role=MAY_CHANGE)
def new_suppression(visit: Visit) -> Response:
    """The form to add one."""
    return _form(visit)


@page("POST", "/suppressions/new", role=MAY_CHANGE)
def add_suppression(visit: Visit) -> Response:
    """Let nobody text somebody. All that is wrong with the form is said at once."""
    problems: dict[str, str] = {}
    who, until = "", None
    account, type, reason = visit.field("account"), visit.field("type"), visit.field("reason")
    try:
        who = consents.person(visit.field("who")[:255])
    except NotReadable as error:
        problems["who"] = f"{error.detail} {error.hint or ''}".strip()
    if type not in list(SubscriptionType):
        problems["type"] = "Choose what they must not get."
    if account and visit.parts.store.accounts.get(account) is None:
        problems["account"] = "There is no such account any more."
    if len(reason) > _LONGEST:
        problems["reason"] = f"This has {len(reason)} characters; {_LONGEST} are kept."
    if given := visit.field("until"):
        until = _midnight(visit, given)
        if until is None or until <= now():
            problems["until"] = "Write a day that is still to come, such as 2030-01-31, or leave it empty."
    if problems:
        return _form(visit, 422, problems)
    made = visit.parts.store.suppressions.add(
        who, SubscriptionType(type), account=account or None, reason=reason, until=until, by=visit.me.login
    )
    return visit.go("suppression", id=made.id)


@page("GET", "/suppressions/{id}")
def suppression(visit: Visit, id: str) -> Response:
    """One of them."""
    return _shown(visit, _known(visit, id))


@page("POST", "/suppressions/{id}/remove", role=MAY_CHANGE)
def remove_suppression(visit: Visit, id: str) -> Response:
    """End it, for a reason that the audit log keeps."""
    found, reason = _known(visit, id), visit.field("reason")
    if not reason or len(reason) > _LONGEST:
        return _shown(visit, found, 422, f"Say why, in at most {_LONGEST} characters. The audit log keeps it.", reason)
    visit.parts.store.suppressions.remove(id, reason=reason, by=visit.me.login)
    return visit.go("suppression", id=id)


def _known(visit: Visit, id: str) -> Suppression:
    found = visit.parts.store.suppressions.get(id) if "\0" not in id else None
    if found is None:
        raise NotFound("There is no such suppression.", hint="Look for the person in the list.")
    return found


def _midnight(visit: Visit, day: str) -> datetime | None:
    """The beginning of a day in the zone of these pages; None where it is no day."""
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=visit.clock.zone)
    except ValueError:
        return None


def _listed(
    visit: Visit,
    status: int = 200,
    *,
    who: str | None = None,
    text: str = "",
    ended: bool = False,
    cursor: str = "",
    problem: str = "",
) -> Response:
    store = visit.parts.store.suppressions
    found, older = ([], None) if problem else store.page(who=who, ended=ended, cursor=cursor or None)
    is_empty = not found and not problem and not cursor and not store.page(ended=True, limit=1)[0]
    return visit.show(
        "suppressions.html",
        status,
        here="suppressions",
        found=found,
        older=older,
        who=who,
        text=text,
        ended=ended,
        cursor=cursor,
        problem=problem,
        is_empty=is_empty,
        may=visit.may(MAY_CHANGE),
        **_facts(),
    )


def _shown(visit: Visit, found: Suppression, status: int = 200, problem: str = "", reason: str = "") -> Response:
    return visit.show(
        "suppression.html",
        status,
        here="suppressions",
        one=found,
        problem=problem,
        reason=reason,
        may=visit.may(MAY_CHANGE),
        **_facts(),
    )


def _form(visit: Visit, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    names = ("who", "type", "account", "reason", "until")
    return visit.show(
        "new_suppression.html",
        status,
        here="suppressions",
        values={name: visit.field(name) for name in names},
        problems=problems or {},
        types=[(each.value, word) for each, word in FORBIDS.items()],
        accounts=[("", "Every account"), *((each.name, each.name) for each in visit.parts.store.accounts.list())],
    )


def _facts() -> dict[str, Any]:
    return {"forbids": FORBIDS, "sources": SOURCES, "now": now()}
