"""What a flow gets for a call: an answer that is true, also where it is no."""

from __future__ import annotations

import gzip
import io
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.errors import Unavailable
from service.model import Status

ADA = {"to": "+12025550143", "name": "Ada"}
PAYLOAD = {"to": "+12025550143", "body": "Hi", "subscriptionType": "MARKETING"}


def deliveries(parts):
    return parts.store.deliveries.search().items


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_flow_that_calls_with_another_method_is_told_to_use_post(flow, parts, method):
    answer = flow(method, "/v1/hooks/hello?to=%2B12025550143")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "with POST" in answer.json["hint"]
    assert "2025550143" not in answer.text
    assert deliveries(parts) == []


def test_a_context_becomes_a_queued_delivery(flow, parts):  # S1-12, S1-23
    answer = flow.post("/v1/hooks/hello", json=ADA)
    assert answer.status_code == 202
    id = answer.json["id"]
    assert answer.json == {
        "id": id,
        "status": "queued",
        "template": "hello",
        "version": 1,
        "action": "attentive.messages.send",
    }
    assert answer.headers["Location"] == f"/v1/deliveries/{id}"
    assert answer.headers["Cache-Control"] == "no-store"
    assert parts.store.deliveries.get(id).status is Status.QUEUED


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "text/css", "text/xml", "application/json", "application/json; charset=utf-8"]
)
@pytest.mark.parametrize("before", ["", "\n\n  \r\n", "\ufeff"])
def test_json_is_read_with_any_or_no_content_type_after_blank_lines_or_a_mark(flow, kind, before):  # S1-26
    body = (before + json.dumps(ADA)).encode()
    assert flow.post("/v1/hooks/hello", data=body, content_type=kind).status_code == 202


def test_a_form_may_nest_with_brackets(flow, parts, push):
    push("nested", '{ "to": "{{ profile.keys.sms }}", "body": "{{ tags | join(" ") }}", "subscriptionType": "MARKETING" }')
    data = {"profile[keys][sms]": "+12025550143", "tags[]": ["a", "b"]}
    answer = flow.post("/v1/hooks/nested", data=data)
    assert answer.status_code == 202
    assert json.loads(parts.store.deliveries.get(answer.json["id"]).payload)["body"] == "a b"


def test_json_that_calls_itself_a_form_is_json(flow):
    body, kind = json.dumps(ADA), "application/x-www-form-urlencoded"
    assert flow.post("/v1/hooks/hello", data=body, content_type=kind).status_code == 202


UNREADABLE = {
    "nothing": b"",
    "blanks": b" \n ",
    "no JSON": b"hello",
    "a trailing comma": b'{"a": 1,}',
    "a raw line break": b'{"a": "x\ny"}',
    "5,000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "NaN": b'{"a": NaN}',
    "infinity by overflow": b'{"a": 1e400}',
    "half a surrogate pair": b'{"a": "\\ud83d"}',
    "half a pair in a key": b'{"\\ud83d": 1}',
    "2,000 lists": b'{"a": ' + b"[" * 2000 + b"]" * 2000 + b"}",
    "a key twice": b'{"a": 1, "a": 2}',
    "not UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a list": b"[1]",
    "text": b'"a"',
    "null": b"null",
    "two values": b"{} {}",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_a_400_with_its_place_and_leaves_a_line_in_the_log(flow, parts, name):
    answer = flow.post("/v1/hooks/hello", data=UNREADABLE[name])
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["problems"][0]["code"].startswith("json.")
    kept = parts.store.deliveries.get(answer.json["id"])
    assert kept.status is Status.REJECTED
    assert answer.headers["Location"].endswith(kept.id)


def test_the_place_of_what_cannot_be_read_is_named(flow):
    [problem] = flow.post("/v1/hooks/hello", data=b'{"profile":\n {"a": 01}}').json["problems"]
    assert (problem["line"], problem["column"]) == (2, 9)


@pytest.mark.parametrize("path", ["/v1/hooks/hello", "/v1/hooks/nobody"])
def test_a_refused_body_is_read_to_its_end_so_that_the_connection_can_be_used_again(flow, settings, path):
    body = io.BytesIO(b" " * (3 * settings.body_limit))
    sent = {"wsgi.input": body, "wsgi.input_terminated": True, "CONTENT_LENGTH": str(3 * settings.body_limit)}
    assert flow.post(path, environ_overrides=sent).status_code in (404, 413)
    assert body.read() == b""


def test_a_body_over_the_limit_is_a_413_by_its_length_and_by_count(flow, parts, settings):
    large = json.dumps({**ADA, "name": "x" * settings.body_limit}).encode()
    assert flow.post("/v1/hooks/hello", data=large).status_code == 413
    chunked = {"wsgi.input": io.BytesIO(large), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    assert flow.post("/v1/hooks/hello", environ_overrides=chunked).status_code == 413
    assert deliveries(parts) == []


def test_a_chunked_body_is_read_to_its_end(flow):
    body = {"wsgi.input": io.BytesIO(json.dumps(ADA).encode()), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    assert flow.post("/v1/hooks/hello", environ_overrides=body).status_code == 202


def test_a_body_that_breaks_off_is_not_accepted(flow, parts):
    data = b"to=%2B12025550143&name=Ada"
    cut = {"wsgi.input": io.BytesIO(data[:-1]), "CONTENT_LENGTH": str(len(data))}
    answer = flow.post("/v1/hooks/hello", environ_overrides=cut, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400
    assert deliveries(parts) == []


@pytest.mark.parametrize("length", ["-1", "ten", "²", "1e3"])
def test_a_content_length_that_is_no_number_is_a_400(flow, length):
    assert flow.post("/v1/hooks/hello", environ_overrides={"CONTENT_LENGTH": length}).status_code == 400


def test_a_compressed_body_is_refused_with_a_word(flow):
    answer = flow.post("/v1/hooks/hello", data=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415
    assert "gzip" in answer.json["detail"]


def test_a_multipart_form_is_refused_with_a_word(flow):
    assert flow.post("/v1/hooks/hello", data={"a": (io.BytesIO(b"x"), "x.txt")}).status_code == 415


def test_a_context_without_a_valid_payload_is_a_422_with_every_problem_and_the_kept_delivery(flow, parts):
    answer = flow.post("/v1/hooks/hello", json={"to": "555", "name": "{"})
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {each["pointer"] for each in answer.json["problems"]} == {"/to", "/body"}
    assert all(each["line"] == 1 and each["hint"] for each in answer.json["problems"])
    kept = parts.store.deliveries.get(answer.json["id"])
    assert (kept.status, kept.payload) == (Status.REJECTED, None)
    assert answer.headers["Location"] == f"/v1/deliveries/{kept.id}"


def test_a_missing_variable_is_named(flow):
    [problem] = flow.post("/v1/hooks/hello", json={"to": "+12025550143"}).json["problems"]
    assert "name" in problem["detail"]


def test_what_the_template_suppresses_is_settled_with_its_reason(flow):  # S1-8
    answer = flow.post("/v1/hooks/choosy", json={"to": "", "name": "Ada"})
    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["reason"]) == ("suppressed", "no phone number")


def test_a_template_bomb_is_a_problem_and_not_a_crash(flow, push):
    doubling = "{% for i in range(34) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}"
    push("bomb", '{% set ns = namespace(t="ha") %}' + doubling + '{ "to": "{{ ns.t }}" }')
    assert flow.post("/v1/hooks/bomb", json={}).status_code == 422


def test_an_unknown_template_names_the_nearest(flow):
    answer = flow.post("/v1/hooks/helo", json=ADA)
    assert answer.status_code == 404
    assert "hello" in answer.json["hint"]


def test_a_dry_run_says_what_would_be_sent_and_keeps_nothing(flow, parts):
    dry = flow.post("/v1/hooks/hello?dry_run=true", json=ADA)
    assert dry.status_code == 200
    assert (dry.json["outcome"], dry.json["sms"]["segments"]) == ("valid", 1)
    assert deliveries(parts) == []
    sent = flow.post("/v1/hooks/hello", json=ADA)
    assert parts.store.deliveries.get(sent.json["id"]).digest == dry.json["digest"]


def test_a_dry_run_of_a_bad_context_is_an_answer_and_of_a_bad_body_a_400(flow, parts):
    assert flow.post("/v1/hooks/hello?dry_run=true", json={}).json["outcome"] == "invalid"
    assert flow.post("/v1/hooks/hello?dry_run=true", data=b"{").status_code == 400
    assert deliveries(parts) == []


@pytest.mark.parametrize("query", ["dry_run=yes", "dryrun=true", "dry_run=true&dry_run=true", "%ff=1"])
def test_a_query_that_is_not_understood_sends_nothing(flow, parts, query):
    answer = flow.post(f"/v1/hooks/hello?{query}", json=ADA)
    assert answer.status_code == 400
    assert deliveries(parts) == []


def test_a_repeated_key_gets_the_first_answer(flow, parts):
    first, second = (flow.post("/v1/hooks/hello", json=ADA, headers={"Idempotency-Key": "order-1"}) for _ in range(2))
    assert (second.status_code, second.json) == (first.status_code, first.json)
    assert second.headers["Location"] == first.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(deliveries(parts)) == 1


def test_the_first_answer_is_repeated_also_when_the_message_was_sent_meanwhile(flow, parts):
    first = flow.post("/v1/hooks/hello", json=ADA, headers={"Idempotency-Key": "order-1"})
    with parts.store.database.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET status = 'accepted', finished_at = created_at + 5")
    second = flow.post("/v1/hooks/hello", json=ADA, headers={"Idempotency-Key": "order-1"})
    assert (second.status_code, second.json) == (first.status_code, first.json)


def test_a_race_of_one_key_becomes_one_delivery(flow, parts):
    def post(_):
        return flow.post("/v1/hooks/hello", json=ADA, headers={"Idempotency-Key": "order-1"})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(32)))
    assert {each.status_code for each in answers} == {202}
    assert len({each.json["id"] for each in answers}) == len(deliveries(parts)) == 1
    assert sum("Idempotent-Replayed" not in each.headers for each in answers) == 1


def test_the_same_key_with_another_body_is_a_422(flow):
    flow.post("/v1/hooks/hello", json=ADA, headers={"Idempotency-Key": "order-1"})
    answer = flow.post("/v1/hooks/hello", json={**ADA, "name": "Grace"}, headers={"Idempotency-Key": "order-1"})
    assert answer.status_code == 422
    assert answer.json["type"].endswith("idempotency-mismatch")


@pytest.mark.parametrize("text", ["", "x" * 256, "é"])
def test_what_is_no_idempotency_key_is_a_400(flow, parts, text):
    answer = flow.post("/v1/hooks/hello", json=ADA, headers={"Idempotency-Key": text})
    assert answer.status_code == 400
    assert deliveries(parts) == []


def test_a_library_that_can_not_be_asked_is_a_503_and_nothing_is_kept(flow, parts, push):
    push("look", '{ "to": "1", "body": "{{ personalize({"algorithm": "popular"})[0].title }}" }')
    with parts.store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE content_items RENAME TO elsewhere")
    for path in ("/v1/hooks/look", "/v1/hooks/look?dry_run=true"):
        answer = flow.post(path, json={})
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert "content_items" not in answer.get_data(as_text=True)
    assert parts.store.deliveries.search().items == []


def test_a_lost_database_is_a_503_that_says_when_to_call_again(flow, parts, monkeypatch):
    def lost(_):
        raise Unavailable("The database cannot be used now.")

    monkeypatch.setattr(parts.intake._committer, "_insert_many", lost)
    answer = flow.post("/v1/hooks/hello", json=ADA)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_an_unexpected_exception_shows_nothing_of_its_inside(flow, parts, monkeypatch, capsys):
    def broken(*_, **__):
        raise RuntimeError("secret +12025550143")

    monkeypatch.setattr(parts.preparer, "render", broken)
    answer = flow.post("/v1/hooks/hello", json=ADA, headers={"X-Request-Id": "abc-1"})
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "abc-1" in answer.json["hint"]
    said = answer.text + "".join(capsys.readouterr())
    assert "secret" not in said
    assert "2025550143" not in said
    assert "defect" in said


def test_a_wait_that_ends_too_soon_is_a_202(flow):
    answer = flow.post("/v1/hooks/hello", json=ADA, headers={"Prefer": "wait=10"})
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "wait=0.3"


def test_a_wait_is_answered_with_the_outcome(flow, parts):
    id = flow.post("/v1/hooks/hello", json=ADA, headers={"Idempotency-Key": "order-1"}).json["id"]
    with parts.store.database.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET status = 'refused', reason = 'no', finished_at = created_at + 5")
    answer = flow.post("/v1/hooks/hello", json=ADA, headers={"Idempotency-Key": "order-1", "Prefer": "wait=10"})
    assert (answer.status_code, answer.json["id"]) == (200, id)
    assert (answer.json["status"], answer.json["reason"]) == ("refused", "no")


def test_more_waiting_calls_than_threads_can_bear_are_answered_at_once(app, flow):
    gate = app.extensions["burgee_gate"]
    while gate.waiting.acquire(blocking=False):
        pass
    answer = flow.post("/v1/hooks/hello", json=ADA, headers={"Prefer": "wait=10"})
    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers


@pytest.mark.parametrize("path", ["/v1/actions/attentive.messages.send", "/v1/text/send"])
def test_a_ready_payload_is_checked_and_kept(flow, parts, path):
    answer = flow.post(path, json=PAYLOAD)
    assert answer.status_code == 202
    assert (answer.json["template"], answer.json["action"]) == (None, "attentive.messages.send")
    kept = parts.store.deliveries.get(answer.json["id"])
    assert json.loads(kept.payload) == {**PAYLOAD, "useShortLinks": False, "skipFatigue": False}


@pytest.mark.parametrize("path", ["/v1/actions/attentive.messages.send", "/v1/text/send"])
def test_a_payload_that_is_not_valid_is_kept_and_explained(flow, parts, path):
    answer = flow.post(path, json={**PAYLOAD, "body": "", "forceSend": True})
    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json["problems"]} == {"/body", "/forceSend"}
    assert parts.store.deliveries.get(answer.json["id"]).status is Status.REJECTED


def test_a_ready_payload_has_dry_runs_and_idempotency_too(flow, parts):
    assert flow.post("/v1/text/send?dry_run=true", json=PAYLOAD).json["outcome"] == "valid"
    assert deliveries(parts) == []
    first, second = (flow.post("/v1/text/send", json=PAYLOAD, headers={"Idempotency-Key": "a"}) for _ in range(2))
    assert first.json == second.json


def test_an_unknown_action_or_account_names_the_nearest(flow):
    assert "attentive.messages.send" in flow.post("/v1/actions/attentive.message.send", json=PAYLOAD).json["hint"]
    answer = flow.post("/v1/text/send?account=defualt", json=PAYLOAD)
    assert answer.status_code == 404
    assert "default" in answer.json["hint"]
