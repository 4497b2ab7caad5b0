"""The content library: items by their URL, and what people viewed and bought, kept as counters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, TextClause, bindparam, case, delete, func, select
from sqlalchemy import text as sql

from service import strictjson
from service.errors import NotReadable, Problem
from service.model import Interaction, Item, as_tag
from service.settings import Settings
from service.store._database import Database
from service.store._interactions import (
    DAYS,
    LARGEST_COUNT,
    PERSON_DAYS,
    RECENT,
    Others,
    Recent,
    merged,
    name_of,
    pack_others,
    pack_recent,
    remember,
    unpack_others,
    unpack_recent,
)
from service.store._tables import (
    content_counts,
    content_days,
    content_items,
    content_people,
    content_state,
    content_tags,
    content_together,
)
from service.store._texts import keepable
from service.store._times import from_ms_or_none, to_ms
from service.store._vault import Vault

# A batch is one transaction, and on SQLite everybody else who writes waits for it: so it takes tens of milliseconds.
_ITEMS, _INTERACTIONS = 500, 2_000
_DAY_S = 86_400
_LOCK = 0x62757268  # of PostgreSQL's advisory locks
_LATEST = 2**32 - 1  # unix seconds
_MOST_SECONDS = 2**62
_LONGEST_URL = 2_000  # bytes: what every database can look up
_LONGEST_NAME = 200  # characters of a sku, id or title by which an item is found
WEEK = 7  # days

_i, _t, _c, _d = content_items.c, content_tags.c, content_counts.c, content_days.c
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Put:
    """What became of items that were put: they add up to how many there were."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: Put) -> Put:
        return Put(self.created + other.created, self.changed + other.changed, self.unchanged + other.unchanged)


@dataclass(frozen=True, slots=True)
class ContentPage:
    """A page of items, the newest in the library first, and where the next one starts (None: this is the last)."""

    items: list[Item]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What algorithms need to know of an item. `tags` are separated by spaces."""

    id: int
    url: str
    tags: str
    has_image: bool
    in_stock: bool
    date: int
    expire_date: int | None
    views: int
    purchases: int


@dataclass(frozen=True, slots=True)
class Person:
    """What somebody viewed and bought last: numbers of items and unix seconds, each item once, the latest first."""

    viewed: Recent
    purchased: Recent


class Content:
    """Items and interactions. A person's name is kept nowhere: a hash of it under the secret key stands for them."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._vault = Vault(settings)
        self.written = 0  # grows whenever this process changes something

    def put(self, items: Sequence[Item]) -> Put:
        """Keep the items, each in place of the one with its URL; an item that comes twice counts twice, and the last stays.

        Each batch of 500 is a transaction of its own, so that others can write in between. Raises `NotReadable` for an item
        that JSON can not hold.
        """
        done = Put()
        for batch in _batches(items, _ITEMS):
            rows = [_to_row(each) for each in batch]
            with self._write() as connection:
                done += self._put(connection, rows)
        return done

    def _put(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> Put:
        query = select(_i.url, _i.id, _i.data).where(_i.url.in_({row["url"] for row in rows}))
        known = {url: (id, data) for url, id, data in connection.execute(query)}
        data = {url: kept for url, (_, kept) in known.items()}
        created = changed = 0
        for row in rows:
            url = row["url"]
            created += url not in data
            changed += url in data and data[url] != row["data"]
            data[url] = row["data"]
        if not (created or changed):
            return Put(unchanged=len(rows))
        last = {row["url"]: row for row in rows}
        now = self._database.now(connection)
        new = [row | {"updated_at": now} for url, row in last.items() if url not in known]
        other = [
            row | {"updated_at": now, "id_": known[url][0]}
            for url, row in last.items()
            if url in known and known[url][1] != row["data"]
        ]
        if new:
            connection.execute(content_items.insert(), new)
        if other:
            connection.execute(_CHANGE, other)
            connection.execute(delete(content_tags).where(_t.item.in_([row["id_"] for row in other])))
        written = {row["url"]: row["tags"].split() for row in (*new, *other)}
        ids = connection.execute(select(_i.id, _i.url).where(_i.url.in_(written)))
        if tags := [{"tag": tag, "item": id} for id, url in ids for tag in written[url]]:
            connection.execute(content_tags.insert(), tags)
        _count_up(connection)
        return Put(created, changed, len(rows) - created - changed)

    def get(self, url: str) -> Item | None:
        with self._database.read() as connection:
            data = connection.execute(select(_i.data).where(_i.url == keepable(url))).scalar_one_or_none()
        return None if data is None else _to_item(data)

    def search(
        self, *, text: str | None = None, tag: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> ContentPage:
        """A page of items, the newest first: with this tag, and with this text in title, URL, sku or content id, however it
        is written. Raises `NotReadable` for a cursor that is none."""
        query = select(_i.id, _i.data).order_by(_i.id.desc()).limit(limit + 1)
        if cursor is not None:
            query = query.where(_i.id < _number(cursor))
        if tag is not None:
            query = query.where(_i.id.in_(select(_t.item).where(_t.tag == keepable(as_tag(tag)))))
        if text is not None:
            query = query.where(_i.words.contains(keepable(text.casefold()), autoescape=True))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        items = [_to_item(row.data) for row in rows[:limit]]
        return ContentPage(items, str(rows[limit - 1].id) if len(rows) > limit else None)

    def remove(self, urls: Sequence[str]) -> int:
        """Forget the items with these URLs and what was counted of them. Answers how many there were."""
        removed = 0
        for batch in _batches(urls, _ITEMS):
            with self._write() as connection:
                found = connection.execute(delete(content_items).where(_i.url.in_({keepable(url) for url in batch})))
                removed += found.rowcount
                if found.rowcount:
                    _count_up(connection)
        return removed

    def count(self) -> int:
        """How many items there are."""
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(content_items)).scalar_one()

    def changed_at(self) -> datetime | None:
        """When an item that is there was added or changed last."""
        with self._database.read() as connection:
            return from_ms_or_none(connection.execute(select(func.max(_i.updated_at))).scalar_one())

    def counts(self, urls: Sequence[str]) -> dict[str, tuple[int, int]]:
        """How often these items were viewed and bought; those that never were are left out."""
        wanted = {keepable(url): url for url in urls}
        query = select(_i.url, _c.views, _c.purchases).join(content_counts, _c.item == _i.id).where(_i.url.in_(wanted))
        with self._database.read() as connection:
            return {wanted[row.url]: (row.views, row.purchases) for row in connection.execute(query)}

    def record(self, interactions: Sequence[Interaction]) -> int:
        """Count views and purchases. Answers how many were counted: those of an unknown URL are not, nor those that stand
        for less than one or more than a thousand million.

        Each batch of 2,000 is a transaction of its own. Nothing can tell whether the same interaction comes again, so it is
        then counted again. A moment that is still to come counts as the present.
        """
        counted = 0
        for batch in _batches(interactions, _INTERACTIONS):
            usable = [each for each in batch if 0 < each.count <= LARGEST_COUNT]
            with self._write() as connection:
                query = select(_i.url, _i.id).where(_i.url.in_({keepable(each.url) for each in usable}))
                ids: dict[str | None, int] = {row.url: row.id for row in connection.execute(query)}
                events = [(ids[url], each) for each in usable if (url := keepable(each.url)) in ids]
                if events:
                    self._count(connection, events)
                    _count_up(connection)
                counted += len(events)
        return counted

    def forget(self, person: str) -> bool:
        """Forget what this person viewed and bought; it counts on in what is counted of the items. Answers whether there was
        anything."""
        with self._write() as connection:
            hashes = self._vault.pseudonyms(name_of(person))
            found = connection.execute(delete(content_people).where(content_people.c.person.in_(hashes)))
            return found.rowcount > 0

    def _count(self, connection: Connection, events: Sequence[tuple[int, Interaction]]) -> None:
        now = self._database.now(connection) // 1000
        totals: dict[int, list[int]] = {}
        days: dict[tuple[int, int], list[int]] = {}
        people: dict[bytes, list[tuple[int, int, str]]] = {}
        first_day = now // _DAY_S - DAYS
        for item, each in events:
            at = min(max(to_ms(each.at) // 1000, 0), now, _LATEST)
            bought = each.kind == "purchase"
            totals.setdefault(item, [0, 0])[bought] += each.count
            if at // _DAY_S > first_day:
                days.setdefault((at // _DAY_S, item), [0, 0])[bought] += each.count
            if each.person is not None and (name := name_of(each.person)):
                people.setdefault(self._vault.pseudonyms(name)[0], []).append((at, item, each.kind))
        connection.execute(_ADD_COUNTS, [{"item": item, "v": v, "p": p} for item, (v, p) in sorted(totals.items())])
        if days:
            rows = [{"day": day, "item": item, "v": v, "p": p} for (day, item), (v, p) in sorted(days.items())]
            connection.execute(_ADD_DAYS, rows)
        connection.execute(delete(content_days).where(_d.day <= first_day))
        long_ago = now - PERSON_DAYS * _DAY_S
        connection.execute(delete(content_people).where(content_people.c.seen_at < long_ago))
        if people:
            self._remember(connection, people)

    def _remember(self, connection: Connection, people: Mapping[bytes, list[tuple[int, int, str]]]) -> None:
        """Note what these people did last, and which items go together by that."""
        p = content_people.c
        kept: dict[bytes, tuple[Recent, Recent]] = {}
        for part in _batches(sorted(people), _ITEMS):
            for row in connection.execute(select(content_people).where(p.person.in_(part))):
                kept[row.person] = unpack_recent(row.viewed), unpack_recent(row.purchased)
        gained: dict[int, dict[int, tuple[int, int]]] = {}
        rows = []
        for person, events in people.items():
            viewed, purchased = kept.get(person, ([], []))
            for at, item, kind in sorted(events, key=lambda each: each[0]):
                bought = kind == "purchase"
                for other in remember(purchased if bought else viewed, item, at):
                    for one, two in ((item, other), (other, item)):
                        old = gained.setdefault(one, {}).get(two, (0, 0))
                        gained[one][two] = old[0] + bought, old[1] + (not bought)
            seen_at = max((at for _, at in (*viewed[:1], *purchased[:1])), default=0)
            packed = {"viewed": pack_recent(viewed), "purchased": pack_recent(purchased)}
            rows.append({"person": person, "seen_at": seen_at, **packed})
        connection.execute(_KEEP_PERSON, rows)
        others = self._together(connection, sorted(gained))
        rows = [{"item": one, "others": pack_others(merged(others.get(one, {}), more))} for one, more in gained.items()]
        if rows:
            connection.execute(_KEEP_TOGETHER, rows)

    def _together(self, connection: Connection, items: Sequence[int]) -> dict[int, Others]:
        found: dict[int, Others] = {}
        for part in _batches(items, _ITEMS):
            rows = connection.execute(_TOGETHER, {"items": part})
            found |= {item: unpack_others(others) for item, others in rows}
        return found

    def revision(self) -> int:
        """A number that grows whenever something of the library changes; 0: nothing ever came in."""
        with self._database.read() as connection:
            return connection.execute(select(content_state.c.revision)).scalar_one_or_none() or 0

    def facts(self) -> Iterator[Facts]:
        """What algorithms need to know of every item."""
        query = select(
            _i.id, _i.url, _i.tags, _i.has_image, _i.in_stock, _i.date, _i.expire_date,
            func.coalesce(_c.views, 0), func.coalesce(_c.purchases, 0),
        ).outerjoin(content_counts, _c.item == _i.id)  # fmt: skip
        with self._database.read() as connection:
            for row in connection.execute(query):
                yield Facts(*row)

    def gains(self, day: int) -> dict[int, tuple[int, int]]:
        """How many more purchases and views each item had in the week that ends with `day` (since 1970, UTC) than in the
        week before it; only items with either in one of the two."""
        sign = case((_d.day > day - WEEK, 1), else_=-1)
        query = (
            select(_d.item, func.sum(sign * _d.purchases), func.sum(sign * _d.views))
            .where(_d.day > day - 2 * WEEK, _d.day <= day)
            .group_by(_d.item)
        )
        with self._database.read() as connection:
            return {item: (int(bought), int(seen)) for item, bought, seen in connection.execute(query)}

    def items(self, ids: Sequence[int]) -> dict[int, Item]:
        """The items with these numbers, as far as they are still there."""
        with self._database.read() as connection:
            return {id: _to_item(data) for id, data in connection.execute(_ITEMS_OF, {"ids": ids})}

    def numbers(self, keys: Sequence[str], kind: str = "url") -> dict[str, int]:
        """The numbers of the items with these keys of a kind: `url`, `sku`, `content_id`, or `title`. Where several have the
        same, the newest."""
        wanted = {keepable(key[:_LONGEST_NAME] if kind != "url" else key): key for key in keys}
        with self._database.read() as connection:
            return {wanted[key]: id for key, id in connection.execute(_NUMBERS[kind], {"keys": list(wanted)})}

    def together(self, items: Sequence[int]) -> dict[int, Others]:
        """What each of these items was bought and seen together with, and how often."""
        with self._database.read() as connection:
            return self._together(connection, items)

    def person(self, names: Sequence[str]) -> Person:
        """What somebody viewed and bought last, by any of their names."""
        with self._database.read() as connection:
            hashes = {each for name in names if (one := name_of(name)) for each in self._vault.pseudonyms(one)}
            if not hashes:
                return Person([], [])
            rows = connection.execute(_PEOPLE, {"people": list(hashes)}).all()
        return Person(_latest(row.viewed for row in rows), _latest(row.purchased for row in rows))

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """A transaction. What is counted depends on what is there, so on PostgreSQL, too, one writes at a time."""
        with self._database.write() as connection:
            if not self._database.is_sqlite:
                connection.execute(sql("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield connection
        self.written += 1


# What a render asks is written once: SQLAlchemy takes about as long to make a statement as SQLite to answer it.
_ITEMS_OF = select(_i.id, _i.data).where(_i.id.in_(bindparam("ids", expanding=True)))
_NUMBERS = {
    kind: select(_i[kind], _i.id).where(_i[kind].in_(bindparam("keys", expanding=True))).order_by(_i.id)
    for kind in ("url", "sku", "content_id", "title")
}
_TOGETHER = select(content_together).where(content_together.c.item.in_(bindparam("items", expanding=True)))
_PEOPLE = select(content_people).where(content_people.c.person.in_(bindparam("people", expanding=True)))

_CHANGE = (
    content_items.update()
    .where(_i.id == bindparam("id_"))
    .values({name: bindparam(name) for name in content_items.c.keys() if name not in ("id", "url")})  # noqa: SIM118
)


def _adding(table: str, key: str) -> TextClause:
    """Counts that are added to those that are there; both databases read it so."""
    marks = ", ".join(f":{name}" for name in key.split(", "))
    return sql(
        f"INSERT INTO {table} ({key}, views, purchases) VALUES ({marks}, :v, :p) ON CONFLICT ({key}) DO UPDATE "  # noqa: S608
        f"SET views = {table}.views + excluded.views, purchases = {table}.purchases + excluded.purchases"
    )


_ADD_COUNTS = _adding("content_counts", "item")
_ADD_DAYS = _adding("content_days", "day, item")
_KEEP_TOGETHER = sql(
    "INSERT INTO content_together (item, others) VALUES (:item, :others) "
    "ON CONFLICT (item) DO UPDATE SET others = excluded.others"
)
_KEEP_PERSON = sql(
    "INSERT INTO content_people (person, viewed, purchased, seen_at) VALUES (:person, :viewed, :purchased, :seen_at) "
    "ON CONFLICT (person) DO UPDATE "
    "SET viewed = excluded.viewed, purchased = excluded.purchased, seen_at = excluded.seen_at"
)
_COUNT_UP = sql(
    "INSERT INTO content_state (id, revision) VALUES (1, 1) "
    "ON CONFLICT (id) DO UPDATE SET revision = content_state.revision + 1"
)


def _count_up(connection: Connection) -> None:
    connection.execute(_COUNT_UP)


def _to_row(item: Item) -> dict[str, Any]:
    """Raises `NotReadable`."""
    if not item.url or len(item.url.encode("utf-8", "replace")) > _LONGEST_URL:
        detail = f"The URL of an item must have 1 to {_LONGEST_URL:,} bytes: {item.url[:80]!r}."
        raise NotReadable(detail, [Problem("content.url", detail)])
    tags = tuple(dict.fromkeys(tag for each in item.tags if (tag := as_tag(each))))
    try:
        data = strictjson.write(_to_data(replace(item, tags=tags))).decode()
    except (TypeError, ValueError, RecursionError) as error:
        detail = f"The item {item.url[:80]!r} holds something that JSON can not hold."
        raise NotReadable(detail, [Problem("content.item", detail)]) from error
    words = "\n".join((item.title, item.url, item.sku or "", item.content_id or ""))
    return {
        "url": keepable(item.url),
        "sku": keepable(item.sku and item.sku[:_LONGEST_NAME]),
        "content_id": keepable(item.content_id and item.content_id[:_LONGEST_NAME]),
        "title": keepable(item.title[:_LONGEST_NAME]),
        "words": keepable(words.casefold()),
        "tags": " ".join(tags),
        "has_image": bool(item.image),
        "in_stock": item.inventory is None or item.inventory > 0,
        "date": _bounded(item.date or 0),
        "expire_date": None if item.expire_date is None else _bounded(item.expire_date),
        "data": data,
    }


def _to_data(item: Item) -> dict[str, Any]:
    """The fields that say something."""
    return {each.name: value for each in fields(item) if (value := getattr(item, each.name)) not in _NOTHING}


_NOTHING: tuple[Any, ...] = ("", None, (), {})


def _to_item(data: str) -> Item:
    known: dict[str, Any] = json.loads(data)  # orjson makes floats of large integers
    for name in ("tags", "location"):
        if name in known:
            known[name] = tuple(known[name])
    return Item(**known)


def _bounded(seconds: int) -> int:
    """What an integer of the database holds."""
    return int(max(-_MOST_SECONDS, min(seconds, _MOST_SECONDS)))


def _latest(packed: Iterable[bytes]) -> Recent:
    """What was remembered under several names as one, each item once."""
    seen: dict[int, int] = {}
    for part in packed:
        for item, at in unpack_recent(part):
            seen[item] = max(at, seen.get(item, 0))
    return sorted(seen.items(), key=lambda each: (-each[1], each[0]))[:RECENT]


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
        detail = "The cursor is not one that we gave."
        raise NotReadable(detail, [Problem("cursor.unknown", detail)])
    return int(cursor)


def _batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    each = iter(values)
    while batch := list(islice(each, size)):
        yield batch
