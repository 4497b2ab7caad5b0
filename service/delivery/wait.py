"""Waiting for an outcome, for a caller that asked for it (`Prefer: wait`)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from service.errors import NotFound
from service.model import Delivery, Status

if TYPE_CHECKING:
    from service.store import Store

# While it has one of these statuses, something may happen within seconds. A held or retrying one is not worth waiting for.
_UNDER_WAY = frozenset({Status.QUEUED, Status.SENDING})
_FIRST_LOOK_S = 0.005
_LONGEST_PAUSE_S = 0.1


def wait_for(store: Store, id: str, timeout_s: float) -> Delivery:
    """The delivery, as soon as its first attempt has come to something, or as it is when the time is over. Of a plan, that
    of the last step that it has come to.

    Raises `NotFound`, `Unavailable`.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        found = _wait_for_one(store, id, deadline)
        if found.plan is None or found.status is not Status.ACCEPTED:
            return found
        newest = store.deliveries.of_plan(found.plan)[-1]
        if newest.id == id:
            return found
        id = newest.id


def _wait_for_one(store: Store, id: str, deadline: float) -> Delivery:
    pause = _FIRST_LOOK_S
    while store.deliveries.status(id) in _UNDER_WAY and (left := deadline - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        pause = min(_LONGEST_PAUSE_S, pause * 1.5)
    found = store.deliveries.get(id)
    if found is None:
        raise NotFound(f"There is no delivery {id[:40]!r}.")
    return found
