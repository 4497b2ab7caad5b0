"""Where something stands: one number for every character of every source, so that it fits where Jinja keeps a line."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from service.errors import Problem
from service.strictjson import line_and_column

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.\w+|\[\d+\])*(?=\s*(?:[|}~%]|-}))")


@dataclass(slots=True)
class Places:
    """Gives every character of every source of one program a number (a place) and knows the way back.

    >>> places = Places("welcome")
    >>> base = places.add("welcome", "Hi\\n{{ x }}")
    >>> places.find(base + 6)
    (2, 4, None)
    """

    main: str
    _bases: list[int] = field(default_factory=list)
    _sources: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, source: str) -> int:
        """Takes in a source and returns the place of its first character."""
        base = self._bases[-1] + len(self._sources[-1][1]) + 1 if self._bases else 1
        self._bases.append(base)
        self._sources.append((name, source))
        return base

    def find(self, place: int) -> tuple[int, int, str | None]:
        """Line, column and snippet (None: the template itself) of a place."""
        index = max(bisect_right(self._bases, place) - 1, 0)
        name, source = self._sources[index]
        line, column = line_and_column(source, min(max(place - self._bases[index], 0), len(source)))
        return line, column, None if index == 0 else name

    def name_at(self, place: int) -> str | None:
        """The dotted name that begins at a place, if one does."""
        index = max(bisect_right(self._bases, place) - 1, 0)
        found = _DOTTED.match(self._sources[index][1], place - self._bases[index])
        return found.group()[:80] if found else None

    def at(self, problem: Problem, place: int) -> Problem:
        return problem.at(*self.find(place))

    def is_literal(self, place: int, text: str) -> bool:
        """Whether `text` stands at `place` as the author wrote it."""
        index = max(bisect_right(self._bases, place) - 1, 0)
        return self._sources[index][1].startswith(text, place - self._bases[index])
