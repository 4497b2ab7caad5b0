"""A day in the life of a made-up shop, written straight into a store: what the screenshots and browser tests look at.

The same seed tells the same story. Times count back from `now`.
"""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from service.errors import Problem
from service.model import Account, Policy, Scope, Status, TemplateSource
from service.store import Store
from service.store._ids import first_id
from service.store._tables import attempts, buckets, circuits, contexts, deliveries, keys
from service.store._times import to_ms
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
    {%- if more > 0 %} and {{ more }} more are{% else %} is{% endif %} still in your cart. Pick up where you left off: {{ cart.url }}",
  "mediaUrl": "{{ item.image }}",
  "subscriptionType": "MARKETING",
  "useShortLinks": false,
  "messageName": "NAME",
  "skipFatigue": false
}
"""

SAMPLE = {
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


@dataclass(frozen=True)
class Tale:
    """What became of one call, `s` seconds ago."""

    s: float
    status: Status
    template: str
    account: str = US
    recipient: str = "+12025550143"
    reason: str | None = None
    tries: tuple[tuple[int | None, float, str], ...] = ()  # status code, ms, outcome
    problems: tuple[Problem, ...] = ()
    decision: dict[str, Any] | None = None
    due_in: float | None = None
    body: str | None = None


def tell(store: Store, now: datetime, *, count: int = 12_000, seed: int = 7) -> dict[str, str]:
    """Fill an empty store. Answers ids of deliveries worth looking at, by status, and `long` for the one with most to tell."""
    _people(store)
    _shop(store)
    tales = _latest() + _rest(random.Random(seed), count)
    found = _write(store, now, tales)
    _troubles(store, now)
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
        store.accounts.put(
            Account(name=name, destination="attentive", base_url="https://api.attentivemobile.com", token_from="stored",
                    country=country, timezone=zone, brand_prefix=prefix, limits={"messages": 150}),
            token="an-example-token",
        )  # fmt: skip
    for name, (title, versions, _) in TEMPLATES.items():
        for number in range(1, versions + 1):
            source = SOURCE.replace("NAME", name).replace("One reminder", f"One reminder ({number})")
            made = TemplateSource(name=name, title=title, action=ACTION, account=US, dialect="jinja", source=source,
                                  policy=Policy(expires_after_s=43_200),
                                  samples={"ana": {"context": SAMPLE, "expected": None}})  # fmt: skip
            store.templates.push(made, note="curly apostrophe gone" if number == versions else None, by="Mara Lindqvist")
    for name in ("Cart goes quiet", "LO production", "Loyalty"):
        store.keys.create(name, [Scope.HOOKS, Scope.RENDER])
    store.keys.create("Old journey", [Scope.HOOKS])
    store.keys.revoke("Old journey")


def _latest() -> list[Tale]:
    """The newest lines: every status once."""
    s = Status
    to = "no such number"
    country = Problem("payload.phone", "The number has ten digits and no country code.", "/to", "Put the filter e164 after it.")
    return [
        Tale(0.4, s.SENDING, "cart-reminder", recipient="+12025550118", tries=((None, 0, ""),)),
        Tale(1.2, s.QUEUED, "cart-reminder", recipient="+12025550192", due_in=0),
        Tale(3, s.ACCEPTED, "order-shipped", reason="The vendor accepted it (200).", tries=((200, 184, "accepted"),)),
        Tale(7, s.REJECTED, "welcome", recipient="2025550177", problems=(country,)),
        Tale(12, s.RETRYING, "points-earned", CA, "+12025550166", "The vendor could not take it (503). Attempt 3 of 8 follows in 30 s.",
             ((503, 88, "retry"), (503, 91, "retry")), due_in=32),
        Tale(20, s.HELD, "cart-reminder", recipient="+12135550131", reason="It is 07:41 in Los Angeles; quiet hours end at 09:00 there.",
             decision={"rule": "quiet hours", "value": "09:00"}, due_in=4740),
        Tale(33, s.UNKNOWN, "cart-reminder", recipient="+12025550150", tries=((None, 10_003, "unknown"),),
             reason="No answer within 10 s. It may have arrived, so it is not sent again."),
        Tale(51, s.SUPPRESSED, "welcome", recipient="+12025550126", reason="Opted out on 3 November by replying STOP."),
        Tale(69, s.REFUSED, "welcome", recipient="+12025550184", reason="The vendor refused it (400): “to” is not a mobile number.",
             tries=((400, 61, "refused"),)),
        Tale(94, s.ACCEPTED, "tier-reached", recipient="+12025550112", reason="The vendor accepted it (200).",
             tries=((429, 41, "retry"), (200, 203, "accepted"))),
        Tale(208, s.FAILED, "points-earned", CA, "+12025550138", "The vendor could not take it (503). That was the last of 8 attempts.",
             tuple((503, 80.0 + i, "retry" if i < 7 else "failed") for i in range(8))),
        Tale(230, s.CANCELED, "wishlist", recipient="+12025550163", reason="Somebody canceled it before it was sent."),
        Tale(269, s.EXPIRED, "cart-reminder", recipient="+12025550105", reason="It was of use until 10:58, and could not be sent before.",
             decision={"rule": "expired", "value": "10:58"}),
    ]  # fmt: skip


def _rest(rng: random.Random, count: int) -> list[Tale]:
    """A good day with one bad quarter of an hour at one account."""
    made = []
    hour = min(count, 4_900)
    for number in range(count):
        ago = rng.uniform(4, 3_600) if number < hour else rng.uniform(3_600, 86_000)
        template = rng.choices(list(TEMPLATES), (40, 30, 12, 9, 5, 4))[0]
        who = f"+1202555{rng.randrange(100, 200):04}"
        if 60 < ago < 600 and ago % 7 > 1 and rng.random() < 0.16:
            code = rng.choice((503, 503, 502))
            reason = f"The vendor could not take it ({code}). That was the last of 8 attempts."
            made.append(Tale(ago, Status.FAILED, template, CA, who, reason, ((code, rng.gauss(90, 10), "failed"),)))
        elif (chance := rng.random()) < 0.035:
            made.append(Tale(ago, Status.SUPPRESSED, template, recipient=who, reason="Opted out by replying STOP."))
        elif chance < 0.040:
            problem = Problem("payload.phone", "The number has ten digits and no country code.", "/to", "Put the filter e164 after it.")
            made.append(Tale(ago, Status.REJECTED, "welcome", recipient=who[2:], problems=(problem,)))
        elif chance < 0.0415:
            reason = "The vendor refused it (400): “to” is not a mobile number."
            made.append(Tale(ago, Status.REFUSED, template, recipient=who, reason=reason, tries=((400, 55, "refused"),)))
        elif chance < 0.0418:
            reason = "No answer within 10 s. It may have arrived, so it is not sent again."
            made.append(Tale(ago, Status.UNKNOWN, template, recipient=who, reason=reason, tries=((None, 10_001, "unknown"),)))
        else:
            account = rng.choices((US, CA, NORTH), (80, 8, 12))[0]
            tries = ((200, max(90.0, rng.gauss(180, 30)), "accepted"),)
            made.append(Tale(ago, Status.ACCEPTED, template, account, who, "The vendor accepted it (200).", tries))
    for number in range(min(170, count // 60)):
        made.append(Tale(rng.uniform(14, 900), Status.RETRYING, "points-earned", CA, f"+1202555{number % 100 + 100:04}",
                         "The vendor could not take it (503). Attempt 2 of 8 follows in 5 s.", ((503, 90, "retry"),), due_in=42))  # fmt: skip
    for number in range(min(36, count // 300)):
        made.append(Tale(rng.uniform(20, 2_000), Status.HELD, "cart-reminder", US, f"+1213555{number % 100 + 100:04}",
                         "It is 07:41 in Los Angeles; quiet hours end at 09:00 there.",
                         decision={"rule": "quiet hours", "value": "09:00"}, due_in=4_000))  # fmt: skip
    return made


def _write(store: Store, now: datetime, tales: list[Tale]) -> dict[str, str]:
    versions = {name: store.templates.live(name) for name in TEMPLATES}
    rows: list[dict[str, Any]] = []
    tried: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    found: dict[str, str] = {}
    for number, tale in enumerate(tales):
        at = now - timedelta(seconds=tale.s)
        id = first_id(at)[:14] + f"{number:016x}".replace("l", "m")
        found.setdefault(tale.status.value, id)
        if tale.status is Status.ACCEPTED and len(tale.tries) > 1:
            found.setdefault("long", id)
        context = json.loads(json.dumps(SAMPLE))
        context["profile"]["keys"]["sms"] = tale.recipient
        body = tale.body or "Hi Ana, your Enamel mug, Tide blue and 2 more are still in your cart. Pick up where you left off: https://hpine.example/c/8817"
        payload: bytes | None = json.dumps(
            {"to": tale.recipient, "body": body, "mediaUrl": "https://img.hpine.example/mug-tide.jpg",
             "subscriptionType": "MARKETING", "useShortLinks": False, "messageName": tale.template, "skipFatigue": False}
        ).encode()  # fmt: skip
        if tale.status in (Status.REJECTED, Status.SUPPRESSED):
            payload = None
        version = versions[tale.template]
        assert version is not None
        is_open = tale.status.is_open
        ended = at + timedelta(milliseconds=sum(ms for _, ms, _ in tale.tries) + 8)
        rows.append({
            "id": id, "status": tale.status.value, "account": tale.account, "action": ACTION, "target": tale.template,
            "template": tale.template, "version_id": version.id, "version": version.number, "key": TEMPLATES[tale.template][2],
            "recipient": tale.recipient, "payload": payload, "digest": hashlib.sha256(payload or b"").hexdigest() if payload else None,
            "guarantee": "at-most-once", "rate_class": "messages", "priority": 0, "idempotency_key": None, "idempotency_slot": id,
            "fingerprint": None, "problems": json.dumps([each.as_dict() for each in tale.problems]) if tale.problems else None,
            "warnings": None, "reason": tale.reason, "decision": json.dumps(tale.decision) if tale.decision else None,
            "replay_of": None, "attempts_made": len(tale.tries), "fence": 0,
            "lease_owner": "wrk_story" if tale.status is Status.SENDING else None,
            "lease_until": to_ms(now) + 3_600_000 if tale.status is Status.SENDING else None,
            "created_at": to_ms(at), "updated_at": to_ms(ended), "expires_at": to_ms(at + timedelta(hours=12)),
            "due_at": to_ms(now + timedelta(seconds=tale.due_in)) if tale.due_in is not None else None,
            "finished_at": None if is_open else to_ms(ended),
        })  # fmt: skip
        said.append({"delivery": id, "context": json.dumps(context).encode()})
        started = at + timedelta(milliseconds=5)
        for order, (code, ms, outcome) in enumerate(tale.tries, 1):
            over = outcome != ""
            words = {200: "The message was accepted.", 429: "Attentive asked us to wait 2 s. A 429 means it did not take the message, so trying again is safe.",
                     400: "“to” is not a mobile number.", 503: "Attentive is not available."}  # fmt: skip
            tried.append({
                "delivery": id, "number": order, "started_at": to_ms(started),
                "finished_at": to_ms(started + timedelta(milliseconds=ms)) if over else None, "duration_ms": ms if over else None,
                "worker": "wrk_story", "outcome": outcome or None, "status_code": code,
                "headers": json.dumps({"x-ratelimit-limit": "150", "x-ratelimit-remaining": "112"}) if code else None,
                "body": {200: "{}", 400: '{"message": "\\"to\\" is not a mobile number"}', 503: "<html>Service Unavailable</html>"}.get(code or 0),
                "error": "no answer within 10 s" if code is None and over else None, "meaning": words.get(code or 0),
            })  # fmt: skip
            started += timedelta(milliseconds=ms + 2_000)
    with store.database.write() as connection:
        for table, values in ((deliveries, rows), (contexts, said), (attempts, tried)):
            for start in range(0, len(values), 2_000):
                connection.execute(table.insert(), values[start : start + 2_000])
    return found


def _troubles(store: Store, now: datetime) -> None:
    """Canada's circuit is open; the keys were used a moment ago."""
    with store.database.write() as connection:
        for account in (US, CA, NORTH):
            lane = {"account": account, "rate_class": "messages", "served_at": to_ms(now), "rate": 130.5, "burst": 8.0, "tokens": 8.0}
            connection.execute(buckets.insert().values(**lane, refilled_at=to_ms(now)))
        open_until = to_ms(now + timedelta(seconds=42))
        connection.execute(circuits.insert().values(account=CA, failures=14, trips=2, open_until=open_until, probe=None))
        used = to_ms(now - timedelta(seconds=3))
        connection.execute(update(keys).where(keys.c.revoked_at.is_(None)).values(last_used_at=used))
