"""Shared by the tests of rendering: a moment, a short way to render, and a child process with limits of memory and time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from service.errors import TemplateInvalid
from service.rendering import Rendered, compile

NOW = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)

_CHILD = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (700 * 2**20,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
from datetime import UTC, datetime
from service.errors import TemplateInvalid
from service.rendering import compile
for case in map(json.loads, sys.stdin):
    print(json.dumps({"started": case["template"][:200]}), flush=True)
    try:
        program = compile(case["template"], snippets=case.get("snippets", {}))
        made = program.render(case["context"], now=datetime(2026, 2, 3, 9, tzinfo=UTC))
        answer = {"document": made.document, "codes": [each.code for each in made.problems], "steps": made.steps}
    except TemplateInvalid as error:
        answer = {"document": None, "codes": [each.code for each in error.problems], "steps": 0}
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def render() -> Callable[..., Rendered]:
    """Compiles and renders at once."""

    def run(source: str, context: Mapping[str, Any] = {}, snippets: Mapping[str, str] = {}, **more: Any) -> Rendered:
        return compile(source, snippets=snippets).render(context, now=NOW, **more)

    return run


@pytest.fixture(scope="session")
def value(render: Callable[..., Rendered]) -> Callable[..., Any]:
    """What an expression, written where a JSON value may stand, becomes."""

    def run(expression: str, context: Mapping[str, Any] = {}, **more: Any) -> Any:
        made = render('{"v": {{ ' + expression + " }}}", context, **more)
        assert made.problems == (), made.problems
        return made.document["v"]

    return run


@pytest.fixture(scope="session")
def codes(render: Callable[..., Rendered]) -> Callable[..., list[str]]:
    """The codes of all problems of a template, from compiling or else from rendering."""

    def run(source: str, context: Mapping[str, Any] = {}, snippets: Mapping[str, str] = {}) -> list[str]:
        try:
            return [each.code for each in render(source, context, snippets).problems]
        except TemplateInvalid as error:
            return [each.code for each in error.problems]

    return run


@pytest.fixture(scope="session")
def in_child() -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    """Compiles and renders cases in a process with limits, so that a runaway fails one test and not the suite."""

    def run(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD],
            input="\n".join(map(json.dumps, cases)),
            capture_output=True,
            text=True,
            timeout=100,
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode == 0, f"{done.stderr[-2000:]} after {lines[-1:]}"
        return lines[1::2]

    return run
