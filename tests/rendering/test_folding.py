"""Nothing that an author wrote is computed while compiling. These tests fail loudly when Jinja's compiler changes."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import Environment as Stock
from jinja2.compiler import generate

from service.rendering.engine import Environment
from service.rendering.escape import Contexts
from service.rendering.guards import Guards
from service.rendering.limits import Limits
from service.rendering.places import Places
from service.rendering.syntax import parse

FOLDED_BY_JINJA = {
    '{{ "ab" * 3 }}': "'ababab'",
    '{% if false %}{{ "ab" * 3 }}{% endif %}': "'ababab'",
    '{% set q = "ab" * 3 %}': "'ababab'",
    '{{ "x"|upper }}': "'X'",
    '{{ "ab" ~ "cd" }}': "'abcd'",
    "{{ [1, 2][:1] }}": "'[1]'",
    "{{ 2 ** 10 }}": "'1024'",
    '{{ "a" if true else "b" }}': "yield 'a'",
    "{{ 5 is odd }}": "'True'",
}


def guarded_code(source: str) -> str:
    environment, places = Environment(), Places("t")
    tree = parse(environment, source, places.add("t", source), Limits())
    Guards(places, {}, main=True).rewrite(tree)
    Contexts(places).text(tree)
    return generate(tree, environment, "t", "t", optimized=False) or ""


@pytest.mark.parametrize("source", FOLDED_BY_JINJA)
def test_jinja_folds_what_we_do_not(source: str) -> None:
    stock = Stock(autoescape=False)
    assert FOLDED_BY_JINJA[source] in stock.compile(source, raw=True)
    assert FOLDED_BY_JINJA[source] not in guarded_code(source)


def test_every_filter_and_test_takes_the_context_so_that_jinja_refuses_to_fold_it() -> None:
    environment = Environment()
    for function in (*environment.filters.values(), *environment.tests.values()):
        assert getattr(function, "jinja_pass_arg", None) is not None


def test_the_environment_offers_nothing_of_its_own() -> None:
    environment = Environment()
    assert environment.globals == {}
    assert environment.loader is None
    assert not environment.extensions
    assert not environment.autoescape
    assert environment.intercepted_binops == {"+", "-", "*", "/", "//", "**", "%"}


@pytest.mark.parametrize(
    "source",
    [
        "{{ a.b }}",
        "{{ a['b'] }}",
        "{{ a[b] }}",
        "{{ a[:2] }}",
        "{{ a.b() }}",
        "{{ a ~ b }}",
        "{{ a == b }}",
        "{% for x in a %}{% endfor %}",
    ],
)
def test_no_expression_reaches_python_without_a_guard(source: str) -> None:
    code = guarded_code(source)
    for unguarded in ("environment.getattr(", "environment.getitem(", "str_join(", "[:", "yield str("):
        assert unguarded not in code


def test_a_program_computes_nothing_before_it_renders(monkeypatch: pytest.MonkeyPatch) -> None:
    from service.rendering import compile, operators, printing

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("computed while compiling")

    for module, name in ((operators, "binary"), (printing, "concat"), (operators, "printf"), (operators, "cut")):
        monkeypatch.setattr(module, name, never)
    compile('{"a": "{{ "ab" * 3 }}{{ "a" ~ "b" }}{{ "%s" % 1 }}{{ [1][:1] }}{{ 1 + 1 }}{{ "a" | upper }}"}')
