"""Bulk jobs: `GET /v2/bulk/job/{bulkJobId}`. Here every job is done as soon as it is taken."""

from __future__ import annotations

from service.emulator._machine import Call, Endpoint, Refused, Reply
from service.emulator.attentive._state import State, limit

RULES: dict[str, str] = {}


def done(state: State, records: int) -> str:
    """The id of a new job over so many records."""
    id = f"job-{next(state.numbers)}"
    state.jobs[id] = {
        "bulkJobId": id,
        "status": "COMPLETED",
        "totalRecords": records,
        "url": f"https://example.com/{id}.jsonl",
    }
    limit(state.jobs)
    return id


def job(state: State, call: Call) -> Reply:
    found = state.jobs.get(call.arguments["job_id"])
    if found is None:
        raise Refused(404)
    return Reply(body=found)


ENDPOINTS = (Endpoint("GET", "/v2/bulk/job/<job_id>", None, 100, job, body=False),)
