"""No profile value, whatever it holds, changes the shape of a payload; it comes back from the payload as it went in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from service.rendering import compile

NOW = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)

NASTY = st.sampled_from(
    [*list("\"\\{}[]:,'/%#"), "\u2028", "\u2029", "\n", "\r", "\t", "\x01", "\x1f", "\x7f", "\ufeff", "🎉", "é"]
)
TEXT = st.lists(
    st.one_of(
        NASTY,
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
        st.sampled_from(["{{ x }}", "{% if %}", '", "to": "']),
    ),
    max_size=30,
).map("".join)
NUMBERS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=12,
)

IN_STRING = compile(
    "{% macro say(it) %}{{ it }}{% endmacro %}{% macro box() %}{{ caller() }}{% endmacro %}"
    '{% set kept %}{{ x }}{% endset %}{% set joined = "<" ~ x ~ ">" %}'
    '{ "to": "{{ x }}", "body": "Hi {{ x }}, {% if x %}{{ x }}{% endif %}!", "macro": "{{ say(x) }}", "kept": "{{ kept }}",'
    '  "joined": {{ joined }}, "included": "{% include "it" %}", "loop": "{% for each in [x] %}{{ each }}{% endfor %}",'
    '  "filtered": "{% filter trim("") %}{{ x }}{% endfilter %}", "called": "{% call box() %}{{ x }}{% endcall %}" }',
    snippets={"it": "{{ x }}"},
)
AS_VALUE = compile(
    '{ "a": {{ x }}, "list": [{{ x }}, 1, {% for each in [x, x] %}{{ each }},{% endfor %}], "b": { "c": {{ x }} } }'
)


@given(TEXT)
@example('Bo", "to": "+12025550199')
@example("\\")
@example("</script>\u2028\u2029")
def test_a_text_in_a_string_comes_back_unchanged_and_changes_no_shape(text: str) -> None:
    """S1-27, and the rule that a value is only ever a value."""
    made = IN_STRING.render({"x": text}, now=NOW)
    assert made.problems == ()
    assert made.document == {
        "to": text,
        "body": f"Hi {text}, {text}!",
        "macro": text,
        "kept": text,
        "joined": f"<{text}>",
        "included": text,
        "loop": text,
        "filtered": text,
        "called": text,
    }


@given(VALUES)
@example(0)
@example(-0.0)
@example([[], {}, ""])
@example({'", "to": "': {"__class__": "\\"}})
def test_a_value_outside_of_strings_comes_back_unchanged(value: Any) -> None:
    made = AS_VALUE.render({"x": value}, now=NOW)
    assert made.problems == ()
    assert json.dumps(made.document) == json.dumps({"a": value, "list": [value, 1, value, value], "b": {"c": value}})


@given(st.one_of(st.booleans(), NUMBERS))
def test_a_number_in_a_string_is_its_json_spelling(value: Any) -> None:
    made = compile('{"v": "{{ x }}"}').render({"x": value}, now=NOW)
    assert made.document == {"v": json.dumps(value)}


@given(st.dictionaries(TEXT, VALUES, max_size=6))
def test_hostile_names_in_a_context_reach_nothing(context: dict[str, Any]) -> None:
    program = compile(
        '{"n": {{ range(2) | list }}, "s": "{% for each in [1, 2] %}{{ loop.index }}{% endfor %}", "k": {{ dict(a=1) }}}'
    )
    hostile = dict.fromkeys(("loop", "range", "dict", "self", "caller", "environment", "context", "resolve"), "hostile")
    made = program.render({**context, **hostile}, now=NOW)
    assert made.document == {"n": [0, 1], "s": "12", "k": {"a": 1}}


@given(st.text(st.characters(categories=["Cs"]), min_size=1, max_size=3), TEXT)
def test_half_a_surrogate_pair_is_a_problem_wherever_it_is_printed(half: str, text: str) -> None:
    for source in (
        '{"v": "{{ x }}"}',
        '{"v": {{ x }}}',
        '{"v": {{ [x] }}}',
        '{"v": {{ {x: 1} }}}',
        '{"v": "{{ "a" ~ x }}"}',
    ):
        made = compile(source).render({"x": text + half}, now=NOW)
        pair = (text + half).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        assert [each.code for each in made.problems] == ["render.character"], pair


def test_a_nul_is_a_problem_when_it_is_printed_and_not_before() -> None:
    for source in ('{"v": "{{ x }}"}', '{"v": {{ x }}}', '{"v": {{ [x] }}}', '{"v": {{ {x: 1} }}}'):
        assert [each.code for each in compile(source).render({"x": "a\0"}, now=NOW).problems] == ["render.character"]
    assert compile('{"v": {{ x | length }}}').render({"x": "a\0"}, now=NOW).document == {"v": 2}
