"""The content library: items by their URL, and interactions that become counters."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from service.errors import NotReadable
from service.model import Interaction, Item
from service.store import Put, Store
from service.store._interactions import DAYS, OTHERS, RECENT, TOGETHER_S, merged, remember

NOW = datetime.now(UTC)
KETTLE = Item(
    url="https://shop.example.com/kettle", title="Blue kettle", description="1.2 litre", author="Shop team",
    image="https://img.example.com/k-l.jpg", images={"full": "https://img.example.com/k-l.jpg"}, tags=("kitchen", "kettle"),
    price=3950, inventory=14, sku="KIT-40-BLU", content_id="c-88", site_name="Example Shop", date=1769900000,
    expire_date=1780000000, location=(-73.95, 40.71), vars={"colour": "blue", "sizes": [1, 2.5, None]},
)  # fmt: skip


def url(number: int) -> str:
    return f"https://shop.example.com/{number}"


def some(*numbers: int, **facts: Any) -> list[Item]:
    return [Item(url=url(number), title=f"Thing {number}", **facts) for number in numbers]


def seen(number: int, person: str | None = None, *, kind: Any = "view", ago: float = 0, count: int = 1) -> Interaction:
    """One of an item so many seconds ago."""
    return Interaction(kind=kind, url=url(number), at=NOW - timedelta(seconds=ago), person=person, count=count)


def test_an_item_comes_back_as_it_was_put(store: Store) -> None:
    assert store.content.put([KETTLE]) == Put(created=1, changed=0, unchanged=0)
    assert store.content.get(KETTLE.url) == KETTLE
    assert store.content.get("https://shop.example.com/other") is None
    assert store.content.count() == 1


def test_putting_again_says_what_changed(store: Store) -> None:
    store.content.put([KETTLE, *some(1, 2)])
    before = store.content.revision()
    assert store.content.put([KETTLE, *some(1, 2)]) == Put(unchanged=3)
    assert store.content.revision() == before
    cheaper = replace(KETTLE, price=100, tags=("Sale Now",))
    assert store.content.put([cheaper, *some(2, 3)]) == Put(created=1, changed=1, unchanged=1)
    assert store.content.revision() > before
    assert store.content.get(KETTLE.url) == replace(cheaper, tags=("sale-now",))
    assert store.content.search(tag="kitchen").items == []


def test_an_item_that_comes_twice_in_a_batch_counts_twice_and_the_last_one_stays(store: Store) -> None:
    put = store.content.put([KETTLE, KETTLE, replace(KETTLE, price=1)])
    assert put == Put(created=1, changed=1, unchanged=1)
    assert store.content.get(KETTLE.url) == replace(KETTLE, price=1)


def test_more_than_a_batch_is_put(store: Store) -> None:
    assert store.content.put(some(*range(1_234))) == Put(created=1_234)
    assert store.content.put(some(*range(1_235))) == Put(created=1, unchanged=1_234)
    assert store.content.remove([url(n) for n in range(1_230)]) == 1_230
    assert store.content.count() == 5


def test_pages_go_from_the_newest_to_the_oldest(store: Store) -> None:
    store.content.put(some(*range(7)))
    found, cursor = [], None
    while True:
        page = store.content.search(limit=3, cursor=cursor)
        found += [each.url for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == [url(n) for n in reversed(range(7))]
    with pytest.raises(NotReadable):
        store.content.search(cursor="' OR 1=1")


@pytest.mark.parametrize("text", ["KETTLE", "blue k", "kit-40", "C-88", "example.com/kettle"])
def test_an_item_is_found_by_a_part_of_what_names_it(store: Store, text: str) -> None:
    store.content.put([KETTLE, *some(1)])
    assert store.content.search(text=text).items == [KETTLE]
    assert store.content.search(text="%").items == []


def test_an_item_is_found_by_a_tag_however_it_is_written(store: Store) -> None:
    store.content.put([replace(KETTLE, tags=("Blue Kettle", "blue-kettle", " "))])
    assert [each.tags for each in store.content.search(tag="BLUE kettle").items] == [("blue-kettle",)]
    assert store.content.search(tag="kettle").items == []


def test_removing_says_how_many_there_were_and_forgets_what_was_counted(store: Store) -> None:
    store.content.put(some(1, 2))
    store.content.record([seen(1, "ada"), seen(2, "ada")])
    assert store.content.remove([url(1), url(1), url(9)]) == 1
    store.content.put(some(1))
    assert {each.url: each.views for each in store.content.facts()} == {url(1): 0, url(2): 1}
    assert list(store.content.items([n for n, _ in store.content.person(["ada"]).viewed]).values()) == some(2)


@pytest.mark.parametrize(
    "item",
    [
        Item(url=""),
        Item(url="https://example.com/" + "x" * 2_000),
        Item(url="https://example.com/a", vars={"price": float("nan")}),
        Item(url="https://example.com/a", vars={"made": NOW}),
        Item(url="https://example.com/a", title="half \ud83d"),
    ],
    ids=["no URL", "long URL", "not a number", "not JSON", "half a character"],
)
def test_what_can_not_be_kept_is_refused_in_words(store: Store, item: Item) -> None:
    with pytest.raises(NotReadable):
        store.content.put([item])
    assert store.content.count() == 0


def test_hostile_values_come_back_as_they_are(store: Store) -> None:
    odd = Item(
        url="https://example.com/a'; DROP TABLE content_items; --", title="NUL \0 ; " + "é" * 5_000, sku="s" * 5_000,
        tags=("%", "x" * 300), inventory=10**30, date=-(10**30), expire_date=10**40, price=10**30, vars={"": {"\0": "\0"}},
    )  # fmt: skip
    store.content.put([odd])
    assert store.content.get(odd.url) == replace(odd, tags=("%", "x" * 100))
    assert store.content.numbers([odd.sku or ""], "sku") != {}


def test_views_and_purchases_are_counted_and_unknown_items_are_not(store: Store) -> None:
    store.content.put(some(1, 2))
    counted = store.content.record(
        [seen(1), seen(1, count=40), seen(2, kind="purchase", count=3), seen(9), seen(2, count=0), seen(2, count=10**10)]
    )
    assert counted == 3
    assert {each.url: (each.views, each.purchases) for each in store.content.facts()} == {url(1): (41, 0), url(2): (0, 3)}


def test_more_than_a_batch_is_counted(store: Store) -> None:
    store.content.put(some(1))
    assert store.content.record([seen(1)] * 4_321) == 4_321
    assert [each.views for each in store.content.facts()] == [4_321]


def test_what_an_item_gained_is_this_week_less_the_week_before(store: Store) -> None:
    store.content.put(some(1, 2, 3))
    day = 86_400
    store.content.record(
        [seen(1, count=9), seen(1, ago=8 * day, count=4), seen(2, ago=8 * day, kind="purchase"), seen(3, ago=15 * day)]
    )
    ids = store.content.numbers([url(n) for n in (1, 2, 3)])
    today = int(NOW.timestamp()) // day
    assert store.content.gains(today) == {ids[url(1)]: (0, 5), ids[url(2)]: (-1, 0)}


def test_days_are_kept_for_a_bounded_time(store: Store) -> None:
    store.content.put(some(1))
    store.content.record([seen(1, ago=86_400 * n) for n in range(400)])
    with store.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM content_days")).scalar_one() <= DAYS + 1
    assert [each.views for each in store.content.facts()] == [400]


def test_what_is_still_to_come_counts_as_now(store: Store) -> None:
    store.content.put(some(1))
    store.content.record([seen(1, "ada", ago=-1e9)])
    assert store.content.person(["ada"]).viewed[0][1] < datetime.now(UTC).timestamp() + 60


def test_a_person_is_found_by_any_name_and_however_it_is_written(store: Store) -> None:
    store.content.put(some(1, 2, 3))
    store.content.record(
        [
            seen(1, "Ada@Example.com", ago=300),
            seen(2, "+1 202-555-0143", ago=200),
            seen(3, "cust-551", ago=100, kind="purchase"),
        ]
    )
    ids = store.content.numbers([url(n) for n in (1, 2, 3)])
    person = store.content.person(["ada@example.com", "+12025550143", "cust-551", "", "nobody"])
    assert [item for item, _ in person.viewed] == [ids[url(2)], ids[url(1)]]
    assert [item for item, _ in person.purchased] == [ids[url(3)]]
    assert store.content.person(["nobody"]).viewed == []


def test_no_name_of_a_person_can_be_read_in_the_database(store: Store) -> None:
    store.content.put(some(1))
    store.content.record([seen(1, "ada@example.com"), seen(1, "+12025550143")])
    with store.database.read() as connection:
        rows = connection.execute(text("SELECT person, viewed, purchased FROM content_people")).all()
    kept = b" ".join(bytes(value) for row in rows for value in row)
    assert len(rows) == 2
    assert b"ada" not in kept
    assert b"2025550143" not in kept


def test_a_person_is_forgotten_when_asked_or_after_a_year(store: Store) -> None:
    store.content.put(some(1))
    store.content.record([seen(1, "Ada"), seen(1, "bob", ago=366 * 86_400), seen(1, "cy", ago=364 * 86_400)])
    store.content.record([seen(1)])
    assert [bool(store.content.person([name]).viewed) for name in ("ada", "bob", "cy")] == [True, False, True]
    assert store.content.forget("ADA")
    assert not store.content.forget("ada")
    assert store.content.person(["ada"]).viewed == []
    assert [each.views for each in store.content.facts()] == [4]


def test_people_are_still_known_while_the_secret_key_changes(make_store: Any) -> None:
    old, both, new = (make_store(secret_key=key) for key in ("old", "new,old", "new"))
    old.migrate()
    old.content.put(some(1))
    old.content.record([seen(1, "ada")])
    assert len(both.content.person(["ada"]).viewed) == 1
    assert new.content.person(["ada"]).viewed == []


def test_a_person_is_remembered_by_the_last_items_only(store: Store) -> None:
    store.content.put(some(*range(RECENT + 20)))
    store.content.record([seen(n, "ada", ago=1_000 - n) for n in range(RECENT + 20)])
    ids = store.content.numbers([url(RECENT + 19)])
    viewed = store.content.person(["ada"]).viewed
    assert len(viewed) == RECENT
    assert viewed[0][0] == ids[url(RECENT + 19)]


def test_what_is_viewed_or_bought_within_a_day_goes_together_once_a_person(store: Store) -> None:
    store.content.put(some(1, 2, 3))
    store.content.record(
        [seen(1, "ada"), seen(2, "ada"), seen(1, "ada"), seen(2, "ada"), seen(3, "ada", ago=3 * TOGETHER_S), seen(3)]
    )
    store.content.record([seen(1, "bob", kind="purchase"), seen(2, "bob", kind="purchase"), seen(3, "bob")])
    ids = store.content.numbers([url(1), url(2)])
    assert store.content.together([ids[url(1)]]) == {ids[url(1)]: {ids[url(2)]: (1, 1)}}
    assert store.content.together([ids[url(2)]]) == {ids[url(2)]: {ids[url(1)]: (1, 1)}}


def test_what_is_recorded_at_once_is_not_lost(make_store: Any) -> None:
    first = make_store()
    first.migrate()
    first.content.put(some(1, 2))
    each_one = [seen(n, f"person {person}") for person in range(20) for n in (1, 2)]
    stores = [make_store() for _ in range(3)]
    threads = [threading.Thread(target=store.content.record, args=(each_one,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.views for each in first.content.facts()] == [60, 60]
    ids = first.content.numbers([url(1)])
    assert list(first.content.together([ids[url(1)]])[ids[url(1)]].values()) == [(0, 20)]


@given(st.lists(st.tuples(st.integers(1, 80), st.integers(0, 3 * TOGETHER_S)), max_size=200))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_what_is_remembered_is_bounded_ordered_and_without_repetition(events: list[tuple[int, int]]) -> None:
    recent: list[tuple[int, int]] = []
    for item, at in events:
        before = list(recent)
        partners = remember(recent, item, at)
        assert set(partners) <= {other for other, _ in before} - {item}
    assert len(recent) <= RECENT
    assert len({item for item, _ in recent}) == len(recent)
    assert [at for _, at in recent] == sorted((at for _, at in recent), reverse=True)


@given(
    st.lists(st.dictionaries(st.integers(1, 400), st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=150), max_size=6)
)
def test_what_goes_together_is_bounded_and_never_more_than_what_came(gains: list[dict[int, tuple[int, int]]]) -> None:
    kept: dict[int, tuple[int, int]] = {}
    for gained in gains:
        kept = merged(kept, gained)
    assert len(kept) <= OTHERS
    for item, (bought, viewed) in kept.items():
        assert bought <= sum(each.get(item, (0, 0))[0] for each in gains)
        assert viewed <= sum(each.get(item, (0, 0))[1] for each in gains)
