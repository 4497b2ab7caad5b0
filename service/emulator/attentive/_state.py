"""What the pretended Attentive remembers: who is subscribed, who is tired of texts, which message names were used."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from service.emulator._phones import Phones, Text

DAY_S = 86_400.0
LINKS = "https://s.example.com/"  # where short links begin


@dataclass(slots=True)
class State:
    """One company's account at Attentive."""

    phones: Phones
    brand: str = "Example Shop"
    everybody_subscribed: bool = True  # whether a number that nobody signed up may be texted
    signs_up_after_s: float = 0.0  # until a sign-up counts
    names: dict[str, float] = field(default_factory=dict)  # message name to when it was used last
    subscribed: set[tuple[str, str, str]] = field(default_factory=set)  # contact, type, channel
    unsubscribed: set[tuple[str, str, str]] = field(default_factory=set)
    fatigued: set[str] = field(default_factory=set)
    pending: dict[tuple[str, str, str], float] = field(default_factory=dict)  # sign-ups, and from when they count
    locales: frozenset[tuple[str, str]] = frozenset({("en", "US")})  # those with exactly one API sign-up unit
    event_keys: dict[str, set[str]] = field(default_factory=dict)  # event type to the keys of its properties
    event_ids: dict[str, None] = field(default_factory=dict)  # in the order of their arrival
    attributes: dict[str, dict[str, Any]] = field(default_factory=dict)  # contact to attributes
    attribute_kinds: dict[str, str] = field(default_factory=dict)

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
        return changes

    def names_of_today(self, now: float) -> set[str]:
        """Message names used in the last 24 hours."""
        self.names = {name: used for name, used in self.names.items() if used > now - DAY_S}
        return set(self.names)

    def text(
        self, recipient: str, body: str, kind: str, now: float, *, media_url: str | None = None, name: str | None = None
    ) -> None:
        """Puts a text on the phone of `recipient`, with the brand before it."""
        said = f"{self.brand}: {body}" if self.brand else body
        self.phones.receive(recipient, Text(time=now, body=said, kind=kind, media_url=media_url, name=name))


def short_link(url: str) -> str:
    return LINKS + hashlib.blake2s(url.encode("utf-8", "replace"), digest_size=4).hexdigest()
