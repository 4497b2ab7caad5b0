"""From a source to Jinja's syntax tree: tokens with places, limits before anything recurses, errors in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jinja2 import Environment, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import Lexer, TokenStream
from jinja2.parser import Parser

from service.errors import Problem
from service.registry import nearest
from service.rendering.limits import Limits
from service.rendering.places import Places

_OPENING = {"(", "[", "{"}
_CLOSING = {")", "]", "}"}
_BLOCKS = frozenset({"for", "if", "macro", "call", "filter", "set", "with", "block", "autoescape"})
TAGS = frozenset(
    {
        "for",
        "endfor",
        "if",
        "elif",
        "else",
        "endif",
        "macro",
        "endmacro",
        "call",
        "endcall",
        "filter",
        "endfilter",
        "set",
        "endset",
    }
    | {"with", "endwith", "block", "endblock", "include", "import", "from", "extends", "raw", "endraw"}
)
_MAX_DIGITS = 80
_MAX_LOOPS = 15  # Python's own limit of nested blocks is 20
_MAX_RECURSING = 40  # `not`, `else` and signs in one expression: the parser recurses at each
_MAX_TREE = 100  # levels of the syntax tree
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Broken(Exception):
    """A source that is no template, with the problem and the place of it."""

    def __init__(self, code: str, detail: str, hint: str | None, place: int | None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.hint, self.place = code, detail, hint, place

    def problem(self, places: Places) -> Problem:
        made = Problem(self.code, self.detail, None, self.hint)
        return places.at(made, self.place) if self.place is not None else made


class PlacedLexer(Lexer):
    """Jinja's lexer, with the place of every token where Jinja has its line."""

    def __init__(self, environment: Environment, base: int, limits: Limits) -> None:
        super().__init__(environment)
        self._base = base
        self._limits = limits

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[Any]:
        at = 0
        watch = _Watch(self._limits)
        try:
            for _, token, value in super().tokeniter(source, name, filename, state):
                while not source.startswith(value, at) and source[at : at + 1].isspace():
                    at += 1  # blanks that a minus sign in a tag takes away
                watch.see(token, value, self._base + at)
                yield self._base + at, token, value
                at += len(value)
        except TemplateSyntaxError as error:
            raise _in_words(error.message or "", self._base + at) from None


class _Watch:
    """Counts nesting over the tokens, so that nothing after it can recurse too deep."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._brackets = 0
        self._blocks: list[str] = []
        self._tag: list[str] = []  # names and operators of the tag that is open, outside of brackets
        self._recursing = 0
        self._last = ""

    def see(self, kind: str, value: str, place: int) -> None:
        if kind in ("whitespace", "data", "comment"):
            return
        if kind in ("variable_begin", "block_begin"):
            self._tag = []
            self._recursing = 0
        elif kind == "block_end":
            self._end_tag(place)
        elif kind == "operator":
            self._operator(value, place)
        elif kind in ("integer", "float"):
            self._number(value, place)
        elif kind == "name" and value in ("not", "else"):
            self._recurse(place)
        if kind in ("name", "operator") and not self._brackets:
            self._tag.append(value)
        self._last = "value" if kind in ("name", "integer", "float", "string") or value in _CLOSING else "operator"

    def _operator(self, value: str, place: int) -> None:
        if value in _OPENING:
            self._brackets += 1
            self._check(self._brackets + len(self._blocks), place)
        elif value in _CLOSING:
            self._brackets -= 1
        elif value in "+-" and self._last == "operator":
            self._recurse(place)

    def _recurse(self, place: int) -> None:
        self._recursing += 1
        if self._recursing > _MAX_RECURSING:
            raise Broken(
                "template.too_deep", "An expression is too long.", "Split it: give parts of it names with {% set %}.", place
            )

    def _number(self, value: str, place: int) -> None:
        if len(value) > _MAX_DIGITS or (
            ("." in value or "e" in value.lower()) and not value.lower().startswith("0x") and _infinite(value)
        ):
            raise Broken("template.number", "A number is too large.", "Use a smaller one, or text in quotes.", place)

    def _end_tag(self, place: int) -> None:
        word = self._tag[0] if self._tag else ""
        if word in _BLOCKS and not (word == "set" and "=" in self._tag):
            self._blocks.append(word)
            self._check(self._brackets + len(self._blocks), place)
            if self._blocks.count("for") > _MAX_LOOPS:
                raise Broken(
                    "template.too_deep",
                    f"Loops are nested more than {_MAX_LOOPS} levels deep.",
                    "Use a macro for the inner ones.",
                    place,
                )
        elif word.startswith("end") and self._blocks:
            self._blocks.pop()

    def _check(self, depth: int, place: int) -> None:
        if depth > self._limits.nesting:
            raise Broken(
                "template.too_deep",
                f"Brackets and tags are nested more than {self._limits.nesting} levels deep.",
                "Give parts of it names with {% set %}, or use macros.",
                place,
            )


def _infinite(digits: str) -> bool:
    try:
        return float(digits.replace("_", "")) - float(digits.replace("_", "")) != 0
    except ValueError:
        return False


def parse(environment: Environment, source: str, base: int, limits: Limits) -> nodes.Template:
    """The syntax tree of `source`, every node with its place as `lineno`. Raises `Broken`."""
    if len(source) > limits.source:
        detail = f"The template has {len(source):,} characters; at most {limits.source:,} are allowed."
        raise Broken("template.too_long", detail, "Move parts of it into snippets.", None)
    if found := _CONTROL.search(source):
        raise Broken(
            "template.character",
            f"The template holds the character U+{ord(found.group()):04X}.",
            "Remove it; it can not be seen.",
            base + found.start(),
        )
    lexer = PlacedLexer(environment, base, limits)
    parser = Parser(environment, "")
    try:
        tokens = list(lexer.tokeniter(source, None))  # all limits are checked before the parser sees the first token
        parser.stream = TokenStream(lexer.wrap(iter(tokens)), None, None)
        tree = parser.parse()
    except TemplateSyntaxError as error:
        raise _brace_or(_in_words(error.message or "", error.lineno), source, base) from None
    except Broken as broken:
        raise _brace_or(broken, source, base) from None
    _check_depth(tree)
    return tree


def _brace_or(broken: Broken, source: str, base: int) -> Broken:
    """The problem, or that a brace of the JSON was taken for one of a tag, which is a common slip."""
    if broken.place is not None and broken.code == "template.syntax":
        at = source.rfind("{{", 0, broken.place - base + 1)
        while at > 0 and source[at - 1] == "{":
            at -= 1
        if at >= 0 and source[at + 2 : at + 3] in ("{", "%", "#"):
            detail = "A { stands directly before a tag, so that both together are read as another tag."
            return Broken("template.brace", detail, "Put a blank between them: { {% if ... %} or { {{ ... }}.", base + at)
    return broken


def _check_depth(tree: nodes.Node) -> None:
    level: list[nodes.Node] = [tree]
    for _ in range(_MAX_TREE):
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return
    raise Broken(
        "template.too_deep",
        "An expression is nested too deep.",
        "Split it: give parts of it names with {% set %}.",
        level[0].lineno,
    )


_INSTEAD = {
    "elseif": "Write {% elif ... %}.",
    "else if": "Write {% elif ... %}.",
    "elsif": "Write {% elif ... %}.",
    "do": "Write {% set ... %}; lists and objects can not be changed, but new ones can be made.",
    "break": "Write a condition into the loop: {% for item in items if ... %}.",
    "continue": "Write a condition into the loop: {% for item in items if ... %}.",
    "foreach": "Write {% for item in items %}.",
    "endforeach": "Write {% endfor %}.",
    "end": "Write which one: {% endif %} or {% endfor %}.",
    "autoescape": "Leave it out: values are always escaped.",
    "trans": "Texts are not translated here.",
    "while": "Write {% for item in items %}.",
    "assign": "Write {% set name = value %}.",
    "capture": "Write {% set name %}...{% endset %}.",
    "unless": "Write {% if not ... %}.",
    "case": "Write {% if %} and {% elif %}.",
    "switch": "Write {% if %} and {% elif %}.",
    "print": "Write {{ ... }}.",
}
_UNKNOWN_TAG = re.compile(r"Encountered unknown tag '([^']*)'")
_INNERMOST = re.compile(r"innermost block that needs to be closed is '([^']*)'")


def _in_words(message: str, place: int | None) -> Broken:
    """One of Jinja's messages as a problem that says what to do."""
    message = re.sub(r" at \d+$", "", message)
    if unknown := _UNKNOWN_TAG.search(message):
        name = unknown.group(1)
        innermost = _INNERMOST.search(message)
        hint = _INSTEAD.get(name)
        if hint is None and name in TAGS and innermost:
            hint = f"Close the open {{% {innermost.group(1)} %}} first, with {{% end{innermost.group(1)} %}}."
        elif hint is None and name in TAGS:
            hint = f"There is no open tag that {{% {name} %}} could belong to."
        elif hint is None:
            near = nearest(name[:60], TAGS)
            hint = f"Did you mean {{% {near} %}}?" if near else f"The tags are: {', '.join(sorted(TAGS))}."
        return Broken("template.unknown_tag", f"The tag {{% {name[:40]} %}} does not fit here.", hint, place)
    if message.startswith("Unexpected end of template"):
        innermost = _INNERMOST.search(message)
        name = innermost.group(1) if innermost else "if"
        return Broken("template.not_closed", f"The tag {{% {name} %}} is not closed.", f"Add {{% end{name} %}}.", place)
    if "Missing end of comment" in message:
        return Broken("template.not_closed", "A comment {# is not closed.", "Add #}.", place)
    if "Missing end of raw" in message:
        return Broken("template.not_closed", "The tag {% raw %} is not closed.", "Add {% endraw %}.", place)
    return Broken("template.syntax", f"{message[:1].upper()}{message[1:200].rstrip('.')}.", _syntax_hint(message), place)


def _syntax_hint(message: str) -> str | None:
    if "end of print statement" in message or "end of template" in message:
        return "Look for a missing }}, a missing quote or a missing operator: text is joined with ~."
    if "end of statement block" in message:
        return "Look for a missing %} or a missing operator; a comparison has two equals signs (==)."
    if "unexpected char" in message:
        return "Look for a quote that is not closed, curly quotes, or && and || (write and, or)."
    return "Look at what stands just before this place."
