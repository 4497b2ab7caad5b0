"""The form view: both views are of one document, and what nobody touched stays as it is."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.actions import Actions
from service.authoring import folder
from service.settings import packaged
from service.studio._form import CHOICE, CODE, SWITCH, TEXT, NoForm, form
from tests.studio.conftest import words

ACTIONS = Actions.load(packaged("schemas"))
SCHEMA = ACTIONS["attentive.messages.send"].schema
SOURCE = """{# A reminder #}
{% set text %}Hi "{{ name }}", { not json }{% endset %}
{
  "to": "{{ profile.keys.sms }}",
  "body": "Hi {{ first | default("there") }}, \\"quoted\\"
    {%- if x %} and more{% endif %}",
  "subscriptionType": "MARKETING",   {# kept #}
  "useShortLinks": false,
  "mediaUrl": {{ image }}
}
"""


def fields(source: str = SOURCE) -> dict[str, Any]:
    return {each.name: each for each in form(source, "jinja", SCHEMA).fields}


def test_each_property_is_a_field_of_its_kind() -> None:
    found = fields()
    assert {name: each.kind for name, each in found.items()} == {
        "to": TEXT, "body": TEXT, "subscriptionType": CHOICE, "mediaUrl": CODE, "useShortLinks": SWITCH,
        "messageName": TEXT, "skipFatigue": SWITCH,
    }  # fmt: skip
    assert found["body"].shown.startswith('Hi {{ first | default("there") }}, "quoted"\n')
    assert found["subscriptionType"].options == ("MARKETING", "TRANSACTIONAL")


def test_what_nobody_touched_stays_as_it_is() -> None:
    made = form(SOURCE, "jinja", SCHEMA)
    assert made.written({}) == SOURCE
    assert made.written({each.name: each.shown for each in made.fields}) == SOURCE


def test_one_change_changes_its_own_place_alone() -> None:
    made = form(SOURCE, "jinja", SCHEMA)
    assert made.written({"subscriptionType": "TRANSACTIONAL"}) == SOURCE.replace("MARKETING", "TRANSACTIONAL")
    assert made.written({"useShortLinks": "true"}) == SOURCE.replace("false", "true")
    assert '"messageName": "cart"\n}' in made.written({"messageName": "cart"})


def test_captured_text_is_edited_where_it_stands() -> None:
    source = '{% set text %}\n  Hi {{ name }}!\n{% endset %}\n{ "body": "{{ text | trim }}" }'.replace("\\\n", "\n")
    made = form(source, "jinja", SCHEMA)
    assert fields(source)["body"].shown == "Hi {{ name }}!"
    assert made.written({"body": 'Dear "{{ name }}"'}) == source.replace("Hi {{ name }}!", 'Dear "{{ name }}"')


@given(st.text(st.characters(exclude_characters="{}\\\r", exclude_categories=["Cs", "Cc"]), max_size=40))
def test_what_is_typed_into_a_field_is_what_it_shows_afterwards(text: str) -> None:
    made = form(SOURCE, "jinja", SCHEMA).written({"body": text, "messageName": text})
    assert fields(made)["body"].shown == text
    assert fields(made)["messageName"].shown == text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('{% if x %}{ "to": "a" }{% else %}{}{% endif %}', "Line 1: a branch"),
        ('{\n "to": "a",\n {% if x %}"body": "b"{% endif %}\n}', "Line 3: a branch"),
        ('{ "to": "a"{% if x %}, "body": "b"{% endif %} }', "a branch"),
        ('{% extends "base" %}', "extends another"),
        ('{ "to": "a", "other": 1 }', "does not know"),
        ('{ "to": "a"', "brace is missing"),
        ('{ "to": "a" } { }', "more in the source"),
        ('{ "to": "a", "to": "b" }', "there twice"),
        ("", "no brace"),
        ("[1]", "something else"),
    ],
)
def test_what_cannot_be_shown_as_a_form_says_why(source: str, said: str) -> None:
    with pytest.raises(NoForm, match=said):
        form(source, "jinja", SCHEMA)


@given(st.text(alphabet='{}[]":,%#a \n\\', max_size=60))
def test_any_source_has_a_form_or_a_reason_and_loses_nothing(source: str) -> None:
    try:
        made = form(source, "jinja", {"properties": {"a": {"type": "string"}, "aa": {"type": "boolean"}}})
    except NoForm as reason:
        assert str(reason)
        return
    assert made.written({each.name: each.shown for each in made.fields}) == source


def test_starter_templates_that_are_forms_come_back_to_the_byte() -> None:
    shown = 0
    for template in folder.read(packaged("templates")).templates:
        try:
            made = form(template.source, template.dialect, ACTIONS[template.action].schema)
        except NoForm:
            continue
        shown += 1
        assert made.written({each.name: each.shown for each in made.fields}) == template.source
    assert shown >= 5


def test_the_form_previews_and_saves_the_same_document(browser: Any, parts: Any) -> None:
    author = browser("author")
    assert 'name="field:body"' in author.get("/templates/hello?view=form").get_data(as_text=True)
    live = parts.store.templates.live("hello").template
    data = {
        "source": live.source, "view": "form", "revision": "0", "field:to": "{{ to }}", "field:body": "Dear {{ name }}",
        "field:subscriptionType": "MARKETING", "off:useShortLinks": "1", "field:messageName": "", "off:skipFatigue": "1",
    }  # fmt: skip
    assert "Dear {{ name }}" in unescape(author.post("/templates/hello", data).get_data(as_text=True))
    assert author.post("/templates/hello/draft", data).status_code == 303
    assert parts.store.drafts.get("hello").template.source == live.source.replace("Hello", "Dear")


def test_a_source_without_a_form_says_so_and_keeps_what_it_is(browser: Any, parts: Any) -> None:
    author, source = browser("author"), '{% if to %}{ "to": "{{ to }}" }{% endif %}'
    answer = author.post("/templates/hello", {"source": source, "view": "form"})
    assert "This source cannot be shown as a form. Line 1: a branch" in words(answer)
    assert source in unescape(answer.get_data(as_text=True))
