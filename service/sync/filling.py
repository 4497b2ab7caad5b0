"""Fills the content library from a feed: what is new, what has changed, what is gone, and everything that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from service.content import feeds
from service.errors import Problem, Unavailable
from service.model import Item
from service.store import Put

if TYPE_CHECKING:
    from service.store import Store

PROBLEMS_KEPT = 100
_BATCH = 500


class Stopped(Unavailable):
    """Somebody wanted it to end; what was kept until then is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What filling came to. `rows` are those that gave an item: created, changed, unchanged, or repeated (the same feed had
    the address before, and the first stands). `problems` are the first of `problem_count`; `kept_back` says why nothing was
    removed where something was to be; `urls` are the items that the feed has."""

    kind: str
    rows: int
    created: int
    changed: int
    unchanged: int
    repeated: int
    removed: int
    problem_count: int
    problems: tuple[Problem, ...]
    kept_back: str | None
    urls: frozenset[str]


def fill(
    store: Store,
    stream: BinaryIO,
    *,
    kind: str | None = None,
    mapping: Mapping[str, str] | None = None,
    removable: Callable[[], Iterable[str]] | None = None,
    dry_run: bool = False,
    progress: Callable[[int], bool] = lambda _: True,
) -> Filled:
    """Bring the library in line with the feed in `stream`, which can be rewound; `kind` None: find it.

    Of the addresses in `removable` those that the feed does not have are removed, if it was read whole and without problems.
    `progress` is told the rows so far now and then, and answers whether to go on. Items are kept in batches, so others can
    write in between, and what came before a stop stays. With `dry_run` nothing is kept. Raises `NotReadable` for what is no
    feed, `Stopped`.
    """
    if kind is None:
        kind = feeds.detect(stream)
    seen: set[str] = set()
    batch: list[Item] = []
    problems: list[Problem] = []
    done, rows, repeated, problem_count = Put(), 0, 0, 0
    put = _would_put if dry_run else _put
    for found in feeds.read(stream, kind, mapping):
        if isinstance(found, Problem):
            problem_count += 1
            if len(problems) < PROBLEMS_KEPT:
                problems.append(found)
            continue
        rows += 1
        if found.url in seen:
            repeated += 1
            continue
        seen.add(found.url)
        batch.append(found)
        if len(batch) == _BATCH:
            done += put(store, batch)
            batch = []
            if not progress(rows):
                raise Stopped("It was stopped.")
    done += put(store, batch)
    progress(rows)
    if not rows and not problem_count:
        problem_count = 1
        problems.append(Problem("feed.empty", "The feed holds no item.", None, "Look whether it is the right one."))
    removed, kept_back = 0, None
    if removable is not None and problem_count:
        kept_back = "Nothing was removed, because the feed could not be read whole and without problems."
    elif removable is not None:
        gone = [url for url in removable() if url not in seen]
        removed = sum(store.content.get(url) is not None for url in gone) if dry_run else store.content.remove(gone)
    return Filled(
        kind=kind,
        rows=rows,
        created=done.created,
        changed=done.changed,
        unchanged=done.unchanged,
        repeated=repeated,
        removed=removed,
        problem_count=problem_count,
        problems=tuple(problems),
        kept_back=kept_back,
        urls=frozenset(seen),
    )


def every_url(store: Store) -> Iterable[str]:
    """The addresses of the whole library."""
    found: list[str] = []
    cursor = None
    while True:
        page = store.content.search(limit=500, cursor=cursor)
        found += [each.url for each in page.items]
        if (cursor := page.next_cursor) is None:
            return found


def _put(store: Store, items: Sequence[Item]) -> Put:
    return store.content.put(items)


def _would_put(store: Store, items: Sequence[Item]) -> Put:
    numbers = store.content.numbers([each.url for each in items])
    known = {each.url: each for each in store.content.items(list(numbers.values())).values()}
    created = sum(each.url not in known for each in items)
    unchanged = sum(each == known.get(each.url) for each in items)
    return Put(created, len(items) - created - unchanged, unchanged)
