"""Finds the members of a family: a family is a package, and one public module in it is one member."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from types import ModuleType


def members(package: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    """Name and module of every public module directly in `package`, by name. A leading underscore is shared plumbing."""
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
        if not info.name.startswith("_"):
            yield info.name, importlib.import_module(f"{package.__name__}.{info.name}")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The name in `known` that `name` was probably meant to be.

    >>> nearest("welcom", ["welcome", "order_shipped"])
    'welcome'
    """
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None
