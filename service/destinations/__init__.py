"""Vendors that payloads are sent to, one a module. `_http` carries the request; a vendor's module knows its words.

A vendor's module has `TITLE` (its name on screen), `BASE_URL`, `message(body) -> str | None` (the vendor's own words in an
answer's body) and `explain(answer, action, advice) -> str` (what an answer to an action means, a sentence for the person who
reads the log). To check an account it has `WHO_AM_I` (a path to GET that tells whose token it is; empty where nothing is
sent to the vendor), `owner(body) -> Owner` (what it said) and `PROBES`.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

from service import registry
from service.destinations._answer import Answer
from service.destinations._probe import EMPTY, Owner, Probe
from service.errors import NotFound

if TYPE_CHECKING:
    from service.destinations._http import Sender

__all__ = ["EMPTY", "Answer", "Destination", "Owner", "Probe", "Sender", "destination", "names"]


class Destination(Protocol):
    """What a vendor's module offers."""

    TITLE: str
    BASE_URL: str
    WHO_AM_I: str
    PROBES: tuple[Probe, ...]

    def message(self, body: str) -> str | None: ...
    def explain(self, answer: Answer, action: str = "", advice: str | None = None) -> str: ...
    def owner(self, body: str) -> Owner: ...


def destination(name: str) -> Destination:
    """The vendor's module. Raises `NotFound` with the nearest name."""
    try:
        return _members()[name]
    except KeyError:
        nearest = registry.nearest(name, names())
        hint = f"Did you mean {nearest}?" if nearest else f"There are: {', '.join(names())}."
        raise NotFound(f"There is no destination {name[:80]!r}.", hint=hint) from None


def names() -> tuple[str, ...]:
    """The vendors there are.

    >>> "attentive" in names()
    True
    """
    return tuple(_members())


@cache
def _members() -> dict[str, Destination]:
    return {name: cast("Destination", module) for name, module in registry.members(sys.modules[__name__])}


def __getattr__(name: str) -> object:
    if name == "Sender":  # only who sends pays for the import of requests
        from service.destinations._http import Sender

        return Sender
    raise AttributeError(name)
