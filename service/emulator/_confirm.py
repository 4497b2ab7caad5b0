"""Pages of confirmation: one for each of Attentive's APIs, and one for webhooks; and what is known of a person.

They answer what a tester asks: did it arrive, about whom, and would it start anything?
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from service.emulator._ledger import Entry, parsed
from service.emulator._machine import Machine
from service.emulator._outbox import Post
from service.emulator.attentive._people import Happening, Person
from service.sms import mask

SHOWN = 50
SUBSCRIPTIONS = (("TEXT", "phone"), ("EMAIL", "email"))
KINDS = ("MARKETING", "TRANSACTIONAL")
VALUES_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look for. It is done when a row fits."""

    words: str
    fits: Callable[[Row], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that arrived or was posted. `sign` is `good`, `warn` (taken, without effect) or `bad` (refused)."""

    at: float
    sign: str
    title: str
    effect: str
    who: str = ""
    page: str = ""  # of the person
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One page: `paths` are the vendor's addresses whose refusals it shows too."""

    slug: str
    title: str
    says: str
    paths: tuple[str, ...]
    checks: tuple[Check, ...]
    then: str


def _titled(title: str) -> Callable[[Row], bool]:
    return lambda row: row.title == title and row.sign == "good"


APIS = (
    Api(
        slug="ecommerce",
        title="Ecommerce",
        says="Product views, carts and purchases, and the journeys that they would start.",
        paths=tuple(f"/v1/events/ecommerce/{each}" for each in ("product-view", "add-to-cart", "purchase")),
        checks=(
            Check("A product view arrived", _titled("Product view")),
            Check("Something went into a cart", _titled("Add to cart")),
            Check("A purchase arrived, with its price as you know it", _titled("Purchase")),
        ),
        then="At Attentive: make a journey with one text for each of these triggers, tell of it with your own number, and "
        "wait for the text.",
    ),
    Api(
        slug="custom-events",
        title="Custom events",
        says="Anything else that happened. A new name is offered as a trigger at once, and stays for ever.",
        paths=("/v1/events/custom",),
        checks=(
            Check("An event arrived under the name you meant", lambda row: row.sign != "bad"),
            Check("It would start a journey", lambda row: row.sign == "good"),
        ),
        then="At Attentive: make a journey whose trigger is the custom event, with one text, tell of it with your own "
        "number, and wait for the text.",
    ),
    Api(
        slug="subscribers",
        title="Subscribers",
        says="Who signed up and off, and what was asked. Whoever is subscribed already gets a text that says so.",
        paths=("/v1/subscriptions", "/v1/subscriptions/unsubscribe"),
        checks=(
            Check("A question came first", _titled("Asked what may be sent")),
            Check("Somebody was newly subscribed", _titled("Subscribed")),
            Check("Somebody was unsubscribed", _titled("Unsubscribed")),
        ),
        then="At Attentive: unsubscribe your own number first (answer STOP), subscribe it, and wait for the welcome.",
    ),
    Api(
        slug="attributes",
        title="Attributes",
        says="What is known of people, as the segment builder would offer it.",
        paths=("/v1/attributes/custom", "/v2/user/attributes", "/v2/bulk/user/attributes"),
        checks=(
            Check("Attributes were set", lambda row: row.sign != "bad"),
            Check("None was ignored", lambda row: row.sign == "good"),
        ),
        then="At Attentive: build a segment on the attribute, and look whether your own number is in it.",
    ),
    Api(
        slug="webhooks",
        title="Webhooks",
        says="What this emulator posted to those who listen on this machine.",
        paths=("/v1/webhooks",),
        checks=(Check("An event was delivered", lambda row: row.sign == "good"),),
        then="Add a listener with POST /_emulator/webhooks, and let somebody act with POST /_emulator/people.",
    ),
)


@dataclass(frozen=True, slots=True)
class Known:
    """What Attentive knows of one person, ready to be shown. Contacts are masked."""

    shown: str
    page: str
    identifiers: tuple[tuple[str, str], ...]
    subscriptions: tuple[tuple[str, bool], ...]
    attributes: tuple[tuple[str, str], ...]
    happened: tuple[Row, ...] = field(default=())


def rows(machine: Machine, api: Api) -> list[Row]:
    """What stands on a page, newest first. The machine's lock is held."""
    found: list[Row]
    if api.slug == "webhooks":
        found = [_of_post(each) for each in machine.outbox.all()[-SHOWN:]]
    else:
        kept = [each for each in machine.state.happenings if each.api == api.slug]
        found = [_of_happening(machine, each) for each in kept[-SHOWN:]]
    refused = (entry for path in api.paths for entry in machine.ledger.entries(path=path, limit=SHOWN))
    found += [_of_refused(entry) for entry in refused if entry.status is not None and entry.status >= 400]
    return sorted(found, key=lambda row: row.at, reverse=True)[:SHOWN]


def offered(machine: Machine) -> list[tuple[str, str]]:
    """The attributes that a segment could be built on, each with its values and how many people have them."""
    counts: dict[str, Counter[str]] = {}
    for person in machine.state.people:
        for name, value in person.attributes.items():
            counts.setdefault(name, Counter())[_text(value)] += 1
    shown = []
    for name, values in sorted(counts.items()):
        words = [f"{value} ({count})" for value, count in values.most_common(VALUES_SHOWN)]
        shown.append((name, ", ".join(words) + (" …" if len(values) > VALUES_SHOWN else "")))
    return shown


def known(machine: Machine, person: Person) -> Known:
    """What is known of a person. The machine's lock is held."""
    state = machine.state
    subscriptions = [
        (f"{channel} {kind.capitalize()}", state.may_receive(contact, kind, channel))
        for channel, name in SUBSCRIPTIONS
        for contact in person.values(name)[:1]
        for kind in KINDS
    ]
    return Known(
        shown=masked(person.label),
        page=page_of(machine, person),
        identifiers=tuple(_identifiers(person)),
        subscriptions=tuple(subscriptions),
        attributes=tuple((name, _text(value)) for name, value in person.attributes.items()),
        happened=tuple(_of_happening(machine, each) for each in reversed(person.happened)),
    )


def page_of(machine: Machine, person: Person) -> str:
    """The opaque id under which a person's page is found: the phone's, where there is one."""
    return machine.phones.id_of(person.label)


def find(machine: Machine, page: str) -> Person | None:
    return next((person for person in machine.state.people if page_of(machine, person) == page), None)


def masked(contact: str) -> str:
    """
    >>> masked("+12025550143"), masked("ada@example.com"), masked("clientUserId cust-551")
    ('+1 ••• ••• 0143', 'a•••@example.com', 'clientUserId cust-551')
    """
    if contact.startswith("+"):
        return mask(contact)
    name, at, domain = contact.rpartition("@")
    return f"{name[:1]}•••@{domain}" if at and " " not in name else contact


def _identifiers(person: Person) -> Iterator[tuple[str, str]]:
    names = {"phone": "Phone", "email": "Mail", "clientUserId": "Customer", "shopifyId": "Shopify", "klaviyoId": "Klaviyo"}
    for kind, value in person.keys:
        yield names.get(kind, kind.removeprefix("custom ")), masked(value) if kind in ("phone", "email") else value
    yield "Subscriber", str(person.number)


def _of_happening(machine: Machine, it: Happening) -> Row:
    person = it.person
    return Row(
        at=it.time,
        sign="good" if it.good else "warn",
        title=it.title,
        effect=it.effect,
        who="Nobody who is known" if person is None else masked(person.label),
        page="" if person is None else page_of(machine, person),
        facts=it.facts,
    )


def _of_refused(entry: Entry) -> Row:
    answer = parsed(entry.answer or b"")
    words = answer.get("message") if isinstance(answer, dict) else None
    return Row(
        at=entry.time,
        sign="bad",
        title=f"Refused, {entry.status}",
        effect=str(words or "Attentive gives no reason for this one. See what arrived, beside the phones."),
        who=masked(entry.to) if entry.to else "",
        facts=((entry.method, entry.path),),
    )


def _of_post(post: Post) -> Row:
    tried = ", ".join("no answer" if each is None else str(each) for each in post.answers)
    effects = {"delivered": "Delivered.", "held": "Held back.", "given up": "Given up."}
    effect = effects.get(post.state, "Is tried again soon." if post.answers else "On its way.")
    sign = "good" if post.state == "delivered" else "warn"
    facts = (("Number", str(post.number)), ("Address", post.url), *([("Answers", tried)] if tried else []))
    return Row(at=post.at, sign=sign, title=post.what, effect=effect, facts=facts)


def done(checks: Iterable[Check], shown: list[Row]) -> list[tuple[str, bool]]:
    """Each thing to look for, and whether it was seen."""
    return [(check.words, any(check.fits(row) for row in shown)) for check in checks]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
