"""Templates: compiled once, rendered for a profile into one JSON document, with every value escaped by where it stands."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from service.rendering.engine import Program, Rendered, TextProgram, compile_program, compile_text_program
from service.rendering.limits import Limits

__all__ = ["Limits", "Program", "Rendered", "TextProgram", "catalog", "compile", "compile_text"]

_NO_SNIPPETS: Mapping[str, str] = {}
_DEFAULT = Limits()


def compile(
    source: str,
    *,
    dialect: str = "jinja",
    name: str = "template",
    snippets: Mapping[str, str] = _NO_SNIPPETS,
    limits: Limits = _DEFAULT,
) -> Program:
    """A program for `source`, the text of a template in `dialect`. `snippets` maps names to the sources it may use.

    Raises errors.TemplateInvalid, and nothing else, with every problem found, each with line, column and a hint.
    """
    return compile_program(source, dialect=dialect, name=name, snippets=snippets, limits=limits)


def compile_text(source: str, *, name: str = "text", limits: Limits = _DEFAULT) -> TextProgram:
    """A program that writes plain text instead of JSON. Raises errors.TemplateInvalid.

    >>> from datetime import UTC, datetime
    >>> compile_text("{{ event.id }}").render({"event": {"id": 7}}, now=datetime.now(UTC))
    '7'
    """
    return compile_text_program(source, name=name, limits=limits)


def catalog() -> dict[str, list[dict[str, Any]]]:
    """Everything an author may use: `filters` by topic, `tests` and `functions`, each with arguments and words."""
    from service.rendering.filters import TOPICS
    from service.rendering.operators import FUNCTIONS

    made: dict[str, list[dict[str, Any]]] = {"filters": [], "tests": [], "functions": []}
    for topic, members in TOPICS.items():
        for name, function in sorted(members.items()):
            made["tests" if topic == "tests" else "filters"].append(_entry(name, function, topic))
    made["functions"] = [_entry(name, function, "functions") for name, function in sorted(FUNCTIONS.items())]
    return made


def _entry(name: str, function: Any, topic: str) -> dict[str, Any]:
    words, _, examples = inspect.cleandoc(function.__doc__ or "").partition("\n\n>>> ")
    parameters = list(inspect.signature(function).parameters.values())
    if topic != "functions":
        parameters = parameters[1:]
    arguments = [str(each.replace(annotation=inspect.Parameter.empty)) for each in parameters]
    return {
        "name": name,
        "topic": topic,
        "arguments": arguments,
        "description": words,
        "examples": f">>> {examples}" if examples else "",
    }
