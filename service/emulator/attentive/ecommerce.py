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

API = "ecommerce"
FIELDS = ("items", "user", "occurredAt")
ITEM = ("productId", "productVariantId", "name", "price", "quantity", "productImage", "productUrl")
CHANNELS = ("WEB", "IOS_APP", "ANDROID_APP", "IN_STORE", "PHONE", "OTHER", "")

RULES = {
    **users.RULES,
    **when.RULES,
    "items": "At least one item, each with `productId`, `productVariantId` and `price`.",
    "price": "A price is a list of at least one `{value, currency}`: a number and three letters.",
}


def product_view(state: State, call: Call) -> Reply:
    """200 without a body."""
    return _event(state, call, "Product view", "Viewed a product")


def add_to_cart(state: State, call: Call) -> Reply:
    """200 without a body."""
    return _event(state, call, "Add to cart", "Added to cart")


def _event(state: State, call: Call, title: str, trigger: str) -> Reply:
    body = fields.an_object(call)
    fields.no_others(call, body, *FIELDS)
    _items(call, body)
    user = users.event_user(call, body)
    _keep(state, call, title, trigger, user, when.occurred(call, body), _facts(body))
    return Reply()


def purchase(state: State, call: Call) -> Reply:
    """A purchase also has `orderId` and `salesChannel`."""
    body = fields.an_object(call)
    fields.no_others(call, body, *FIELDS, "orderId", "salesChannel")
    fields.text(call, body, "orderId")
    channel = body.get("salesChannel")
    if channel is not None and (not isinstance(channel, dict) or channel.get("channelType") not in CHANNELS):
        call.refuse("fields", f"'channelType' must be one of {', '.join(CHANNELS[:-1])}.")
    _items(call, body)
    user = users.event_user(call, body)
    more = [("Order", body["orderId"])] if body.get("orderId") else []
    more += [("Sales channel", channel["channelType"])] if isinstance(channel, dict) and channel.get("channelType") else []
    _keep(state, call, "Purchase", "Made a purchase", user, when.occurred(call, body), [*more, *_facts(body)])
    return Reply()


def _keep(
    state: State, call: Call, title: str, trigger: str, user: fields.Body, why: str | None, facts: list[tuple[str, Any]]
) -> None:
    state.event(API, call.now, title, users.person_of(state, call, user), trigger, facts, why)


def _facts(body: fields.Body) -> list[tuple[str, Any]]:
    """What the page of confirmation shows of the products."""
    items = [each for each in fields.a_list(body.get("items")) if isinstance(each, dict)]
    shown = [(str(item.get("name") or item.get("productId")), _said(item)) for item in items]
    return [*shown, *([("Happened at", body["occurredAt"])] if body.get("occurredAt") else [])]


def _said(item: fields.Body) -> str:
    prices = [each for each in fields.a_list(item.get("price")) if isinstance(each, dict)]
    words = [f"{each.get('value')} {each.get('currency', 'USD')}" for each in prices]
    times = f" × {item['quantity']}" if item.get("quantity") is not None else ""
    return f"{', '.join(words)}{times} ({item.get('productVariantId')})"


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
    fields.no_others(call, item, *ITEM)
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
    Endpoint("POST", "/v1/events/ecommerce/product-view", "ecommerce:write", 150, product_view),
    Endpoint("POST", "/v1/events/ecommerce/add-to-cart", "ecommerce:write", 150, add_to_cart),
    Endpoint("POST", "/v1/events/ecommerce/purchase", "ecommerce:write", 150, purchase),
)
