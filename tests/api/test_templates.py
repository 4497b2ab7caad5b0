"""Templates by HTTP: versions are made, published and rolled back, and nobody overwrites what they have not seen."""

from __future__ import annotations

import pytest

ADA = {"to": "+12025550143", "name": "Ada"}
SOURCE = """{ "to": "{{ to }}", "body": "Good day, {{ name }}", "subscriptionType": "MARKETING" }"""
NEW = {"source": SOURCE, "action": "attentive.messages.send"}


def body_of(parts, answer):
    return parts.store.deliveries.get(answer.json["id"]).payload.decode()


def test_the_list_says_what_is_live(admin):
    lines = {each["name"]: each for each in admin.get("/v1/templates").json["data"]}
    assert lines.keys() == {"hello", "choosy"}
    assert (lines["hello"]["live"], lines["hello"]["newest"], lines["hello"]["title"]) == (1, 1, "Hello")


def test_a_new_template_is_live_at_once(admin, flow, parts):
    answer = admin.put("/v1/templates/greeting", json={**NEW, "title": "Greeting", "note": "first"})
    assert answer.status_code == 200
    assert (answer.json["number"], answer.json["live"], answer.json["note"]) == (1, True, "first")
    assert answer.json["created_by"] == "key key 0"
    assert answer.headers["ETag"] == '"live-1"'
    assert "Good day, Ada" in body_of(parts, flow.post("/v1/hooks/greeting", json=ADA))


def test_a_template_that_exists_is_changed_only_by_who_has_seen_it(admin, flow, parts):
    assert admin.put("/v1/templates/hello", json=NEW).status_code == 428
    seen = admin.get("/v1/templates/hello").headers["ETag"]
    changed = admin.put("/v1/templates/hello", json=NEW, headers={"If-Match": seen})
    assert (changed.status_code, changed.json["number"]) == (200, 2)
    assert "Good day, Ada" in body_of(parts, flow.post("/v1/hooks/hello", json=ADA))
    late = admin.put("/v1/templates/hello", json={**NEW, "title": "Late"}, headers={"If-Match": seen})
    assert late.status_code == 412
    assert admin.get("/v1/templates/hello").json["title"] == "hello"


@pytest.mark.parametrize("tag", ["live-1", '"other"', 'W/"live-1"', "é", '"live-99999999999"'])
def test_an_if_match_that_is_none_of_ours_changes_nothing(admin, tag):
    assert admin.put("/v1/templates/hello", json=NEW, headers={"If-Match": tag}).status_code == 412


def test_any_state_will_do_for_who_says_so(admin):
    assert admin.put("/v1/templates/hello", json=NEW, headers={"If-Match": "*"}).status_code == 200


def test_a_version_can_be_made_first_and_published_later(admin, flow, parts):  # S1-24
    made = admin.post("/v1/templates/hello/versions", json=NEW)
    assert (made.json["number"], made.json["live"]) == (2, False)
    assert "Hello Ada" in body_of(parts, flow.post("/v1/hooks/hello", json=ADA))
    published = admin.post("/v1/templates/hello/publish", json={"number": 2}, headers={"If-Match": made.headers["ETag"]})
    assert published.json["live"]
    assert "Good day, Ada" in body_of(parts, flow.post("/v1/hooks/hello", json=ADA))
    stale = admin.post("/v1/templates/hello/publish", json={"number": 1}, headers={"If-Match": made.headers["ETag"]})
    assert stale.status_code == 412


def test_a_rollback_makes_live_what_was_live_before(admin, flow, parts):
    seen = admin.get("/v1/templates/hello").headers["ETag"]
    admin.put("/v1/templates/hello", json=NEW, headers={"If-Match": seen})
    assert admin.post("/v1/templates/hello/rollback", headers={"If-Match": seen}).status_code == 412
    back = admin.post("/v1/templates/hello/rollback")
    assert (back.json["number"], back.headers["ETag"]) == (1, '"live-1"')
    assert "Hello Ada" in body_of(parts, flow.post("/v1/hooks/hello", json=ADA))
    assert admin.post("/v1/templates/hello/rollback").status_code == 409


def test_versions_are_listed_and_shown(admin):
    admin.post("/v1/templates/hello/versions", json=NEW)
    lines = admin.get("/v1/templates/hello/versions").json["data"]
    assert [(each["number"], each["live"]) for each in lines] == [(2, False), (1, True)]
    assert admin.get("/v1/templates/hello/versions/2").json["source"] == SOURCE
    assert admin.get("/v1/templates/hello/versions/3").status_code == 404
    assert admin.get("/v1/templates/hello/versions/x").status_code == 404


def test_a_template_keeps_policy_samples_and_the_snippets_that_it_uses(admin, parts):
    parts.store.snippets.put("sign", "Yours, Shop")
    parts.store.snippets.put("other", "unused")
    body = {
        **NEW,
        "source": SOURCE.replace("{{ name }}", "{{ name }}. {% include 'sign' %}"),
        "policy": {"guarantee": "at-least-once", "expires_after_s": 60, "missing": {"name": "there"}},
        "samples": {"ada": {"context": ADA}},
    }
    made = admin.put("/v1/templates/signed", json=body).json
    assert made["snippets"] == {"sign": "Yours, Shop"}
    assert (made["policy"]["guarantee"], made["policy"]["missing"]) == ("at-least-once", {"name": "there"})
    rendered = admin.post("/v1/render", json={"template": "signed", "sample": "ada"}).json
    assert rendered["payload"]["body"] == "Good day, Ada. Yours, Shop"


def test_source_that_does_not_compile_is_not_kept(admin, parts):
    answer = admin.put("/v1/templates/broken", json={**NEW, "source": '{\n "body": "{{ name" }'})
    assert answer.status_code == 422
    assert answer.json["type"].endswith("template-invalid")
    assert answer.json["problems"][0]["line"] == 2
    assert "broken" not in parts.store.templates.names()


def test_an_idempotency_expression_that_does_not_compile_is_not_kept(admin, parts):
    answer = admin.put("/v1/templates/broken", json={**NEW, "policy": {"idempotency": "{{ event.id"}})
    assert answer.status_code == 422
    assert "broken" not in parts.store.templates.names()


def test_an_action_that_is_not_there_is_a_problem_with_the_nearest(admin):
    answer = admin.put("/v1/templates/greeting", json={**NEW, "action": "attentive.message.send"})
    assert answer.status_code == 422
    [problem] = answer.json["problems"]
    assert problem["pointer"] == "/action"
    assert "attentive.messages.send" in problem["hint"]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("Greeting", NEW),
        ("greeting", {"action": "attentive.messages.send"}),
        ("greeting", {**NEW, "policy": {"guarantee": "perhaps"}}),
        ("greeting", {**NEW, "policy": {"expires_after_s": 0}}),
        ("greeting", {**NEW, "source": "a\0b"}),
        ("greeting", {**NEW, "samples": {"ada": {}}}),
        ("greeting", {**NEW, "samples": {"ada": {"context": {"ids": [2**64]}}}}),
        ("greeting", {**NEW, "policy": {"quiet_hours": "28:00-08:00"}}),
    ],
)
def test_a_template_with_bad_parts_is_a_422_that_points_at_them(admin, name, body):
    answer = admin.put(f"/v1/templates/{name}", json=body)
    assert answer.status_code == 422
    assert answer.json["problems"]


def test_a_body_that_is_no_json_is_told_so(admin):
    assert admin.put("/v1/templates/greeting", data="source=x", content_type="text/plain").status_code == 415
    assert admin.put("/v1/templates/greeting", data=b"").status_code == 400


def test_a_number_that_no_version_has_is_not_found(admin):
    assert admin.post("/v1/templates/hello/publish", json={"number": 7}).status_code == 404
    assert admin.post("/v1/templates/hello/publish", json={"number": 10**30}).status_code == 422
    assert admin.post("/v1/templates/helo/publish", json={"number": 1}).status_code == 404


def test_actions_show_their_schema(admin):
    assert "attentive.messages.send" in [each["name"] for each in admin.get("/v1/actions").json["data"]]
    action = admin.get("/v1/actions/attentive.messages.send").json
    assert action["schema"]["properties"]["body"]
    assert action["rate"] == {"class": "messages", "per_second": 150.0}
