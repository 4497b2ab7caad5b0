"""Calls that do nothing: how a vendor refuses them tells which permissions a token has."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

EMPTY = b"{}"
"""What every probe sends: no fields at all, so that the call cannot be about anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One permission, and a call that needs it and more than an empty object, so that the vendor must refuse it undone.

    `permission` is what the vendor's pages call it, `scope` what its API does (None: not published). `actions` are patterns
    of the names of the actions that need it.
    """

    permission: str
    scope: str | None
    method: str
    path: str
    actions: tuple[str, ...]

    def covers(self, action: str) -> bool:
        """Whether the action of this name needs the permission."""
        return any(fnmatchcase(action, each) for each in self.actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose token it is, as the vendor says; empty where it does not say."""

    company: str = ""
    company_id: str = ""
    application: str = ""
