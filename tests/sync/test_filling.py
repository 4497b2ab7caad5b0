"""Filling the library from a feed: what is new, changed and gone, on both databases."""

from __future__ import annotations

import io
import json

import pytest

from service.errors import NotReadable
from service.sync.filling import PROBLEMS_KEPT, Stopped, every_url, fill

SHOP = "https://shop.example.com/"


def feed(*names: str, **titles: str) -> io.BytesIO:
    items = [{"url": SHOP + name, "title": titles.get(name, name)} for name in names]
    return io.BytesIO(json.dumps({"content": items}).encode())


def counts(done) -> tuple[int, ...]:
    return done.created, done.changed, done.unchanged, done.repeated, done.removed


def test_new_items_are_created_known_ones_changed_and_others_left_alone(store):
    assert counts(fill(store, feed("a", "b", "b"))) == (2, 0, 0, 1, 0)
    assert counts(fill(store, feed("b", "c", b="B"))) == (1, 1, 0, 0, 0)
    assert counts(fill(store, feed("a", "b", "c", b="B"))) == (0, 0, 3, 0, 0)
    assert store.content.get(SHOP + "b").title == "B"


def test_the_first_of_two_rows_with_one_address_stands(store):
    body = json.dumps([{"url": SHOP, "title": "first"}, {"url": SHOP, "title": "second"}]).encode()
    fill(store, io.BytesIO(body))
    assert store.content.get(SHOP).title == "first"


def test_what_the_feed_no_longer_has_is_removed_where_that_is_wanted(store):
    fill(store, feed("a", "b", "c"))
    done = fill(store, feed("b"), removable=lambda: every_url(store))
    assert (counts(done), done.kept_back) == ((0, 0, 1, 0, 2), None)
    assert list(every_url(store)) == [SHOP + "b"]


@pytest.mark.parametrize(
    "body",
    [
        b'[{"url": "https://shop.example.com/new"}, {"url": "no"}]',
        b'[{"url": "https://shop.example.com/new"}, {"url": ',
        b"[]",
    ],
)
def test_nothing_is_removed_by_a_feed_with_a_problem_nor_by_an_empty_one(store, body):
    fill(store, feed("a"))
    done = fill(store, io.BytesIO(body), removable=lambda: every_url(store))
    assert done.problem_count == 1
    assert "Nothing was removed" in done.kept_back
    assert store.content.get(SHOP + "a") is not None


def test_a_dry_run_says_the_same_and_keeps_nothing(store):
    fill(store, feed("a", "b", "c"))
    said = fill(store, feed("b", "c", "d", c="C"), removable=lambda: every_url(store), dry_run=True)
    assert store.content.count() == 3
    assert counts(said) == (1, 1, 1, 0, 1)
    assert counts(fill(store, feed("b", "c", "d", c="C"), removable=lambda: every_url(store))) == counts(said)


def test_every_field_is_the_same_when_it_comes_again(store):
    item = {
        "url": SHOP,
        "images": {"full": SHOP},
        "tags": ["Blue Kettle"],
        "location": [1, 2.5],
        "vars": {"a": [1, {"b": 2.0}]},
    }
    body = json.dumps([{**item, "price": 0, "inventory": 0, "date": 0}]).encode()
    assert counts(fill(store, io.BytesIO(body), dry_run=True)) == (1, 0, 0, 0, 0)
    fill(store, io.BytesIO(body))
    assert counts(fill(store, io.BytesIO(body), dry_run=True)) == (0, 0, 1, 0, 0)


def test_problems_are_kept_up_to_a_number_and_all_counted(store):
    done = fill(store, io.BytesIO(json.dumps([{"url": "no"}] * 250).encode()))
    assert (len(done.problems), done.problem_count) == (PROBLEMS_KEPT, 250)


def test_what_is_no_feed_is_refused(store):
    with pytest.raises(NotReadable):
        fill(store, io.BytesIO(b"\x1f\x8b"))


def test_it_can_be_stopped_between_two_batches_and_what_was_kept_stays(store):
    told = []
    with pytest.raises(Stopped):
        fill(store, feed(*map(str, range(1200))), progress=lambda rows: told.append(rows) or rows < 1000)
    assert told == [500, 1000]
    assert store.content.count() == 1000
