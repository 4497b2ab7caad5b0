"""One delivery: its story, and what a person may do about it."""

from __future__ import annotations

from flask import Response

from service.delivery import replay
from service.errors import Conflict, NotFound
from service.model import Delivery, Status
from service.store.users import Role
from service.studio import _story as story
from service.studio import _words as words
from service.studio._clock import Clock, span
from service.studio._page import page
from service.studio._story import Storyteller
from service.studio._visit import Visit

WAITING = (Status.HELD, Status.QUEUED, Status.RETRYING)
SETTLE = {"accepted": "It arrived", "refused": "It did not arrive", "queued": "Send it again"}


@page("GET", "/deliveries/{id}")
def delivery(visit: Visit, id: str) -> Response:
    """The whole story."""
    return _shown(visit, _known(visit, id))


@page("POST", "/deliveries/{id}/replay", role=Role.PUBLISHER)
def replay_delivery(visit: Visit, id: str) -> Response:
    """Send the same bytes again, as a new delivery. What arrived, or may have, needs a tick."""
    first = _known(visit, id)
    if first.status in (Status.ACCEPTED, Status.UNKNOWN) and not visit.field("twice"):
        return _shown(visit, first, 422, problem="Tick the box to send it a second time.")
    try:
        made = replay.one(visit.parts.store, id)
    except Conflict as error:
        return _shown(visit, _known(visit, id), 409, problem=error.detail)
    visit.note("delivery.replay", id, f"as {made.id}")
    return visit.go("delivery", id=made.id)


@page("POST", "/deliveries/{id}/cancel", role=Role.PUBLISHER)
def cancel_delivery(visit: Visit, id: str) -> Response:
    """Never send it."""
    _known(visit, id)
    try:
        replay.cancel(visit.parts.store, id)
    except Conflict as error:
        return _shown(visit, _known(visit, id), 409, problem=error.detail)
    visit.note("delivery.cancel", id)
    return visit.go("delivery", id=id)


@page("POST", "/deliveries/{id}/settle", role=Role.PUBLISHER)
def settle_delivery(visit: Visit, id: str) -> Response:
    """Say what became of an unknown delivery."""
    _known(visit, id)
    word = visit.field("as")
    if word not in SETTLE:
        return _shown(visit, _known(visit, id), 422, problem="Choose what became of it.")
    try:
        replay.settle(visit.parts.store, visit.parts.preparer, id, Status(word))
    except Conflict as error:
        return _shown(visit, _known(visit, id), 409, problem=error.detail)
    visit.note("delivery.settle", id, f"as {word}")
    return visit.go("delivery", id=id)


def _known(visit: Visit, id: str) -> Delivery:
    found = visit.parts.store.deliveries.get(id)
    if found is None:
        raise NotFound("There is no such delivery.", hint="Ids look like dlv_01kabc... and come with the answer to a hook.")
    return found


def _shown(visit: Visit, kept: Delivery, status: int = 200, problem: str = "") -> Response:
    store = visit.parts.store
    action = visit.parts.actions.get(kept.action)
    account = store.accounts.get(kept.account)
    attempts = store.deliveries.attempts(kept.id)
    visit.clock = clock = Clock(account.timezone) if account is not None else visit.clock
    payload = visit.masking.json(kept.payload)
    said = story.message(payload, action, account, visit.masking)
    return visit.show(
        "delivery.html",
        status,
        here="deliveries",
        d=kept,
        recipient=visit.masking.recipient(kept.recipient),
        happened=visit.masking.text(words.happened(kept, attempts, clock)),
        took=_took(kept) if attempts else "",
        steps=Storyteller(clock, visit.masking, action).steps(kept, attempts, said, store.inbound.page(delivery=kept.id)[0]),
        message=said,
        problem=problem,
        guarantee={"at-most-once": "At most once", "at-least-once": "At least once"}[kept.guarantee.value],
        vendor=words.vendor(kept.action),
        may=visit.may(Role.PUBLISHER),
        may_replay=kept.payload is not None and kept.status in replay.REPLAYABLE,
        may_cancel=kept.status in WAITING,
        may_settle=kept.status is Status.UNKNOWN,
        plan=store.deliveries.of_plan(kept.plan) if kept.plan else [],
        settle=SETTLE,
        twice=kept.status in (Status.ACCEPTED, Status.UNKNOWN),
        masked_idempotency_key=visit.masking.text(kept.idempotency_key),
    )


def _took(kept: Delivery) -> str:
    """From the call to the end, in words; empty while it is open."""
    if kept.finished_at is None:
        return ""
    seconds = max(0.0, (kept.finished_at - kept.created_at).total_seconds())
    return words.duration(seconds * 1_000) if seconds < 10 else span(seconds)
