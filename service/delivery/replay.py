"""What a person does to deliveries: send again, cancel, settle what is unknown. Each is one step that cannot half happen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from service.delivery import consents
from service.delivery.plans import Plans
from service.errors import Conflict, NotFound, NotReadable
from service.model import Delivery, NewDelivery, Status, new_id
from service.store import DeliveryFilter

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from service.delivery.prepare import Preparer
    from service.store import Store

TOLD = "The vendor told us that it was sent."
MOST = 10_000  # deliveries that one bulk replay touches
_AT_ONCE = 64  # of them in one transaction

# What has come to an end, or to a halt, and has a payload. What still waits would be sent twice.
REPLAYABLE = frozenset({Status.ACCEPTED, Status.REFUSED, Status.FAILED, Status.EXPIRED, Status.CANCELED, Status.UNKNOWN})
SETTLED_AS = frozenset({Status.ACCEPTED, Status.REFUSED, Status.QUEUED})


def one(store: Store, id: str, *, by: str | None = None) -> NewDelivery:
    """Send the same bytes again, as a new delivery with the first one's name in `replay_of`; the first stays as it is.

    Answers the new delivery, which is durable then. It may live as long as the first one might. Raises `NotFound`, and
    `Conflict` for what cannot be sent again.
    """
    made = _again(_known(store, id), by=by)
    store.deliveries.insert_many([made])
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a bulk replay would send. `token` stands for exactly these deliveries; `left_out` matched and cannot be sent
    again (or was not finished); `more` says that more than `MOST` match and only the newest are meant."""

    ids: tuple[str, ...]
    by_status: Mapping[Status, int]
    left_out: Mapping[Status, int]
    more: bool
    token: str


def preview(store: Store, filter: DeliveryFilter) -> Preview:
    """Look before a bulk replay: nothing changes. What is created after this moment is never part of it."""
    just_after = store.now() + timedelta(milliseconds=1)
    return _preview(store, filter, just_after if filter.until is None else min(filter.until, just_after))


def many(store: Store, filter: DeliveryFilter, token: str, *, by: str | None = None) -> list[str]:
    """Replay exactly the deliveries of the preview that gave `token`; the ids of the new ones, in the preview's order.

    Doing it again with the same token makes no second copies. Raises `Conflict`, having done nothing, where other deliveries
    match the filter by now; `NotReadable` for a token that is none.
    """
    until = _until(token)
    seen = _preview(store, filter, until)
    if seen.token != token:
        raise Conflict(
            "The deliveries that match have changed since the preview, so nothing was replayed.",
            hint="Look at the preview again, and confirm that one.",
        )
    new_ids: list[str] = []
    for start in range(0, len(seen.ids), _AT_ONCE):
        part = [_again(_known(store, id), by=by) for id in seen.ids[start : start + _AT_ONCE]]
        once = [replace(made, idempotency_key=f"replay:{token}:{made.replay_of}") for made in part]
        new_ids += [each.id for each in store.deliveries.insert_many(once)]
    return new_ids


def cancel(store: Store, id: str) -> Delivery:
    """Never send it. Raises `NotFound`, and `Conflict` where it is being sent or has ended: then it is too late."""
    if not store.deliveries.end_waiting(id, Status.CANCELED, "Somebody canceled it before it was sent."):
        now = _known(store, id).status
        said = "is being sent" if now is Status.SENDING else f"is {now.value}"
        raise Conflict(f"The delivery {id} {said}, so it cannot be canceled.", hint="Only what still waits can be.")
    return _known(store, id)


def settle(
    store: Store,
    preparer: Preparer,
    id: str,
    status: Status,
    *,
    reason: str | None = None,
    within: Connection | None = None,
) -> Delivery:
    """Say what became of an unknown delivery: it arrived (accepted), it did not (refused), or send it again (queued).

    A plan goes on from a step that arrived; the steps after it see no answer of it. `reason` says how it is known, where it
    was no person who settled it; `within` is the caller's transaction, if there is one.

    Raises `NotFound`, `Conflict` where it is not unknown, `NotReadable` for another status.
    """
    if status not in SETTLED_AS:
        words = ", ".join(sorted(each.value for each in SETTLED_AS))
        raise NotReadable(f"An unknown delivery cannot be settled as {status.value}.", hint=f"Choose one of {words}.")
    kept = _known(store, id)
    arrived = status is Status.ACCEPTED
    then = Plans(store, preparer).next(id, None) if arrived else None
    changes = consents.changes(kept.action, kept.payload or b"{}", None, datetime.now(UTC)) if arrived else ()
    reason = reason or f"Somebody settled it as {status.value}."
    if not store.deliveries.settle_unknown(id, status, reason, then, changes, within=within):
        now = _known(store, id).status
        raise Conflict(f"The delivery {id} is {now.value}, not unknown.", hint="There is nothing to settle.")
    return _known(store, id)


def _known(store: Store, id: str) -> Delivery:
    found = store.deliveries.get(id)
    if found is None:
        raise NotFound(f"There is no delivery {id[:40]!r}.")
    return found


def _again(first: Delivery, *, by: str | None) -> NewDelivery:
    if first.payload is None or first.status not in REPLAYABLE:
        raise Conflict(
            f"The delivery {first.id} is {first.status.value}, so it cannot be replayed.",
            hint="Mend the template or the data and post the context to its hook again."
            if first.payload is None
            else "It still waits, or was stopped on purpose.",
        )
    lifetime = None if first.expires_at is None else (first.expires_at - first.created_at).total_seconds()
    return NewDelivery(
        id=new_id("dlv"),
        status=Status.QUEUED,
        account=first.account,
        action=first.action,
        target=first.target,
        template=first.template,
        version_id=first.version_id,
        version=first.version,
        key=by or first.key,
        recipient=first.recipient,
        email=first.email,
        payload=first.payload,
        digest=first.digest,
        context=first.context if first.plan is None else None,  # a plan's stays with its first delivery
        guarantee=first.guarantee,
        rate_class=first.rate_class,
        priority=first.priority,
        fingerprint=first.fingerprint,
        warnings=first.warnings,
        expires_in=lifetime,
        replay_of=first.id,
        plan=first.plan,
        step=first.step,
    )


def _preview(store: Store, filter: DeliveryFilter, until: datetime) -> Preview:
    found, more = store.deliveries.statuses(replace(filter, until=until), MOST)
    ids = tuple(id for id, status in found if status in REPLAYABLE)
    return Preview(
        ids=ids,
        by_status=_counted([status for _, status in found if status in REPLAYABLE]),
        left_out=_counted([status for _, status in found if status not in REPLAYABLE]),
        more=more,
        token=f"{int(until.timestamp() * 1000)}.{hashlib.sha256(' '.join(ids).encode()).hexdigest()[:32]}",
    )


def _until(token: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(token.partition(".")[0]) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise NotReadable("The token is not one of a preview.", hint="Ask for a preview first.") from None


def _counted(statuses: Sequence[Status]) -> dict[Status, int]:
    return {status: statuses.count(status) for status in Status if status in statuses}
