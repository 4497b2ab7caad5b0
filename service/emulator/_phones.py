"""The phones: what each recipient has received. A phone has an opaque id, so that no number stands in a URL."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from service.sms import mask

MOST_PHONES = 2000
MOST_TEXTS = 200  # on one phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text as it reached a phone. `body` has the brand's prefix already; `kind` is MARKETING, TRANSACTIONAL or
    CONFIRMATION (a text that the vendor sends of its own accord)."""

    time: float
    body: str
    kind: str
    media_url: str | None = None
    name: str | None = None


@dataclass(slots=True)
class Phone:
    id: str
    recipient: str  # a number in E.164, or "subscriber 7001"
    texts: deque[Text] = field(default_factory=lambda: deque(maxlen=MOST_TEXTS))
    total: int = 0

    @property
    def shown(self) -> str:
        """The recipient for lists and heads: a number without its middle."""
        return mask(self.recipient) if self.recipient.startswith("+") else self.recipient


class Phones:
    """Every phone that a text has reached, the latest last. Not locked: who changes or lists it holds the machine's lock."""

    def __init__(self) -> None:
        self._salt = os.urandom(16)
        self._by_id: OrderedDict[str, Phone] = OrderedDict()
        self.version = 0  # changes with every text

    def receive(self, recipient: str, text: Text) -> None:
        key = self.id_of(recipient)
        phone = self._by_id.setdefault(key, Phone(key, recipient))
        phone.texts.append(text)
        phone.total += 1
        self._by_id.move_to_end(key)
        self.version += 1
        if len(self._by_id) > MOST_PHONES:
            self._by_id.popitem(last=False)

    def id_of(self, recipient: str) -> str:
        return hashlib.blake2s(recipient.encode("utf-8", "replace"), key=self._salt, digest_size=6).hexdigest()

    def get(self, phone_id: str) -> Phone | None:
        return self._by_id.get(phone_id)

    def latest_first(self) -> list[Phone]:
        return list(reversed(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def clear(self) -> None:
        self._by_id.clear()
        self.version += 1
