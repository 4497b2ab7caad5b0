"""A real call as a sample: the shape stays, the person goes."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.authoring.anonymous import anonymous

CALL: dict[str, Any] = {
    "greeting": "Dear Wilhelmina, write to w.k@shop.example or call (213) 867-5309",
    "profile": {
        "id": "5f3c9a",
        "keys": {"sms": "+12138675309", "email": "w.k@shop.example", "extid": 99120},
        "vars": {"first_name": "Wilhelmina", "Last Name": "Krause", "birthday": "1961-04-30", "points": 320},
        "address": {"street": "17 Elm Road", "zip": 90210, "city": "Los Angeles"},
        "phones": [2138675309, "213 867 5309"],
    },
    "event": {"at": 1796000000, "name": "Spring sale", "day": "2026-11-20", "last": "2026-11-20T10:00:00Z"},
}


def test_numbers_addresses_names_and_identifiers_are_replaced_and_nothing_else() -> None:
    made = anonymous(CALL)
    text = json.dumps(made.context)
    for personal in ("Wilhelmina", "Krause", "867", "w.k@", "shop.example", "Elm", "90210", "1961", "99120", "5f3c9a"):
        assert personal not in text, personal
    assert made.context["event"] == CALL["event"]
    assert made.context["profile"]["vars"]["points"] == 320
    assert made.context["profile"]["address"]["city"] == "Los Angeles"


def test_the_same_value_becomes_the_same_stand_in_in_every_place_and_keeps_its_type() -> None:
    context = anonymous(CALL).context
    number = context["profile"]["keys"]["sms"]
    assert re.fullmatch(r"\+1202555010\d|\+120255501\d\d", number)
    assert context["profile"]["phones"] == [int(number[1:]), number]
    assert context["greeting"] == f"Dear Ana, write to person1@example.com or call {number}"


def test_everything_that_was_replaced_is_told_with_its_place() -> None:
    told = {each.pointer: each.kind for each in anonymous(CALL).replaced}
    assert told["/profile/keys/sms"] == "a phone number"
    assert told["/profile/vars/first_name"] == "a first name"
    assert told["/profile/vars/Last Name"] == "a last name"
    assert told["/profile/address/street"] == "a street"


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["name", "first_name", "x", "zip"]), inner),
    max_leaves=20,
)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else type(value)


@given(DATA)
def test_whatever_came_keeps_its_shape(value: Any) -> None:
    assert shape(anonymous({"profile": value}).context) == shape({"profile": value})


@given(st.from_regex(r"\+1[2-9]\d{2}[2-9]\d{6}", fullmatch=True), st.emails())
def test_no_number_and_no_address_is_left_in_any_text(number: str, email: str) -> None:
    text = json.dumps(anonymous({"note": f"call {number} now", "m": number, "mail": f"{email} "}).context)
    assert number not in text
    assert not re.search(r"@(?!example\.com)[\w-]+\.\w", text)
