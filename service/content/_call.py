"""What an algorithm is given: what is asked, for whom, at which moment, and what the library knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any

from service.content import _person
from service.content._ask import Ask, key_of, tags_of
from service.content._index import NONE, Index, Strength
from service.content._shelf import Allowed

if TYPE_CHECKING:
    from service.store.content import Content, Person

DAY_S = 86_400
LAST = 10  # of a person's items say what the person likes
_RARE = 0.001  # a tag with a smaller part of all views counts as one with this
_DOUBT = 10  # views of an average person that everybody is thought to have had


@dataclass(frozen=True, slots=True)
class Posted:
    """An item that came with the call. `number` is that of the library's item with its URL, if there is one."""

    data: Mapping[str, Any]
    tags: tuple[str, ...]
    number: int | None


class Call:
    """One call of `personalize()`. What it costs a query to know is asked for when an algorithm wants it."""

    def __init__(
        self, ask: Ask, context: Mapping[str, Any], now: int, seed: str, index: Index, content: Content | None
    ) -> None:
        self.ask = ask
        self.now = now
        self.index = index
        self._context = context
        self._seed = seed
        self._content = content

    @property
    def day(self) -> int:
        return self.now // DAY_S

    @property
    def random(self) -> Random:
        """Chance, the same for the same render."""
        return Random(f"personalize {self._seed}")  # noqa: S311  it chooses products, not secrets

    @cached_property
    def allowed(self) -> Allowed:
        """What the filters leave of `index.popular`."""
        return self.index.popular.allowed(self.ask.filters, self.now)

    def allow(self, items: Iterable[int]) -> list[int]:
        """Those of these items that the filters leave."""
        places, allowed = self.index.places, self.allowed
        return [item for item in items if (place := places.get(item)) is not None and place in allowed]

    def tagged(self, tag: str) -> Iterator[int]:
        """The items with this tag that the filters leave, the most popular first."""
        return self.chosen(self.index.popular.tagged(tag, self.allowed))

    def chosen(self, places: Iterable[int]) -> Iterator[int]:
        """The items at these places of `index.popular`."""
        ids = self.index.popular.ids
        return (ids[place] for place in places)

    @cached_property
    def posted(self) -> list[Posted]:
        """The items of the posted list that the filters leave, each URL once."""
        items: dict[object, Mapping[str, Any]] = {}
        for each in self.ask.content or ():
            items.setdefault(key_of(each, "url") or id(each), each)
        kept = [(each, tags_of(each)) for each in items.values()]
        kept = [(each, tags) for each, tags in kept if self.ask.filters.admit(each, tags, self.now)]
        numbers = self.numbers([key_of(each, "url") for each, _ in kept], "url")
        return [Posted(each, tags, numbers.get(key_of(each, "url"))) for each, tags in kept]

    def numbers(self, keys: Iterable[str], kind: str) -> dict[str, int]:
        """The numbers of the library's items with these keys."""
        wanted = [each for each in keys if each]
        return self._content.numbers(wanted, kind) if wanted and self._content and self.index.places else {}

    @cached_property
    def person(self) -> Person | None:
        """What the library knows of the person; None where nobody can be meant."""
        names = _person.names(self._context)
        return self._content.person(names) if names and self._content else None

    @cached_property
    def viewed(self) -> list[int]:
        """The items that the person viewed last, the latest first."""
        return [item for item, _ in self.person.viewed] if self.person else []

    @cached_property
    def purchased(self) -> list[int]:
        """The items that the person bought: what the profile says first, for it is the newest."""
        told = _person.purchased(self._context)
        found = [number for kind, keys in told.items() for number in _in_order(keys, self.numbers(keys, kind))]
        return list(dict.fromkeys([*found, *(item for item, _ in self.person.purchased)] if self.person else found))

    @cached_property
    def context_item(self) -> int | None:
        """The item that `context_key` names."""
        key = self.ask.context_key
        return self.numbers([key], self.ask.context_key_type).get(key)

    def together(self, items: list[int]) -> dict[int, Strength]:
        """What was bought and seen together with these items, and how often in all; without themselves."""
        found: dict[int, Strength] = {}
        if items and self._content:
            for others in self._content.together(items).values():
                for item, (bought, seen) in others.items():
                    old = found.get(item, NONE)
                    found[item] = old[0] + bought, old[1] + seen
        for item in items:
            found.pop(item, None)
        return found

    @cached_property
    def interests(self) -> Interests:
        return Interests(self.index, self.viewed)


class Interests:
    """How much a person likes each tag; 1 is average.

    The part of the tag in what the person viewed last, by its part in all views. Somebody of whom little is known is thought
    to be average: as if they had viewed ten more items as everybody does.
    """

    def __init__(self, index: Index, viewed: list[int]) -> None:
        self._index = index
        self._items = 0
        self._views: dict[str, int] = {}
        for item in viewed:
            tags = index.tags(item)
            self._items += bool(tags)
            for tag in tags:
                self._views[tag] = self._views.get(tag, 0) + 1

    @property
    def tags(self) -> list[str]:
        """What the person viewed, the strongest interest first."""
        return sorted(self._views, key=lambda tag: (-self.of(tag), tag))

    def of(self, tag: str) -> float:
        """The interest in a tag; 1 also where nothing is known of the person or the tag."""
        everybody = max(self._index.views_of(tag) / (self._index.views or 1), _RARE)
        return (self._views.get(tag, 0) + _DOUBT * everybody) / ((self._items + _DOUBT) * everybody)

    def highest(self, tags: Iterable[str]) -> float:
        """The highest interest in one of these tags; average without any."""
        return max(map(self.of, tags), default=1.0)


def _in_order(keys: Iterable[str], numbers: Mapping[str, int]) -> list[int]:
    return [numbers[key] for key in keys if key in numbers]
