"""What holds for every algorithm, and then what each of them means, by example."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from service.content import Library, known
from service.model import Item
from service.rendering.services import ALGORITHMS
from service.store import Store
from tests.content.conftest import ADA, DAY, NOW, SECOND, SHOP, SOLD, item, picker, url

ALL = sorted(known())
HOSTILE: list[Any] = [
    None, True, -1, 0, 10**400, float("nan"), float("inf"), "", "\0", "'; DROP TABLE content_items; --", "\ud83d",
    "x" * 20_000, [], [[]], ["tea"] * 500, [None, 1, {}], {}, {"a": {"b": []}}, {1: 2},
]  # fmt: skip
KEYS = [url(each) for each in [*SOLD, "bare", "gone", "stale"]]


def asker(library: Library) -> Callable[..., list[str]]:
    pick = picker(library)

    def made(algorithm: Any, **asked: Any) -> list[str]:
        return pick(algorithm, **{"context_key": url("kettle"), "custom_keys": KEYS, "size": 100, **asked})

    return made


@pytest.fixture(scope="module")
def ask(busy: Store) -> Callable[..., list[str]]:
    """Recommendations of an algorithm that has all that it could need."""
    return asker(Library(busy))


def test_both_dialects_know_every_algorithm_and_no_other() -> None:
    assert frozenset(ALL) == ALGORITHMS


@pytest.mark.parametrize("name", ALL)
def test_every_algorithm_says_what_it_means(name: str) -> None:
    definition = (known()[name].__doc__ or "").strip()
    assert definition.startswith(f"{name.title()}: ")
    assert definition.endswith(".")


@pytest.mark.parametrize("name", ALL)
def test_as_many_items_come_as_are_asked_for_and_none_twice(ask: Any, name: str) -> None:
    everything = ask(name)
    assert 3 <= len(everything) <= 100
    assert len(set(everything)) == len(everything)
    for size in (0, 1, 2):
        assert ask(name, size=size) == (everything[:size] if name != "random" else ask(name, size=size))
        assert len(ask(name, size=size)) == size
    assert len(ask(name, size=-5)) == 0
    assert len(ask(name, size=None)) == min(5, len(everything))


@pytest.mark.parametrize("name", ALL)
def test_what_can_not_be_sold_is_left_out_unless_the_template_wants_it(ask: Any, name: str) -> None:
    assert {"bare", "gone", "stale"}.isdisjoint(ask(name))
    if name in ("context", "custom", "popular", "random"):  # the others leave out what Ada knows, or has no interest in
        assert "bare" in ask(name, image_required=False)
        assert "stale" in ask(name, allow_expired=True)
        assert "gone" not in ask(name, image_required=False, allow_expired=True)


@pytest.mark.parametrize("name", ALL)
def test_filters_of_tags_hold(ask: Any, name: str) -> None:
    tags = {each.url.rpartition("/")[2]: set(each.tags) for each in SHOP}
    everything = ask(name)
    for asked, holds in (
        ({"include_tags_any": ["tea", "home"]}, lambda has: has & {"tea", "home"}),
        ({"include_tags_all": ["kitchen", "tea"]}, lambda has: has >= {"kitchen", "tea"}),
        ({"include_tags_any": ["Sale"], "include_tags_all": "kitchen, tea"}, lambda has: has >= {"kitchen", "tea", "sale"}),
        ({"exclude_tags_any": ["sale", "metal"]}, lambda has: not has & {"sale", "metal"}),
        ({"exclude_tags_all": ["kitchen", "tea"]}, lambda has: not has >= {"kitchen", "tea"}),
        ({"exclude_tags_any": ["metal"], "exclude_tags_all": ["tea", "sale"]},
         lambda has: "metal" not in has and not has >= {"tea", "sale"}),
        ({"include_tags_all": ["no such tag"]}, lambda has: False),
    ):  # fmt: skip
        assert set(ask(name, **asked)) == {each for each in everything if holds(tags[each])}, asked


@pytest.mark.parametrize("name", ALL)
def test_the_same_call_gets_the_same_items_in_every_process(ask: Any, busy: Store, name: str) -> None:
    other = asker(Library(Store(busy.settings)))
    for seed in ("1", "2"):
        assert ask(name, seed=seed) == ask(name, seed=seed) == other(name, seed=seed)


@pytest.mark.parametrize("name", ALL)
def test_no_value_breaks_an_algorithm(ask: Any, name: str) -> None:
    whole = set(SOLD) | {"bare", "stale"}
    for value in HOSTILE:
        for parameter in (
            "size", "context_key", "context_key_type", "include_tags_any", "include_tags_all", "exclude_tags_any",
            "exclude_tags_all", "image_required", "allow_expired", "custom_keys", "custom_key_type", "include_vars",
        ):  # fmt: skip
            found = ask(name, **{parameter: value})
            assert set(found) <= whole
            assert len(found) <= 100


@pytest.mark.parametrize("name", ALL)
def test_no_context_breaks_an_algorithm(ask: Any, name: str) -> None:
    for value in HOSTILE:
        for context in (
            {"profile": value},
            {"profile": {"keys": value, "id": value, "purchases": value}},
            {"profile": {"keys": {"extid": value, "email": value}, "purchases": [value, {"time": value, "items": value}]}},
            {"profile": {"purchases": [{"time": value, "items": [value, {"url": value, "id": value}]}, {"items": [{}]}]}},
        ):
            assert set(ask(name, context=context)) <= set(SOLD)


@pytest.mark.parametrize("name", ALL)
def test_no_posted_item_breaks_an_algorithm(busy: Store, name: str) -> None:
    fields = ("url", "title", "tags", "image", "price", "expire_date", "inventory", "sku", "content_id", "vars")
    library = Library(busy)
    posted = [*HOSTILE, *({field: value} for field in fields for value in HOSTILE), {"url": url("mug")}, {"url": url("mug")}]
    asked = {"algorithm": name, "content": posted, "size": 100, "custom_keys": [url("mug")], "context_key": url("kettle")}
    for more in ({}, {"image_required": True, "allow_expired": False, "include_tags_any": ["tea"]}):
        found = library.personalize({**asked, **more}, context=ADA, now=NOW, seed="")
        assert len(found) <= 100
        assert all(type(each) is dict for each in found)
        assert sum(each.get("url") == url("mug") for each in found) <= 1


@pytest.mark.parametrize("name", ALL)
def test_a_posted_list_is_picked_from_instead_of_the_library(ask: Any, name: str) -> None:
    """S1-28: also by what the library does not know, and without being judged."""
    posted = [{"url": url(each), "tags": ["tea"]} for each in ("new", "mug", "teapot", "newer")]
    found = ask(name, content=posted, custom_keys=[each["url"] for each in posted])
    assert sorted(found) == ["mug", "new", "newer", "teapot"]
    assert len(ask(name, content=posted, custom_keys=[each["url"] for each in posted], size=2)) == 2
    assert ask(name, content=[]) == []


@pytest.mark.parametrize("name", sorted(set(ALL) - {"random"}))
def test_posted_items_of_which_nothing_is_known_stay_as_they_were_posted(name: str) -> None:
    """S1-28: without a library, too."""
    posted = [{"url": url(each), "title": each} for each in ("b", "c", "a")]
    asked = {"algorithm": name, "content": posted, "custom_keys": [each["url"] for each in posted]}
    assert Library().personalize(asked, context={}, now=NOW, seed="") == posted


@pytest.mark.parametrize("name", ALL)
def test_posted_items_are_judged_where_the_template_asks(ask: Any, name: str) -> None:
    posted = [
        {"url": url("1"), "image": "", "tags": ["tea"]},
        {"url": url("2"), "image": "x", "tags": ["tea"], "expire_date": SECOND - 1},
        {"url": url("3"), "image": "x", "tags": ["Tea"], "expire_date": SECOND + 60, "inventory": 0},
        {"url": url("4"), "image": "x", "tags": "home"},
    ]
    keys = {"custom_keys": [each["url"] for each in posted]}
    assert sorted(ask(name, content=posted, **keys)) == ["1", "2", "3", "4"]
    assert sorted(ask(name, content=posted, image_required=True, **keys)) == ["2", "3", "4"]
    assert sorted(ask(name, content=posted, allow_expired=False, **keys)) == ["1", "3", "4"]
    assert sorted(ask(name, content=posted, include_tags_any=["tea"], **keys)) == ["1", "2", "3"]


def test_an_algorithm_that_there_is_not_finds_nothing(ask: Any) -> None:
    for name in ("best", "", "_like", "__init__", None, 7, ["popular"]):
        assert ask(name) == []
    assert ask(" Popular ") == ask("popular")


def test_an_item_is_shown_as_sailthru_shows_it(library: Library) -> None:
    asked = {"algorithm": "custom", "custom_keys": [url("kettle"), url("vase")]}
    kettle, vase = library.personalize(asked, context={}, now=NOW, seed="")
    assert (kettle["price"], kettle["tags"], kettle["vars"], kettle["sku"]) == (
        3950,
        ["kitchen", "metal"],
        {"colour": "blue"},
        "SKU-kettle",
    )
    assert "price" not in vase
    assert "vars" not in library.personalize({**asked, "include_vars": False}, context={}, now=NOW, seed="")[0]


# -- popular


def test_popular_is_what_was_bought_most_then_viewed_most_then_the_newest(pick: Any, record: Any) -> None:
    assert pick("popular", size=10) == SOLD
    record("vase:50 rug:2")
    assert pick("popular", size=3) == ["vase", "rug", "kettle"]
    record("lamp:2 tin", kind="purchase", ago=90 * DAY)
    assert pick("popular", size=4) == ["lamp", "tin", "vase", "rug"]


def test_popular_puts_posted_items_in_its_order(pick: Any, record: Any) -> None:
    record("vase:50 rug:2")
    assert pick("popular", content=[{"url": url(n)} for n in ("new", "rug", "vase")]) == ["vase", "rug", "new"]


# -- trending


def test_trending_is_what_gained_most_in_the_week(pick: Any, record: Any) -> None:
    assert pick("trending") == []
    record("vase:50 rug:40 lamp:5 tin:5")
    record("vase:45 lamp:9 tin:5", ago=9 * DAY)
    assert pick("trending") == ["rug", "vase"]
    record("mug", kind="purchase")
    assert pick("trending") == ["mug", "rug", "vase"]
    assert pick("trending", content=[{"url": url(n)} for n in ("lamp", "vase", "rug")]) == ["rug", "vase", "lamp"]


def test_what_trends_depends_on_the_moment_of_the_render(pick: Any, record: Any) -> None:
    record("vase:50")
    record("rug:40", ago=8 * DAY)
    assert pick("trending") == ["vase"]
    assert pick("trending", now=NOW - timedelta(days=8)) == ["rug"]
    assert pick("trending", now=NOW + timedelta(days=30)) == []


# -- context


def test_context_is_what_goes_together_with_the_item(pick: Any, record: Any) -> None:
    for person in "abc":
        record("kettle mug", person)
    record("kettle tin", "a")
    record("kettle teapot", "d", kind="purchase")
    assert pick("context", context_key=url("kettle")) == ["teapot", "mug", "tin"]
    assert pick("context", context_key="SKU-kettle", context_key_type="sku") == ["teapot", "mug", "tin"]
    assert pick("context", context_key="Kettle", context_key_type="title") == ["teapot", "mug", "tin"]
    assert pick("context", context_key="c-1", context_key_type="content_id") == ["teapot", "mug", "tin"]
    assert pick("context", context_key=url("vase")) == []
    assert pick("context", context_key="no such item") == []
    assert pick("context") == []


def test_context_does_not_ask_who_it_is(pick: Any, record: Any) -> None:
    record("kettle mug", "a")
    record("mug", "ada", kind="purchase")
    assert pick("context", context_key=url("kettle"), context={}) == pick("context", context_key=url("kettle")) == ["mug"]


def test_context_ranks_a_posted_list_without_the_item_itself(pick: Any, record: Any) -> None:
    record("kettle mug", "a")
    posted = [{"url": url(n)} for n in ("kettle", "vase", "mug")]
    assert pick("context", context_key=url("kettle"), content=posted) == ["mug", "vase"]


# -- purchased and viewed


@pytest.mark.parametrize(("name", "kind"), [("purchased", "purchase"), ("viewed", "view")])
def test_what_is_like_what_the_person_has(pick: Any, record: Any, name: str, kind: Any) -> None:
    """First what goes together with it, then what shares its tags, the most of them first; never what they have already."""
    assert pick(name) == []
    record("teapot", "ada", kind=kind)
    assert pick(name) == ["mug", "kettle", "tin", "rug"]
    record("teapot rug", "b")
    record("teapot lamp", "c", kind="purchase")
    assert pick(name) == ["lamp", "rug", "mug", "kettle", "tin"]
    assert pick(name, context={"profile": {"email": "else@example.com"}}) == []


def test_purchased_knows_the_purchases_of_the_profile(pick: Any) -> None:
    for bought in ({"url": url("teapot")}, {"id": "SKU-teapot"}, {"sku": "SKU-teapot", "title": "Teapot"}):
        context = {"profile": {"purchases": [{"time": 5, "items": [bought]}]}}
        assert pick("purchased", context=context) == ["mug", "kettle", "tin", "rug"]
    assert pick("viewed", context=context) == []


@pytest.mark.parametrize("name", ["purchased", "viewed"])
def test_posted_items_that_the_person_has_are_left_out(pick: Any, record: Any, name: str) -> None:
    record("teapot", "ada")
    record("teapot", "ada", kind="purchase")
    posted = [{"url": url("x"), "tags": ["home"]}, {"url": url("teapot")}, {"url": url("y"), "tags": ["tea", "sale"]}]
    assert pick(name, content=posted) == ["y", "x"]


def test_a_person_is_known_by_any_name_of_the_profile(pick: Any, record: Any) -> None:
    for name in ("ada", "ada@example.com", "+12025550143"):
        record("teapot", name)
    for profile in (
        {"keys": {"extid": "ada"}},
        {"keys": {"email": "Ada@Example.com"}},
        {"keys": {"sms": "+1 (202) 555-0143"}},
        {"id": "ada"},
        {"email": "ada@example.com"},
    ):
        assert pick("viewed", context={"profile": profile}) == ["mug", "kettle", "tin", "rug"], profile


# -- interest


def test_interest_goes_by_the_tags_that_the_person_views_more_than_others_do(
    library: Library, pick: Any, record: Any
) -> None:
    record("mug:500 teapot:500 kettle:500 rug:10 vase:10")
    record("vase mug", "ada")
    assert pick("interest", size=7) == ["vase", "rug", "lamp", "mug", "teapot", "tin", "kettle"]
    interest = library.interests(ADA)
    assert interest("home") > interest("tea") > interest("metal")
    assert pick("interest", content=[{"url": url(n), "tags": [n]} for n in ("metal", "tea", "home")]) == [
        "home",
        "tea",
        "metal",
    ]


def test_of_whom_nothing_is_known_is_average(library: Library, pick: Any, record: Any) -> None:
    record("mug:500 teapot")
    for tag in ("tea", "sale", "no such tag", "\0"):
        assert library.interests({})(tag) == 1
    assert pick("interest", context={}, size=3) == ["mug", "teapot", "kettle"]


# -- random


def test_random_gives_every_item_its_chance_and_each_context_its_own(pick: Any) -> None:
    found = [tuple(pick("random", size=2, seed=str(seed))) for seed in range(60)]
    assert {each for both in found for each in both} == set(SOLD)
    assert len(set(found)) > 10
    assert pick("random", size=2, seed="7") == pick("random", size=2, seed="7")
    posted = [{"url": url(str(n))} for n in range(50)]
    assert pick("random", content=posted, seed="1") != pick("random", content=posted, seed="2")


# -- custom


def test_custom_gives_the_items_that_are_named_in_their_order(pick: Any) -> None:
    posted = [{"url": url(n), "sku": f"SKU-{n}", "title": n.title()} for n in ("kettle", "mug", "tin")]
    for kind, keys in (
        ("url", [url("tin"), url("kettle")]),
        ("sku", ["SKU-tin", "SKU-kettle"]),
        ("title", ["Tin", "Kettle"]),
        (None, [url("tin"), "no such item", url("kettle"), url("tin")]),
    ):
        assert pick("custom", custom_keys=keys, custom_key_type=kind) == ["tin", "kettle"]
        assert pick("custom", custom_keys=keys, custom_key_type=kind, content=posted) == ["tin", "kettle"]


def test_custom_takes_a_hundred_keys(store: Store, library: Library, pick: Any) -> None:
    many = [item(f"many-{n:03}") for n in range(120)]
    store.content.put(many)
    assert pick("custom", custom_keys=[each.url for each in many], size=200) == [f"many-{n:03}" for n in range(100)]


def test_items_with_the_same_key_are_told_apart_by_which_came_last(store: Store, pick: Any) -> None:
    store.content.put([Item(url=url("twin"), sku="SKU-mug", image="x")])
    assert pick("custom", custom_keys=["SKU-mug"], custom_key_type="sku") == ["twin"]
