"""What can go wrong, said for the person who must act: a `Problem` is a value, an error carries all problems at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong (or, in a list of warnings, doubtful) and what to do about it.

    `pointer` is a JSON Pointer (RFC 6901) into the payload or the body that was read; "" is the whole of it.
    `code` is a stable dotted word such as `payload.required`; `detail` and `hint` are sentences for a marketer.
    `line` and `column` count from 1 in `template` (None: the template itself; else the name of a snippet).
    """

    code: str
    detail: str
    pointer: str | None = None
    hint: str | None = None
    line: int | None = None
    column: int | None = None
    template: str | None = None

    def at(self, line: int | None, column: int | None = None, template: str | None = None) -> Problem:
        """The same problem with a place in a template."""
        return replace(self, line=line, column=column, template=template)

    def as_dict(self) -> dict[str, Any]:
        """The problem as JSON: always `pointer`, `code`, `detail`, `hint`; a place only where one is known."""
        out: dict[str, Any] = {"pointer": self.pointer, "code": self.code, "detail": self.detail, "hint": self.hint}
        for name in ("line", "column", "template"):
            if (value := getattr(self, name)) is not None:
                out[name] = value
        return out


class BurgeeError(Exception):
    """Base of every error that a door may show. `detail` is one sentence; `problems` are the particulars."""

    def __init__(self, detail: str, problems: Iterable[Problem] = (), *, hint: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = tuple(problems)
        self.hint = hint


class NotReadable(BurgeeError):
    """A body that is not the JSON (or form) that we accept; the problem says where."""


class TooLarge(BurgeeError):
    """A body over the limit."""


class TemplateInvalid(BurgeeError):
    """A template that does not compile; every problem has a line and a column where they are known."""


class PayloadInvalid(BurgeeError):
    """A payload that breaks its action's schema."""


class NotSigned(BurgeeError):
    """An inbound call without its vendor's signature. Always in the same words: they help nobody to make a better one."""


class NotFound(BurgeeError):
    """A template, action, delivery, account or key that is not there; the hint names the nearest that is."""


class Unauthorized(BurgeeError):
    """No key, or one that we do not know or have revoked."""


class Forbidden(BurgeeError):
    """A known key that may not do this."""


class Conflict(BurgeeError):
    """The thing has changed, or is being done by another call right now."""


class IdempotencyMismatch(BurgeeError):
    """The same idempotency key came with another body."""


class Unavailable(BurgeeError):
    """The database cannot keep what was sent (disk full, connection lost), so nothing is known to be accepted.

    `inside` is what the database itself said: for logs and the command line, never for a caller, since it names hosts and
    paths.
    """

    retry_after_s = 5

    def __init__(
        self, detail: str, problems: Iterable[Problem] = (), *, hint: str | None = None, inside: str | None = None
    ) -> None:
        super().__init__(detail, problems, hint=hint)
        self.inside = inside


class Misconfigured(BurgeeError):
    """A setting, account or file that an engineer must mend before this can work."""
