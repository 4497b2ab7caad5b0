"""Items in one order, with everything that filters ask about as bits of that order: the n-th item is the n-th bit.

A hundred thousand items are 12 KB a tag, and "with one of these tags, without those, with an image" is a handful of `&` and
`|` over whole integers, some microseconds each, however many items match.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, reduce
from itertools import accumulate
from operator import and_, or_

from service.content._ask import Filters

_REMEMBERED = 256  # sets of filters whose bits are kept
_DENSE = 64  # a tag on more than one of so many items is kept as bits, for all of them together are small
_CHUNK = 64  # bytes
_NOT_ZERO = re.compile(rb"[^\0]", re.DOTALL)


class Allowed:
    """The places of a shelf that filters leave."""

    def __init__(self, bits: int, size: int) -> None:
        self.bits = bits
        self._bytes = bits.to_bytes(size // 8 + 1, "little")

    def __contains__(self, place: int) -> bool:
        return bool(self._bytes[place >> 3] >> (place & 7) & 1)

    def among(self, places: Iterable[int]) -> Iterator[int]:
        """Those of these places that are allowed."""
        held = self._bytes
        return (place for place in places if held[place >> 3] >> (place & 7) & 1)

    def __len__(self) -> int:
        return self.bits.bit_count()

    def __iter__(self) -> Iterator[int]:
        """The places in order.

        >>> list(Allowed(0b1000000101, 10)), len(Allowed(0b101, 10)), Allowed(0b1000000101, 10)[2]
        ([0, 2, 9], 2, 9)
        """
        for found in _NOT_ZERO.finditer(self._bytes):
            start, byte = 8 * found.start(), found[0][0]
            for bit in range(8):
                if byte >> bit & 1:
                    yield start + bit

    def __getitem__(self, number: int) -> int:
        """The place of the allowed item with this number, counted from 0. Raises IndexError."""
        chunk = bisect_right(self._before, number) - 1
        left = number - self._before[chunk]
        bits = int.from_bytes(self._bytes[chunk * _CHUNK : (chunk + 1) * _CHUNK], "little")
        for _ in range(left):
            bits &= bits - 1
        if not bits:
            raise IndexError(number)
        return chunk * _CHUNK * 8 + (bits & -bits).bit_length() - 1

    @cached_property
    def _before(self) -> list[int]:
        """How many places come before each chunk of bytes."""
        parts = range(0, len(self._bytes), _CHUNK)
        counts = [int.from_bytes(self._bytes[at : at + _CHUNK], "little").bit_count() for at in parts]
        return [0, *accumulate(counts[:-1])]


class Shelf:
    """Items by their numbers, the strongest first. `tagged` maps a tag to places in ascending order; `expiring` has the unix
    second and the place of each item that expires."""

    def __init__(
        self,
        ids: Sequence[int],
        tagged: Mapping[str, Sequence[int]],
        pictured: Iterable[int],
        stocked: Iterable[int],
        expiring: Iterable[tuple[int, int]],
    ) -> None:
        self.ids = ids
        self._tagged = tagged
        self._everything = (1 << len(ids)) - 1
        self._pictured = self._bits(pictured)
        self._stocked = self._bits(stocked)
        in_time = sorted(expiring)
        self._ends = array("q", (end for end, _ in in_time))
        self._ending = array("q", (place for _, place in in_time))
        dense = len(ids) // _DENSE
        self._dense = {tag: self._bits(places) for tag, places in tagged.items() if len(places) > dense}
        self._allowed: dict[tuple[Filters, int], Allowed] = {}

    def allowed(self, filters: Filters, now: int) -> Allowed:
        """What these filters leave at this unix second."""
        expired = 0 if filters.allow_expired else bisect_right(self._ends, now)
        key = filters, expired
        found = self._allowed.get(key)
        if found is None:
            if len(self._allowed) >= _REMEMBERED:
                self._allowed.clear()
            found = self._allowed[key] = Allowed(self._filtered(filters, expired), len(self.ids))
        return found

    def tagged(self, tag: str, allowed: Allowed) -> Iterator[int]:
        """The allowed places with this tag, in order."""
        bits = self._dense.get(tag)
        if bits is None:
            return allowed.among(self._tagged.get(tag, ()))
        return iter(Allowed(bits & allowed.bits, len(self.ids)))

    def _with(self, tag: str) -> int:
        """The places with this tag, as bits."""
        bits = self._dense.get(tag)
        return self._bits(self._tagged.get(tag, ())) if bits is None else bits

    def _filtered(self, filters: Filters, expired: int) -> int:
        bits = self._everything
        if filters.image_required:
            bits &= self._pictured
        if filters.in_stock:
            bits &= self._stocked
        if expired:
            bits &= ~self._bits(self._ending[:expired])
        if filters.include_any:
            bits &= reduce(or_, map(self._with, filters.include_any))
        bits = reduce(and_, map(self._with, filters.include_all), bits)
        for tag in filters.exclude_any:
            bits &= ~self._with(tag)
        if filters.exclude_all:
            bits &= ~reduce(and_, map(self._with, filters.exclude_all))
        return bits

    def _bits(self, places: Iterable[int]) -> int:
        made = bytearray(len(self.ids) // 8 + 1)
        for place in places:
            made[place >> 3] |= 1 << (place & 7)
        return int.from_bytes(made, "little")
