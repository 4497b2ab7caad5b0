"""The words of Burgee as types: statuses, guarantees, deliveries, attempts, template versions, keys, accounts, content."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from service.errors import Problem


class Status(StrEnum):
    """Where a delivery stands. The first five are open, the others final."""

    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    RETRYING = "retrying"
    UNKNOWN = "unknown"  # the request may have arrived and the guarantee forbids to try again
    ACCEPTED = "accepted"  # the vendor answered 2xx; that is not "delivered to the phone"
    REFUSED = "refused"  # the vendor said no
    FAILED = "failed"  # attempts used up
    SUPPRESSED = "suppressed"  # the template or a guard decided that nothing is sent
    EXPIRED = "expired"
    CANCELED = "canceled"
    REJECTED = "rejected"  # the context gave no valid payload: kept and shown, never sent

    @property
    def is_open(self) -> bool:
        return self in OPEN


OPEN = frozenset({Status.HELD, Status.QUEUED, Status.SENDING, Status.RETRYING, Status.UNKNOWN})
FINAL = frozenset(Status) - OPEN


class Guarantee(StrEnum):
    """What happens when it cannot be known whether a request arrived: `unknown`, or another attempt."""

    AT_MOST_ONCE = "at-most-once"
    AT_LEAST_ONCE = "at-least-once"


class Outcome(StrEnum):
    """What rendering a context came to."""

    VALID = "valid"
    INVALID = "invalid"
    SUPPRESSED = "suppressed"


class SubscriptionType(StrEnum):
    """What kind of texts somebody wants, or does not want."""

    MARKETING = "MARKETING"
    TRANSACTIONAL = "TRANSACTIONAL"
    ALL = "ALL"


class Scope(StrEnum):
    """What a key may do."""

    HOOKS = "hooks"
    RENDER = "render"
    READ = "read"
    ADMIN = "admin"


_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case: sorts as its numbers do


def new_id(prefix: str) -> str:
    """A new id such as `dlv_01jd3k...`: 48 bits of milliseconds, then 80 random bits, so that ids sort by time (ULID)."""
    # Not os.urandom: it gives up the interpreter's lock, and in a busy web process waits to get it back. An id is no secret.
    number = (time.time_ns() // 1_000_000 << 80) | random.getrandbits(80)
    digits = [_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(digits)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A delivery as a door hands it to the store. `payload` holds the very bytes that will be sent (None: rejected).

    `due_in` and `expires_in` are seconds from the moment the database stores the row. `target` is what the idempotency key
    is unique for, together with the account: the template's name, else the action's. `fingerprint` is a digest of what
    was asked, so that the same key with another body is noticed.
    """

    id: str
    status: Status
    account: str
    action: str
    target: str
    template: str | None = None
    version_id: str | None = None
    version: int | None = None
    key: str | None = None  # name of the flow's key
    recipient: str | None = None
    payload: bytes | None = None
    digest: str | None = None  # sha256 of payload, hex
    context: bytes | None = None
    guarantee: Guarantee = Guarantee.AT_MOST_ONCE
    rate_class: str = "default"
    priority: int = 0  # lower goes first
    idempotency_key: str | None = None
    fingerprint: str | None = None
    due_in: float = 0.0
    expires_in: float | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    reason: str | None = None  # a sentence: why it stands where it stands
    replay_of: str | None = None
    plan: str | None = None  # id of the plan's first delivery, which is its own there; None: its template has one action
    step: str | None = None  # name of the plan's step
    email: str | None = None  # the recipient's, where the context says that number and address are one person's


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try. `request_left` is False where we know that nothing left (refused connection, drained worker)."""

    number: int
    started_at: datetime
    finished_at: datetime | None = None
    duration_ms: float | None = None
    worker: str | None = None
    outcome: str | None = None  # accepted, refused, retry, unknown, failed; None: still running
    status_code: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None  # first 4 KB; of a plan's step 64 KB, for later steps see it
    error: str | None = None  # such as "read timeout", "connection refused"
    meaning: str | None = None  # a sentence for a marketer


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery as it is kept. Times are UTC."""

    id: str
    status: Status
    account: str
    action: str
    target: str
    template: str | None
    version_id: str | None
    version: int | None
    key: str | None
    recipient: str | None
    payload: bytes | None
    digest: str | None
    context: bytes | None
    guarantee: Guarantee
    rate_class: str
    priority: int
    idempotency_key: str | None
    fingerprint: str | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    reason: str | None
    replay_of: str | None
    attempts_made: int
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None
    expires_at: datetime | None
    finished_at: datetime | None
    decision: Mapping[str, Any] | None = None  # `rule` and `value` of the guard that holds or stopped it
    plan: str | None = None
    step: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What `about.toml` says of a template beyond its action.

    `missing` maps a path such as `profile.vars.first_name` to the text that stands in for it; a path that is not named is
    an error when it is missing. `idempotency` is a template of text, such as `{{ event.id }}`. `stale_events` is `refuse`
    where an event that is too old to start a journey is not valid, else it is sent with a warning. `shape` names whose data
    come in, so that the template sees them in one shape (see `service.shapes`). None: the default rules.
    """

    guarantee: Guarantee | None = None
    expires_after_s: float | None = None
    idempotency: str | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    quiet_hours: str | None = None
    stale_events: str | None = None
    shape: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a plan: an action, and the source that renders to its payload. `policy` is what holds for this step."""

    name: str
    action: str
    source: str
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSource:
    """Everything one version consists of. A version is immutable, so the snippets it uses are copied into it.

    `samples` maps a sample's name to `{"context": ..., "expected": ... or None}`. `step` and `then` are there where the
    template is a plan: the name of its first step, whose action, source and policy are the template's, and the steps after
    it. A sample of a plan may have `answers` too: by step, what the vendor would answer.
    """

    name: str
    title: str
    action: str
    account: str
    dialect: str
    source: str
    policy: Policy = field(default_factory=Policy)
    snippets: Mapping[str, str] = field(default_factory=dict)
    samples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    step: str | None = None
    then: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step in order; exactly one, without a name, where the template is no plan."""
        return Step(name=self.step or "", action=self.action, source=self.source, policy=self.policy), *self.then


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One immutable version of a template, as kept."""

    id: str
    number: int
    template: TemplateSource
    digest: str
    live: bool
    note: str | None
    created_by: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A flow's key without its secret."""

    id: str
    name: str
    scopes: frozenset[Scope]
    templates: frozenset[str]  # empty: all templates
    prefix: str  # the first characters of the key, to tell keys apart
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def signature(self) -> str:
        """How what was done with this key is signed; apart from every user's login."""
        return f"key {self.name}"

    def may(self, scope: Scope) -> bool:
        """Whether the key holds the scope; `admin` holds all."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One brand's credentials, limits and place at a destination.

    `token_from` says where the bearer is: `env:NAME`, `file:PATH` or `stored` (encrypted in the database).
    `limits` maps a rate class to calls a second, overriding the action's. `signing_from` says in the same words where the
    secret is with which the vendor signs what it tells us (None: nothing is heard). `hears_for_all`: what it tells us
    through this account holds for every account, and not for this one alone.
    """

    name: str
    destination: str
    base_url: str
    token_from: str
    country: str = "US"
    timezone: str = "America/New_York"
    brand_prefix: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)
    signing_from: str | None = None
    hears_for_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Somebody who must not be texted. `who` is an E.164 number, a mail address in lower case, or a vendor's id of them.

    `account` None: by no account. `source` is `webhook` or `postback` (the vendor told us), `delivery` (an unsubscription
    that we sent) or `person`. `reason` ends the sentence "Opted out ...". It is in force from `since` until `until`.
    """

    id: str
    who: str
    account: str | None
    type: SubscriptionType
    source: str
    reason: str
    since: datetime
    until: datetime | None

    def forbids(self, type: str, account: str, now: datetime) -> bool:
        """Whether a text of this type may not be sent to the person through this account."""
        in_force = self.until is None or now < self.until
        return in_force and self.account in (None, account) and self.type in (SubscriptionType.ALL, type)

    def said(self) -> str:
        """Why, in a sentence.

        >>> when = {"since": datetime.fromisoformat("2026-11-03T09:00:00Z"), "until": None}
        >>> facts = {"id": "sup_1", "who": "+12025550143", "account": None, "source": "webhook", **when}
        >>> Suppression(**facts, type=SubscriptionType.MARKETING, reason="by replying STOP").said()
        'Opted out of marketing texts on 3 November 2026 by replying STOP.'
        """
        what = "all texts" if self.type is SubscriptionType.ALL else f"{self.type.lower()} texts"
        when = f"{self.since.day} {self.since:%B %Y}"
        begins = "Suppressed for" if self.source == "person" else "Opted out of"
        return " ".join(f"{begins} {what} on {when} {self.reason.rstrip('.')}".split()) + "."

    def about(self) -> str:
        """The same for logs: whose it is stays out."""
        scope = "every account" if self.account is None else f"the account {self.account}"
        return f"{self.type.value} for {scope}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundEvent:
    """What a vendor told us. `kind` is its own word for it, `said` what it means and `effect` what became of it here, both
    as sentences; `delivery` is the one that it is about."""

    id: str
    at: datetime
    happened_at: datetime | None
    destination: str
    account: str
    kind: str
    who: str | None
    body: str
    said: str
    effect: str
    delivery: str | None


LONGEST_TAG = 100


def as_tag(text: str) -> str:
    """A tag as Sailthru writes it: lower case, hyphens for blanks, at most `LONGEST_TAG` characters, all of them printable.

    >>> as_tag(" Blue  Kettle\\0 ")
    'blue-kettle'
    """
    words = "".join(each for each in text if each.isprintable() or each.isspace()).lower().split()
    return "-".join(words)[:LONGEST_TAG]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What `personalize()` picks from: a product, an article. It is known by its `url`: another URL is another item.

    `price` is in cents, `date` and `expire_date` are unix seconds, `location` is longitude and latitude. `tags` are written
    as Sailthru writes them (`Blue Kettle` is `blue-kettle`). `vars` holds whatever else there is to know, as JSON data.
    """

    url: str
    title: str = ""
    description: str = ""
    author: str = ""
    image: str = ""
    images: Mapping[str, str] = field(default_factory=dict)  # a size such as `full` or `thumb` to its URL
    tags: tuple[str, ...] = ()
    price: int | None = None
    inventory: int | None = None
    sku: str | None = None
    content_id: str | None = None
    site_name: str = ""
    date: int | None = None
    expire_date: int | None = None
    location: tuple[float, float] | None = None
    vars: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """Somebody viewed or bought an item. `person` is whatever names them to the sender, such as `extid` or an e-mail
    address; None: nobody knows. `at` is UTC."""

    kind: Literal["view", "purchase"]
    url: str
    at: datetime
    person: str | None = None
    count: int = 1
