"""Calls that do nothing: how a vendor refuses them tells which permissions a token has."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

FOR_ITS_CONTENT: Final = frozenset({400, 422})
EMPTY = b"{}"
"""What every probe sends: no fields at all, so that the call cannot be about anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One permission, and a harmless call that needs it: a question, or one that needs more than an empty object, so that
    the vendor must refuse it undone.

    `permission` is what the vendor's pages call it, `scope` what its API does (None: not published). `actions` are patterns
    of the names of the actions that need it. `permitted` are the refusals that say that the permission is there, as every
    2xx does. Where no call is harmless there is none, and `untried` says why.
    """

    permission: str
    scope: str | None
    actions: tuple[str, ...]
    method: str = ""
    path: str = ""
    permitted: frozenset[int] = FOR_ITS_CONTENT
    untried: str = ""

    def covers(self, action: str) -> bool:
        """Whether the action of this name needs the permission."""
        return any(fnmatchcase(action, each) for each in self.actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose token it is, as the vendor says; empty where it does not say."""

    company: str = ""
    company_id: str = ""
    application: str = ""
