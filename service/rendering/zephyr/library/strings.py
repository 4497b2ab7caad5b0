"""Texts."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from typing import Any
from urllib.parse import quote

from service.rendering.limits import check_items, check_text, current
from service.rendering.zephyr.library._marks import listed, undocumented
from service.rendering.zephyr.scope import Scope
from service.rendering.zephyr.values import index, text

_TAG = re.compile(r"<[^<>]*>")
_BREAK = re.compile(r"<(?:br|/p|/div|/h[1-6]|/li|/tr)\b[^<>]*>", re.IGNORECASE)
_WORD_START = re.compile(r"(?:^|(?<=\s))\S")


def substr(s: Any, start: Any, length: Any = None) -> str:
    """A part of a text from `start` (the first character is 0); the third argument is a length.

    >>> substr("PARCEL-77", 0, 6), substr("PARCEL-77", 7)
    ('PARCEL', '77')
    """
    begin = max(index(start), 0)
    return text(s)[begin : None if length is None else begin + max(index(length), 0)]


def replace(input: Any, search: Any, replacement: Any) -> str:
    """Every occurrence of a text replaced by another. Numbers are taken as text.

    >>> replace("1-2-3", "-", 0)
    '10203'
    """
    whole, sought, instead = text(input), text(search), text(replacement)
    if not sought:
        return whole
    check_text(len(whole) + whole.count(sought) * max(len(instead) - len(sought), 0))
    return whole.replace(sought, instead)


def split(s: Any, delims: Any) -> list[str]:
    """The pieces of a text between the characters of `delims`: each one separates. Empty pieces are dropped.

    >>> split("tea;milk,;sugar", ";,")
    ['tea', 'milk', 'sugar']
    """
    marks = text(delims)
    if not marks:
        return [text(s)] if s else []
    made = [piece for piece in re.split(f"[{re.escape(marks)}]", text(s)) if piece]
    check_items(len(made))
    return made


def join(list: Any, delimiter: Any = "") -> str:
    """The items of a list as one text.

    >>> join(["a", 2, None], ", ")
    'a, 2, '
    """
    pieces, between = [text(each) for each in listed(list)], text(delimiter)
    check_text(sum(map(len, pieces)) + len(between) * max(len(pieces) - 1, 0))
    return between.join(pieces)


def upper(s: Any) -> str:
    """In capitals.

    >>> upper("tea")
    'TEA'
    """
    return text(s).upper()


def lower(s: Any) -> str:
    """In small letters.

    >>> lower("TEA")
    'tea'
    """
    return text(s).lower()


def title(s: Any) -> str:
    """The first letter of each word a capital, the rest as it is.

    >>> title("mcDonald of oz")
    'McDonald Of Oz'
    """
    return _WORD_START.sub(lambda match: match.group().upper(), text(s))


@undocumented("strpos() gives -1 when nothing is found")
def strpos(haystack: Any, needle: Any, offset: Any = 0) -> int:
    """Where a text first occurs in another, from `offset` on; -1 when it does not.

    >>> strpos("banana", "an"), strpos("banana", "x")
    (1, -1)
    """
    return text(haystack).find(text(needle), max(index(offset), 0))


@undocumented("strrpos() gives -1 when nothing is found")
def strrpos(haystack: Any, needle: Any, offset: Any = None) -> int:
    """Where a text last occurs in another. `offset` is where the search backwards begins.

    >>> strrpos("banana", "an"), strrpos("banana", "an", 2)
    (3, 1)
    """
    whole, sought = text(haystack), text(needle)
    if offset is None:
        return whole.rfind(sought)
    begin = index(offset)
    return -1 if begin < 0 else whole.rfind(sought, 0, begin + len(sought))


def u(s: Any) -> str:
    """A text as a part of a URL: everything but letters, digits and `-._~` is encoded, a blank as %20.

    >>> u("a b&c/d?e=f+g")
    'a%20b%26c%2Fd%3Fe%3Df%2Bg'
    """
    return quote(text(s).encode("utf-8", "replace"), safe="")


def h(s: Any) -> str:
    """A text as a part of HTML or XML.

    >>> h('<b>"&\\'')
    '&lt;b&gt;&quot;&amp;&#x27;'
    """
    return html.escape(text(s))


def strip_tags(s: Any) -> str:
    """A text without its tags.

    >>> strip_tags("<b>Hi</b> there")
    'Hi there'
    """
    return _TAG.sub("", text(s))


@undocumented("text() ends paragraphs and <br> with a line break, removes all tags and turns entities into characters")
def text_(code: Any) -> str:
    """An HTML message as plain text.

    >>> text_("<p>Tea &amp; milk</p>")
    'Tea & milk'
    """
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text(code)))).strip()


def md5(s: Any) -> str:
    """The MD5 digest of a text, in hexadecimal digits.

    >>> md5("tea")
    '7239ea2b5dc943f61f3c0a0276c20974'
    """
    return hashlib.md5(_bytes(s), usedforsecurity=False).hexdigest()


def sha1(s: Any) -> str:
    """The SHA-1 digest of a text, in hexadecimal digits.

    >>> sha1("tea")[:8]
    '75490f32'
    """
    return hashlib.sha1(_bytes(s), usedforsecurity=False).hexdigest()


def sha256(s: Any) -> str:
    """The SHA-256 digest of a text, in hexadecimal digits.

    >>> sha256("")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(_bytes(s)).hexdigest()


def base64_encode(s: Any) -> str:
    """A text as base64.

    >>> base64_encode("tea?")
    'dGVhPw=='
    """
    return base64.b64encode(_bytes(s)).decode()


def base64_decode(scope: Scope, s: Any) -> str | None:
    """The text that base64 stands for; null with a warning when it is no base64.

    >>> from service.rendering.limits import Limits, Run
    >>> base64_decode(Scope(Run(Limits())), "dGVhPw==")
    'tea?'
    """
    try:
        return base64.b64decode(_bytes(s), validate=True).decode("utf-8", "replace")
    except ValueError:
        scope.warn("base64", "base64_decode() got a text that is no base64, and gives null.")
        return None


def _bytes(value: Any) -> bytes:
    whole = text(value)
    current().charge(len(whole) // 256)
    return whole.encode("utf-8", "replace")
