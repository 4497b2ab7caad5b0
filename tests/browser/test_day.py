"""A marketer's day, in a real browser, on real processes: from the first sign-in to a text on the emulator's phone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.acceptance.harness import Stack, until

MINE, CUSTOMER = "+12025550111", "+12025550143"
PASSWORD = "a long walk by the harbor"


@pytest.fixture
def stack(tmp_path: Any) -> Iterator[Stack]:
    made = Stack(tmp_path, f"sqlite:///{tmp_path}/burgee.sqlite3", BURGEE_TEST_NUMBERS=MINE)
    made.emulator()
    made.web()
    made.worker()
    yield made
    made.stop()


@pytest.fixture
def desk(chromium: Any, stack: Stack) -> Iterator[Callable[..., Any]]:
    """Opens a window at the studio. Nothing may be wrong in its console at the end."""
    said: list[str] = []
    windows = []

    def made(**more: Any) -> Any:
        window = chromium.new_context(base_url=stack.url, reduced_motion="reduce", **more)
        windows.append(window)
        page = window.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        return page

    yield made
    for window in windows:
        window.close()
    assert not said, said


def on_the_phone(stack: Stack, number: str) -> list[str]:
    """The texts that reached this number, the oldest first."""
    told = [json.loads(each["body"]) if isinstance(each["body"], str) else each["body"] for each in stack.arrived()]
    return [each["body"] for each in told if each["to"] == number]


def test_a_marketers_day(stack: Stack, desk: Callable[..., Any], chromium: Any) -> None:
    page = desk()

    # She is invited, and chooses a password.
    link = stack.burgee("users", "add", "mara@example.com", "--role", "publisher")["link"]
    page.goto("/" + link.split("/", 3)[3])
    page.get_by_label("Your name").fill("Mara")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Templates", exact=True).first.click()

    # She begins a template, writes, and sees it on the phone as she types.
    page.get_by_role("link", name="New template").click()
    page.get_by_label("Title").fill("Spring sale")
    page.get_by_label("Send a text message", exact=False).first.check()
    page.get_by_role("button", name="Create the draft").click()
    page.get_by_role("button", name="Form").click()
    page.get_by_label("Text body").fill("Hi {{ profile.vars.first_name | default('there') }}, spring is on: 20 % off.")
    page.locator(".phone").get_by_text("Hi Ana, spring is on: 20 % off.").wait_for()
    page.get_by_role("button", name="Code").click()
    page.locator(".cm-content").wait_for()

    # A test goes to her own number; the vendor's answer is shown.
    page.get_by_role("button", name="Test send").click()
    page.get_by_role("button", name="Send the test").click()
    page.get_by_text("Attentive answered 2", exact=False).first.wait_for()
    assert on_the_phone(stack, MINE) == ["Hi Ana, spring is on: 20 % off."]
    assert not on_the_phone(stack, CUSTOMER)

    # She publishes with a note.
    page.goto("/templates/spring-sale/review")
    page.get_by_label("Note").fill("Begins on Monday")
    page.get_by_role("button", name="Publish v1").click()
    page.get_by_text("v1 is live").first.wait_for()

    # The engineer makes a key and pastes what the page says; the first call comes in, and its text arrives.
    page.goto("/connect")
    page.get_by_label("Flow").fill("Spring flow")
    page.get_by_role("button", name="Make a key").click()
    bearer = page.locator("#secret").inner_text()
    page.goto("/connect/spring-sale")
    page.get_by_text("Waiting for the first call").first.wait_for()
    hook = page.locator("#hook").inner_text().strip()
    context = {"profile": {"keys": {"sms": CUSTOMER}, "vars": {"first_name": "Grace"}}}
    answer = requests.post(hook, data=json.dumps(context), headers={"Authorization": bearer}, timeout=30)
    assert answer.status_code == 202, answer.text
    text = "Hi Grace, spring is on: 20 % off."
    until(lambda: on_the_phone(stack, CUSTOMER) == [text], what="the text on the phone")

    # What became of it: in the log, as a story, and again on request.
    page.goto("/deliveries")
    page.locator("#log tbody tr").filter(has_text="spring-sale v1").first.locator("a.row").click(force=True)
    assert CUSTOMER[-4:] in page.locator("main").inner_text()
    page.get_by_text("Replay", exact=True).first.click()
    page.get_by_label(re.compile("twice|again|second")).check()
    page.get_by_role("button", name="Replay").click()
    until(lambda: on_the_phone(stack, CUSTOMER) == [text, text], what="the replay on the phone")

    # The call becomes a sample without the person in it; a second version; and back again.
    page.goto("/templates/spring-sale/samples")
    page.get_by_role("link", name="Look and keep").first.click()
    assert "Grace" not in page.locator("#f-context").input_value()
    page.get_by_role("button", name="Keep the sample").click()
    page.get_by_role("link", name="call-1").wait_for()
    page.goto("/templates/spring-sale?view=form")
    page.get_by_label("Text body").fill("Too late, spring is over.")
    page.get_by_role("button", name="Review and publish").click()
    page.get_by_role("button", name="Publish v2").click()
    page.get_by_role("button", name="Roll back to v1", exact=True).click()
    page.get_by_text("v1 is live").first.wait_for()
    again = {"profile": {"keys": {"sms": "+12025550177"}, "vars": {"first_name": "Lin"}}}

    def rolled_back() -> bool:
        requests.post(hook, json=again, headers={"Authorization": bearer}, timeout=30)
        return "Hi Lin, spring is on: 20 % off." in on_the_phone(stack, "+12025550177")

    until(rolled_back, what="the first version at work again")

    # The emulator's phone, and who did all this.
    phone = chromium.new_page()
    phone.goto(f"{stack.vendor}/")
    phone.get_by_text("spring is on").first.wait_for()
    phone.close()
    page.goto("/audit")
    said = page.locator("main").inner_text()
    for each in ("began the template", "published", "rolled back", "made a key for", "sent a test of", "replayed"):
        assert each in said, each
