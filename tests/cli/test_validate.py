"""`burgee validate`: ready payloads against their action, one or many."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ACTION = "attentive.messages.send"
GOOD = {"to": "+12025550143", "body": "Doors open at 9", "subscriptionType": "MARKETING"}
BAD = {"to": "1202", "body": "{", "subscriptionType": "NEWS"}


@pytest.fixture(scope="module")
def validate(burgee):
    def run(body, *more, action=ACTION):
        return burgee("validate", action, "-", *more, stdin=body if isinstance(body, bytes | str) else json.dumps(body))

    return run


def test_a_valid_payload_exits_with_0_and_shows_what_would_be_sent(validate):
    ran = validate(GOOD, "--json")
    assert ran.status == 0
    assert (ran.json["outcome"], ran.json["payload"]) == ("valid", {**GOOD, "useShortLinks": False, "skipFatigue": False})
    assert validate(GOOD).out == "Valid.\n"


def test_every_problem_is_shown_at_once_with_its_pointer(validate):
    ran = validate(BAD, "--json")
    assert ran.status == 3
    assert {each["pointer"] for each in ran.json["problems"]} == {"/to", "/body", "/subscriptionType"}
    assert all(each["detail"] and each["code"] for each in ran.json["problems"])
    said = validate(BAD).err
    assert all(pointer in said for pointer in ("/to", "/body", "/subscriptionType"))


def test_many_payloads_give_one_result_a_line_and_a_summary(validate):
    lines = "\n".join([json.dumps(GOOD), "", json.dumps(BAD), "not json", json.dumps(GOOD)])
    ran = validate(lines, "--ndjson", "--json")
    assert ran.status == 3
    *results, summary = ran.lines
    assert [(each["line"], each["outcome"]) for each in results] == [
        (1, "valid"),
        (3, "invalid"),
        (4, "invalid"),
        (5, "valid"),
    ]
    assert results[2]["problems"][0]["code"] == "json.syntax"
    assert summary == {"checked": 4, "valid": 2, "invalid": 2}
    people = validate(lines, "--ndjson")
    assert "line 3: not valid" in people.out
    assert "4 checked, 2 valid, 2 not valid" in people.err


def test_many_good_payloads_exit_with_0(validate):
    assert validate("\n".join([json.dumps(GOOD)] * 3), "--ndjson").status == 0


@pytest.mark.parametrize("arguments", [("attentive.message.send", "-"), (ACTION, "/nowhere.json"), (ACTION,), ()])
def test_wrong_usage_exits_with_2(burgee, arguments):
    ran = burgee("validate", *arguments, stdin="{}")
    assert ran.status == 2
    assert ran.out == ""


def test_an_action_that_is_nearly_right_is_answered_with_the_right_one(burgee):
    assert ACTION in burgee("validate", "attentive.message.send", "-", stdin="{}").err


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_get_an_answer(validate, body):
    for more in ((), ("--ndjson",)):
        ran = validate(body, "--json", *more)
        assert ran.status in (0, 3)
        assert ran.err == ""
