"""Reads Zephyr: from source to tree, and from anything that is not Zephyr to problems with line and column."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.errors import Problem, TemplateInvalid
from service.rendering.zephyr import lexer
from service.rendering.zephyr.lexer import Token
from service.rendering.zephyr.syntax import (
    Assign,
    Body,
    Break,
    Case,
    Comment,
    Continue,
    Expr,
    Foreach,
    If,
    Include,
    Node,
    Print,
    Select,
    Set,
    Switch,
    Target,
    Template,
    Text,
    height,
)
from service.strictjson import line_and_column

MAX_PROBLEMS = 50
MAX_INTEGER_DIGITS = 77  # 256 bits
MAX_SNIPPET_NAME = 150

RESERVED = frozenset(
    {"true", "false", "null", "if", "else", "case", "switch", "select", "for", "foreach", "lambda"}
    | {"break", "continue", "include"}
)
CONSTANTS = {"true": True, "false": False, "null": None}
OPERATORS = (("||",), ("&&",), ("=",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))  # weakest first
STRENGTH = {mark: level for level, marks in enumerate(OPERATORS) for mark in marks}
ASSIGNS = STRENGTH["="]
BLOCKS = ("if", "foreach", "switch", "select", "case")
FOREIGN = {
    "elseif": "Write two words: {else if ...}.",
    "elif": "Write {else if ...}.",
    "elsif": "Write {else if ...}.",
    "endif": "Write {/if}.",
    "endfor": "Write {/foreach}.",
    "endforeach": "Write {/foreach}.",
    "endswitch": "Write {/switch}.",
    "for": "Write {foreach items as item} ... {/foreach}.",
    "while": "There is no such loop: write {foreach items as item} ... {/foreach}.",
    "set": "Write {name = value}.",
    "and": "Write &&.",
    "or": "Write ||.",
    "not": "Write !.",
    "in": "Write contains(list, value).",
    "is": "Write ==.",
    "default": "Write {switch x} with an {if} for what no case covers; there is no {default}.",
}


def parse(source: str, *, name: str | None = None, nesting: int = 40) -> Template:
    """The tree of `source`; `name` is that of a snippet, for the places of problems.

    Raises `TemplateInvalid` with every problem (at most 50), each with line and column.
    """
    parser = _Parser(source, name, nesting)
    body = parser.body()
    if parser.problems:
        many = "a problem" if len(parser.problems) == 1 else f"{len(parser.problems)} problems"
        raise TemplateInvalid(
            f"The template has {many}.", sorted(parser.problems, key=lambda each: (each.line, each.column))
        )
    return Template(body, tuple(parser.warnings))


class _Wrong(Exception):
    """Leaves a tag that cannot be read."""

    def __init__(self, at: int, detail: str, hint: str | None = None, code: str = "template.syntax") -> None:
        super().__init__(detail)
        self.at = at
        self.problem = Problem(code, detail, None, hint)


@dataclass(slots=True)
class _Open:
    """A block whose closing tag has not been met yet. `head` is what its opening tag says."""

    kind: str
    at: int
    head: list[Expr] = field(default_factory=list)
    names: tuple[str | None, str] = (None, "")
    done: list[tuple[Expr, Body]] = field(default_factory=list)  # branches of an if
    cases: list[Case] = field(default_factory=list)
    body: list[Node] = field(default_factory=list)
    in_else: bool = False


class _Parser:
    def __init__(self, source: str, name: str | None, nesting: int) -> None:
        self.source = source
        self.name = name
        self.nesting = nesting
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        braces: list[int] = []
        self.tokens = list(lexer.tokens(source, braces))
        self.index = 0
        self.depth = 0
        self.open = [_Open("template", 0)]
        for at in braces[:1]:
            warning = Problem(
                "zephyr.json_brace",
                'A brace directly before a JSON key is read as text here; Sailthru takes it for a tag: `{"key":`.',
                None,
                "Put a line break or a blank after the brace, then it runs in both places.",
            )
            self.warnings.append(self._place(warning, at))

    # -- blocks

    def body(self) -> Body:
        while (token := self._next()).kind != "end":
            if token.kind == "text":
                self._add_text(token)
            elif token.kind == "comment":
                if self.open[-1].kind not in ("switch", "select"):
                    self._add(Comment(token.text, token.at))
            elif token.kind == "bad":
                self._report(token.at, token.text, lexer.HINT_BRACE)
            else:
                self._tag_or_problem(token)
            if len(self.problems) >= MAX_PROBLEMS:
                return ()
        for block in self.open[:0:-1]:
            self._report(block.at, f"A {{{block.kind}}} is not closed.", f"Add {{/{block.kind}}} where it ends.")
        return tuple(self.open[0].body)

    def _tag_or_problem(self, token: Token) -> None:
        try:
            self._tag(token)
            if self._peek().kind != "close":
                self._unexpected("the end of the tag")
            self._next()
        except _Wrong as wrong:
            self._report(wrong.at, wrong.problem.detail, wrong.problem.hint, wrong.problem.code)
            self.depth = 0
            while self._peek().kind not in ("close", "end", "text", "open"):
                self._next()
            if self._peek().kind == "close":
                self._next()

    def _tag(self, token: Token) -> None:
        first, at = self._peek(), token.at
        if first.text == "/" and first.kind == "mark":
            self._next()
            self._close(at)
        elif first.kind == "name" and (opens := getattr(self, f"_open_{first.text}", None)) and first.text in _TAGS:
            self._next()
            opens(at)
        elif first.kind == "name" and first.text in FOREIGN and self._peek(1).text not in _AFTER_A_NAME:
            raise _Wrong(first.at, f"Zephyr has no `{first.text}`.", FOREIGN[first.text])
        elif first.kind == "close":
            raise _Wrong(at, "A tag is empty.", lexer.HINT_BRACE)
        else:
            self._add(self._statement(at, token.text == "{{"))

    def _open_if(self, at: int) -> None:
        self._push(_Open("if", at, [self._whole()]))

    def _open_else(self, at: int) -> None:
        block = self.open[-1]
        if block.kind != "if":
            raise _Wrong(at, "An {else} stands outside of an {if}.", "Close what was opened after the {if} first.")
        condition = None
        if self._take_name("if"):
            condition = self._whole()
        if block.in_else:
            raise _Wrong(at, "An {else} follows the {else} of the same {if}.", "Only the last branch is an {else}.")
        block.done.append((block.head.pop(), tuple(block.body)))
        block.body = []
        block.in_else = condition is None
        if condition is not None:
            block.head.append(condition)

    def _open_foreach(self, at: int) -> None:
        source = self._whole()
        if not self._take_name("as"):
            self._unexpected("`as` and a name, such as {foreach items as item}")
        key, value = None, self._identifier()
        if self._take(","):
            key, value = value, self._identifier()
        self._push(_Open("foreach", at, [source], (key, value)))

    def _open_switch(self, at: int) -> None:
        self._push(_Open("switch", at, [self._whole()]))

    def _open_select(self, at: int) -> None:
        self._push(_Open("select", at))

    def _open_case(self, at: int) -> None:
        value = self._whole()
        if self.open[-1].kind not in ("switch", "select"):
            raise _Wrong(
                at, "A {case} stands outside of a {switch} or {select}.", "Close the {case} before it with {/case}."
            )
        self._push(_Open("case", at, [value]))

    def _open_break(self, at: int) -> None:
        self._in_loop(at, "break")
        self._add(Break(at))

    def _open_continue(self, at: int) -> None:
        self._in_loop(at, "continue")
        self._add(Continue(at))

    def _open_include(self, at: int) -> None:
        token = self._next()
        if token.kind != "string":
            raise _Wrong(token.at, "An {include} needs the name of a snippet in quotes.", "Write {include 'footer'}.")
        name = lexer.unquote(token.text)
        if not 0 < len(name) <= MAX_SNIPPET_NAME:
            raise _Wrong(token.at, f"A snippet's name has 1 to {MAX_SNIPPET_NAME} characters.")
        self._add(Include(name, at))

    def _in_loop(self, at: int, word: str) -> None:
        if all(block.kind != "foreach" for block in self.open):
            raise _Wrong(at, f"A {{{word}}} stands outside of a {{foreach}}.", "Put it between {foreach} and {/foreach}.")

    def _push(self, block: _Open) -> None:
        self.open.append(block)
        if len(self.open) > self.nesting:
            self.problems.append(self._place(self._too_deep(), block.at))
            self.index = len(self.tokens) - 1  # the rest cannot be judged
            del self.open[1:]

    def _close(self, at: int) -> None:
        token = self._next()
        if token.text not in BLOCKS:
            hint = f"Closing tags are {', '.join(f'{{/{kind}}}' for kind in BLOCKS)}."
            raise _Wrong(
                at,
                f"There is no closing tag `/{token.text}`." if token.kind == "name" else "A closing tag has no name.",
                hint,
            )
        kinds = [block.kind for block in self.open]
        if token.text not in kinds:
            raise _Wrong(at, f"A {{/{token.text}}} closes nothing.", f"Remove it, or open it with {{{token.text} ...}}.")
        while (block := self.open.pop()).kind != token.text:
            line, _ = line_and_column(self.source, at)
            self._report(
                block.at,
                f"A {{{block.kind}}} is not closed before {{/{token.text}}} in line {line}.",
                f"Add {{/{block.kind}}}.",
            )
        self._finish(block)

    def _finish(self, block: _Open) -> None:
        body = tuple(block.body)
        if block.kind == "if":
            if block.in_else:
                self._add(If(tuple(block.done), body, block.at))
            else:
                self._add(If((*block.done, (block.head[0], body)), None, block.at))
        elif block.kind == "foreach":
            self._add(Foreach(block.head[0], *block.names, body, block.at))
        elif block.kind == "switch":
            self._add(Switch(block.head[0], tuple(block.cases), block.at))
        elif block.kind == "select":
            self._add(Select(tuple(block.cases), block.at))
        else:
            self.open[-1].cases.append(Case(block.head[0], body, block.at))

    def _add(self, node: Node) -> None:
        block = self.open[-1]
        if block.kind in ("switch", "select"):
            raise _Wrong(node.at, f"Only {{case}} may stand directly in a {{{block.kind}}}.", "Put it inside a {case}.")
        block.body.append(node)

    def _add_text(self, token: Token) -> None:
        block = self.open[-1]
        if block.kind not in ("switch", "select"):
            block.body.append(Text(token.text, token.at))
        elif stray := token.text.strip():
            at = token.at + token.text.index(stray[0])
            self._report(at, f"Text between the cases of a {{{block.kind}}} is never printed.", "Put it inside a {case}.")

    # -- statements and expressions

    def _statement(self, at: int, double: bool) -> Node:
        targets: list[Target] = []
        while True:
            value = self._expression()
            if not isinstance(value, Assign) or not self._bare(value):
                break
            # `a = b ? c : d` was cut short by the rule for expressions; at the beginning of a tag "=" takes all that follows
            targets.append(value.target)
            self.index = self._after_assign[id(value)]
        self._check_height(value, at)
        for target in targets:
            self._check_height(target, at)
        return Set(tuple(targets), value, double, at) if targets else Print(value, double, at)

    def _whole(self) -> Expr:
        at = self._peek().at
        value = self._expression()
        self._check_height(value, at)
        return value

    def _check_height(self, value: Expr, at: int) -> None:
        if height(value) > self.nesting:
            raise _Wrong(at, self._too_deep().detail, self._too_deep().hint, self._too_deep().code)

    def _expression(self) -> Expr:
        with self._deeper():
            if self._peek().text == "lambda":
                return self._lambda()
            return self._conditional(self._operators(0))

    def _conditional(self, first: Expr) -> Expr:
        if self._peek().text == "?:":
            return self._elvis(first)
        if self._peek().text == "?" and self._peek().kind == "mark":
            return self._ternary(first)
        return first
