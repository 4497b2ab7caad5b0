"""The words that complete themselves in the editor: names of the data, filters, functions, and the action's fields."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from flask import Response

from service.rendering import catalog
from service.studio._page import page
from service.studio._visit import Visit
from service.studio._work import step_of, work_on

LOOKED_AT = 200  # real calls that the shares are counted over
MOST_NAMES = 600
_DEEPEST = 8
_PLAIN = re.compile(r"[A-Za-z_]\w*")

Word = dict[str, str]


@page("GET", "/templates/{template}/names")
def template_names(visit: Visit, template: str) -> Response:
    """Everything as JSON. Names only, never values: those are of real people."""
    work = work_on(visit.parts.store, template)
    step = step_of(work.template, visit.asked("step"))
    calls = [each.context for each in visit.parts.store.contexts.last(template, LOOKED_AT)]
    samples = [_seen(each) for each in work.template.samples.values() if isinstance(each.get("context"), dict)]
    action = visit.parts.actions.get(step.action)
    words = {"names": names(samples, calls), "fields": _fields(action.schema) if action is not None else [], **_catalog()}
    return Response(json.dumps(words), content_type="application/json")


def _seen(sample: Mapping[str, Any]) -> dict[str, Any]:
    """What a later step sees of a sample: its context, and what the steps before it were answered."""
    answers = sample.get("answers")
    steps = {name: {"status": "accepted", "payload": {}, "answer": each} for name, each in (answers or {}).items()}
    return {**sample["context"], "steps": steps} if steps else dict(sample["context"])


def names(samples: Iterable[Any], calls: list[Any]) -> list[Word]:
    """Every path in the data, with the share of real calls that have it; those of samples alone say so.

    >>> [(each["label"], each["detail"]) for each in names([{"a": {"b c": 1}}], [{"a": {}}, {"a": {"x": [{"y": 2}]}}])]
    [('a', '100% of calls'), ('a.x', '50% of calls'), ('a.x[0].y', '50% of calls'), ('a["b c"]', 'samples')]
    """
    in_samples = {path: None for each in samples for path in _paths(each)}
    counted = Counter(path for each in calls for path in dict.fromkeys(_paths(each)))
    found = {path: f"{round(100 * number / len(calls))}% of calls" for path, number in counted.most_common()}
    found |= {path: "samples" for path in in_samples if path not in counted}
    return [{"label": path, "detail": detail} for path, detail in list(found.items())[:MOST_NAMES]]


def _paths(value: Any, before: str = "", depth: int = 0) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for name, each in value.items():
            if before:
                path = f"{before}.{name}" if _PLAIN.fullmatch(name) else f"{before}[{json.dumps(name, ensure_ascii=False)}]"
            elif _PLAIN.fullmatch(name):
                path = name
            else:
                continue  # no template can name it
            yield path
            yield from _paths(each, path, depth + 1)
    elif isinstance(value, list) and value:
        yield from _paths(value[0], f"{before}[0]", depth + 1)


def _fields(schema: Any) -> list[Word]:
    return [
        {"label": f'"{name}"', "detail": str(each.get("title", "")), "info": str(each.get("description", ""))}
        for name, each in schema.get("properties", {}).items()
    ]


@cache
def _catalog() -> dict[str, list[Word]]:
    return {
        kind: [
            {"label": each["name"], "detail": ", ".join(each["arguments"]), "info": each["description"].partition("\n\n")[0]}
            for each in entries
        ]
        for kind, entries in catalog().items()
    }
