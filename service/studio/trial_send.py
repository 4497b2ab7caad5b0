"""A test send: the draft for one profile, to a number that the engineer allowed; a delivery in the log like any other."""

from __future__ import annotations

from typing import Any

from flask import Response

from service import sms
from service.delivery.prepare import Prepared, canonical
from service.delivery.wait import wait_for
from service.errors import BurgeeError
from service.model import Guarantee, NewDelivery, Outcome, Status, new_id
from service.store.users import Role
from service.studio._clock import now
from service.studio._page import page
from service.studio._profiles import BUILT_IN, LAST_CALLS, Profile, profiles
from service.studio._visit import SEES_NUMBERS, Visit
from service.studio._work import Work, work_on

KEY = "test send"  # in the log, where a flow's key stands
WAITED_S = 6.0  # for the vendor's answer; it stands in the log whenever it comes
OF_USE_S = 600.0  # nobody waits longer for a test


@page("GET", "/templates/{template}/test", role=Role.AUTHOR)
def ask_test_send(visit: Visit, template: str) -> Response:
    """Which profile, and to which number."""
    return _asked(visit, work_on(visit.parts.store, template))


@page("POST", "/templates/{template}/test", role=Role.AUTHOR)
def send_test(visit: Visit, template: str) -> Response:
    """Send it, wait a moment for the vendor, and show the delivery with its answer."""
    parts = visit.parts
    work = work_on(parts.store, template)
    people, numbers = _people(visit, work), parts.settings.test_recipients
    person = next((each for each in people if each.id == visit.field("profile")), None)
    number = visit.field("number")
    if number not in numbers or person is None:
        return _asked(visit, work, 422, problem="Choose a profile and a number.")
    try:
        made = _prepared(visit, work, person, number)
    except BurgeeError as error:
        return _asked(visit, work, 422, problem=f"{error.detail} {error.hint or ''}".strip())
    if made.outcome is not Outcome.VALID:
        said = made.reason or made.problems[0].detail
        return _asked(visit, work, 422, problem=f"{person.name} gets no message, so nothing was sent: {said}")
    new = _delivery(visit, work, person, number, made)
    parts.store.deliveries.insert_many([new])
    visit.note("template.test", template, f"to {sms.mask(number)} as {new.id}")
    wait_for(parts.store, new.id, WAITED_S)
    return visit.go("delivery", id=new.id)


def _prepared(visit: Visit, work: Work, person: Profile, number: str) -> Prepared:
    """What a real call would come to, with the number in place of the recipient. Raises `BurgeeError`."""
    parts, template = visit.parts, work.template
    action = parts.actions.get_or_raise(template.action)
    program = parts.preparer.compile(
        template.source, dialect=template.dialect, name=template.name, snippets=template.snippets
    )
    account = parts.store.accounts.get(template.account)
    made = parts.preparer.prepare(program, action, template.policy, person.context, now=now(), account=account)
    if made.outcome is not Outcome.VALID:
        return made
    others = {name: value for name, value in made.payload.items() if name not in ("to", "subscriberExternalId")}
    return parts.preparer.check(action, {"to": number, **others}, account=account)


def _delivery(visit: Visit, work: Work, person: Profile, number: str, made: Prepared) -> NewDelivery:
    action = visit.parts.actions[work.template.action]
    live = work.live if work.live is not None and work.live.template == work.template else None
    return NewDelivery(
        id=new_id("dlv"),
        status=Status.QUEUED,
        account=work.template.account,
        action=action.name,
        target=f"test of {work.name}",  # apart from real calls, also for whoever counts those
        template=work.name,
        version_id=live.id if live is not None else None,
        version=live.number if live is not None else None,
        key=KEY,
        recipient=number,
        payload=made.body,
        digest=made.digest,
        context=canonical(person.context),
        guarantee=Guarantee.AT_MOST_ONCE,
        rate_class=action.rate_class,
        expires_in=OF_USE_S,
        warnings=made.warnings,
        reason=f"A test by {visit.me.name}, next in line.",
    )


def _people(visit: Visit, work: Work) -> list[Profile]:
    calls = visit.parts.store.contexts.last(work.name, LAST_CALLS)
    found = profiles(work.template, calls, visit.clock, shows_all=visit.may(SEES_NUMBERS))
    return [each for each in found if each.kind != BUILT_IN] + [each for each in found if each.kind == BUILT_IN]


def _asked(visit: Visit, work: Work, status: int = 200, *, problem: str = "") -> Response:
    action: Any = visit.parts.actions.get(work.template.action)
    wanted = visit.field("profile") or visit.asked("profile")
    return visit.show(
        "trial_send.html",
        status,
        here="templates",
        work=work,
        people=_people(visit, work),
        wanted=wanted,
        numbers=[(each, sms.mask(each)) for each in visit.parts.settings.test_recipients],
        chosen=visit.field("number"),
        sends_text=action is not None and action.sms is not None,
        later=bool(work.template.then),
        problem=problem,
    )
