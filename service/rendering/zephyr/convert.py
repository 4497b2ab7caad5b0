"""Rewrites a Zephyr template as a Jinja template that a person can read, and names what it could not rewrite.

The two dialects differ in what they do with a missing value, so `default(...)` is written wherever Zephyr would print
nothing. What is not the same in every case is a note; `compare` then shows whether it matters for the samples at hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.errors import Problem
from service.rendering.engine import Program
from service.rendering.zephyr.expressions import shown_path
from service.rendering.zephyr.facts import assigned, called, everything
from service.rendering.zephyr.parser import parse
from service.rendering.zephyr.printer import PLAIN_NAME, show_expression
from service.rendering.zephyr.scope import STANDARD
from service.rendering.zephyr.syntax import (
    Body,
    Break,
    Call,
    Case,
    Chain,
    Comment,
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
    Ternary,
    Text,
    Unary,
)
from service.strictjson import line_and_column

TERNARY, OR, AND, NOT, COMPARE, ADD, JOIN, MULTIPLY, SIGN, FILTER, ATOM = range(11)  # how strongly Jinja binds
_STRENGTH = {"||": OR, "&&": AND, "+": ADD, "-": ADD, "*": MULTIPLY, "/": MULTIPLY, "%": MULTIPLY}
_JINJA_WORDS = frozenset(
    {
        "and",
        "or",
        "not",
        "in",
        "is",
        "if",
        "else",
        "none",
        "loop",
        "self",
        "caller",
        "super",
        "varargs",
        "kwargs",
        "namespace",
    }
)
_TEXT_FUNCTIONS = frozenset(
    {"upper", "lower", "title", "replace", "substr", "join", "number", "date", "u", "h", "strip_tags", "text", "first"}
    | {"md5", "sha1", "sha256", "base64_encode", "base64_decode"}
)
_NUMBER_FUNCTIONS = frozenset(
    {"length", "int", "round", "abs", "sqrt", "exp", "strpos", "strrpos", "time", "random", "compare"}
)
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_SILENT = {"assert": "The template's assert() did not hold.", "cancel": "The template's cancel() applied."}
_COMPARISONS = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_DATE = {
    "yyyy": "%Y", "y": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%-m", "dd": "%d", "d": "%-d",
    "EEEE": "%A", "EEE": "%a", "E": "%a", "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "ss": "%S", "a": "%p",
}  # fmt: skip
_DATE_PART = re.compile(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|([^A-Za-z']+)")

Written = tuple[str, int]  # source, and how strongly it binds


@dataclass(frozen=True, slots=True)
class Converted:
    """A Jinja source. `notes` name what was not rewritten (code `convert.left_out`) or may differ (`convert.differs`)."""

    source: str
    notes: tuple[Problem, ...]

    @property
    def complete(self) -> bool:
        """Whether everything was rewritten."""
        return all(note.code != "convert.left_out" for note in self.notes)


def convert(source: str, samples: Sequence[Mapping[str, Any]] = ()) -> Converted:
    """`source` as Jinja. The samples tell whether a bare name is a posted field or a variable of the profile.

    Raises TemplateInvalid when the source cannot be read.

    >>> print(convert('{name = "Hi " + profile.vars.first_name}\\n{\\n"body": "{name}"\\n}').source)
    {% set name = "Hi " ~ profile.vars.first_name | default("") %}
    {
    "body": "{{ name }}"
    }
    """
    body = parse(source).body
    writer = _Writer(body, samples)
    made = writer.body(body)
    if writer.uses_vars:
        made = "{% set vars = namespace() %}" + made
    notes = [problem.at(*line_and_column(source, at)) for at, problem in sorted(writer.notes, key=lambda pair: pair[0])]
    return Converted(made, tuple(dict.fromkeys(notes)))


def compare(zephyr: Program, jinja: Program, contexts: Iterable[Mapping[str, Any]], now: datetime) -> tuple[Problem, ...]:
    """What the two programs write differently for the same contexts; empty when they agree on all of them."""
    found = []
    for number, context in enumerate(contexts, start=1):
        one, other = (program.render(context, now=now, seed="compare") for program in (zephyr, jinja))
        if (one.document, one.suppressed) != (other.document, other.suppressed):
            said = "; ".join(each.detail for each in (*one.problems, *other.problems)) or "The documents differ."
            found.append(
                Problem("convert.differs", f"Sample {number} does not come to the same: {said}", None, "Compare them.")
            )
    return tuple(found)


class _Left(Exception):
    """Something that Jinja does not have."""

    def __init__(self, why: str, hint: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.hint = hint


class _Writer:
    def __init__(self, body: Body, samples: Sequence[Mapping[str, Any]]) -> None:
        self.notes: list[tuple[int, Problem]] = []
        self.uses_vars = False
        self._assigned = assigned(body)
        self._leaking = _leaking(body)
        self._certain = _certain(body)
        self._given: set[str] = set()  # names that have a value where we are
        self._looped: set[str] = set()  # names of loops that are over
        self._samples = samples
        self._posted = {name for sample in samples for name in sample}
        self._in_string = False
        self._macros: set[str] = set()

    def _note(self, at: int, code: str, detail: str, hint: str | None = None) -> None:
        self.notes.append((at, Problem(f"convert.{code}", detail, None, hint)))

    def _note_once(self, at: int, detail: str, hint: str | None = None) -> None:
        if all(problem.detail != detail for _, problem in self.notes):
            self._note(at, "differs", detail, hint)

    # -- statements

    def body(self, body: Body) -> str:
        return "".join(map(self._node, body))

    def _node(self, node: Node) -> str:
        try:
            return self._statement(node)
        except _Left as left:
            shown = show_expression(node.value) if isinstance(node, (Print, Set)) else type(node).__name__.lower()
            self._note(node.at, "left_out", f"Not rewritten: {shown[:80]}. {left.why}", left.hint)
            return f"{{# left out: {shown.replace('#}', '# }')} #}}"

    def _statement(self, node: Node) -> str:
        match node:
            case Text(text):
                self._follow(text)
                return text
            case Comment(text):
                return f"{{#{text.replace('#}', '# }')}#}}"
            case Print(value):
                return self._print(value)
            case Set(targets, value):
                return "".join(self._set(target, value) for target in reversed(targets))
            case If(branches, otherwise):
                return self._if([(self._condition(test), body) for test, body in branches], otherwise)
            case Foreach():
                return self._foreach(node)
            case Switch(subject, cases):
                return self._switch(subject, cases)
            case Select(cases):
                return self._select(cases)
            case Break() | Continue():
                raise _Left("Loops are not left early in Jinja.", "Write a condition: {% for item in items if ... %}.")
            case Include(name):
                self._note(node.at, "differs", f"The snippet `{name}` must be rewritten too.")
                return f"{{% include {_quoted(name)} %}}"

    def _follow(self, text: str) -> None:
        for mark in re.finditer(r'\\.|"', text, re.DOTALL):
            self._in_string ^= mark.group() == '"'

    def _print(self, value: Expr) -> str:
        name = called(value)
        if isinstance(value, Call) and name in ("assert", "cancel"):
            condition = self._condition(value.arguments[0])
            if name == "assert":
                condition = f"not {self._written(value.arguments[0], NOT + 1, test=True)}"
            message = self._text(value.arguments[1]) if len(value.arguments) > 1 else _quoted(_SILENT[name])
            return f"{{% if {condition} %}}{{{{ suppress({message}) }}}}{{% endif %}}"
        if isinstance(value, Call) and name in ("set", "push"):
            return self._set_by_name(value)
        if _is_path(value):
            return f"{{{{ {self._safe(value, '' if self._in_string else None)} }}}}"
        if self._in_string and isinstance(value, Const) and value.value is None:
            return ""
        if self._in_string and _kind(value) == "list":
            self._note(
                value.at, "differs", "A list is printed as [a, b] in Zephyr, and cannot be printed in Jinja.", "Join it."
            )
        return f"{{{{ {self._value(value)} }}}}"

    def _value(self, value: Expr) -> str:
        """What is printed or kept: `&&` and `||` give true or false there, and an operand in Jinja."""
        if isinstance(value, Chain) and value.operators[0] in ("&&", "||"):
            return f"true if {self._condition(value)} else false"
        return self._written(value)

    def _set_by_name(self, call: Call) -> str:
        name, value = call.arguments
        if not (isinstance(name, Const) and isinstance(name.value, str)):
            raise _Left("The name of the variable is computed.", "Name the variable.")
        target = Name(name.value, name.at)
        if called(call) == "push":
            _named(target.name)
            self._given.add(target.name)
            held = self._name(target.name)
            return f"{{% set {held} = {held} | default([]) + [{self._written(value)}] %}}"
        return self._set(target, value)

    def _set(self, target: Target, value: Expr) -> str:
        if not isinstance(target, Name):
            raise _Left("Fields of data cannot be changed in Jinja.", "Compute the value where it is printed.")
        _named(target.name)
        if isinstance(value, Lambda):
            self._macros.add(target.name)
            self._given.add(target.name)
            names = ", ".join(map(_named, value.names))
            outer = self._given
            self._given = outer | set(value.names)
            body = self._written(value.body)
            self._given = outer
            self._note(value.at, "differs", f"`{target.name}` has become a macro: what it gives is text.")
            return f"{{% macro {_named(target.name)}({names}) %}}{{{{ {body} }}}}{{% endmacro %}}"
        made = self._safe(value, None) if _is_path(value) else self._value(value)
        self._given.add(target.name)
        self._looped.discard(target.name)
        return f"{{% set {self._name(target.name)} = {made} %}}"

    def _if(self, branches: Sequence[tuple[str, Body]], otherwise: Body | None) -> str:
        start, pieces = self._in_string, []
        for index, (condition, body) in enumerate(branches):
            self._in_string = start
            pieces.append(f"{{% {'elif' if index else 'if'} {condition} %}}{self.body(body)}")
        if otherwise is not None:
            self._in_string = start
            pieces.append(f"{{% else %}}{self.body(otherwise)}")
        self._in_string = start
        return "".join([*pieces, "{% endif %}"])

    def _foreach(self, node: Foreach) -> str:
        before, start, names = self._in_string, "", _named(node.value)
        source = self._safe(node.source, []) if _is_path(node.source) else self._written(node.source, OR)
        if self._walks_an_object(node.source):
            names = names if node.key is None else f"{_named(node.key)}, {names}"
            call = "values()" if node.key is None else "items()"
            source = f"({self._safe(node.source, {})}).{call}"
        elif node.key is not None:
            start = f"{{% set {_named(node.key)} = loop.index0 %}}"
            detail = f"`{node.key}` counts the rounds. If the loop walks through an object, it must be its key."
            self._note(node.at, "differs", detail, "Then write {% for key, value in object.items() %}.")
        mine = {name for name in (node.key, node.value) if name is not None}
        outer = mine & self._given
        self._looped -= mine
        self._given |= mine
        made = f"{{% for {names} in {source} %}}{start}{self.body(node.body)}{{% endfor %}}"
        self._given -= mine - outer
        self._looped |= mine
        self._in_string = before
        return made

    def _walks_an_object(self, source: Expr) -> bool:
        """Whether a sample has an object there."""
        path = shown_path(source)
        if path is None or path.partition(".")[0] in self._given:
            return False
        for sample in self._samples:
            held: Any = sample
            for name in self._expression(source)[0].split("."):
                held = held.get(name) if isinstance(held, Mapping) else None
            if isinstance(held, Mapping):
                return True
        return False

    def _switch(self, subject: Expr, cases: tuple[Case, ...]) -> str:
        tests = [Chain((subject, case.value), ("==",), case.at) for case in cases]
        return self._if([(self._condition(test), case.body) for test, case in zip(tests, cases)], None) if cases else ""

    def _select(self, cases: tuple[Case, ...]) -> str:
        numbers = [case.value.value if isinstance(case.value, Const) else None for case in cases]
        if not all(isinstance(each, (int, float)) for each in numbers) or not cases:
            raise _Left("Jinja has no {select}.", "Compare the numbers with {% if %}.")
        highest = max(numbers)  # type: ignore[type-var]
        return self.body(cases[numbers.index(highest)].body)

    # -- expressions

    def _condition(self, value: Expr) -> str:
        if any(_is_path(each) for each in _asked(value)):
            detail = "A condition is true for an empty list or object in Zephyr, and false in Jinja."
            self._note_once(value.at, detail, "Where it may be one, ask for its length in both.")
        return self._written(value, OR, test=True)  # `if a if b else c` cannot be read

    def _written(self, value: Expr, least: int = TERNARY, *, test: bool = False) -> str:
        """`value` as Jinja, in brackets where it binds less than `least`. In a `test` a missing path is false."""
        if test and _is_path(value):
            return self._safe(value, None, least)
        made, strength = self._expression(value)
        return made if strength >= least else f"({made})"

    def _safe(self, value: Expr, otherwise: Any, least: int = TERNARY) -> str:
        """A path, and what stands there when it is missing."""
        made, strength = self._expression(value)
        if not (isinstance(value, Name) and value.name in self._certain and value.name in self._given):
            made, strength = f"{made} | default({_constant(otherwise)})", FILTER
        return made if strength >= least else f"({made})"

    def _text(self, value: Expr, least: int = TERNARY) -> str:
        return self._safe(value, "", least) if _is_path(value) else self._written(value, least)

    def _number(self, value: Expr, least: int = TERNARY) -> str:
        return self._safe(value, 0, least) if _is_path(value) else self._written(value, least)

    def _list(self, value: Expr, least: int = FILTER) -> str:
        return self._safe(value, [], least) if _is_path(value) else self._written(value, least)

    def _expression(self, value: Expr) -> Written:
        match value:
            case Const(constant):
                return _constant(constant), ATOM
            case Name(name):
                return self._name(name), ATOM
            case Field(base, name):
                return f"{self._written(base, ATOM)}.{name}", ATOM
            case Item(base, key):
                if isinstance(key, Unary):
                    raise _Left(
                        "A negative index gives nothing in Zephyr, and counts from the end in Jinja.", "Leave it out."
                    )
                return f"{self._written(base, ATOM)}[{self._safe(key, None) if _is_path(key) else self._written(key)}]", ATOM
            case Unary(operator, operand):
                if operator == "!":
                    return f"not {self._written(operand, NOT + 1, test=True)}", NOT
                return f"-{self._number(operand, ATOM)}", SIGN
            case Chain(operands, operators):
                return self._chain(operands, operators)
            case Ternary(cases, otherwise):
                made = self._text(otherwise)
                for condition, then in reversed(cases):
                    made = f"{self._text(then, OR)} if {self._written(condition, OR, test=True)} else {made}"
                return made, TERNARY
            case Elvis(operands):
                first, *rest = operands
                made = self._written(first, FILTER)
                return "".join([made, *(f" | default({self._text(each)}, true)" for each in rest)]), FILTER
            case ListOf(items):
                return f"[{', '.join(self._written(each) for each in items)}]", ATOM
            case ObjectOf(pairs):
                return "{" + ", ".join(f"{_quoted(key)}: {self._written(each)}" for key, each in pairs) + "}", ATOM
            case Call():
                return self._call(value)
            case _:
                word = {"Lambda": "A lambda", "Comprehension": "A comprehension"}.get(
                    type(value).__name__, "An inner assignment"
                )
                raise _Left(f"{word} has no counterpart in Jinja.", "Write a loop, or selectattr and map.")

    def _name(self, name: str) -> str:
        if name in self._leaking:
            self.uses_vars = True
            return f"vars.{name}"
        if name in self._looped:
            raise _Left(
                f"`{name}` keeps its last value after the loop in Zephyr, and not in Jinja.", "Assign it in the loop."
            )
        if name in self._given:
            return _named(name)
        if name == "email" and name not in self._posted:
            return "profile.email"
        if name in STANDARD or name in self._posted or name in ("event", "content"):
            return name
        return f"profile.vars.{name}"

    def _chain(self, operands: tuple[Expr, ...], operators: tuple[str, ...]) -> Written:
        if operators[0] in _STRENGTH and operators[0] in ("&&", "||"):
            strength, word = _STRENGTH[operators[0]], "and" if operators[0] == "&&" else "or"
            return f" {word} ".join(self._written(each, strength + 1, test=True) for each in operands), strength
        if operators[0] in _COMPARISONS:
            return self._comparison(operands, operators)
        if "text" in map(_kind, operands) and set(operators) == {"+"}:
            if _kind(operands[0]) == _kind(operands[1]) == "number":
                raise _Left("Numbers are added before they join text.", "Write ({{ a + b }}) ~ c.")
            return " ~ ".join(self._text(each, JOIN + 1) for each in operands), JOIN
        if set(operators) == {"+"} and _kind(operands[-1]) == "list":
            return " + ".join(self._list(each, ADD + 1) for each in operands), ADD
        if set(operators) == {"+"} and any(isinstance(each, ObjectOf) for each in operands):
            raise _Left("Objects are not merged in Jinja.", "Write the fields one by one.")
        if "+" in operators and not any(_kind(each) == "number" for each in operands):
            detail = f"`{show_expression(Chain(operands, operators))[:60]}` is taken for a sum."
            self._note(operands[0].at, "differs", detail, "If it joins texts, write ~ instead of +.")
        self._note_text_numbers(operands)
        strength = _STRENGTH[operators[0]]
        pieces = [self._number(operands[0], strength)]
        for operator, operand in zip(operators, operands[1:]):
            pieces.append(f"{operator} {self._number(operand, strength + 1)}")
        if "/" in operators:
            self._note(operands[0].at, "differs", "A division that comes out even prints 4.0 in Jinja and 4 in Zephyr.")
        return " ".join(pieces), strength

    def _comparison(self, operands: tuple[Expr, ...], operators: tuple[str, ...]) -> Written:
        if len(operators) > 1:
            raise _Left("A comparison of a comparison means something else in Jinja.")
        if operators[0] in ("==", "!="):
            left, right = (self._written(each, COMPARE + 1, test=True) for each in operands)
        else:
            left, right = self._ordered(operands, operators[0])
        return f"{left} {operators[0]} {right}", COMPARE

    def _ordered(self, operands: tuple[Expr, ...], operator: str) -> list[str]:
        """Both sides of `<` and its like. What is missing is neither more nor less: its default makes that false."""
        if all(_kind(each) != "text" for each in operands):
            self._note_text_numbers(operands)
        written = []
        for at, (side, other) in enumerate(((operands[0], operands[1]), (operands[1], operands[0]))):
            otherwise: Any = 0
            if _is_path(side) and (limit := _limit(other)) is not None:
                otherwise = _never(limit, operator if at == 0 else _MIRRORED[operator])
            elif _is_path(side):
                detail = "A comparison with a missing value is false in Zephyr; here it counts as 0."
                self._note_once(
                    side.at, detail, "Where it may be missing, ask for it first: {% if x is defined and x < y %}."
                )
            written.append(self._safe(side, otherwise, COMPARE + 1) if _is_path(side) else self._number(side, COMPARE + 1))
        return written

    def _note_text_numbers(self, operands: Iterable[Expr]) -> None:
        for each in filter(_is_path, operands):
            detail = "A text that spells a number counts as one in Zephyr, and is a problem in Jinja."
            self._note_once(each.at, detail, "Where the data have texts, write (x | int).")

    def _note_fields(self, at: int) -> None:
        detail = "An item that lacks the field is null there in Zephyr, and a problem in Jinja."
        self._note_once(at, detail, "Where some may lack it, write a loop.")

    # -- functions

    def _call(self, node: Call) -> Written:
        name, arguments = called(node) or "", node.arguments
        if name in self._macros:
            return f"{_named(name)}({', '.join(self._text(each) for each in arguments)})", ATOM
        write = _CALLS.get(name)
        if write is None:
            raise _Left(f"{name or 'This'}() has no counterpart.", None)
        return write(self, node, *arguments)

    def _filtered(self, name: str, value: Expr, *arguments: str, kind: str = "text") -> Written:
        operand = {"text": self._text, "number": self._number, "list": self._list}[kind](value, FILTER)
        called_with = f"({', '.join(arguments)})" if arguments else ""
        return f"{operand} | {name}{called_with}", FILTER

    def contains(self, _: Call, haystack: Expr, needle: Expr) -> Written:
        fallback = "" if _kind(needle) == "text" and _kind(haystack) == "text" else []
        around = (
            self._safe(haystack, fallback, COMPARE + 1) if shown_path(haystack) else self._written(haystack, COMPARE + 1)
        )
        return f"{self._text(needle, COMPARE + 1)} in {around}", COMPARE

    def first(self, node: Call, x: Expr, *_: Expr) -> Written:
        if _kind(x) == "text":
            return f'{self._text(x, ATOM)}.split() | first | default("")', FILTER
        self._note(node.at, "differs", "first() of a text is its first word in Zephyr and its first character in Jinja.")
        made, strength = self._filtered("first", x, kind="list")
        return f'{made} | default("")', strength

    def slice(self, _: Call, values: Expr, offset: Expr, length: Expr | None = None) -> Written:
        return f"{self._list(values, ATOM)}[{self._slice(offset, length)}]", ATOM

    def substr(self, _: Call, value: Expr, offset: Expr, length: Expr | None = None) -> Written:
        return f"{self._text(value, ATOM)}[{self._slice(offset, length)}]", ATOM

    def _slice(self, offset: Expr, length: Expr | None) -> str:
        offset = _at_least_0(offset)
        length = _at_least_0(length) if length is not None else None
        if length is None:
            return f"{self._number(offset)}:"
        if isinstance(offset, Const) and isinstance(length, Const) and type(offset.value) is type(length.value) is int:
            return f"{offset.value or ''}:{offset.value + length.value}"
        return f"{self._number(offset)}:{self._number(offset, ADD)} + {self._number(length, ADD + 1)}"

    def sort(self, node: Call, values: Expr, by: Expr | None = None) -> Written:
        if by is not None and not (isinstance(by, Const) and isinstance(by.value, str)):
            raise _Left("A lambda that compares has no counterpart in Jinja.", "Sort by a field.")
        arguments = ["case_sensitive=true"]
        if isinstance(by, Const):
            field = str(by.value)
            arguments.append(f"attribute={_quoted(field.removeprefix('-'))}")
            if field.startswith("-"):
                arguments.insert(0, "reverse=true")
        if by is not None:
            self._note_fields(node.at)
        self._note(node.at, "differs", "sort() changes the list itself in Zephyr; here only what it gives is sorted.")
        return self._filtered("sort", values, *arguments, kind="list")

    def filter(self, node: Call, values: Expr, keep: Expr) -> Written:
        if isinstance(keep, Lambda) and len(keep.names) == 1:
            test = keep.body
            if (field := _field_of(test, keep.names[0])) is not None:
                return self._filtered("selectattr", values, _quoted(field), kind="list")
            if isinstance(test, Chain) and len(test.operators) == 1 and test.operators[0] in _COMPARISONS:
                left, right = test.operands
                field = _field_of(left, keep.names[0])
                if field is not None and not _mentions(right, keep.names[0]):
                    self._note_fields(node.at)
                    word = _quoted(_COMPARISONS[test.operators[0]])
                    return self._filtered("selectattr", values, _quoted(field), word, self._written(right), kind="list")
        raise _Left("This lambda has no counterpart in Jinja.", "Write a loop with a condition.")

    def map(self, node: Call, values: Expr, to: Expr) -> Written:
        if isinstance(to, Lambda) and len(to.names) == 1 and (field := _field_of(to.body, to.names[0])) is not None:
            self._note_fields(node.at)
            return self._filtered("map", values, f"attribute={_quoted(field)}", kind="list")
        raise _Left("This lambda has no counterpart in Jinja.", "Write a loop.")

    def dedupe(self, node: Call, values: Expr, field: Expr | None = None) -> Written:
        self._note_fields(node.at)
        name = str(field.value) if isinstance(field, Const) else "url"
        return self._filtered("unique", values, "case_sensitive=true", f"attribute={_quoted(name)}", kind="list")

    def join(self, _: Call, values: Expr, between: Expr | None = None) -> Written:
        return self._filtered("join", values, *([self._text(between)] if between is not None else []), kind="list")

    def split(self, node: Call, value: Expr, marks: Expr) -> Written:
        if not (isinstance(marks, Const) and isinstance(marks.value, str) and len(marks.value) == 1):
            raise _Left("split() at several characters has no counterpart in Jinja.")
        self._note(node.at, "differs", "split() drops empty pieces in Zephyr.")
        return self._filtered("split", value, _quoted(marks.value))

    def replace(self, _: Call, value: Expr, search: Expr, instead: Expr) -> Written:
        return self._filtered("replace", value, self._text(search), self._text(instead))

    def number(self, node: Call, value: Expr, places: Expr | None = None) -> Written:
        if places is not None and not (isinstance(places, Const) and type(places.value) is int):
            raise _Left("A DecimalFormat pattern has no counterpart in Jinja.", "Write value | number(2).")
        self._note(node.at, "differs", "number() prints .25 in Zephyr and 0.25 in Jinja, and rounds halves to even.")
        without = len(self.notes)
        digits = [str(places.value)] if isinstance(places, Const) and places.value else []
        made = self._filtered("number", value, *digits, kind="number")
        self.notes[without:] = [note for note in self.notes[without:] if "division" not in note[1].detail]
        return made

    def date(self, _: Call, pattern: Expr | None = None, moment: Expr | None = None) -> Written:
        if pattern is not None and not (isinstance(pattern, Const) and isinstance(pattern.value, str)):
            raise _Left("A date pattern that is computed has no counterpart in Jinja.")
        directives = _strftime(str(pattern.value) if isinstance(pattern, Const) else "MMM d, yyyy")
        value = "now()"
        if moment is not None and _is_path(moment):
            value = f"{self._expression(moment)[0]} | default(now())"
        elif moment is not None:
            value = self._number(moment, FILTER)
        return f"{value} | date({_quoted(directives)})", FILTER

    def time(self, _: Call, *said: Expr) -> Written:
        if said and not (len(said) == 1 and isinstance(said[0], Const) and said[0].value == "now"):
            raise _Left("A time said in words has no counterpart in Jinja.", "Use timestamp, add_days or days_until.")
        return "now() | timestamp", FILTER

    def range(self, _: Call, start: Expr, end: Expr, step: Expr | None = None) -> Written:
        further = "- 1" if isinstance(step, Unary) else "+ 1"
        last = f"{self._number(end, ADD)} {further}"
        if isinstance(end, Const) and type(end.value) is int:
            last = str(end.value + int(further.replace(" ", "")))
        steps = [self._number(step)] if step is not None else []
        return f"range({', '.join([self._number(start), last, *steps])})", ATOM

    def round(self, node: Call, value: Expr) -> Written:
        self._note(node.at, "differs", "round() gives a number with .0 in Zephyr.")
        return self._filtered("round", value, kind="number")

    def title(self, node: Call, value: Expr) -> Written:
        self._note(node.at, "differs", "title() leaves all but the first letter as it is in Zephyr.")
        return self._filtered("title", value)

    def personalize(self, node: Call, data: Expr) -> Written:
        detail = "Where personalize() finds nothing, the values of its items print nothing here."
        hint = 'Decide what then: {% if not items %}{{ suppress("nothing to recommend") }}{% endif %}.'
        self._note(node.at, "differs", detail, hint)
        return f"personalize({self._written(data)})", ATOM


def _plain(name: str, kind: str) -> Callable[..., Written]:
    return lambda writer, _, value: writer._filtered(name, value, kind=kind)


_CALLS: Mapping[str, Callable[..., Written]] = {
    **{
        name: getattr(_Writer, name)
        for name in (
            *("contains", "first", "slice", "substr", "sort", "filter", "map", "dedupe", "join", "split", "replace"),
            *("number", "date", "time", "range", "round", "title", "personalize"),
        )
    },
    "length": _plain("length", "list"),
    "upper": _plain("upper", "text"),
    "lower": _plain("lower", "text"),
    "u": _plain("urlencode", "text"),
    "strip_tags": _plain("striptags", "text"),
    "int": _plain("int", "number"),
    "abs": _plain("abs", "number"),
    "list": _plain("list", "list"),
}


def _kind(value: Expr) -> str | None:
    """What a value surely is: text, number or list; None where only the data know."""
    if isinstance(value, Const):
        return "text" if isinstance(value.value, str) else "number" if type(value.value) in (int, float) else None
    if isinstance(value, ListOf):
        return "list"
    if isinstance(value, Chain):
        kinds = [_kind(each) for each in value.operands]
        if "text" in kinds and "+" in value.operators:
            return "text"
        return "number" if value.operators[0] in ("-", "*", "/", "%") or set(kinds) == {"number"} else None
    if isinstance(value, (Ternary, Elvis)):
        branches = value.operands[-1:] if isinstance(value, Elvis) else (*(then for _, then in value.cases), value.otherwise)
        kinds = [_kind(each) for each in branches]
        return kinds[0] if len(set(kinds)) == 1 else None
    name = called(value)
    if name in _TEXT_FUNCTIONS:
        return "text"
    if name in _NUMBER_FUNCTIONS:
        return "number"
    return (
        "list" if name in ("split", "sort", "filter", "map", "slice", "range", "dedupe", "list", "keys", "values") else None
    )


def _is_path(value: Expr) -> bool:
    """A name, or a field or item of one, also where the index is computed: what may be missing."""
    while isinstance(value, (Field, Item)):
        value = value.base
    return isinstance(value, Name)


def _asked(value: Expr) -> Iterable[Expr]:
    """The values whose truth a condition asks for."""
    if isinstance(value, Unary) and value.operator == "!":
        yield from _asked(value.operand)
    elif isinstance(value, Chain) and value.operators[0] in ("&&", "||"):
        for each in value.operands:
            yield from _asked(each)
    else:
        yield value


def _limit(value: Expr) -> int | float | str | None:
    """The number or text that is written there."""
    if isinstance(value, Unary) and value.operator == "-":
        number = _limit(value.operand)
        return None if number is None or isinstance(number, str) else -number
    return value.value if isinstance(value, Const) and type(value.value) in (int, float, str) else None


def _never(limit: Any, operator: str) -> Any:
    """A value of which `value operator limit` is false, the plainest there is."""
    plain = "" if isinstance(limit, str) else 0
    if operator in (">", ">="):
        return plain if plain < limit else limit if operator == ">" else limit - 1 if plain == 0 else None
    if isinstance(limit, str):
        return limit if operator == "<" else limit + "x"
    return limit if operator == "<" else limit + 1


def _at_least_0(number: Expr) -> Expr:
    """Zephyr counts an offset or a length below 0 as 0."""
    negative = isinstance(number, Unary) and number.operator == "-" and isinstance(number.operand, Const)
    return Const(0, number.at) if negative else number


def _surely(value: Expr) -> bool:
    """Whether what is written for a value can not be null."""
    if isinstance(value, Const):
        return value.value is not None
    if isinstance(value, Ternary):
        branches = (*(then for _, then in value.cases), value.otherwise)
        return all(_is_path(each) or _surely(each) for each in branches)
    if isinstance(value, Elvis):
        return _surely(value.operands[-1])
    return not _is_path(value) and (
        not isinstance(value, Call) or _kind(value) is not None or called(value) == "personalize"
    )


def _certain(body: Body) -> frozenset[str]:
    """Names that are never null once they have a value: those of loops and lambdas, and of plain assignments."""
    every = [(target, node.value) for node in everything(body) if isinstance(node, Set) for target in node.targets]
    doubtful = {target.name for target, value in every if isinstance(target, Name) and not _surely(value)}
    always = {target.name for node in body if isinstance(node, Set) for target in node.targets if isinstance(target, Name)}
    loops = {name for node in everything(body) if isinstance(node, Foreach) for name in (node.key, node.value) if name}
    lambdas = {name for _, value in every if isinstance(value, Lambda) for name in value.names}
    return frozenset((always | loops | lambdas) - doubtful - _leaking(body))


def _leaking(body: Body) -> frozenset[str]:
    """Names that a loop assigns and that must outlive a round: Jinja needs a namespace for them."""
    inside: set[str] = set()
    for node in everything(body):
        if isinstance(node, Foreach):
            for each in everything(node.body):
                if isinstance(each, Set):
                    inside.update(target.name for target in each.targets if isinstance(target, Name))
                elif called(each) in ("push", "set") and isinstance(each, Call) and isinstance(each.arguments[0], Const):
                    inside.add(str(each.arguments[0].value))
    return frozenset(inside)


def _field_of(value: Expr, name: str) -> str | None:
    """`field` when the value is `name.field`."""
    path = shown_path(value)
    return path.removeprefix(f"{name}.") if path is not None and path.startswith(f"{name}.") else None


def _mentions(value: Expr, name: str) -> bool:
    return any(isinstance(each, Name) and each.name == name for each in everything((Print(value),)))


def _named(name: str) -> str:
    if not PLAIN_NAME.fullmatch(name):
        raise _Left("A variable's name has characters that Jinja does not allow.", "Give it another name.")
    return f"{name}_" if name in _JINJA_WORDS else name


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _constant(value: Any) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)


def _strftime(pattern: str) -> str:
    made = []
    for match in _DATE_PART.finditer(pattern):
        quoted, letters, _, other = match.groups()
        if letters and letters not in _DATE:
            raise _Left(f"The date letters {letters} have no counterpart in Jinja.")
        made.append(_DATE[letters] if letters else (other or (quoted.replace("''", "'") or "'")).replace("%", "%%"))
    return "".join(made)
