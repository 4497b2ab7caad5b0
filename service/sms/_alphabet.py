"""The GSM-7 alphabet (3GPP TS 23.038), and what can stand in the place of characters outside it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""One septet each."""

EXTENSION = "\f^{}\\[~]|€"
"""Two septets each."""

NOT_GSM_7 = re.compile(f"[^{re.escape(BASIC + EXTENSION)}]")

_SAME_LOOK: tuple[tuple[str, str], ...] = (
    ("‘’‚‛′`´ʹʻʼˈ‹›", "'"),
    ("“”„‟″«»", '"'),
    ("‐‑‒–—―−⁃", "-"),
    ("…", "..."),
    ("•·‣∙◦▪●", "*"),
    ("×", "x"),
    ("÷⁄∕", "/"),
    ("™", "(TM)"),
    ("℠", "(SM)"),
    ("®", "(R)"),
    ("©", "(C)"),
    ("→", "->"),
    ("←", "<-"),
    ("ĐÐ", "D"),
    ("đð", "d"),
    ("Ł", "L"),
    ("ł", "l"),
    ("Œ", "OE"),
    ("œ", "oe"),
    ("ı", "i"),
    ("Þ", "Th"),
    ("þ", "th"),
    ("ẞ", "ß"),
    ("\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "),
    ("\u000b\u0085\u2028\u2029", "\n"),
    ("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\ufeff", ""),
)
"""Characters and what stands in for each of them. Accented letters are not listed: Unicode knows their letter."""

_STAND_INS: Mapping[str, str] = {each: text for characters, text in _SAME_LOOK for each in characters}


@lru_cache(maxsize=4096)
def suggestion(character: str) -> str | None:
    """GSM-7 text that can stand for a character outside the alphabet ("" for nothing at all), None if there is none.

    >>> suggestion("’"), suggestion("á"), suggestion("Ω"), suggestion("\\u200b"), suggestion("日")
    ("'", 'a', 'Ω', '', None)
    """
    if character in _STAND_INS:
        return _STAND_INS[character]
    letters = [each for each in unicodedata.normalize("NFKD", character) if not _is_accent(each)]
    text = "".join(_STAND_INS.get(each, each) for each in letters)
    return None if NOT_GSM_7.search(text) else text


def fold(text: str) -> str:
    """`text` with GSM-7 look-alikes wherever there are any. What has none, such as an emoji, stays as it is.

    >>> fold("“Ça va, José?” – 100 %… ❤️")
    '"Ça va, José?" - 100 %... ❤️'
    """
    if not NOT_GSM_7.search(text):
        return text
    return unicodedata.normalize("NFC", "".join(_folded(unicodedata.normalize("NFC", text))))


def _folded(text: str) -> Iterator[str]:
    plain = True  # whether what was written last is GSM-7: joiners and accents on other letters belong to these
    for character in text:
        if not NOT_GSM_7.match(character):
            plain = True
            yield character
            continue
        stand_in = suggestion(character)
        if stand_in is None or (stand_in == "" and not plain):
            plain = False
            yield character
        else:
            plain = plain if stand_in == "" else True
            yield stand_in


def _is_accent(character: str) -> bool:
    return "\u0300" <= character <= "\u036f"
