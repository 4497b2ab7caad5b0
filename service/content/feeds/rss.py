"""RSS 2.0 (and 1.0) and Atom: entries with a picture from an enclosure or Media RSS, categories as tags."""

from __future__ import annotations

from service.content.feeds._xml import rows

__all__ = ["NAMES", "rows"]

NAMES: dict[str, str | None] = {
    "link": "url",
    "summary": "description",
    "content": None,
    "content:encoded": None,
    "comments": None,
    "creator": "author",
    "category": "tags",
    "subject": "tags",
    "keywords": "tags",
    "enclosure": "image",
    "media:content": "image",
    "media:thumbnail": "image",
    "itunes:image": "image",
    "guid": "content_id",
    "id": "content_id",
    "pubdate": "date",
    "published": "date",
    "updated": "date",
}
