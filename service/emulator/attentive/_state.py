"""What the pretended Attentive remembers: people and what they did, who is subscribed, message names, webhooks, segments."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from service.emulator._outbox import Outbox, is_loopback
from service.emulator._phones import Phones, Text
from service.emulator.attentive import _telling as telling
from service.emulator.attentive._people import Happening, Key, People, Person

DAY_S = 86_400.0
LINKS = "https://s.example.com/"  # where short links begin
CONTACTS = {"TEXT": "phone", "EMAIL": "email"}
EVENT_CHANNELS = {"TEXT": "sms", "EMAIL": "email"}
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
HAPPENINGS_KEPT = 500
LARGEST = 10_000  # jobs, requests and the like that are kept


@dataclass(slots=True)
class State:
    """One company's account at Attentive."""

    phones: Phones
    brand: str = "Example Shop"
    everybody_subscribed: bool = True  # whether a number that nobody signed up may be texted
    signs_up_after_s: float = 0.0  # until a sign-up counts
    outbox: Outbox = field(default_factory=Outbox)
    signing_key: str = telling.EXAMPLE_KEY
    people: People = field(default_factory=People)
    happenings: deque[Happening] = field(default_factory=lambda: deque(maxlen=HAPPENINGS_KEPT))
    names: dict[str, float] = field(default_factory=dict)  # message name to when it was used last
    subscribed: set[tuple[str, str, str]] = field(default_factory=set)  # contact, type, channel
    unsubscribed: set[tuple[str, str, str]] = field(default_factory=set)
    fatigued: set[str] = field(default_factory=set)
    pending: dict[tuple[str, str, str], float] = field(default_factory=dict)  # sign-ups, and from when they count
    locales: frozenset[tuple[str, str]] = frozenset({("en", "US")})  # those with exactly one API sign-up unit
    event_keys: dict[str, set[str]] = field(default_factory=dict)  # event type to the keys of its properties
    event_ids: dict[str, None] = field(default_factory=dict)  # in the order of their arrival
    attribute_kinds: dict[str, str] = field(default_factory=dict)
    webhooks: dict[str, telling.Webhook] = field(default_factory=dict)
    segments: dict[str, Any] = field(default_factory=dict)  # external id to segment
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    erasures: dict[str, dict[str, Any]] = field(default_factory=dict)
    uploads: dict[str, dict[str, Any]] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def may_receive(self, contact: str, kind: str, channel: str = "TEXT") -> bool:
        who = (contact, kind, channel)
        return who in self.subscribed or (self.everybody_subscribed and who not in self.unsubscribed)

    def set_subscriber(self, said: Any) -> None:
        """Takes `{"contact": "+12025550143", "type": "MARKETING", "channel": "TEXT", "subscribed": false}` and `"fatigued"`.

        Raises ValueError with a sentence.
        """
        known = {"contact": str, "type": str, "channel": str, "subscribed": bool, "fatigued": bool}
        if not isinstance(said, dict) or not all(isinstance(value, known.get(name, ())) for name, value in said.items()):
            raise ValueError(f"Give an object with some of: {', '.join(known)}.")
        if not said.get("contact"):
            raise ValueError("Give a contact: a phone number or an e-mail address.")
        contact = said["contact"]
        if "subscribed" in said:
            self.subscribe(contact, said.get("type", "MARKETING"), said.get("channel", "TEXT"), said["subscribed"])
        if "fatigued" in said:
            (self.fatigued.add if said["fatigued"] else self.fatigued.discard)(contact)

    def subscribe(self, contact: str, kind: str, channel: str, subscribed: bool = True) -> bool:
        """Signs somebody up, or off; says whether that changed anything."""
        who = (contact, kind, channel)
        gains, loses = (self.subscribed, self.unsubscribed) if subscribed else (self.unsubscribed, self.subscribed)
        changes = who not in gains
        gains.add(who)
        loses.discard(who)
        self.people.version += 1
        return changes

    def tell_subscription(self, person: Person, kind: str, channel: str, now: float, *, subscribed: bool) -> None:
        """Tells webhooks that somebody signed up, or off."""
        event = f"{EVENT_CHANNELS[channel]}.{'' if subscribed else 'un'}subscribed"
        creative = {"creative": {"name": "API sign-up", "type": "API", "subtype": "API"}} if subscribed else {}
        telling.tell(self, now, event, person, **creative, subscription={"type": kind})

    def names_of_today(self, now: float) -> set[str]:
        """Message names used in the last 24 hours."""
        self.names = {name: used for name, used in self.names.items() if used > now - DAY_S}
        return set(self.names)

    def text(
        self, recipient: str, body: str, kind: str, now: float, *, media_url: str | None = None, name: str | None = None
    ) -> None:
        """Puts a text on the phone of `recipient`, with the brand before it, and tells webhooks of it."""
        said = f"{self.brand}: {body}" if self.brand else body
        self.phones.receive(recipient, Text(time=now, body=said, kind=kind, media_url=media_url, name=name))
        if self.webhooks and recipient.startswith("+"):
            person = self.people.tie([("phone", recipient)])
            telling.tell(self, now, "sms.sent", person, message=telling.message(next(self.numbers), said, name))

    def happened(
        self,
        api: str,
        now: float,
        title: str,
        person: Person | None,
        effect: str,
        facts: Iterable[tuple[str, Any]] = (),
        *,
        good: bool = True,
    ) -> None:
        """Keeps what a call did, for the page that confirms it."""
        shown = tuple((name, _shown(value)) for name, value in facts)
        made = Happening(api=api, time=now, title=title, good=good, effect=effect, facts=shown, person=person)
        self.happenings.append(made)
        self.people.version += 1
        if person is not None:
            person.happened.append(made)
            self.people.touch(person)

    def event(
        self, api: str, now: float, title: str, person: Person | None, trigger: str, facts: Any, why: str | None
    ) -> None:
        """Keeps an event and the journey that it would start. `why` says why it starts none."""
        if why is None and person is None:
            why = "Nobody is tied to these identifiers: send them with a phone number or mail address to Identity first."
        if why is None and person is not None and not self._may_be_texted(person):
            why = "Not subscribed to texts. The event is kept, for the day when the number subscribes."
        effect = f"Starts the journeys whose trigger is “{trigger}”." if why is None else f"Starts no journey. {why}"
        self.happened(api, now, title, person, effect, facts, good=why is None)

    def inbound(self, number: str, text: str, now: float) -> None:
        """Somebody writes back. A word such as STOP signs them off."""
        person = self.people.tie([("phone", number)])
        said = {"type": "TYPE_CONVERSATION", "text": text, "to_phone": telling.OUR_NUMBER}
        telling.tell(self, now, "sms.inbound_message", person, message=said)
        if text.strip().upper() in STOP_WORDS:
            self.sign_off(person, "TEXT", now)
            self.text(number, "You are unsubscribed and will get no more texts.", "CONFIRMATION", now)

    def sign_off(self, person: Person, channel: str, now: float) -> None:
        """Ends every subscription of one channel."""
        for contact in person.values(CONTACTS[channel]):
            for kind in ("MARKETING", "TRANSACTIONAL"):
                if self.subscribe(contact, kind, channel, subscribed=False):
                    self.tell_subscription(person, kind, channel, now, subscribed=False)

    def add_webhook(self, url: str, events: Iterable[str]) -> telling.Webhook:
        made = telling.Webhook(f"wh-{next(self.numbers)}", url, tuple(events))
        self.webhooks[made.id] = made
        limit(self.webhooks)
        return made

    def listen(self, said: Any) -> dict[str, Any]:
        """Takes `{"url": "http://127.0.0.1:8000/in", "events": ["sms.sent"], "key": "..."}`: who is told of what.

        Every event by default. `key` signs from now on. Raises ValueError with a sentence.
        """
        events = said.get("events", list(telling.EVENTS)) if isinstance(said, dict) else None
        if not isinstance(events, list) or not events or not set(map(str, events)) <= set(telling.EVENTS):
            raise ValueError(f"Give an object with a url, and events out of: {', '.join(telling.EVENTS)}.")
        url, key = said.get("url"), said.get("key", self.signing_key)
        if not isinstance(url, str) or not is_loopback(url):
            raise ValueError("The url must be on this machine, such as http://127.0.0.1:8000/in: no other is ever called.")
        if not isinstance(key, str) or not key:
            raise ValueError("The key must be a text.")
        self.signing_key = key
        return self.add_webhook(url, events).as_dict("CREATOR")

    def say(self, said: Any, now: float) -> None:
        """Somebody does something: `{"type": "sms.inbound_message", "phone": "+12025550143", "text": "STOP"}`, or an
        unsubscription, a click (`url`), an opened mail. Raises ValueError with a sentence."""
        kind = said.get("type") if isinstance(said, dict) else None
        if kind not in telling.EVENTS:
            raise ValueError(f"Give an object with a type out of: {', '.join(telling.EVENTS)}.")
        keys: list[Key] = [(name, said[name]) for name in ("phone", "email") if isinstance(said.get(name), str)]
        needed = "email" if kind.startswith("email.") else "phone"
        if needed not in dict(keys) and kind != "custom_attribute.set":
            raise ValueError(f"Give the {needed} of the person.")
        if not keys:
            raise ValueError("Give the phone or the email of the person.")
        person, text, number = self.people.tie(keys), str(said.get("text", "")), next(self.numbers)
        channel = "EMAIL" if needed == "email" else "TEXT"
        if kind == "sms.inbound_message":
            self.inbound(said["phone"], text, now)
        elif kind.endswith(".unsubscribed"):
            self.sign_off(person, channel, now)
        elif kind.endswith(".subscribed"):
            self.subscribe(said[needed], "MARKETING", channel)
            self.tell_subscription(person, "MARKETING", channel, now, subscribed=True)
        elif kind == "custom_attribute.set":
            about = {"id": str(number), "name": str(said.get("name", "")), "value": said.get("value")}
            telling.tell(self, now, kind, person, user_property=about)
        else:
            parts: dict[str, Any] = {"message": telling.message(number, text, said.get("name"))}
            parts |= {"link": {"url": str(said.get("url", ""))}} if kind.endswith("link_click") else {}
            telling.tell(self, now, kind, person, **parts)

    def _may_be_texted(self, person: Person) -> bool:
        numbers = person.values("phone")
        return any(self.may_receive(each, kind) for each in numbers for kind in ("MARKETING", "TRANSACTIONAL"))


def limit(kept: dict[Any, Any], most: int = LARGEST) -> None:
    """Forgets the oldest of what is too much."""
    while len(kept) > most:
        del kept[next(iter(kept))]


def short_link(url: str) -> str:
    return LINKS + hashlib.blake2s(url.encode("utf-8", "replace"), digest_size=4).hexdigest()


def _shown(value: Any) -> str:
    """A value for a page: short, on one line.

    >>> _shown(True), _shown(19.99), _shown(None)
    ('true', '19.99', 'null')
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}…"
