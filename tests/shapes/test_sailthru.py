"""However a flow posts a profile, templates see one shape of it."""

from __future__ import annotations

import base64
import json
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import shapes
from service.shapes.sailthru import shape

AS_ZEPHYR_SEES_IT = {
    "id": "65a1b2c3d4e5f60718293a4b",
    "email": "ada@example.com",
    "lists": ["Newsletter", "VIP"],
    "lists_signup": {"Newsletter": 1735689600, "VIP": 1746057600},
    "vars": {"first_name": "Ada", "tier": "silver", "points": 320},
    "signup_time": 1735689600,
    "open_time": 1769900000,
    "purchase_time": 1769990000,
    "purchases": [
        {
            "id": "65c0ffee0000000000000001",
            "price": 7900,
            "qty": 2,
            "time": 1769990000,
            "items": [{"qty": 2, "title": "Blue kettle", "price": 3950, "id": "KIT-40-BLU", "tags": ["kitchen"]}],
        }
    ],
    "return_time": 1770000000,
    "returns": [{"id": "65c0ffee0000000000000002", "price": 3950, "qty": 1, "time": 1770000000, "items": []}],
    "purchase_incomplete": {"id": "65c0ffee0000000000000003", "price": 1250, "qty": 1, "time": 1770050000, "items": []},
    "optout": "basic",
    "keys": {"extid": "cust-551", "sms": "+12025550143", "twitter": "ada_example"},
}
AS_THE_USER_API_ANSWERS = {
    "keys": {"sid": "65a1b2c3d4e5f60718293a4b", "email": "ada@example.com", "extid": "cust-551", "sms": "+12025550143"},
    "vars": {"first_name": "Ada", "tier": "silver"},
    "lists": {"Newsletter": "Tue, 31 Dec 2024 19:00:00 -0500"},
    "engagement": "active",
    "optout_email": "none",
    "activity": {
        "signup_time": "Tue, 31 Dec 2024 19:00:00 -0500",
        "open_time": "Sat, 31 Jan 2026 17:53:20 -0500",
        "login_time": None,
    },
    "lifetime": {"lifetime_open": 18},
    "smart-lists": ["Lapsing"],
    "purchases": [],
    "purchase_incomplete": [],
}
KNOWN = ["profile", "keys", "vars", "lists", "lists_signup", "activity", "event", "return", "returns", "purchase_incomplete"]
NAMES = st.sampled_from([*KNOWN, "purchase", "signup_time", "sms", "email", "note", "note_b64", "x_b64_b64", "optout_email"])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["SGku", "Tue, 31 Dec 2024 19:00:00 -0500", "2025-01-01T00:00:00Z", "1735689600", "all"])
)
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=6), inner, max_size=5),
    max_leaves=20,
)
CONTEXTS = st.dictionaries(NAMES | st.text(max_size=6), ANY_JSON, max_size=6)


def seen(posted):
    return shape(posted).context


@given(CONTEXTS)
def test_any_data_is_taken_and_none_of_it_is_changed(posted):
    before = deepcopy(posted)
    assert isinstance(seen(posted), dict)
    assert posted == before


@given(CONTEXTS)
def test_what_it_made_is_what_it_makes_of_that_again(posted):
    once = seen(posted)
    assert seen(once) == once


@given(CONTEXTS)
def test_it_is_json_again(posted):
    json.dumps(seen(posted), allow_nan=False)


@given(st.dictionaries(st.text(max_size=8).map("x{}".format), LEAVES, max_size=6))
def test_fields_that_it_does_not_know_stay_as_they_came(unknown):
    fields = {name: value for name, value in unknown.items() if not name.endswith(("_b64", "_time"))}
    made = seen({"profile": {**fields, "vars": fields, "keys": fields}, **fields})
    assert made == {"profile": {**fields, "vars": fields, "keys": fields}, **fields}


def test_a_profile_in_the_shape_already_stays_equal():
    assert seen({"profile": AS_ZEPHYR_SEES_IT}) == {"profile": AS_ZEPHYR_SEES_IT}


def test_a_bare_profile_is_the_profile_and_stays_where_it_was():
    assert seen(AS_ZEPHYR_SEES_IT) == {**AS_ZEPHYR_SEES_IT, "profile": AS_ZEPHYR_SEES_IT}


@pytest.mark.parametrize("posted", [AS_THE_USER_API_ANSWERS, {"profile": AS_THE_USER_API_ANSWERS}])
def test_the_answer_of_the_user_api_becomes_a_profile_as_zephyr_sees_it(posted):
    profile = seen(posted)["profile"]
    assert (profile["id"], profile["email"]) == ("65a1b2c3d4e5f60718293a4b", "ada@example.com")
    assert (profile["lists"], profile["lists_signup"]) == (["Newsletter"], {"Newsletter": 1735689600})
    assert (profile["signup_time"], profile["open_time"]) == (1735689600, 1769900000)
    assert "login_time" not in profile
    assert "optout" not in profile
    assert profile["smart_lists"] == ["Lapsing"]
    assert profile["purchase_incomplete"] is None
    assert profile["activity"] == AS_THE_USER_API_ANSWERS["activity"]
    assert profile["lifetime"] == {"lifetime_open": 18}


def test_both_forms_of_time_are_seconds_and_a_time_that_does_not_exist_stays():
    profile = {
        "vars": {},
        "open_time": "Tue, 31 Dec 2024 19:00:00 -0500",
        "click_time": "2024-12-31T19:00:00-05:00",
        "signup_time": "1735689600",
        "view_time": "Tue, 31 Feb 2024 19:00:00 -0500",
        "last_time": 1735689600,
    }
    made = seen(profile)["profile"]
    assert {made[f"{name}_time"] for name in ("open", "click", "signup", "last")} == {1735689600}
    assert made["view_time"] == "Tue, 31 Feb 2024 19:00:00 -0500"


@pytest.mark.parametrize("posted", [{"return": [{"id": "r", "time": "9"}]}, {"return": {"id": "r", "time": "9"}}])
def test_returns_are_found_under_one_name(posted):
    assert seen({"profile": posted})["profile"]["returns"] == [{"id": "r", "time": 9}]


def test_of_several_purchases_that_were_begun_the_newest_is_seen_and_none_is_lost():
    begun = [{"id": "a", "time": 2}, {"id": "b", "time": "3"}, {"id": "c", "time": 1}]
    made = seen({"profile": {"purchase_incomplete": begun}})["profile"]
    assert made["purchase_incomplete"] == {"id": "b", "time": 3}
    assert [each["id"] for each in made["purchases_incomplete"]] == ["a", "b", "c"]


def test_an_empty_object_as_php_writes_it_is_one():
    assert seen({"profile": {"keys": [], "vars": []}}) == {"profile": {"keys": {}, "vars": {}}}


@pytest.mark.parametrize(
    "posted",
    [
        {"profile": {"vars": {}}, "event": {"name": "order_placed", "vars": {"order_no": 8817, "profile": "x"}}},
        {"id": "ada@example.com", "key": "email", "event": "order_placed", "vars": {"order_no": 8817, "keys": "x"}},
    ],
)
def test_event_variables_are_seen_by_their_bare_names_and_cover_nothing(posted):
    made = seen(posted)
    assert made["order_no"] == 8817
    assert {name: made[name] for name in posted} == posted
    assert made.keys() - posted.keys() == {"order_no"}


def test_a_name_that_is_there_is_not_covered_by_an_event_variable():
    assert seen({"total": 1, "event": {"vars": {"total": 2}}})["total"] == 1


@pytest.mark.parametrize("text", ['Ada "Countess"\nLovelace', "", "Grüße 😀", "a~b/c+d?>>>"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("change", [str, lambda coded: coded.rstrip("="), lambda coded: coded.replace("+", " ")])
def test_a_field_in_base64_is_seen_as_text_beside_it(text, encode, change):
    coded = change(encode(text.encode()).decode())
    made = shape({"profile": {"vars": {"note_b64": coded}}})
    assert made.context["profile"]["vars"] == {"note_b64": coded, "note": text}
    assert made.problems == ()


@pytest.mark.parametrize("coded", ["SGk*", "A", "/w==", 3, ["SGku"]])
def test_what_is_no_base64_is_a_problem_that_names_the_field(coded):
    made = shape({"profile": {"vars": {"note_b64": coded}}})
    [problem] = made.problems
    assert (problem.code, problem.pointer) == ("context.base64", "/profile/vars/note_b64")
    assert "'note_b64'" in problem.detail
    assert made.context["profile"]["vars"] == {"note_b64": coded}


def test_a_plain_field_goes_before_an_encoded_one():
    assert seen({"note": "plain", "note_b64": "SGku"}) == {"note": "plain", "note_b64": "SGku"}


def test_phone_and_mail_address_of_one_profile_are_evidence_of_one_person():
    made = shape({"keys": {"sms": "+12025550143", "email": "Ada@Example.com "}})
    assert (made.phone, made.email) == ("+12025550143", "ada@example.com")
    assert shape({"keys": {"sms": "+12025550143"}, "vars": {"email": "ada@example.com"}}).email is None


def test_what_is_no_profile_is_seen_as_it_was_posted():
    posted = {"to": "+12025550143", "signup_time": "1735689600"}
    assert seen(posted) == posted


def test_without_a_shape_a_template_sees_what_was_posted():
    assert shapes.shaped(None, AS_THE_USER_API_ANSWERS).context == AS_THE_USER_API_ANSWERS
