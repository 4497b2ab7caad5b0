"""The quick walk over a tree is Jinja's own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, nodes

from service.rendering import _walk

PIECES = st.lists(
    st.sampled_from(
        [
            "{{ a }}", "{{ a.b[0] | upper | default('x', true) }}", "{% set x = [1, {'k': a}] %}", "text",
            "{% if a %}{{ b }}{% elif c %}d{% else %}{% for x in y if x %}{{ x }}{% else %}z{% endfor %}{% endif %}",
            "{% macro m(a, b=1) %}{{ caller() }}{% endmacro %}{% call(x) m(1, b=2) %}{{ x }}{% endcall %}",
            "{% filter upper %}{{ 1 + 2 * -a ~ 'b' }}{% endfilter %}{% with q = 1 %}{{ q is divisibleby 2 }}{% endwith %}",
        ]
    ),
    max_size=8,
)  # fmt: skip


@given(PIECES)
def test_every_node_has_the_same_children_in_the_same_order(pieces: list[str]) -> None:
    waiting: list[nodes.Node] = [Environment().parse("".join(pieces))]
    while waiting:
        here = waiting.pop()
        assert list(_walk.children(here)) == list(_walk.slow(here))
        assert list(_walk.children(here, exclude=("body",))) == list(_walk.slow(here, exclude=("body",)))
        waiting += _walk.slow(here)
