"""What the pretended Attentive remembers: who is subscribed, who is tired of texts, which message names were used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from service.emulator._phones import Phones, Text

DAY_S = 86_400.0
LINKS = "https://s.example.com/"  # where short links begin


@dataclass(slots=True)
class State:
    """One company's account at Attentive."""

    phones: Phones
    brand: str = "Example Shop"
    everybody_subscribed: bool = True  # whether a number that nobody signed up may be texted
    names: dict[str, float] = field(default_factory=dict)  # message name to when it was used last
    subscribed: set[tuple[str, str, str]] = field(default_factory=set)  # contact, type, channel
    unsubscribed: set[tuple[str, str, str]] = field(default_factory=set)
    fatigued: set[str] = field(default_factory=set)

    def may_receive(self, contact: str, kind: str, channel: str = "TEXT") -> bool:
        who = (contact, kind, channel)
        return who in self.subscribed or (self.everybody_subscribed and who not in self.unsubscribed)

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


def pairs(kinds: tuple[str, ...], channels: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    return ((kind, channel) for kind in kinds for channel in channels)
