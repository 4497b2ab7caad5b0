"""The same template and context always end the same way: in any thread, at any depth of the stack, every time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from service.errors import TemplateInvalid
from service.rendering import Program, Rendered, compile

CONTEXT: dict[str, Any] = {"n": 12, "rows": list(range(200)), "name": "Ana", "tree": {"c": []}}
SNIPPETS = {
    "self": "{% include 'self' %}",
    "deep": "{% if d > 0 %}{% with d = d - 1 %}{% include 'deep' %}{% endwith %}{% endif %}x",
}
SOURCES = [
    '{"v": "Hi {{ name }}"}',
    '{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}.{% endmacro %}{"v": "{{ m(n) }}"}',
    '{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}.{% endmacro %}{"v": "{{ m(50) }}"}',
    '{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}.{% endmacro %}{"v": "{{ m(n) }}"}',
    '{"v": "{% include "self" %}"}',
    '{% set d = 15 %}{"v": "{% include "deep" %}"}',
    '{"v": "{% for a in rows %}{% for b in rows %}{% if a %}{% endif %}{% endfor %}{% endfor %}"}',
    '{"v": "{{ nope }} {{ name.nope }}"}',
    '{"v": {{ rows | map("string") | map("upper") | sort | unique | list }}}',
    '{"v": {{ rows | random }}}',
    '{"v": {{ ' + "[" * 35 + "n" + "]" * 35 + " }}}",
    '{"v": "{{ ' + " + ".join(["n"] * 80) + ' }}"}',
]


def outcome(made: Rendered) -> tuple[Any, ...]:
    return made.document, made.problems, made.suppressed, made.steps


def at_depth(depth: int, work: Any) -> Any:
    return work() if depth == 0 else at_depth(depth - 1, work)


def attempt(source: str, now: Any) -> tuple[Any, ...]:
    try:
        return outcome(compile(source, snippets=SNIPPETS).render(CONTEXT, now=now, seed="s"))
    except TemplateInvalid as error:
        return error.problems


@pytest.mark.parametrize("source", SOURCES)
def test_a_deep_stack_changes_nothing(source: str, now: Any) -> None:
    expected = attempt(source, now)
    for depth in (100, 400, 600, 700, 750, 800):
        assert at_depth(depth, lambda: attempt(source, now)) == expected


@pytest.mark.parametrize("source", SOURCES)
def test_the_thousandth_render_is_the_first(source: str, now: Any) -> None:
    program: Program = compile(source, snippets=SNIPPETS)
    expected = outcome(program.render(CONTEXT, now=now, seed="s"))
    times = 1000 if expected[3] < 100 else 10
    assert all(outcome(program.render(CONTEXT, now=now, seed="s")) == expected for _ in range(times))


def test_threads_do_not_share_budgets(now: Any) -> None:
    programs = [compile(source, snippets=SNIPPETS) for source in SOURCES]
    expected = [outcome(program.render(CONTEXT, now=now, seed="s")) for program in programs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda program: outcome(program.render(CONTEXT, now=now, seed="s")), programs * 8))
    assert found == expected * 8


def test_now_and_chance_are_arguments(now: Any) -> None:
    program = compile('{"now": {{ now() }}, "one": "{{ rows | random }}"}')
    assert program.render(CONTEXT, now=now).document["now"] == int(now.timestamp())
    assert len({program.render(CONTEXT, now=now, seed=str(seed)).document["one"] for seed in range(50)}) > 10
