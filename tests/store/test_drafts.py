"""Drafts: kept for one author at a time, and what their changes are tried on."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from service.errors import Conflict
from service.model import Policy, TemplateSource
from service.store import Store

MINE = TemplateSource(
    name="welcome", title="Welcome", action="attentive.messages.send", account="default", dialect="jinja", source="{{",
    policy=Policy(missing={"a": "b"}), samples={"ana": {"context": {"a": 1}, "expected": None}},
)  # fmt: skip


def test_a_draft_comes_back_as_it_was_saved(store: Store) -> None:
    kept = store.drafts.save(MINE, expected=0, base=3, by="ana")
    assert store.drafts.get("welcome") == kept
    assert (kept.template, kept.base, kept.saved_by) == (MINE, 3, "ana")
    assert store.drafts.get("other") is None
    assert store.drafts.names() == {"welcome"}


def test_who_saw_the_last_revision_saves_on_top(store: Store) -> None:
    first = store.drafts.save(MINE, expected=0, base=3, by="ana")
    second = store.drafts.save(replace(MINE, source="new"), expected=first.revision, base=3, by="jonas")
    assert second.revision > first.revision
    assert store.drafts.get("welcome") == second


@pytest.mark.parametrize("seen", [0, 1, 10**12])
def test_who_did_not_see_it_overwrites_nothing(store: Store, seen: int) -> None:
    first = store.drafts.save(MINE, expected=0, base=3, by="ana")
    with pytest.raises(Conflict):
        store.drafts.save(replace(MINE, source="theirs"), expected=seen, base=3, by="jonas")
    assert store.drafts.get("welcome") == first


def test_a_draft_that_was_published_meanwhile_is_not_brought_back(store: Store) -> None:
    first = store.drafts.save(MINE, expected=0, base=3, by="ana")
    assert store.drafts.discard("welcome", expected=first.revision)
    with pytest.raises(Conflict):
        store.drafts.save(MINE, expected=first.revision, base=3, by="jonas")
    assert store.drafts.get("welcome") is None


def test_only_the_draft_that_one_saw_is_discarded(store: Store) -> None:
    first = store.drafts.save(MINE, expected=0, base=3, by="ana")
    assert not store.drafts.discard("welcome", expected=first.revision + 1)
    assert store.drafts.get("welcome") == first


def test_the_last_contexts_are_those_of_real_calls_and_newest_first(store: Store, new_delivery: Any) -> None:
    new = new_delivery
    first = new(template="welcome", context=b'{"n": 1}')
    huge = new(template="welcome", context=json.dumps({"n": 10**30}).encode())
    store.deliveries.insert_many(
        [
            first,
            huge,
            new(template="other", context=b'{"n": 3}'),
            new(template="welcome", context=b'{"n": 4}', replay_of=first.id),
            new(template="welcome", context=b'"not readable"'),
            new(template="welcome", context=b'{"n": 5}', plan=first.id, step="second"),
            new(template="welcome"),
        ]
    )
    found = store.contexts.last("welcome", 50)
    assert [each.delivery for each in found] == sorted([first.id, huge.id], reverse=True)
    assert sorted(each.context["n"] for each in found) == [1, 10**30]
