"""`burgee deliveries`: finding out what happened to a message, and doing something about it."""

import re

import pytest

from service.model import NewDelivery, Status, new_id
from service.settings import Settings
from service.store import Store

PAYLOAD = b'{"to":"+12025550143","body":"Hello"}'


@pytest.fixture
def store(at_home, home):
    at_home("templates", "list")
    made = Store(Settings.from_environment(home))
    yield made
    made.close()


@pytest.fixture
def add(store):
    def add(status=Status.QUEUED, **facts):
        new = NewDelivery(
            id=facts.pop("id", None) or new_id("dlv"),
            status=status,
            account="default",
            action="attentive.messages.send",
            target=facts.get("template") or "attentive.messages.send",
            payload=facts.pop("payload", PAYLOAD),
            recipient="+12025550143",
            context=b'{"name":"Ada"}',
            **facts,
        )
        store.deliveries.insert_many([new])
        return new.id

    return add


def test_the_list_is_newest_first_filtered_and_paged(at_home, add):
    first, second, third = add(template="a"), add(template="b"), add(Status.ACCEPTED, template="a")
    page = at_home("deliveries", "list", "--limit", "2", "--json").json
    newest = sorted([first, second, third], reverse=True)  # within one millisecond, chance decides
    assert [each["id"] for each in page["data"]] == newest[:2]
    rest = at_home("deliveries", "list", "--cursor", page["next"], "--json").json
    assert ([each["id"] for each in rest["data"]], rest["next"]) == (newest[2:], None)
    found = at_home("deliveries", "list", "--status", "accepted", "--template", "a", "--since", "1h", "--json").json
    assert [each["id"] for each in found["data"]] == [third]
    assert at_home("deliveries", "list", "--until", "1h", "--json").json["data"] == []


def test_for_people_the_number_is_masked(at_home, add):
    add()
    assert "2025550143" not in at_home("deliveries", "list").out


def test_one_delivery_shows_what_came_in_and_what_it_became(at_home, add):
    shown = at_home("deliveries", "show", add(template="a", version=3, reason="because"), "--json").json
    assert shown["context"] == {"name": "Ada"}
    assert shown["payload"] == {"to": "+12025550143", "body": "Hello"}
    assert (shown["status"], shown["template"], shown["version"], shown["attempts"]) == ("queued", "a", 3, [])
    assert "queued (because)" in at_home("deliveries", "show", shown["id"]).out


@pytest.mark.parametrize("command", [("show",), ("cancel",), ("replay",)])
def test_a_delivery_that_is_not_there_exits_with_1(at_home, command):
    ran = at_home("deliveries", *command, "dlv_nope")
    assert ran.status == 1
    assert "dlv_nope" in ran.err


def test_what_waits_can_be_canceled_once(at_home, add):
    id = add()
    assert at_home("deliveries", "cancel", id, "--dry-run", "--json").json["status"] == "queued"
    assert at_home("deliveries", "cancel", id, "--json").json["status"] == "canceled"
    assert at_home("deliveries", "cancel", id).status == 1


def test_replay_sends_the_same_payload_again_as_a_new_delivery(at_home, add):
    id = add(Status.FAILED)
    assert at_home("deliveries", "replay", id, "--dry-run", "--json").json["would_replay"] == [id]
    (made,) = at_home("deliveries", "replay", id, "--json").json["replayed"]
    assert made["replay_of"] == id
    shown = at_home("deliveries", "show", made["id"], "--json").json
    assert (shown["replay_of"], shown["status"], shown["payload"]["body"]) == (id, "queued", "Hello")


def test_nothing_is_replayed_when_one_of_several_cannot_be(at_home, add):
    good, waiting = add(Status.FAILED), add()
    assert at_home("deliveries", "replay", good, waiting).status == 1
    assert len(at_home("deliveries", "list", "--json").json["data"]) == 2


def test_what_may_have_arrived_is_replayed_only_on_explicit_word(at_home, add):
    id = add(Status.UNKNOWN)
    assert at_home("deliveries", "replay", id).status == 1
    assert at_home("deliveries", "replay", "--status", "unknown").status == 1
    assert at_home("deliveries", "replay", id, "--unknown-too").status == 0


def test_bulk_replay_shows_first_what_it_would_touch_and_then_does_exactly_that(at_home, add):
    failed = {add(Status.FAILED) for _ in range(3)}
    add()
    seen = at_home("deliveries", "replay", "--since", "1h", "--json").json
    assert set(seen["would_replay"]) == failed
    assert (seen["by_status"], seen["left_out"]) == ({"failed": 3}, {"queued": 1})
    said = at_home("deliveries", "replay", "--since", "2026-01-01").out
    assert "Would send 3 again" in said
    assert len(at_home("deliveries", "list", "--json").json["data"]) == 4
    token = at_home("deliveries", "replay", "--status", "failed", "--json").json["token"]
    assert len(at_home("deliveries", "replay", "--status", "failed", "--confirm", token, "--json").json["replayed"]) == 3
    add(Status.FAILED)
    assert at_home("deliveries", "replay", "--status", "failed", "--confirm", token, "--json").status == 0  # as it was then
    assert len(at_home("deliveries", "list", "--json").json["data"]) == 8
    assert at_home("deliveries", "replay", "--status", "failed", "--confirm", "0.0").status == 1


@pytest.mark.parametrize("status", ["accepted", "refused", "queued"])
def test_what_is_unknown_is_settled_by_a_person(at_home, add, status):
    id = add(Status.UNKNOWN)
    assert at_home("deliveries", "settle", id, status, "--dry-run", "--json").json["status"] == "unknown"
    assert at_home("deliveries", "settle", id, status, "--json").json["status"] == status
    assert at_home("deliveries", "settle", id, status).status == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--status", "lost"),
        ("list", "--since", "yesterday"),
        ("list", "--limit", "0"),
        ("show",),
        ("replay",),
        ("replay", "dlv_x", "--status", "failed"),
        ("settle", "dlv_x", "expired"),
    ],
)
def test_wrong_usage_exits_with_2(at_home, arguments):
    assert at_home("deliveries", *arguments).status == 2


def test_a_cursor_that_is_none_is_said(at_home):
    ran = at_home("deliveries", "list", "--cursor", "x")
    assert ran.status in (1, 3)
    assert re.search("cursor", ran.err)


def test_purge_deletes_what_ended_long_ago_and_says_before_how_many(at_home, store, add):
    add(Status.ACCEPTED, id="dlv_" + "0" * 26)
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET finished_at = 1")
    asked = at_home("deliveries", "purge", "--older-than", "90d", "--dry-run")
    assert "Would delete 1 of the log's deliveries." in asked.out
    assert at_home("deliveries", "purge", "--older-than", "90d", "--json").json == {"purged": 1, "dry_run": False}
    assert at_home("deliveries", "purge", "--older-than", "90d", "--json").json["purged"] == 0
    assert at_home("deliveries", "purge").status == 2
    assert at_home("deliveries", "purge", "--older-than", "soon").status == 2
