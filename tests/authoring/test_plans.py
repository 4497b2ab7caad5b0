"""Templates that do one thing after another: as a folder, as tests of themselves, and what is doubtful about them."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.authoring import check, folder, lint
from service.authoring.about import parse, write
from service.errors import TemplateInvalid
from service.model import Guarantee, Policy, Step, TemplateSource

ABOUT = """title = "Checkout"

[[steps]]
name = "ask"
action = "attentive.subscriptions.eligibility"

[[steps]]
name = "welcome"
action = "attentive.messages.send"
guarantee = "at-least-once"

[policy]
expires_after = "24h"
idempotency = "{{ event.id }}"

[missing]
"name" = "there"
"""
ASK = '{ "phone": "{{ phone }}" }'
WELCOME = """{% if steps.ask.answer.old %}{{ suppress("an old friend") }}{% endif %}
{ "to": "{{ steps.ask.payload.phone }}", "body": "Hi {{ name }}", "subscriptionType": "MARKETING" }"""
ADA = {"phone": "+12025550143"}
SENT = {
    "to": "+12025550143",
    "body": "Hi there",
    "subscriptionType": "MARKETING",
    "useShortLinks": False,
    "skipFatigue": False,
}


@pytest.fixture
def put(tmp_path):
    """Writes the folder of the plan `checkout`, with these files changed (None: left out), and reads it."""

    def make(**files):
        usual = {
            "about.toml": ABOUT,
            "ask.json.j2": ASK,
            "welcome.json.j2": WELCOME,
            "samples/ada.json": json.dumps(ADA),
            "samples/ada.answers.json": '{"ask": {"old": false}}',
            "samples/ada.expected.json": json.dumps({"ask": ADA, "welcome": SENT}),
        }
        for name, text in (usual | files).items():
            path = tmp_path / "checkout" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is not None:
                path.write_text(text)
        return folder.read_one(tmp_path / "checkout")

    return make


def codes(text):
    return [each.code for each in parse(text, "x/about.toml")[1]]


# -- the folder


def test_each_step_has_its_source_and_what_it_does_not_say_the_plan_says(put):
    made = put()
    assert [(each.name, each.action, each.source) for each in made.steps] == [
        ("ask", "attentive.subscriptions.eligibility", ASK),
        ("welcome", "attentive.messages.send", WELCOME),
    ]
    whole = Policy(expires_after_s=86_400.0, missing={"name": "there"})
    assert made.steps[0].policy == replace(whole, idempotency="{{ event.id }}")  # the key is that of the whole plan
    assert made.steps[1].policy == replace(whole, guarantee=Guarantee.AT_LEAST_ONCE)
    assert made.samples["ada"]["answers"] == {"ask": {"old": False}}


def test_a_folder_that_is_written_out_is_read_as_the_same(put, tmp_path):
    made = put()
    for name, text in folder.files(made).items():
        path = tmp_path / "again" / "checkout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert folder.read_one(tmp_path / "again" / "checkout") == made


def test_snippets_of_every_step_are_taken_along(put, tmp_path):
    (tmp_path / "_snippets").mkdir()
    (tmp_path / "_snippets" / "hello.j2").write_text("Hi")
    assert put(**{"welcome.json.j2": WELCOME.replace("Hi", '{% include "hello" %}')}).snippets == {"hello": "Hi"}


@pytest.mark.parametrize(
    "files", [{"welcome.json.j2": None}, {"ask.json.j2": None, "welcome.json.j2": None}, {"ask.json.zephyr": "{}"}]
)
def test_a_step_without_its_file_or_in_another_dialect_is_a_problem(put, files):
    with pytest.raises(TemplateInvalid) as caught:
        put(**files)
    assert {each.code for each in caught.value.problems} == {"template.files"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (('name = "ask"\n', ""), "about.steps"),
        (('"ask"', '"Ask me"'), "about.steps"),
        (('"ask"', '"template"'), "about.steps"),
        (('"ask"', '"welcome"'), "about.steps"),
        (('action = "attentive.messages.send"\n', ""), "about.action"),
        (('title = "Checkout"', 'action = "attentive.messages.send"'), "about.action"),
        (('"at-least-once"', '"often"'), "about.value"),
        (("guarantee =", "garantee ="), "about.unknown_key"),
    ],
)
def test_what_is_wrong_with_a_step_is_said(change, code):
    assert codes(ABOUT) == []
    assert codes(ABOUT.replace(*change)) == [code]


@pytest.mark.parametrize("text", ["steps = 1", "steps = [1, 2]", "[steps]\nname = 'ask'"])
def test_steps_that_are_none_are_a_problem_and_no_crash(text):
    assert codes(text) == ["about.kind"]


@pytest.mark.parametrize("count", [1, 11])
def test_a_plan_has_two_to_ten_steps(count):
    assert codes("".join(f'[[steps]]\nname = "s{number}"\naction = "a"\n' for number in range(count))) == ["about.steps"]


POLICIES = st.builds(
    Policy,
    guarantee=st.none() | st.sampled_from(Guarantee),
    expires_after_s=st.none() | st.integers(1, 10_000_000).map(float),
    quiet_hours=st.none() | st.just("21:00-08:00"),
)


@given(
    first=POLICIES,
    later=st.lists(POLICIES, min_size=1, max_size=5),
    key=st.none() | st.text('ab"\\\n', min_size=1),
    shape=st.none() | st.just("sailthru"),
)
def test_what_is_written_of_any_plan_is_read_as_the_same(first, later, key, shape):
    first, *later = (replace(each, shape=shape) for each in (first, *later))
    then = tuple(Step(name=f"s{at}", action="a.b", source="", policy=each) for at, each in enumerate(later))
    made = TemplateSource(
        name="x", title="X", action="a.b", account="b", dialect="jinja", source="",
        policy=replace(first, idempotency=key), step="first", then=then,
    )  # fmt: skip
    about, problems = parse(write(made), "x/about.toml")
    assert problems == []
    assert (about.steps, about.policy) == (made.steps, made.policy)


# -- its samples


def results(preparer, made):
    return [each.problems for each in check.check(preparer, [made])]


def test_a_sample_of_a_plan_tests_every_step(put, preparer):
    assert results(preparer, put()) == [()]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"samples/ada.answers.json": '{"ask": {"old": true}}'}, "welcome: The outcome is suppressed (an old friend)"),
        ({"samples/ada.answers.json": "{}"}, "The step welcome is not reached, and it was expected."),
        ({"samples/ada.expected.json": json.dumps({"ask": ADA})}, "The step welcome is reached, and it was not expected."),
        ({"samples/ada.answers.json": '{"ask": null}'}, "welcome: `steps.ask.answer.old` is missing"),
        ({"samples/ada.expected.json": json.dumps({"ask": {}, "welcome": SENT})}, "ask: /phone is"),
    ],
)
def test_a_sample_fails_at_the_step_that_comes_out_otherwise(put, preparer, files, said):
    [problems] = results(preparer, put(**files))
    assert said in problems[0].detail


def test_what_is_expected_is_written_by_step(put, preparer):
    [(_, prepared)] = check.render_samples(preparer, put(**{"samples/ada.answers.json": '{"ask": {"old": true}}'}))
    assert check.expected_of(prepared) == {"ask": ADA, "welcome": {"outcome": "suppressed", "reason": "an old friend"}}


def test_a_step_that_needs_no_answer_is_known_without_one(put, preparer):
    made = put(**{"welcome.json.j2": WELCOME.split("\n")[1].replace("steps.ask.payload.phone", "phone")})
    [(_, prepared)] = check.render_samples(preparer, replace(made, samples={"ada": {"context": ADA}}))
    assert [each.prepared.payload for each in prepared.then] == [SENT]


def test_a_step_that_needs_one_says_what_it_waits_for(put, preparer):
    [(_, prepared)] = check.render_samples(preparer, replace(put(), samples={"ada": {"context": ADA}}))
    assert [each.as_dict() for each in prepared.then] == [
        {"step": "welcome", "action": "attentive.messages.send", "waits_for": ["ask"]}
    ]


def test_what_does_not_compile_is_told_of_every_step_with_its_name(put, preparer):
    made = put(**{"ask.json.j2": "{% if %}", "welcome.json.j2": "{{ }"})
    [problems] = results(preparer, made)
    assert [each.template for each in problems] == ["ask", "welcome"]
    assert all(each.line == 1 for each in problems)


def test_a_step_of_an_action_that_is_not_there_is_a_problem(put, preparer):
    [[problem]] = results(preparer, put(**{"about.toml": ABOUT.replace("messages.send", "mesages.send")}))
    assert "attentive.messages.send" in problem.hint


# -- what is doubtful


def test_nothing_about_a_good_plan_is_doubtful(put, preparer):
    found = lint.lint_one(preparer, put())
    assert (found.problems, found.warnings) == ((), ())


def test_every_step_is_looked_at(put, preparer):
    found = lint.lint_one(preparer, put(**{"welcome.json.j2": "{% set mediaUrl = 1 %}" + WELCOME}))
    assert [each.code for each in found.warnings] == ["lint.unused"]


def test_a_step_that_no_sample_comes_to_is_untested(put, preparer):
    made = replace(put(), samples={"ada": {"context": ADA, "expected": {"ask": ADA}}})
    assert [each.code for each in lint.lint_one(preparer, made).warnings] == ["lint.step_untested"]
