"""Bulk and legacy texts, people of version 2, webhooks, segments, erasure: what the vendor's other calls do."""

from __future__ import annotations

from typing import Any

from tests.emulator.conftest import MESSAGE

PHONE = "+12025550143"
OTHER = "+12025550144"


def test_of_a_bulk_the_good_ones_are_sent_and_the_others_told(emulator: Any) -> None:
    bad = {**MESSAGE, "to": "2025550144"}
    answer = emulator.call("POST", "/v1/text/send-bulk", [MESSAGE, bad])
    assert answer.status_code == 200
    assert [each["originalRequest"] for each in answer.json] == [bad]
    assert emulator.texts() == [MESSAGE["body"]]


def test_in_strict_mode_a_bulk_with_a_bad_one_sends_nothing(make: Any) -> None:
    emulator = make(mode="strict")
    assert emulator.call("POST", "/v1/text/send-bulk", [MESSAGE, {}]).status_code == 400
    assert emulator.texts() == []


def test_a_legacy_text_cleans_the_number_reaches_people_who_signed_off_and_answers_an_echo(make: Any) -> None:
    """S2-22"""
    emulator = make({"old-token": ["messages:legacy"], "new-token": ["messages:write"]}, everybody_subscribed=False)
    path, body = "/v1/subscriptions/messages", {"to": "(202) 555-0143", "body": "Your points were added."}
    assert emulator.call("POST", path, body, token="new-token").status_code == 403
    assert emulator.call("POST", path, body, token="old-token").json == {
        "type": "v1",
        "to": PHONE,
        "body": "Your points were added.",
        "skipFatigue": True,
        "createShortLink": False,
        "addSubscriber": "true",
    }
    assert emulator.texts() == ["Your points were added."]


def test_what_one_version_sets_the_other_knows(emulator: Any) -> None:
    person = {
        "identifiers": {"phone": PHONE, "email": "ada@example.com"},
        "attributes": {"firstName": "Ada", "location": {"city": "London"}, "custom": {"tier": "silver"}},
    }
    assert emulator.call("POST", "/v2/user/attributes", person).json == {"success": True, "message": "Accepted"}
    found = emulator.call("GET", "/v1/attributes/custom?email=ada%40example.com").json
    assert {each["name"]: each["value"] for each in found} == {"firstName": "Ada", "city": "London", "tier": "silver"}


def test_identity_makes_one_person_of_two(emulator: Any) -> None:
    for who, tier in (({"phone": PHONE}, "silver"), ({"email": "ada@example.com"}, "gold")):
        emulator.call("POST", "/v1/attributes/custom", {"user": who, "properties": {f"tier {tier}": tier}})
    assert len(emulator.machine.state.people) == 2
    tied = {"phone": PHONE, "email": "ada@example.com", "clientUserId": "cust-551"}
    assert emulator.call("POST", "/v1/identity-resolution/user-identifiers", tied).status_code == 202
    assert len(emulator.machine.state.people) == 1
    by_id = {"user": {"externalIdentifiers": {"clientUserId": "cust-551"}}, "properties": {"points": 7}}
    assert emulator.call("POST", "/v1/attributes/custom", by_id).status_code == 200
    found = emulator.call("GET", "/v1/attributes/custom?phone=%2B12025550143").json
    assert {each["name"] for each in found} == {"tier silver", "tier gold", "points"}


def test_an_identifier_that_is_tied_to_nobody_finds_nobody(emulator: Any) -> None:
    event = {"type": "Points added", "user": {"externalIdentifiers": {"clientUserId": "cust-9"}}}
    assert emulator.call("POST", "/v1/events/custom", event).status_code == 200
    assert emulator.notes() == ["tied identifier"]
    assert "Nobody is tied" in emulator.machine.state.happenings[-1].effect


def test_a_webhook_is_made_listed_changed_and_taken_away(emulator: Any) -> None:
    body = {"url": "https://hooks.example.com/attentive", "events": ["sms.sent"]}
    made = emulator.call("POST", "/v1/webhooks", body)
    assert made.status_code == 201
    assert "key" not in str(made.json)
    path = f"/v1/webhooks/{made.json['id']}"
    off = emulator.call("PUT", path, {**body, "disabled": True})
    assert off.json["disabledAt"] == "2026-02-02 02:40:00"
    assert [each["id"] for each in emulator.call("GET", "/v1/webhooks").json["webhooks"]] == [made.json["id"]]
    assert emulator.call("DELETE", path).status_code == 204
    assert emulator.call("DELETE", path).status_code == 404


def test_segments_are_found_by_a_part_of_their_name_a_page_at_a_time(emulator: Any) -> None:
    for tier in ("Silver", "Gold"):
        made = emulator.call("POST", "/v2/segments", {"name": f" {tier} members ", "externalId": f"tier/{tier}"})
        assert (made.status_code, made.json["name"]) == (201, f"{tier} members")
    page = emulator.call("GET", "/v2/segments?name=MEMBERS&limit=1").json
    assert (len(page["segments"]), page["hasMore"]) == (1, True)
    rest = emulator.call("GET", f"/v2/segments?name=MEMBERS&limit=1&cursor={page['cursor']}").json
    assert (rest["segments"][0]["name"], rest["hasMore"]) == ("Gold members", False)


def test_members_come_and_go_in_jobs(emulator: Any) -> None:
    emulator.call("POST", "/v2/segments", {"name": "Silver", "externalId": "tier-silver"})
    members = {"externalId": "tier-silver", "members": [{"phone": PHONE}, {"email": "ada@example.com"}]}
    job = emulator.call("POST", "/v2/bulk/segments/members", members).json["batchJobId"]
    assert emulator.call("GET", f"/v2/bulk/job/{job}").json["totalRecords"] == 2
    emulator.call("DELETE", "/v2/bulk/segments/members", {**members, "members": [{"phone": PHONE}]})
    assert emulator.machine.state.segments["tier-silver"].members == {("email", "ada@example.com")}
    path = "/v2/segments/external/tier-silver"
    assert emulator.call("PATCH", path, {"name": "Silver tier"}).json["name"] == "Silver tier"
    assert emulator.call("DELETE", path).status_code == 204
    assert emulator.call("GET", path).status_code == 404


def test_an_erased_person_is_forgotten_and_the_request_can_be_followed(emulator: Any) -> None:
    emulator.call("POST", "/v1/attributes/custom", {"user": {"phone": PHONE}, "properties": {"tier": "silver"}})
    made = emulator.call("POST", "/v1/privacy/delete-request", {"subjectPhone": PHONE})
    assert emulator.call("GET", "/v1/attributes/custom?phone=%2B12025550143").json == []
    found = emulator.call("GET", f"/v1/privacy/delete-request/{made.json['id']}").json
    assert found["processed"] is True
    assert PHONE not in str(found)


def test_uploads_of_the_product_catalog_are_asked_for_once_a_second(emulator: Any) -> None:
    first = emulator.call("POST", "/v1/product-catalog/uploads", {"validateOnly": True})
    assert (first.status_code, first.json["status"], first.json["validateOnly"]) == (200, "initialized", True)
    assert first.headers["x-ratelimit-limit"] == "1"
    assert emulator.call("POST", "/v1/product-catalog/uploads", {"validateOnly": True}).status_code == 429
    emulator.clock.now += 1.1
    second = emulator.call("POST", "/v1/product-catalog/uploads", {})
    assert emulator.call("GET", "/v1/product-catalog/uploads").json == [first.json, second.json]
    assert emulator.call("GET", f"/v1/product-catalog/uploads/{first.json['uploadId']}").json == first.json
    assert emulator.call("GET", "/v1/product-catalog/uploads/none").status_code == 404
