"""No template and no data can use more than the budget, while compiling or rendering; each bomb ends as a problem."""

from __future__ import annotations

from typing import Any

import pytest

ROWS = list(range(20_000))
NOTE = "n" * 20_000
CONTEXT: dict[str, Any] = {"rows": ROWS[:500], "note": NOTE, "name": "Ana", "n": 5, "vip": False, "lists": [[1]] * 20_000}
IN_STRING = '{"v": "%s"}'
AS_VALUE = '{"v": %s}'

COMPILE_BOMBS: dict[str, tuple[str, str]] = {
    "brackets": ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "template.too_deep"),
    "lists 300 deep": ("{{ " + "[" * 300 + "1" + "]" * 300 + " }}", "template.too_deep"),
    "a chain of additions": ("{{ " + "+".join(["n"] * 5000) + " }}", "template.too_deep"),
    "a chain of filters": ("{{ n" + "|upper" * 3000 + " }}", "template.too_deep"),
    "a chain of names": ("{{ n" + ".a" * 9000 + " }}", "template.too_deep"),
    "a chain of calls": ("{{ n" + "()" * 6000 + " }}", "template.too_deep"),
    "signs": ("{{ " + "-" * 5000 + "n }}", "template.too_deep"),
    "not not not": ("{{ " + "not " * 4000 + "n }}", "template.too_deep"),
    "conditions in conditions": ("{{ " + "1 if n else " * 1500 + "2 }}", "template.too_deep"),
    "nested loops": ("{% for a in rows %}" * 25 + "{% endfor %}" * 25, "template.too_deep"),
    "nested branches": ("{% if n %}" * 100 + "{% endif %}" * 100, "template.too_deep"),
    "an integer of 5,000 digits": ("{{ " + "9" * 5000 + " }}", "template.number"),
    "a hexadecimal integer": ("{{ 0x" + "9" * 5000 + " }}", "template.number"),
    "an infinite literal": ("{{ 1e999 }}", "template.number"),
    "a long source": ("x" * 20_001, "template.too_long"),
    "every include with every name": (
        '"' + "".join(f"{{%set a{at}=1%}}" for at in range(600)) + "{%include'f'%}" * 600 + '"',
        "template.too_long",
    ),
}

RENDER_BOMBS: dict[str, tuple[str, str]] = {
    # the classes 1 to 7 of the safety reference
    "compile time repetition": (IN_STRING % '{{ ("ab" * 3000000000)[:2] }}', "render.text_too_long"),
    "compile time width": (IN_STRING % '{{ "%0900000000d" % 5 }}', "render.width"),
    "captured value": (
        IN_STRING % "{% set all %}{% for r in rows %}{{ note }}{% endfor %}{% endset %}{{ all|length }}",
        "render.text_too_long",
    ),
    "doubling": (
        IN_STRING % "{% set ns = namespace(t='ha') %}{% for i in range(34) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}"
        "{{ ns.t|length }}",
        "render.text_too_long",
    ),
    "shared structure printed": (
        AS_VALUE
        % "{% set ns = namespace(p=['.']) %}{% for i in range(50) %}{% set ns.p = [ns.p, ns.p] %}{% endfor %}{{ ns.p }}",
        "render.list_too_long",
    ),
    "branching recursion": (
        IN_STRING % "{% macro twice(n) %}{% if n %}{{ twice(n-1) }}{{ twice(n-1) }}{% endif %}{% endmacro %}{{ twice(18) }}",
        "render.steps",
    ),
    "quadratic filter": (IN_STRING % "{{ lists|sum(start=[])|length }}", "render.steps"),
    # others
    "shared structures compared": (
        IN_STRING % "{% set ns = namespace(p=['.'], q=['.']) %}{% for i in range(50) %}"
        "{% set ns.p = [ns.p, ns.p] %}{% set ns.q = [ns.q, ns.q] %}{% endfor %}{{ ns.p == ns.q }}",
        "render.list_too_long",
    ),
    "a deep list compared": (
        IN_STRING
        % "{% set ns = namespace(p=[]) %}{% for i in range(900) %}{% set ns.p = [ns.p] %}{% endfor %}{{ ns.p == ns.p }}",
        "render.data_depth",
    ),
    "doubled lists": (
        IN_STRING
        % "{% set ns = namespace(p=[1]) %}{% for i in range(50) %}{% set ns.p = ns.p + ns.p %}{% endfor %}{{ ns.p|length }}",
        "render.list_too_long",
    ),
    "repeated lists": (IN_STRING % "{{ ([1] * 900000000)|length }}", "render.list_too_long"),
    "a literal in a captured loop": (
        IN_STRING % ("{% set all %}{% for r in rows %}" + "x" * 5000 + "{% endfor %}{% endset %}{{ all|length }}"),
        "render.text_too_long",
    ),
    "long output": (IN_STRING % ("{% for r in rows %}" + "x" * 5000 + "{% endfor %}"), "render.text_too_long"),
    "a large context": (IN_STRING % "{{ note }}{{ note }}", "render.text_too_long"),
    "nested loops": (
        IN_STRING % "{% for a in rows %}{% for b in rows %}{% for c in rows %}{% endfor %}{% endfor %}{% endfor %}",
        "render.steps",
    ),
    "a heavy loop body": (IN_STRING % ("{% for a in rows %}" + "{% set q = n %}" * 1200 + "{% endfor %}"), "render.steps"),
    "a heavy macro": (
        "{% macro m() %}"
        + "{% set q = n %}" * 1200
        + "{% endmacro %}"
        + IN_STRING % "{% for a in rows %}{{ m() }}{% endfor %}",
        "render.steps",
    ),
    "replace multiplies": (IN_STRING % "{{ note|replace('n', note)|length }}", "render.text_too_long"),
    "replace of nothing": (IN_STRING % "{{ note|replace('', note)|length }}", "render.text_too_long"),
    "replace as a method": (IN_STRING % "{{ note.replace('n', note)|length }}", "render.text_too_long"),
    "join multiplies": (IN_STRING % "{{ rows|join(note)|length }}", "render.text_too_long"),
    "join as a method": (IN_STRING % "{{ note.join(rows|map('string')) }}", "render.text_too_long"),
    "zfill": (IN_STRING % "{{ name.zfill(900000000) }}", "render.text_too_long"),
    "a format filter's width": (IN_STRING % "{{ '%900000000s'|format(name) }}", "render.width"),
    "a format's precision": (IN_STRING % "{{ '%.900000000f' % 1.5 }}", "render.width"),
    "a starred width": (IN_STRING % "{{ '%*d' % (900000000, 5) }}", "render.width"),
    "a range": (IN_STRING % "{{ range(900000000)|list|length }}", "render.range"),
    "a range in a loop": (IN_STRING % "{% for i in range(10 ** 20) %}{% endfor %}", "render.range"),
    "a power": (IN_STRING % "{{ 9 ** 9 ** 9 }}", "render.number"),
    "a power of a power": (IN_STRING % "{{ (2 ** 200) ** 200 }}", "render.number"),
    "a product": (IN_STRING % "{{ 2 ** 200 * 2 ** 200 }}", "render.number"),
    "infinity": (IN_STRING % "{{ 1e308 * 10 }}", "render.number"),
    "infinity by power": (IN_STRING % "{{ 10.0 ** 400 }}", "render.number"),
    "infinity by sum": (IN_STRING % "{{ 1.7e308 + 1.7e308 }}", "render.number"),
    "a batch": (AS_VALUE % "{{ rows|batch(900000000, 0) }}", "render.width"),
    "slices": (AS_VALUE % "{{ rows|slice(900000000) }}", "render.width"),
    "maps of maps": (IN_STRING % "{% for r in rows %}{{ rows|map('string')|length }}{% endfor %}", "render.steps"),
    "sorts": (IN_STRING % "{% for r in rows %}{{ rows|sort|length }}{% endfor %}", "render.steps"),
    "unique of lists": (IN_STRING % "{{ lists|unique|length }}", "render.steps"),
    "a macro without end": (IN_STRING % "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "render.depth"),
    "a loop without end": (IN_STRING % "{% for r in [1] recursive %}{{ loop([1]) }}{% endfor %}", "render.depth"),
    "a caller without end": (
        IN_STRING % "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ m() }}",
        "render.depth",
    ),
}


@pytest.mark.parametrize(("table", "count"), [(COMPILE_BOMBS, 15), (RENDER_BOMBS, 30)], ids=["compiling", "rendering"])
def test_every_bomb_ends_as_a_problem_within_memory_and_time(
    table: dict[str, tuple[str, str]], count: int, in_child: Any
) -> None:
    snippets = {"f": "x"}
    answers = in_child([{"template": template, "context": CONTEXT, "snippets": snippets} for template, _ in table.values()])
    found = {name: answer["codes"][-1:] for name, answer in zip(table, answers)}
    assert found == {name: [code] for name, (_, code) in table.items()}
    assert len(found) > count


def test_a_bomb_in_a_dead_branch_does_nothing(in_child: Any) -> None:
    template = IN_STRING % '{% if vip %}{{ "%0900000000d" % 5 }}{{ "ab" * 3000000000 }}{{ 9 ** 9 ** 9 }}{% endif %}'
    assert in_child([{"template": template, "context": CONTEXT}]) == [{"document": {"v": ""}, "codes": [], "steps": 0}]


def test_snippets_that_include_each_other_in_loops_end_at_the_budget(in_child: Any) -> None:
    snippets = {
        "many": "{% for a in range(900) %}{% include 'row' %}{% endfor %}",
        "row": "{% for b in range(900) %}{% endfor %}",
        "self": "{% include 'self' %}",
        "ping": "{% include 'pong' %}",
        "pong": "{% include 'ping' %}",
        "imports": "{% import 'imports' as it %}",
        "wide": "{% include 'wider' %}{% include 'wider' %}",
        "wider": "{% include 'wide' %}{% include 'wide' %}",
    }
    cases = [
        {"template": IN_STRING % f"{{% include '{name}' %}}", "context": {}, "snippets": snippets}
        for name in ("many", "self", "ping", "imports", "wide")
    ]
    assert [each["codes"] for each in in_child(cases)] == [["render.steps"], *[["render.depth"]] * 4]


def test_a_template_near_the_limits_still_works(in_child: Any) -> None:
    cases = [
        {"template": "{{ " + "[" * 39 + "1" + "]" * 39 + " }}", "context": {}},
        {"template": '"{{ ' + "+".join(["n"] * 90) + ' }}"', "context": {"n": 1}},
        {"template": '"{{ ' + " or ".join(["n == 2"] * 60) + ' }}"', "context": {"n": 1}},
        {"template": "{% if n %}" * 39 + "1" + "{% endif %}" * 39, "context": {"n": 1}},
        {"template": '"{{ ' + "~".join(["n"] * 4000) + ' }}"', "context": {"n": 1}},
        {"template": "{% if n == 2 %}2" + "{% elif n == 3 %}3" * 900 + "{% else %}1{% endif %}", "context": {"n": 1}},
    ]
    assert [each["codes"] for each in in_child(cases)] == [[]] * len(cases)
