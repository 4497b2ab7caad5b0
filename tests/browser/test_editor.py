"""The editor as an author meets it: typing, problems at their line, fixes, saving, publishing, with and without scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from service.model import Step, TemplateSource

Person = Callable[..., Any]
NAME = "editor-test"
ANA = {
    "profile": {"keys": {"sms": "+12025550143"}, "vars": {"first_name": "Ana"}},
    "cart": {"url": "https://hpine.example/c/8817"},
}
SOURCE = """{# A reminder #}
{ "to": "{{ profile.keys.sms }}",
  "body": "Hi {{ profile.vars.first_name }}, it won’t wait much longer. Pick up where you left off: {{ cart.url }}",
  "subscriptionType": "MARKETING" }
"""


@pytest.fixture
def template(live: Any) -> TemplateSource:
    """A template of these tests' own, live, without a draft."""
    store = live.parts.store
    made = replace(
        store.templates.live("cart-reminder").template, name=NAME, title="Of the editor", source=SOURCE,
        samples={"ana": {"context": ANA, "expected": None}},
    )  # fmt: skip
    store.templates.push(made)
    draft = store.drafts.get(NAME)
    if draft is not None:
        store.drafts.discard(NAME, expected=draft.revision)
    return made


def opened(person: Person, login: str = "mara", path: str = "", **more: Any) -> Any:
    page = person(login, **more)
    page.goto(f"/templates/{NAME}{path}")
    return page


def text_of(page: Any) -> str:
    found: str = page.locator("#source").evaluate("area => area.value")
    return found


def test_the_phone_follows_as_one_types(person: Person, template: TemplateSource) -> None:
    page = opened(person)
    assert "Hi Ana, it won’t wait" in page.locator(".phone").inner_text()
    page.locator(".cm-content").click()
    for key in ("Control+Home", "ArrowDown", "ArrowDown", "Home", "Home"):
        page.keyboard.press(key)
    for _ in range(len('  "body": "')):
        page.keyboard.press("ArrowRight")
    page.keyboard.type("Good day! ")
    page.locator(".phone").get_by_text("Good day! Hi Ana").wait_for()


def test_problems_stand_at_their_line_and_a_press_mends_them(person: Person, template: TemplateSource) -> None:
    page = opened(person)
    says = page.locator(".cm-content .says")
    assert "has no profile.vars.first_name" in says.inner_text()
    says.get_by_role("button", name='Add default("there")').click()
    page.locator(".profiles__head").get_by_text("get a message").wait_for()
    assert 'first_name | default("there") }}' in text_of(page)
    page.locator(".meter").get_by_role("button", name="Use a straight one").click()
    page.locator(".meter__top").get_by_text("GSM-7").wait_for()
    assert "won't wait" in text_of(page)


def test_each_profile_is_shown_in_full_at_a_press(person: Person, template: TemplateSource) -> None:
    page = opened(person)
    page.get_by_role("button", name="Emoji").click()
    page.locator(".phone").get_by_text("Zoe 🌊").wait_for()
    assert page.evaluate("document.activeElement.value") == "built-in:emoji"


def test_names_and_filters_complete_themselves(person: Person, template: TemplateSource) -> None:
    page = opened(person)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("{{ profile.va")
    option = page.locator(".cm-tooltip-autocomplete li").filter(has_text="profile.vars.first_name")
    option.wait_for()
    page.wait_for_timeout(100)  # CodeMirror takes no Enter right after it opened the list
    option.click()
    page.keyboard.type(" | trunc")
    page.locator(".cm-tooltip-autocomplete li").filter(has_text="sms_truncate").wait_for()


def test_control_s_saves_and_the_second_author_is_told(person: Person, live: Any, template: TemplateSource) -> None:
    one, two = opened(person, "jonas"), opened(person, "mara")
    for page, text in ((one, "A"), (two, "B")):
        page.locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type(text)
        page.keyboard.press("Control+s")
        if page is one:
            page.locator("#state").get_by_text("saved").wait_for()
    two.get_by_role("alert").get_by_text("Jonas Weber saved this draft").wait_for()
    assert text_of(two).endswith("B")
    assert live.parts.store.drafts.get(NAME).template.source.endswith("A")
    two.get_by_role("button", name="Save draft").click()
    two.wait_for_load_state("networkidle")
    two.locator("#state").get_by_text("saved").wait_for()
    assert live.parts.store.drafts.get(NAME).template.source.endswith("B")


def test_an_author_hands_over_and_a_publisher_publishes_and_rolls_back(
    person: Person, live: Any, template: TemplateSource
) -> None:
    before = live.parts.store.templates.live(NAME).number
    live.parts.store.drafts.save(
        replace(template, source=SOURCE.replace("won’t", "won't")), expected=0, base=before, by="jonas@harborpine.example"
    )
    author = opened(person, "jonas", "/review")
    assert "Publishing needs the role publisher" in author.locator("aside").inner_text()
    page = opened(person, "mara", "/review")
    assert "need" in page.locator(".causes").inner_text()
    page.get_by_label("Note").fill("A straight apostrophe")
    page.get_by_role("button", name=f"Publish v{before + 1}").click()
    page.get_by_text(f"v{before + 1} is live").wait_for()
    page.get_by_role("button", name=f"Roll back to v{before}", exact=True).click()
    page.get_by_text(f"v{before} is live").wait_for()
    assert live.parts.store.templates.live(NAME).number == before


def test_without_scripts_one_previews_mends_saves_and_reviews(person: Person, live: Any, template: TemplateSource) -> None:
    page = opened(person, "jonas", js=False)
    page.locator("#source").fill(SOURCE.replace("Hi", "Good day"))
    page.get_by_role("button", name="Preview").click()
    assert "Good day Ana" in page.locator(".phone").inner_text()
    page.locator(".checks").get_by_role("button", name='Add default("there")').click()
    assert "default(" in page.locator("#source").input_value()
    page.get_by_role("button", name="Emoji").click()
    assert "Good day Zoe" in page.locator(".phone").inner_text()
    page.get_by_role("button", name="Review and publish").click()
    assert page.locator("h1").inner_text() == "Review and publish"
    assert "Good day" in live.parts.store.drafts.get(NAME).template.source


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_no_serious_fault_in_the_editor(
    person: Person, live: Any, template: TemplateSource, faults: Any, scheme: str, width: int
) -> None:
    live.parts.store.drafts.save(
        replace(template, source=SOURCE.replace("vars.first", "vars.last")), expected=0, base=1, by="jonas"
    )
    page = person("mara", width=width, scheme=scheme)
    found = {}
    for path in ("", "/review", "/versions", "/test", "?version=1"):
        page.goto(f"/templates/{NAME}{path}")
        if wrong := faults(page):
            found[path] = wrong
    assert not found


@pytest.mark.parametrize("width", [320, 390, 768, 1184, 1440])
def test_the_editor_does_not_scroll_sideways(person: Person, template: TemplateSource, width: int) -> None:
    page = person("mara", width=width)
    for path in ("", "/review", "/versions", "/test"):
        page.goto(f"/templates/{NAME}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_what_data_bring_runs_nothing(person: Person, live: Any, template: TemplateSource) -> None:
    attack = "</script><img src=x onerror=window.hit=1>\"'`{{ 7 }}"
    data = json.loads(json.dumps(ANA))
    data["profile"]["vars"]["first_name"] = attack
    live.parts.store.templates.push(replace(template, samples={attack: {"context": data, "expected": None}}))
    page = opened(person)
    page.locator(".person").first.click()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.hit") is None


def test_the_form_and_the_code_are_views_of_one_document(person: Person, template: TemplateSource) -> None:
    page = opened(person)
    page.get_by_role("button", name="Form").click()
    page.get_by_label("Text body").fill("Dear {{ profile.vars.first_name }}, see {{ cart.url }}")
    page.locator(".phone").get_by_text("Dear Ana").wait_for()
    page.get_by_role("button", name="Code").click()
    page.locator(".cm-content").wait_for()
    changed = SOURCE.splitlines()
    changed[2] = '  "body": "Dear {{ profile.vars.first_name }}, see {{ cart.url }}",'
    assert text_of(page).splitlines() == changed


@pytest.fixture
def plan(live: Any) -> str:
    """A plan of two steps, live, without a draft."""
    store, name = live.parts.store, "editor-plan"
    base = store.templates.live("cart-reminder").template
    message = SOURCE.replace("}}, it", "}}, {{ steps.ask.answer.word }}, it")
    made = replace(
        base, name=name, action="attentive.subscriptions.eligibility", source='{ "phone": "{{ profile.keys.sms }}" }\n',
        step="ask", then=(Step(name="tell", action=base.action, source=message),),
        samples={
            "ana": {"context": ANA, "expected": None, "answers": {"ask": {"word": "welcome"}}},
            "open": {"context": ANA, "expected": None},
        },
    )  # fmt: skip
    store.templates.push(made)
    if (draft := store.drafts.get(name)) is not None:
        store.drafts.discard(name, expected=draft.revision)
    return name


@pytest.mark.parametrize("js", [True, False])
def test_every_step_of_a_plan_is_written_and_saved_in_one_go(person: Person, live: Any, plan: str, js: bool) -> None:
    page = person("jonas", js=js)
    page.goto(f"/templates/{plan}")

    def add(text: str) -> None:
        if not js:
            page.locator("#source").fill(page.locator("#source").input_value() + text)
            return
        page.locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.insert_text(text)

    add("{# one #}")
    page.locator(".step").nth(1).click()
    page.wait_for_load_state("networkidle")
    assert "Hi Ana, welcome, it won’t" in page.locator(".phone").inner_text()
    assert "It depends on what ask is answered." in page.locator(".profiles").inner_text()
    add("{# two #}")
    page.get_by_role("button", name="Save draft").click()
    page.locator("#state").get_by_text("saved").wait_for()
    assert [step.source[-9:] for step in live.parts.store.drafts.get(plan).template.steps] == ["{# one #}", "{# two #}"]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_axe_finds_no_serious_fault_in_a_plan(
    person: Person, live: Any, plan: str, faults: Any, scheme: str, width: int
) -> None:
    page = person("mara", width=width, scheme=scheme)
    found = {}
    for path in ("?step=tell", "?step=tell&profile=sample:open", "?view=form", "/settings", "/samples", "/sample?name=ana"):
        page.goto(f"/templates/{plan}{path}")
        if wrong := faults(page):
            found[path] = wrong
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert not found


def test_a_template_is_begun_tried_and_published_without_scripts(person: Person, live: Any) -> None:
    page = person("mara", js=False)
    page.goto("/templates")
    page.get_by_role("link", name="New template").click()
    page.get_by_label("Title").fill("Without scripts")
    page.locator("summary").filter(has_text="Events").click()
    page.get_by_label("Report an event").check()
    page.get_by_role("button", name="Create the draft").click()
    page.wait_for_url("**/templates/without-scripts")
    page.get_by_role("button", name="1 sample").click()
    page.get_by_role("link", name="Add a sample").click()
    page.get_by_label("Name").fill("grace")
    page.get_by_label("Context").fill('{"profile": {"keys": {"sms": "+12025550144"},}}')
    page.get_by_role("button", name="Keep the sample").click()
    assert "line 1" in page.locator("#h-context").inner_text()
    page.get_by_label("Context").fill('{"profile": {"keys": {"sms": "+12025550144"}}}')
    page.get_by_role("button", name="Keep the sample").click()
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Of use for").fill("6h")
    page.get_by_role("button", name="Save in the draft").click()
    page.get_by_text("Saved in the draft.").wait_for()
    page.get_by_role("link", name="Review and publish").click()
    page.get_by_role("button", name="Publish v1").click()
    page.get_by_text("v1 is live").first.wait_for()
    made = live.parts.store.templates.live("without-scripts").template
    assert sorted(made.samples) == ["ana", "grace"]
    assert made.policy.expires_after_s == 21_600


def test_a_template_is_begun_by_keyboard_alone(person: Person) -> None:
    page = person("mara")
    page.goto("/new-template")
    page.get_by_label("Title").focus()
    page.keyboard.type("By keyboard")
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()"))
        if reached[-1] == "action":
            break
    assert reached == ["name", "account", "dialect", "Messages", "action"]
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url("**/templates/by-keyboard")
    page.locator(".cm-content").wait_for()
