"""Filters: one topic a module, one public function a filter. A trailing underscore keeps Python's own names free."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from service import registry
from service.rendering.filters import _plumbing


def _public(module: ModuleType) -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for name, value in vars(module).items():
        if not name.startswith("_") and callable(value) and getattr(value, "__module__", None) == module.__name__:
            found[name.rstrip("_")] = value
    return found


TOPICS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    name: _public(module) for name, module in registry.members(sys.modules[__name__])
}
TESTS: Mapping[str, Callable[..., Any]] = _plumbing.guard_all(TOPICS["tests"])
FILTERS: Mapping[str, Callable[..., Any]] = _plumbing.guard_all(
    {name: each for topic, members in TOPICS.items() if topic != "tests" for name, each in members.items()},
    {"d": "default", "count": "length"},
)
_plumbing.FILTERS = FILTERS
_plumbing.TESTS = TESTS
