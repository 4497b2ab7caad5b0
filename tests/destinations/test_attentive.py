"""Attentive's words and what its answers mean; and what every destination must offer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import destinations
from service.destinations import Answer, attentive, destination
from service.destinations._answer import retry_after_s
from service.errors import NotFound

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["message", "error", "id", "other"]), inner),
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "a", "error": {"message": "b"}}, "a"),
        ({"error": {"id": 1, "message": "b"}}, "b"),
        ({"error": "c"}, "c"),
        ({"message": "", "error": "c"}, "c"),
        ({"message": 5, "error": {"message": None}}, '{"message": 5, "error": {"message": null}}'),
        ({}, None),
        ([], None),
    ],
)
def test_the_vendors_words_are_looked_for_in_the_documented_order(body: Any, said: str | None) -> None:
    assert attentive.message(json.dumps(body)) == said


@pytest.mark.parametrize("body", ["<html>\x00 502", "{broken", "[" * 100_000, "NaN"])
def test_a_body_that_is_no_json_is_its_own_words(body: str) -> None:
    assert attentive.message(body)


@given(JSON.map(json.dumps) | st.text())
def test_any_body_has_words_or_none_and_they_are_short(body: str) -> None:
    said = attentive.message(body)
    assert said is None or 0 < len(said) <= 301


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (400, "not valid"),
        (401, "does not know the account's token"),
        (403, "the permission that the action needs"),
        (404, "base URL"),
        (307, "never followed"),
        (418, "refused it (418)"),
        (500, "problem of its own (500)"),
        (504, "may have arrived"),
    ],
)
def test_a_status_is_explained_in_words_that_say_what_to_do(status: int, word: str) -> None:
    said = attentive.explain(Answer(kind="answered", status=status, message="Their words"))
    assert word in said
    assert said.endswith("Attentive said: Their words")


@pytest.mark.parametrize(
    ("action", "permission"),
    [
        ("attentive.messages.send", "Messages"),
        ("attentive.events.purchase", "Ecommerce"),
        ("attentive.segments.add-members", "Segments (write)"),
        ("attentive.attributes.set-user", 'Subscribers (write)" and "Custom Attributes'),
    ],
)
def test_a_missing_permission_is_named(action: str, permission: str) -> None:
    """S1-4, S4-4."""
    said = attentive.explain(Answer(kind="answered", status=403), action)
    assert f'lacks a permission (403). In Attentive, give the app the permission "{permission}".' in said


def test_what_an_action_says_of_an_answer_takes_the_place_of_the_usual_advice() -> None:
    said = attentive.explain(Answer(kind="answered", status=401, message="No"), "attentive.me", "Write to them.")
    assert said == "Attentive does not know the account's token (401). Write to them. Attentive said: No"


def test_too_many_calls_names_the_limit_and_the_wait() -> None:
    headers = {"x-ratelimit-limit": "150", "retry-after": "2"}
    said = attentive.explain(Answer(kind="answered", status=429, headers=headers))
    assert "150 a second" in said
    assert "wait 2 s" in said


def test_accepted_is_not_called_delivered() -> None:
    said = attentive.explain(Answer(kind="answered", status=202))
    assert "not yet mean" in said
    assert "delivered" not in said


def test_what_was_not_sent_and_what_may_have_arrived_are_told_apart() -> None:
    assert "Nothing was sent" in attentive.explain(Answer(kind="not_sent", error="connection refused"))
    assert "may have arrived" in attentive.explain(Answer(kind="no_answer", error="no answer within 10 s"))


@given(
    kind=st.sampled_from(["answered", "not_sent", "no_answer"]),
    status=st.none() | st.integers(100, 999),
    headers=st.dictionaries(
        st.sampled_from(["retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "date"]), st.text()
    ),
)
def test_any_answer_has_a_meaning(kind: Any, status: int | None, headers: dict[str, str]) -> None:
    answer = Answer(kind=kind, status=status, headers=headers)
    assert attentive.explain(answer)
    assert answer.retry_after_s is None or answer.retry_after_s >= 0
    assert answer.rate_limit is None or answer.rate_limit >= 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0.0), ("120", 120.0), ("-1", None), ("1.5", None), ("", None), ("9" * 5000, None), ("٣", None)],
)
def test_seconds_to_wait_are_whole_or_not_there(text: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": text}) == seconds


def test_a_date_to_wait_for_that_is_past_means_no_wait() -> None:
    date = "Tue, 03 Feb 2026 09:00:00 GMT"
    assert retry_after_s({"retry-after": date, "date": "Tue, 03 Feb 2026 10:00:00 GMT"}) == 0.0


@pytest.mark.parametrize("name", destinations.names())
def test_every_destination_offers_the_same(name: str) -> None:
    module = destination(name)
    assert module.TITLE
    assert module.BASE_URL.startswith("https://")
    assert module.message("words") == "words"
    assert module.explain(Answer(kind="answered", status=200))


def test_an_unknown_destination_is_not_found_with_the_nearest_name() -> None:
    with pytest.raises(NotFound) as caught:
        destination("attentiv")
    assert caught.value.hint == "Did you mean attentive?"
