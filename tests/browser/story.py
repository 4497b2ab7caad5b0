"""A day in the life of a made-up shop, written straight into a store: what the screenshots and browser tests look at.

The same seed tells the same story. Times count back from `now`.
"""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, update

from service.errors import Problem
from service.model import Account, Interaction, Item, Policy, Scope, Status, SubscriptionType, TemplateSource
from service.store import Store
from service.store._ids import first_id
from service.store._tables import attempts, buckets, circuits, contexts, deliveries, keys
from service.store._times import to_ms
from service.store.feeds import Feed
from service.store.inbound import NewEvent, conclude, keep
from service.store.suppressions import OptOut, apply
from service.store.users import Role

US, CA, NORTH = "Harbor & Pine", "Harbor & Pine CA", "Northlight"
ACTION = "attentive.messages.send"
PASSWORD = "a long walk by the harbor"

PEOPLE = {
    "mara@harborpine.example": ("Mara Lindqvist", Role.PUBLISHER),
    "jonas@harborpine.example": ("Jonas Weber", Role.AUTHOR),
    "priya@harborpine.example": ("Priya Nair", Role.VIEWER),
    "sam@harborpine.example": ("Sam Okafor", Role.ADMIN),
}

TEMPLATES = {
    "cart-reminder": ("Cart goes quiet", 7, "Cart goes quiet"),
    "order-shipped": ("Order shipped", 12, "LO production"),
    "welcome": ("Welcome", 4, "LO production"),
    "points-earned": ("Points earned", 3, "Loyalty"),
    "tier-reached": ("Tier reached", 2, "Loyalty"),
    "wishlist": ("Wish list, back in stock", 1, "LO production"),
}

SOURCE = """{# One reminder, an hour after the cart goes quiet #}
{% set item = cart["items"][0] %}
{% set more = cart["items"] | length - 1 %}
{
  "to": "{{ profile.keys.sms }}",
  "body": "Hi {{ profile.vars.first_name }}, your {{ item.name }}
    {%- if more > 0 %} and {{ more }} more are{% else %} is{% endif %} still in your cart. Pick up there: {{ cart.url }}",
  "mediaUrl": "{{ item.image }}",
  "subscriptionType": "MARKETING",
  "useShortLinks": false,
  "messageName": "NAME",
  "skipFatigue": false
}
"""

SAMPLE: dict[str, Any] = {
    "profile": {
        "keys": {"sms": "+12025550143"},
        "vars": {"first_name": "Ana", "tier": "silver", "points": 320},
        "email": "ana@example.com",
    },
    "cart": {
        "url": "https://hpine.example/c/8817",
        "items": [{"name": "Enamel mug, Tide blue", "image": "https://img.hpine.example/mug-tide.jpg", "price": 2400}],
    },
}


TEXT = (
    "Hi Ana, your Enamel mug, Tide blue and 2 more are still in your cart. "
    "Pick up where you left off: https://hpine.example/c/8817"
)
PICTURE = "https://img.hpine.example/mug-tide.jpg"

TAKEN = "The vendor accepted it (200)."
TAKES_NONE = "The vendor could not take it (503). "
NO_MOBILE = "The vendor refused it (400): “to” is not a mobile number."
NO_ANSWER = "No answer within 10 s. It may have arrived, so it is not sent again."
NIGHT = "It is 07:41 in Los Angeles; quiet hours end at 09:00 there."
TOO_LATE = "It was of use until 10:58, and could not be sent before."
QUIET = {"rule": "quiet hours", "value": "09:00"}
EIGHT_TRIES = tuple((503, 80.0 + number, "retry" if number < 7 else "failed") for number in range(8))
NO_COUNTRY = Problem(
    "payload.phone", "The number has ten digits and no country code.", "/to", "Put the filter e164 after it."
)

# What the vendor said with each status: what it means, and the body.
MEANINGS = {
    200: "The message was accepted.",
    400: "“to” is not a mobile number.",
    429: "Attentive asked us to wait 2 s. A 429 means it did not take the message, so trying again is safe.",
    503: "Attentive is not available.",
}
BODIES = {
    200: "{}",
    400: '{"message": "\\"to\\" is not a mobile number"}',
    503: "<html>Service Unavailable</html>",
}


@dataclass(frozen=True)
class Tale:
    """What became of one call, `s` seconds ago. A try is a status code, milliseconds and an outcome."""

    s: float
    status: Status
    template: str
    account: str
    recipient: str
    reason: str | None = None
    tries: tuple[tuple[int | None, float, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    decision: dict[str, Any] | None = None
    due_in: float | None = None


def tell(store: Store, now: datetime, *, count: int = 12_000, seed: int = 7) -> dict[str, str]:
    """Fill an empty store. Answers a delivery of each status, by its word, and as `long` the one with most to tell."""
    _people(store)
    _shop(store)
    tales = _latest() + _rest(random.Random(seed), count)
    found = _write(store, now, tales)
    _troubles(store, now)
    _opt_outs(store, now, found["accepted"])
    _library(store, now)
    return found


def _people(store: Store) -> None:
    for login, (name, role) in PEOPLE.items():
        _, token = store.users.invite(login, role, name=name, by="the command line")
        store.users.accept(token, PASSWORD)


def _shop(store: Store) -> None:
    for name, country, zone, prefix in (
        (US, "US", "America/New_York", "Harbor & Pine: "),
        (CA, "CA", "America/Toronto", "Harbor & Pine: "),
        (NORTH, "US", "America/Chicago", "Northlight: "),
    ):
        account = Account(
            name=name,
            destination="attentive",
            base_url="https://api.attentivemobile.com",
            token_from="stored",
            country=country,
            timezone=zone,
            brand_prefix=prefix,
            limits={"messages": 150},
        )
        store.accounts.put(account, token="an-example-token")
    for name, (title, versions, _) in TEMPLATES.items():
        for number in range(1, versions + 1):
            made = TemplateSource(
                name=name,
                title=title,
                action=ACTION,
                account=US,
                dialect="jinja",
                source=SOURCE.replace("NAME", name).replace("One reminder", f"One reminder ({number})"),
                policy=Policy(expires_after_s=43_200),
                samples={"ana": {"context": SAMPLE, "expected": None}},
            )
            store.templates.push(made, note="curly apostrophe gone" if number == versions else None, by="Mara Lindqvist")
    for name in ("Cart goes quiet", "LO production", "Loyalty"):
        store.keys.create(name, [Scope.HOOKS, Scope.RENDER])
    store.keys.create("Old journey", [Scope.HOOKS])
    store.keys.revoke("Old journey")


def _latest() -> list[Tale]:
    """The newest lines: every status once, and one that needed two tries."""
    s = Status
    cart, points = "cart-reminder", "points-earned"
    third, last = TAKES_NONE + "Attempt 3 of 8 follows in 30 s.", TAKES_NONE + "That was the last of 8 attempts."
    return [
        Tale(0.4, s.SENDING, cart, US, "+12025550118", tries=((None, 0, ""),)),
        Tale(1.2, s.QUEUED, cart, US, "+12025550192", due_in=0),
        Tale(3, s.ACCEPTED, "order-shipped", US, "+12025550143", TAKEN, ((200, 184, "accepted"),)),
        Tale(7, s.REJECTED, "welcome", US, "2025550177", problems=(NO_COUNTRY,)),
        Tale(12, s.RETRYING, points, CA, "+12025550166", third, ((503, 88, "retry"), (503, 91, "retry")), due_in=32),
        Tale(20, s.HELD, cart, US, "+12135550131", NIGHT, decision=QUIET, due_in=4740),
        Tale(33, s.UNKNOWN, cart, US, "+12025550150", NO_ANSWER, ((None, 10_003, "unknown"),)),
        Tale(51, s.SUPPRESSED, "welcome", US, "+12025550126", "Opted out on 3 November by replying STOP."),
        Tale(69, s.REFUSED, "welcome", US, "+12025550184", NO_MOBILE, ((400, 61, "refused"),)),
        Tale(94, s.ACCEPTED, "tier-reached", US, "+12025550112", TAKEN, ((429, 41, "retry"), (200, 203, "accepted"))),
        Tale(208, s.FAILED, points, CA, "+12025550138", last, EIGHT_TRIES),
        Tale(230, s.CANCELED, "wishlist", US, "+12025550163", "Somebody canceled it before it was sent."),
        Tale(269, s.EXPIRED, cart, US, "+12025550105", TOO_LATE, decision={"rule": "expired", "value": "10:58"}),
    ]


def _rest(rng: random.Random, count: int) -> list[Tale]:
    """A good day, but for ten minutes in which one account's vendor took nothing."""
    hour = min(count, 4_900)
    made = [_one(rng, rng.uniform(4, 3_600) if at < hour else rng.uniform(3_600, 86_000)) for at in range(count)]
    again = TAKES_NONE + "Attempt 2 of 8 follows in 5 s."
    for at in range(min(170, count // 60)):
        who = f"+1202555{at % 100 + 100:04}"
        ago = rng.uniform(14, 900)
        made.append(Tale(ago, Status.RETRYING, "points-earned", CA, who, again, ((503, 90, "retry"),), due_in=42))
    for at in range(min(36, count // 300)):
        who = f"+1213555{at % 100 + 100:04}"
        ago = rng.uniform(20, 2_000)
        made.append(Tale(ago, Status.HELD, "cart-reminder", US, who, NIGHT, decision=QUIET, due_in=4_000))
    return made


def _one(rng: random.Random, ago: float) -> Tale:
    """One call of an ordinary day."""
    template = rng.choices(list(TEMPLATES), (40, 30, 12, 9, 5, 4))[0]
    who = f"+1202555{rng.randrange(100, 200):04}"
    if 60 < ago < 600 and rng.random() < 0.14:
        return Tale(ago, Status.FAILED, template, CA, who, TAKES_NONE + "That was the last of 8 attempts.", EIGHT_TRIES)
    chance = rng.random()
    if chance < 0.035:
        return Tale(ago, Status.SUPPRESSED, template, US, who, "Opted out by replying STOP.")
    if chance < 0.040:
        return Tale(ago, Status.REJECTED, "welcome", US, who[2:], problems=(NO_COUNTRY,))
    if chance < 0.0415:
        return Tale(ago, Status.REFUSED, template, US, who, NO_MOBILE, ((400, 55, "refused"),))
    if chance < 0.0418:
        return Tale(ago, Status.UNKNOWN, template, US, who, NO_ANSWER, ((None, 10_001, "unknown"),))
    account = rng.choices((US, CA, NORTH), (80, 8 if ago > 600 else 0, 12))[0]
    return Tale(ago, Status.ACCEPTED, template, account, who, TAKEN, ((200, max(90.0, rng.gauss(180, 30)), "accepted"),))


def _write(store: Store, now: datetime, tales: list[Tale]) -> dict[str, str]:
    versions = {name: store.templates.live(name) for name in TEMPLATES}
    rows: dict[Table, list[dict[str, Any]]] = {deliveries: [], contexts: [], attempts: []}
    found: dict[str, str] = {}
    for number, tale in enumerate(tales):
        at = now - timedelta(seconds=tale.s)
        id = first_id(at)[:14] + f"{number:016x}"
        found.setdefault(tale.status.value, id)
        if tale.status is Status.ACCEPTED and len(tale.tries) > 1:
            found.setdefault("long", id)
        version = versions[tale.template]
        assert version is not None
        rows[deliveries].append(_delivery(tale, id, at, now) | {"version_id": version.id, "version": version.number})
        context = {**SAMPLE, "profile": {**SAMPLE["profile"], "keys": {"sms": tale.recipient}}}
        rows[contexts].append({"delivery": id, "context": json.dumps(context).encode()})
        rows[attempts] += _attempts(tale, id, at)
    with store.database.write() as connection:
        for table, values in rows.items():
            for start in range(0, len(values), 2_000):
                connection.execute(table.insert(), values[start : start + 2_000])
    return found


def _delivery(tale: Tale, id: str, at: datetime, now: datetime) -> dict[str, Any]:
    payload = None
    if tale.status not in (Status.REJECTED, Status.SUPPRESSED):
        message = {"to": tale.recipient, "body": TEXT, "mediaUrl": PICTURE, "subscriptionType": "MARKETING"}
        payload = json.dumps(
            {**message, "useShortLinks": False, "messageName": tale.template, "skipFatigue": False}
        ).encode()
    ended = at + timedelta(milliseconds=sum(ms for _, ms, _ in tale.tries) + 8)
    leased = tale.status is Status.SENDING
    return {
        "id": id,
        "status": tale.status.value,
        "account": tale.account,
        "action": ACTION,
        "target": tale.template,
        "template": tale.template,
        "key": TEMPLATES[tale.template][2],
        "recipient": tale.recipient,
        "payload": payload,
        "digest": hashlib.sha256(payload).hexdigest() if payload else None,
        "guarantee": "at-most-once",
        "rate_class": "messages",
        "priority": 0,
        "idempotency_slot": id,
        "problems": json.dumps([each.as_dict() for each in tale.problems]) if tale.problems else None,
        "reason": tale.reason,
        "decision": json.dumps(tale.decision) if tale.decision else None,
        "attempts_made": len(tale.tries),
        "fence": 0,
        "lease_owner": "wrk_story" if leased else None,
        "lease_until": to_ms(now) + 3_600_000 if leased else None,
        "created_at": to_ms(at),
        "updated_at": to_ms(ended),
        "expires_at": to_ms(at + timedelta(hours=12)),
        "due_at": to_ms(now + timedelta(seconds=tale.due_in)) if tale.due_in is not None else None,
        "finished_at": None if tale.status.is_open else to_ms(ended),
    }


def _attempts(tale: Tale, id: str, at: datetime) -> list[dict[str, Any]]:
    made = []
    started = at + timedelta(milliseconds=5)
    for number, (code, ms, outcome) in enumerate(tale.tries, 1):
        over = outcome != ""
        made.append(
            {
                "delivery": id,
                "number": number,
                "started_at": to_ms(started),
                "finished_at": to_ms(started + timedelta(milliseconds=ms)) if over else None,
                "duration_ms": ms if over else None,
                "worker": "wrk_story",
                "outcome": outcome or None,
                "status_code": code,
                "headers": json.dumps({"x-ratelimit-limit": "150", "x-ratelimit-remaining": "112"}) if code else None,
                "body": BODIES.get(code or 0),
                "error": "no answer within 10 s" if code is None and over else None,
                "meaning": MEANINGS.get(code or 0),
            }
        )
        started += timedelta(milliseconds=ms + 2_000)
    return made


def _troubles(store: Store, now: datetime) -> None:
    """Canada's circuit is open; the keys were used a moment ago."""
    lane = {"rate_class": "messages", "served_at": to_ms(now), "rate": 150.0}
    with store.database.write() as connection:
        for account in (US, CA, NORTH):
            connection.execute(buckets.insert().values(**lane, account=account))
        open_until = to_ms(now + timedelta(seconds=42))
        connection.execute(circuits.insert().values(account=CA, failures=14, trips=2, open_until=open_until, probe=None))
        used = to_ms(now - timedelta(seconds=3))
        connection.execute(update(keys).where(keys.c.revoked_at.is_(None)).values(last_used_at=used))


def _opt_outs(store: Store, now: datetime, delivery: str) -> None:
    """Two by the vendor's word, one by a person's, and what Attentive told us."""
    database = store.database
    for number, (kind, said, effect) in enumerate(
        (
            ("sms.sent", "The text was sent", "It settled an unknown delivery as accepted"),
            ("sms.unsubscribed", "Opted out of marketing texts by replying STOP", "Suppressed from now on"),
            ("sms.inbound_message", "A reply: where is my order?", "Kept, and nothing changed"),
        )
    ):
        new = NewEvent(
            destination="attentive",
            account=US,
            kind=kind,
            who=f"+1202555014{number}",
            happened_at=now - timedelta(minutes=9 - number),
            fingerprint=f"story-{number}",
            body="{}",
            said=said,
        )
        with database.write() as connection:
            id = keep(connection, database, new)
            conclude(connection, str(id), effect, delivery if number == 0 else None)
    stop = [
        OptOut(who=f"+1202555014{n}", type=SubscriptionType.MARKETING, reason="by replying STOP", at=now - timedelta(days=n))
        for n in (1, 5)
    ]
    with database.write() as connection:
        apply(connection, database, stop, account=US, source="webhook")
    asked = "as she asked on the phone"
    store.suppressions.add("ada@example.com", SubscriptionType.ALL, reason=asked, by="mara@harborpine.example")


def _library(store: Store, now: datetime) -> None:
    """A few products, what people did with them, and the feed that brings them."""
    goods = (
        ("Enamel mug, Tide blue", 2400, "mugs"),
        ("Wool blanket, Fir", 12900, "blankets"),
        ("Deck lantern", 5400, "lamps"),
    )
    urls = [f"https://hpine.example/p/{tag}" for _, _, tag in goods]
    store.content.put(
        [
            Item(url=url, title=title, price=price, tags=("home", tag), image=f"https://img.hpine.example/{tag}.jpg")
            for url, (title, price, tag) in zip(urls, goods, strict=True)
        ]
    )
    store.content.record([Interaction(kind="view", url=url, at=now, count=40 + n) for n, url in enumerate(urls)])
    store.content.record([Interaction(kind="purchase", url=urls[0], at=now, count=12)])
    feed = Feed(name="products", url="https://hpine.example/products.xml", schedule="every 60 minutes", next_run=now)
    store.feeds.put(feed)
    taken = store.feeds.take("wrk_story", lambda *_: now + timedelta(minutes=38))
    if taken is not None:
        problem = Problem("feed.price", "Row 4 has a price that is no whole number of cents.", "/price", "Write 3950.", 5)
        store.feeds.finish(replace(taken[1], outcome="done", rows=3, created=3, problem_count=1, problems=(problem,)))
