"""What a template asks of `personalize()`, read leniently: it comes from an author, and its values from anywhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from service.model import as_tag

DEFAULT_SIZE, MAX_SIZE = 5, 100
MAX_TAGS = 100
MAX_KEYS = 100
MAX_POSTED = 1_000  # items of a posted list that are looked at
LONGEST_KEY = 2_000  # characters
KEY_TYPES: Mapping[str, str] = {"url": "url", "sku": "sku", "title": "title", "content_id": "content_id", "id": "content_id"}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which items may be chosen. Both `include` hold together; one `exclude` is enough to keep an item out."""

    include_any: tuple[str, ...] = ()
    include_all: tuple[str, ...] = ()
    exclude_any: tuple[str, ...] = ()
    exclude_all: tuple[str, ...] = ()
    image_required: bool = True
    allow_expired: bool = False
    in_stock: bool = True

    def admit_tags(self, tags: Collection[str]) -> bool:
        """Whether an item with these tags may be chosen.

        >>> Filters(include_any=("tea", "mug"), exclude_all=("tea", "sale")).admit_tags({"tea", "sale", "new"})
        False
        """
        if self.include_any and not any(tag in tags for tag in self.include_any):
            return False
        if not all(tag in tags for tag in self.include_all):
            return False
        if any(tag in tags for tag in self.exclude_any):
            return False
        return not (self.exclude_all and all(tag in tags for tag in self.exclude_all))

    def admit(self, item: Mapping[str, Any], tags: Collection[str], now: int) -> bool:
        """Whether this item, as a template sees it, may be chosen at this unix second."""
        if self.image_required and not item.get("image"):
            return False
        if not self.allow_expired and number_in(item, "expire_date", now + 1) <= now:
            return False
        if self.in_stock and number_in(item, "inventory", 1) <= 0:
            return False
        return self.admit_tags(tags)


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked. `content` is the list of items to choose from; None: choose from the library."""

    algorithm: str
    size: int
    filters: Filters
    content: tuple[Mapping[str, Any], ...] | None
    context_key: str
    context_key_type: str
    custom_keys: tuple[str, ...]
    custom_key_type: str
    include_vars: bool

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> Ask:
        """Whatever can not be understood is as if it had not been given.

        A posted list was chosen by whoever posted it, so its items are judged by image, expiry and stock only where the
        template asks for that.
        """
        posted = isinstance(content := asked.get("content"), list)
        filters = Filters(
            _tags(asked.get("include_tags_any")),
            _tags(asked.get("include_tags_all")),
            _tags(asked.get("exclude_tags_any")),
            _tags(asked.get("exclude_tags_all")),
            _flag(asked.get("image_required"), not posted),
            _flag(asked.get("allow_expired"), posted),
            not posted,
        )
        return cls(
            algorithm=_word(asked.get("algorithm")),
            size=_size(asked.get("size")),
            filters=filters,
            content=tuple(each for each in content[:MAX_POSTED] if type(each) is dict)
            if isinstance(content, list)
            else None,
            context_key=next(iter(_keys(asked.get("context_key"))), ""),
            context_key_type=_key_type(asked.get("context_key_type")),
            custom_keys=_keys(asked.get("custom_keys")),
            custom_key_type=_key_type(asked.get("custom_key_type")),
            include_vars=_flag(asked.get("include_vars"), True),
        )


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether this is a number that can be compared."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value


def number_in(data: Mapping[str, Any], name: str, otherwise: float) -> float:
    """The number that `data` has under this name."""
    value = data.get(name)
    return value if is_number(value) else otherwise


def tags_of(item: Mapping[str, Any]) -> tuple[str, ...]:
    """The tags of a posted item."""
    return _tags(item.get("tags"))


def key_of(item: Mapping[str, Any], kind: str) -> str:
    """What names a posted item: its `url`, `sku`, `title` or `content_id`; empty where it has none."""
    return next(iter(_keys(item.get(kind))), "")


def _word(value: object) -> str:
    return value.strip().lower()[:40] if isinstance(value, str) else ""


def _size(value: object) -> int:
    """
    >>> _size(None), _size("3"), _size(2.9), _size(-1), _size(10**9), _size(float("nan"))
    (5, 3, 2, 0, 100, 5)
    """
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value.strip()[:9]) if int(value.strip()[:9]) < MAX_SIZE else MAX_SIZE
    if not is_number(value):
        return DEFAULT_SIZE
    return int(max(0, min(value, MAX_SIZE)))


def _flag(value: object, usual: bool) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    return bool(value) if is_number(value) else usual


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _tags(value: object) -> tuple[str, ...]:
    """Tags as a list, or as text with commas between them.

    >>> _tags("Blue Kettle, tea"), _tags([" tea", 7, None, "tea"])
    (('blue-kettle', 'tea'), ('tea',))
    """
    words = value[:10_000].split(",") if isinstance(value, str) else _listed(value)[: 10 * MAX_TAGS]
    found = (as_tag(each[:1_000]) for each in words if isinstance(each, str))
    return tuple(dict.fromkeys(tag for tag in found if tag))[:MAX_TAGS]


def _keys(value: object) -> tuple[str, ...]:
    """Keys as text; numbers are keys too.

    >>> _keys([7, " KIT-1 ", None, 7.5, {}]), _keys("KIT-1")
    (('7', 'KIT-1'), ('KIT-1',))
    """
    found: list[str] = []
    for each in _listed(value)[:MAX_KEYS]:
        if isinstance(each, str):
            found.append(each.strip()[:LONGEST_KEY])
        elif type(each) is int and each.bit_length() <= 64:
            found.append(str(each))
    return tuple(dict.fromkeys(each for each in found if each))


def _key_type(value: object) -> str:
    return KEY_TYPES.get(_word(value), "url")
