"""How interactions are kept: as what a person did last and what goes together, never as rows of their own."""

from __future__ import annotations

import heapq
import re
import struct
from collections.abc import Iterable, Mapping
from typing import TypeAlias

RECENT = 50  # different items that are remembered of a person: as many viewed, as many bought
TOGETHER_S = 86_400  # items that a person views (or buys) within a day go together
PARTNERS = 10  # at most with so many goes one interaction
OTHERS = 100  # that an item keeps: those it was bought and seen with most
DAYS = 28  # for which views and purchases are counted by day
PERSON_DAYS = 365  # after which a person who did nothing more is forgotten
LARGEST_COUNT = 1_000_000_000  # that one interaction may stand for

_LARGEST = 2**32 - 1
_PHONE = re.compile(r"\+[\d\s().\-]+")

Recent: TypeAlias = list[tuple[int, int]]  # item, unix seconds; the latest first
Others: TypeAlias = dict[int, tuple[int, int]]  # item to how often bought together, seen together


def name_of(person: str) -> str:
    """A person's name in one spelling, so that it is found again however it was written.

    >>> name_of(" Ada@Example.com "), name_of("+1 (202) 555-0143")
    ('ada@example.com', '+12025550143')
    """
    name = person.strip().casefold()
    return re.sub(r"[^\d+]", "", name) if _PHONE.fullmatch(name) else name


def remember(recent: Recent, item: int, at: int) -> list[int]:
    """Notes in `recent` that this item was viewed (or bought) at this second. Answers the items that it now goes together
    with: those of the day before and after, unless it was there within a day already, so that a person counts once.

    >>> recent = [(1, 1000)]
    >>> remember(recent, 2, 1060), remember(recent, 2, 1090), recent
    ([1], [], [(2, 1090), (1, 1000)])
    """
    known = next((seen for other, seen in recent if other == item), None)
    again = known is not None and abs(at - known) <= TOGETHER_S
    partners = [] if again else [other for other, seen in recent if other != item and abs(at - seen) <= TOGETHER_S]
    if known is not None:
        recent.remove((item, known))
    recent.insert(0, (item, at if known is None else max(at, known)))
    recent.sort(key=lambda each: -each[1])
    del recent[RECENT:]
    return partners[:PARTNERS]


def merged(kept: Others, gained: Mapping[int, tuple[int, int]]) -> Others:
    """Both together, the strongest `OTHERS` of them. Of equal ones those stay that have just gained, so that what begins to
    go together gets its chance.

    >>> merged({7: (0, 2)}, {7: (1, 0), 8: (0, 1)})
    {7: (1, 2), 8: (0, 1)}
    """
    both = dict(kept)
    for item, (bought, seen) in gained.items():
        old = both.get(item, (0, 0))
        both[item] = min(old[0] + bought, _LARGEST), min(old[1] + seen, _LARGEST)
    strongest = heapq.nlargest(OTHERS, both.items(), key=lambda each: (each[1], each[0] in gained, -each[0]))
    return dict(strongest)


def pack_recent(recent: Recent) -> bytes:
    return struct.pack(f"<{2 * len(recent)}I", *(number for pair in recent for number in pair))


def unpack_recent(packed: bytes | None) -> Recent:
    """
    >>> unpack_recent(pack_recent([(2, 1090), (1, 1000)]))
    [(2, 1090), (1, 1000)]
    """
    return list(struct.iter_unpack("<II", packed or b""))


def pack_others(others: Others) -> bytes:
    numbers: Iterable[int] = (number for item, counts in others.items() for number in (item, *counts))
    return struct.pack(f"<{3 * len(others)}I", *numbers)


def unpack_others(packed: bytes | None) -> Others:
    """
    >>> unpack_others(pack_others({7: (1, 2)}))
    {7: (1, 2)}
    """
    return {item: (bought, seen) for item, bought, seen in struct.iter_unpack("<III", packed or b"")}
