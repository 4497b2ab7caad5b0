"""The two validators never differ: `jsonschema_rs` decides, `jsonschema` explains, on the same rules."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.actions._verdict import is_date_time, is_email

NUMBERS = [0, 1, -1, 1.0, 1.5, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 1e19, 1e300, 2**200, True, False]
PHONES = ["+12025550143", "+12025550143\n", "+1202555014٣", "2025550143"]
LINKS = [
    "https://example.com/a.png",
    "http://example.com",
    "https://example.com/a b",
    "https://example.com/ä",
    "https://",
    "https://a\n",
]
MOMENTS = [
    "2026-02-03T09:15:00Z",
    "2026-02-03T09:15:00",
    "2026-02-03T09:15:00Z\n",
    "2026-02-30T09:15:00Z",
    "２026-02-03T09:15:00Z",
]
WORDS = [
    "MARKETING",
    "marketing",
    "USD",
    "usd",
    "USD\n",
    "en",
    "US",
    "ada@example.com",
    "ada@example",
    "a@b@c.de",
    "{",
    "a}",
]
TEXTS = ["", " ", "\n", "x", "x" * 101, "x" * 201, "\u0000", "\u2028", "\u0085", "\x1c", "é", "😀", "😀" * 100]
OTHERS = [None, [], {}, [None], [{}], {"a": 1}]
VALUES = [*NUMBERS, *PHONES, *LINKS, *MOMENTS, *WORDS, *TEXTS, *OTHERS]
KEYS = ["to", "a", "", "a{", "x" * 201, "a\n", "forceSend", "phone", "email", "user", "customIdentifiers", "clientUserId"]

json_values = st.recursive(
    st.one_of(
        st.sampled_from(VALUES),
        st.text(max_size=20),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.from_regex(r"\+?[0-9]{0,16}\n?", fullmatch=True),
        st.from_regex(r"https?://[ -~]{0,20}\n?", fullmatch=True),
        st.from_regex(
            r"[0-9]{4}-[0-1][0-9]-[0-3][0-9][Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?",
            fullmatch=True,
        ),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)),
    max_leaves=6,
)


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key, each in value.items():
            yield from places(each, (*path, key))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from places(each, (*path, at))


def put(document, path, value):
    if not path:
        return value
    made = copy.deepcopy(document)
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return made


def removed(document, path):
    made = copy.deepcopy(document)
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return made


@st.composite
def spoilt(draw, examples):
    """An example with a few places replaced, removed or added to."""
    document = draw(st.sampled_from(examples))
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(list(places(document))))
        what = draw(st.sampled_from(["replace", "remove", "add"]))
        value = draw(json_values)
        if what == "remove" and path:
            document = removed(document, path)
        elif what == "add":
            document = (
                put(document, (*path, draw(st.sampled_from(KEYS))), value)
                if isinstance(_at(document, path), dict)
                else document
            )
        else:
            document = put(document, path, value)
    return document


def _at(document, path):
    for key in path:
        document = document[key]
    return document


def assert_agreed(action, document):
    verdict = action._verdict
    assert verdict.valid(document) is verdict._slow.is_valid(document), (action.name, document)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_both_validators_agree_on_any_document(actions, data):
    action = actions[data.draw(st.sampled_from(sorted(actions)))]
    assert_agreed(action, data.draw(st.one_of(spoilt(action.examples), json_values)))


def test_both_validators_agree_on_every_value_at_every_place(actions):
    for action in actions.values():
        for example in action.examples:
            for path in places(example):
                for value in VALUES:
                    assert_agreed(action, put(example, path, value))


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_whatever_comes_is_sent_or_explained(actions, data):
    action = actions[data.draw(st.sampled_from(sorted(actions)))]
    document = data.draw(st.one_of(spoilt(action.examples), json_values))
    before = copy.deepcopy(document)
    checked = action.check(document)
    assert document == before
    assert (checked.payload is None) is bool(checked.problems)
    assert "payload.invalid" not in {each.code for each in checked.problems}
    assert all(each.detail.endswith(".") and each.pointer is not None for each in checked.problems)
    assert len({(each.pointer, each.code) for each in checked.problems}) == len(checked.problems)
    if checked.payload is not None:
        assert action.check(checked.payload).payload == checked.payload
        action.guarantee(checked.payload)
        action.recipient(checked.payload)


def test_a_document_with_very_many_faults_is_told_the_first_of_them(actions):
    bulk = actions["attentive.messages.send-bulk"]
    assert 0 < len(bulk.check([{"x": 1}] * 5000).problems) <= 100
    send = actions["attentive.messages.send"]
    assert 0 < len(send.check({f"field{at}": 1 for at in range(5000)}).problems) <= 100


@pytest.mark.parametrize("value", [None, 7, [], {}])
def test_a_format_has_nothing_to_say_of_what_is_no_text(value):
    assert is_date_time(value)
    assert is_email(value)
