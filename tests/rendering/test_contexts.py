"""Escaping follows the JSON context, which is decided while compiling; what has none does not compile."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import TemplateInvalid
from service.rendering import compile

DATA: dict[str, Any] = {
    "name": 'Bo", "to": "+12025550199',
    "n": 5,
    "t": True,
    "rows": [{"t": "x", "p": 1}, {"t": "y", "p": 2}],
    "tree": [{"n": "a", "c": [{"n": 'b"', "c": []}]}, {"n": "d", "c": []}],
}

REFUSED = {
    '{"a": {{ n }}0}': "template.glued",
    '{"a": 1{{ n }}}': "template.glued",
    '{"a": -{{ n }}}': "template.glued",
    '{"a": {{ n }}{{ n }}}': "template.glued",
    '{"a": {{ n }} {{ n }}}': "template.glued",
    '{"a": {{ n }}"b"}': "template.glued",
    '{"a": "b"{{ n }}}': "template.glued",
    '{"a": {{ n }}[1]}': "template.glued",
    "[{% for x in rows %}{{ x.p }}{% endfor %}]": "template.glued",
    '[{% for x in rows %}{{ x.p }}{{ "," if not loop.last }}{% endfor %}]': "template.glued",
    '{"{{ name }}": 1}': "template.key",
    '{"x{{ name }}y" : 1}': "template.key",
    "{ {{ name }}: 1}": "template.key",
    '{"{% if t %}{{ name }}{% endif %}": 1}': "template.key",
    '{"{% include "s" %}": 1}': "template.key",
    '{"a": "\\{{ name }}"}': "template.escape",
    '{"a": "\\u00{{ n }}"}': "template.escape",
    '{"a": "\\{% if t %}n{% endif %}"}': "template.escape",
    '{"a": "\\uZZZZ"}': "template.escape",
    '{"a": "{% if t %}x"{% endif %}}': "template.context",
    '{"a": "{% if t %}x"{% else %}y"{% endif %}}': "template.context",
    '{"a": {% if t %}"x{% endif %}"}': "template.context",
    '{"a": "{% for x in rows %}x", "b": 1{% endfor %}}': "template.context",
    '{"a": {% for x in rows %}"{% endfor %}"}': "template.context",
    '{"a": "{% with q = 1 %}x"{% endwith %}{% if t %}"{% endif %}}': "template.context",
    '{"a": {% for x in tree recursive %}"{{ loop(x.c) }}"{% endfor %}}': "template.context",
    '{"a": "x': "template.open_string",
    '{{% if t %}"a": 1{% endif %}}': "template.brace",
    "{{{ n }}: 1}": "template.brace",
    '{"a": {{ "x" | safe }}}': "template.unknown_filter",
    "{% autoescape false %}{{ name }}{% endautoescape %}": "template.not_offered",
}


@pytest.mark.parametrize("source", REFUSED)
def test_what_has_no_json_context_does_not_compile(source: str) -> None:
    with pytest.raises(TemplateInvalid) as caught:
        compile(source, snippets={"s": "x"})
    problem = caught.value.problems[0]
    assert problem.code == REFUSED[source]
    assert problem.line == 1
    assert problem.column
    assert problem.hint


ACCEPTED: dict[str, Any] = {
    '{"a": {{ n }}, "b": "{{ n }}"}': {"a": 5, "b": "5"},
    '{"a": [{{ n }},{{ n }}]}': {"a": [5, 5]},
    '{"a": {% if t %}{{ n }}{% else %}null{% endif %}}': {"a": 5},
    '{"a": "x{% if t %}y{% endif %}z"}': {"a": "xyz"},
    '{"a": "b{% if t %}c", "d": "e{% endif %}f"}': {"a": "bc", "d": "ef"},
    '{ {% if t %}"a": 1{% endif %} }': {"a": 1},
    '{"a": "\\u00e9\\n{{ n }}"}': {"a": "é\n5"},
    '{"{% if t %}a{% else %}b{% endif %}": 1}': {"a": 1},
    '[{% for x in rows %}{"t": "{{ x.t }}"}{% if not loop.last %},{% endif %}{% endfor %}]': [{"t": "x"}, {"t": "y"}],
    "[{% for x in rows %}{% if not loop.first %},{% endif %}{{ x.p }}{% endfor %}]": [1, 2],
    "[{% for x in rows %}{{ x.p }},{% endfor %}]": [1, 2],
    '{% raw %}{"a": "{{ n }}"}{% endraw %}': {"a": "{{ n }}"},
    '{"a": {{ "x" if not t }}, "b": "{{ "x" if not t }}"}': {"a": None, "b": ""},
    '{"a": "{% for x in tree recursive %}{{ x.n }}({{ loop(x.c) }}){% endfor %}"}': {"a": 'a(b"())d()'},
    '[{% for x in tree recursive %}{"n": "{{ x.n }}", "c": [{{ loop(x.c) }}]},{% endfor %}]': [
        {"n": "a", "c": [{"n": 'b"', "c": []}]},
        {"n": "d", "c": []},
    ],
}


@pytest.mark.parametrize("source", ACCEPTED)
def test_what_has_a_json_context_is_escaped_for_it(source: str, render: Any) -> None:
    made = render(source, DATA)
    assert made.problems == ()
    assert made.document == ACCEPTED[source]


def test_a_value_with_a_quote_and_a_comma_adds_no_field(render: Any) -> None:
    made = render('{ "to": "{{ phone }}", "body": "Hi {{ name }}" }', {**DATA, "phone": "+12025550143"})
    assert made.document == {"to": "+12025550143", "body": 'Hi Bo", "to": "+12025550199'}


def test_captured_text_is_escaped_once_where_it_is_printed(render: Any) -> None:
    source = (
        "{% macro box(t) %}[{{ t }}{{ caller() }}]{% endmacro %}{% set kept | upper %}<{{ name }}>{% endset %}"
        '{"set": "{{ kept }}", "macro": {{ box }}, "call": "{% call box(name) %}\\{{ name }}{% endcall %}",'
        ' "filter": "{% filter lower %}{{ name }}{% endfilter %}", "value": {% filter lower %}{{ name }}{% endfilter %}}'
    ).replace('"macro": {{ box }}, ', "")
    name = DATA["name"]
    assert render(source, DATA).document == {
        "set": f"<{name}>".upper(),
        "call": f"[{name}\\{name}]",
        "filter": name.lower(),
        "value": name.lower(),
    }


def test_json_in_captured_text_is_text_and_the_author_is_told() -> None:
    program = compile('{% set x %}{"q": 1}{% endset %}{"a": {{ x }}, "b": {% include "s" %}}', snippets={"s": '[{"q": 1}]'})
    assert [each.code for each in program.warnings] == ["template.json_in_text"] * 2
    assert program.render({}, now=None).document == {"a": '{"q": 1}', "b": '[{"q": 1}]'}  # type: ignore[arg-type]


def test_tojson_outside_of_strings_does_nothing_and_the_author_is_told(render: Any) -> None:
    program = compile('{"a": {{ n | tojson }}, "b": "{{ rows[0] | tojson }}"}')
    assert [each.code for each in program.warnings] == ["template.tojson"]
    assert render('{"a": {{ n | tojson }}, "b": "{{ rows[0] | tojson }}"}', DATA).document == {
        "a": 5,
        "b": '{"t": "x", "p": 1}',
    }


def test_an_author_can_not_rebind_what_recursive_loops_print(codes: Any) -> None:
    assert codes("[{% for a in tree recursive %}{% with loop = m %}{{ loop(a) }}{% endwith %}{% endfor %}]", DATA) == [
        "template.reserved"
    ]


def test_a_number_never_grows_by_what_stands_beside_it(codes: Any) -> None:
    """Branches that may or may not end in a digit compile; then blanks keep the digits apart."""
    assert codes('{"a": {% if t %}1{% endif %}{{ n }}}', DATA) == ["json.syntax"]
    assert codes('{"a": {% if t %}-{% endif %}{{ n }}}', DATA) == ["json.syntax"]


class TestTheFinalParse:
    @pytest.mark.parametrize(
        ("source", "document"),
        [
            ('{"a": 1,}', {"a": 1}),
            ("[,1,,2,]", [1, 2]),
            ('{,"a": [1,],,}', {"a": [1]}),
            ('{"a": "x, ]",}', {"a": "x, ]"}),
            ('{"a": "line\nbreak\tand tab"}', {"a": "line\nbreak\tand tab"}),
            ('{"a": "line\r\nbreak",}', {"a": "line\nbreak"}),
            ('{"a": 18446744073709551615, "b": -9223372036854775808}', {"a": 2**64 - 1, "b": -(2**63)}),
        ],
    )
    def test_forgives_what_only_authors_write(self, source: str, document: Any, render: Any) -> None:
        assert render(source).document == document

    @pytest.mark.parametrize(
        ("source", "code"),
        [
            ('{"a": 1, "a": 2}', "json.duplicate_key"),
            ('{"a": NaN}', "json.not_finite"),
            ('{"a": -Infinity}', "json.not_finite"),
            ('{"a": 1e999}', "json.number"),
            ('{"a": 18446744073709551616}', "json.number"),
            ('{"a": ' + "9" * 5000 + "}", "json.number"),
            ('{"a": 1,} x', "json.syntax"),
            ('{"a":,}', "json.syntax"),
            ('{"a" 1}', "json.syntax"),
            ('{"a": "\\x"}', "json.escape"),
            ('{"a": "\\ud83d"}', "json.surrogate"),
            ('{"a": "\\u0000"}', "json.character"),
            ("[" * 65 + "]" * 65, "json.too_deep"),
            ("[" * 9000 + "]" * 9000, "json.too_deep"),
            ("  ", "render.empty"),
        ],
    )
    def test_refuses_everything_else(self, source: str, code: str, codes: Any) -> None:
        assert codes(source) == [code]

    def test_names_the_place_in_the_template(self, render: Any) -> None:
        made = render('{\n "a": "{{ n }}",\n "a": 2\n}', DATA)
        assert [(each.code, each.line, each.column) for each in made.problems] == [("json.duplicate_key", 3, 2)]
