"""From draft to live and back: what would change is shown first, and nothing is published that nobody saw."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from service.model import TemplateSource
from service.parts import Parts
from tests.studio.conftest import HELLO, Browser, words

Make = Callable[[str], Browser]
CHANGED = HELLO.replace("Hello", "Good morning")


@pytest.fixture
def drafted(parts: Parts) -> Callable[[str], TemplateSource]:
    """Saves a draft of `hello` with this source."""

    def made(source: str) -> TemplateSource:
        live = parts.store.templates.live("hello")
        assert live is not None
        draft = replace(live.template, source=source)
        parts.store.drafts.save(draft, expected=0, base=live.number, by="author@example.com")
        return draft

    return made


def form(parts: Parts, **more: str) -> dict[str, str]:
    """What the review's form carries."""
    draft, live = parts.store.drafts.get("hello"), parts.store.templates.live("hello")
    return {
        "revision": str(draft.revision if draft else 0), "live": str(live.number if live else 0), "failing": "0",
        "note": "a greeting", **more,
    }  # fmt: skip


def test_the_review_counts_what_would_change_and_why(
    browser: Make, parts: Parts, drafted: Callable[[str], Any], deliver: Callable[..., Any]
) -> None:
    for name in ("Ada", "Bob", "Al"):
        deliver(context=json.dumps({"to": "+12025550143", "name": name}).encode())
    deliver(context=b'{"to":"+12025550143"}')
    drafted('{ "to": "{{ to }}", "body": "{% if name == "Al" %}Hello Al{% elif name == "Bob" %}Hello Bob’s mother, whom we '
            'have not seen for such a long time that we began to wonder{% else %}{{ surname }}{% endif %}", '
            '"subscriptionType": "MARKETING" }')  # fmt: skip
    page = browser("publisher").see("/templates/hello/review")
    assert "The draft against live v1. Both rendered the last 4 real contexts; nothing was sent." in page
    assert "2 unchanged 1 changed 1 newly failing 1 more segments 0 fewer segments" in page
    assert "1 would get no message surname is missing, and nothing stands in for it." in page
    assert "The curly apostrophe in the text." in page
    assert "1 of 4 would get nothing." in page
    assert "Back to line 1" in page


def test_what_fails_is_published_only_with_a_tick(browser: Make, parts: Parts, drafted: Callable[[str], Any]) -> None:
    drafted(CHANGED)
    publisher = browser("publisher")
    assert publisher.post("/templates/hello/publish", form(parts, failing="3")).status_code == 422
    assert parts.store.templates.live("hello").number == 1
    assert publisher.post("/templates/hello/publish", form(parts, failing="3", anyway="1")).status_code == 303
    assert parts.store.templates.live("hello").number == 2


def test_publishing_makes_the_draft_live_with_its_note_and_leaves_no_draft(
    browser: Make, parts: Parts, drafted: Callable[[str], Any]
) -> None:
    draft = drafted(CHANGED)
    publisher = browser("publisher")
    answer = publisher.post("/templates/hello/publish", form(parts))
    live = parts.store.templates.live("hello")
    assert (live.template, live.note, live.created_by) == (draft, "a greeting", "publisher@example.com")
    assert parts.store.drafts.get("hello") is None
    page = publisher.see(answer.headers["Location"])
    assert "v2 is live. Every new hook uses it." in page
    assert "Roll back to v1" in page
    assert parts.store.audit.page()[0][0].what == "template.publish"


def test_the_next_hook_uses_what_was_published(browser: Make, parts: Parts, drafted: Callable[[str], Any]) -> None:
    key, _ = parts.store.keys.create("flow", ["hooks"])
    context = {"to": "+12025550143", "name": "Ada"}
    assert parts.intake.hook("hello", context, key).version == 1
    drafted(CHANGED)
    browser("publisher").post("/templates/hello/publish", form(parts))
    assert parts.intake.hook("hello", context, key).version == 2


@pytest.mark.parametrize("role", ["viewer", "author"])
def test_publishing_and_rolling_back_need_a_publisher(
    browser: Make, parts: Parts, drafted: Callable[[str], Any], user: Callable[..., str], role: str
) -> None:
    drafted(CHANGED)
    user("publisher", "mara@example.com")
    who = browser(role)
    assert "Publishing needs the role publisher. Publisher can." in who.see("/templates/hello/review")
    assert who.post("/templates/hello/publish", form(parts)).status_code == 403
    assert who.post("/templates/hello/live", {"version": "1", "live": "1"}).status_code == 403
    assert parts.store.templates.live("hello").number == 1


def test_a_draft_that_changed_after_the_review_is_not_published(
    browser: Make, parts: Parts, drafted: Callable[[str], Any]
) -> None:
    draft = drafted(CHANGED)
    seen = form(parts)
    kept = parts.store.drafts.get("hello")
    parts.store.drafts.save(replace(draft, source=HELLO), expected=kept.revision, base=1, by="jonas")
    answer = browser("publisher").post("/templates/hello/publish", seen)
    assert answer.status_code == 409
    assert "Look again" in words(answer)
    assert parts.store.templates.live("hello").number == 1


def test_what_another_made_live_meanwhile_is_not_replaced(
    browser: Make, parts: Parts, drafted: Callable[[str], Any]
) -> None:
    drafted(CHANGED)
    seen = form(parts)
    live = parts.store.templates.live("hello")
    parts.store.templates.push(replace(live.template, title="Another"))
    assert browser("publisher").post("/templates/hello/publish", seen).status_code == 409
    assert parts.store.templates.live("hello").template.title == "Another"


def test_what_does_not_compile_cannot_be_published(browser: Make, parts: Parts, drafted: Callable[[str], Any]) -> None:
    drafted('{ "to": "{{ to" }')
    publisher = browser("publisher")
    assert "does not compile, so it cannot be published" in publisher.see("/templates/hello/review")
    assert publisher.post("/templates/hello/publish", form(parts)).status_code == 409
    assert parts.store.templates.live("hello").number == 1


def test_one_press_rolls_back(browser: Make, parts: Parts, drafted: Callable[[str], Any]) -> None:
    drafted(CHANGED)
    publisher = browser("publisher")
    publisher.post("/templates/hello/publish", form(parts))
    assert publisher.post("/templates/hello/live", {"version": "1", "live": "2"}).status_code == 303
    assert parts.store.templates.live("hello").number == 1
    assert parts.store.audit.page()[0][0].what == "template.rollback"


@pytest.mark.parametrize("data", [{}, {"version": "9", "live": "1"}, {"version": "1", "live": "7"}, {"version": "²"}])
def test_a_roll_back_to_nowhere_or_from_elsewhere_changes_nothing(browser: Make, parts: Parts, data: dict[str, str]) -> None:
    parts.store.templates.push(replace(parts.store.templates.live("hello").template, source=CHANGED))
    assert browser("publisher").post("/templates/hello/live", data).status_code in (404, 409)
    assert parts.store.templates.live("hello").number == 2


def test_an_earlier_version_is_compared_before_it_comes_back(browser: Make, parts: Parts) -> None:
    parts.store.templates.push(replace(parts.store.templates.live("hello").template, source=CHANGED))
    publisher = browser("publisher")
    page = publisher.see("/templates/hello/review?version=1")
    assert "Publish v1" in page and "V1 against live v2" in page
    assert publisher.post("/templates/hello/publish", form(parts, version="1")).status_code == 303
    assert parts.store.templates.live("hello").number == 1


def test_where_nothing_differs_there_is_nothing_to_publish(browser: Make) -> None:
    assert "is the same as what is live" in browser("publisher").see("/templates/hello/review")


def test_a_snippet_that_changed_is_named(browser: Make, parts: Parts, drafted: Callable[[str], Any]) -> None:
    draft = drafted(CHANGED)
    kept = parts.store.drafts.get("hello")
    more = replace(draft, snippets={"stop": "Reply STOP."})
    parts.store.drafts.save(more, expected=kept.revision, base=1, by="jonas")
    assert "Other than live, too: the snippet stop" in browser("author").see("/templates/hello/review")
