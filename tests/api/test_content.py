"""The content library over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from service.store.feeds import Feed

SHOP = "https://shop.example.com/"
ITEM = f"/v1/content/item?url={quote(SHOP + 'a?b=c&d=é', safe='')}"
CSV = f"url,title,cost\n{SHOP}a,A,39.50\n{SHOP}b,B,soon\n"


@pytest.fixture
def reader(caller):
    return caller("read")


def test_an_item_is_put_shown_listed_and_removed_by_its_address(admin, reader):
    put = admin.put(ITEM, json={"title": "Kettle", "price": 3950, "tags": ["Blue Kettle"], "weight": 75})
    assert put.status_code == 200
    assert put.json["url"] == f"{SHOP}a?b=c&d=é"
    assert put.json["vars"] == {"weight": 75}
    assert reader.get(ITEM).json == put.json
    assert reader.get("/v1/content?tag=blue-kettle&text=kett").json == {"data": [put.json], "next": None}
    assert admin("DELETE", ITEM).json == put.json
    assert reader.get(ITEM).status_code == admin("DELETE", ITEM).status_code == 404


def test_what_is_no_item_is_told_all_at_once(admin):
    answer = admin.put("/v1/content/item?url=no", json={"price": "39.50", "date": "soon"})
    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json["problems"]} == {"/url", "/price", "/date"}
    assert answer.json["problems"][0]["detail"].startswith("The item has")
    assert admin.put("/v1/content/item", json={}).status_code == 400


def test_pages_lead_on_to_one_another(admin, reader):
    admin.post("/v1/content:import", data=json.dumps([{"url": f"{SHOP}{number}"} for number in range(5)]))
    page = reader.get("/v1/content?limit=3")
    assert len(page.json["data"]) == 3
    assert len(reader.get(page.headers["Link"].partition(">")[0][1:]).json["data"]) == 2


def test_a_feed_of_any_content_type_fills_the_library_and_its_problems_are_said(admin):
    answer = admin.post("/v1/content:import?map=cost=amount", data=CSV, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200
    assert (answer.json["kind"], answer.json["created"], answer.json["problem_count"]) == ("csv", 1, 1)
    assert answer.json["problems"][0]["line"] == 3
    dry = admin.post("/v1/content:import?dry_run=true&replace=true", json=[{"url": f"{SHOP}c"}])
    assert (dry.json["created"], dry.json["removed"]) == (1, 1)
    assert admin.get("/v1/content").json["data"][0]["price"] == 3950


def test_a_feed_that_is_none_or_a_mapping_to_nothing_is_refused(admin):
    assert admin.post("/v1/content:import", data=b"hello").status_code == 400
    assert admin.post("/v1/content:import", data=b"").status_code == 400
    assert admin.post("/v1/content:import?kind=pdf", data=CSV).status_code == 400
    assert admin.post("/v1/content:import?map=cost=prize", data=CSV).status_code == 422


def test_a_feed_may_be_larger_than_a_hooks_body_but_not_than_its_own_limit(admin, parts):
    items = [{"url": f"{SHOP}{number}", "title": "x" * 500} for number in range(200)]
    assert parts.settings.body_limit < len(json.dumps(items))
    assert admin.post("/v1/content:import", json=items).json["created"] == 200
    object.__setattr__(parts.settings, "content_limit", 1_000)
    assert admin.post("/v1/content:import", json=items).status_code == 413


def test_a_flow_counts_views_and_purchases(admin, flow, parts):
    admin.put(ITEM, json={})
    url = f"{SHOP}a?b=c&d=é"
    given = [
        {"kind": "view", "url": url, "person": "ada-1"},
        {"kind": "purchase", "url": url, "count": 3, "at": "2026-01-31T09:00:00Z"},
        {"kind": "view", "url": f"{SHOP}none"},
    ]
    answer = flow.post("/v1/content/interactions", json={"interactions": given})
    assert (answer.status_code, answer.json) == (200, {"counted": 2, "unknown": 1})
    (facts,) = parts.store.content.facts()
    assert (facts.views, facts.purchases) == (1, 3)


@pytest.mark.parametrize(
    "interaction",
    [
        {"kind": "look", "url": SHOP},
        {"kind": "view"},
        {"kind": "view", "url": SHOP, "count": 0},
        {"kind": "view", "url": SHOP, "at": "2026-02-30T09:00:00Z"},
    ],
)
def test_what_is_no_interaction_is_refused_with_its_place(flow, interaction):
    answer = flow.post("/v1/content/interactions", json={"interactions": [{"kind": "view", "url": SHOP}, interaction]})
    assert answer.status_code == 422
    assert answer.json["problems"][0]["pointer"].startswith("/interactions/1")


def test_keys_may_do_what_their_scope_says(caller):
    assert caller("read").put(ITEM, json={}).status_code == 403
    assert caller("hooks").post("/v1/content:import", data=CSV).status_code == 403
    assert caller("hooks").get("/v1/content").status_code == 403
    assert caller("read").post("/v1/content/interactions", json={"interactions": []}).status_code == 403
    limited = caller("hooks", templates=["hello"])
    assert (
        limited.post("/v1/content/interactions", json={"interactions": [{"kind": "view", "url": SHOP}]}).status_code == 403
    )


def test_feeds_are_listed_with_their_last_run_and_without_secrets(reader, parts):
    now = datetime.now(UTC)
    store = parts.store.feeds
    store.put(Feed(name="products", url=f"{SHOP}feed?token=s3cret", schedule="every 5 minutes", next_run=now))
    (feed,) = reader.get("/v1/content/feeds").json["data"]
    assert (feed["name"], feed["url"], feed["last_run"]) == ("products", f"{SHOP}feed?...", None)
    _, run = store.take("w1", lambda *_: now.replace(year=2100))
    store.finish(run)
    (feed,) = reader.get("/v1/content/feeds").json["data"]
    assert feed["last_run"]["rows"] == 0
    assert feed["next_run"].startswith("2100-")
