"""Finds what is legal Zephyr and probably not meant, each with a hint. One function a lint; `lint` runs them all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from service.errors import Problem
from service.rendering.zephyr.expressions import shown_path
from service.rendering.zephyr.facts import asked_names, assigned, called, everything, root
from service.rendering.zephyr.lexer import quote, tokens, unquote
from service.rendering.zephyr.library import FUNCTIONS
from service.rendering.zephyr.parser import parse
from service.rendering.zephyr.printer import show_expression
from service.rendering.zephyr.syntax import (
    Body,
    Call,
    Chain,
    Comprehension,
    Const,
    Expr,
    Field,
    Foreach,
    If,
    Item,
    Lambda,
    Name,
    Print,
    Select,
    Set,
    Switch,
    Text,
    Unary,
    walk,
)
from service.strictjson import line_and_column

Found = Iterator[tuple[int, Problem]]  # the offset in the source, and what is doubtful there

_BLANK_TAG = re.compile(
    r"\{[ \t]+(?:/?(?:if|else|foreach|switch|select|case)\b|[A-Za-z_][\w.]*(?:\([^{}\n]*\))?\s*\})[^{}\n]*\}?"
)
_MESSAGE_NAME = re.compile(r'"messageName"\s*:\s*"[^"]*$')
_CURRENCY = ("$", "€", "£")


def lint(source: str) -> tuple[Problem, ...]:
    """Every doubt about a template, in the order of the source. Raises TemplateInvalid when it cannot be read.

    >>> [each.code for each in lint("{ pet } {x[-1]}")]
    ['zephyr.blank_after_brace', 'zephyr.negative_index']
    """
    body = parse(source).body
    found = [pair for check in CHECKS for pair in check(body)] + list(double_quotes(source))
    return tuple(problem.at(*line_and_column(source, at)) for at, problem in sorted(found, key=lambda pair: pair[0]))


def _doubt(code: str, detail: str, hint: str) -> Problem:
    return Problem(f"zephyr.{code}", detail, None, hint)


def blank_after_brace(body: Body) -> Found:
    """`{ pet }` is printed as it stands."""
    for node in everything(body):
        if isinstance(node, Text):
            for match in _BLANK_TAG.finditer(node.text):
                meant = "{" + match.group()[1:].lstrip()
                hint = f"To make it a tag, leave the blank out: {meant[:60]}."
                yield (
                    node.at + match.start(),
                    _doubt("blank_after_brace", f"{match.group()[:60]!r} is text, not a tag.", hint),
                )


def unused(body: Body) -> Found:
    """A variable that nothing reads, such as an image URL that is missing in the payload."""
    read = set(_reads(body))
    for node in everything(body):
        if isinstance(node, Set):
            for target in node.targets:
                if isinstance(target, Name) and target.name not in read:
                    read.add(target.name)
                    hint = f'Put it into the payload: "{target.name}": "{{{target.name}}}", or remove the assignment.'
                    yield target.at, _doubt("unused", f"`{target.name}` is given a value and never used.", hint)


def _reads(body: Body) -> Iterator[str]:
    """Names whose values are used. A bare target of an assignment is not, but what a longer one passes through is."""
    for node in everything(body):
        if isinstance(node, Set):
            expressions = [node.value, *(each for each in node.targets if not isinstance(each, Name))]
        elif isinstance(node, (Print, If, Foreach, Switch, Select)):
            expressions = list(_expressions(node))
        else:
            continue
        for expression in expressions:
            yield from (each.name for each in walk(expression) if isinstance(each, Name))


def _expressions(node: Print | If | Foreach | Switch | Select) -> Iterator[Expr]:
    if isinstance(node, Print):
        yield node.value
    elif isinstance(node, If):
        yield from (condition for condition, _ in node.branches)
    elif isinstance(node, Foreach):
        yield node.source
    else:
        if isinstance(node, Switch):
            yield node.subject
        yield from (case.value for case in node.cases)


def unguarded(body: Body) -> Found:
    """A value of the profile or the event that is printed without a word on what stands there when it is missing."""
    known = assigned(body) | asked_names(body)
    for node in everything(body):
        if isinstance(node, Print) and (path := shown_path(node.value)) is not None and root(node.value) not in known:
            hint = f"Write what stands there instead: {{{path} ?: 'text'}}, or stop: {{assert({path}, 'no {path}')}}."
            yield node.at, _doubt("unguarded", f"Where `{path}` is missing, nothing is printed.", hint)


def cents(body: Body) -> Found:
    """Prices are whole cents."""
    for before, node in _printed(body):
        value = node.value
        if called(value) == "number" and isinstance(value, Call) and value.arguments:
            value, priced = value.arguments[0], True
        else:
            priced = before.endswith(_CURRENCY)
        if isinstance(value, Chain) and isinstance(value.operands[0], Const) and value.operands[0].value in _CURRENCY:
            value, priced = value.operands[1], True
        if priced and _is_price(value):
            path = show_expression(value)
            hint = f"Divide it: {{number({path} / 100, 2)}}."
            yield node.at, _doubt("cents", f"`{path}` is in cents, and is printed without `/ 100`.", hint)


def _is_price(value: Expr) -> bool:
    return isinstance(value, (Field, Name)) and value.name in ("price", "total_price", "purchase_price")


def _printed(body: Body) -> Iterator[tuple[str, Print]]:
    """Each printing tag with the text just before it."""
    before = ""
    for node in everything(body):
        if isinstance(node, Print):
            yield before, node
        before = node.text if isinstance(node, Text) else ("" if isinstance(node, (Print, Set)) else before)


def message_name(body: Body) -> Found:
    """At most 20 names in 24 hours: a name made of data uses them up at once."""
    for before, node in _printed(body):
        if _MESSAGE_NAME.search(before):
            hint = "Use a fixed name for a campaign; at most 20 names are allowed in 24 hours."
            yield node.at, _doubt("message_name", "`messageName` is made of data.", hint)


def stops_only_this(body: Body) -> Found:
    """assert() and cancel() do not stop a flow."""
    for node in everything(body):
        if (name := called(node)) in ("assert", "cancel") and isinstance(node, Call):
            hint = "To end the flow for a profile, put a check step before the webhook step."
            yield node.at, _doubt("stops_only_this", f"{name}() stops this message, and the flow goes on.", hint)
            return


def sort_changes(body: Body) -> Found:
    """sort() re-orders the data themselves."""
    own = assigned(body)
    for node in everything(body):
        if called(node) == "sort" and isinstance(node, Call) and node.arguments:
            name = root(node.arguments[0])
            if name is not None and name not in own:
                hint = f"Sort a copy: sort({show_expression(node.arguments[0])} + [], ...)."
                yield node.at, _doubt("sort_changes", f"sort() re-orders `{name}` for the whole message, also above.", hint)


def split_characters(body: Body) -> Found:
    """split() separates at each character."""
    for node in everything(body):
        if called(node) == "split" and isinstance(node, Call) and len(node.arguments) > 1:
            marks = node.arguments[1]
            if isinstance(marks, Const) and isinstance(marks.value, str) and len(marks.value) > 1:
                hint = f"To separate at the whole text: split(replace(text, {quote(marks.value)}, ';'), ';')."
                yield node.at, _doubt("split_characters", f"split() separates at each character of {marks.value!r}.", hint)


def negative_index(body: Body) -> Found:
    """`x[-1]` is null."""
    for node in everything(body):
        if isinstance(node, Item) and isinstance(node.key, Unary) and node.key.operator == "-":
            whole = show_expression(node.base)
            hint = f"Write {whole}[length({whole}) - 1]."
            yield node.at, _doubt("negative_index", "A negative index gives null, not the last item.", hint)


def round_prints_places(body: Body) -> Found:
    """round() gives a double."""
    for _, node in _printed(body):
        if called(node.value) == "round":
            yield node.at, _doubt("round", "round() prints with `.0`, such as 8.0.", "Write number(x) for a plain number.")


def shadowed(body: Body) -> Found:
    """A name of a lambda or comprehension that hides a function."""
    for node in everything(body):
        names = node.names if isinstance(node, Lambda) else (node.name,) if isinstance(node, Comprehension) else ()
        for name in names:
            if name in FUNCTIONS and isinstance(node, (Lambda, Comprehension)):
                hint = "Give it another name."
                yield node.at, _doubt("shadowed", f"The name `{name}` is also that of a function.", hint)


def double_quotes(source: str) -> Found:
    """A text in double quotes is good here and in Lifecycle Optimizer, and not everywhere on Sailthru. Said once."""
    for token in tokens(source, []):
        if token.kind == "string" and token.text.startswith('"'):
            single = quote(unquote(token.text))
            hint = f"If this is to run there too, use single quotes: {single[:60]}."
            yield token.at, _doubt("double_quotes", "Sailthru's Email Composer does not read texts in double quotes.", hint)
            return


CHECKS: tuple[Callable[[Body], Found], ...] = (
    blank_after_brace,
    unused,
    unguarded,
    cents,
    message_name,
    stops_only_this,
    sort_changes,
    split_characters,
    negative_index,
    shadowed,
    round_prints_places,
)
