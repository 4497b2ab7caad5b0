"""A table as CSV or TSV: the header names the fields, as Sailthru or shops call them."""

from __future__ import annotations

from service.content.feeds._table import rows

__all__ = ["NAMES", "rows"]

NAMES: dict[str, str | None] = {
    "link": "url",
    "product_url": "url",
    "name": "title",
    "product_name": "title",
    "summary": "description",
    "image_url": "image",
    "image_link": "image",
    "picture": "image",
    "category": "tags",
    "categories": "tags",
    "keywords": "tags",
    "quantity": "inventory",
    "stock": "inventory",
    "id": "content_id",
    "site": "site_name",
    "published_at": "date",
    "expires_at": "expire_date",
}
