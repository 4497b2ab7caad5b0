"""Lints: what would surprise somebody later is said before the first message. S1-20, S1-21, S1-29."""

from dataclasses import replace

import pytest

from service.authoring.lint import lint_one
from service.model import Policy

PAYLOAD = '{ "to": "+12025550143", "body": "Hello %s", "subscriptionType": "MARKETING"%s }'
SAMPLE = {"ada": {"context": {"name": "Ada"}, "expected": {"to": "x"}}}


@pytest.fixture
def lint(preparer, template):
    def run(source, samples=SAMPLE, **more):
        return lint_one(preparer, template(source, samples, **more))

    return run


def warnings(found):
    assert found.problems == ()
    return [each.code for each in found.warnings]


def payload(text="", more=""):
    return PAYLOAD % (text, more)


def test_a_plain_template_is_clean(lint):
    assert warnings(lint(payload("{{ name }}"))) == []


def test_an_image_address_that_never_reaches_the_payload_is_named_with_what_to_write(lint):
    """S1-29."""
    found = lint('{% set title = name %}\n{% set mediaUrl = "https://example.com/a.png" %}\n' + payload("{{ title }}"))
    (warning,) = found.warnings
    assert (warning.code, warning.line, warning.column) == ("lint.unused", 2, 8)
    assert warning.hint == 'Write "mediaUrl": "{{ mediaUrl }}" into the payload.'


@pytest.mark.parametrize(
    ("before", "text", "unused"),
    [
        ("{% set a = 1 %}", "{{ a }}", False),
        ("{% set a = 1 %}{% set b = a %}", "{{ b }}", False),
        ("{% set a = 1 %}{% set b = a %}", "", True),
        ("{% set a = 1 %}", "{% if a %}x{% endif %}", False),
        ("{% set a %}x{% endset %}", "{{ a }}", False),
        ("{% set a %}x{% endset %}", "", True),
        ("{%- set a = 1 -%}", "a {{ name.a }}", True),
        ("{# {% set a = 1 %} #}", "", False),
        ("{% set a = 1 %}{% set a = 2 %}", "", True),
        ("{% set a = 1 %}", '{{ "a" }}', True),
    ],
)
def test_assigned_and_never_used_is_told_from_used(lint, before, text, unused):
    sample = {"context": {"name": {"a": "Ada"}}, "expected": {}}
    assert ("lint.unused" in warnings(lint(before + payload(text), {"s": sample}))) == unused


def test_what_a_base_prints_counts_as_used(lint, preparer, template):
    base = payload("{{ greeting }}")
    child = template('{% extends "base" %}{% set greeting = "Hello" %}', SAMPLE)
    assert warnings(lint_one(preparer, replace(child, snippets={"base": base}))) == []


@pytest.mark.parametrize(
    ("name", "doubtful"),
    [
        ('"welcome"', False),
        ('"{{ name }}"', True),
        ('"welcome-{{ name }}"', True),
        ('"{% if name %}a{% endif %}"', True),
        ("{{ name }}", True),
    ],
)
def test_a_message_name_made_from_data_would_use_up_the_twenty_of_a_day(lint, name, doubtful):
    """S1-20."""
    assert ("lint.message_name" in warnings(lint(payload("x", f', "messageName": {name}')))) == doubtful


def test_sending_to_the_tired_is_reported(lint):
    """S1-21."""
    assert warnings(lint(payload("x", ', "skipFatigue": true'))) == ["sms.fatigue"]


def test_a_template_without_samples_and_a_sample_without_result_are_reported(lint):
    assert warnings(lint(payload("x"), {})) == ["lint.no_sample"]
    assert warnings(lint(payload("x"), {"a": {}})) == ["lint.no_expected"]


def test_a_stand_in_for_what_the_template_never_names_is_reported(lint):
    policy = Policy(missing={"profile.first_nam": "there", "name": "you"})
    (warning,) = lint(payload("{{ name }}"), policy=policy).warnings
    assert (warning.code, "profile.first_nam" in warning.detail) == ("lint.missing_unused", True)


def test_what_does_not_compile_is_a_problem_with_its_line(lint):
    found = lint("{\n{{ name }")
    assert found.problems[0].line


def test_an_unknown_action_is_a_problem_with_the_nearest(lint):
    (problem,) = lint(payload(), action="attentive.messages.sent").problems
    assert "attentive.messages.send" in (problem.hint or "")


def test_a_sample_that_is_not_valid_is_a_problem_that_names_it_unless_that_is_expected(lint):
    found = lint(payload("{{ nobody }}"))
    assert "(sample ada)" in found.problems[0].detail
    assert lint(payload("{{ nobody }}"), {"s": {"context": {}, "expected": {"outcome": "invalid"}}}).problems == ()


def test_the_same_finding_in_every_sample_is_told_once(lint):
    samples = {name: {"context": {"name": name}, "expected": {}} for name in "abc"}
    assert warnings(lint(payload("{{ name }}", ', "skipFatigue": true'), samples)) == ["sms.fatigue"]


def test_an_idempotency_expression_that_does_not_compile_is_a_problem(lint):
    found = lint(payload("x"), policy=Policy(idempotency="{{ event.id "))
    assert found.problems[0].template == "idempotency"


def test_a_zephyr_template_is_looked_through_for_what_was_probably_not_meant(lint):
    found = lint(PAYLOAD.replace("Hello %s", "{items[-1]}").replace("%s", ""), dialect="zephyr")
    assert "zephyr.negative_index" in {each.code for each in found.warnings}


def test_a_zephyr_payload_without_skip_fatigue_is_told_that_its_default_differs_here(lint):
    """S1-21."""
    assert "lint.skip_fatigue" in {each.code for each in lint(payload("x"), dialect="zephyr").warnings}
    found = lint(payload("x", ', "skipFatigue": false'), dialect="zephyr")
    assert "lint.skip_fatigue" not in {each.code for each in found.warnings}
