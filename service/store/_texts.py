"""Text that every database can keep."""

from __future__ import annotations


def keepable(text: str | None) -> str | None:
    """The text without what PostgreSQL (NUL) or UTF-8 (half of a surrogate pair) cannot hold: a replacement character stands
    there. For words of vendors and templates, which may hold anything.

    >>> keepable("a\\0b"), keepable("\\ud83d!")
    ('a�b', '?!')
    """
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
