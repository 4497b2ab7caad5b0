"""Hostile templates and data: each ends as a value or a problem within its budget, in a child process with limits."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import TemplateInvalid
from service.rendering import compile

_CHILD = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (700 * 2**20,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
from datetime import UTC, datetime
from service.errors import TemplateInvalid
from service.rendering import compile
for case in map(json.loads, sys.stdin):
    try:
        program = compile(case["template"], dialect="zephyr", snippets=case.get("snippets", {}))
        made = program.render(case["context"], now=datetime(2026, 2, 3, 9, tzinfo=UTC))
        answer = {"made": made.document is not None, "codes": [each.code for each in made.problems], "steps": made.steps}
    except TemplateInvalid as error:
        answer = {"made": False, "codes": [each.code for each in error.problems], "steps": 0}
    print(json.dumps(answer), flush=True)
"""

ROWS = {"rows": list(range(20_000)), "note": "n" * 20_000}
DOUBLE = "{foreach range(1, 40) as i}{t = t + t}{/foreach}"

CASES: dict[str, tuple[str, dict, str]] = {
    "doubling a text": (f"{{t = 'ha'}}{DOUBLE}" + '"{length(t)}"', {}, "render.text_too_long"),
    "doubling a list": (f"{{t = [1]}}{DOUBLE}" + '"{length(t)}"', {}, "render.list_too_long"),
    "doubling a shared list": (
        "{p = ['.']}{foreach range(1, 50) as i}{p = [p, p]}{/foreach}" + '"{p}"',
        {},
        "render.list_too_long",
    ),
    "a shared list as JSON": (
        "{p = ['.']}{foreach range(1, 50) as i}{p = [p, p]}{/foreach}{p}",
        {},
        "render.list_too_long",
    ),
    "comparing shared lists": (
        "{p = ['.']}{q = ['.']}{foreach range(1, 50) as i}{p = [p, p]}{q = [q, q]}{/foreach}{p == q}",
        {},
        "render.list_too_long",
    ),
    "a list that holds itself": ("{x = []}{push('x', x)}" + '"{x}"', {}, "render.data_depth"),
    "an object that holds itself": ("{x = {'a': 1}}{x.me = x}{x}", {}, "render.data_depth"),
    "comparing what holds itself": ("{x = []}{push('x', x)}{y = []}{push('y', y)}{x == y}", {}, "render.data_depth"),
    "branching recursion": ("{f = lambda n: n > 0 ? f(n - 1) + f(n - 1) : 1}{f(18)}", {}, "render.steps"),
    "recursion without end": ("{f = lambda n: f(n + 1)}{f(0)}", {}, "render.depth"),
    "high recursion": ("{f = lambda n: " + "(1 + " * 30 + "f(n)" + ")" * 30 + "}{f(0)}", {}, "render.depth"),
    "recursion through sort": ("{f = lambda a, b: sort([1, 2, 3], f)}{sort([2, 1], f)}", {}, "render.depth"),
    "recursion through map": ("{f = lambda a: map([1, 2, 3], f)}{f(1)}", {}, "render.depth"),
    "long expressions in a loop": (
        "{foreach range(1, 1000) as i}{x = " + "+".join(["1"] * 9000) + "}{/foreach}1",
        {},
        "render.steps",
    ),
    "long snippets in a loop": ("{foreach range(1, 1000) as i}{include 'c'}{/foreach}1", {}, "render.steps"),
    "nested loops": (
        "{foreach range(1, 1000) as a}{foreach range(1, 1000) as b}{n = n + 1}{/foreach}{/foreach}{n}",
        {},
        "render.steps",
    ),
    "a large range": ("{length(range(1, 1000000000))}", {}, "render.range"),
    "a range of a huge number": ("{length(range(0, 99999999999999999999999999999999999))}", {}, "render.range"),
    "a huge power": ("{exp(exp(9, 99), 999)}", {}, "render.number"),
    "an overflowing power": ("{exp(1000.5, 1000.5)}", {}, "render.number"),
    "a growing number": ("{n = 7}{foreach range(1, 20) as i}{n = n * n}{/foreach}{n}", {}, "render.number"),
    "an overflowing float": ("{n = 1.5}{foreach range(1, 99) as i}{n = n * n}{/foreach}{n}", {}, "render.number"),
    "multiplying by replace": (
        "{t = 'a'}{foreach range(1, 9) as i}{t = replace(t, 'a', 'aaaaaaaaaa')}{/foreach}{length(t)}",
        {},
        "render.text_too_long",
    ),
    "a long join": ("{length(join(rows, note))}", ROWS, "render.text_too_long"),
    "a long split": ("{foreach range(1, 900) as i}{x = split(note, 'x,')}{/foreach}{length(x)}", ROWS, "render.steps"),
    "a large context in a loop": ("{foreach rows as r}{t = note + note}{/foreach}1", ROWS, "render.text_too_long"),
    "printing in a loop": ('"{foreach rows as r}{note}{/foreach}"', ROWS, "render.text_too_long"),
    "printing much": ('"{foreach range(1, 9) as r}{note}{/foreach}"', ROWS, "render.text_too_long"),
    "sorting by a slow lambda": ("{length(sort(rows, lambda a, b: b - a))}", ROWS, "render.steps"),
    "sorting again and again": ("{foreach range(1, 900) as i}{x = sort(rows)}{/foreach}1", ROWS, "render.steps"),
    "filters in a loop": (
        "{foreach range(1, 900) as i}{x = map(range(1, 900), lambda n: n)}{/foreach}1",
        {},
        "render.steps",
    ),
    "comprehensions in a loop": (
        "{foreach range(1, 900) as i}{x = [n for n in range(1, 900)]}{/foreach}1",
        {},
        "render.steps",
    ),
    "a nested comprehension": ("{length([[n + m for n in range(1, 900)] for m in range(1, 900)])}", {}, "render.steps"),
    "growing what is walked through": ("{x = [1]}{foreach x as v}{push('x', v)}{/foreach}1", {}, "zephyr.changed"),
    "appending without end": ("{foreach rows as r}{x = x + [r]}{/foreach}{length(x)}", ROWS, "render.steps"),
    "a wide number format": ("{number(1, 1000000000)}", {}, "zephyr.number"),
    "a wide date format": ("{date(note)}", {"note": "y" * 20_000}, "zephyr.date"),
    "a wide pattern": ("{number(1, note)}", {"note": "0" * 20_000}, "zephyr.number"),
    "tags without end": ("{strip_tags(note)}", {"note": "<" * 19_000}, ""),
    "a function that is data": ("{x = profile.f}{x(1)}", {"profile": {"f": 1}}, "zephyr.lambda"),
    "deep data": ("{x}", {"x": json.loads("[" * 60 + "]" * 60)}, ""),
    "a snippet that includes itself": ("\"{include 'a'}\"", {}, ""),
    "many includes": ("{include 'b'}" * 1000, {}, "template.too_long"),
    "many loops": ('"' + "{foreach r as a}" * 30 + "1" + "{/foreach}" * 30 + '"', {}, "template.syntax"),
    "a long ternary": ("{" + "a ? 1 : " * 2000 + "2}", {}, ""),
    "a long chain": ("{" + "+".join(["a"] * 4000) + "}", {"a": 1}, ""),
    "a surrogate": ('"{x}"', {"x": "\ud83d"}, "render.character"),
    "a NUL": ('"{x}"', {"x": "\0"}, "render.character"),
    "an endless time": ('"{time(x)}"', {"x": "+999999 years " * 10}, ""),
    "weekdays without end": ("\"{time('+999999 weekdays')}\"", {}, ""),
}
SNIPPETS = {"a": "x{include 'a'}", "b": "y" * 19_000, "c": "{x = " + "+".join(["1"] * 9000) + "}"}


@pytest.fixture(scope="module")
def ends():
    """What each hostile case came to, all in one child process."""
    lines = [
        json.dumps({"template": source, "context": context, "snippets": SNIPPETS}) for source, context, _ in CASES.values()
    ]
    done = subprocess.run(
        [sys.executable, "-c", _CHILD], input="\n".join(lines), capture_output=True, text=True, timeout=100, check=False
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(CASES), (list(CASES)[len(answers)], done.stderr[-2000:])
    return dict(zip(CASES, answers))


@pytest.mark.parametrize("case", CASES)
def test_hostile_cases_end_within_their_budget(ends, case):
    wanted, end = CASES[case][2], ends[case]
    assert end["steps"] <= 20_000 or "render.steps" in end["codes"]
    if wanted:
        assert wanted in end["codes"]
    else:
        assert end["made"], end


def _parts(value):
    """The shape of a payload: keys, nesting, lengths of lists and types, without the texts."""
    if isinstance(value, dict):
        return {key: _parts(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_parts(each) for each in value]
    return type(value).__name__


SOURCES = [
    '{line = "Hi " + name + "!"}\n{\n"to": "{phone}", "body": "{line}", "n": {n}, "flag": {n > 3}\n}',
    '{\n"list": [{foreach items as i, x}{i ? \',\' : \'\'}"{x}"{/foreach}], "raw": {items}, "name": {name}\n}',
    '{\n"a": "{name ?: \'x\'}{upper(name)}{substr(name, 0, 3)}{items}", "b": "{if name}{name}{else}-{/if}"\n}',
    '{\n"a": "{f = lambda s: s + name}{f(phone)}", "b": {join(items, name)}\n}',
    '{\n"c": "{switch name}{case phone}{name}{/case}{/switch}"\n}',
]
HOSTILE = st.text(st.sampled_from("\"\\{},:[]\n\t\r\u2028ab0 /*'é😀"), min_size=1, max_size=30)


@given(st.sampled_from(SOURCES), HOSTILE, HOSTILE, st.integers(-5, 10))
def test_no_value_can_change_the_shape_of_a_payload(source, name, phone, n):
    program = compile(source, dialect="zephyr")
    now = datetime(2026, 2, 3, 9, tzinfo=UTC)
    made = program.render({"name": name, "phone": phone, "items": [name, phone], "n": n}, now=now)
    plain = program.render({"name": "x", "phone": "y", "items": ["x", "y"], "n": n}, now=now)
    assert made.problems == ()
    assert _parts(made.document) == _parts(plain.document)


@pytest.mark.parametrize(
    "source",
    [
        '{\n"a": "{x}{if x}"{/if}\n}',
        '{\n"{x}": 1\n}',
        '{\n"a": {x}{y}\n}',
        '{\n"a": [{foreach x as y}"{break}"{/foreach}]\n}',
        '{\n"a": [{foreach x as y}"b{if y}{continue}{/if}"{/foreach}]\n}',
        '{\n"a": "\\{x}"\n}',
        '{\n"a": "{switch x}{case 1}"{/case}{/switch}\n}',
    ],
)
def test_what_has_no_json_context_does_not_compile(source):
    with pytest.raises(TemplateInvalid) as caught:
        compile(source, dialect="zephyr")
    assert all(each.line and each.column for each in caught.value.problems)


@given(st.text(st.sampled_from("{}[]()'\"=?:,.+-*/<>!&|ab1 \n"), max_size=60))
def test_any_source_compiles_and_renders_or_has_problems(source):
    try:
        program = compile(source, dialect="zephyr")
    except TemplateInvalid as error:
        assert error.problems
    else:
        program.render({"a": [1, {"b": None}], "b": "x"}, now=datetime(2026, 2, 3, tzinfo=UTC))


def test_the_same_template_and_context_take_the_same_steps():
    program = compile("{x = sort(map(items, lambda i: i * 2))}{x}", dialect="zephyr")
    now = datetime(2026, 2, 3, tzinfo=UTC)
    ends = {(str(made.document), made.steps) for made in (program.render({"items": [3, 1, 2]}, now=now) for _ in range(50))}
    assert len(ends) == 1


def _deep(levels, work):
    return work() if levels == 0 else _deep(levels - 1, work)


@pytest.mark.parametrize("around", ["(1 + %s)", "first([%s])", "map([1], lambda x: %s)[0]", "(1 && %s && 1)"])
@pytest.mark.parametrize(("height", "calls"), [(1, 19), (5, 10), (10, 7), (17, 3)])
def test_how_deep_lambdas_may_go_does_not_depend_on_the_callers_stack(around, height, calls):
    body = "f(n - 1)"
    for _ in range(height):
        body = around % body
    try:
        program = compile(f"{{f = lambda n: n > 0 ? {body} : 0}}{{f({calls})}}", dialect="zephyr")
    except TemplateInvalid as error:
        assert {each.code for each in error.problems} == {"template.nesting"}
        return

    def end():
        made = program.render({}, now=datetime(2026, 2, 3, tzinfo=UTC))
        return made.document, made.problems

    assert end() == _deep(850, end)
