"""The content library: what `personalize()` picks from, and how it picks."""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from itertools import islice
from types import ModuleType
from typing import TYPE_CHECKING, Any

from service import registry
from service.content._ask import Ask
from service.content._call import Call, Interests
from service.content._index import Index
from service.model import Item

if TYPE_CHECKING:
    from service.store import Store
    from service.store.content import Content

FRESH_S = 1.0  # how long the library may be believed unchanged before the store is asked again
_AT_ONCE = 2_000  # items are read at once, in some milliseconds; more are read aside, and calls go on with what they have
_SHARE = 20  # times as long as reading took, so many items are not read again
_ROUNDS = 10  # of reading items of which some are gone or changed


@cache
def known() -> Mapping[str, ModuleType]:
    """Every algorithm by its name."""
    return dict(registry.members(importlib.import_module("service.content.algorithms")))


class Library:
    """Picks content items for a person. Without a store it knows nothing, and picks from posted lists alone.

    Making one opens nothing. The first call reads an index of the library into memory, which is read anew when the library
    has changed: at once where that is quick, else aside, and calls go on with the old one for some seconds. The items
    themselves are read when they are chosen. Every method may raise `errors.Unavailable`.
    """

    def __init__(self, store: Store | None = None) -> None:
        self._content = store.content if store is not None else None
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._reading = threading.Lock()
        self._index: Index | None = Index(None, 0) if self._content is None else None
        self._ask_after = 0.0
        self._written = 0

    @property
    def is_kept(self) -> bool:
        """Whether there is a library at all; else only posted lists are picked from."""
        return self._content is not None

    def personalize(
        self, asked: Mapping[str, Any], *, context: Mapping[str, Any], now: datetime, seed: str
    ) -> list[dict[str, Any]]:
        """Content items for the person of `context`, the strongest first; as many as `size` says, 100 at most.

        The same for the same arguments and the same library. What can not be understood in `asked` is as if it had not been
        given; an algorithm that there is not finds nothing.
        """
        ask = Ask.of(asked)
        algorithm = known().get(ask.algorithm)
        if algorithm is None or not ask.size:
            return []
        call = Call(ask, context, int(now.timestamp()), seed, self._current(), self._content)
        if ask.content is not None:
            return _from_posted(call, algorithm)
        return [] if self._content is None else _from_library(call, algorithm, self._content)

    def interests(self, context: Mapping[str, Any]) -> Callable[[str], float]:
        """How much the person of `context` likes a tag; 1 is average."""
        none = Ask.of({})
        call = Call(none, context, 0, "", self._current(), self._content)
        made: Interests = call.interests
        return made.of

    def _current(self) -> Index:
        if self._pid != os.getpid():
            self._start()  # after a fork the lock may be held by a thread that is not here
        index, content = self._index, self._content
        if index is None or content is None:
            return index or self._first()
        if time.monotonic() < self._ask_after and (index.size > _AT_ONCE or content.written == self._written):
            return index
        return self._asked(index, content)

    def _first(self) -> Index:
        assert self._content is not None
        with self._reading:
            return self._read(self._content)

    def _asked(self, index: Index, content: Content) -> Index:
        """The index, after asking whether the library has changed."""
        self._ask_after = time.monotonic() + FRESH_S  # the others go on meanwhile
        written = content.written
        if content.revision() == index.revision:
            self._written = written
            return index
        if index.size > _AT_ONCE:
            threading.Thread(target=self._read_aside, name="burgee-content", daemon=True).start()
            return index
        with self._reading:
            return self._read(content)

    def _read_aside(self) -> None:
        if self._content is None or not self._reading.acquire(blocking=False):
            return
        try:
            self._read(self._content)
        except Exception:  # the next call asks again, and says what is wrong
            self._ask_after = 0.0
        finally:
            self._reading.release()

    def _read(self, content: Content) -> Index:
        """Read the index anew, unless somebody just did."""
        started, written = time.monotonic(), content.written
        revision = content.revision()
        old = self._index
        if old is not None and old.revision == revision:
            return old
        index = Index(content, revision)
        if old is not None:
            index.trends_again(old)
        took = time.monotonic() - started
        self._index, self._written = index, written
        self._ask_after = time.monotonic() + (max(FRESH_S, _SHARE * took) if index.size > _AT_ONCE else FRESH_S)
        return index


def _from_posted(call: Call, algorithm: ModuleType) -> list[dict[str, Any]]:
    strengths = algorithm.strength(call, call.posted)
    found = [(each.data, strong) for each, strong in zip(call.posted, strengths) if strong is not None]
    found.sort(key=lambda pair: pair[1], reverse=True)  # which leaves equal ones as they were
    return [_shown(dict(data), call.ask) for data, _ in found[: call.ask.size]]


def _from_library(call: Call, algorithm: ModuleType, content: Content) -> list[dict[str, Any]]:
    """The strongest items as they are now: what is gone, or does not pass the filters any more, makes room for the next."""
    ranked: Iterator[int] = algorithm.ranked(call)
    found: list[dict[str, Any]] = []
    for _ in range(_ROUNDS):
        wanted = list(islice(ranked, call.ask.size - len(found)))
        if not wanted:
            break
        items = content.items(wanted)
        found += _usable(call, (items[number] for number in wanted if number in items))
    return found


def _usable(call: Call, items: Iterable[Item]) -> Iterator[dict[str, Any]]:
    for item in items:
        data = as_content(item)
        if call.ask.filters.admit(data, item.tags, call.now):
            yield _shown(data, call.ask)


def _shown(data: dict[str, Any], ask: Ask) -> dict[str, Any]:
    if not ask.include_vars:
        data.pop("vars", None)
    return data


def as_content(item: Item) -> dict[str, Any]:
    """An item as templates see it, which is as Sailthru shows it. A field that is not known is not there.

    >>> as_content(Item(url="https://example.com/a", title="A", images={"full": "https://example.com/a.jpg"}))["images"]
    {'full': {'url': 'https://example.com/a.jpg'}}
    """
    shown: dict[str, Any] = {
        "title": item.title,
        "url": item.url,
        "description": item.description,
        "author": item.author,
        "image": item.image,
        "images": {size: {"url": url} for size, url in item.images.items()},
        "tags": list(item.tags),
        "site_name": item.site_name,
        "vars": dict(item.vars),
    }
    for name in ("date", "price", "inventory", "sku", "expire_date", "content_id"):
        if (value := getattr(item, name)) is not None:
            shown[name] = value
    if item.location is not None:
        shown["location"] = list(item.location)
    return shown
