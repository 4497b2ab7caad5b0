"""Sailthru's postbacks: believed with key and signature, and followed where we know that it is the same person."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import NotSigned
from service.inbound import Call
from service.inbound.sailthru import is_signed, read, signature
from service.model import SubscriptionType
from tests.inbound.conftest import KEY, NOW, SECRET

MARKETING, TRANSACTIONAL, ALL = SubscriptionType.MARKETING, SubscriptionType.TRANSACTIONAL, SubscriptionType.ALL
FORM = {"email": "ada@example.com", "mode": "template", "optout": "1", "action": "optout", "api_key": KEY}
SIGNED = {**FORM, "sig": signature(SECRET, list(FORM.values()))}


def stopped(store, who="ada@example.com"):
    return {(each.type, each.account) for each in store.suppressions.page(who=who)[0]}


def test_the_published_vector_holds():
    values = ["123key", "json", '{"id":"neil@example.com"}']
    assert signature("abcsecret", values) == "fa5c79189b708199f3cf69f1cf8f7928"


@given(st.dictionaries(st.text("abc[]_", min_size=1), st.text(max_size=6), max_size=6))
def test_any_form_that_is_signed_is_believed_and_with_one_sign_changed_it_is_not(fields):
    form = {name: value for name, value in fields.items() if name not in ("sig", "api_key")} | {"api_key": KEY}
    signed = {**form, "sig": signature(SECRET, list(form.values()))}
    assert is_signed(Call(urlencode(signed).encode(), {}.get, NOW), lambda: KEY, SECRET)
    for name in form:
        forged = urlencode({**signed, name: signed[name] + "x"}).encode()
        assert not is_signed(Call(forged, {}.get, NOW), lambda: KEY, SECRET)


FORGED = (
    FORM,
    {**SIGNED, "sig": ""},
    {**SIGNED, "sig": "é"},
    {**SIGNED, "email": "bob@example.com"},
    {**SIGNED, "more": "1"},
    {**FORM, "sig": signature("another secret", list(FORM.values()))},
    {**SIGNED, "api_key": "another", "sig": signature(SECRET, [*list(FORM.values())[:-1], "another"])},
    {},
)


def test_a_forged_postback_is_refused_and_leaves_nothing(hear, store):  # S0-17
    for form in FORGED:
        with pytest.raises(NotSigned):
            hear("sailthru", "mail", urlencode(form).encode())
    assert (store.inbound.page()[0], stopped(store)) == ([], set())


@pytest.mark.parametrize("body", [b"", b"\xff=1", b"a=%ff", b"&" * 5000, b"{}"])
def test_what_is_no_form_is_not_believed(body):
    assert not is_signed(Call(body, {}.get, NOW), lambda: KEY, SECRET)


def test_nested_fields_are_signed_by_their_values(hear, store):
    form = {"email": "ada@example.com", "vars[name]": "Ada", "lists[VIP]": "1", "action": "update", "api_key": KEY}
    hear("sailthru", "mail", urlencode({**form, "sig": signature(SECRET, list(form.values()))}).encode())
    [event] = store.inbound.page()[0]
    assert (event.said, event.effect) == ("A profile was changed.", "Nothing here depends on it.")


MODES = (
    ({"mode": "template", "optout": "1"}, {MARKETING}),
    ({"mode": "basic", "optout": "1"}, {MARKETING}),
    ({"mode": "all", "optout": "1"}, {ALL}),
    ({"optout": "1"}, {MARKETING}),
    ({"optout": "1", "list": "Newsletter"}, set()),
    ({"optout": "0"}, set()),
)


def test_an_opt_out_holds_for_every_account_and_for_what_its_mode_says(sailthru, store):
    for number, (fields, types) in enumerate(MODES):
        sailthru("optout", email=f"ada{number}@example.com", **fields)
        assert stopped(store, f"ada{number}@example.com") == {(each, None) for each in types}, fields


def test_an_opt_in_ends_it_and_the_next_opt_out_holds_again(sailthru, store):
    for at, (optout, stands) in enumerate((("1", {(MARKETING, None)}), ("0", set()), ("1", {(MARKETING, None)}))):
        sailthru("optout", at=at, mode="template", optout=optout)
        assert stopped(store) == stands
        sailthru("optout", at=at, mode="template", optout=optout)
        assert stopped(store) == stands


def test_an_update_says_how_somebody_stands_now(sailthru, store):
    sailthru("update", at=0, optout_email="all")
    assert stopped(store) == {(ALL, None)}
    kept = sailthru("update", at=1, optout_email="basic")
    assert kept.effect == (
        "The person is suppressed for every account: MARKETING. "
        "The person is no longer suppressed for every account: TRANSACTIONAL."
    )
    assert stopped(store) == {(MARKETING, None)}
    sailthru("update", at=2, optout_email="none")
    assert stopped(store) == set()


def test_what_says_nothing_of_texts_is_kept_and_changes_nothing(sailthru, store):
    for action in ("hardbounce", "verify", "something new"):
        sailthru(action, send_id="s-1")
    assert {each.kind for each in store.inbound.page()[0]} == {"hardbounce", "verify", "something new"}
    assert stopped(store) == set()


def test_neither_key_nor_signature_is_kept(sailthru, store):
    sailthru("optout", optout="1")
    [event] = store.inbound.page()[0]
    assert dict(parse_qsl(event.body)) == {"email": "ada@example.com", "optout": "1", "action": "optout"}


@given(st.dictionaries(st.sampled_from(["email", "action", "mode", "optout", "list", "optout_email"]), st.text(max_size=9)))
def test_any_form_means_something(form):
    assert read(Call(urlencode(form).encode(), {}.get, NOW)).said
