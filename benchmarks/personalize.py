"""Picks content items from a library of 100,000 items and 10 million interactions on SQLite. The aim is 2 ms, the median.

The interactions are 400,000 records that stand for 25 views or purchases each, of 40,000 people over three weeks.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from service.content import Library
from service.model import Interaction, Item
from service.settings import Settings
from service.store import Store

ITEMS, TAGS, PEOPLE, RECORDS, EACH = 100_000, 2_000, 40_000, 400_000, 25
WEEKS = timedelta(days=21)
FILTERS: dict[str, dict[str, Any]] = {
    "": {},
    ", with filters": {
        "include_tags_any": ["tag-0", "tag-1", "tag-2", "tag-30"],
        "exclude_tags_any": ["tag-3", "tag-400"],
        "exclude_tags_all": ["tag-4", "tag-5"],
    },
    ", with rare tags": {"include_tags_all": ["tag-20", "tag-21"]},
}
ASKED: dict[str, dict[str, Any]] = {
    name: {"algorithm": name}
    for name in ("popular", "trending", "context", "purchased", "viewed", "interest", "random", "custom")
}


def url(number: int) -> str:
    return f"https://shop.example.com/products/{number}"


def items(chance: Random) -> Iterator[Item]:
    """Items with five tags each, of which some are on very many items and most on few."""
    for number in range(ITEMS):
        tags = dict.fromkeys(f"tag-{int(TAGS * chance.random() ** 3)}" for _ in range(5))
        yield Item(
            url=url(number),
            title=f"Thing number {number}",
            description="What one would say of a thing in a shop, in about as many words as a shop has for it.",
            image=f"https://img.example.com/{number}.jpg" if number % 20 else "",
            tags=tuple(tags),
            price=100 + number % 9_900,
            inventory=number % 50,
            sku=f"SKU-{number}",
            vars={"colour": "blue", "sizes": ["s", "m", "l"]},
        )


def interactions(chance: Random, now: datetime) -> Iterator[Interaction]:
    for _ in range(RECORDS):
        yield Interaction(
            kind="purchase" if chance.random() < 0.1 else "view",
            url=url(int(ITEMS * chance.random() ** 2)),
            at=now - WEEKS * chance.random(),
            person=f"person-{chance.randrange(PEOPLE)}",
            count=EACH,
        )


def batches(each: Iterator[Any], size: int = 20_000) -> Iterator[list[Any]]:
    while batch := [one for _, one in zip(range(size), each)]:
        yield batch


def fill(store: Store, now: datetime) -> dict[str, float]:
    chance, found = Random(7), {}
    store.migrate()
    for name, put, values in (
        ("items put", store.content.put, items(chance)),
        ("interactions recorded", store.content.record, interactions(chance, now)),
    ):
        count, spent = 0, 0.0
        for batch in batches(values):
            begun = time.monotonic()
            put(batch)
            spent += time.monotonic() - begun
            count += len(batch)
        found[f"{name} a second"] = round(count / spent)
    return found


def times(library: Library, asked: dict[str, Any], now: datetime, calls: int) -> dict[str, float]:
    """Milliseconds of a call, each for another person and item: by the clock, and of the processor alone."""
    spent, busy, chosen = [], [], []
    for number in range(calls):
        context = {"profile": {"keys": {"extid": f"person-{number}"}}}
        more = {"context_key": url(number), "custom_keys": [url(number + n) for n in range(5)]}
        begun, busy_since = time.perf_counter(), time.thread_time()
        found = library.personalize({**asked, **more}, context=context, now=now, seed=str(number))
        spent.append((time.perf_counter() - begun) * 1e3)
        busy.append((time.thread_time() - busy_since) * 1e3)
        chosen.append(len(found))
    spent.sort()
    return {
        "median ms": round(statistics.median(spent), 3),
        "processor ms": round(statistics.median(busy), 3),
        "p99 ms": round(spent[int(len(spent) * 0.99)], 3),
        "items": round(statistics.mean(chosen), 1),
    }


def measure(folder: Path, calls: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    store = Store(Settings(var=folder))
    figures: dict[str, Any] = {"filled": fill(store, now)} if not (folder / "burgee.sqlite3").exists() else {}
    library = Library(store)
    begun = time.monotonic()
    library.personalize({"algorithm": "popular"}, context={}, now=now, seed="")
    figures["first call, which reads the index, s"] = round(time.monotonic() - begun, 2)
    for name, asked in ASKED.items():
        for filters, more in FILTERS.items():
            figures[f"{name}{filters}"] = times(library, {**asked, **more}, now, calls)
    store.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the results as JSON only")
    parser.add_argument("--calls", type=int, default=500, help="of each kind")
    parser.add_argument("--keep", type=Path, help="a folder for the library, which is used again")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(given.keep or Path(folder), given.calls)
    if given.json:
        print(json.dumps(figures, indent=1))
    else:
        for name, figure in figures.items():
            print(f"{name:40}{figure}")


if __name__ == "__main__":
    main()
