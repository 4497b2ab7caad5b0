"""Reads Zephyr: from source to tree, and from anything that is not Zephyr to problems with line and column."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

from service.errors import Problem, TemplateInvalid
from service.rendering.zephyr import lexer
from service.rendering.zephyr.lexer import Token
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
    height,
)
from service.strictjson import line_and_column

MAX_PROBLEMS = 50
MAX_INTEGER_DIGITS = 77  # 256 bits
MAX_SNIPPET_NAME = 150

RESERVED = frozenset(
    {"true", "false", "null", "if", "else", "case", "switch", "select", "for", "foreach", "lambda"}
    | {"break", "continue", "include"}
    | {"elseif", "elif", "elsif", "endif", "endfor", "endforeach", "endswitch"}  # a slip, never a variable
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
        swallowed = len(self.tokens) > 1 and self.tokens[-2].kind == "bad"  # the rest of the source, closing tags included
        for block in () if swallowed else self.open[:0:-1]:
            self._report(block.at, f"A {{{block.kind}}} is not closed.", f"Add {{/{block.kind}}} where it ends.")
        return tuple(self.open[0].body)

    def _tag_or_problem(self, token: Token) -> None:
        first, blocks = self._peek(), len(self.open)
        try:
            self._tag(token)
            if self._peek().kind != "close":
                self._unexpected("the end of the tag")
            self._next()
        except _Wrong as wrong:
            self._report(wrong.at, wrong.problem.detail, wrong.problem.hint, wrong.problem.code)
            self.depth = 0
            if first.text in BLOCKS and len(self.open) == blocks:
                self.open.append(_Open(first.text, token.at, [Const(None)]))  # so that its closing tag finds it
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
        elif first.kind == "name" and first.text in FOREIGN and self._peek(1).kind in ("name", "string", "number"):
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
        while self._peek().kind in ("name", "string") and self._peek().text not in RESERVED:
            start = self.index
            with self._deeper():
                target = self._postfix()
            if self._peek().text != "=" or self._peek().kind != "mark":
                self.index = start
                break
            targets.append(self._target(target))
            self._check_height(target, at)
            self._next()
        value = self._whole()
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

    def _elvis(self, first: Expr) -> Expr:
        with self._deeper():
            operands = [first]
            while self._take("?:"):
                operands.append(self._lambda() if self._peek().text == "lambda" else self._operators(0))
            if self._mark() == "?":
                operands.append(self._ternary(operands.pop()))
            last = operands.pop()
            return Elvis((*operands, *last.operands) if isinstance(last, Elvis) else (*operands, last), first.at)

    def _ternary(self, condition: Expr) -> Expr:
        with self._deeper():
            at = condition.at
            cases: list[tuple[Expr, Expr]] = []
            while self._take("?"):
                then = self._expression()
                if not self._take(":"):
                    self._unexpected("`:` and what stands otherwise")
                cases.append((condition, then))
                condition = self._lambda() if self._peek().text == "lambda" else self._operators(0)
            otherwise = self._elvis(condition) if self._mark() == "?:" else condition
            if isinstance(otherwise, Ternary):
                return Ternary((*cases, *otherwise.cases), otherwise.otherwise, at)
            return Ternary(tuple(cases), otherwise, at)

    def _lambda(self) -> Expr:
        with self._deeper():
            at = self._next().at
            names = [self._identifier()]
            while self._take(","):
                names.append(self._identifier())
            if not self._take(":"):
                self._unexpected("`:` and what the lambda gives")
            return Lambda(tuple(names), self._expression(), at)

    def _operators(self, weakest: int) -> Expr:
        """Operators of strength `weakest` and above, by precedence climbing; those of one strength become one flat chain."""
        left = self._unary()
        while (strength := STRENGTH.get(self._mark(), -1)) >= weakest:
            if strength == ASSIGNS:
                target = self._target(left)
                self._next()
                left = Assign(target, self._operators(ASSIGNS + 1), left.at)
                continue
            operands, operators = [left], []
            while STRENGTH.get(self._mark(), -1) == strength:
                operators.append(self._next().text)
                operands.append(self._operators(strength + 1))
            left = Chain(tuple(operands), tuple(operators), left.at)
        return left

    def _unary(self) -> Expr:
        signs = []
        while self._mark() in ("!", "-"):
            signs.append(self._next())
        value = self._postfix()
        for sign in reversed(signs):
            value = Unary(sign.text, value, sign.at)
        return value

    def _postfix(self) -> Expr:
        value = self._atom()
        while (mark := self._mark()) in (".", "[", "("):
            self._next()
            if mark == ".":
                name = self._next()
                if name.kind != "name":
                    raise _Wrong(
                        name.at,
                        "A name is missing after the dot.",
                        "A key that is no plain name stands in brackets: item['my-key'].",
                    )
                value = Field(value, name.text, value.at)
            elif mark == "[":
                value = Item(value, self._expression(), value.at)
                self._expect("]")
            else:
                value = Call(value, self._listed(")"), value.at)
        return value

    def _atom(self) -> Expr:
        token = self._next()
        at, text = token.at, token.text
        if token.kind == "name" and text in CONSTANTS:
            return Const(CONSTANTS[text], at)
        if token.kind == "name" and text not in RESERVED:
            return Name(text, at)
        if token.kind == "string":
            return Const(lexer.unquote(text), at)
        if token.kind == "number":
            return Const(self._number(token), at)
        if token.kind == "mark" and text == "(":
            value = self._expression()
            self._expect(")")
            return value
        if token.kind == "mark" and text == "[":
            return self._list(at)
        if token.kind == "mark" and text == "{":
            return self._object(at)
        self.index -= 1
        return self._unexpected("a value")

    def _number(self, token: Token) -> int | float:
        if len(token.text) > MAX_INTEGER_DIGITS:
            raise _Wrong(token.at, "A number has too many digits.", "Write a long id as text, in quotes.", "template.number")
        return float(token.text) if "." in token.text else int(token.text)

    def _list(self, at: int) -> Expr:
        if self._take("]"):
            return ListOf((), at)
        first = self._expression()
        if self._take_name("for"):
            return self._comprehension(first, at)
        items = [first]
        while self._take(","):
            items.append(self._expression())
        self._expect("]")
        return ListOf(tuple(items), at)

    def _comprehension(self, item: Expr, at: int) -> Expr:
        name = self._identifier()
        if not self._take_name("in"):
            self._unexpected("`in` and a list")
        source = self._expression()
        condition = self._expression() if self._take_name("if") else None
        self._expect("]")
        return Comprehension(item, name, source, condition, at)

    def _object(self, at: int) -> Expr:
        pairs: list[tuple[str, Expr]] = []
        while not self._take("}"):
            if pairs:
                self._expect(",")
            key = self._next()
            if key.kind not in ("string", "name", "number"):
                raise _Wrong(key.at, "A key is missing in an object.", "Write {'key': value}.")
            self._expect(":")
            pairs.append((lexer.unquote(key.text) if key.kind == "string" else key.text, self._expression()))
        return ObjectOf(tuple(pairs), at)

    def _listed(self, end: str) -> tuple[Expr, ...]:
        items: list[Expr] = []
        while not self._take(end):
            if items:
                self._expect(",")
            items.append(self._expression())
        return tuple(items)

    def _target(self, value: Expr) -> Target:
        """`value` as what can be given a value: a name (which may be quoted) and what follows it."""
        steps: list[Field | Item] = []
        base = value
        while isinstance(base, (Field, Item)):
            steps.append(base)
            base = base.base
        if isinstance(base, Const) and isinstance(base.value, str) and base.value:
            base = Name(base.value, base.at)
        if not isinstance(base, Name):
            raise _Wrong(value.at, "Only a name can be given a value with `=`.", "To compare, write ==.")
        target: Target = base
        for step in reversed(steps):
            target = Field(target, step.name, step.at) if isinstance(step, Field) else Item(target, step.key, step.at)
        return target

    def _identifier(self) -> str:
        token = self._peek()
        if token.kind != "name" or token.text in RESERVED:
            self._unexpected("a name")
        return self._next().text

    # -- tokens

    def _peek(self, ahead: int = 0) -> Token:
        return self.tokens[min(self.index + ahead, len(self.tokens) - 1)]

    def _mark(self) -> str:
        token = self.tokens[self.index]
        return token.text if token.kind == "mark" else ""

    def _next(self) -> Token:
        token = self.tokens[self.index]
        if self.index < len(self.tokens) - 1:
            self.index += 1
        return token

    def _take(self, mark: str) -> bool:
        if self._mark() != mark:
            return False
        self._next()
        return True

    def _take_name(self, name: str) -> bool:
        token = self._peek()
        if token.kind != "name" or token.text != name:
            return False
        self._next()
        return True

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            self._unexpected(f"`{mark}`")

    def _unexpected(self, wanted: str) -> NoReturn:
        token = self._peek()
        if token.kind == "bad":
            hint = lexer.HINT_BRACE if "not closed" in token.text else None
            raise _Wrong(token.at, token.text, hint)
        if token.kind == "name" and token.text in FOREIGN:
            raise _Wrong(token.at, f"Zephyr has no `{token.text}` here.", FOREIGN[token.text])
        if token.kind == "name" and token.text in RESERVED:
            raise _Wrong(
                token.at, f"`{token.text}` is a word of Zephyr's own and cannot stand here.", f"Expected is {wanted}."
            )
        found = "the tag ends" if token.kind in ("close", "end") else f"`{token.text[:40]}` follows"
        if token.kind == "mark" and token.text == "%":
            raise _Wrong(
                token.at,
                "`{%` means nothing in Zephyr.",
                "Write {if x} instead of {% if x %}, and {x = 1} instead of {% set x = 1 %}.",
            )
        raise _Wrong(token.at, f"Expected is {wanted}, but {found}.", lexer.HINT_BRACE if token.kind == "mark" else None)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self.depth += 1
        if self.depth > self.nesting:
            problem = self._too_deep()
            raise _Wrong(self._peek().at, problem.detail, problem.hint, problem.code)
        yield
        self.depth -= 1

    # -- problems

    def _too_deep(self) -> Problem:
        return Problem(
            "template.nesting",
            f"The template is nested more than {self.nesting} levels deep.",
            None,
            "Keep a part in a variable.",
        )

    def _report(self, at: int, detail: str, hint: str | None = None, code: str = "template.syntax") -> None:
        problem = self._place(Problem(code, detail, None, hint), at)
        if all((each.line, each.column) != (problem.line, problem.column) for each in self.problems):
            self.problems.append(problem)

    def _place(self, problem: Problem, at: int) -> Problem:
        line, column = line_and_column(self.source, at)
        return problem.at(line, column, self.name)


_TAGS = frozenset({"if", "else", "foreach", "switch", "select", "case", "break", "continue", "include"})
