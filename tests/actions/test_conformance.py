"""What public callers of Attentive send is accepted unchanged by the matching action."""

import json
from pathlib import Path

import pytest

CASES = Path(__file__).parents[3] / "shared" / "conformance" / "attentive-cases.jsonl"


def requests():
    if not CASES.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="the conformance cases are not beside the project"))]
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    return [
        pytest.param(request, id=case["source"].rsplit("/", 1)[-1])
        for case in cases
        for request in case.get("expected_requests_api", case.get("expected_requests", ()))
    ]


@pytest.mark.parametrize("request_", requests())
def test_a_documented_request_of_a_public_caller_is_accepted_unchanged(actions, request_):
    [action] = [each for each in actions.values() if (each.method, each.path) == (request_["method"], request_["path"])]
    checked = action.check(request_["body"])
    assert checked.problems == ()
    assert checked.payload == (completed(request_["body"]) if "/text/" in action.path else request_["body"])


def completed(body):
    """Messages are always written with both flags; callers leave them out."""
    if isinstance(body, list):
        return [completed(each) for each in body]
    return {"useShortLinks": False, "skipFatigue": False} | body
