"""One function prepares for preview, dry run, send and replay."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import strictjson
from service.actions import Actions
from service.delivery.prepare import KEPT_PROGRAMS, Preparer, canonical, seed_of
from service.errors import TemplateInvalid
from service.model import Account, Outcome, Policy, TemplateSource, Version
from service.settings import packaged

NOW = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)
ACTIONS = Actions.load(packaged("schemas"))
SEND = ACTIONS["attentive.messages.send"]
PREPARER = Preparer(ACTIONS)
HELLO = """{
  "to": "{{ to }}",
  "body": "Hello {{ name }}",
  "subscriptionType": "MARKETING"
}"""
ADA = {"to": "+12025550143", "name": "Ada"}
BRAND = Account(
    name="default", destination="attentive", base_url="https://vendor.example.com", token_from="env:T", brand_prefix="Shop: "
)


def prepare(source: str = HELLO, context: Any = ADA, policy: Policy | None = None, **more: Any) -> Any:
    return PREPARER.prepare(PREPARER.compile(source), SEND, policy or Policy(), context, now=NOW, **more)


def version(id: str, source: str = HELLO, **policy: Any) -> Version:
    template = TemplateSource(
        name="hello",
        title="Hello",
        action=SEND.name,
        account="default",
        dialect="jinja",
        source=source,
        policy=Policy(**policy),
    )
    return Version(id=id, number=1, template=template, digest="", live=True, note=None, created_by=None, created_at=NOW)


def test_a_valid_context_becomes_the_bytes_that_are_sent():
    prepared = prepare()
    assert prepared.outcome is Outcome.VALID
    assert prepared.payload == {
        "to": "+12025550143",
        "body": "Hello Ada",
        "subscriptionType": "MARKETING",
        "useShortLinks": False,
        "skipFatigue": False,
    }
    assert prepared.body == strictjson.write(prepared.payload)
    assert prepared.digest == hashlib.sha256(prepared.body).hexdigest()


def test_a_preview_reports_the_text_with_the_accounts_prefix():
    bare, branded = prepare().sms, prepare(account=BRAND).sms
    assert (branded["encoding"], branded["segments"]) == ("GSM-7", 1)
    assert branded["units"] - bare["units"] == branded["prefix_units"] == len("Shop: ")


def test_the_answer_of_a_preview_has_its_documented_fields():
    assert prepare().as_dict().keys() == {"payload", "digest", "outcome", "problems", "warnings", "sms"}
    stopped = prepare('{{ suppress("no phone number") }}').as_dict()
    assert (stopped["outcome"], stopped["reason"], stopped["payload"]) == ("suppressed", "no phone number", None)


def test_a_problem_of_the_payload_names_the_line_of_the_template_that_wrote_the_field():
    prepared = prepare(context={**ADA, "to": "2025550143"})
    assert prepared.outcome is Outcome.INVALID
    [problem] = prepared.problems
    assert (problem.pointer, problem.line) == ("/to", 2)
    assert prepared.body is None
    assert prepared.digest is None


def test_a_field_that_is_missing_is_placed_at_the_object_that_should_have_it():
    prepared = prepare('{ "to": "{{ to }}", "subscriptionType": "MARKETING" }')
    assert [(each.pointer, each.line, each.column) for each in prepared.problems] == [("/body", 1, 1)]


def test_all_problems_come_at_once():
    prepared = prepare('{ "to": "{{ name }}", "body": "{", "subscriptionType": "LOUD" }')
    assert {each.pointer for each in prepared.problems} == {"/to", "/body", "/subscriptionType"}


def test_a_missing_value_is_a_problem_unless_the_policy_has_words_for_it():
    source, context = HELLO.replace("name", "profile.name"), {"to": "+12025550143", "profile": {}}
    assert prepare(source, context).outcome is Outcome.INVALID
    prepared = prepare(source, context, Policy(missing={"profile.name": "there"}))
    assert prepared.payload["body"] == "Hello there"


@pytest.mark.parametrize("text", ["{", "a } b", "{{ name }}", "%%NAME%%", "*|NAME|*", "[[name]]", "profile.vars.name"])
def test_what_the_vendor_would_drop_without_a_word_is_refused_with_and_without_details(text):  # S1-33
    for detail in (True, False):
        prepared = prepare(context={**ADA, "name": text}, detail=detail)
        assert prepared.outcome is Outcome.INVALID
        assert [each.pointer for each in prepared.problems] == ["/body"]


MARKS = st.text(st.sampled_from("{}%[]|*() aAprofile.event_"), max_size=12) | st.text(max_size=12)


@given(name=MARKS, to=st.sampled_from(["+12025550143", "", "202"]))
def test_details_never_change_the_outcome(name, to):
    context = {"name": name, "to": to}
    full, quick = prepare(context=context), prepare(context=context, detail=False)
    assert (full.outcome, full.body, full.digest, full.problems) == (quick.outcome, quick.body, quick.digest, quick.problems)
    assert quick.sms is None


BULK = ACTIONS["attentive.messages.send-bulk"]


def bulk(*bodies: str, **facts: Any) -> list[dict[str, Any]]:
    return [
        {"to": f"+120255501{at:02}", "body": body, "subscriptionType": "MARKETING", **facts}
        for at, body in enumerate(bodies)
    ]


def test_a_bulk_reports_its_longest_text_and_what_all_of_them_take():
    found = PREPARER.check(BULK, bulk("Doors open at 9", "a" * 200, "It’s on"), account=BRAND).sms
    assert (found["pointer"], found["messages"], found["total_segments"]) == ("/1", 3, 4)
    assert (found["encoding"], found["segments"], found["prefix_units"]) == ("GSM-7", 2, len("Shop: "))


def test_each_text_of_a_bulk_is_looked_at_as_a_single_one_is():
    single = PREPARER.check(SEND, bulk("See http://bit.ly/x !!!")[0])
    many = PREPARER.check(BULK, bulk("Doors open at 9", "See http://bit.ly/x !!!"))
    assert single.warnings
    assert [(each.code, each.pointer) for each in many.warnings] == [
        (each.code, f"/1{each.pointer}") for each in single.warnings
    ]


@pytest.mark.parametrize("detail", [True, False])
def test_a_text_of_a_bulk_that_was_not_filled_refuses_the_bulk(detail):  # S1-33
    prepared = PREPARER.check(BULK, bulk("Doors open at 9", "Hi %%NAME%%", "Hi {name}"), detail=detail)
    assert prepared.outcome is Outcome.INVALID
    assert {(each.code, each.pointer) for each in prepared.problems} == {
        ("sms.leftover_markup", "/1/body"),
        ("payload.braces", "/2/body"),
    }
    assert (prepared.sms is None) is not detail


def test_what_thousands_of_texts_have_in_common_is_said_once():
    prepared = PREPARER.check(BULK, bulk(*["See http://bit.ly/x"] * 2000, skipFatigue=True))
    assert [(each.code, each.pointer) for each in prepared.warnings] == [
        ("sms.fatigue", "/0/skipFatigue"),
        ("sms.public_shortener", "/0/body"),
        ("sms.link_not_https", "/0/body"),
    ]


@given(st.lists(st.builds(lambda name: bulk(name)[0], MARKS) | st.none() | st.just({}) | st.text(max_size=3), max_size=4))
def test_details_never_change_the_outcome_of_a_bulk(document):
    full, quick = PREPARER.check(BULK, document), PREPARER.check(BULK, document, detail=False)
    assert (full.outcome, full.body, full.problems) == (quick.outcome, quick.body, quick.problems)


def test_the_default_seed_is_that_of_the_context_however_it_was_spaced():
    first, second = (strictjson.read(text) for text in ('{"a": 1, "b": [2.5]}', '\n{"a":1,"b":[2.50]}'))
    assert seed_of(canonical(first)) == seed_of(canonical(second))
    assert seed_of(canonical(first)) != seed_of(canonical({"a": 2}))


def test_integers_beyond_64_bits_are_kept_whole():
    assert strictjson.read(canonical({"id": 2**70})) == {"id": 2**70}


def test_a_version_is_compiled_once_and_the_oldest_programs_go_first():
    preparer = Preparer(ACTIONS)
    first = preparer.program(version("ver_1"))
    assert preparer.program(version("ver_1")) is first
    for number in range(KEPT_PROGRAMS):
        preparer._programs.get(f"ver_other{number}", lambda: first)
    assert len(preparer._programs._made) == KEPT_PROGRAMS
    assert preparer.program(version("ver_1")) is not first


def test_a_version_that_does_not_compile_says_where():
    with pytest.raises(TemplateInvalid) as error:
        PREPARER.program(version("ver_broken", '{ "body": "{{ name" }'))
    assert error.value.problems[0].line == 1


def test_a_ready_payload_is_checked_by_the_same_rules():
    assert (
        PREPARER.check(SEND, {"to": "+12025550143", "body": "Hi", "subscriptionType": "MARKETING"}).outcome is Outcome.VALID
    )
    assert (
        PREPARER.check(SEND, {"to": "+12025550143", "body": "{", "subscriptionType": "MARKETING"}).outcome is Outcome.INVALID
    )
    assert PREPARER.check(SEND, ["no", "object"]).outcome is Outcome.INVALID


def test_a_source_that_is_not_kept_is_compiled_once_for_a_while_and_never_taken_for_another():
    preparer = Preparer(ACTIONS)
    first = preparer.compile('{"a": 1}')
    assert preparer.compile('{"a": 1}') is first
    assert preparer.compile('{"a": 1}', snippets={"x": ""}) is not first
    assert preparer.compile('{"a": 1}', name="other") is not first
    assert preparer.compile('{"a": 1}', dialect="zephyr") is not first


def test_a_source_that_is_no_text_does_not_compile_and_does_nothing_worse():
    with pytest.raises(TemplateInvalid, match="U\\+D800"):
        Preparer(ACTIONS).compile('{"a": "\ud800"}')
