"""What a process keeps in memory of the library: in which order items come, and what filters ask about. Never the items
themselves: those are read when they are chosen, so a price or a title is never old."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from sys import intern
from typing import TYPE_CHECKING

from service.content._shelf import Shelf

if TYPE_CHECKING:
    from service.store.content import Content, Facts

Strength = tuple[int, int]  # purchases, views: purchases decide, and views only between equal ones
NONE: Strength = (0, 0)
_DAYS = 4  # for which trends are kept


class Index:
    """The library as it was at one revision. It never changes but for the trends asked for."""

    def __init__(self, content: Content | None, revision: int) -> None:
        self.revision = revision
        self._content = content
        facts = sorted(content.facts() if content else (), key=_by_popularity)
        self._strengths = {each.id: (each.purchases, each.views) for each in facts if each.purchases or each.views}
        self.places = {each.id: place for place, each in enumerate(facts)}
        self.tags_at = [tuple(map(intern, each.tags.split())) for each in facts]
        self._pictured = bytes(each.has_image for each in facts)
        self._stocked = bytes(each.in_stock for each in facts)
        self._expiring = {place: each.expire_date for place, each in enumerate(facts) if each.expire_date is not None}
        self.popular = self._shelf(array("q", (each.id for each in facts)))
        self._views_of_tags: dict[str, int] = {}
        self.views = sum(each.views for each in facts)
        for tags, each in zip(self.tags_at, facts):
            for tag in tags if each.views else ():
                self._views_of_tags[tag] = self._views_of_tags.get(tag, 0) + each.views
        self._trends: dict[int, tuple[Shelf, Mapping[int, Strength]]] = {}

    @property
    def size(self) -> int:
        """How many items there are."""
        return len(self.places)

    def strength(self, item: int | None) -> Strength:
        """How often an item was bought and viewed."""
        return self._strengths.get(item, NONE) if item is not None else NONE

    def tags(self, item: int) -> tuple[str, ...]:
        """The tags of an item."""
        place = self.places.get(item)
        return () if place is None else self.tags_at[place]

    def views_of(self, tag: str) -> int:
        """How often items with this tag were viewed."""
        return self._views_of_tags.get(tag, 0)

    def trend(self, day: int) -> tuple[Shelf, Mapping[int, Strength]]:
        """What has gained in the week that ends with this day, the most first, and how much each item gained."""
        found = self._trends.get(day)
        if found is None:
            gains = self._content.gains(day) if self._content else {}
            gained = {item: gain for item, gain in gains.items() if gain > NONE and item in self.places}
            order = sorted(gained, key=lambda item: (-gained[item][0], -gained[item][1], self.places[item]))
            while len(self._trends) >= _DAYS:
                self._trends.pop(next(iter(self._trends)), None)
            found = self._trends[day] = self._shelf(array("q", order)), gained
        return found

    def trends_again(self, old: Index) -> None:
        """Prepare the trends that the index before this one was asked for last."""
        for day in list(old._trends)[-1:]:
            self.trend(day)

    def _shelf(self, ids: Sequence[int]) -> Shelf:
        places = [self.places[item] for item in ids]
        tagged: dict[str, array[int]] = {}
        for at, place in enumerate(places):
            for tag in self.tags_at[place]:
                found = tagged.get(tag)
                if found is None:
                    found = tagged[tag] = array("I")
                found.append(at)
        pictured = (at for at, place in enumerate(places) if self._pictured[place])
        stocked = (at for at, place in enumerate(places) if self._stocked[place])
        expiring = self._expiring
        ends = ((expiring[place], at) for at, place in enumerate(places) if place in expiring) if expiring else ()
        return Shelf(ids, tagged, pictured, stocked, ends)


def _by_popularity(each: Facts) -> tuple[int, int, int, str]:
    """Most bought, most viewed, newest, and the URL, so that no two are equal."""
    return -each.purchases, -each.views, -each.date, each.url
