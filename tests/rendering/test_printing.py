"""What may be printed is an allow-list by type; everything else is a problem that names the expression."""

from __future__ import annotations

import re
from typing import Any

import pytest

DATA: dict[str, Any] = {"n": 5, "f": 2.5, "t": True, "z": None, "rows": [1, 2], "o": {"a": 1}, "s": "x", "big": 2**300}


@pytest.mark.parametrize(
    ("expression", "in_string", "outside"),
    [
        ("s", "x", "x"),
        ("n", "5", 5),
        ("f", "2.5", 2.5),
        ("1.0", "1.0", 1.0),
        ("-0.5", "-0.5", -0.5),
        ("1e22", "1e+22", 1e22),
        ("t", "true", True),
        ("not t", "false", False),
        ("2 ** 64 - 1", "18446744073709551615", 18446744073709551615),
        ("rows", "render.not_text", [1, 2]),
        ("o", "render.not_text", {"a": 1}),
        ("[s, [n, {s: t}], z]", "render.not_text", ["x", [5, {"x": True}], None]),
        ("(1, 2)", "render.not_text", [1, 2]),
        ("1, 2", "render.not_text", [1, 2]),
        ("z", "render.null", None),
        ("o.items()", "render.not_text", "render.not_printable"),
        ("o.keys()", "render.not_text", "render.not_printable"),
        ("range(3)", "render.not_text", "render.not_printable"),
        ("namespace(a=1)", "render.not_printable", "render.not_printable"),
        ("m", "render.not_printable", "render.not_printable"),
        ("[m]", "render.not_text", "render.not_printable"),
        ("{'a': o.items()}", "render.not_text", "render.not_printable"),
        ("{1: 2}", "render.not_text", "render.not_printable"),
        ("{none: 2}", "render.not_text", "render.not_printable"),
        ("2 ** 64", "18446744073709551616", "render.number"),
        ("[2 ** 64]", "render.not_text", "render.number"),
        ("big", "render.number", "render.number"),
        ("s ~ rows", "render.not_text", "render.not_text"),
        ("s ~ m", "render.not_printable", "render.not_printable"),
        ("rows | map('string') | map('upper')", "render.not_text", ["1", "2"]),
    ],
)
def test_each_type_is_printed_as_json_or_refused(
    expression: str, in_string: Any, outside: Any, codes: Any, render: Any
) -> None:
    for source, expected in (('{"v": "{{ %s }}"}', in_string), ('{"v": {{ %s }}}', outside)):
        template = "{% macro m() %}{% endmacro %}" + source % expression
        if isinstance(expected, str) and expected.startswith("render."):
            assert codes(template, DATA) == [expected]
        else:
            assert render(template, DATA).document == {"v": expected}


def test_nothing_of_python_shows_in_a_document_or_a_problem(render: Any) -> None:
    expressions = [
        "m",
        "o.items()",
        "namespace(a=1)",
        "range(3)",
        "loop",
        "[m]",
        "m ~ 1",
        "o.keys",
        "rows.append",
        "m.name",
        "z.x",
    ]
    for expression in expressions:
        for frame in ('"{{ %s }}"', "{{ %s }}"):
            source = "{% macro m() %}{% endmacro %}[{% for x in rows %}" + frame % expression + ",{% endfor %}]"
            made = render(source, DATA)
            assert made.problems
            shown = repr(made.document) + "".join(f"{each.detail} {each.hint}" for each in made.problems)
            assert not re.search(r"0x[0-9a-f]{6}|<\w+ |dict_|object at|builtin|NoneType|Undefined|Macro|jinja", shown)


@pytest.mark.parametrize(
    ("value", "code"), [(b"x", "render.not_printable"), ({1}, "render.not_printable"), (object(), "render.not_printable")]
)
def test_values_that_json_does_not_have_are_refused(value: Any, code: str, codes: Any) -> None:
    assert codes('{"v": "{{ v }}"}', {"v": value}) == [code]
    assert codes('{"v": {{ v }}}', {"v": value}) == [code]
    assert codes('{"v": {{ [v] }}}', {"v": value}) == [code]


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_what_is_not_finite_is_refused(value: float, codes: Any) -> None:
    for source in ('{"v": "{{ v }}"}', '{"v": {{ v }}}', '{"v": {{ [v] }}}', '{"v": "{{ v + 1 }}"}'):
        assert codes(source, {"v": value}) == ["render.number"]


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("1 / 0", "render.division"),
        ("5 % 0", "render.division"),
        ("5 // 0", "render.division"),
        ("0 ** -1", "render.division"),
        ("s + 1", "render.type"),
        ("s - s", "render.type"),
        ("rows + s", "render.type"),
        ("o + o", "render.type"),
        ("s < 1", "render.type"),
        ("rows < 1", "render.type"),
        ("z < 1", "render.type"),
        ("-s", "render.type"),
        ("1 in n", "render.type"),
        ("rows in o", "render.type"),
        ("{rows: 1}", "render.type"),
        ("(-8) ** 0.5", "render.number"),
        ("rows[s:]", "render.type"),
        ("rows[::0]", "render.type"),
        ("o[1:2]", "render.type"),
        ("'%d' % s", "render.type"),
        ("'%s %s' % s", "render.format"),
        ("'%q' % s", "render.format"),
        ("'%r' % s", "render.format"),
        ("'100%' % s", "render.format"),
        ("dict(**{1: 2})", "render.type"),
        ("dict(rows)", "render.arguments"),
        ("range('3')", "render.type"),
        ("now(1)", "render.arguments"),
        ("s()", "template.unknown_function"),
        ("s | upper(1)", "render.arguments"),
        ("s | replace('x')", "render.arguments"),
        ("s | batch('x')", "render.type"),
        ("[1, 'a'] | sort", "render.type"),
        ("[1, 'a'] | max", "render.type"),
        ("[1, 'a'] | sum", "render.type"),
        ("n | length", "render.filter"),
        ("n | join", "render.type"),
        ("'x' | date", "render.filter"),
        ("n | date('%Q')", "render.filter"),
        ("n | date('%Y', 'Mars/Base')", "render.filter"),
        ("n | date('%Y', '../../etc/passwd')", "render.filter"),
        ("2.5 | money", "render.filter"),
        ("'javascript:alert(1)' | url", "render.filter"),
    ],
)
def test_what_can_not_be_computed_is_a_problem_in_words(expression: str, code: str, codes: Any, render: Any) -> None:
    assert codes('{"v": {{ ' + expression + " }}}", DATA) == [code]
    if not code.startswith("template."):
        (problem,) = render('{"v": {{ ' + expression + " }}}", DATA).problems
        assert problem.line == 1
        assert (problem.column or 0) > 6
        assert "'" not in problem.detail.replace("don't", "")


def test_formatting_with_percent_signs_is_offered_within_limits(value: Any) -> None:
    assert value("'%s is %d, %.2f, %5s|%-5s|%05d %%' % (s, n, f, s, s, n)", DATA) == "x is 5, 2.50,     x|x    |00005 %"
    assert value("'%(a)s' % o", DATA) == "1"
    assert value("'%.1f' | format(f)", DATA) == "2.5"


def test_suppress_ends_a_render_with_its_reason(render: Any, codes: Any) -> None:
    made = render('{% if not o.phone is defined %}{{ suppress("no " ~ "phone") }}{% endif %}{"to": "{{ o.phone }}"}', DATA)
    assert (made.suppressed, made.document, made.problems) == ("no phone", None, ())
    assert render('{{ suppress("why") if t }}{"a": 1}', DATA).suppressed == "why"
    assert render('{{ suppress("why") if not t }}{"a": 1}', DATA).document == {"a": 1}
    assert render('{"a": "{{ z or suppress("none") }}"}', DATA).suppressed == "none"
    assert render('{"a": "{{ nope }}{{ suppress("wins") }}"}', DATA).suppressed == "wins"
    assert render('{% macro m() %}{{ suppress() }}{% endmacro %}{"a": "{{ m() }}"}', DATA).suppressed
    assert codes('{"a": "{{ z | default(suppress("always")) }}"}', DATA) == ["template.suppress"]
