"""What Burgee says of itself while it runs: log lines as JSON on standard error, and Prometheus metrics.

Neither ever holds personal data: no recipient, payload, context or body text.
"""

from __future__ import annotations

import logging
import os
import sys
from functools import cache
from typing import Any

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

REGISTRY = CollectorRegistry()

CALLS = Counter(
    "burgee_calls", "Calls at the hook and action doors, by what became of them.", ["outcome"], registry=REGISTRY
)
ATTEMPTS = Counter(
    "burgee_attempts",
    "Requests sent to vendors, by account, action and outcome.",
    ["account", "action", "outcome"],
    registry=REGISTRY,
)
ATTEMPT_SECONDS = Histogram(
    "burgee_attempt_seconds",
    "How long a vendor took to answer.",
    ["account"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)


def configure(level: str = "info") -> None:
    """Send structlog's lines to standard error as JSON, one a line, from `level` up (`debug`, `info`, ...)."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def attempt(**facts: Any) -> None:
    """Count one attempt and write its wide line.

    Expects `delivery account action template version attempt outcome status_code duration_ms worker` and takes more.
    """
    _attempts(facts["account"], facts["action"], facts["outcome"]).inc()
    if (duration_ms := facts.get("duration_ms")) is not None:
        _seconds(facts["account"]).observe(duration_ms / 1000)
    structlog.get_logger("burgee").info("attempt", **facts)


@cache
def _attempts(account: str, action: str, outcome: str) -> Counter:
    """Looking it up anew costs more than counting."""
    return ATTEMPTS.labels(account, action, outcome)


@cache
def _seconds(account: str) -> Histogram:
    return ATTEMPT_SECONDS.labels(account)


def exposition() -> bytes:
    """The metrics in Prometheus' text form: of all processes where `burgee serve` shares a folder, else of this one."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
        return generate_latest(shared)
    return generate_latest(REGISTRY)


def _to_json(line: dict[str, Any], **_: Any) -> str:
    return orjson.dumps(line, default=str).decode()
