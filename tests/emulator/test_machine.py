"""The machine behind a pretended vendor: the log, counts, faults on real sockets, and many callers at once."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from service.emulator import _wire, app, create_app
from service.emulator._faults import Fault, Faults
from service.emulator._ledger import Entry, Ledger, Second

TOKEN = "tok-pretend"
PATH = "/v1/text/send"
MESSAGE = {
    "to": "+12025550143",
    "body": "Hi",
    "subscriptionType": "MARKETING",
    "useShortLinks": False,
    "skipFatigue": False,
}


# The log


def test_the_log_says_what_arrived_and_what_was_answered_without_the_token(emulator: Any) -> None:
    emulator.call("POST", PATH, MESSAGE, headers={"X-Request-Id": "dlv_1"})
    (entry,) = emulator.client.get("/_emulator/requests").json["requests"]
    assert entry["method"] == "POST"
    assert entry["path"] == PATH
    assert entry["body"] == MESSAGE
    assert json.loads(entry["raw"]) == MESSAGE
    assert (entry["status"], entry["answer"], entry["phone"], entry["request_id"]) == (200, "{}", True, "dlv_1")
    assert entry["time"] == emulator.clock.now
    assert entry["headers"]["Authorization"] == "Bearer ***"
    assert TOKEN not in json.dumps(entry)


@pytest.mark.parametrize("header", [TOKEN, f"Basic {TOKEN}", f"Bearer  {TOKEN}", f"bearer {TOKEN} x", f"{TOKEN} x"])
def test_however_the_token_comes_it_is_not_in_the_log(emulator: Any, header: str) -> None:
    emulator.client.post(PATH, json={}, headers={"Authorization": header, "Cookie": TOKEN})
    text = emulator.client.get("/_emulator/requests").text
    assert text.count(TOKEN) == 0


def test_the_log_can_be_read_in_pages_and_by_recipient(emulator: Any) -> None:
    for number in range(10):
        emulator.clock.now += 1
        emulator.send(to=f"+1202555010{number % 2}")
    read = lambda query: emulator.client.get(f"/_emulator/requests?{query}").json  # noqa: E731
    numbers = lambda query: [each["number"] for each in read(query)["requests"]]  # noqa: E731
    first = read("after=0&limit=4")
    assert [each["number"] for each in first["requests"]] == [1, 2, 3, 4]
    assert numbers(f"after={first['next']}&limit=4") == [5, 6, 7, 8]
    assert read("after=10")["next"] == 10
    assert numbers("limit=2") == [9, 10]
    assert numbers(f"since={emulator.clock.now - 2}") == [8, 9, 10]
    assert numbers("to=%2B12025550101") == numbers("to=+12025550101") == [2, 4, 6, 8, 10]
    assert emulator.client.get("/_emulator/requests?after=x").status_code == 400


def test_the_log_forgets_the_oldest_and_its_counts_do_not() -> None:
    ledger = Ledger(keep=3, keep_bytes=1000)
    for number in range(5):
        ledger.add(entry(number, b"x"))
    assert [each.number for each in ledger.entries()] == [3, 4, 5]
    ledger.add(entry(9, b"y" * 998))
    assert [each.number for each in ledger.entries()] == [4, 5, 6] or ledger.stats()["kept"] == 3
    ledger.add(entry(10, b"z" * 900))
    assert ledger.stats()["kept"] == 1
    assert ledger.stats()["requests"] == 7


def entry(at: float, raw: bytes = b"", request_id: str | None = None) -> Entry:
    return Entry(
        number=0, time=at, method="POST", path=PATH, query="", headers={}, raw=raw, request_id=request_id, route=PATH
    )


def test_duplicates_are_counted_by_the_id_of_the_request(emulator: Any) -> None:
    for request_id in ("a", "b", "a", "a", "c"):
        emulator.call("POST", PATH, MESSAGE, headers={"X-Request-Id": request_id})
    stats = emulator.client.get("/_emulator/stats").json
    assert (stats["requests"], stats["duplicates"], stats["texts"]) == (5, 2, 5)
    assert stats["texts_again"] == 2
    assert stats["paths"][PATH] == {"requests": 5, "answers": {"200": 5}, "max_in_one_second": 5}


@given(st.lists(st.floats(min_value=0, max_value=5), max_size=60).map(sorted))
def test_the_busiest_second_is_the_busiest_of_all_seconds(times: list[float]) -> None:
    second = Second()
    for moment in times:
        second.add(moment)
    busiest = max((sum(1 for other in times if moment - 1 < other <= moment) for moment in times), default=0)
    assert second.most == busiest


def test_unknown_addresses_are_logged_and_counted_together(emulator: Any) -> None:
    assert emulator.call("POST", "/v1/nope", {}).status_code == 404
    assert emulator.call("GET", PATH).status_code == 405
    assert emulator.client.get("/_emulator/stats").json["paths"]["(unknown)"]["requests"] == 2


def test_a_reset_forgets_everything(emulator: Any) -> None:
    emulator.send(messageName="a")
    emulator.control("faults", {"status": 500})
    emulator.control("rules", {"*": "off"})
    emulator.control("limits", {PATH: 0})
    assert emulator.control("reset", None).status_code == 200
    assert emulator.client.get("/_emulator/stats").json["requests"] == 0
    assert emulator.client.get("/_emulator/rules").json["rules"]["braces"]["mode"] == "real"
    assert emulator.client.get("/_emulator/requests").json["requests"] == []
    assert emulator.texts() == []
    assert emulator.send().status_code == 200


def test_a_body_that_is_too_large_is_a_413(emulator: Any) -> None:
    assert emulator.call("POST", PATH, b"x" * (8 * 1024 * 1024 + 1)).status_code == 413


# Faults, on real sockets


@pytest.fixture
def fault(server: Any) -> Iterator[Any]:
    def put(**said: Any) -> None:
        answer = requests.post(f"{server.url}/_emulator/faults", json={"path": PATH, **said}, timeout=5)
        assert answer.status_code == 201, answer.text

    yield put
    requests.delete(f"{server.url}/_emulator/faults", timeout=5)


def post(server: Any, timeout: float = 5, **changes: Any) -> requests.Response:
    return requests.post(
        server.url + PATH, json={**MESSAGE, **changes}, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=timeout
    )


def last(server: Any) -> Entry:
    found: Entry = server.machine.ledger.entries(limit=1)[0]
    return found


def test_a_status_is_answered_with_its_headers_and_nothing_is_carried_out(server: Any, fault: Any) -> None:
    fault(status=503, headers={"Retry-After": "1"}, body={"message": "maintenance"})
    answer = post(server)
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (503, "1", {"message": "maintenance"})
    assert "x-ratelimit-limit" in answer.headers
    assert (last(server).phone, last(server).status, last(server).fault) == (False, 503, "503")


def test_a_status_can_be_a_lie(server: Any, fault: Any) -> None:
    fault(status=504, carry_out=True)
    assert post(server).status_code == 504
    assert last(server).phone


def test_a_fault_counts_down(server: Any, fault: Any) -> None:
    fault(status=500, times=2)
    assert [post(server).status_code for _ in range(3)] == [500, 500, 200]


def test_a_fault_meets_only_what_it_fits(server: Any, fault: Any) -> None:
    fault(status=500, match={"to": "+12025550199"})
    assert post(server).status_code == 200
    assert post(server, to="+12025550199").status_code == 500


def test_a_delay_answers_later_and_ends_when_the_fault_is_taken_away(server: Any, fault: Any) -> None:
    fault(delay=600)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(post, server, 30)
        wait_for(lambda: server.machine.ledger.stats()["texts"] == 1)
        assert last(server).status is None
        requests.delete(f"{server.url}/_emulator/faults", timeout=5)
        assert answer.result(10).status_code == 200


def test_a_hang_carries_out_and_says_nothing_while_others_are_served(server: Any, fault: Any) -> None:
    fault(hang=True, times=40)
    with ThreadPoolExecutor(40) as pool:
        silent = [pool.submit(post, server, 20) for _ in range(40)]
        wait_for(lambda: server.machine.ledger.stats()["texts"] == 40)
        assert post(server).status_code == 200
        assert not any(each.done() for each in silent)
        released = requests.delete(f"{server.url}/_emulator/faults", timeout=5).json()["released"]
        assert released == 40
        for each in silent:
            with pytest.raises(requests.ConnectionError):
                each.result(10)


@pytest.mark.parametrize(("when", "carried_out"), [(True, True), ("after", True), ("before", False)])
def test_a_dropped_call_has_no_answer(server: Any, fault: Any, when: Any, carried_out: bool) -> None:
    fault(drop=when)
    with pytest.raises(requests.ConnectionError):
        post(server)
    assert (last(server).status, last(server).phone, last(server).carried_out) == (None, carried_out, carried_out)


def test_garbage_is_a_200_whose_body_is_no_json(server: Any, fault: Any) -> None:
    fault(garbage=True)
    answer = post(server)
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert last(server).phone


def test_garbage_can_be_no_http_at_all(server: Any, fault: Any) -> None:
    fault(garbage="http")
    with pytest.raises(requests.ConnectionError):
        post(server)


def test_a_limit_is_kept_beside_other_faults(server: Any, fault: Any) -> None:
    fault(limit=2)
    answers = [post(server) for _ in range(4)]
    assert [each.status_code for each in answers].count(200) >= 2
    assert answers[0].headers["x-ratelimit-limit"] == "2"
    fault(status=500)
    assert post(server).status_code == 500


def test_faults_can_be_read_and_taken_away(server: Any, fault: Any) -> None:
    fault(status=500, times=3)
    (held,) = requests.get(f"{server.url}/_emulator/faults", timeout=5).json()["faults"]
    assert (held["status"], held["times"], held["path"]) == (500, 3, PATH)
    requests.delete(f"{server.url}/_emulator/faults", timeout=5)
    assert post(server).status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        {},
        {"path": PATH},
        {"statsu": 500},
        {"status": 100},
        {"status": "500"},
        {"status": True},
        {"delay": -1},
        {"delay": "1"},
        {"delay": 1e9},
        {"hang": "yes"},
        {"drop": "sometimes"},
        {"garbage": 5},
        {"limit": -1},
        {"times": 0, "status": 500},
        {"status": 500, "headers": {"a": "b\r\nc: d"}},
        {"status": 500, "headers": {"a b": "c"}},
        {"status": 500, "match": []},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_with_a_sentence(emulator: Any, said: Any) -> None:
    answer = emulator.control("faults", said)
    assert answer.status_code == 400
    assert answer.json["message"].endswith(".")


FAULT = st.dictionaries(
    st.sampled_from(["path", "method", "match", "status", "headers", "body", "delay", "hang", "drop", "limit", "times"]),
    st.none() | st.booleans() | st.integers() | st.text() | st.floats() | st.dictionaries(st.text(), st.text(), max_size=2),
)


@given(said=FAULT)
def test_any_fault_is_understood_or_refused(said: dict[str, Any]) -> None:
    try:
        fault = Fault.read(said)
    except ValueError:
        return
    assert fault.name
    assert isinstance(fault.carries_out, bool)


def test_many_calls_share_the_times_of_one_fault() -> None:
    faults = Faults()
    faults.add({"status": 500, "times": 100})
    with ThreadPoolExecutor(8) as pool:
        met = list(pool.map(lambda _: faults.take("POST", PATH, None) is not None, range(400)))
    assert met.count(True) == 100
    assert faults.none


def test_a_server_without_connections_to_give_says_so(emulator: Any) -> None:
    """Such as a test client."""
    emulator.control("faults", {"hang": True})
    assert emulator.send().status_code == 500
    assert "does not hand out" in emulator.machine.ledger.entries()[-1].notes[-1][1]


def test_only_so_many_silent_connections_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wire, "MOST_KEPT", 2)
    silent = _wire.Silent()
    pairs = [socket.socketpair() for _ in range(3)]
    for one, _ in pairs:
        silent.keep(one)
    pairs[0][1].settimeout(5)
    assert pairs[0][1].recv(1) == b""
    assert silent.release() == 2
    for _, other in pairs:
        other.close()


# Many callers


def test_many_callers_at_once_get_what_the_limit_allows_and_every_call_is_logged(server: Any) -> None:
    requests.post(f"{server.url}/_emulator/limits", json={PATH: 100_000}, timeout=5)

    def caller(number: int) -> list[int]:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {TOKEN}"
            return [session.post(server.url + PATH, json={**MESSAGE, "body": f"{number}"}).status_code for _ in range(25)]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for several in pool.map(caller, range(8)) for status in several]
    assert statuses == [200] * 200
    stats = server.machine.ledger.stats()
    assert (stats["requests"], stats["texts"]) == (200, 200)
    (phone,) = server.machine.phones.latest_first()
    assert phone.total == 200
    assert [each.number for each in server.machine.ledger.entries(limit=300)] == list(range(1, 201))


def test_many_callers_at_once_never_get_more_than_the_limit_in_a_second(server: Any) -> None:
    requests.post(f"{server.url}/_emulator/limits", json={PATH: 40}, timeout=5)

    def caller(_: int) -> int:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {TOKEN}"
            return [session.post(server.url + PATH, json=MESSAGE).status_code for _ in range(40)].count(200)

    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(caller, range(8)))
    times = [each.time for each in server.machine.ledger.entries(limit=500) if each.status == 200]
    assert taken == len(times) >= 40
    assert max(sum(1 for other in times if moment - 0.99 < other <= moment) for moment in times) <= 40


# How it starts


def test_the_environment_says_who_may_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def may(token: str) -> bool:
        return app().test_client().get("/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200

    monkeypatch.delenv("BURGEE_EMULATOR_TOKENS", raising=False)
    monkeypatch.delenv("BURGEE_ATTENTIVE_TOKEN", raising=False)
    assert may("anything")
    monkeypatch.setenv("BURGEE_ATTENTIVE_TOKEN", "one")
    assert may("one")
    assert not may("anything")
    monkeypatch.setenv("BURGEE_EMULATOR_TOKENS", "two, three")
    assert may("two")
    assert may("three")
    assert not may("one")


def test_the_environment_says_how_rules_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURGEE_EMULATOR_MODE", "strict")
    assert app().extensions["emulator"].rules.mode("braces") == "strict"
    monkeypatch.setenv("BURGEE_EMULATOR_MODE", "weird")
    with pytest.raises(ValueError, match="no mode"):
        app()


def test_every_rule_says_what_it_means() -> None:
    for means in create_app().extensions["emulator"].rules.known.values():
        assert means.endswith(".")


def wait_for(true: Any) -> None:
    until = time.monotonic() + 10
    while not true():
        assert time.monotonic() < until
        threading.Event().wait(0.01)
