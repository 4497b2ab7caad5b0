"""Whether this process lives, whether it can keep what comes in, and its metrics."""

from __future__ import annotations

import time

from service import telemetry
from service.api._call import Call
from service.api._door import Answer, Reply, door, json_answer
from service.delivery.accept import FRESH_S
from service.store import readiness

_OK = {"type": "object", "properties": {"status": {"const": "ok"}}, "required": ["status"], "additionalProperties": False}


@door("GET", "/healthz", scope=None, replies={200: Reply("It does.", _OK)})
def alive(_: Call) -> Answer:
    """Say that the process lives."""
    return json_answer({"status": "ok"})


@door("GET", "/readyz", scope=None, replies={200: Reply("It can.", _OK)}, errors=(503,))
def ready(call: Call) -> Answer:
    """Say whether hooks can be accepted: the database can be written and has the tables of this version.

    A yes holds for a second, so that asking often costs the database nothing.
    """
    if time.monotonic() >= call.gate.ready_until:
        readiness.check(call.parts.store)
        call.gate.ready_until = time.monotonic() + FRESH_S
    return json_answer({"status": "ok"})


@door(
    "GET",
    "/metrics",
    scope=None,
    replies={200: Reply("Prometheus' text form.", {"type": "string"}, content_type="text/plain")},
    errors=(503,),
)
def metrics(call: Call) -> Answer:
    """Show the metrics of this service and the state of its queue."""
    counts = call.parts.store.deliveries.counts()
    lines = ["# HELP burgee_deliveries Deliveries that are kept, by status.", "# TYPE burgee_deliveries gauge"]
    lines += [f'burgee_deliveries{{status="{status.value}"}} {count}' for status, count in counts.by_status.items()]
    lines += [
        "# HELP burgee_queue_waiting Deliveries that are due or will be.",
        "# TYPE burgee_queue_waiting gauge",
        f"burgee_queue_waiting {counts.waiting}",
        "# HELP burgee_queue_oldest_due_seconds How long the oldest due delivery has been waiting.",
        "# TYPE burgee_queue_oldest_due_seconds gauge",
        f"burgee_queue_oldest_due_seconds {counts.oldest_due_s}",
    ]
    return Answer(
        200, telemetry.exposition() + ("\n".join(lines) + "\n").encode(), (), "text/plain; version=0.0.4; charset=utf-8"
    )
