"""Writes a tree as Zephyr source: reading it again gives the same tree."""

from __future__ import annotations

import re

from service.rendering.zephyr.lexer import quote
from service.rendering.zephyr.parser import ASSIGNS, OPERATORS, RESERVED, STRENGTH
from service.rendering.zephyr.syntax import (
    Assign,
    Body,
    Break,
    Call,
    Case,
    Chain,
    Comment,
    Comprehension,
    Const,
    Continue,
    Elvis,
    Expr,
    Field,
    Foreach,
    If,
    Include,
    Item,
    Lambda,
    ListOf,
    Name,
    Node,
    ObjectOf,
    Print,
    Select,
    Set,
    Switch,
    Target,
    Template,
    Ternary,
    Text,
    Unary,
)

ANY, UNARY, POSTFIX = -1, len(OPERATORS), len(OPERATORS) + 1
PLAIN_NAME = re.compile(r"[^\W\d]\w*", re.ASCII)


def show(template: Template) -> str:
    """`template` as Zephyr source."""
    return _body(template.body)


def _body(body: Body) -> str:
    return "".join(map(_node, body))


def _node(node: Node) -> str:
    match node:
        case Text(text):
            return text
        case Comment(text):
            return f"{{*{text}*}}"
        case Print(value, double):
            return _tag(show_expression(value), double)
        case Set(targets, value, double):
            return _tag(" = ".join([*map(_target, targets), show_expression(value)]), double)
        case If(branches, otherwise):
            return _if(branches, otherwise)
        case Foreach(source, key, name, body):
            names = f"{key}, {name}" if key is not None else name
            return f"{{foreach {show_expression(source)} as {names}}}{_body(body)}{{/foreach}}"
        case Switch(subject, cases):
            return f"{{switch {show_expression(subject)}}}{_cases(cases)}{{/switch}}"
        case Select(cases):
            return f"{{select}}{_cases(cases)}{{/select}}"
        case Break():
            return "{break}"
        case Continue():
            return "{continue}"
        case Include(name):
            return f"{{include {quote(name)}}}"


def _tag(inner: str, double: bool) -> str:
    return f"{{{{{inner}}}}}" if double else f"{{{inner}}}"


def _if(branches: tuple[tuple[Expr, Body], ...], otherwise: Body | None) -> str:
    pieces = []
    for index, (condition, body) in enumerate(branches):
        pieces.append(f"{{{'else if' if index else 'if'} {show_expression(condition)}}}{_body(body)}")
    if otherwise is not None:
        pieces.append(f"{{else}}{_body(otherwise)}")
    return "".join([*pieces, "{/if}"])


def _cases(cases: tuple[Case, ...]) -> str:
    return "".join(f"{{case {show_expression(case.value)}}}{_body(case.body)}{{/case}}" for case in cases)


def _target(target: Target) -> str:
    match target:
        case Name(name):
            return name if PLAIN_NAME.fullmatch(name) and name not in RESERVED else quote(name)
        case Field(base, name):
            return f"{_target(base)}.{name}"  # type: ignore[arg-type]
        case Item(base, key):
            return f"{_target(base)}[{show_expression(key)}]"  # type: ignore[arg-type]


def show_expression(value: Expr, place: int = ANY) -> str:
    """`value` as source. `place` is the strength that is needed where it stands: what is weaker gets brackets.

    >>> show_expression(Chain((Chain((Const(1), Const(2)), ("+",)), Const(3)), ("*",)))
    '(1 + 2) * 3'
    """
    text, strength = _shown(value)
    return text if strength >= place else f"({text})"


def _shown(value: Expr) -> tuple[str, int]:
    match value:
        case Const(constant):
            return _constant(constant), POSTFIX
        case Name(name):
            return name, POSTFIX
        case Field(base, name):
            return f"{show_expression(base, POSTFIX)}.{name}", POSTFIX
        case Item(base, key):
            return f"{show_expression(base, POSTFIX)}[{show_expression(key)}]", POSTFIX
        case Call(function, arguments):
            return f"{show_expression(function, POSTFIX)}({', '.join(map(show_expression, arguments))})", POSTFIX
        case Unary(operator, operand):
            return f"{operator}{show_expression(operand, UNARY)}", UNARY
        case Chain(operands, operators):
            return _chain(operands, operators)
        case Ternary(cases, otherwise):
            shown = [f"{show_expression(condition, 0)} ? {show_expression(then)} : " for condition, then in cases]
            return "".join([*shown, show_expression(otherwise)]), ANY
        case Elvis(operands):
            *first, last = operands
            return " ?: ".join([*(show_expression(each, 0) for each in first), show_expression(last)]), ANY
        case Assign(target, given):
            return f"({_target(target)} = {show_expression(given, ASSIGNS + 1)})", POSTFIX
        case Lambda(names, body):
            return f"lambda {', '.join(names)}: {show_expression(body)}", ANY
        case ListOf(items):
            return f"[{', '.join(map(show_expression, items))}]", POSTFIX
        case ObjectOf(pairs):
            return f"{{{', '.join(f'{quote(key)}: {show_expression(given)}' for key, given in pairs)}}}", POSTFIX
        case Comprehension(item, name, source, condition):
            tail = f" if {show_expression(condition)}" if condition is not None else ""
            return f"[{show_expression(item)} for {name} in {show_expression(source)}{tail}]", POSTFIX


def _chain(operands: tuple[Expr, ...], operators: tuple[str, ...]) -> tuple[str, int]:
    strength = STRENGTH[operators[0]]
    pieces = [show_expression(operands[0], strength + 1)]
    for operator, operand in zip(operators, operands[1:]):
        pieces.append(f"{operator} {show_expression(operand, strength + 1)}")
    return " ".join(pieces), strength


def _constant(value: int | float | str | bool | None) -> str:
    if isinstance(value, str):
        return quote(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, float) and "e" in repr(value) else repr(value)
