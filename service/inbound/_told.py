"""What comes in, and what a vendor's module makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from service.store.suppressions import Change


@dataclass(frozen=True, slots=True)
class Call:
    """An inbound call that came in at `at`: its raw body, and its headers by name (None: not there)."""

    body: bytes
    header: Callable[[str], str | None]
    at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """A text that the vendor sent at `at`, to somebody with any of the names `people`."""

    people: tuple[str, ...]
    text: str
    name: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a call means. `kind` is the vendor's word, `said` ours, as a sentence; `at` is when it happened (None: not told).

    `fingerprint` is the same for the same event told again (None: nothing tells it from a new one, and following it twice
    does no harm). `body` is what is kept of the call, without secrets.
    """

    kind: str
    said: str
    body: str
    who: str | None = None
    at: datetime | None = None
    fingerprint: str | None = None
    changes: tuple[Change, ...] = ()
    sent: Sent | None = None
