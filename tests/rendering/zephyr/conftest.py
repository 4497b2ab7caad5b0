"""Shared by the tests of Zephyr: short ways to render a document, a text and the value of an expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from service.rendering import Rendered, compile

NOW = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)
NOTHING: Mapping[str, Any] = {}


@pytest.fixture(scope="session")
def render() -> Callable[..., Rendered]:
    """Compiles a template that writes JSON, and renders it."""

    def run(
        source: str,
        context: Mapping[str, Any] = NOTHING,
        *,
        snippets: Mapping[str, str] = {},
        now: datetime = NOW,
        **more: Any,
    ) -> Rendered:
        return compile(source, dialect="zephyr", snippets=snippets).render(context, now=now, **more)

    return run


@pytest.fixture(scope="session")
def text(render: Callable[..., Rendered]) -> Callable[..., str]:
    """What a template of plain text prints: it is put into a JSON string, and the string is what it printed."""

    def run(source: str, context: Mapping[str, Any] = NOTHING, **more: Any) -> str:
        made = render(f'"{source}"', context, **more)
        assert made.problems == (), made.problems
        return made.document

    return run


@pytest.fixture(scope="session")
def value(render: Callable[..., Rendered]) -> Callable[..., Any]:
    """The value of an expression, as it is written where a JSON value may stand."""

    def run(expression: str, context: Mapping[str, Any] = NOTHING, **more: Any) -> Any:
        made = render('{\n"v": {v = ' + expression + "}{v}\n}", context, **more)
        assert made.problems == (), made.problems
        return made.document["v"]

    return run


@pytest.fixture(scope="session")
def codes(render: Callable[..., Rendered]) -> Callable[..., list[str]]:
    """The codes of the problems that a template in a JSON string gives."""

    def run(source: str, context: Mapping[str, Any] = NOTHING, **more: Any) -> list[str]:
        return [each.code for each in render(f'"{source}"', context, **more).problems]

    return run
