"""A dotted name means the data first; methods exist only as calls; nothing of Python can be reached."""

from __future__ import annotations

from typing import Any

import pytest

DATA: dict[str, Any] = {
    "profile": {"keys": {"sms": "+12025550143"}, "values": [{"city": "Rome"}], "items": ["mug"], "get": "G", "title": "T"},
    "cart": {"items": [{"title": "Mug"}]},
    "name": "ana lee",
    "tags": ["b", "a"],
    "n": 5,
    "nil": None,
    "__class__": "data",
    "plain": {"a": 1},
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("profile.keys.sms", "+12025550143"),
        ("profile['keys']['sms']", "+12025550143"),
        ("profile.values[0].city", "Rome"),
        ("profile.items.0", "mug"),
        ("profile.get", "G"),
        ("cart.items[0].title", "Mug"),
        ("cart.items[-1].title", "Mug"),
        ("profile[('ke' ~ 'ys')].sms", "+12025550143"),
        ("__class__", "data"),
        ("plain.items() | list", [["a", 1]]),
        ("plain.keys() | join", "a"),
        ("plain.values() | list", [1]),
        ("plain.get('a')", 1),
        ("plain.get('b', 2)", 2),
        ("plain.get('b')", None),
        ("name.title()", "Ana Lee"),
        ("name.split(' ')", ["ana", "lee"]),
        ("name.split(' ')[0].upper()", "ANA"),
        ("tags.index('a')", 1),
        ("plain['get'] | default('fires')", "fires"),
        ("plain.b.c.d | default('deep')", "deep"),
        ("nil.a | default('null')", "null"),
        ("name[:1]", "a"),
        ("tags[::-1]", ["a", "b"]),
        ("tags[::1000000000000000000000]", ["b"]),
    ],
)
def test_data_come_first(expression: str, expected: Any, value: Any) -> None:
    assert value(expression, DATA) == expected


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("name.title", "render.missing"),
        ("tags.count", "render.missing"),
        ("plain.copy", "render.missing"),
        ("plain['get']", "render.missing"),
        ("name[0]", "render.missing"),
        ("n.real", "render.missing"),
        ("n.__class__", "render.missing"),
        ("name.__class__.__mro__", "render.missing"),
        ("tags['__len__']", "render.missing"),
        ("tags['append']", "render.missing"),
        ("tags[true]", "render.missing"),
        ("plain[tags]", "render.missing"),
        ("profile.get()", "render.call"),
        ("profile.items()", "render.call"),
        ("name.foo()", "render.method"),
        ("name.format(1)", "render.method"),
        ("'{0.__class__}'.format(n)", "render.method"),
        ("('{0.__cla' ~ 'ss__}').format(profile)", "render.method"),
        ("'{a}'.format_map(plain)", "render.method"),
        ("name.encode()", "render.method"),
        ("name.translate(plain)", "render.method"),
        ("tags.append(1)", "render.method"),
        ("tags.sort()", "render.method"),
        ("plain.update(a=2)", "render.method"),
        ("plain.pop('a')", "render.method"),
        ("plain.copy()", "render.method"),
        ("n.bit_length()", "render.method"),
        ("n.__add__(1)", "render.method"),
        ("plain.get()", "render.arguments"),
        ("plain.get(tags)", "render.type"),
        ("tags.index('c')", "render.arguments"),
        ("profile.keys.sms()", "render.call"),
        ("profile.keys['sms']()", "render.call"),
        ("tags | map(attribute='__class__') | list", "render.missing"),
        ("[plain] | map(attribute='get') | first", "render.missing"),
        ("[plain] | groupby('__class__')", "render.missing"),
        ("[plain] | sort(attribute='keys')", "render.missing"),
        ("[plain] | sum('copy')", "render.missing"),
        ("name | map('attr', '__class__') | list", "render.unknown_filter"),
        ("[plain] | selectattr('a', 'callable') | list", "render.unknown_test"),
    ],
)
def test_nothing_of_python_is_reached(expression: str, code: str, codes: Any) -> None:
    assert codes('{"v": {{ ' + expression + " }}}", DATA) == [code]


@pytest.mark.parametrize(
    "expression",
    ["x | attr('y')", "x | safe", "x | pprint", "lipsum()", "cycler(1)", "joiner()", "config()", "x is callable"],
)
def test_what_is_not_offered_does_not_compile(expression: str, codes: Any) -> None:
    assert codes('{"v": {{ ' + expression + " }}}", {"x": 1})[0].startswith("template.unknown_")


@pytest.mark.parametrize(
    "name", ["range", "dict", "namespace", "suppress", "now", "cycler", "lipsum", "joiner", "environment"]
)
def test_a_function_without_brackets_is_no_value(name: str, codes: Any, render: Any) -> None:
    """Functions exist only as calls, so a field of that name can not be hidden and no callable can be printed."""
    assert codes('{"v": "{{ ' + name + ' }}"}') == ["render.missing"]
    assert render('{"v": "{{ ' + name + ' }}"}', {name: "data"}).document == {"v": "data"}


def test_names_with_a_meaning_are_never_taken_from_a_context(render: Any, codes: Any) -> None:
    hostile = {
        "loop": 1,
        "range": "x",
        "suppress": 1,
        "self": "me",
        "namespace": "q",
        "caller": "c",
        "super": "s",
        "dict": 0,
    }
    source = (
        "{% set ns = namespace(n=0) %}{% macro m() %}{{ caller() }}{% endmacro %}"
        '{"v": "{% for i in range(2) %}{{ loop.index }}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}'
        '{% call m() %}!{% endcall %}", "d": {{ dict(a=1) }}}'
    )
    assert render(source, hostile).document == {"v": "121!", "d": {"a": 1}}
    assert render('{{ suppress("why") }}', hostile).suppressed == "why"
    for name in ("loop", "caller"):
        assert codes('{"v": "{{ ' + name + ' }}"}', hostile) == ["render.missing"]
    assert codes('{"v": "{{ self }}"}', hostile) == ["template.not_offered"]


def test_a_loop_offers_what_jinja_documents(render: Any) -> None:
    source = (
        '{"v": "{% for x in tags %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }}'
        '{{ loop.length }}{{ loop.cycle("a", "b") }}{{ loop.changed(x) }}{{ loop.previtem | default("-") }}'
        '{{ loop.nextitem | default("-") }};{% endfor %}"}'
    )
    assert render(source, DATA).document == {"v": "102truefalse2atrue-a;211falsetrue2btrueb-;"}
