"""Filters over a whole shelf say the same as the same filters asked of one item after another."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.content._ask import Ask, Filters
from service.content._shelf import Allowed, Shelf

TAGS = ["a", "b", "c", "d", "rare"]
some_tags = st.lists(st.sampled_from(TAGS), max_size=3, unique=True).map(tuple)
filters = st.builds(
    Filters, some_tags, some_tags, some_tags, some_tags, image_required=st.booleans(), allow_expired=st.booleans(),
    in_stock=st.booleans(),
)  # fmt: skip
items = st.fixed_dictionaries(
    {"tags": some_tags, "image": st.sampled_from(["", "x"]), "inventory": st.sampled_from([None, 0, 2])},
    optional={"expire_date": st.integers(0, 6)},
)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def shelf_of(shelved: list[dict[str, Any]]) -> Shelf:
    """Items whose numbers are ten times their places."""
    tagged = {tag: [at for at, each in enumerate(shelved) if tag in each["tags"]] for tag in TAGS}
    return Shelf(
        [10 * at for at in range(len(shelved))],
        tagged,
        [at for at, each in enumerate(shelved) if each["image"]],
        [at for at, each in enumerate(shelved) if each["inventory"] != 0],
        [(each["expire_date"], at) for at, each in enumerate(shelved) if "expire_date" in each],
    )


@given(st.lists(items, max_size=300), st.lists(st.tuples(filters, st.integers(0, 7)), max_size=4))
def test_a_shelf_and_an_item_are_filtered_alike(shelved: list[dict[str, Any]], asked: list[tuple[Filters, int]]) -> None:
    shelf = shelf_of(shelved)
    for each, now in asked:
        allowed = [at for at, item in enumerate(shelved) if each.admit(item, item["tags"], now)]
        found = shelf.allowed(each, now)
        assert list(found) == allowed
        for tag in TAGS:
            assert list(shelf.tagged(tag, found)) == [at for at in allowed if tag in shelved[at]["tags"]]


@given(some_tags, some_tags, some_tags, some_tags, some_tags)
def test_tags_are_filtered_as_sailthru_says(
    tags: tuple[str, ...], any_: tuple[str, ...], all_: tuple[str, ...], not_any: tuple[str, ...], not_all: tuple[str, ...]
) -> None:
    """`include_tags_any` and `include_tags_all` together are and; the two excludes are or."""
    has = set(tags)
    included = (not any_ or has & set(any_)) and has >= set(all_)
    excluded = (has & set(not_any)) or (not_all and has >= set(not_all))
    assert Filters(any_, all_, not_any, not_all).admit_tags(tags) == bool(included and not excluded)


@given(st.sets(st.integers(0, 2_999)))
def test_places_are_counted_found_and_listed(places: set[int]) -> None:
    allowed = Allowed(sum(1 << place for place in places), 3_000)
    assert list(allowed) == sorted(places)
    assert len(allowed) == len(places)
    assert [allowed[number] for number in range(len(places))] == sorted(places)
    assert list(allowed.among(range(3_000))) == sorted(places)


@given(st.dictionaries(st.sampled_from([*Ask.__slots__, "include_tags_any", "exclude_tags_all", "image_required"]), json))
def test_whatever_is_asked_is_read_within_bounds(asked: dict[str, Any]) -> None:
    ask = Ask.of(asked)
    assert 0 <= ask.size <= 100
    assert len(ask.custom_keys) <= 100
    assert ask.custom_key_type in ("url", "sku", "title", "content_id")
    assert len(ask.filters.include_any) <= 100
    assert (ask.content is None) == (type(asked.get("content")) is not list)
