"""`about.toml`: what it says, and what is wrong with it, all at once and with its line."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.authoring.about import parse, seconds, write
from service.model import Guarantee, Policy, TemplateSource

FULL = """
title = "Welcome"
action = "attentive.messages.send"
account = "brand-b"

[policy]
guarantee = "at-least-once"
expires_after = "12h"
idempotency = "{{ event.id }}"
quiet_hours = "21:00-08:00"
shape = "sailthru"

[missing]
"profile.vars.first_name" = "there"
"""


def codes(text):
    return [each.code for each in parse(text, "x/about.toml")[1]]


def test_everything_it_can_say_is_read():
    about, problems = parse(FULL, "welcome/about.toml")
    assert problems == []
    assert (about.title, about.action, about.account) == ("Welcome", "attentive.messages.send", "brand-b")
    assert about.policy == Policy(
        guarantee=Guarantee.AT_LEAST_ONCE,
        expires_after_s=43_200.0,
        idempotency="{{ event.id }}",
        missing={"profile.vars.first_name": "there"},
        quiet_hours="21:00-08:00",
        shape="sailthru",
    )


def test_title_and_account_may_be_left_out_and_the_action_may_not():
    about, problems = parse('action = "attentive.messages.send"', "x/about.toml")
    assert (about.account, problems) == ("default", [])
    assert codes("") == ["about.action"]


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_that_exists():
    _, problems = parse('title = "x"\naction = "a"\nacount = "b"\n[policy]\nexpires = "1h"', "x/about.toml")
    assert [(each.code, each.line, each.hint, each.template) for each in problems] == [
        ("about.unknown_key", 3, "Did you mean `account`?", "x/about.toml"),
        ("about.unknown_key", 5, "Did you mean `expires_after`?", "x/about.toml"),
    ]


def test_what_is_not_toml_is_named_with_line_and_column():
    _, (problem,) = parse('title = "x"\naction = attentive', "x/about.toml")
    assert (problem.code, problem.line, problem.template) == ("about.syntax", 2, "x/about.toml")
    assert problem.column


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("title = 1", "about.kind"),
        ("account = ['a']", "about.kind"),
        ("policy = 'x'", "about.kind"),
        ("missing = 3", "about.kind"),
        ("[policy]\nguarantee = 'always'", "about.value"),
        ("[policy]\nguarantee = true", "about.kind"),
        ("[policy]\nexpires_after = '12'", "about.value"),
        ("[policy]\nexpires_after = '0h'", "about.value"),
        ("[policy]\nexpires_after = '9999d'", "about.value"),
        ("[policy]\nexpires_after = 3600", "about.kind"),
        ("[policy]\nquiet_hours = '9-17'", "about.value"),
        ("[policy]\nshape = 'sailtru'", "about.value"),
        ("[missing]\n'a.b' = 3", "about.kind"),
        ("[missing]\na.b = 'x'", "about.kind"),
    ],
)
def test_a_value_that_makes_no_sense_is_a_problem_with_what_to_write(line, code):
    _, problems = parse(f'action = "a"\n{line}', "x/about.toml")
    assert [each.code for each in problems] == [code]
    assert problems[0].hint


def test_all_problems_are_told_at_once():
    assert len(codes("titel = 'x'\n[policy]\nguarantee = 'x'\nexpires_after = 'x'\nquiet_hours = 'x'")) == 5


@pytest.mark.parametrize("text", ["", "h", "-1h", "1.5h", "12 hours", "1w", "9" * 400 + "h"])
def test_a_duration_that_is_none_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match=r"duration|between"):
        seconds(text)


@given(st.text())
def test_any_text_gives_an_answer(text):
    about, problems = parse(text, "x/about.toml")
    assert problems or about.action


text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(
    title=text,
    missing=st.dictionaries(text, text, max_size=3),
    idempotency=st.none() | text,
    expires=st.none() | st.integers(1, 31_622_400).map(float),
    guarantee=st.none() | st.sampled_from(Guarantee),
)
def test_what_is_written_is_read_back_unchanged(title, missing, idempotency, expires, guarantee):
    policy = Policy(guarantee=guarantee, expires_after_s=expires, idempotency=idempotency, missing=missing)
    source = TemplateSource(name="x", title=title, action="a", account="b", dialect="jinja", source="", policy=policy)
    about, problems = parse(write(source), "x/about.toml")
    assert problems == []
    assert replace(source, title=about.title, action=about.action, account=about.account, policy=about.policy) == source


@pytest.mark.parametrize("word", ["refuse", "warn"])
def test_about_says_what_becomes_of_events_that_come_late(word):
    text = f'action = "attentive.events.custom"\n[policy]\nstale_events = "{word}"\n'
    about, problems = parse(text, "about.toml")
    assert (about.policy.stale_events, problems) == (word, [])


def test_another_word_for_late_events_is_a_problem():
    text = 'action = "attentive.events.custom"\n[policy]\nstale_events = "drop"\n'
    _, problems = parse(text, "about.toml")
    assert [(each.code, each.pointer) for each in problems] == [("about.value", "/policy/stale_events")]
