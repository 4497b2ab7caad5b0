"""Compiles Zephyr templates to the same programs that Jinja templates become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2.runtime import Context

from service.errors import Problem, TemplateInvalid
from service.rendering.engine import Environment, Program, Unit
from service.rendering.escape import Contexts
from service.rendering.limits import RUN, Limits
from service.rendering.places import Places
from service.rendering.syntax import Broken
from service.rendering.zephyr.lowering import Lowering
from service.rendering.zephyr.parser import parse
from service.rendering.zephyr.scope import Scope


class ZephyrProgram(Program):
    """A template that writes a JSON document, and whose variables are those of a `Scope`."""

    def __init__(self, unit: Unit, places: Places, limits: Limits, warnings: tuple[Problem, ...], *, own: bool) -> None:
        super().__init__({}, unit, places, limits, warnings)
        self._own = own  # the template changes its data, so each render gets a copy

    def _context(self, context: Mapping[str, Any]) -> Context:  # noqa: ARG002  the run holds it, too
        return self._main.context(Scope(RUN.get(), own=self._own))


def compile_zephyr(source: str, name: str, snippets: Mapping[str, str], limits: Limits) -> ZephyrProgram:
    """A program for a Zephyr template. Raises TemplateInvalid, or Broken for what has no line."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    if len(source) > limits.source:
        detail = f"The template has {len(source):,} characters; at most {limits.source:,} are allowed."
        raise Broken("template.too_long", detail, "Move parts of it into snippets.", None)
    places = Places(name)
    base = places.add(name, source)
    lowering = Lowering(places, snippets, limits)
    tree = lowering.template(parse(source, nesting=limits.nesting), base)
    contexts = Contexts(places)
    contexts.document(tree)
    problems = [*lowering.problems, *contexts.problems][: limits.problems]
    if problems:
        raise TemplateInvalid(problems[0].detail, problems)
    lowering.finish(tree)
    environment = Environment()
    environment.filters.update(lowering.filters)
    try:
        unit = Unit(environment, name, tree, 0)
    except Broken as broken:
        problem = broken.problem(places)
        raise TemplateInvalid(problem.detail, [problem]) from None
    return ZephyrProgram(unit, places, limits, (*lowering.warnings, *contexts.warnings), own=lowering.changes_values)
