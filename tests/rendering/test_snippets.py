"""Macros, includes, imports, blocks and recursion stay usable, and nothing is kept from one render to the next."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from service.errors import TemplateInvalid
from service.rendering import Limits, compile

DATA: dict[str, Any] = {
    "name": 'Ana "A"',
    "n": 5,
    "rows": [1, 2],
    "tree": {"n": "a", "c": [{"n": "b", "c": []}, {"n": "c", "c": []}]},
}


@pytest.mark.parametrize(
    ("source", "snippets", "expected"),
    [
        ('{"v": "{% include "hi" %}"}', {"hi": "Hi {{ name }}"}, 'Hi Ana "A"'),
        ('{"v": {% include "hi" %}}', {"hi": "Hi {{ name }}"}, 'Hi Ana "A"'),
        ('{"v": "{% include ["gold", "hi"] %}"}', {"hi": "Hi"}, "Hi"),
        ('{"v": "{% include "gold" ignore missing %}"}', {}, ""),
        ('{"v": "{% for r in rows %}{% include "row" %}{% endfor %}"}', {"row": "{{ r }}/{{ loop.length }};"}, "1/2;2/2;"),
        ('{"v": "{% with q = 1 %}{% include "q" %}{% endwith %}"}', {"q": "{{ q }}"}, "1"),
        ('{% macro m(a) %}{% include "a" %}{% endmacro %}{"v": "{{ m(3) }}"}', {"a": "{{ a }}"}, "3"),
        ('{% set a = 4 %}{"v": "{% include "a" %}"}', {"a": "{{ a }}"}, "4"),
        ('{"v": "{% include "a" without context %}"}', {"a": "{{ name is defined }}"}, "false"),
        (
            '{% import "m" as m %}{"v": "{{ m.hi(name) }}{{ m.x }}"}',
            {"m": "{% set x = 1 %}{% macro hi(v) %}<{{ v }}>{% endmacro %}"},
            '<Ana "A">1',
        ),
        (
            '{% from "m" import hi as say %}{"v": "{{ say(name) }}"}',
            {"m": "{% macro hi(v) %}<{{ v }}>{% endmacro %}"},
            '<Ana "A">',
        ),
        ('{% import "m" as m with context %}{"v": "{{ m.hi() }}"}', {"m": "{% macro hi() %}<{{ n }}>{% endmacro %}"}, "<5>"),
        (
            '{% import "m" as m %}{"v": "{% call m.box() %}{{ name }}{% endcall %}"}',
            {"m": "{% macro box() %}[{{ caller() }}]{% endmacro %}"},
            '[Ana "A"]',
        ),
        (
            "{% macro walk(it) %}{{ it.n }}{% for each in it.c %}{{ walk(each) }}{% endfor %}{% endmacro %}"
            '{"v": "{{ walk(tree) }}"}',
            {},
            "abc",
        ),
        (
            '{% set it = tree %}{"v": "{% include "walk" %}"}',
            {"walk": "{{ it.n }}{% for it in it.c %}{% include 'walk' %}{% endfor %}"},
            "abc",
        ),
        (
            "{% macro m(a, b=2) %}{{ a }}{{ b }}{{ varargs | join }}{{ kwargs.c }}{% endmacro %}"
            '{"v": "{{ m(1, 2, 3, c=4) }}"}',
            {},
            "1234",
        ),
    ],
)
def test_snippets_work_as_authors_expect(source: str, snippets: dict[str, str], expected: str, render: Any) -> None:
    made = render(source, DATA, snippets)
    assert made.problems == ()
    assert made.document == {"v": expected}


class TestExtends:
    BASE = '{"to": "{% block to %}{{ n }}{% endblock %}", "body": {% block body %}"base {{ name }}"{% endblock %}}'

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ('{% extends "base" %}', {"to": "5", "body": 'base Ana "A"'}),
            ('{% extends "base" %}{% block to %}x{{ name }}{% endblock %}', {"to": 'xAna "A"', "body": 'base Ana "A"'}),
            ('{% extends "base" %}{% set q = 7 %}\n{% block body %}{{ q }}{% endblock %}', {"to": "5", "body": 7}),
            (
                '{% extends "base" %}{% block body %}[{{ super() }}, 1]{% endblock %}',
                {"to": "5", "body": ['base Ana "A"', 1]},
            ),
            ('{% extends "mid" %}{% block to %}3{{ super() }}{% endblock %}', {"to": "325", "body": 'base Ana "A"'}),
            (BASE, {"to": "5", "body": 'base Ana "A"'}),
        ],
    )
    def test_blocks_stand_where_the_base_has_them(self, source: str, expected: Any, render: Any) -> None:
        snippets = {"base": self.BASE, "mid": '{% extends "base" %}{% block to %}2{{ super() }}{% endblock %}'}
        made = render(source, DATA, snippets)
        assert made.problems == ()
        assert made.document == expected

    @pytest.mark.parametrize(
        ("source", "code"),
        [
            ('{% extends "base" %}{% block body %}"x{% endblock %}', "template.open_string"),
            ('{% extends "base" %}text', "template.extends"),
            ('{% extends "base" %}{% if n %}{% endif %}', "template.extends"),
            ('{% extends "bse" %}', "template.unknown_snippet"),
            ("{% extends name %}", "template.snippet_name"),
            ('{% extends "self" %}', "template.extends"),
            ('{% if n %}{% extends "base" %}{% endif %}', "template.extends"),
            ('{% extends "base" %}{% block to %}{{ super() }}{{ super() }}{% endblock %}', "template.block"),
            ("{% block a %}{{ super() }}{% endblock %}", "template.block"),
            ("{% block a %}{% endblock %}{% block a %}{% endblock %}", "template.block"),
            ('{% extends "base" %}{% block to %}{{ super() | upper }}{% endblock %}', "template.not_offered"),
            ('{% extends "base" %}{% block to %}{{ self.body() }}{% endblock %}', "template.not_offered"),
        ],
    )
    def test_what_can_not_be_resolved_does_not_compile(self, source: str, code: str, codes: Any) -> None:
        assert codes(source, DATA, {"base": self.BASE, "self": '{% extends "self" %}'})[0] == code


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ('{% include "fooetr" %}', "template.unknown_snippet"),
        ('{% import "fooetr" as f %}', "template.unknown_snippet"),
        ('{% from "fooetr" import f %}', "template.unknown_snippet"),
        ("{% include name %}", "template.snippet_name"),
        ('{% include "foo" ~ "ter" %}', "template.snippet_name"),
        ('{% include ["footer", name] %}', "template.snippet_name"),
        ("{% include [] %}", "template.snippet_name"),
        ('{% include "broken" %}', "template.unknown_filter"),
        ('{% include "../../etc/passwd" %}', "template.unknown_snippet"),
    ],
)
def test_names_of_snippets_are_known_before_anything_renders(source: str, code: str) -> None:
    with pytest.raises(TemplateInvalid) as caught:
        compile(source, snippets={"footer": "x", "broken": "\n{{ x | nope }}"})
    assert caught.value.problems[0].code == code
    if code == "template.unknown_filter":
        assert (caught.value.problems[0].template, caught.value.problems[0].line) == ("broken", 2)
    if "fooetr" in source:
        assert "footer" in (caught.value.problems[0].hint or "")


def test_snippets_that_use_each_other_are_warned_of() -> None:
    program = compile(
        '"{% include "a" %}"', snippets={"a": "{% if x is defined %}{% include 'b' %}{% endif %}", "b": "{% include 'a' %}"}
    )
    assert [(each.code, each.template) for each in program.warnings] == [("template.cycle", "a"), ("template.cycle", "b")]
    assert program.render({}, now=None).document == ""  # type: ignore[arg-type]


def test_too_many_snippets_do_not_compile(codes: Any) -> None:
    snippets = {f"s{at}": f"{{% include 's{at + 1}' %}}" for at in range(200)} | {"s200": "x"}
    assert codes('"{% include "s0" %}"', {}, snippets) == ["template.too_many_snippets"]


STATEFUL = (
    "{% set ns = namespace(last='nobody') %}{% macro hi(v) %}{{ v }} after {{ ns.last }}{% set ns.last = v %}{% endmacro %}"
)


def test_a_module_keeps_no_state_between_renders(now: Any) -> None:
    program = compile(
        '{% import "hi" as it %}{"v": "{{ it.hi(name) }}", "w": "{{ it.hi("x") }}"}', snippets={"hi": STATEFUL}
    )
    made = [program.render({"name": name}, now=now) for name in ("Ana", "Bo", "Ana")]
    assert [each.document["v"] for each in made] == ["Ana after nobody", "Bo after nobody", "Ana after nobody"]
    assert made[0].document["w"] == "x after Ana"
    assert len({each.steps for each in made}) == 1


def test_two_profiles_at_once_never_see_each_other(now: Any) -> None:
    program = compile(
        '{% import "hi" as it %}{% set ns = namespace(n=name) %}'
        '{"v": "{% for each in range(30) %}{{ it.hi(name) }}{% set ns.n = ns.n ~ name[:1] %}{% endfor %}{{ ns.n }}"}',
        snippets={"hi": STATEFUL},
    )

    def render(name: str) -> tuple[Any, int]:
        made = program.render({"name": name}, now=now)
        assert set("ABCD") & set(made.document["v"]) == {name[0]}
        return made.document, made.steps

    names = ["Aaaa", "Bbbb", "Cccc", "Dddd"]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(render, names * 25))
    assert found == [render(name) for name in names] * 25


def test_useful_templates_fit_into_the_budget(render: Any) -> None:
    cart = {"items": [{"title": f"Kettle {at}", "price": 3950, "qty": 2, "tags": ["tea", "blue"]} for at in range(100)]}
    snippets = {
        "money": "{% macro price(cents) %}{{ cents | money }}{% endmacro %}",
        "line": '{% import "money" as money %}{{ item.qty }}x {{ item.title | truncate(20) }}'
        " {{ money.price(item.price) }}; ",
    }
    source = (
        '{% set total = cart["items"] | sum(attribute="price") %}'
        '{"body": "{% for item in cart["items"] %}{% include "line" %}{% endfor %}Sum {{ total | money }}",'
        ' "items": [{% for item in cart.items %}{"id": "{{ loop.index }}", "price": {{ item.price / 100 }},'
        ' "tags": {{ item.tags | sort }}}{% if not loop.last %},{% endif %}{% endfor %}]}'
    )
    made = render(source, {"cart": cart}, snippets)
    assert made.problems == ()
    assert len(made.document["items"]) == 100
    assert made.steps < Limits().steps / 4
