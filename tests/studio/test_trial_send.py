"""Test sends: to allowed numbers alone, as drafted, and in the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from service.model import Status
from service.parts import Parts
from service.studio import trial_send
from tests.studio.conftest import HELLO, Browser, words

Make = Callable[[str], Browser]
MINE = "+12025550199"
DATA = {"profile": "sample:ana", "number": MINE}


@pytest.fixture
def parts(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Parts:
    """With a sample, a draft, and one allowed number; nobody waits for a vendor that is not there."""
    monkeypatch.setattr(trial_send, "WAITED_S", 0.0)
    made = replace(parts, settings=replace(parts.settings, test_numbers=f"+12025550198, {MINE}"))
    live = made.store.templates.live("hello")
    assert live is not None
    sample = {"context": {"to": "+12025550143", "name": "Ana"}, "expected": None}
    draft = replace(live.template, source=HELLO.replace("Hello", "Draft for"), samples={"ana": sample})
    made.store.drafts.save(draft, expected=0, base=1, by="author@example.com")
    return made


def test_a_test_send_is_a_delivery_of_the_draft_to_the_allowed_number(browser: Make, parts: Parts) -> None:
    author = browser("author")
    assert "+1 ••• ••• 0199" in author.see("/templates/hello/test")
    answer = author.post("/templates/hello/test", DATA)
    assert answer.status_code == 303
    kept = parts.store.deliveries.get(answer.headers["Location"].rpartition("/")[2])
    assert kept is not None
    assert (kept.status, kept.recipient, kept.key, kept.template) == (Status.QUEUED, MINE, "test send", "hello")
    payload = json.loads(kept.payload or b"")
    assert (payload["to"], payload["body"]) == (MINE, "Draft for Ana")
    assert parts.store.audit.page()[0][0].what == "template.test"
    assert MINE not in str(parts.store.audit.page())


def test_a_test_is_no_real_call(browser: Make, parts: Parts) -> None:
    browser("author").post("/templates/hello/test", DATA)
    assert parts.store.contexts.last("hello", 10) == []


@pytest.mark.parametrize("data", [{}, {**DATA, "number": "+12025550143"}, {**DATA, "profile": "sample:bob"}])
def test_no_other_number_gets_anything(browser: Make, parts: Parts, data: dict[str, str]) -> None:
    assert browser("author").post("/templates/hello/test", data).status_code == 422
    assert parts.store.deliveries.search().items == []


def test_what_gives_no_message_is_not_sent_and_says_why(browser: Make, parts: Parts) -> None:
    answer = browser("author").post("/templates/hello/test", {**DATA, "profile": "built-in:types"})
    draft = parts.store.drafts.get("hello")
    assert draft is not None
    broken = replace(draft.template, source=HELLO.replace("name", "surname"))
    parts.store.drafts.save(broken, expected=draft.revision, base=1, by="author@example.com")
    answer = browser("publisher").post("/templates/hello/test", DATA)
    assert answer.status_code == 422
    assert "Ana gets no message, so nothing was sent:" in words(answer)


def test_a_viewer_sends_no_test(browser: Make, parts: Parts) -> None:
    viewer = browser("viewer")
    assert viewer.get("/templates/hello/test").status_code == 403
    assert viewer.post("/templates/hello/test", DATA).status_code == 403
    assert parts.store.deliveries.search().items == []


def test_without_an_allowed_number_the_page_says_how_to_allow_one(browser: Make, parts: Parts) -> None:
    object.__setattr__(parts.settings, "test_numbers", "")
    assert "BURGEE_TEST_NUMBERS=+12025550143" in browser("author").see("/templates/hello/test")
