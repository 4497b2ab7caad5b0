"""The content library as the studio shows it: found, looked at, filled from a file, removed; and its feeds."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from service.errors import Problem
from service.model import Interaction, Item
from service.parts import Parts
from service.store.feeds import Feed
from tests.studio.conftest import words
from tests.studio.test_pages import ATTACKS

Make = Callable[[str], Any]
KETTLE = Item(
    url="https://shop.example.com/kettle?a=1&b=2", title="Blue kettle", price=3950, tags=("kitchen", "kettles"), sku="K-1",
    image="https://img.example.com/kettle.jpg", description="It whistles.", vars={"colour": "blue"},
)  # fmt: skip
CSV = b"url,title,price\nhttps://shop.example.com/cup,Tea cup,800\nhttps://shop.example.com/pot,Pot,much\n"


def _send(who: Any, body: bytes = CSV, name: str = "own.csv", **fields: str) -> Any:
    data = {"csrf": who.csrf, "feed": (io.BytesIO(body), name), "kind": "", **fields}
    return who.client.post("/content/import", data=data, content_type="multipart/form-data")


def test_an_empty_library_leads_to_the_import_and_to_the_guide(browser: Make) -> None:
    assert 'href="/content/import"' in browser("admin").get("/content").get_data(as_text=True)
    seen = browser("viewer").see("/content")
    assert "The library is empty" in seen and "recommend-products" in seen and "needs the role admin" in seen
    assert "burgee content schedule add" in browser("author").see("/content/feeds")


def test_the_list_says_how_many_there_are_and_what_each_is(browser: Make, parts: Parts) -> None:
    parts.store.content.put([KETTLE])
    seen_at = parts.store.now()
    parts.store.content.record([Interaction(kind="view", url=KETTLE.url, at=seen_at, count=7)])
    parts.store.content.record([Interaction(kind="purchase", url=KETTLE.url, at=seen_at, count=3)])
    seen = browser("viewer").see("/content")
    for said in ("1 item that", "The latest change of one was", "Blue kettle kettle.jpg 39.50 kitchen kettles 7 3"):
        assert said in seen


def test_items_are_found_by_text_and_by_tag_page_by_page(browser: Make, parts: Parts) -> None:
    parts.store.content.put([Item(url=f"https://shop.example.com/{n}", title=f"Cup {n}", tags=("cups",)) for n in range(60)])
    parts.store.content.put([KETTLE])
    who = browser("viewer")
    assert "Blue kettle" in (seen := who.see("/content?text=WHISTLE&tag=") + who.see("/content?text=k-1"))
    assert "Nothing matches. 61 items are outside this filter." in seen
    first = who.get("/content?tag=cups").get_data(as_text=True)
    assert "Blue kettle" not in first and first.count(">Cup ") == 50
    assert (older := first.rpartition('href="/content?')[2].partition('"')[0]).startswith("tag=cups&amp;cursor=")
    assert who.get(f"/content?{older.replace('&amp;', '&')}").get_data(as_text=True).count(">Cup ") == 10


def test_one_item_is_shown_in_full_and_only_an_admin_removes_it(browser: Make, parts: Parts) -> None:
    parts.store.content.put([KETTLE])
    address = "/content/item?url=https%3A%2F%2Fshop.example.com%2Fkettle%3Fa%3D1%26b%3D2"
    admin, author = browser("admin"), browser("author")
    for said in ("Blue kettle", "It whistles.", "39.50", "K-1", '"colour"', "kettle.jpg"):
        assert said in author.see(address)
    assert author.post("/content/item/remove", {"url": KETTLE.url}).status_code == 403
    assert admin.post("/content/item/remove", {"url": KETTLE.url}).status_code == 303
    assert parts.store.content.count() == 0
    assert admin.get(address).status_code == admin.post("/content/item/remove", {"url": "none"}).status_code == 404
    assert f"removed the item {KETTLE.url}" in admin.see("/audit")


def test_a_look_keeps_nothing_and_an_import_keeps_what_is_right_and_says_what_is_wrong(browser: Make, parts: Parts) -> None:
    who = browser("admin")
    seen = words(_send(who, do="look"))
    for said in ("1 item: 1 would be added", "1 problem", "Line 3", "Row 2", "no whole number of cents"):
        assert said in seen
    assert parts.store.content.count() == 0
    assert "Imported own.csv" in (seen := words(_send(who, do="import"))) and "1 added" in seen
    assert [each.title for each in parts.store.content.search().items] == ["Tea cup"]
    assert "filled the content library from own.csv" in who.see("/audit")


def test_replacing_removes_what_the_feed_has_not_unless_it_has_a_problem(browser: Make, parts: Parts) -> None:
    parts.store.content.put([KETTLE])
    who = browser("admin")
    assert "Nothing was removed" in words(_send(who, do="import", replace="1"))
    assert parts.store.content.get(KETTLE.url) is not None
    whole = CSV.replace(b"much", b"900")
    assert "1 would be removed" in words(_send(who, whole, do="look", replace="1"))
    assert "1 removed" in words(_send(who, whole, do="import", replace="1"))
    assert parts.store.content.get(KETTLE.url) is None


@pytest.mark.parametrize(
    ("body", "name", "fields", "said"),
    [
        (b"", "", {}, "Choose the file"),
        (b"", "empty.csv", {}, "empty"),
        (b"PK\x03\x04", "a.zip", {}, "compressed"),
        (b"\x00\xff\xfe", "a.bin", {}, "no kind of feed"),
        (CSV, "own.csv", {"kind": "tar"}, "in the list"),
    ],
)
def test_what_cannot_be_read_is_said(browser: Make, parts: Parts, body: bytes, name: str, fields: Any, said: str) -> None:
    answer = _send(browser("admin"), body, name, do="import", **fields)
    assert answer.status_code == 422
    assert said in words(answer)
    assert parts.store.content.count() == 0


def test_a_file_that_is_too_large_is_said_and_not_read(browser: Make, parts: Parts) -> None:
    object.__setattr__(parts, "settings", replace(parts.settings, content_limit=1_000))
    who = browser("admin")
    answer = _send(who, CSV + b"x" * 1_000, do="import")
    assert answer.status_code == 413 and "larger than" in words(answer)
    answer = _send(who, CSV + b"x" * 3_000_000, do="import")
    assert answer.status_code == 413 and "larger than" in words(answer)
    assert who.post("/content/feeds/run", {"name": "x" * 3_000_000}).status_code == 413


def _feed(parts: Parts, **more: Any) -> None:
    facts = {"name": "products", "url": "https://feeds.example.com/p.xml?token=s3cret", "schedule": "every 60 minutes",
             "next_run": parts.store.now() + timedelta(hours=1)}  # fmt: skip
    parts.store.feeds.put(Feed(**(facts | more)))


def _run(parts: Parts, **more: Any) -> None:
    parts.store.feeds.hurry("products")
    taken = parts.store.feeds.take("wrk_1", lambda *_: parts.store.now() + timedelta(hours=1))
    assert taken is not None
    parts.store.feeds.finish(replace(taken[1], **more))


def test_feeds_say_when_they_run_and_what_the_last_run_came_to(browser: Make, parts: Parts) -> None:
    _feed(parts)
    who = browser("viewer")
    assert "It has not run yet." in who.see("/content/feeds")
    problem = Problem("feed.price", "Row 2 has no price.", None, "Write 3950.", 3)
    _run(parts, outcome="done", rows=3, created=3, problem_count=1, problems=(problem,))
    seen = who.see("/content/feeds")
    for said in ("products", "every 60 minutes", "3 items: 3 added", "Line 3: Row 2 has no price.", "Write 3950."):
        assert said in seen
    _run(parts, outcome="failed", error="the host does not answer")
    assert "It failed. The host does not answer." in (seen := who.see("/content/feeds"))
    assert "s3cret" not in seen and "Run now" not in seen


def test_only_an_admin_makes_a_feed_run_now(browser: Make, parts: Parts) -> None:
    _feed(parts)
    assert browser("publisher").post("/content/feeds/run", {"name": "products"}).status_code == 403
    assert parts.store.feeds.get("products").next_run > parts.store.now()
    admin = browser("admin")
    assert admin.post("/content/feeds/run", {"name": "products"}).status_code == 303
    assert parts.store.feeds.get("products").next_run <= parts.store.now()
    assert admin.post("/content/feeds/run", {"name": "product"}).status_code == 404
    assert "did not wait for the time of the feed products" in admin.see("/audit")


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_feed_says_stays_text(browser: Make, parts: Parts, attack: str) -> None:
    item = Item(url=attack, title=attack, description=attack, image=attack, images={attack: attack}, tags=(attack,),
                sku=attack, author=attack, vars={attack: attack})  # fmt: skip
    parts.store.content.put([item])
    _feed(parts, url=attack)
    _run(parts, outcome="failed", error=attack, problem_count=1, problems=(Problem(attack, attack, attack, attack, 1),))
    who = browser("admin")
    answers = [who.get("/content"), who.get("/content/item", query_string={"url": attack}), who.get("/content/feeds")]
    answers += [who.get("/content", query_string={"text": attack, "tag": attack})]
    answers += [
        _send(who, b"url,title,price\n,%s,%s\n" % ((attack.encode(),) * 2), name=attack.replace('"', "'"), do="look")
    ]
    for answer in answers:
        html = answer.get_data(as_text=True)
        assert answer.status_code == 200
        for markup in ("<script>alert", "<img src=x", "<svg/onload", "<i> and", 'href="javascript:'):
            assert markup not in html


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30, "\x00"])
def test_a_cursor_that_is_none_is_no_fault_of_ours(browser: Make, parts: Parts, cursor: str) -> None:
    parts.store.content.put([KETTLE])
    assert browser("viewer").get("/content", query_string={"cursor": cursor}).status_code in (200, 400)
