"""Ecommerce events: product view, add to cart, purchase."""

from __future__ import annotations

import math
import re
from typing import Any

from service.emulator._machine import Call, Endpoint, Reply
from service.emulator.attentive import _fields as fields
from service.emulator.attentive import _users as users
from service.emulator.attentive import _when as when
from service.emulator.attentive._state import State

FIELDS = ("items", "user", "occurredAt")
CHANNELS = ("WEB", "IOS_APP", "ANDROID_APP", "IN_STORE", "PHONE", "OTHER", "")

RULES = {
    **users.RULES,
    **when.RULES,
    "items": "At least one item, each with `productId`, `productVariantId` and `price`.",
    "price": "A price is a list of at least one `{value, currency}`: a number and three letters.",
}


def event(_: State, call: Call) -> Reply:
    """Product view and add to cart; 200 without a body."""
    body = fields.an_object(call)
    fields.no_others(call, body, *FIELDS)
    _items(call, body)
    users.event_user(call, body)
    when.occurred(call, body)
    return Reply()


def purchase(_: State, call: Call) -> Reply:
    """A purchase also has `orderId` and `salesChannel`."""
    body = fields.an_object(call)
    fields.no_others(call, body, *FIELDS, "orderId", "salesChannel")
    fields.text(call, body, "orderId")
    channel = body.get("salesChannel")
    if channel is not None and (not isinstance(channel, dict) or channel.get("channelType") not in CHANNELS):
        call.refuse("fields", f"'channelType' must be one of {', '.join(CHANNELS[:-1])}.")
    _items(call, body)
    users.event_user(call, body)
    when.occurred(call, body)
    return Reply()


def _items(call: Call, body: fields.Body) -> None:
    items = body.get("items")
    if not isinstance(items, list) or not items:
        call.refuse("items", "'items' must be a list with at least one item.")
    for item in items if isinstance(items, list) else []:
        _item(call, item)


def _item(call: Call, item: Any) -> None:
    if not isinstance(item, dict):
        call.refuse("items", "Each item must be an object.")
        return
    for name in ("productId", "productVariantId"):
        fields.text(call, item, name, needed=True)
    for name in ("name", "productImage", "productUrl"):
        fields.text(call, item, name)
    fields.integer(call, item, "quantity")
    prices = item.get("price")
    if not isinstance(prices, list) or not prices or not all(_is_price(each) for each in prices):
        call.refuse("price", '\'price\' must be a list of {value, currency}, such as [{"value": 34.5, "currency": "USD"}].')


def _is_price(price: Any) -> bool:
    if not isinstance(price, dict):
        return False
    value, currency = price.get("value"), price.get("currency", "USD")
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return number and isinstance(currency, str) and re.fullmatch(r"[A-Z]{3}", currency) is not None


ENDPOINTS = (
    Endpoint("POST", "/v1/events/ecommerce/product-view", "ecommerce:write", 150, event),
    Endpoint("POST", "/v1/events/ecommerce/add-to-cart", "ecommerce:write", 150, event),
    Endpoint("POST", "/v1/events/ecommerce/purchase", "ecommerce:write", 150, purchase),
)
