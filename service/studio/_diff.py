"""What differs: two sources line by line, two texts word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

AROUND = 2  # unchanged lines that are shown before and after a change
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_LONGEST = 4_000  # characters that are compared word by word; longer ones are shown whole

Pieces = tuple[tuple[str, str], ...]  # kinds (`same`, `del`, `ins`, and those of `_meter`) and texts


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a diff. `kind` is `same`, `del`, `add` or `skip` (lines left out); numbers count from 1 in each source."""

    kind: str
    old: int | None
    new: int | None
    pieces: Pieces


def lines(old: str, new: str) -> list[Line]:
    """The lines that differ, with a few around them. Empty where nothing differs."""
    before, after = old.split("\n") if old else [], new.split("\n") if new else []
    found: list[Line] = []
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(AROUND):
        if found or group[0][1] > 0:
            found.append(Line("skip", None, None, ()))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                found += [Line("same", i + 1, j1 + i - i1 + 1, (("same", before[i]),)) for i in range(i1, i2)]
            else:
                found += _changed(before[i1:i2], after[j1:j2], i1, j1)
    if found and (found[-1].new or found[-1].old or 0) < len(after):
        found.append(Line("skip", None, None, ()))
    return found


def changed_lines(old: str, new: str) -> int:
    """How many lines one has to look at."""
    matcher = SequenceMatcher(None, old.split("\n"), new.split("\n"), autojunk=False)
    return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal")


def texts(old: str, new: str) -> tuple[Pieces, Pieces]:
    """Two texts, each with what the other has not marked in it.

    >>> texts("one mug", "two mugs")
    ((('del', 'one mug'),), (('ins', 'two mugs'),))
    """
    if not old or not new or len(old) + len(new) > _LONGEST:
        return (("same", old),), (("same", new),)
    one, two = _WORDS.findall(old), _WORDS.findall(new)
    left: list[tuple[str, str]] = []
    right: list[tuple[str, str]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
        if i2 > i1:
            left.append(("same" if tag == "equal" else "del", "".join(one[i1:i2])))
        if j2 > j1:
            right.append(("same" if tag == "equal" else "ins", "".join(two[j1:j2])))
    return _joined(left), _joined(right)


def _joined(pieces: Sequence[tuple[str, str]]) -> Pieces:
    """Pieces without the blanks that two changes of one phrase happen to share."""
    found: list[tuple[str, str]] = []
    for at, (kind, text) in enumerate(pieces):
        if kind == "same" and text.isspace() and found and found[-1][0] != "same" and at + 1 < len(pieces):
            kind = found[-1][0]
        if found and found[-1][0] == kind:
            found[-1] = (kind, found[-1][1] + text)
        else:
            found.append((kind, text))
    return tuple(found)


def _changed(before: Sequence[str], after: Sequence[str], i: int, j: int) -> Iterator[Line]:
    """Lines that went and came. Where as many came as went, they are compared one by one."""
    pairs = [texts(one, two) for one, two in zip(before, after)] if len(before) == len(after) else []
    for at, line in enumerate(before):
        yield Line("del", i + at + 1, None, pairs[at][0] if pairs else (("same", line),))
    for at, line in enumerate(after):
        yield Line("add", None, j + at + 1, pairs[at][1] if pairs else (("same", line),))
