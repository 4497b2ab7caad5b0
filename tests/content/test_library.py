"""The index in memory may be a little old, the items never are."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

import service.content
from service.content import Library
from service.errors import Unavailable
from service.store import Store
from tests.content.conftest import ADA, NOW, SHOP, SOLD, item, picker, url


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every library counts as a large one, which is read aside."""
    monkeypatch.setattr(service.content, "_AT_ONCE", 0)


def test_making_a_library_opens_nothing(make_store: Any) -> None:
    store = make_store()
    Library(store)
    assert store.database._engine is None


def test_what_this_process_changed_is_seen_at_once(store: Store, pick: Any, record: Any) -> None:
    assert pick(size=1) == ["kettle"]
    store.content.put([item("new", date=100)])
    assert pick(size=1) == ["new"]
    record("vase")
    assert pick(size=1) == ["vase"]
    store.content.remove([url("vase")])
    assert pick(size=2) == ["new", "kettle"]


def test_what_another_process_changed_is_seen_when_the_store_is_asked_again(
    library: Library, make_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pick = picker(library)
    monkeypatch.setattr(service.content, "FRESH_S", 1e9)
    assert pick(size=1) == ["kettle"]
    make_store().content.put([item("new", date=100)])
    assert pick(size=1) == ["kettle"]
    library._ask_after = 0.0
    assert pick(size=1) == ["new"]


@pytest.mark.usefixtures("large")
def test_a_large_library_is_read_aside_while_calls_go_on(store: Store, library: Library, pick: Any) -> None:
    pick(size=1)
    library._reading.acquire()  # as if it took long
    store.content.put([item("new", date=100)])
    library._ask_after = 0.0
    assert pick(size=1) == ["kettle"]
    library._reading.release()
    while library._index is None or library._index.revision != store.content.revision():
        library._read_aside()
    assert pick(size=1) == ["new"]


@pytest.mark.usefixtures("large")
def test_what_an_old_index_does_not_know_is_not_offered(store: Store, library: Library, make_store: Any, pick: Any) -> None:
    """What is gone, sold out, or tagged anew since makes room for the next; a new price is shown."""
    assert pick(size=3) == SOLD[:3]
    kettle, mug, teapot, tin = SHOP[:4]
    make_store().content.put([replace(mug, inventory=0), replace(teapot, tags=("sale",)), replace(tin, price=7)])
    make_store().content.remove([kettle.url])
    assert pick(size=4) == ["teapot", "tin", "lamp", "rug"]
    assert pick(size=4, exclude_tags_any=["sale"]) == ["tin", "lamp", "vase"]
    asked = {"algorithm": "popular", "size": 2}
    assert library.personalize(asked, context={}, now=NOW, seed="")[1]["price"] == 7


def test_a_forked_process_reads_for_itself(store: Store, library: Library, pick: Any) -> None:
    """Also where a thread of the parent was reading at that moment."""
    pick()
    library._reading.acquire()
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if pick(size=2) == SOLD[:2] else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    library._reading.release()


def test_a_database_that_is_away_is_said_so_and_nothing_is_lost(library: Library, store: Store, pick: Any) -> None:
    pick()
    with store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE content_items RENAME TO elsewhere")
    for asked in ({"algorithm": "popular"}, {"algorithm": "custom", "custom_keys": [url("mug")]}):
        with pytest.raises(Unavailable):
            library.personalize(asked, context=ADA, now=NOW, seed="")
    with store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO content_items")
    assert pick(size=2) == SOLD[:2]


def test_a_library_that_is_not_there_is_no_error(make_store: Any) -> None:
    assert Library().personalize({"algorithm": "popular"}, context=ADA, now=NOW, seed="") == []
    with pytest.raises(Unavailable):
        Library(make_store()).personalize({"algorithm": "popular"}, context=ADA, now=NOW, seed="")
