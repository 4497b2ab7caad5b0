"""What the tests of the queue share."""

from collections.abc import Callable
from typing import Any

import pytest

from service.model import Status
from service.store import Store
from service.store.buckets import Limit
from service.store.queue import Claim, Done, Ending, Job

LANE = ("default", "messages")


@pytest.fixture
def claim(store: Store) -> Callable[..., Claim]:
    """Claims as the worker `w1` does: without a limit, for half a minute, asking no guards; all of it can be given."""

    def ask(room: int = 10, *, worker: str = "w1", by: Store = store, **more: Any) -> Claim:
        limits = more.pop("limits", {LANE: Limit(None)})
        return by.queue.claim(worker, limits, room, **({"lease_s": 30.0, "check": lambda *_: None} | more))

    return ask


@pytest.fixture
def done() -> Callable[..., Done]:
    """An accepted attempt, or what is given."""

    def make(job: Job, status: Status = Status.ACCEPTED, outcome: str = "accepted", **more: Any) -> Done:
        ending = Ending(status=status, outcome=outcome, reason="so it is", due_in_s=more.pop("due_in_s", None))
        return Done(job=job, ending=ending, **({"status_code": 200, "duration_ms": 1.5, "healthy": True} | more))

    return make
