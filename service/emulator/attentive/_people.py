"""Whom the pretended Attentive knows: which identifiers are one person, what is known of them, what they did."""

from __future__ import annotations

import itertools
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

MOST_PEOPLE = 10_000
MOST_HAPPENINGS = 50  # of one person
CUSTOM = "custom "  # begins the kind of an identifier that the company defined itself

Key = tuple[str, str]
"""One identifier: its kind (`phone`, `email`, `clientUserId`, `shopifyId`, `klaviyoId`, `custom loyaltyNo`) and value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One call that was carried out, as the page of its API confirms it. `good`: it has the effect that it was made for;
    `effect` says which, or why not. `facts` are name and value of what it told."""

    api: str
    time: float
    title: str
    good: bool
    effect: str
    facts: tuple[tuple[str, str], ...] = ()
    person: Person | None = field(default=None, repr=False)


@dataclass(slots=True, eq=False)
class Person:
    """`number` is what Attentive calls the `external_id` of a subscriber."""

    number: int
    keys: dict[Key, None] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    happened: deque[Happening] = field(default_factory=lambda: deque(maxlen=MOST_HAPPENINGS))

    def values(self, kind: str) -> list[str]:
        return [value for each, value in self.keys if each == kind]

    @property
    def own(self) -> dict[str, list[str]]:
        """The identifiers that the company defined itself, by name."""
        names = dict.fromkeys(kind for kind, _ in self.keys if kind.startswith(CUSTOM))
        return {kind.removeprefix(CUSTOM): self.values(kind) for kind in names}

    @property
    def label(self) -> str:
        """By what the person is found: a phone number, else a mail address, else whatever there is."""
        for kind in ("phone", "email"):
            if values := self.values(kind):
                return values[0]
        return next((f"{kind.removeprefix(CUSTOM)} {value}" for kind, value in self.keys), f"subscriber {self.number}")


class People:
    """Everybody who is known. Not locked: who changes or lists them holds the machine's lock."""

    def __init__(self) -> None:
        self._numbers = itertools.count(7001)
        self._by_key: dict[Key, Person] = {}
        self._by_number: OrderedDict[int, Person] = OrderedDict()
        self.version = 0  # changes with everything that becomes known

    def __iter__(self) -> Iterator[Person]:
        """Those of whom something became known last come first."""
        return iter(reversed(self._by_number.values()))

    def __len__(self) -> int:
        return len(self._by_number)

    def find(self, keys: Iterable[Key]) -> Person | None:
        """The person that one of the identifiers belongs to."""
        return next((found for key in keys if (found := self._by_key.get(key))), None)

    def numbered(self, number: int) -> Person | None:
        return self._by_number.get(number)

    def tie(self, keys: Iterable[Key]) -> Person:
        """The one person whom all these identifiers belong to from now on; several people become one."""
        wanted = list(keys)
        found = list(dict.fromkeys(person for key in wanted if (person := self._by_key.get(key))))
        person = found[0] if found else Person(next(self._numbers))
        self._by_number[person.number] = person
        for other in found[1:]:
            self._merge(person, other)
        for key in wanted:
            person.keys[key] = None
            self._by_key[key] = person
        self.touch(person)
        while len(self._by_number) > MOST_PEOPLE:
            self.forget(next(iter(self._by_number.values())))
        return person

    def touch(self, person: Person) -> None:
        """Notes that something became known."""
        self._by_number.move_to_end(person.number)
        self.version += 1

    def forget(self, person: Person) -> None:
        del self._by_number[person.number]
        for key in person.keys:
            del self._by_key[key]
        self.version += 1

    def _merge(self, person: Person, other: Person) -> None:
        del self._by_number[other.number]
        for key in other.keys:
            person.keys[key] = None
            self._by_key[key] = person
        person.attributes = other.attributes | person.attributes
        person.happened.extend(other.happened)


def keys_of(user: Any, own: str = "name") -> list[Key]:
    """The identifiers in an object of a call. `own` is how the version of the API calls the name of a custom identifier.

    >>> keys_of({"phone": "+12025550143", "customIdentifiers": [{"name": "loyaltyNo", "value": "L-1"}]})
    [('phone', '+12025550143'), ('custom loyaltyNo', 'L-1')]
    """
    if not isinstance(user, dict):
        return []
    kinds = ("phone", "email", "clientUserId", "shopifyId", "klaviyoId")
    keys = [(kind, user[kind]) for kind in kinds if isinstance(user.get(kind), str) and user[kind]]
    listed = user.get("customIdentifiers")
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and isinstance(each.get(own), str) and isinstance(each.get("value"), str):
            keys.append((f"{CUSTOM}{each[own]}", each["value"]))
    return keys
