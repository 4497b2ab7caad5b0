"""Turns what `jsonschema` finds into problems for a marketer: one a fault, never repeating personal data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from jsonschema import ValidationError

from service.actions._words import EXPLAINERS
from service.errors import Problem
from service.registry import nearest
from service.strictjson import step

_KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_SHOWN = 100  # characters of a name that may be of any length
_MOST_PROBLEMS = 100  # a document may have any number of faults, and nobody reads more
_MOST_UNKNOWN = 20  # unknown fields of one object that are named


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of `jsonschema` with what is needed to say it."""

    pointer: str
    value: Any  # what stands there
    keyword: str
    rule: Any  # what the keyword asks for
    schema: Mapping[str, Any]  # where the keyword stands
    conditional: bool  # the rule holds only because of another field's value
    given: Any  # the document before empty fields were dropped, at the same place

    @classmethod
    def of(cls, error: ValidationError, document: Any) -> Fault:
        pointer, value = "", error.instance
        for key in error.absolute_path:
            pointer, document = step(pointer, key), _inside(document, key)
        if "propertyNames" in error.absolute_schema_path:
            pointer = step(pointer, str(value))
        schema = error.schema if isinstance(error.schema, Mapping) else {}
        conditional = "then" in error.absolute_schema_path
        return cls(pointer, value, str(error.validator), error.validator_value, schema, conditional, document)

    @property
    def subject(self) -> str:
        """The field as a sentence names it."""
        return f"`{self.pointer[:_SHOWN]}`" if self.pointer else "The payload"

    @property
    def empty(self) -> bool:
        return self.value is None or self.value == ""

    def problem(self, code: str, detail: str, hint: str | None = None, *, name: str | None = None) -> Problem:
        """A problem with this field, or with the field `name` in it. What the schema itself says of the rule goes first."""
        plain = code in ("type", "required") and not self.conditional
        says: Mapping[str, str] = {} if plain else self.schema.get("x-says", {})
        return Problem(
            f"payload.{'depends' if self.conditional else code}",
            says.get("detail", detail),
            self.pointer if name is None else step(self.pointer, name),
            says.get("hint", hint),
        )

    def dropped(self, name: str) -> bool:
        """Whether the document has the field `name`, and it was empty."""
        return isinstance(self.given, dict) and name in self.given

    def about(self, name: str) -> str | None:
        """What the schema says of the field `name`."""
        field = self.schema.get("properties", {}).get(name, {})
        return field.get("description") if isinstance(field, dict) else None


def explain(errors: Iterable[ValidationError], given: Any) -> tuple[Problem, ...]:
    """The problems behind `errors`: first what is missing or of the wrong kind, then the rest, and nothing that only
    follows from these. `given` is the document as it came. Of very many problems the first hundred are told.
    """
    found: dict[tuple[str | None, str], Problem] = {}
    settled: set[str | None] = set()
    faults = [Fault.of(error, given) for error in islice(errors, _MOST_PROBLEMS)]
    for fault in sorted(faults, key=lambda each: each.keyword not in _FIRST and not each.empty):
        for problem in _EXPLAIN.get(fault.keyword, _other)(fault):
            if not any(f"{problem.pointer}/".startswith(f"{each}/") for each in settled):
                found.setdefault((problem.pointer, problem.code), problem)
            if problem.code in ("payload.type", "payload.required"):
                settled.add(problem.pointer)
    return tuple(found.values())


def _type(fault: Fault) -> Iterator[Problem]:
    wanted = [fault.rule] if isinstance(fault.rule, str) else list(fault.rule)
    if fault.empty:
        yield fault.problem(
            "required", f"{fault.subject} is empty.", fault.schema.get("description") if fault.pointer else None
        )
        return
    needed = " or ".join(_KINDS[each] for each in wanted)
    yield fault.problem(
        "type", f"{fault.subject} is {_kind(fault.value)}, and {needed} is needed.", _type_hint(fault.value, wanted)
    )


def _type_hint(value: Any, wanted: list[str]) -> str | None:
    if isinstance(value, list | dict) and "string" in wanted:
        return "Choose one item, or join them to text."
    if "array" in wanted:
        return "Write it as a list: one value or several in [ ], without quotes around it."
    if "object" in wanted:
        return "Write it as an object: names and values in { }, without quotes around it."
    if "boolean" in wanted:
        return "Write true or false, without quotes."
    if isinstance(value, str) and ("integer" in wanted or "number" in wanted):
        return "Write the number without quotes."
    if "string" in wanted:
        return "Put it in double quotes."
    if "integer" in wanted and isinstance(value, float):
        return "Round it to a whole number."
    return None


def _required(fault: Fault) -> Iterator[Problem]:
    for name in fault.rule:
        if not isinstance(fault.value, dict) or name in fault.value:
            continue
        state = "is empty" if fault.dropped(name) else "is missing"
        yield fault.problem("required", f"`{step(fault.pointer, name)}` {state}.", fault.about(name), name=name)


def _unknown_fields(fault: Fault) -> Iterator[Problem]:
    known: Mapping[str, Any] = fault.schema.get("properties", {})
    refused: Mapping[str, str] = fault.schema.get("x-refused", {})
    spelled = {_plain(name): name for name in known}
    for name in islice((each for each in fault.value if each not in known), _MOST_UNKNOWN):
        shown = f"`{name[:_SHOWN]}`"
        if name in refused:
            yield fault.problem("refused_field", f"{shown} cannot be given. {refused[name]}", "Take it out.", name=name)
            continue
        near = nearest(_plain(name[:_SHOWN]), spelled)
        fields = f"The fields are {', '.join(known)}." if known else "The action has no fields."
        hint = f"Did you mean `{spelled[near]}`?" if near else fields
        yield fault.problem("unknown_field", f"{shown} is not a field of this action.", hint, name=name)


def _one_of(fault: Fault) -> Iterator[Problem]:
    names = _titles(fault.rule)
    given = [name for name in names if isinstance(fault.value, dict) and name in fault.value]
    hint = f"Give either {' or '.join(f'`{each}`' for each in names)}."
    if len(given) > 1:
        detail = f"{_joined(given, 'and')} are given, and only one of them can be."
        yield fault.problem("choice", f"Both {detail}" if len(given) == 2 else detail, hint, name=given[0])
    else:
        where = [each["description"] for each in fault.rule if isinstance(each, dict) and "description" in each]
        yield _none_given(fault, names, " ".join([hint, *where]))


def _any_of(fault: Fault) -> Iterator[Problem]:
    names = _titles(fault.rule)
    yield _none_given(fault, names, f"Give at least one of {_joined(names, 'or')}.")


def _none_given(fault: Fault, names: list[str], hint: str) -> Problem:
    if not names:
        return fault.problem("choice", f"{fault.subject} has none of the forms that the action takes.")
    empty = next((name for name in names if fault.dropped(name)), None)
    if empty is not None:
        return fault.problem("required", f"`{step(fault.pointer, empty)}` is empty.", hint, name=empty)
    neither = (
        f"Neither {_joined(names, 'nor')} is given." if len(names) == 2 else f"None of {_joined(names, 'or')} is given."
    )
    return fault.problem("choice", neither, hint, name=names[0])


def _enum(fault: Fault) -> Iterator[Problem]:
    options = [each for each in fault.rule if isinstance(each, str)]
    if fault.empty:
        yield fault.problem("required", f"{fault.subject} is empty.", _choose(options))
        return
    if not isinstance(fault.value, str):
        return  # the type is said already
    plain = {_plain(each): each for each in options}
    near = nearest(_plain(fault.value[:_SHOWN]), plain)
    if near is None:
        yield fault.problem("enum", f"{fault.subject} is none of the words that it can be.", _choose(options))
    else:
        yield fault.problem("enum", f"{fault.subject} is `{fault.value[:_SHOWN]}`.", f"Write {plain[near]}.")


def _text_rule(fault: Fault) -> Iterator[Problem]:
    """`pattern` and `not`: the schema names the function that has the words."""
    if not isinstance(fault.value, str):
        return  # the type is said already
    word = fault.schema.get("x-explain", {}).get(fault.keyword)
    if word is None:
        yield fault.problem("pattern", f"{fault.subject} does not have the right form.", fault.schema.get("description"))
    else:
        said = EXPLAINERS[word](fault.value)
        yield fault.problem(said.code, f"{fault.subject} {said.detail}.", said.hint)


def _format(fault: Fault) -> Iterator[Problem]:
    detail, hint = _FORMATS.get(fault.rule, ("does not have the right form", None))
    yield fault.problem("format", f"{fault.subject} {detail}.", hint)


_FORMATS: Mapping[str, tuple[str, str | None]] = {
    "date-time": ("is no date and time with its offset", "Write it as 2026-02-03T09:15:00Z or 2026-02-03T09:15:00-05:00."),
    "email": ("is no mail address", "Write it as ada@example.com."),
}


def _min_length(fault: Fault) -> Iterator[Problem]:
    if fault.empty:
        yield fault.problem("required", f"{fault.subject} is empty.", fault.schema.get("description"))
    else:
        said = f"{fault.subject} has fewer than {fault.rule} characters."
        yield fault.problem("length", said, f"Give at least {fault.rule} characters.")


def _max_length(fault: Fault) -> Iterator[Problem]:
    said = f"{fault.subject} has {len(fault.value)} characters; {fault.rule} is the most."
    yield fault.problem("length", said, "Shorten it.")


def _range(fault: Fault) -> Iterator[Problem]:
    word, bound = ("less", "least") if "inimum" in fault.keyword else ("more", "most")
    said = f"{fault.subject} is {word} than {fault.rule}, which the vendor does not take."
    yield fault.problem("range", said, f"Give a number of at {bound} {fault.rule}.")


def _size(fault: Fault) -> Iterator[Problem]:
    what = "item" if fault.keyword.endswith("Items") else "field"
    amount = f"one {what}" if fault.rule == 1 else f"{fault.rule} {what}s"
    if fault.keyword.startswith("min"):
        said = "is empty" if len(fault.value) == 0 else f"has fewer than {amount}"
        yield fault.problem("size", f"{fault.subject} {said}.", f"Give at least {amount}.")
    else:
        yield fault.problem("size", f"{fault.subject} has {len(fault.value)}; {amount} is the most.", "Send fewer.")


def _other(fault: Fault) -> Iterator[Problem]:
    yield fault.problem("invalid", f"{fault.subject} is not what the action takes.", fault.schema.get("description"))


_FIRST = ("type", "required", "oneOf", "anyOf")
_EXPLAIN: Mapping[str, Callable[[Fault], Iterator[Problem]]] = {
    "type": _type,
    "required": _required,
    "additionalProperties": _unknown_fields,
    "oneOf": _one_of,
    "anyOf": _any_of,
    "enum": _enum,
    "pattern": _text_rule,
    "not": _text_rule,
    "format": _format,
    "minLength": _min_length,
    "maxLength": _max_length,
    "minimum": _range,
    "maximum": _range,
    "exclusiveMinimum": _range,
    "exclusiveMaximum": _range,
    "minItems": _size,
    "maxItems": _size,
    "minProperties": _size,
    "maxProperties": _size,
}


def _titles(branches: Any) -> list[str]:
    return [each["title"] for each in branches if isinstance(each, dict) and "title" in each]


def _joined(names: list[str], word: str) -> str:
    quoted = [f"`{each}`" for each in names]
    return f"{', '.join(quoted[:-1])} {word} {quoted[-1]}" if len(quoted) > 1 else "".join(quoted)


def _choose(options: list[str]) -> str:
    return f"Write {', '.join(options[:-1])} or {options[-1]}." if len(options) > 1 else f"Write {''.join(options)}."


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    kinds = {str: "text", int: "a number", float: "a number", list: "a list", dict: "an object", type(None): "null"}
    return kinds.get(type(value), "no JSON value")


def _inside(document: Any, key: str | int) -> Any:
    if isinstance(document, dict):
        return document.get(str(key))
    return document[int(key)] if isinstance(document, list) and int(key) < len(document) else None
