"""Makes an item of a feed's entry: fields as Sailthru knows them in, an `Item` or everything that is wrong out.

Every kind of feed ends here, so a price or a date means the same whatever it came in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from service import strictjson
from service.errors import Problem
from service.model import Item, as_tag

LONGEST_URL = 2_000  # bytes
LARGEST_ITEM = 262_144  # bytes of its JSON
LARGEST_NUMBER = 10**12
_FIELDS = tuple(each.name for each in fields(Item))
_LAST_MOMENT = 253_402_300_799  # the end of the year 9999
_WHOLE = frozenset({"CLP", "ISK", "JPY", "KRW", "VND"})  # currencies without cents, as the filter `money` has them
_MONEY = re.compile(
    r"(?P<before>[A-Za-z]{3})?\s*[$€£¥]?\s*(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+,\d\d|\d+(?:\.\d+|,\d\d)?)\s*(?P<after>[A-Za-z]{3})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a feed: which one it is (from 1), the line where it stands, and its fields by the feed's own names."""

    number: int
    line: int | None
    fields: Mapping[str, Any]

    def problem(self, code: str, said: str, field: str | None = None, hint: str | None = None) -> Problem:
        """What is wrong with this row; `said` goes on from "Row 3"."""
        pointer = None if field is None else strictjson.step("", field)
        return Problem(f"feed.{code}", f"Row {self.number} {said}.", pointer, hint, self.line)


class _Wrong(Exception):
    """A value that cannot be a field: what it is not, and what to write."""

    def __init__(self, said: str, hint: str) -> None:
        super().__init__(said)
        self.said, self.hint = said, hint


def plain(name: str) -> str:
    """A name as names are compared, which is by its first hundred characters: `Image URL` is `image_url`.

    >>> plain(" Image URL ")
    'image_url'
    """
    return _plain(name[:100])


@lru_cache(maxsize=1_000)  # a feed has the same few names in every row
def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().casefold())


def make(row: Row, names: Mapping[str, str | None], mapping: Mapping[str, str]) -> Item | list[Problem]:
    """The item of a row, or every problem that it has. `names` is the kind's own mapping, `mapping` what a person said.

    Empty values count as missing; what has no field of its own becomes one of `vars`.
    """
    given, extra = _by_target(row, names, mapping)
    values: dict[str, Any] = {}
    problems = []
    for target, value in given.items():
        try:
            values[target] = TARGETS[target](value)
        except _Wrong as wrong:
            article = "an" if target[0] in "aei" else "a"
            problems.append(row.problem(target, f"has {article} {target} that {wrong.said}", target, wrong.hint))
    if "url" not in given:
        problems.append(row.problem("url", "has no url", "url", "An item is known by its url. Map the column that has it."))
    if problems:
        return problems
    item = _item(values, extra)
    try:
        size = len(strictjson.write({each: getattr(item, each) for each in _FIELDS}))
    except (ValueError, RecursionError):
        return [row.problem("value", "holds a value that cannot be kept", None, "Send UTF-8 text and finite numbers.")]
    if size > LARGEST_ITEM:
        return [row.problem("large", f"takes {size:,} bytes", None, f"An item may take {LARGEST_ITEM:,}.")]
    return item


def _by_target(
    row: Row, names: Mapping[str, str | None], mapping: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The row's values by the field that they feed, and those that feed none by their own name.

    Of several for one field the first stands, those that a person mapped before all others. Tags are put together.
    """
    given: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name in sorted(row.fields, key=lambda each: plain(each) not in mapping):
        value, key = row.fields[name], plain(name)
        target = mapping.get(key) or names.get(key, key)
        if target is None or _is_empty(value):
            continue
        if target == "tags":
            given.setdefault("tags", []).extend(value if isinstance(value, list) else [value])
        elif target in TARGETS:
            given.setdefault(target, value)
        else:
            extra.setdefault((target if target.startswith("vars.") else name).removeprefix("vars."), value)
    return given, extra


def _item(values: dict[str, Any], extra: dict[str, Any]) -> Item:
    """The item, with what follows from other fields: a sale's price, a picture, a stock of none."""
    extra |= values.pop("vars", {})
    dates, sale = values.pop("sale_dates", None), values.pop("sale_amount", None)
    amount = values.pop("amount", None)
    if amount is not None and "price" not in values:
        values["price"] = amount[0]
    if sale is not None and dates is None:
        if "price" in values:
            extra["regular_price"] = values["price"]
        values["price"] = sale[0]
    elif sale is not None:
        extra |= {"sale_price": sale[0], "sale_dates": dates}
    if (currency := (amount or sale or (0, None))[1]) is not None:
        extra.setdefault("currency", currency)
    if (availability := values.pop("availability", None)) is not None:
        extra["availability"] = availability
        if availability == "out_of_stock":
            values["inventory"] = 0
    if "image" not in values and values.get("images"):
        values["image"] = values["images"].get("full", next(iter(values["images"].values())))
    return Item(**values, vars=extra)


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())


def _one(value: Any) -> Any:
    """The first of several values: where a feed repeats a field that an item has once."""
    return next((each for each in value if not _is_empty(each)), "") if isinstance(value, list) else value


def _text(value: Any) -> str:
    value = _one(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _Wrong("is no text", "Write text.")
    text = str(value).strip()
    if "\0" in text or not _is_unicode(text):
        raise _Wrong("holds something that is no character", "Send UTF-8.")
    return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _url(value: Any) -> str:
    text = _text(value)
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good or not text.isprintable() or " " in text:
        raise _Wrong("is no address of the web", "Write it whole, such as https://shop.example.com/kettle.")
    if len(text.encode()) > LONGEST_URL:
        raise _Wrong(f"is longer than {LONGEST_URL:,} bytes", "Send a shorter address.")
    return text


def _image(value: Any) -> str:
    value = _one(value)
    if isinstance(value, Mapping):
        value = value.get("url")
    text = _text(value)
    return _url(f"https:{text}" if text.startswith("//") else text)


def _images(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise _Wrong("is no object of sizes", 'Write {"full": {"url": "https://..."}}.')
    pictures = {str(size): each.get("url") if isinstance(each, Mapping) else each for size, each in value.items()}
    return {size: _image(each) for size, each in pictures.items() if not _is_empty(each)}


def _tags(value: list[Any]) -> tuple[str, ...]:
    words = [word for each in value for word in re.split("[,>|]", _text(each))]
    return tuple(dict.fromkeys(tag for word in words if (tag := as_tag(word)) and not tag.isdigit()))


def _whole(value: Any) -> int:
    value = _one(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,15}(\.0*)?\s*", value, re.ASCII):
        value = int(value.strip().partition(".")[0])
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value > LARGEST_NUMBER:
        raise _Wrong("is no whole number", "Write digits only.")
    return value


def _price(value: Any) -> int:
    try:
        cents = _whole(value)
    except _Wrong:
        cents = -1
    if cents < 0:
        raise _Wrong("is no whole number of cents", "Write 3950 for 39.50, or map this field to amount.")
    return cents


def _amount(value: Any) -> tuple[int, str | None]:
    """`39.50 USD` as cents and a currency, exactly."""
    text = _text(value)
    found = _MONEY.fullmatch(text) if len(text) <= 40 else None
    if found is None:
        raise _Wrong("is no amount of money", "Write such as 39.50 USD.")
    number = found["number"]
    number = number.replace(".", "").replace(",", ".") if re.fullmatch(r"[\d.]+,\d\d", number) else number.replace(",", "")
    currency = (found["after"] or found["before"] or "").upper() or None
    cents = Decimal(number) * (1 if currency in _WHOLE else 100)
    if cents != cents.to_integral_value() or cents > LARGEST_NUMBER:
        raise _Wrong("is no whole number of cents", "Write at most two digits after the point.")
    return int(cents), currency


def _moment(value: Any) -> int:
    value = _one(value)
    seconds = value if isinstance(value, int | float) and not isinstance(value, bool) else _seconds(_text(value))
    if seconds is None or not 0 <= seconds <= _LAST_MOMENT:
        raise _Wrong("is no time", "Write unix seconds, or such as 2026-01-31T09:00:00Z.")
    return int(seconds)


def _seconds(text: str) -> float | None:
    """Unix seconds of a time as feeds write it; without a zone it is UTC."""
    if re.fullmatch(r"\d{9,15}", text, re.ASCII):
        return int(text)
    for reader in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = reader(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _location(value: Any) -> tuple[float, float]:
    parts = value.split(",") if isinstance(value, str) else value
    try:
        longitude, latitude = (float(each) for each in parts)
    except (TypeError, ValueError, OverflowError):
        longitude = latitude = 999.0
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise _Wrong("is no place", "Write longitude and latitude, such as [-73.95, 40.71].")
    return longitude, latitude


def _vars(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _Wrong("is no object", 'Write such as {"colour": "blue"}.')
    return dict(value)


def _availability(value: Any) -> str:
    return plain(_text(value))


TARGETS: Mapping[str, Callable[[Any], Any]] = {
    "url": _url,
    "title": _text,
    "description": _text,
    "author": _text,
    "image": _image,
    "images": _images,
    "tags": _tags,
    "price": _price,  # whole cents
    "amount": _amount,  # `39.50 USD`: the price in the currency itself
    "sale_amount": _amount,
    "sale_dates": _text,
    "availability": _availability,
    "inventory": lambda value: max(0, _whole(value)),
    "sku": _text,
    "content_id": _text,
    "site_name": _text,
    "date": _moment,
    "expire_date": _moment,
    "location": _location,
    "vars": _vars,
}
"""What fields of an item a feed may feed, and how each is read."""
