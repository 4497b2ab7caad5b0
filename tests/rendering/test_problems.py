"""A template that does not compile says where and what to do; nothing but TemplateInvalid comes out of the compiler."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.errors import BurgeeError, TemplateInvalid
from service.rendering import Program, compile, compile_text


@pytest.mark.parametrize(
    ("source", "code", "place", "hint"),
    [
        ('{"a": "{% if x %}1{% elseif y %}2{% endif %}"}', "template.unknown_tag", (1, 22), "elif"),
        ('{"a": "{% if x %}1{% else if y %}2{% endif %}"}', "template.syntax", (1, 27), "%}"),
        ("{% do x.append(1) %}1", "template.unknown_tag", (1, 4), "set"),
        ("{% for x in y %}{% break %}{% endfor %}", "template.unknown_tag", (1, 20), "if"),
        ("{% forr x in y %}{% endfor %}", "template.unknown_tag", (1, 4), "for"),
        ("\n{% if x %}1", "template.not_closed", None, "endif"),
        ("{% for x in y %}1{% endif %}", "template.unknown_tag", (1, 21), "endfor"),
        ("1{% endif %}", "template.unknown_tag", (1, 5), "no open tag"),
        ("{# never closed", "template.not_closed", (1, 3), "#}"),
        ("{% raw %} never closed", "template.not_closed", (1, 10), "endraw"),
        ('"{{ name "', "template.syntax", (1, 10), "quote"),
        ('"{{ name nick }}"', "template.syntax", (1, 10), "~"),
        ('"{{ a && b }}"', "template.syntax", (1, 7), "and"),
        ('"{{ }}"', "template.syntax", (1, 5), None),
        ("{% if x = 1 %}{% endif %}", "template.syntax", (1, 9), "=="),
        ('"{{ x | uper }}"', "template.unknown_filter", (1, 9), "upper"),
        ('"{{ x is define }}"', "template.unknown_test", (1, 7), "defined"),
        ('"{{ x is not define }}"', "template.unknown_test", (1, 7), "defined"),
        ('"{{ upper(x) }}"', "template.unknown_function", (1, 5), "x | upper".replace("x", "value")),
        ("{% macro m(a, a) %}{% endmacro %}1", "template.syntax", (1, 4), "Remove"),
        ('"{{ x | round(precision=1, precision=2) }}"', "template.syntax", (1, 38), "Remove"),
        ('"{{ 99999999999999999999 ~ ' + "9" * 100 + ' }}"', "template.number", (1, 28), "quotes"),
        ("a\x00b", "template.character", (1, 2), "Remove"),
        ("\ud800", "template.character", (1, 1), "Remove"),
    ],
)
def test_errors_have_a_place_and_a_hint(source: str, code: str, place: tuple[int, int] | None, hint: str | None) -> None:
    with pytest.raises(TemplateInvalid) as caught:
        compile(source)
    problem = caught.value.problems[0]
    assert problem.code == code, problem
    if place:
        assert (problem.line, problem.column) == place, problem
    if hint:
        assert hint in (problem.hint or ""), problem
    assert problem.detail.endswith(".")


def test_every_problem_of_a_source_and_its_snippets_is_told_at_once() -> None:
    source = (
        '{"a": "{{ x | uper }}",\n'
        ' "{{ k }}": {{ n }}{{ n }},\n'
        ' "b": {% include "nope" %}, "c": {{ x is gone }}{% include "s" %}}'
    )
    with pytest.raises(TemplateInvalid) as caught:
        compile(source, snippets={"s": "{{ y | lowr }}"})
    assert sorted((each.template or "", each.line, each.code) for each in caught.value.problems) == [
        ("", 1, "template.unknown_filter"),
        ("", 2, "template.glued"),
        ("", 2, "template.key"),
        ("", 3, "template.glued"),
        ("", 3, "template.unknown_snippet"),
        ("", 3, "template.unknown_test"),
        ("s", 1, "template.unknown_filter"),
    ]


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(TemplateInvalid):
        compile("1", dialect="mustache")


MARKS = r"""
    {{ }} {% %} {# #} {%- -}} " ' \ { } [ ] ( ) , : | . ~ = == - * ** % if else elif endif for in
    endfor set endset macro endmacro call x y loop self super() caller() recursive import include
    from as block endblock extends 's' 1 2.5 1e9 true none not and is defined upper default
    range(3) namespace() raw endraw with endwith filter endfilter autoescape é {{x}} suppress('x')
    ns.x x[0] x.y.z *a **k
"""
TAGS = ["{% if x %}", "{% endif %}", "{% for x in y %}", "{% endfor %}", "{% set z = x %}", "{% include 's' %}", "{{ x }}"]
SPACED = [f" {each} " for each in MARKS.split()]
PIECES = st.sampled_from([*MARKS.split(), *SPACED, *TAGS, " ", "\n", "\u2028", "\0", "\ud800", '{"a": '])
CONTEXTS = st.fixed_dictionaries(
    {
        "x": st.one_of(st.none(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=3)),
        "y": st.lists(st.text(max_size=3)),
    }
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join), CONTEXTS)
@example("{% for x in y recursive %}{{ loop(x) }}{% endfor %}", {"x": 1, "y": ["a"]})
@example("{{ x.y.z(*a, **k) }}", {"x": 1, "y": []})
def test_no_source_raises_anything_but_template_invalid(source: str, context: dict[str, Any]) -> None:
    try:
        program = compile(source, snippets={"s": "{{ x }}"})
    except TemplateInvalid as error:
        assert error.problems
        assert not any("can not be compiled" in each.detail for each in error.problems), error.problems
        return
    made = program.render(context, now=None)  # type: ignore[arg-type]
    assert isinstance(program, Program)
    assert bool(made.problems) + (made.suppressed is not None) <= 1


EXPRESSIONS = st.recursive(
    st.sampled_from(
        ["x", "y", "1", "2.5", "'a'", "none", "true", "nope", "x.a", "y[0]", "[]", "{}", "ns", "m", "loop", "ns.v"]
    ),
    lambda inner: st.one_of(
        st.tuples(
            inner, st.sampled_from(["+", "-", "*", "/", "//", "**", "%", "~", "==", "<", "in", "and", "or", "not in"]), inner
        ).map(lambda each: f"({each[0]} {each[1]} {each[2]})"),
        st.tuples(
            inner,
            st.sampled_from(sorted(each for each in ["upper", "list", "first", "sort", "join", "length", "int", "tojson"])),
        ).map(lambda each: f"({each[0]} | {each[1]})"),
        st.tuples(inner, st.sampled_from(["a", "items", "keys", "get", "upper", "__class__"])).map(
            lambda each: f"{each[0]}.{each[1]}"
        ),
        st.tuples(inner, st.sampled_from(["items", "keys", "get", "upper", "split", "index", "x"]), inner).map(
            lambda each: f"{each[0]}.{each[1]}({each[2]})"
        ),
        st.tuples(inner, inner).map(lambda each: f"{each[0]}[{each[1]}]"),
        st.tuples(inner, inner).map(lambda each: f"{each[0]}[{each[1]}:]"),
        st.tuples(inner, inner).map(lambda each: f"[{each[0]}, {each[1]}]"),
        st.tuples(inner, inner).map(lambda each: f"{{{each[0]}: {each[1]}}}"),
        st.tuples(inner, inner, inner).map(lambda each: f"({each[0]} if {each[1]} else {each[2]})"),
        inner.map(lambda each: f"m({each})"),
        inner.map(lambda each: f"(-{each})"),
        inner.map(lambda each: f"({each} is defined)"),
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(EXPRESSIONS, CONTEXTS)
def test_every_expression_ends_as_a_value_or_a_problem_in_words(expression: str, context: dict[str, Any]) -> None:
    frame = "{%% macro m(v) %%}<{{ v }}>{%% endmacro %%}{%% set ns = namespace(v=1) %%}%s"
    for use in (
        '{"v": {{ ' + expression + ' }}, "w": "{{ ' + expression + ' }}"}',
        "{% if " + expression + " %}1{% else %}2{% endif %}",
    ):
        made = compile(frame.replace("%%", "%").replace("%s", use)).render(context, now=None)  # type: ignore[arg-type]
        for each in made.problems:
            assert each.line is not None, each
            assert "0x" not in each.detail
            assert "object at" not in f"{each.detail} {each.hint}"


class TestTextPrograms:
    def test_write_plain_text(self, now: Any) -> None:
        program = compile_text('{{ event.id }}-{{ profile.keys.sms | default("none") }} "{{ x }}"')
        assert program.render({"event": {"id": 7}, "profile": {}, "x": '"'}, now=now) == '7-none """'

    def test_raise_with_every_problem(self, now: Any) -> None:
        with pytest.raises(BurgeeError) as caught:
            compile_text("{{ a.b }}{{ c }}").render({"a": {}}, now=now)
        assert [each.code for each in caught.value.problems] == ["render.missing"] * 2
        with pytest.raises(BurgeeError):
            compile_text("{{ suppress() }}").render({}, now=now)
        with pytest.raises(TemplateInvalid):
            compile_text("{{ a ")
