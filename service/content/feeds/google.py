"""Google's product feed: RSS or Atom with `g:` names, or the same names as a table.

Prices are amounts with a currency and become whole cents. A sale's price stands where the feed gives no dates for it;
else it is kept among `vars`, because only the template knows the day on which somebody reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from service.content.feeds import _table, _xml
from service.content.feeds._item import Row
from service.errors import Problem

NAMES: dict[str, str | None] = {
    "link": "url",
    "summary": "description",
    "image_link": "image",
    "price": "amount",
    "sale_price": "sale_amount",
    "sale_price_effective_date": "sale_dates",
    "quantity": "inventory",
    "id": "sku",
    "product_type": "tags",
    "google_product_category": "tags",
    "expiration_date": "expire_date",
    **{f"custom_label_{number}": "tags" for number in range(5)},
}


def rows(stream: BinaryIO) -> Iterator[Row | Problem]:
    """Each product."""
    beginning = stream.read(64).lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")
    stream.seek(0)
    return _xml.rows(stream) if beginning.startswith(b"<") else _table.rows(stream)
