"""The log by HTTP: found, looked into, sent again, stopped, settled."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

ADA = {"to": "+12025550143", "name": "Ada"}


@pytest.fixture
def sent(flow, monkeypatch):
    """Three queued, one rejected, one suppressed, as ids in this order, which two of one millisecond might not keep."""
    numbers = count()
    monkeypatch.setattr("service.delivery.prepare.new_id", lambda prefix: f"{prefix}_01m7yhdp{next(numbers):018}")
    contexts = [{**ADA, "name": str(number)} for number in range(3)] + [{**ADA, "to": "555"}]
    ids = [flow.post("/v1/hooks/hello", json=each).json["id"] for each in contexts]
    return [*ids, flow.post("/v1/hooks/choosy", json={"to": ""}).json["id"]]


def ended(parts, id, status):
    with parts.store.database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE deliveries SET status = ?, finished_at = created_at + 5 WHERE id = ?", (status, id)
        )


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json["data"]]


def test_the_newest_come_first_in_pages_that_link_to_the_next(admin, sent):
    first = admin.get("/v1/deliveries?limit=2")
    assert ids(first) == sent[:2:-1]
    link = first.headers["Link"]
    assert link.endswith('>; rel="next"')
    second = admin.get(link[1 : link.index(">")])
    assert ids(second) == sent[2:0:-1]
    third = admin.get("/v1/deliveries", query_string={"limit": 2, "cursor": second.json["next"]})
    assert ids(third) == sent[:1]
    assert third.json["next"] is None
    assert "Link" not in third.headers


def test_filters_narrow_the_list(admin, sent):
    assert ids(admin.get("/v1/deliveries?status=rejected")) == [sent[3]]
    assert ids(admin.get("/v1/deliveries?status=rejected&status=suppressed")) == [sent[4], sent[3]]
    assert ids(admin.get("/v1/deliveries?template=choosy")) == [sent[4]]
    assert ids(admin.get("/v1/deliveries?template=nobody")) == []
    assert ids(admin.get("/v1/deliveries?action=attentive.messages.send&account=default")) == sent[::-1]
    future = (datetime.now(UTC) + timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    assert ids(admin.get("/v1/deliveries", query_string={"since": future})) == []
    assert ids(admin.get("/v1/deliveries", query_string={"until": future})) == sent[::-1]


def test_the_link_keeps_the_filter(admin, sent):
    link = admin.get("/v1/deliveries?status=queued&limit=1").headers["Link"]
    assert "status=queued" in link
    assert ids(admin.get(link[1 : link.index(">")])) == [sent[1]]


@pytest.mark.parametrize(
    "query",
    ["status=gone", "limit=0", "limit=501", "limit=x", "cursor=x", "cursor=", "since=yesterday", "recipient=%2B12025550143"],
)
def test_a_filter_that_is_none_is_a_400(admin, query):
    answer = admin.get(f"/v1/deliveries?{query}")
    assert answer.status_code == 400
    assert "2025550143" not in answer.text


def test_recipients_are_masked_in_lists_and_searched_in_the_body(admin, sent):
    found = admin.post("/v1/deliveries:search", json={"recipient": "+12025550143", "limit": 2})
    assert ids(found) == sent[2:0:-1]
    assert "2025550143" not in found.text
    assert found.json["data"][0]["recipient"].endswith("0143")
    rest = admin.post("/v1/deliveries:search", json={"recipient": "+12025550143", "cursor": found.json["next"]})
    assert ids(rest) == sent[:1]
    assert ids(admin.post("/v1/deliveries:search")) == sent[::-1]


def test_a_whole_number_may_be_written_with_a_point(admin, sent):
    answer = admin.post("/v1/deliveries:search", data=b'{"limit": 2.0}', content_type="application/json")
    assert len(ids(answer)) == 2


def test_a_delivery_shows_what_came_in_and_what_it_became(admin, sent):
    shown = admin.get(f"/v1/deliveries/{sent[0]}").json
    assert shown["context"] == {**ADA, "name": "0"}
    assert shown["payload"]["body"] == "Hello 0"
    assert (shown["recipient"], shown["status"], shown["attempts"]) == ("+12025550143", "queued", [])
    assert datetime.fromisoformat(shown["created_at"]).tzinfo is not None


def test_a_rejected_delivery_shows_why(admin, sent):
    shown = admin.get(f"/v1/deliveries/{sent[3]}").json
    assert (shown["payload"], shown["problems"][0]["pointer"]) == (None, "/to")


def test_a_delivery_that_is_not_there_is_a_404(admin):
    for path in ("dlv_01", "x", "dlv_" + "0" * 26):
        assert admin.get(f"/v1/deliveries/{path}").status_code == 404
        assert admin.post(f"/v1/deliveries/{path}/replay").status_code == 404
        assert admin.post(f"/v1/deliveries/{path}/cancel").status_code == 404
        assert admin.post(f"/v1/deliveries/{path}/settle", json={"status": "accepted"}).status_code == 404


def test_a_replay_sends_the_same_bytes_as_a_new_delivery(admin, parts, sent):
    ended(parts, sent[0], "failed")
    answer = admin.post(f"/v1/deliveries/{sent[0]}/replay")
    assert answer.status_code == 202
    again, first = admin.get(answer.headers["Location"]).json, admin.get(f"/v1/deliveries/{sent[0]}").json
    assert (again["replay_of"], again["digest"], again["status"]) == (first["id"], first["digest"], "queued")
    assert again["key"] == admin_name(parts)


def admin_name(parts):
    return next(each.name for each in parts.store.keys.list() if "admin" in each.scopes)


def test_what_still_waits_is_not_replayed(admin, sent):
    assert admin.post(f"/v1/deliveries/{sent[0]}/replay").status_code == 409


def test_a_rejected_context_is_replayed_through_the_version_that_is_live_now(admin, parts, push, sent):
    assert admin.post(f"/v1/deliveries/{sent[3]}/replay").status_code == 422
    push("hello", '{ "to": "+1202{{ to }}0143", "body": "Hello", "subscriptionType": "MARKETING" }')
    answer = admin.post(f"/v1/deliveries/{sent[3]}/replay")
    assert (answer.status_code, answer.json["version"]) == (202, 2)
    again = parts.store.deliveries.get(answer.json["id"])
    assert (again.replay_of, json.loads(again.payload)["to"]) == (sent[3], "+12025550143")


def test_a_body_that_was_never_readable_cannot_be_replayed(admin, flow):
    id = flow.post("/v1/hooks/hello", data=b'{"to":').json["id"]
    assert admin.get(f"/v1/deliveries/{id}").json["context"] == '{"to":'
    assert admin.post(f"/v1/deliveries/{id}/replay").status_code == 409


def test_what_may_have_arrived_is_sent_again_only_on_purpose(admin, parts, sent):
    ended(parts, sent[0], "unknown")
    assert admin.post(f"/v1/deliveries/{sent[0]}/replay").status_code == 409
    assert admin.post(f"/v1/deliveries/{sent[0]}/replay", json={"unknown_too": True}).status_code == 202


def test_what_waits_can_be_canceled_once(admin, sent):
    assert admin.post(f"/v1/deliveries/{sent[0]}/cancel").json["status"] == "canceled"
    assert admin.post(f"/v1/deliveries/{sent[0]}/cancel").status_code == 409


def test_what_is_unknown_can_be_settled(admin, parts, sent):
    ended(parts, sent[0], "unknown")
    assert admin.post(f"/v1/deliveries/{sent[0]}/settle", json={"status": "gone"}).status_code == 422
    assert admin.post(f"/v1/deliveries/{sent[0]}/settle", json={"status": "accepted"}).json["status"] == "accepted"
    assert admin.post(f"/v1/deliveries/{sent[0]}/settle", json={"status": "accepted"}).status_code == 409


def test_a_bulk_replay_shows_its_set_first_and_then_touches_exactly_that(admin, parts, sent):
    for id in sent[:2]:
        ended(parts, id, "failed")
    filter = {"status": ["failed", "rejected"], "template": "hello"}
    seen = admin.post("/v1/deliveries:replay", json={"filter": filter, "dry_run": True})
    assert seen.status_code == 200
    assert set(seen.json["ids"]) == set(sent[:2])
    assert (seen.json["by_status"], seen.json["left_out"]) == ({"failed": 2}, {"rejected": 1})
    done = admin.post("/v1/deliveries:replay", json={"filter": filter, "token": seen.json["token"]})
    assert done.status_code == 202
    replayed = [admin.get(f"/v1/deliveries/{id}").json for id in done.json["replayed"]]
    assert {each["replay_of"] for each in replayed} == set(sent[:2])


def test_a_bulk_replay_of_a_set_that_has_changed_does_nothing(admin, parts, sent):
    ended(parts, sent[0], "failed")
    body = {"filter": {"status": ["failed"]}}
    token = admin.post("/v1/deliveries:replay", json={**body, "dry_run": True}).json["token"]
    ended(parts, sent[1], "failed")
    assert admin.post("/v1/deliveries:replay", json={**body, "token": token}).status_code == 409
    assert len(ids(admin.get("/v1/deliveries"))) == len(sent)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"filter": {}}, 422),
        ({"filter": {"status": []}}, 422),
        ({"filter": {"status": ["failed"]}}, 422),
        ({"filter": {"status": ["failed"]}, "token": "x"}, 400),
        ({"filter": {"status": ["failed"]}, "token": "99999999999999999999.x"}, 400),
    ],
)
def test_a_bulk_replay_without_a_look_is_refused(admin, body, status):
    assert admin.post("/v1/deliveries:replay", json=body).status_code == status
