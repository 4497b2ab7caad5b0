"""Golden samples: what passes, what fails, and in which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.authoring.check import check, compare, differences, expected_of
from service.delivery.prepare import Prepared
from service.errors import Problem
from service.model import Outcome

SOURCE = """{% if stop %}{{ suppress("told to stop") }}{% endif %}
{ "to": "{{ to }}", "body": "Hello", "subscriptionType": "MARKETING", "useShortLinks": false, "skipFatigue": false }"""
GOOD = {"to": "+12025550143", "stop": False}
PAYLOAD = {
    "to": "+12025550143",
    "body": "Hello",
    "subscriptionType": "MARKETING",
    "useShortLinks": False,
    "skipFatigue": False,
}
STOPPED = {"outcome": "suppressed", "reason": "told to stop"}


def problems(preparer, template, context, expected):
    (result,) = check(preparer, [template(SOURCE, {"s": {"context": context, "expected": expected}})])
    assert result.passed == (not result.problems)
    return [(each.code, each.pointer) for each in result.problems]


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (GOOD, PAYLOAD),
        (GOOD, None),
        ({**GOOD, "stop": True}, STOPPED),
        ({**GOOD, "stop": True}, {"outcome": "suppressed"}),
        ({**GOOD, "stop": True}, None),
        ({**GOOD, "to": "x"}, {"outcome": "invalid"}),
    ],
)
def test_what_comes_out_as_written_passes(preparer, template, context, expected):
    assert problems(preparer, template, context, expected) == []


@pytest.mark.parametrize(
    ("context", "expected", "found"),
    [
        (GOOD, {**PAYLOAD, "body": "Bye"}, [("sample.differs", "/body")]),
        (GOOD, {**PAYLOAD, "messageName": "x"}, [("sample.differs", "/messageName")]),
        (GOOD, {"to": "+12025550143"}, [("sample.differs", f"/{key}") for key in list(PAYLOAD)[1:]]),
        (GOOD, {**PAYLOAD, "useShortLinks": 0}, [("sample.differs", "/useShortLinks")]),
        (GOOD, STOPPED, [("sample.outcome", "")]),
        ({**GOOD, "stop": True}, PAYLOAD, [("sample.outcome", "")]),
        ({**GOOD, "stop": True}, {"outcome": "suppressed", "reason": "another"}, [("sample.differs", "")]),
        (GOOD, {"outcome": "invalid"}, [("sample.outcome", "")]),
        ({**GOOD, "to": "x"}, {"outcome": "invalid", "problems": ["payload.none"]}, [("sample.differs", "")]),
    ],
)
def test_what_comes_out_otherwise_fails_with_each_place(preparer, template, context, expected, found):
    assert problems(preparer, template, context, expected) == found


@pytest.mark.parametrize("expected", [None, PAYLOAD, STOPPED])
def test_a_sample_that_is_not_valid_fails_with_its_own_problems(preparer, template, expected):
    assert problems(preparer, template, {**GOOD, "to": "x"}, expected)[0][1] == "/to"


def test_a_template_that_cannot_be_used_fails_once_and_not_for_every_sample(preparer, template):
    samples = {"a": GOOD, "b": GOOD}
    broken, lost = template("{{ ", samples), template(SOURCE, samples, action="attentive.message.send")
    found = list(check(preparer, [broken, lost]))
    assert [(each.sample, each.passed) for each in found] == [(None, False), (None, False)]
    assert found[1].problems[0].code == "template.action"


outcomes = st.one_of(
    st.builds(lambda text: Prepared(Outcome.VALID, payload={"body": text}), st.text()),
    st.builds(lambda text: Prepared(Outcome.SUPPRESSED, reason=text), st.text()),
    st.builds(
        lambda words: Prepared(Outcome.INVALID, problems=tuple(Problem(word, "x") for word in words)), st.lists(st.text())
    ),
)


@given(outcomes)
def test_what_update_writes_is_what_passes(prepared):
    assert list(compare(expected_of(prepared), prepared)) == []


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(values, values)
def test_two_values_differ_in_at_least_one_place_or_are_the_same(one, other):
    same = repr(sorted_deep(one)) == repr(sorted_deep(other))
    assert (not list(differences(one, other))) == same
    assert list(differences(one, one)) == []


def sorted_deep(value):
    """With keys in order, so that the text of equal values is equal; -0.0 is 0.0."""
    if isinstance(value, dict):
        return {key: sorted_deep(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [sorted_deep(each) for each in value]
    return 0.0 if isinstance(value, float) and value == 0 else value
