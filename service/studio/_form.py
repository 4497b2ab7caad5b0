"""The form view: one field for each property of the action's schema, over the very text of the source.

A field is a span of the source. What nobody touched stays as it is, to the byte; so both views are views of one document.
A source whose shape is decided by branches cannot be shown so, and says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"(?P<comment>\{#.*?#\})|(?P<tag>\{%.*?%\})|(?P<expression>\{\{.*?\}\})"
    r'|(?P<string>"(?:\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\\.|[^"\\])*")|(?P<blank>\s+)|(?P<other>.)',
    re.DOTALL,
)
_CAPTURED = re.compile(r"\{%[-+]?\s*(?:set\s+\w+\s*(?:\|[^%=]*)?[-+]?%\}|macro\b|call\b|filter\b|raw\b)", re.DOTALL)
_ENDS = re.compile(r"\{%[-+]?\s*end(?:set|macro|call|filter|raw)\b")
_BRANCH = re.compile(r"\{%[-+]?\s*(?:if|for|block|with|extends)\b")
_BRANCH_ENDS = re.compile(r"\{%[-+]?\s*end(?:if|for|block|with)\b")
_INSIDE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_PLAIN_KEY = re.compile(r'"(\w+)"')
_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])|(?<!\\)"')

TEXT, CHOICE, SWITCH, CODE, CAPTURED = "text", "choice", "switch", "code", "captured"
_PRINTS = re.compile(r'"\{\{\s*(\w+)\s*(?:\|\s*trim\s*)?\}\}"')  # a value that is text which was captured above it


@dataclass(frozen=True, slots=True)
class Field:
    """One property: what the form shows of it, and where its value stands in the source (None: it is not there)."""

    name: str
    title: str
    hint: str
    kind: str
    shown: str
    options: tuple[str, ...]
    span: tuple[int, int] | None
    long: bool


@dataclass(frozen=True, slots=True)
class Form:
    """The fields in the schema's order, and where a property that is not there yet would be written."""

    source: str
    fields: tuple[Field, ...]
    end: int  # behind the last member
    is_empty: bool

    def written(self, values: Mapping[str, str]) -> str:
        """The source with these values. A field that is not named, or shows the same, is left as it is."""
        edits: list[tuple[int, int, str]] = []
        more: list[str] = []
        for field in self.fields:
            value = values.get(field.name, field.shown)
            if value == field.shown:
                continue
            text = _code(field, value)
            if field.span is not None:
                edits.append((*field.span, text))
            else:
                more.append(f'"{field.name}": {text}')
        if more:
            lead = "\n  " if self.is_empty else ",\n  "
            edits.append((self.end, self.end, lead + ",\n  ".join(more)))
        text = self.source
        for start, end, new in sorted(edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text


class NoForm(Exception):
    """Why a source cannot be shown as a form, as a sentence."""


def form(source: str, dialect: str, schema: Mapping[str, Any]) -> Form:
    """Raises `NoForm`.

    >>> made = form('{ "to": "{{ x }}" }', "jinja", {"properties": {"to": {"type": "string"}, "n": {"type": "string"}}})
    >>> [field.shown for field in made.fields], made.written({"to": "{{ x }}", "n": 'a "b"'})
    (['{{ x }}', ''], '{ "to": "{{ x }}",\\n  "n": "a \\\\"b\\\\"" }')
    """
    if dialect != "jinja":
        raise NoForm("Only Jinja templates can be shown as a form.")
    if not schema.get("properties"):
        raise NoForm("This action's payload has no named fields.")
    spans, end = _members(source)
    unknown = [name for name in spans if name not in schema["properties"]]
    if unknown:
        raise NoForm(f"The source has `{unknown[0]}`, which this action does not know.")
    fields = tuple(_fields(source, spans, schema))
    return Form(source, fields, end, not spans)


def _fields(source: str, spans: Mapping[str, tuple[int, int]], schema: Mapping[str, Any]) -> Iterator[Field]:
    for name, known in schema["properties"].items():
        span = spans.get(name)
        text = source[slice(*span)] if span is not None else ""
        kind, shown = _shown(text, known)
        if (captured := _captured(source, text)) is not None:
            kind, span, shown = CAPTURED, captured, source[slice(*captured)]
        if span is None and kind == CODE:
            continue  # nothing to show, and no simple way to write it
        hint = str(known.get("description", ""))
        options = tuple(map(str, known.get("enum", ())))
        yield Field(name, str(known.get("title", name)), hint, kind, shown, options, span, name == "body" or "\n" in shown)


def _captured(source: str, text: str) -> tuple[int, int] | None:
    """Where the text stands that a value prints, if the template captured it once, in one place: that is what an author
    wants to edit."""
    name = _PRINTS.fullmatch(text)
    if name is None:
        return None
    pattern = rf"\{{%[-+]?\s*set\s+{name.group(1)}\s*[-+]?%\}}(.*?)\{{%[-+]?\s*endset\b"
    found = list(re.finditer(pattern, source, re.DOTALL))
    uses = re.findall(rf"\b{name.group(1)}\b", source)  # set here, printed there, and nowhere else
    if len(found) != 1 or len(uses) != 2 or "{% set" in found[0].group(1):
        return None
    inner = found[0].group(1)
    start = found[0].start(1) + len(inner) - len(inner.lstrip())
    return start, max(start, found[0].end(1) - (len(inner) - len(inner.rstrip())))


def _shown(text: str, known: Mapping[str, Any]) -> tuple[str, str]:
    """The kind of a field, and what it shows."""
    if known.get("type") == "boolean" and text in ("", "true", "false"):
        return SWITCH, text or "false"
    literal = _TOKEN.fullmatch(text)
    if text and (literal is None or literal.lastgroup != "string"):
        return CODE, text
    if not text and known.get("type", "string") != "string" and "enum" not in known:
        return CODE, ""
    shown = _outside(text[1:-1], lambda part: part.replace('\\"', '"'))
    if "enum" in known and (shown in map(str, known["enum"]) or not text):
        return CHOICE, shown
    return TEXT, shown


def _code(field: Field, value: str) -> str:
    """A value as the source has it."""
    if field.kind in (SWITCH, CODE, CAPTURED):
        return value if field.kind != SWITCH else "true" if value == "true" else "false"
    return f'"{_outside(value, lambda part: _ESCAPE.sub(lambda found: chr(92) + found.group(), part))}"'


def _outside(text: str, change: Any) -> str:
    """`text` with what stands outside of expressions and tags changed."""
    made, at = [], 0
    for found in _INSIDE.finditer(text):
        made += [change(text[at : found.start()]), found.group()]
        at = found.end()
    return "".join([*made, change(text[at:])])


def _members(source: str) -> tuple[dict[str, tuple[int, int]], int]:
    """The span of each member's value, and where the last one ends."""
    tokens = [each for each in _TOKEN.finditer(source) if each.lastgroup not in ("blank", "comment")]
    at = _opening(source, tokens)
    found: dict[str, tuple[int, int]] = {}
    end = tokens[at].end()
    at += 1
    while at < len(tokens) and tokens[at].group() != "}":
        key = _PLAIN_KEY.fullmatch(tokens[at].group())
        if key is None or at + 1 >= len(tokens) or tokens[at + 1].group() != ":":
            raise NoForm(_why(source, tokens[at]))
        first = at = at + 2
        at = _value(source, tokens, at)
        if at == first or key.group(1) in found:
            raise NoForm(f"Line {_line(source, tokens[first - 2])}: the field has no value, or is there twice.")
        end = tokens[at - 1].end()
        found[key.group(1)] = (tokens[first].start(), end)
        if at < len(tokens) and tokens[at].group() == ",":
            at += 1
    if at != len(tokens) - 1:
        raise NoForm("There is more in the source than one payload, so a form would show only a part.")
    return found, end


def _opening(source: str, tokens: list[re.Match[str]]) -> int:
    """Where the payload's brace is. Assignments and captured text may stand before it."""
    captured = 0
    for at, token in enumerate(tokens):
        text = token.group()
        if token.lastgroup == "tag":
            captured += bool(_CAPTURED.match(text)) - bool(_ENDS.match(text))
            if captured <= 0 and _BRANCH.match(text):
                raise NoForm(_why(source, token))
        elif captured <= 0 and text == "{":
            return at
        elif captured <= 0 and token.lastgroup != "expression":
            raise NoForm(f"Line {_line(source, token)}: the payload begins with something else than a brace.")
    raise NoForm("The payload is made elsewhere: there is no brace in this source.")


def _value(source: str, tokens: list[re.Match[str]], at: int) -> int:
    """Behind the value that begins at a token."""
    depth = branches = 0
    while at < len(tokens):
        token, text = tokens[at], tokens[at].group()
        if token.lastgroup == "tag":
            branches += bool(_BRANCH.match(text)) - bool(_BRANCH_ENDS.match(text))
        if depth == 0 and text in (",", "}"):
            if branches:
                raise NoForm(_why(source, token))
            return at
        depth += (text in ("{", "[")) - (text in ("}", "]"))
        at += 1
    raise NoForm("The payload's last brace is missing.")


def _why(source: str, token: re.Match[str]) -> str:
    line = _line(source, token)
    if token.lastgroup == "tag" and "extends" in token.group():
        return f"Line {line}: the template extends another one, which writes the payload."
    if token.lastgroup in ("tag", "string", "expression", "other"):
        return f"Line {line}: a branch, loop or expression decides which fields are there."
    return f"Line {line}: this is no plain list of fields."


def _line(source: str, token: re.Match[str]) -> int:
    return source.count("\n", 0, token.start()) + 1
