"""Turns a Zephyr tree into the syntax tree of a Jinja template: statements become Jinja's, expressions calls of ours.

What follows is shared with the Jinja dialect: JSON contexts and escaping, budgets, places, code generation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jinja2 import nodes, pass_context

from service.errors import Problem, TemplateInvalid
from service.rendering import printing
from service.rendering.limits import Limits
from service.rendering.places import Places
from service.rendering.zephyr import facts
from service.rendering.zephyr.expressions import Code, Expressions, each, shown_path
from service.rendering.zephyr.parser import parse
from service.rendering.zephyr.scope import Scope
from service.rendering.zephyr.syntax import (
    Body,
    Break,
    Case,
    Comment,
    Const,
    Continue,
    Expr,
    Foreach,
    If,
    Include,
    Name,
    Node,
    Print,
    Select,
    Set,
    Switch,
    Template,
    Ternary,
    Text,
)
from service.rendering.zephyr.values import equal, number, text

Filter = Callable[[Any, Any], Any]
_JSON_WORD = re.compile(r"[\s,]*|true|false|null|-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]+)?")
_MAX_INLINED = 5  # times the limit of a source: what all snippets together may hold, each as often as it is included


class Lowering:
    """Lowers one template. `filters` are the functions that the tree calls, by the names it calls them by."""

    def __init__(self, places: Places, snippets: Mapping[str, str], limits: Limits) -> None:
        self.filters: dict[str, Filter] = {}
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.changes_values = False
        self._places = places
        self._snippets = snippets
        self._limits = limits
        self._printed: dict[str, tuple[Code, str | None]] = {}
        self._parsed: dict[str, tuple[Template, int] | None] = {}
        self._warned: set[str] = set()
        self._choices = 0
        self._including: str | None = None
        self._base = 0
        self._expressions: Expressions
        self._assigned: frozenset[str] = frozenset()

    def template(self, template: Template, base: int) -> nodes.Template:
        """The tree for a whole template whose first character has the place `base`."""
        self.warnings += template.warnings
        everything = (*template.body, *(node for each in self._included(template.body) for node in each.body))
        self._assigned = facts.assigned(everything)
        self.changes_values = facts.changes_values(everything)
        self._unasked = facts.unasked(everything)
        self._enter(base)
        self._check_inlined(template.body)
        return nodes.Template([] if self.problems else self._body(template.body), lineno=base)

    def _check_inlined(self, body: Body) -> None:
        size = 0
        for node in facts.everything(body):
            if isinstance(node, Include):
                size += len(self._snippets.get(node.name, ""))
                if size > _MAX_INLINED * self._limits.source:
                    problem = Problem(
                        "template.too_long", "The template includes too much.", None, "Include fewer snippets."
                    )
                    self._refuse(problem, node.at)
                    return

    def finish(self, tree: nodes.Template) -> None:
        """Joins each printed expression with the printer that its JSON context has been given."""
        for node in tree.find_all(nodes.Filter):
            inner = node.node
            if isinstance(inner, nodes.Filter) and inner.name in self._printed:
                code, path = self._printed[inner.name]
                node.node, node.args, node.name = inner.node, inner.args, self._register(_printer(node.name, code, path))

    # -- snippets

    def _included(self, body: Body) -> Iterator[Template]:
        names = {node.name: node for node in facts.everything(body) if isinstance(node, Include)}
        for node in names.values():
            if (found := self._snippet(node)) is not None:
                yield found[0]

    def _snippet(self, node: Include) -> tuple[Template, int] | None:
        name = node.name
        if name not in self._parsed:
            self._parsed[name] = None
            if name in self._snippets:
                self._parsed[name] = self._parse(name, self._snippets[name])
        return self._parsed[name]

    def _parse(self, name: str, source: str) -> tuple[Template, int] | None:
        if len(source) > self._limits.source:
            detail = f"The snippet has {len(source):,} characters; at most {self._limits.source:,} are allowed."
            self.problems.append(Problem("template.too_long", detail, None, "Make two snippets of it.", template=name))
            return None
        source = source.replace("\r\n", "\n").replace("\r", "\n")
        base = self._places.add(name, source)
        try:
            template = parse(source, name=name, nesting=self._limits.nesting)
        except TemplateInvalid as invalid:
            self.problems += invalid.problems
            return None
        self.warnings += template.warnings
        return template, base

    def _snippet_body(self, node: Include) -> Body:
        found = self._snippet(node) if self._including is None else None
        return found[0].body if found is not None else ()

    def _include(self, node: Include) -> list[nodes.Node]:
        if self._including is not None:
            detail = "An {include} inside of a snippet is not carried out, as on Sailthru."
            self._warn(Problem("zephyr.nested_include", detail, None, "Include both snippets in the template."), node.at)
            return []
        if node.name not in self._snippets:
            known = ", ".join(sorted(self._snippets)[:10]) or "none"
            self._refuse(
                Problem("template.snippet", f"There is no snippet `{node.name[:40]}`.", None, f"There are: {known}."),
                node.at,
            )
            return []
        found = self._snippet(node)
        if found is None:
            return []
        before, self._including = self._base, node.name
        self._enter(found[1])
        made = self._body(found[0].body)
        self._including = None
        self._enter(before)
        return made

    def _enter(self, base: int) -> None:
        self._base = base
        self._expressions = Expressions(self._assigned, self._unasked, base, self._refuse, self._warn_once)

    # -- statements

    def _body(self, body: Body) -> list[nodes.Node]:
        made: list[nodes.Node] = []
        for node in body:
            made += self._node(node)
        return made

    def _node(self, node: Node) -> Sequence[nodes.Node]:
        at = self._base + node.at
        match node:
            case Text(words):
                return [nodes.Output([nodes.TemplateData(words, lineno=at)], lineno=at)]
            case Comment():
                return []
            case Print(value):
                return self._print(value, at)
            case Set():
                return [nodes.ExprStmt(self._call(self._set(node), at), lineno=at)]
            case If(branches, otherwise):
                tests = [self._call(self._expressions.condition(condition), at) for condition, _ in branches]
                bodies = [self._body(each) for _, each in branches]
                return [_if(tests, bodies, self._body(otherwise or ()), at)]
            case Foreach():
                return [self._foreach(node, at)]
            case Switch(subject, cases):
                return self._choice(cases, self._switch(subject, cases), at)
            case Select(cases):
                return self._choice(cases, self._select(cases), at)
            case Break():
                return [nodes.Break(lineno=at)]
            case Continue():
                return [nodes.Continue(lineno=at)]
            case Include():
                return self._include(node)

    def _print(self, value: Expr, at: int) -> list[nodes.Node]:
        if (literal := self._literals(value, at)) is not None:
            return [literal]
        call = self._call(self._expressions.code(value), at, printed=value)
        if facts.silent(value):
            return [nodes.ExprStmt(call, lineno=at)]
        return [nodes.Output([call], lineno=at)]

    def _literals(self, value: Expr, at: int) -> nodes.Node | None:
        """A choice among words of JSON or commas that the author wrote, such as `{last ? '' : ','}`: literal text."""
        if not isinstance(value, Ternary):
            return None
        words = [_json_word(each) for each in (*(then for _, then in value.cases), value.otherwise)]
        bodies: list[list[nodes.Node]] = []
        for word in words:
            if word is None:
                return None
            bodies.append([nodes.Output([nodes.TemplateData(word, lineno=at)], lineno=at)])
        tests = [self._call(self._expressions.condition(condition), at) for condition, _ in value.cases]
        return _if(tests, bodies[:-1], bodies[-1], at)

    def _set(self, node: Set) -> Code:
        code = self._expressions.code(node.value)
        if len(node.targets) == 1 and isinstance(node.targets[0], Name):
            name = node.targets[0].name
            return lambda scope: scope.__setitem__(name, code(scope))
        stores = [self._expressions.store(target) for target in node.targets]

        def store(scope: Scope) -> None:
            value = code(scope)
            for each_store in stores:
                each_store(scope, value)

        return store

    def _foreach(self, node: Foreach, at: int) -> nodes.Node:
        source = self._expressions.code(node.source)
        body = self._body(node.body)
        cost, key, name = facts.cost(node.body, self._snippet_body), node.key, node.value

        def rounds(scope: Scope) -> Iterator[None]:
            for position, value in each(scope, source(scope), cost):
                if key is not None:
                    scope[key] = position
                scope[name] = value
                yield None

        return nodes.For(nodes.Name("_", "store", lineno=at), self._call(rounds, at), body, [], None, False, lineno=at)

    def _choice(self, cases: tuple[Case, ...], choose: Callable[[Scope], int], at: int) -> list[nodes.Node]:
        """Cases as branches: the first condition chooses, the others compare with what was chosen."""
        if not cases:
            return []
        self._choices += 1
        place = self._choices

        def first(scope: Scope) -> bool:
            scope.chosen[place] = choose(scope)
            return scope.chosen[place] == 0

        tests = [self._call(first, at)]
        for index in range(1, len(cases)):
            tests.append(self._call(_is_chosen(place, index), at))
        return [_if(tests, [self._body(case.body) for case in cases], [], at)]

    def _switch(self, subject: Expr, cases: tuple[Case, ...]) -> Callable[[Scope], int]:
        code, values = self._expressions.code(subject), [self._expressions.code(case.value) for case in cases]

        def choose(scope: Scope) -> int:
            wanted = code(scope)
            return next((index for index, value in enumerate(values) if equal(wanted, value(scope))), -1)

        return choose

    def _select(self, cases: tuple[Case, ...]) -> Callable[[Scope], int]:
        values = [self._expressions.code(case.value) for case in cases]

        def choose(scope: Scope) -> int:
            found = [number(value(scope)) for value in values]
            return found.index(max(found))

        return choose

    # -- calls from the tree

    def _call(self, code: Code, at: int, printed: Expr | None = None) -> nodes.Filter:
        name = self._register(_computed(code))
        if printed is not None:
            self._printed[name] = (code, shown_path(printed))
        return nodes.Filter(nodes.Const(None, lineno=at), name, [], [], None, None, lineno=at)

    def _register(self, function: Filter) -> str:
        name = f"zephyr {len(self.filters)}"
        self.filters[name] = pass_context(function)
        return name

    def _refuse(self, problem: Problem, at: int) -> None:
        self.problems.append(self._places.at(problem, self._base + at))

    def _warn(self, problem: Problem, at: int) -> None:
        self.warnings.append(self._places.at(problem, self._base + at))

    def _warn_once(self, problem: Problem, at: int) -> None:
        if problem.detail not in self._warned:
            self._warned.add(problem.detail)
            self._warn(problem, at)


def _if(tests: list[nodes.Filter], bodies: list[list[nodes.Node]], otherwise: list[nodes.Node], at: int) -> nodes.If:
    rest = [nodes.If(test, body, [], [], lineno=at) for test, body in zip(tests[1:], bodies[1:])]
    return nodes.If(tests[0], bodies[0], rest, otherwise, lineno=at)


def _json_word(node: Expr) -> str | None:
    if isinstance(node, Const) and isinstance(node.value, str) and _JSON_WORD.fullmatch(node.value):
        return node.value
    return None


def _is_chosen(place: int, index: int) -> Code:
    return lambda scope: scope.chosen[place] == index


def _computed(code: Code) -> Filter:
    def computed(context: Any, _: Any) -> Any:  # the data of a Zephyr template are its scope
        return code(context.parent)

    return computed


_PRINTERS: Mapping[str, Callable[[Any, Any], str]] = {
    "print in string": lambda _, value: printing.in_string(_, value if type(value) is str else text(value)),
    "print value": printing.as_value,
    "print text": lambda _, value: printing.as_text(_, text(value)),
}


def _printer(name: str, code: Code, path: str | None) -> Filter:
    """A function that computes and prints. A `path` that is missing prints nothing (or null), with a warning."""
    write = _PRINTERS[name]

    def print_value(context: Any, _: Any) -> str:
        scope: Scope = context.parent
        value = code(scope)
        if value is None and path is not None:
            scope.warn_of_hole(path)
        return write(None, value)

    return print_value
