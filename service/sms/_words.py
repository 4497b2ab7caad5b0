"""The word lists of `words.toml`, ready to be looked for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class WordList:
    """Words and phrases, looked for as a whole and in any case. `beginnings` tell at once that most texts have none."""

    beginnings: frozenset[str]
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, phrases: Iterable[str]) -> WordList:
        """A list of phrases. One that begins with a sign, such as `% off`, may follow a letter or digit.

        >>> WordList.of(["% off", "sale"]).find("Now 50% off wholesale", {"now", "50", "off", "wholesale"})
        '% off'
        """
        written = [(r"(?<!\w)" if re.match(r"\w", each) else "") + re.escape(each) + r"(?!\w)" for each in phrases]
        beginnings = [match.group().lower() for each in phrases if (match := _WORD.search(each))]
        return cls(frozenset(beginnings), re.compile("|".join(written), re.IGNORECASE))

    def find(self, text: str, words: Iterable[str]) -> str | None:
        """The first of the phrases in `text`, as it is written there; `words` are the text's words in lower case."""
        if self.beginnings.isdisjoint(words):
            return None
        match = self.pattern.search(text)
        return match.group() if match else None


@dataclass(frozen=True, slots=True)
class Words:
    """Every list of the file: phrases of all languages by topic, public shorteners, endings of bare domains."""

    topics: Mapping[str, WordList]
    public_shorteners: frozenset[str]
    bare_endings: frozenset[str]


def words_of(text: str) -> frozenset[str]:
    """The words of a text in lower case.

    >>> sorted(words_of("Reply STOP to stop."))
    ['reply', 'stop', 'to']
    """
    return frozenset(_WORD.findall(text.lower()))


@cache
def words() -> Words:
    """The lists as the file holds them, read once."""
    table = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    phrases: dict[str, list[str]] = {}
    for language in table["languages"].values():
        for topic, entry in language.items():
            phrases.setdefault(topic, []).extend(entry["words"])
    links = table["links"]
    return Words(
        {topic: WordList.of(each) for topic, each in phrases.items()},
        frozenset(links["public_shorteners"]),
        frozenset(links["bare_endings"]),
    )
