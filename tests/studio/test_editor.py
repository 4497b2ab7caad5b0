"""The editor: what each profile would get, drafts that nobody overwrites, and nothing that a role may not see."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import sms
from service.model import Outcome, TemplateSource
from service.parts import Parts
from service.studio import _fixes
from service.studio._diff import changed_lines, lines, texts
from service.studio._profiles import awkward, stand_in
from service.studio.completion import names
from tests.studio.conftest import HELLO, Browser, words

Make = Callable[[str], Browser]
ANA = {"to": "+12025550143", "profile": {"first_name": "Ana"}, "name": "Ana"}
PREVIEW = {"HX-Request": "true", "HX-Target": "preview"}
SOURCE = """{% set hello = "Hi" %}
{ "to": "{{ to }}",
  "body": "{{ hello }} {{ profile.first_name }}, it’s on its way",
  "subscriptionType": "MARKETING" }
"""


@pytest.fixture
def hello(parts: Parts) -> TemplateSource:
    """The template of the tests with a sample, live as v2."""
    live = parts.store.templates.live("hello")
    assert live is not None
    made = replace(live.template, samples={"ana": {"context": ANA, "expected": None}})
    parts.store.templates.push(made)
    return made


def seen(browser: Browser, source: str, **more: str) -> str:
    answer = browser.post("/templates/hello", {"source": source, **more}, headers=PREVIEW)
    assert answer.status_code == 200
    return words(answer)


def test_the_editor_shows_the_message_as_a_person_receives_it(browser: Make, hello: TemplateSource) -> None:
    page = browser("viewer").see("/templates/hello")
    assert "as Ana receives it" in page
    assert "Shop: Hello Ana" in page
    assert "1 segment" in page and "GSM-7" in page


def test_the_preview_follows_the_source_and_keeps_nothing(browser: Make, hello: TemplateSource, parts: Parts) -> None:
    assert "Shop: Goodbye Ana" in seen(browser("author"), HELLO.replace("Hello", "Goodbye"))
    assert parts.store.drafts.get("hello") is None


def test_preview_is_what_the_preparer_makes(browser: Make, hello: TemplateSource, parts: Parts) -> None:
    action = parts.actions["attentive.messages.send"]
    program = parts.preparer.compile(hello.source)
    made = parts.preparer.prepare(program, action, hello.policy, ANA, now=datetime.now(UTC))
    assert made.outcome is Outcome.VALID and made.digest is not None
    assert f"{made.digest[:4]}·{made.digest[4:8]}" in browser("viewer").see("/templates/hello")


def test_without_scripts_a_button_previews_the_source_in_the_form(browser: Make, hello: TemplateSource) -> None:
    answer = browser("author").post("/templates/hello", {"source": HELLO.replace("Hello", "Goodbye")})
    assert "Shop: Goodbye Ana" in words(answer)
    assert "Goodbye {{ name }}" in unescape(answer.get_data(as_text=True))


def test_line_ends_of_browsers_change_no_source(browser: Make, hello: TemplateSource, parts: Parts) -> None:
    author = browser("author")
    author.post("/templates/hello/draft", {"source": SOURCE.replace("\n", "\r\n"), "revision": "0"})
    draft = parts.store.drafts.get("hello")
    assert draft is not None and draft.template.source == SOURCE


def test_what_does_not_compile_is_told_with_its_line_and_can_be_saved(
    browser: Make, hello: TemplateSource, parts: Parts
) -> None:
    author, broken = browser("author"), '{\n  "to": "{{ to",\n}'
    said = seen(author, broken)
    assert "does not compile" in said and "Line 2" in said
    author.post("/templates/hello/draft", {"source": broken, "revision": "0"})
    assert parts.store.drafts.get("hello") is not None
    assert "does not compile" in author.see("/templates/hello")


def test_a_missing_name_is_told_once_with_how_many_it_touches_and_a_fix(browser: Make, hello: TemplateSource) -> None:
    author = browser("author")
    answer = author.post("/templates/hello", {"source": SOURCE}, headers=PREVIEW)
    said = words(answer)
    assert "has no profile.first_name . It would get no message." in said
    assert 'Add default("there")' in said
    people = answer.get_data(as_text=True).count('class="person"')
    assert f"1 of {people} gets no message" in said


def test_a_fix_is_one_press_also_without_scripts(browser: Make, hello: TemplateSource) -> None:
    fix = json.dumps([[SOURCE.index("first_name") + 10, SOURCE.index("first_name") + 10, ' | default("there")']])
    answer = browser("author").post("/templates/hello", {"source": SOURCE, "fix": fix})
    assert 'profile.first_name | default("there") }}' in unescape(answer.get_data(as_text=True))
    assert "get a message" in words(answer)


def test_the_costly_character_is_marked_and_can_be_made_straight(browser: Make, hello: TemplateSource) -> None:
    long = SOURCE.replace("on its way", "on its way, and it will be with you before the week is over, we think")
    answer = browser("author").post("/templates/hello", {"source": long}, headers=PREVIEW)
    assert "One curly apostrophe makes 1 segment into 2." in words(answer)
    assert '<mark class="costly">’</mark>' in answer.get_data(as_text=True)
    assert "Use a straight one" in words(answer)


def test_profiles_stand_side_by_side_each_with_its_own_result(
    browser: Make, hello: TemplateSource, deliver: Callable[..., Any]
) -> None:
    deliver()
    page = browser("publisher").see("/templates/hello")
    for each in ("Ana sample ready", "Call at", "real ready", "Emoji built in", "300 characters built in", "Wrong types"):
        assert each in page


@pytest.mark.parametrize("role", ["viewer", "author"])
def test_who_may_not_see_numbers_gets_none_by_whatever_template(
    browser: Make, hello: TemplateSource, deliver: Callable[..., Any], role: str
) -> None:
    kept = deliver(context=b'{"to":"+12135550199","name":"Ada","mail":"ada.k@example.org"}')
    spied = '{ "to": "{{ to }}", "body": "{{ to[:5] }} {{ to[5:] }} {{ mail }}", "subscriptionType": "MARKETING" }'
    for who, sees in ((browser(role), False), (browser("publisher"), True)):
        page = seen(who, spied, profile=f"call:{kept.id}")
        assert ("5550199" in page.replace(" ", "")) is sees
        assert ("ada.k@example.org" in page) is sees


def test_what_profiles_bring_stays_text(browser: Make, parts: Parts, hello: TemplateSource) -> None:
    attack = "<script>alert(1)</script>"
    parts.store.templates.push(replace(hello, samples={attack: {"context": {**ANA, "name": attack}, "expected": None}}))
    author = browser("author")
    for source in (HELLO, f"{attack} {{{{", HELLO.replace("name", f'"{attack}"')):
        answer = author.post("/templates/hello", {"source": source, "profile": attack, "fix": attack})
        assert attack not in answer.get_data(as_text=True)


def test_drafts_are_saved_by_authors_alone(browser: Make, hello: TemplateSource, parts: Parts) -> None:
    answer = browser("viewer").post("/templates/hello/draft", {"source": SOURCE, "revision": "0"})
    assert answer.status_code == 403
    assert parts.store.drafts.get("hello") is None


def test_nobody_overwrites_anothers_edit(browser: Make, hello: TemplateSource, parts: Parts) -> None:
    author, publisher = browser("author"), browser("publisher")
    assert author.post("/templates/hello/draft", {"source": SOURCE, "revision": "0"}).status_code == 303
    answer = publisher.post("/templates/hello/draft", {"source": HELLO.replace("Hello", "Mine"), "revision": "0"})
    assert answer.status_code == 409
    assert "Author saved this draft at" in words(answer) and "after you opened it" in words(answer)
    assert "Mine {{ name }}" in unescape(answer.get_data(as_text=True))
    draft = parts.store.drafts.get("hello")
    assert draft is not None and draft.template.source == SOURCE
    # The page that tells it carries the other's revision, so that the next press saves on top.
    again = publisher.post(
        "/templates/hello/draft", {"source": HELLO.replace("Hello", "Mine"), "revision": str(draft.revision)}
    )
    assert again.status_code == 303
    assert f'value="{draft.revision}"' in answer.get_data(as_text=True)


def test_saving_with_scripts_answers_how_the_draft_stands(browser: Make, hello: TemplateSource) -> None:
    author, headers = browser("author"), {"HX-Request": "true", "HX-Target": "state"}
    answer = author.post("/templates/hello/draft", {"source": SOURCE, "revision": "0"}, headers=headers)
    assert "Draft" in words(answer) and "lines changed, saved" in words(answer)
    stale = author.post("/templates/hello/draft", {"source": HELLO + " ", "revision": "0"}, headers=headers)
    assert stale.status_code == 409


def test_a_draft_that_changes_nothing_is_none(browser: Make, hello: TemplateSource, parts: Parts) -> None:
    browser("author").post("/templates/hello/draft", {"source": hello.source, "revision": "0"})
    assert parts.store.drafts.get("hello") is None


def test_a_discarded_draft_is_gone_unless_it_is_another_by_now(browser: Make, hello: TemplateSource, parts: Parts) -> None:
    author = browser("author")
    author.post("/templates/hello/draft", {"source": SOURCE, "revision": "0"})
    author.post("/templates/hello/draft/discard", {"revision": "7"})
    draft = parts.store.drafts.get("hello")
    assert draft is not None
    author.post("/templates/hello/draft/discard", {"revision": str(draft.revision)})
    assert parts.store.drafts.get("hello") is None


def test_an_unknown_template_is_not_found_and_the_nearest_is_named(browser: Make) -> None:
    viewer = browser("viewer")
    for path in ("", "/names", "/review", "/versions"):
        answer = viewer.get(f"/templates/helo{path}")
        assert answer.status_code == 404
        assert "hello" in words(answer)


def test_completion_knows_how_often_a_name_is_there(
    browser: Make, hello: TemplateSource, deliver: Callable[..., Any]
) -> None:
    deliver(context=b'{"to":"+12025550143","cart":{"url":"x"}}')
    deliver(context=b'{"to":"+12025550143"}')
    found = browser("viewer").get("/templates/hello/names").get_json()
    shares = {each["label"]: each["detail"] for each in found["names"]}
    assert shares["to"] == "100% of calls"
    assert shares["cart.url"] == "50% of calls"
    assert shares["profile.first_name"] == "samples"
    assert "+1202" not in json.dumps(found["names"])
    assert "truncate" in {each["label"] for each in found["filters"]}
    assert '"body"' in {each["label"] for each in found["fields"]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=8), each, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_any_data_have_names_awkward_people_and_a_stand_in(value: Any) -> None:
    context = value if isinstance(value, dict) else {"profile": value}
    assert all(each["label"] for each in names([context], [context]))
    assert all(each.context != context for each in awkward(context))
    stand_in(context)


@given(st.from_regex(r"\+[1-9]\d{6,14}", fullmatch=True))
def test_a_stand_in_is_as_long_as_the_number_and_hides_its_end(number: str) -> None:
    found = stand_in(number)
    assert len(found) == len(number)
    assert found[-7:] == "5550143"


@given(st.text(max_size=200), st.text(max_size=60))
def test_fixes_from_nowhere_harm_nothing(source: str, edits: str) -> None:
    assert isinstance(_fixes.apply(source, edits), str)


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_diff_of_words_loses_no_character(old: str, new: str) -> None:
    left, right = texts(old, new)
    assert "".join(text for _, text in left) == old
    assert "".join(text for _, text in right) == new


@given(st.lists(st.sampled_from(["a", "b", "c", ""])), st.lists(st.sampled_from(["a", "b", "d", ""])))
def test_a_diff_of_lines_shows_every_change(old: list[str], new: list[str]) -> None:
    one, two = "\n".join(old), "\n".join(new)
    found = lines(one, two)
    assert bool(found) is (one != two) is (changed_lines(one, two) > 0)


@given(st.text(alphabet="ab[€é🌊 ", max_size=400))
def test_breaks_are_one_fewer_than_segments(text: str) -> None:
    found = sms.breaks(text)
    assert len(found) == max(sms.measure(text).segments - 1, 0)
