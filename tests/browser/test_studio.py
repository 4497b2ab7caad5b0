"""The studio as people meet it: with eyes, with a keyboard, with a phone, without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.model import NewDelivery, Status, new_id
from tests.browser import story

Person = Callable[..., Any]
PAGES = (
    *(
        "/",
        "/?span=day",
        "/deliveries",
        "/deliveries?show=wrong",
        "/deliveries?idempotency_key=none",
        "/deliveries/replay?show=wrong",
    ),
    *("/templates", "/templates/cart-reminder", "/connect", "/connect/cart-reminder"),
    *("/new-template", "/new-template?from=starter", "/new-template?from=copy&like=welcome"),
    *("/templates/welcome/samples", "/templates/welcome/sample", "/templates/welcome/sample?name=ana"),
    *("/templates/welcome/settings", "/templates/welcome/versions"),
    *("/accounts", "/accounts/Northlight", "/accounts/new", "/users", "/audit", "/me", "/nowhere"),
    *("/suppressions", "/suppressions/told", "/suppressions/new"),
    *("/content", "/content/feeds", "/content/import", "/content/item?url=https://hpine.example/p/mugs"),
)
STATUSES = (
    "accepted",
    "long",
    "rejected",
    "retrying",
    "held",
    "unknown",
    "suppressed",
    "refused",
    "failed",
    "queued",
    "sending",
)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_axe_finds_no_serious_fault(person: Person, live: Any, faults: Any, scheme: str, width: int) -> None:
    page = person("sam", width=width, scheme=scheme)
    found = {}
    for path in (*PAGES, *(f"/deliveries/{live.found[each]}" for each in STATUSES)):
        page.goto(path)
        if wrong := faults(page):
            found[path] = wrong
    assert not found


def test_axe_finds_no_serious_fault_before_one_is_in(person: Person, faults: Any) -> None:
    page = person(None)
    page.goto("/sign-in")
    assert not faults(page)


@pytest.mark.parametrize("width", [320, 768, 1184])
def test_no_page_scrolls_sideways(person: Person, live: Any, width: int) -> None:
    page = person("sam", width=width)
    wide = {}
    for path in (*PAGES, *(f"/deliveries/{live.found[each]}" for each in STATUSES)):
        page.goto(path)
        if (found := page.evaluate("document.documentElement.scrollWidth")) > width:
            wide[path] = found
    assert not wide


def test_one_signs_in_looks_around_and_signs_out_by_keyboard_alone(person: Person) -> None:
    page = person(None)
    page.goto("/deliveries")
    page.keyboard.type("priya@harborpine.example")
    page.keyboard.press("Tab")
    page.keyboard.type(story.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/deliveries")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "text"
    page.keyboard.type("+12025550118")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=+1 ••• ••• 0118")
    assert "2025550118" not in page.url
    page.goto("/me")
    page.get_by_role("button", name="Sign out").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in")


def test_everything_works_without_scripts(person: Person, live: Any) -> None:
    page = person(None, js=False)
    page.goto("/deliveries")
    page.fill("[name=login]", "mara@harborpine.example")
    page.fill("[name=password]", story.PASSWORD)
    page.click("button[type=submit]")
    page.select_option("[name=status]", "failed")
    page.click("button:has-text('Show')")
    assert page.url.endswith("status=failed")
    assert set(page.locator(".table--log .status").all_inner_texts()) == {"failed"}
    assert not page.get_by_text("Pause").is_visible()
    page.fill("[name=text]", "(202) 555-0118")
    page.click("button:has-text('Show')")
    assert "555" not in page.url
    page.goto(f"/deliveries/{live.found['accepted']}")
    page.click("summary:has-text('Replay')")
    page.check("[name=twice]")
    page.click("button:has-text('Replay')")
    assert page.get_by_role("heading", name="Replayed").is_visible()
    page.goto("/connect")
    page.fill("[name=name]", "A flow without scripts")
    page.click("button:has-text('Make a key')")
    assert page.locator("#secret").inner_text().startswith("Bearer bgk_")
    page.goto("/connect")
    assert page.locator("#secret").count() == 0
    page.goto("/me")
    page.check("input[value=dark]")
    page.click("button:has-text('Use it')")
    assert page.locator("html").get_attribute("data-theme") == "dark"


def _arrives(live: Any) -> str:
    new = NewDelivery(id=new_id("dlv"), status=Status.REJECTED, account=story.US, action=story.ACTION, target="welcome",
                      template="welcome", version=4, recipient="+12025550199")  # fmt: skip
    live.parts.store.deliveries.insert_many([new])
    return new.id


def test_new_rows_come_by_themselves_but_not_under_the_pointer_or_while_paused(person: Person, live: Any) -> None:
    page = person("mara")
    page.goto("/deliveries")
    first = _arrives(live)
    page.wait_for_selector(f"a[href='/deliveries/{first}']")
    page.hover("#log tbody tr:nth-child(3)")
    second = _arrives(live)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    _polls(page, 2)
    assert not [each for each in asked if "/deliveries" in each]
    page.mouse.move(0, 0)
    page.wait_for_selector(f"a[href='/deliveries/{second}']")
    page.click("button:has-text('Pause')")
    assert page.get_by_role("button", name="Go on").get_attribute("aria-pressed") == "true"
    third = _arrives(live)
    _polls(page, 2)
    assert page.locator(f"a[href='/deliveries/{third}']").count() == 0
    page.click("button:has-text('Go on')")
    page.mouse.move(0, 0)
    page.wait_for_selector(f"a[href='/deliveries/{third}']")


def _polls(page: Any, number: int) -> None:
    """Waits until htmx has wanted to ask this many times more, whether or not it was let."""
    script = """(number) => new Promise(done => {
        document.addEventListener("htmx:beforeRequest", () => { if (--number === 0) done(); });
    })"""
    page.evaluate(script, number)


def test_a_row_of_the_log_is_one_target(person: Person) -> None:
    page = person("mara")
    page.goto("/deliveries?show=wrong")
    page.locator("#log tbody tr").first.locator(".l-why").click(force=True)  # the link of the first cell lies over it
    page.wait_for_url(re.compile(r"/deliveries/dlv_"))
    assert page.get_by_role("heading", level=1).count() == 1


def test_a_viewer_sees_masked_numbers_everywhere(person: Person, live: Any) -> None:
    page = person("priya")
    for path in ("/", "/deliveries", *(f"/deliveries/{live.found[each]}" for each in STATUSES)):
        page.goto(path)
        digits = re.sub(r"[\s()+.-]", "", page.content())
        assert not re.search(r"(?:202|213)55501\d\d", digits), path


def test_a_person_decides_about_an_unknown_delivery(person: Person, live: Any) -> None:
    id = new_id("dlv")
    facts = {"account": story.US, "action": story.ACTION, "target": "welcome", "template": "welcome"}
    body = b'{"to":"+12025550143","body":"Hi"}'
    new = NewDelivery(id=id, status=Status.UNKNOWN, payload=body, recipient="+12025550143", **facts)
    live.parts.store.deliveries.insert_many([new])
    page = person("mara")
    page.goto(f"/deliveries/{id}")
    page.get_by_role("button", name="It arrived", exact=True).click()
    page.wait_for_selector("h1 + p .status[data-status=accepted]")
    page.goto("/audit")
    assert page.get_by_text(id).is_visible()


def test_a_small_decision_closes_with_escape(person: Person, live: Any) -> None:
    page = person("mara")
    page.goto(f"/deliveries/{live.found['failed']}")
    page.click("summary:has-text('Replay')")
    assert page.get_by_role("heading", name="Send this again?").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("heading", name="Send this again?").is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_the_scheme_follows_the_system_unless_one_has_chosen(person: Person) -> None:
    colours = []
    for scheme in ("light", "dark"):
        page = person("mara", scheme=scheme)
        page.goto("/")
        colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colours[0] != colours[1]
    page.goto("/me")
    page.check("input[value=light]")
    page.click("button:has-text('Use it')")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == colours[0]


def test_the_story_has_every_status(live: Any) -> None:
    assert {each.value for each in Status} <= set(live.found)
    since = datetime.now(UTC) - timedelta(days=1)
    assert all(live.parts.store.figures.tally(since).by_status.values())
