"""What senders call things: one sender's data a module, brought into the one shape that templates see.

A template asks for it by name (`shape = "sailthru"` in about.toml); one that does not sees what was posted. A shape's module
has `shape(context) -> Shaped`, a pure function for any JSON object: it never raises, loses nothing that was posted, and what
it made is what it makes of that again.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol, cast

from service import registry
from service.shapes._shaped import Shaped

__all__ = ["Shaped", "names", "shaped"]


class Shape(Protocol):
    """What a shape's module offers."""

    def shape(self, context: Mapping[str, Any]) -> Shaped: ...


def shaped(name: str | None, context: Mapping[str, Any]) -> Shaped:
    """The context as a template with this shape sees it; as it was posted for None, and for a shape that is no more.

    >>> shaped("sailthru", {"keys": {"sms": "+12025550143"}}).context["profile"]
    {'keys': {'sms': '+12025550143'}}
    """
    module = _members().get(name) if name is not None else None
    return Shaped(context) if module is None else module.shape(context)


def names() -> tuple[str, ...]:
    """The shapes there are.

    >>> names()
    ('sailthru',)
    """
    return tuple(_members())


@cache
def _members() -> dict[str, Shape]:
    return {name: cast("Shape", module) for name, module in registry.members(sys.modules[__name__])}
