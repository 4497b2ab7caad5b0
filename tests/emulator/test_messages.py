"""`POST /v1/text/send` as Attentive keeps its rules: aloud, in silence, strictly, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TOKEN = "tok-pretend"
PHONE = "+12025550143"


def test_a_message_is_taken_and_reaches_the_phone(emulator: Any) -> None:
    answer = emulator.send()
    assert (answer.status_code, answer.json) == (200, {})
    assert emulator.texts() == ["Ada, order 8817 is packed."]
    assert emulator.notes() == []


def test_the_brand_stands_before_the_text(make: Callable[..., Any]) -> None:
    emulator = make(brand="Harbor & Pine")
    emulator.send()
    assert emulator.texts() == ["Harbor & Pine: Ada, order 8817 is packed."]


# Who may call


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic tok-pretend", "tok-pretend", "Bearer tok-other"])
def test_without_a_known_bearer_the_answer_is_401_without_a_body(emulator: Any, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = emulator.client.post("/v1/text/send", json={}, headers=headers)
    assert (answer.status_code, answer.data) == (401, b"")
    assert answer.headers["x-ratelimit-limit"] == "150"


def test_without_a_list_of_tokens_any_bearer_may_call(make: Callable[..., Any]) -> None:
    emulator = make(tokens=None)
    assert emulator.call("GET", "/v1/me", token="whatever").status_code == 200
    assert emulator.call("GET", "/v1/me", token=None).status_code == 401


def test_a_token_without_the_permission_gets_403(make: Callable[..., Any]) -> None:
    emulator = make(tokens={TOKEN: ["events:write"]})
    assert emulator.send().status_code == 403
    assert emulator.call("GET", "/v1/me").status_code == 200


def test_tokens_can_be_added_while_it_runs(emulator: Any) -> None:
    assert emulator.control("tokens", {"second": None, "third": ["events:write"]}).status_code == 200
    assert emulator.call("GET", "/v2/me", token="second").json["companyId"] == "CO-1"
    assert emulator.call("POST", "/v1/text/send", {}, token="third").status_code == 403


# How often


def test_150_calls_a_second_are_taken_and_the_151st_is_not(emulator: Any) -> None:
    answers = [emulator.send() for _ in range(151)]
    assert [each.status_code for each in answers] == [200] * 150 + [429]
    assert [each.headers["x-ratelimit-remaining"] for each in (answers[0], answers[149], answers[150])] == ["149", "0", "0"]
    assert answers[150].headers["x-ratelimit-limit"] == "150"
    assert len(emulator.texts()) == 150


def test_the_second_slides(emulator: Any) -> None:
    emulator.control("limits", {"/v1/text/send": 2})
    start = emulator.clock.now
    statuses = []
    for after in (0.0, 0.9, 0.95, 1.0, 1.5, 1.9):
        emulator.clock.now = start + after
        statuses.append(emulator.send().status_code)
    assert statuses == [200, 200, 429, 200, 429, 200]


def test_each_token_and_each_address_has_a_limit_of_its_own(make: Callable[..., Any]) -> None:
    emulator = make(tokens=["a", "b"])
    emulator.control("limits", {"/v1/me": 1})
    calls = [("a", "/v1/me"), ("a", "/v1/me"), ("b", "/v1/me"), ("a", "/v2/me")]
    assert [emulator.call("GET", path, token=token).status_code for token, path in calls] == [200, 429, 200, 200]


def test_reading_does_not_use_up_the_limit_of_writing_at_the_same_address(emulator: Any) -> None:
    for _ in range(20):
        assert emulator.call("GET", "/v1/subscriptions?email=ada%40example.com").status_code == 200
    body = {"user": {"email": "ada@example.com"}, "signUpSourceId": "1"}
    assert emulator.call("POST", "/v1/subscriptions", body).status_code == 202


def test_calls_of_strangers_use_up_nobodys_limit(emulator: Any) -> None:
    emulator.control("limits", {"/v1/me": 1})
    for _ in range(3):
        emulator.call("GET", "/v1/me", token="stranger")
    assert emulator.call("GET", "/v1/me").status_code == 200


# Rules that are kept aloud, in real mode and in strict mode

REFUSED = [
    ("phone", {"to": "12025550143"}),
    ("phone", {"to": "+1-202-555-0143"}),
    ("phone", {"to": "1 (202) 555 0143"}),
    ("phone", {"to": "+12025550143\n"}),
    ("phone", {"to": "+02025550143"}),
    ("fields", {"to": 12025550143}),
    ("one recipient", {"to": None}),
    ("one recipient", {"subscriberExternalId": 7001}),
    ("fields", {"to": None, "subscriberExternalId": "7001"}),
    ("fields", {"to": None, "subscriberExternalId": True}),
    ("fields", {"to": None, "subscriberExternalId": 2**63}),
    ("fields", {"subscriptionType": None}),
    ("fields", {"subscriptionType": "marketing"}),
    ("fields", {"body": None}),
    ("fields", {"body": "  "}),
    ("fields", {"body": ["Hi"]}),
    ("fields", {"useShortLinks": "false"}),
    ("fields", {"skipFatigue": 0}),
    ("fields", {"messageName": 5}),
    ("short links", {"useShortLinks": True}),
    ("short links", {"useShortLinks": True, "messageName": ""}),
    ("media", {"mediaUrl": ""}),
    ("media", {"mediaUrl": "ftp://img.example.com/a.jpg"}),
    ("media", {"mediaUrl": "img.example.com/a.jpg"}),
]


@pytest.mark.parametrize("mode", ["real", "strict"])
@pytest.mark.parametrize(("rule", "changes"), REFUSED)
def test_a_rule_that_is_kept_aloud_is_a_400_that_says_why(
    make: Callable[..., Any], rule: str, changes: dict[str, Any], mode: str
) -> None:
    emulator = make(mode=mode)
    answer = emulator.send(**changes)
    assert answer.status_code == 400
    assert answer.json["message"]
    assert (f"(rule {rule})" in answer.json["message"]) == (mode == "strict")
    assert emulator.notes() == [rule]
    assert emulator.texts() == []


@pytest.mark.parametrize(("rule", "changes"), REFUSED)
def test_a_rule_that_is_off_is_not_kept(make: Callable[..., Any], rule: str, changes: dict[str, Any]) -> None:
    emulator = make(mode="off")
    assert emulator.send(**changes).status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nope", b"\xff\xfe", b'{"to": NaN}', b"[" * 5000, b"1" * 5000, b"1e999", b'"\\ud800"']
)
def test_a_body_that_is_no_json_is_a_400(emulator: Any, body: bytes) -> None:
    assert emulator.call("POST", "/v1/text/send", body).status_code == 400


@pytest.mark.parametrize("body", [[], "text", 5, True])
def test_a_body_that_is_no_object_is_a_400(emulator: Any, body: Any) -> None:
    assert emulator.call("POST", "/v1/text/send", body).status_code == 400


def test_a_recipient_may_be_an_external_id_and_the_other_null(emulator: Any) -> None:
    body = {"to": None, "subscriberExternalId": 7001, "body": "Hi", "subscriptionType": "MARKETING"}
    assert emulator.call("POST", "/v1/text/send", body).status_code == 200
    assert emulator.machine.phones.latest_first()[0].shown == "subscriber 7001"


def test_links_are_shortened_on_request(emulator: Any) -> None:
    emulator.send(body="See https://example.com/o/8817 now", useShortLinks=True, messageName="order-packed")
    assert emulator.texts()[0].startswith("See https://s.example.com/")
    assert emulator.texts()[0].endswith(" now")


def test_the_21st_message_name_of_24_hours_is_refused(emulator: Any) -> None:
    names = [f"name-{number}" for number in range(20)]
    for name in names:
        assert emulator.send(messageName=name).status_code == 200
        emulator.clock.now += 60
    assert emulator.send(messageName="one-too-many").status_code == 400
    assert emulator.send(messageName="name-3").status_code == 200
    emulator.clock.now += 24 * 3600 - 60
    assert emulator.send(messageName="next-day").status_code == 200


def test_a_refused_message_does_not_use_up_a_name(emulator: Any) -> None:
    for number in range(30):
        emulator.send(messageName=f"name-{number}", to="bad")
    assert emulator.send(messageName="first").status_code == 200


# Rules that are kept in silence


@pytest.mark.parametrize("body", ["Hi {{ name }}", "Hi {", "}"])
def test_a_body_with_a_brace_is_taken_and_dropped_in_silence(emulator: Any, body: str) -> None:
    answer = emulator.send(body=body)
    assert (answer.status_code, answer.json) == (200, {})
    assert emulator.texts() == []
    assert emulator.notes() == ["braces"]


SILENT = [
    ("skipFatigue", {"skipFatigue": None}, True),
    ("useShortLinks", {"useShortLinks": None}, True),
    ("hidden fields", {"forceSend": True}, True),
    ("hidden fields", {"addSubscriber": True}, True),
    ("hidden fields", {"creativeId": 1}, True),
    ("unknown fields", {"colour": "blue"}, True),
    ("braces", {"body": "{"}, False),
]


@pytest.mark.parametrize(("rule", "changes", "arrives"), SILENT)
def test_a_rule_that_is_kept_in_silence_is_only_noted(
    emulator: Any, rule: str, changes: dict[str, Any], arrives: bool
) -> None:
    assert emulator.send(**changes).status_code == 200
    assert emulator.notes() == [rule]
    assert bool(emulator.texts()) == arrives


@pytest.mark.parametrize(("rule", "changes", "arrives"), SILENT)
def test_a_rule_that_is_kept_in_silence_is_a_400_in_strict_mode(
    emulator: Any, rule: str, changes: dict[str, Any], arrives: bool
) -> None:
    emulator.control("rules", {rule: "strict"})
    answer = emulator.send(**changes)
    assert answer.status_code == 400
    assert rule in answer.json["message"]


@pytest.mark.parametrize(("rule", "changes", "arrives"), SILENT)
def test_a_silent_rule_that_is_off_is_not_noted(emulator: Any, rule: str, changes: dict[str, Any], arrives: bool) -> None:
    emulator.control("rules", {"*": "strict", rule: "off"})
    assert emulator.send(**changes).status_code == 200
    assert emulator.notes() == []
    assert len(emulator.texts()) == 1


def test_a_body_that_does_not_come_as_json_is_noted_and_in_strict_mode_refused(emulator: Any) -> None:
    body = b'{"to":"+12025550143","body":"Hi","subscriptionType":"MARKETING","useShortLinks":false,"skipFatigue":false}'
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert emulator.call("POST", "/v1/text/send", body, headers=form).status_code == 200
    assert emulator.notes() == ["content type"]
    emulator.control("rules", {"content type": "strict"})
    assert emulator.call("POST", "/v1/text/send", body, headers=form).status_code == 400
    assert emulator.send().status_code == 200


def test_people_who_had_enough_get_nothing_unless_it_is_forced(emulator: Any) -> None:
    emulator.control("subscribers", {"contact": PHONE, "fatigued": True})
    assert emulator.send(skipFatigue=False).status_code == 200
    assert (emulator.texts(), emulator.notes()) == ([], ["fatigue"])
    assert emulator.send(skipFatigue=True).status_code == 200
    assert emulator.send(skipFatigue=None).status_code == 200
    assert len(emulator.texts()) == 2


def test_people_who_are_not_subscribed_for_the_type_get_nothing(make: Callable[..., Any]) -> None:
    emulator = make(everybody_subscribed=False)
    emulator.control("subscribers", {"contact": PHONE, "type": "TRANSACTIONAL", "subscribed": True})
    assert emulator.send(subscriptionType="TRANSACTIONAL").status_code == 200
    assert len(emulator.texts()) == 1
    assert emulator.send(subscriptionType="MARKETING").status_code == 200
    assert (len(emulator.texts()), emulator.notes()) == (1, ["eligible"])


def test_the_modes_can_be_read_and_wrong_ones_are_refused(emulator: Any) -> None:
    assert emulator.client.get("/_emulator/rules").json["rules"]["braces"]["mode"] == "real"
    assert "no rule" in emulator.control("rules", {"brases": "off"}).json["message"]
    assert "no mode" in emulator.control("rules", {"braces": "sometimes"}).json["message"]
    assert emulator.control("rules", ["braces"]).status_code == 400


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just(PHONE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    [
        "to",
        "subscriberExternalId",
        "subscriptionType",
        "body",
        "mediaUrl",
        "useShortLinks",
        "messageName",
        "skipFatigue",
        "x",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(changes=st.dictionaries(FIELDS, VALUES), mode=st.sampled_from(["real", "strict", "off"]))
def test_no_message_breaks_it(emulator: Any, changes: dict[str, Any], mode: str) -> None:
    emulator.control("rules", {"*": mode})
    emulator.clock.now += 1
    assert emulator.send(**changes).status_code in (200, 400)
    assert emulator.client.get("/").status_code == 200


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(body=st.binary() | VALUES, method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]), path=st.text(max_size=20))
def test_no_call_breaks_it(emulator: Any, body: Any, method: str, path: str) -> None:
    emulator.clock.now += 1
    for where in ("/v1/text/send", f"/v1/{path}"):
        assert emulator.call(method, where, body).status_code < 500
