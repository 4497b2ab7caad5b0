"""What somebody looks for in the log: read from an address or a form, and found page by page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

from service import sms
from service.model import Status
from service.store import DeliveryFilter, Page
from service.studio._clock import now
from service.studio._words import OPEN, STOPPED, WRONG

if TYPE_CHECKING:
    from service.store import Store

PAGE = 50

# Sets of statuses, in the order of their tabs.
SETS: dict[str, tuple[str, tuple[Status, ...]]] = {
    "": ("All", ()),
    "open": ("Open", OPEN),
    "accepted": ("Accepted", (Status.ACCEPTED,)),
    "stopped": ("Stopped", STOPPED),
    "wrong": ("Went wrong", WRONG),
    "decide": ("Needs a decision", (Status.UNKNOWN,)),
}

WINDOWS: dict[str, tuple[str, timedelta | None]] = {
    "hour": ("Last hour", timedelta(hours=1)),
    "": ("Last 24 hours", timedelta(days=1)),
    "week": ("Last 7 days", timedelta(days=7)),
    "month": ("Last 30 days", timedelta(days=30)),
    "all": ("Any time", None),
}

_FIELDS = ("show", "status", "template", "account", "key", "idempotency_key", "time")
_NUMBER = re.compile(r"[+(]?[\d][\d\s().-]{6,24}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A filter of the log as an address has it. `recipient` never stands in an address: it comes by a form only."""

    show: str = ""
    status: str = ""
    template: str = ""
    account: str = ""
    key: str = ""
    idempotency_key: str = ""
    time: str = ""
    recipient: str = ""

    @classmethod
    def read(cls, asked: Callable[[str], str]) -> Sought:
        """From an address or a form. What is not known is left out, so that an old bookmark still shows something."""
        made = cls(**{name: asked(name)[:255] for name in _FIELDS})
        if made.show not in SETS:
            made = replace(made, show="")
        if made.status not in list(Status):
            made = replace(made, status="")
        return made if made.time in WINDOWS else replace(made, time="")

    def fields(self) -> dict[str, str]:
        """For an address: everything but the recipient, and nothing that is empty."""
        return {name: value for name in _FIELDS if (value := getattr(self, name))}

    @property
    def is_everything(self) -> bool:
        """Whether nothing but a time is asked for."""
        return not self.recipient and not set(self.fields()) - {"time"}

    @property
    def statuses(self) -> tuple[Status, ...]:
        return (Status(self.status),) if self.status else SETS[self.show][1]

    def since(self) -> datetime | None:
        """The beginning of the window; a question by number, id or key is about any time."""
        if (self.recipient or self.idempotency_key) and not self.time:
            return None
        window = WINDOWS[self.time][1]
        return None if window is None else now() - window

    def filter(self, *, since: datetime | None = None, until: datetime | None = None) -> DeliveryFilter:
        """As the store takes it."""
        return DeliveryFilter(
            status=self.statuses,
            template=self.template or None,
            account=self.account or None,
            key=self.key or None,
            idempotency_key=self.idempotency_key or None,
            recipient=self.recipient or None,
            since=since,
            until=until,
        )


def find(store: Store, sought: Sought, cursor: str | None) -> Page:
    """A page of what was sought, newest first.

    It is cut at the beginning of the window here, because whoever looked for that moment in the database would read the rows
    behind it, too.
    """
    page = store.figures.page(sought.filter(), PAGE, cursor)
    since = sought.since()
    if since is None:
        return page
    items = list(takewhile(lambda each: each.created_at >= since, page.items))
    return Page(items, page.next_cursor if len(items) == len(page.items) else None)


def understood(store: Store, text: str, sought: Sought) -> Sought | str:
    """What the words in the search field mean: a delivery's id (answered as it is), a recipient, a template, a flow's key,
    or else an idempotency key."""
    bare = replace(sought, recipient="", template="", key="", idempotency_key="")
    if text.startswith("dlv_") and store.deliveries.status(text) is not None:
        return text
    if _NUMBER.fullmatch(text):
        return replace(bare, recipient=_number(text))
    if "@" in text:
        return replace(bare, recipient=text)
    if text in store.templates.names():
        return replace(bare, template=text)
    if text in [each.name for each in store.keys.list()]:
        return replace(bare, key=text)
    return replace(bare, idempotency_key=text)


def _number(text: str) -> str:
    """The number as payloads have it; what is no phone number (a subscriber's id) is sought as it is.

    >>> _number("(202) 555-0143"), _number("813204511987")
    ('+12025550143', '813204511987')
    """
    try:
        return sms.to_e164(text)
    except ValueError:
        return text
