"""JSON contexts, from the syntax tree: in a string, where a value may stand, in captured text. Nothing else compiles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jinja2 import nodes

from service.errors import Problem
from service.rendering.guards import first_place, inner
from service.rendering.places import Places

OPEN, VALUE, PRINTED, WORD = "open", "value", "printed", "word"
_IN_STRING = re.compile(r'[^"\\]+')
_OUTSIDE_WORD = re.compile(r'[^\s"\[\]{},:]+')
_LOOKS_LIKE_JSON = re.compile(r'\s*[\[{]\s*["\[{]')
HEX = 4
_PLACES_KEPT = 10
_PROBLEMS_KEPT = 50


@dataclass(frozen=True, slots=True)
class State:
    """Where in the JSON text a template stands.

    Outside of strings `last` says what came before: OPEN (a value may stand here, or it is not known), VALUE (a value has
    ended), PRINTED (an expression has), WORD (a number or word that may go on). In a string `pending` counts what an escape
    still needs: -1 after a backslash, 4 to 1 hexadecimal digits after \\u. `printed` are the places of the expressions in
    this string (or in the value that has just ended): none may turn out to be a key.
    """

    in_string: bool = False
    last: str = OPEN
    pending: int = 0
    printed: frozenset[int] = frozenset()
    opened: int = 0  # place of the quote that opened the string


@dataclass(frozen=True, slots=True)
class _Loop:
    recursive: bool
    start: State | None


class Contexts:
    """Walks through a tree, refuses what has no JSON context, and puts the right escaping around every expression."""

    def __init__(self, places: Places, snippets: dict[str, str] | None = None) -> None:
        self._places = places
        self._snippets = snippets or {}
        self._loops: list[_Loop] = []
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def document(self, tree: nodes.Template) -> None:
        """Prepares a tree that writes one JSON document."""
        end = self._body(tree.body, State())
        if end is not None and end.in_string and not any(each.code == "template.context" for each in self.problems):
            self._refuse("template.open_string", "A JSON string is not closed.", 'Add the closing quote (").', end.opened)

    def text(self, tree: nodes.Template) -> None:
        """Prepares a tree that writes plain text."""
        self._body(tree.body, None)

    def _refuse(self, code: str, detail: str, hint: str, at: int) -> None:
        problem = self._places.at(Problem(code, detail, None, hint), at)
        if problem not in self.problems and len(self.problems) < _PROBLEMS_KEPT:
            self.problems.append(problem)

    def _warn(self, code: str, detail: str, hint: str, at: int) -> None:
        warning = self._places.at(Problem(code, detail, None, hint), at)
        if warning not in self.warnings and len(self.warnings) < _PROBLEMS_KEPT:
            self.warnings.append(warning)

    # -- statements. A state of None means: captured text

    def _body(self, body: list[nodes.Node], state: State | None) -> State | None:
        for at, node in enumerate(body):
            if isinstance(node, nodes.Output):
                state = self._output(node, state)
            elif isinstance(node, nodes.If):
                state = self._if(node, state)
            elif isinstance(node, nodes.For):
                state = self._for(node, state)
            elif isinstance(node, (nodes.With, nodes.Scope)):
                state = self._body(node.body, state)
            elif isinstance(node, (nodes.Macro, nodes.AssignBlock)):
                self._captured(node.body, node.lineno)
            elif isinstance(node, nodes.FilterBlock):
                self._captured(node.body, node.lineno)
                printer, state = self._print(state, node.lineno)
                node.filter = inner(printer, node.filter, at=node.lineno)
            elif isinstance(node, nodes.CallBlock):
                self._captured(node.body, node.lineno)
                printer, state = self._print(state, node.lineno)
                written = inner(printer, inner("end capture", None, at=node.lineno), at=node.lineno)
                body[at] = nodes.FilterBlock([node], written, lineno=node.lineno)
            elif isinstance(node, (nodes.Break, nodes.Continue)):
                self._leave(node, state)
        return state

    def _captured(self, body: list[nodes.Node], at: int) -> None:
        first = body[0] if body else None
        if isinstance(first, nodes.Output) and first.nodes and isinstance(first.nodes[0], nodes.TemplateData):
            self._lint(first.nodes[0].data, at)
        loops, self._loops = self._loops, []
        self._body(body, None)
        self._loops = loops

    def _lint(self, text: str, at: int) -> None:
        if _LOOKS_LIKE_JSON.match(text):
            self._warn(
                "template.json_in_text",
                "This looks like JSON, but captured text is text: printed outside of quotes it becomes one quoted string.",
                "Write the JSON where it belongs, or build a value: {% set items = [...] %}.",
                at,
            )

    def _if(self, node: nodes.If, state: State | None) -> State | None:
        ends = [self._branch(each.body, state, each.lineno, "a branch of {% if %}") for each in (node, *node.elif_)]
        ends.append(self._branch(node.else_, state, node.lineno, "{% else %}"))
        return _join([end for end in ends if end is not None]) if state is not None else None

    def _for(self, node: nodes.For, state: State | None) -> State | None:
        self._loops.append(_Loop(node.recursive, state))
        end = self._branch(node.body, state, node.lineno, "a loop")
        if state is not None and end is not None:
            self._again(node.body, end)
        self._loops.pop()
        otherwise = self._branch(node.else_, state, node.lineno, "{% else %}")
        return _join([each for each in (state, end, otherwise) if each is not None]) if state is not None else None

    def _leave(self, node: nodes.Node, state: State | None) -> None:
        """A loop may be left only where the JSON context is the one that it began in."""
        start = self._loops[-1].start if self._loops else None
        if start is not None and state is not None and (state.in_string != start.in_string or state.pending):
            detail = f"A {type(node).__name__.lower()} leaves a loop in the middle of a JSON string."
            self._refuse(
                "template.context", detail, "Put the quotes either both inside or both outside of the loop.", node.lineno
            )

    def _branch(self, body: list[nodes.Node], start: State | None, at: int, what: str) -> State | None:
        if start is not None and start.pending:
            self._refuse(
                "template.escape", "A tag stands inside an escape of a JSON string.", "Put it behind the escape.", at
            )
            start = replace(start, pending=0)
        end = self._body(body, start)
        if start is None or end is None:
            return None
        if end.in_string != start.in_string or end.pending:
            begins, ends = ("inside" if each.in_string else "outside of" for each in (start, end))
            detail = f"What is between the tags of {what} begins {begins} a JSON string and ends {ends} one."
            if begins == ends:
                detail = f"{what[0].upper()}{what[1:]} ends inside an escape of a JSON string."
            self._refuse("template.context", detail, "Put the quotes either both inside or both outside of the tags.", at)
            return start
        return end

    def _again(self, body: list[nodes.Node], end: State) -> None:
        """The second round of a loop begins where the first ended; only what is glued is new."""
        first = next((node for node in body if not isinstance(node, (nodes.Assign, nodes.AssignBlock, nodes.Macro))), None)
        if end.in_string or end.last not in (PRINTED, WORD) or not isinstance(first, nodes.Output):
            return
        for child in first.nodes:
            if isinstance(child, nodes.TemplateData):
                if not child.data.strip():
                    continue
                if child.data.lstrip()[0] not in ",]}:":
                    self._glued(child.lineno)
            else:
                self._glued(child.lineno)
            return

    # -- what is printed

    def _output(self, node: nodes.Output, state: State | None) -> State | None:
        made: list[nodes.Expr] = []
        for child in node.nodes:
            if isinstance(child, nodes.TemplateData):
                if state is None:
                    made.append(inner("literal text", child, at=child.lineno))
                else:
                    made.append(child)
                    state = self._literal(child.data, child.lineno, state)
            elif _is_suppress(child):
                made.append(inner("print text", child, at=child.lineno))
            else:
                child, state = self._expression(child, state)
                made.append(child)
        node.nodes = made
        return state

    def _expression(self, child: nodes.Expr, state: State | None) -> tuple[nodes.Expr, State | None]:
        outside = state is not None and not state.in_string
        if outside and isinstance(child, nodes.Filter):
            if child.name == "tojson":
                self._warn(
                    "template.tojson",
                    "`tojson` does nothing here.",
                    "Leave it out: outside of quotes values are printed as JSON.",
                    child.lineno,
                )
                child = child.node or child
            elif child.name == "include snippet" and isinstance(child.node, nodes.Const):
                self._lint(self._snippets.get(child.node.value, ""), child.lineno)
        if outside and _is_comma(child):
            hint = "Write the comma between tags: {% if not loop.last %},{% endif %}. One too many is forgiven."
            self._refuse("template.glued", "A comma between values can not be printed by an expression.", hint, child.lineno)
            return child, state
        loop = self._loops[-1] if self._loops else None
        if loop and loop.recursive and loop.start is not None and state is not None and _is_loop_call(child):
            if loop.start.in_string != state.in_string or state.pending:
                hint = "Call loop(...) inside quotes only if the loop itself stands inside quotes."
                self._refuse("template.context", "loop(...) does not stand where the loop began.", hint, child.lineno)
            after = state if state.in_string else replace(state, last=OPEN)
            return inner("print rendered", child, at=child.lineno), after
        start = first_place(child)
        printer, state = self._print(state, start)
        return inner(printer, child, at=start), state

    def _print(self, state: State | None, at: int) -> tuple[str, State | None]:
        """The printer for an expression that stands at `at`, and the state behind it."""
        if state is None:
            return "print text", None
        if state.in_string:
            if state.pending:
                self._refuse(
                    "template.escape",
                    "An expression stands inside an escape of a JSON string.",
                    "Write \\\\ for a backslash.",
                    at,
                )
            return "print in string", replace(state, printed=_with(state.printed, at), pending=0)
        if state.last != OPEN:
            self._glued(at)
        return "print value", replace(state, last=PRINTED, printed=frozenset({at}))

    def _glued(self, at: int) -> None:
        hint = "Put a comma between two values, or quotes around text that is made of several parts."
        self._refuse(
            "template.glued", "An expression and what stands next to it have no comma or quotes between them.", hint, at
        )

    # -- the author's own JSON text

    def _literal(self, text: str, place: int, state: State) -> State:
        at = 0
        while at < len(text):
            if state.in_string:
                at, state = self._string_character(text, at, place, state)
            else:
                at, state = self._outside_character(text, at, place, state)
        return state

    def _string_character(self, text: str, at: int, place: int, state: State) -> tuple[int, State]:
        mark = text[at]
        if state.pending == -1:
            return at + 1, replace(state, pending=HEX if mark == "u" else 0)
        if state.pending:
            if mark not in "0123456789abcdefABCDEF":
                self._refuse(
                    "template.escape",
                    "A \\u in a JSON string needs four hexadecimal digits.",
                    "Write the character itself.",
                    place + at,
                )
                return at, replace(state, pending=0)
            return at + 1, replace(state, pending=state.pending - 1)
        if mark == "\\":
            return at + 1, replace(state, pending=-1)
        if mark == '"':
            return at + 1, replace(state, in_string=False, last=VALUE)
        run = _IN_STRING.match(text, at)
        return run.end() if run else at + 1, state

    def _outside_character(self, text: str, at: int, place: int, state: State) -> tuple[int, State]:
        mark = text[at]
        if mark.isspace():
            return at + 1, replace(state, last=VALUE) if state.last == WORD else state
        if mark == ":":
            for each in sorted(state.printed):
                hint = "Write the names of fields yourself; only values come from data."
                self._refuse("template.key", "An expression stands in the name of a field.", hint, each)
            return at + 1, State()
        if mark == ",":
            return at + 1, State()
        if mark in "]}":
            return at + 1, State(last=VALUE)
        if state.last == PRINTED:
            self._glued(place + at)
        if mark == '"':
            return at + 1, State(in_string=True, opened=place + at)
        if mark in "[{":
            return at + 1, State()
        word = _OUTSIDE_WORD.match(text, at)
        return word.end() if word else at + 1, State(last=WORD)


def _with(places: frozenset[int], place: int) -> frozenset[int]:
    return places | {place} if len(places) < _PLACES_KEPT else places


def _join(states: Sequence[State]) -> State:
    """What is known where branches meet."""
    first = states[0]
    last = first.last if all(each.last == first.last for each in states) else OPEN
    return replace(first, last=last, printed=frozenset().union(*(each.printed for each in states)))


def _is_suppress(node: nodes.Expr | None) -> bool:
    """Whether all that an expression can do is to end the render."""
    if isinstance(node, nodes.CondExpr):
        return _is_suppress(node.expr1) and isinstance(node.expr2, nodes.EnvironmentAttribute)
    function = node.node if isinstance(node, nodes.Filter) and node.name == "call function" else None
    return isinstance(function, nodes.Const) and function.value == "suppress"


def _is_comma(node: nodes.Expr) -> bool:
    if isinstance(node, nodes.CondExpr):
        node = node.expr1
    return isinstance(node, nodes.Const) and isinstance(node.value, str) and node.value.strip() == ","


def _is_loop_call(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "loop"
