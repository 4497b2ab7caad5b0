"""Filters for text."""

from __future__ import annotations

import html
import re
from typing import Any

from service.rendering.filters._plumbing import Size
from service.rendering.limits import check_text
from service.rendering.operators import bound_of_replace

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_TAG = re.compile(r"<!--.*?-->|<[a-zA-Z/!][^<>]*>", re.DOTALL)
_SPACES = re.compile(r"\s+")


def upper(value: str) -> str:
    """All letters large.

    >>> upper("sale")
    'SALE'
    """
    return value.upper()


def lower(value: str) -> str:
    """All letters small.

    >>> lower("SALE")
    'sale'
    """
    return value.lower()


def capitalize(value: str) -> str:
    """The first letter large, all others small.

    >>> capitalize("hello THERE")
    'Hello there'
    """
    return value.capitalize()


def title(value: str) -> str:
    """Each word with a large first letter. For names of people use `name_title`.

    >>> title("winter sale, don't miss")
    "Winter Sale, Don't Miss"
    """
    return _WORD.sub(lambda match: match.group()[0].upper() + match.group()[1:].lower(), value)


_SMALL = frozenset(
    {"de", "del", "della", "der", "den", "di", "da", "do", "dos", "du", "la", "le", "van", "von", "zu", "y", "e"}
)
_NAME_PART = re.compile(r"[^\W\d_]+")


def name_title(value: str) -> str:
    """A person's name in its usual spelling. A name that mixes large and small letters already is left as it is.

    >>> name_title("o'brien"), name_title("ANNE-MARIE de la cruz"), name_title("McDonald"), name_title("mcdonald")
    ("O'Brien", 'Anne-Marie de la Cruz', 'McDonald', 'McDonald')
    """
    words = _SPACES.sub(" ", value.strip()).split(" ")
    return " ".join(_name_word(word, first=at == 0) for at, word in enumerate(words))


def _name_word(word: str, *, first: bool) -> str:
    if not (word.islower() or word.isupper()) or (word.isupper() and len(word) == 1):
        return word
    if not first and word.lower() in _SMALL:
        return word.lower()
    return _NAME_PART.sub(lambda match: _name_part(match.group(), after=word[: match.start()][-1:]), word)


def _name_part(part: str, *, after: str) -> str:
    small = part.lower()
    if after in ("'", "’") and small == "s":
        return small
    if small.startswith("mc") and len(small) > 3:
        return "Mc" + small[2].upper() + small[3:]
    return small[0].upper() + small[1:]


def trim(value: str, characters: str = " \t\r\n\u00a0") -> str:
    """Without blanks (or the given characters) at both ends.

    >>> trim("  hi ")
    'hi'
    """
    return value.strip(characters)


def replace(value: str, old: str, new: str, count: Size = -1) -> str:
    """`old` replaced by `new` everywhere, or the first `count` times.

    >>> replace("a-b-c", "-", " ", 1)
    'a b-c'
    """
    check_text(bound_of_replace(value, old, new))
    return value.replace(old, new, count)


def truncate(value: str, length: Size = 255, killwords: bool = False, end: str = "...", leeway: Size = 0) -> str:
    """At most `length` characters, `end` included; words stay whole unless `killwords` is true.

    >>> truncate("Two kettles and a mug", 14)
    'Two kettles...'
    >>> truncate("Two kettles and a mug", 14, True)
    'Two kettles...'
    """
    if len(value) <= length + leeway:
        return value
    room = length - len(end)
    if room <= 0:
        return value[: max(length, 0)]
    kept = value[:room]
    if not killwords and not value[room : room + 1].isspace() and " " in kept:
        kept = kept.rsplit(" ", 1)[0]
    return kept.rstrip() + end


def sms_truncate(value: str, segments: Size = 1) -> str:
    """The beginning that fits into so many SMS segments."""
    from service import sms

    if not 1 <= segments <= 100:
        raise ValueError("The number of segments is 1 to 100.")
    return sms.truncate(value, segments)


def gsm(value: str) -> str:
    """Curly quotes, dashes, accents and the like as plain characters that make a text cheaper to send."""
    from service import sms

    return sms.fold(value)


def squeeze(value: str) -> str:
    """Every run of blanks and line breaks as one blank.

    >>> squeeze(" a  b\\n c ")
    'a b c'
    """
    return _SPACES.sub(" ", value).strip()


def striptags(value: str) -> str:
    """Without HTML tags; entities become characters.

    >>> striptags("<p>Tea &amp; <b>cake</b></p>")
    'Tea & cake'
    """
    return squeeze(html.unescape(_TAG.sub(" ", value)))


def wordcount(value: str) -> int:
    """The number of words.

    >>> wordcount("two words")
    2
    """
    return len(_WORD.findall(value))


def split(value: str, separator: str = "", limit: Size = -1) -> list[Any]:
    """A list of the parts between separators (blanks if none is given).

    >>> split("a,b", ",")
    ['a', 'b']
    """
    return list(value.split(separator or None, limit))


def startswith(value: str, prefix: str) -> bool:
    """Whether the text begins so.

    >>> startswith("+1202", "+1")
    True
    """
    return value.startswith(prefix)
