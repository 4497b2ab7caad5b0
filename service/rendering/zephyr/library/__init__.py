"""The function library of Zephyr: one module a topic, one function a function, each with an example.

A trailing underscore of a Python name is not part of the function's name (`int_` is `int`). A first parameter `scope` gets
the render; the other parameters are the author's arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from service.registry import nearest
from service.rendering.zephyr.library import control, dates, effects, lists, numbers, people, strings

TOPICS = (lists, strings, numbers, dates, control, people, effects)


@dataclass(frozen=True, slots=True)
class Entry:
    """One function: how to call it, with how many arguments (`most` is None: any number), and what is to be known of it."""

    name: str
    topic: str
    call: Callable[..., Any]
    least: int
    most: int | None
    scoped: bool  # takes the scope first
    silent: bool  # its tag prints nothing
    changes: bool  # changes a list or object in place
    undocumented: str | None  # what was decided where the manual is silent

    @property
    def arguments(self) -> list[str]:
        """The arguments as an author sees them, with their defaults."""
        parameters = list(inspect.signature(self.call).parameters.values())[self.scoped :]
        return [str(each.replace(annotation=inspect.Parameter.empty)) for each in parameters]

    @property
    def description(self) -> str:
        """The function's docstring without its example."""
        return inspect.cleandoc(self.call.__doc__ or "").partition("\n\n>>> ")[0]


def _entry(topic: str, function: Callable[..., Any]) -> Entry:
    parameters = list(inspect.signature(function).parameters.values())
    scoped = bool(parameters) and parameters[0].name == "scope"
    own = parameters[scoped:]
    many = any(each.kind is each.VAR_POSITIONAL for each in own)
    plain = [each for each in own if each.kind is not each.VAR_POSITIONAL]
    return Entry(
        name=function.__name__.rstrip("_"),
        topic=topic,
        call=function,
        least=sum(each.default is each.empty for each in plain),
        most=None if many else len(plain),
        scoped=scoped,
        silent=getattr(function, "silent", False),
        changes=getattr(function, "changes", False),
        undocumented=getattr(function, "undocumented", None),
    )


def _all() -> dict[str, Entry]:
    made = {}
    for module in TOPICS:
        topic = module.__name__.rpartition(".")[2]
        for name, each in vars(module).items():
            if (
                not name.startswith("_")
                and inspect.isfunction(each)
                and each.__module__ == module.__name__
                and name not in _HELPERS
            ):
                entry = _entry(topic, each)
                made[entry.name] = entry
    return made


_HELPERS = frozenset({"format_date"})
FUNCTIONS: Mapping[str, Entry] = _all()


def catalog() -> list[dict[str, Any]]:
    """Every function for the reference: name, topic, arguments, description, examples, and what was decided for it."""
    return [
        {
            "name": entry.name,
            "topic": entry.topic,
            "arguments": entry.arguments,
            "description": entry.description,
            "examples": inspect.cleandoc(entry.call.__doc__ or "").partition("\n\n")[2],
            "decided": entry.undocumented,
        }
        for entry in FUNCTIONS.values()
    ]


INSTEAD: Mapping[str, str] = {
    "json": "Leave it out: values are escaped by themselves.",
    "json_encode": "Leave it out: values are escaped by themselves.",
    "json_escape": "Leave it out: values are escaped by themselves.",
    "escape": "Leave it out: values are escaped by themselves.",
    "s": "Write the value itself: it is turned into text where text is needed.",
    "str": "Write '' + value.",
    "string": "Write '' + value.",
    "hmac": "There is none; sha256(text) is the nearest.",
    "hash": "Write sha256(text) or md5(text).",
    "rand": "Write random(10).",
    "unique": "Write dedupe(items, 'field').",
    "default": "Write value ?: 'text'.",
    "coalesce": "Write a ?: b.",
    "in": "Write contains(items, value).",
    "in_array": "Write contains(items, value).",
    "indexof": "Write strpos(text, part).",
    "regex": "There is none; use contains(), strpos() and substr().",
    "regex_replace": "There is none; use replace().",
    "match": "There is none; use contains(), strpos() and substr().",
    "trim": "There is none; replace(text, ' ', '') removes every blank.",
    "reverse": "Sort the other way: sort(items, '-field').",
    "min": "Write first(sort(items)).",
    "max": "Sort the other way: sort(items, '-field')[0].",
    "sum": "Write {total = 0}{foreach items as item}{total = total + item.price}{/foreach}.",
    "count": "Write length(items).",
    "size": "Write length(items).",
    "len": "Write length(items).",
    "strlen": "Write length(text).",
    "last": "Write items[length(items) - 1].",
    "substring": "Write substr(text, start, length).",
    "uppercase": "Write upper(text).",
    "toupper": "Write upper(text).",
    "strtoupper": "Write upper(text).",
    "lowercase": "Write lower(text).",
    "strtolower": "Write lower(text).",
    "capitalize": "Write title(text).",
    "ucwords": "Write title(text).",
    "concat": "Write a + b.",
    "append": "Write push('items', value).",
    "merge": "Write a + b.",
    "floor": "Write int(number).",
    "ceil": "Write int(number + 0.999).",
    "pow": "Write exp(value, power).",
    "now": "Write time('now').",
    "strtotime": "Write time(text).",
    "strftime": "Write date('yyyy-MM-dd', time).",
    "number_format": "Write number(value, 2).",
    "urlencode": "Write u(text).",
    "htmlspecialchars": "Write h(text).",
    "explode": "Write split(text, ',').",
    "implode": "Write join(items, ',').",
    "ad": "Advertisements are not offered here.",
    "adinfo": "Advertisements are not offered here.",
    "print": "Write {value}.",
    "echo": "Write {value}.",
    "isset": "Write {if value}, or value == null.",
    "empty": "Write length(items) == 0.",
}


def instead_of(name: str, known: Mapping[str, Any] = FUNCTIONS) -> str | None:
    """What to write instead of a function that there is not."""
    if hint := INSTEAD.get(name.lower()):
        return hint
    near = nearest(name, known)
    return f"Did you mean `{near}`?" if near else None
