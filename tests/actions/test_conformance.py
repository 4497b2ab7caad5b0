"""What public callers of Attentive send: what is documented is accepted unchanged, the rest is refused with its pointer."""

import json
from pathlib import Path

import pytest

from service.emulator import create_app

CASES = Path(__file__).parents[3] / "shared" / "conformance" / "attentive-cases.jsonl"
ACTIONS = {
    "subscribe": "attentive.subscriptions.create",
    "unsubscribe": "attentive.subscriptions.unsubscribe",
    "attributes": "attentive.attributes.set",
    "custom_event": "attentive.events.custom",
    "product_view": "attentive.events.product-view",
    "add_to_cart": "attentive.events.add-to-cart",
    "purchase": "attentive.events.purchase",
    "identity": "attentive.identity.add",
}


def cases(wanted):
    """One parameter for each case that `wanted` finds something in."""
    if not CASES.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="the conformance cases are not beside the project"))]
    read = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    return [pytest.param(each, id=case["source"].rsplit("/", 1)[-1]) for case in read for each in wanted(case)]


def documented(case):
    return case.get("expected_requests_api", case.get("expected_requests", ()))


def undocumented(case):
    return case["expected_requests"] if "expected_requests_api" in case else ()


def impossible(case):
    return [case] if "expected_error" in case else ()


def action_of(actions, request):
    [action] = [each for each in actions.values() if (each.method, each.path) == (request["method"], request["path"])]
    return action


@pytest.mark.parametrize("request_", cases(documented))
def test_a_documented_request_of_a_public_caller_is_accepted_unchanged(actions, request_):
    action = action_of(actions, request_)
    checked = action.check(request_["body"])
    assert checked.problems == ()
    assert checked.payload == (completed(request_["body"]) if "/text/" in action.path else request_["body"])


@pytest.mark.parametrize("request_", cases(documented))
def test_the_emulator_takes_it_too(request_):
    client = create_app(None).test_client()
    answer = client.open(
        request_["path"], method=request_["method"], json=request_["body"], headers={"Authorization": "Bearer any"}
    )
    assert answer.status_code in (200, 202)


@pytest.mark.parametrize("request_", cases(undocumented))
def test_what_a_public_caller_sends_beyond_the_documented_is_refused_with_its_pointer(actions, request_):
    problems = action_of(actions, request_).check(request_["body"]).problems
    assert problems
    assert all(each.pointer and each.hint for each in problems)


@pytest.mark.parametrize("case", cases(impossible))
def test_what_a_public_caller_refuses_is_refused_with_a_pointer(actions, case):
    action = actions[ACTIONS[case["kind"]]]
    (problem,) = action.check(built(case, action)).problems
    assert problem.pointer.startswith("/user")


def built(case, action):
    """The payload that a caller's mapping makes of its event, as far as the action has such fields."""
    mapped = {name: value_at(case["input"], each) for name, each in case["config"]["mapping"].items()}
    known = {name: each for name, each in mapped.items() if name in action.schema["properties"]}
    return known | {"user": mapped["userIdentifiers"]}


def value_at(event, mapped):
    """What a mapping stands for: a value, the place of one, or an object of such."""
    if isinstance(mapped, dict) and "@path" in mapped:
        for step in mapped["@path"].removeprefix("$.").split("."):
            event = event.get(step) if isinstance(event, dict) else None
        return event
    if isinstance(mapped, dict):
        return {name: found for name, each in mapped.items() if (found := value_at(event, each)) is not None}
    return mapped


def completed(body):
    """Messages are always written with both flags; callers leave them out."""
    if isinstance(body, list):
        return [completed(each) for each in body]
    return {"useShortLinks": False, "skipFatigue": False} | body
