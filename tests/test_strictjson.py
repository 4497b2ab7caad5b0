"""Reading JSON from outside: what is accepted comes back unchanged, what is refused is named with its place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import strictjson
from service.errors import NotReadable

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**255), 2**255) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


def problem_of(body: bytes | str):
    with pytest.raises(NotReadable) as caught:
        strictjson.read(body)
    [problem] = caught.value.problems
    return problem


@given(VALUES, st.sampled_from([b"", b"\xef\xbb\xbf", b"\n\r\n\t "]), st.booleans())
def test_any_value_comes_back_unchanged_whatever_stands_before_it(value, before, ascii_only):
    assert strictjson.read(before + json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(VALUES)
def test_the_slow_reader_agrees_with_the_fast_one_and_knows_every_place(value):
    text = json.dumps(value)
    explainer = strictjson.Explainer(text)
    assert explainer.value() == value
    for pointer, offset in explainer.offsets.items():
        found = value
        for step in pointer.split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            found = found[int(step)] if isinstance(found, list) else found[step]
        assert json.JSONDecoder().raw_decode(text, offset)[0] == found


NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
MEMBERS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "a b"]), NUMBERS | st.sampled_from(['"a b"', "null", "[ 1 ]"])), max_size=4
)


@given(MEMBERS, st.sampled_from([",", ", ", " ,\n"]))
def test_the_quick_way_gives_what_the_strict_one_gives_or_nothing(members, comma):
    text = "{" + comma.join(f'"{name}": {value}' for name, value in members) + "}"
    quick = strictjson._plain(text)
    if quick is not None:
        assert repr(quick) == repr(strictjson.Explainer(text).value())


def test_the_quick_way_is_taken_by_what_flows_send():
    body = '{"profile": {"vars": {"first_name": "Zoë", "points": 320, "share": 0.25}, "lists": ["VIP", "News letter"]}}'
    assert strictjson._plain(body) == json.loads(body)


@given(st.binary(max_size=60) | st.text('{}[]",:\\tu0dn18e+-.N \n', max_size=40).map(str.encode))
def test_no_body_does_anything_but_be_read_or_be_refused(body):
    try:
        value = strictjson.read(body)
    except NotReadable as error:
        assert error.problems
    else:
        assert json.loads(body.decode("utf-8-sig")) == value


@given(VALUES)
def test_the_same_value_is_always_written_as_the_same_bytes(value):
    assert strictjson.read(strictjson.write(value)) == value
    assert strictjson.write(strictjson.read(strictjson.write(value))) == strictjson.write(value)


@pytest.mark.parametrize(
    ("body", "code", "line", "column"),
    [
        (b'{"n": ' + b"9" * 5000 + b"}", "json.number", 1, 7),
        (b'{"n": ' + str(2**256).encode() + b"}", "json.number", 1, 7),
        (b'{"n": 1e400}', "json.number", 1, 7),
        (b'{"n": NaN}', "json.not_finite", 1, 7),
        (b'{"n": -Infinity}', "json.not_finite", 1, 7),
        (b"[" * 3000, "json.too_deep", 1, 65),
        (b'{"a": "\\ud83d"}', "json.surrogate", 1, 7),
        (b'{"\\ud83d": 1}', "json.surrogate", 1, 2),
        (b'{"a": 1,\n "a": 2}', "json.duplicate_key", 2, 2),
        (b'{"a": "x\ny"}', "json.control", 1, 9),
        (b'{"a": "\\q"}', "json.escape", 1, 8),
        (b'{"a": "x', "json.syntax", 1, 9),
        (b'{"a": 1,}', "json.syntax", 1, 9),
        (b'{"a": 01}', "json.syntax", 1, 8),
        (b"{'a': 1}", "json.syntax", 1, 2),
        (b'{"a": 1}}', "json.syntax", 1, 9),
    ],
)
def test_a_fault_is_named_with_its_line_and_column(body, code, line, column):
    problem = problem_of(body)
    assert (problem.code, problem.line, problem.column) == (code, line, column)
    assert len(problem.detail) < 200


@pytest.mark.parametrize(
    ("body", "line", "column", "cause"),
    [
        ('{"body": "Ada\nLovelace"}', 1, 14, "\\n for a line break"),
        ('{"body": "Ada "Countess" Lovelace"}', 1, 16, "double quote inside a text"),
        ('{"body": "Ada"\n "to": 1}', 2, 2, "a comma"),
        ('{"n": {profile.vars.points}}', 1, 8, "tag that was not filled in"),
        ('{"n": {{ points }}}', 1, 8, "tag that was not filled in"),
        ('{name = "Ada"}\n{ "to": 1 }', 1, 2, "tag that was not filled in"),
        ('{% set x = 1 %}{"to": 1}', 1, 2, "tag that was not filled in"),
        ('{"n": , "to": 1}', 1, 7, "printed nothing"),
        ('{"n": }', 1, 7, "printed nothing"),
        ('{"n": [1, 2,]}', 1, 13, "Remove the comma"),
        ('{"n": 1,\n}', 2, 1, "Remove the comma"),
        ("{“n”: 1}", 1, 2, "double quotes"),
        ('{"n": “x”}', 1, 7, "curly quotes"),
        ("{'n': 1}", 1, 2, "double quotes"),
    ],
)
def test_the_likely_cause_is_named_beside_the_place(body, line, column, cause):
    problem = problem_of(body)
    assert (problem.line, problem.column) == (line, column)
    assert cause in problem.hint


def test_a_duplicate_key_is_named_with_the_object_it_stands_in():
    problem = problem_of(b'{"profile": {"keys": {"sms": 1, "sms": 2}}}')
    assert problem.pointer == "/profile/keys"
    assert '"sms"' in problem.detail


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json.empty"),
        (b" \n ", "json.empty"),
        (b"\xff\xfe{\x00", "json.not_utf8"),
        ("{}".encode("utf-16"), "json.not_utf8"),
    ],
)
def test_what_is_empty_or_not_utf8_is_said_so(body, code):
    assert problem_of(body).code == code


def test_brackets_inside_text_do_not_count_as_nesting():
    body = json.dumps({"body": "[{" * 500}).encode()
    assert strictjson.read(body) == {"body": "[{" * 500}


def test_whole_surrogate_pairs_are_characters():
    assert strictjson.read(b'"\\ud83d\\ude00"') == "\U0001f600"


def test_integers_stay_exact_to_256_bits():
    assert strictjson.read(str(2**256 - 1)) == 2**256 - 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"[1]", "a list"), (b'"x"', "text"), (b"1", "a number"), (b"null", "null"), (b"true", "true or false")],
)
def test_an_object_is_needed_at_the_top(body, kind):
    with pytest.raises(NotReadable, match=kind):
        strictjson.read_object(body)


@given(TEXT)
def test_a_step_of_a_pointer_is_escaped(key):
    assert strictjson.step("", key).removeprefix("/").replace("~1", "/").replace("~0", "~") == key
