"""The starter templates: their samples, and what they promise for any profile. S1-8, S1-22, S1-27, S1-28, S1-30."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.actions import Actions
from service.authoring import check, folder, lint
from service.delivery.prepare import Preparer
from service.settings import packaged

NOW = datetime(2026, 1, 15, 17, 0, tzinfo=UTC)
STARTER = folder.read(packaged("templates"))
PREPARER = Preparer(Actions.load(packaged("schemas")))
MESSAGES = [template for template in STARTER.templates if template.action == "attentive.messages.send"]
SAMPLES = [(template.name, sample) for template in STARTER.templates for sample in template.samples]


def made(name, context):
    template = STARTER.get_or_raise(name)
    program = PREPARER.compile(template.source, dialect=template.dialect, name=name, snippets=template.snippets)
    action = PREPARER.actions.get_or_raise(template.action)
    return PREPARER.prepare(program, action, template.policy, context, now=NOW)


def sample(name, which):
    return STARTER.get_or_raise(name).samples[which]["context"]


@pytest.mark.parametrize(("template", "which"), SAMPLES)
def test_every_sample_comes_to_what_is_written_beside_it(template, which):
    results = {each.sample: each for each in check.check(PREPARER, [STARTER.get_or_raise(template)])}
    assert results[which].problems == ()


@pytest.mark.parametrize("template", STARTER.templates, ids=lambda each: each.name)
def test_nothing_about_a_starter_template_is_doubtful(template):
    found = lint.lint_one(PREPARER, template)
    told = {"zephyr.stops_only_this"}  # of every assert(): the flow goes on
    assert (found.problems, [each for each in found.warnings if each.code not in told]) == ((), [])


@pytest.mark.parametrize("template", MESSAGES, ids=lambda each: each.name)
def test_every_message_shows_a_profile_without_a_phone_being_skipped_with_the_reason(template):
    """S1-8."""
    assert template.samples["no-phone"]["expected"] == {
        "outcome": "suppressed",
        "reason": "The profile has no phone number.",
    }


@pytest.mark.parametrize("keys", [{}, {"sms": ""}, {"sms": None}])
def test_no_kind_of_missing_phone_is_ever_sent_with_an_empty_recipient(keys):
    """S1-8."""
    for name in [each.name for each in MESSAGES]:
        context = {**sample(name, "no-phone")}
        context["profile"] = {**context["profile"], "keys": keys}
        assert made(name, context).outcome == "suppressed"


def test_the_plain_message_fills_in_the_phone_and_types_its_booleans():
    """S1-22."""
    prepared = made("plain-message", sample("plain-message", "ada"))
    assert prepared.payload["to"] == "+12025550143"
    assert (prepared.payload["useShortLinks"], prepared.payload["skipFatigue"]) == (False, False)
    assert prepared.warnings == ()


@settings(deadline=None)
@given(name=st.text(st.characters(exclude_characters="\0{}%[]*|", exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_first_name_stays_a_name_in_the_text(name):
    """S1-27: quotes, backslashes, line breaks and all the rest."""
    context = {"profile": {"vars": {"first_name": name}, "keys": {"sms": "+12025550143"}}}
    prepared = made("first-name", context)
    assert prepared.problems == ()
    assert prepared.payload["body"].startswith(f"Hi, {name}! Your size is back")
    assert prepared.payload.keys() == made("first-name", sample("first-name", "ada")).payload.keys()


def test_the_recommendation_puts_title_and_image_of_one_item_into_the_payload():
    """S1-28."""
    payload = made("recommendation", sample("recommendation", "kettle")).payload
    assert "Blue kettle" in payload["body"]
    assert payload["mediaUrl"] == "https://img.example.com/k-l.jpg"


def test_an_item_without_an_image_is_a_text_without_one():
    """S1-28: an empty `mediaUrl` would be refused by the vendor."""
    assert "mediaUrl" not in made("recommendation", sample("recommendation", "without-image")).payload


def test_an_empty_recommendation_is_not_sent_and_the_reason_is_kept():
    """S1-30."""
    prepared = made("recommendation", {**sample("recommendation", "kettle"), "content": []})
    assert (prepared.outcome, prepared.reason) == ("suppressed", "There is nothing to recommend.")


@pytest.mark.parametrize("content", [{}, {"content": None}, {"content": [{}]}, {"content": [{"title": "Kettle"}]}])
def test_a_recommendation_with_anything_missing_is_never_the_text_with_a_hole(content):
    """S1-30."""
    prepared = made("recommendation", {"profile": sample("recommendation", "kettle")["profile"], **content})
    assert prepared.outcome in ("suppressed", "invalid")


def test_an_order_is_announced_at_least_once_and_once_for_an_event():
    template = STARTER.get_or_raise("order-shipped")
    assert (template.policy.guarantee, template.policy.idempotency) == ("at-least-once", "{{ event.id }}")


def test_samples_hold_nobody_real():
    for template in STARTER.templates:
        text = "".join(folder.files(template).values())
        assert all(re.fullmatch(r"\+1202555010?\d{2}", each) for each in re.findall(r"\+\d{8,}", text))
        assert all(each.endswith("example.com") for each in re.findall(r"@([\w.]+)", text))
