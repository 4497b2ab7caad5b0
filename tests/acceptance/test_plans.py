"""Plans with real processes: each step once, whoever dies in between."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.acceptance.harness import Stack, kill9, until

pytestmark = pytest.mark.timeout(180)

OPEN = {"queued", "held", "sending", "retrying"}
ABOUT = """title = "Checkout"

[[steps]]
name = "eligibility"
action = "attentive.subscriptions.eligibility"

[[steps]]
name = "subscribe"
action = "attentive.subscriptions.create"
%s

[[steps]]
name = "welcome"
action = "attentive.messages.send"
"""
SOURCES = {
    "eligibility": '{ "phone": "{{ phone }}" }',
    "subscribe": """{% set seen = steps.eligibility.answer.subscriptionEligibilities | length %}
        { "user": { "phone": "{{ phone }}" }, "signUpSourceId": "{{ seen }}" }""",
    "welcome": """{ "to": "{{ phone }}", "subscriptionType": "MARKETING",
        "body": "{{ steps.subscribe.answer.subscriptionResponses | length }} subscription" }""",
}
PATHS = {"/v1/subscriptions", "/v1/text/send"}


class Checkout(Stack):
    """Two plans: `checkout` sends each step at most once but the first, `careful` subscribes at least once."""

    def _templates(self) -> Path:
        place = super()._templates()
        for name, more in {"checkout": "", "careful": 'guarantee = "at-least-once"'}.items():
            (place / name).mkdir(exist_ok=True)
            (place / name / "about.toml").write_text(ABOUT % more)
            for step, source in SOURCES.items():
                (place / name / f"{step}.json.j2").write_text(source)
        return place

    def seen(self) -> list[dict[str, Any]]:
        """Everything of a plan that reached the vendor."""
        found = requests.get(f"{self.vendor}/_emulator/requests", params={"limit": 100_000}, timeout=30).json()
        return [each for each in found["requests"] if each["path"] in PATHS]

    def ended(self, id: str) -> dict[str, Any] | None:
        """The plan's first delivery, once no step of it goes on by itself."""
        found = self.delivery(id)
        statuses = [each["status"] for each in found["steps"] if each["status"]]
        goes_on = statuses[-1] in OPEN or (statuses[-1] == "accepted" and len(statuses) < len(found["steps"]))
        return None if goes_on else found


@pytest.fixture
def shop(tmp_path, database_url):
    stack = Checkout(tmp_path, database_url, BURGEE_READ_TIMEOUT="5")
    stack.emulator()
    stack.web()
    stack.key()
    yield stack
    stack.stop()


def context(number: int) -> dict[str, str]:
    return {"phone": f"+120255501{number:02}"}


def test_a_call_goes_through_all_steps_and_every_door_tells_the_whole_plan(shop):
    shop.worker()
    answer = shop.hook("checkout", context(1), headers={"Prefer": "wait=20"})
    assert (answer.status_code, answer.json()["status"], answer.json()["step"]) == (200, "accepted", "welcome")
    told = shop.delivery(answer.json()["id"])
    assert told["story"] == "All 3 steps were accepted."
    assert [(each["step"], each["status"]) for each in told["steps"]] == [
        ("eligibility", "accepted"),
        ("subscribe", "accepted"),
        ("welcome", "accepted"),
    ]
    shown = shop.burgee("deliveries", "show", told["steps"][1]["delivery"])
    assert (shown["step"], shown["plan"], shown["story"]) == ("subscribe", told["id"], told["story"])
    ask, subscribe, welcome = shop.seen()
    assert (ask["method"], ask["query"]) == ("GET", "phone=%2B12025550101")
    assert subscribe["body"]["signUpSourceId"] == "2"
    assert welcome["body"]["body"] == "1 subscription"


@pytest.mark.parametrize("template", ["checkout", "careful"])
def test_workers_that_are_killed_between_and_within_steps_leave_plans_that_go_on_where_they_were(shop, template):
    for path in PATHS:
        shop.fault(path=path, delay=0.05, times=None)  # so that requests are under way whenever the worker dies
    worker = shop.worker()
    ids = [shop.hook(template, context(number)).json()["id"] for number in range(30)]
    for more in (5, 25, 40, 55):
        until(lambda more=more: len(shop.seen()) >= more, what="some steps")
        kill9(worker)
        worker = shop.worker()
    plans = [until(lambda id=id: shop.ended(id), seconds=90, what=f"the end of the plan {id}") for id in ids]

    sent = Counter(each["request_id"] for each in shop.seen())
    for plan in plans:
        steps = [each for each in plan["steps"] if each["delivery"]]
        assert [each["status"] for each in steps[:-1]] == ["accepted"] * (len(steps) - 1)
        assert steps[-1]["status"] == "unknown" or len(steps) == 3
        for each in steps:
            at_least_once = each["step"] == "eligibility" or (each["step"], template) == ("subscribe", "careful")
            assert sent[each["delivery"]] >= 1 if each["status"] == "accepted" else sent[each["delivery"]] <= 1
            assert at_least_once or sent[each["delivery"]] <= 1
    made = Counter((each["plan"], each["step"]) for each in all_deliveries(shop))
    assert set(made.values()) == {1}


def all_deliveries(shop: Checkout) -> list[dict[str, Any]]:
    return list(shop.session.get(f"{shop.url}/v1/deliveries", params={"limit": 200}, timeout=10).json()["data"])


def test_a_step_of_which_nobody_knows_waits_for_a_person_and_then_goes_on(shop):
    shop.fault(path="/v1/text/send", hang=True, times=1)
    shop.worker()
    id = shop.hook("checkout", context(2)).json()["id"]
    found = until(lambda: shop.ended(id), seconds=60, what="an outcome that nobody knows")
    assert [each["status"] for each in found["steps"]] == ["accepted", "accepted", "unknown"]
    assert found["story"].startswith("It waits at step 3 of 3 (welcome).")
    step = found["steps"][2]["delivery"]
    shop.session.post(f"{shop.url}/v1/deliveries/{step}/settle", json={"status": "accepted"}, timeout=10).raise_for_status()
    assert shop.delivery(found["id"])["story"] == "All 3 steps were accepted."


def test_a_refused_step_stops_the_plan_and_a_replay_goes_on_from_it(shop):
    shop.fault(path="/v1/subscriptions", method="POST", status=400, times=1)
    shop.worker()
    id = shop.hook("careful", context(3)).json()["id"]
    found = until(lambda: shop.ended(id), what="a refusal")
    refused = found["steps"][1]
    assert (refused["status"], found["steps"][2]["status"]) == ("refused", None)
    assert found["story"].startswith("It ended at step 2 of 3 (subscribe), which was refused:")
    shop.session.post(f"{shop.url}/v1/deliveries/{refused['delivery']}/replay", timeout=10).raise_for_status()
    until(lambda: shop.delivery(found["id"])["story"] == "All 3 steps were accepted.", what="the end of the plan")
