"""What a text has wrong that breaks a pattern, said without repeating the text: one function for each `x-explain` word."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """The end of a sentence that begins with the field's name, and what to do. `code` stands after `payload.`."""

    code: str
    detail: str
    hint: str


_PHONE_HINT = "Write it as +12025550143: the filter `e164` does so."


def phone(text: str) -> Said:
    """Why a text is no phone number in E.164.

    >>> phone("2025550143").detail
    'has no country code'
    >>> phone("+1 (202) 555-0143").detail
    'has blanks or punctuation'
    """
    digits = re.sub(r"[^0-9]", "", text)
    if re.search(r"[^\W\d_]", text):
        said = "has letters in it, so it is no phone number"
    elif text != text.strip():
        said = "has a blank or a line break around the number"
    elif any(each.isdecimal() and not each.isascii() for each in text):
        said = "is written with digits other than 0 to 9"
    elif re.search(r"[^0-9+]", text):
        said = "has blanks or punctuation"
    elif not text.startswith("+"):
        said = "has no country code"
    elif text.count("+") > 1 or text.startswith("+0"):
        said = "has no country code that exists"
    else:
        said = f"has {len(digits)} digits, and a phone number has 7 to 15 with its country code"
    return Said("pattern", said, _PHONE_HINT)


def braces(text: str) -> Said:
    """Where the first brace of a text stands."""
    match = re.search(r"[{}]", text)
    at = match.start() + 1 if match else 1
    brace = match.group() if match else "{"
    hint = "Attentive drops such a message without a word. Take the braces out, or fill the place that they stand for."
    return Said("braces", f"has the brace `{brace}` at character {at}", hint)


def blank(_: str) -> Said:
    """A text of nothing but blanks and line breaks."""
    return Said("required", "is blank", "Give it some text.")


def link(text: str) -> Said:
    """Why a text is no whole address."""
    if not re.match(r"https?://", text, re.IGNORECASE):
        return Said("pattern", "is no whole address", "Give an address that begins with https://.")
    if re.search(r"\s", text):
        return Said("pattern", "has a blank or a line break in it", "Write blanks as %20: the filter `urlencode` does so.")
    if not text.isascii():
        return Said("pattern", "has letters that an address cannot hold", "Encode them: the filter `urlencode` does so.")
    if re.search(r"[{}]", text):
        return Said("pattern", "has a brace in it", "Look for a place of the template that was not filled.")
    return Said("pattern", "is no address", "Write it as https://example.com/picture.png.")


def https(text: str) -> Said:
    """Why a text is no https address."""
    if text.lower().startswith("http://"):
        return Said("pattern", "begins with http://", "Give an https:// address.")
    return link(text)


EXPLAINERS: Mapping[str, Callable[[str], Said]] = {each.__name__: each for each in (phone, braces, blank, link, https)}
