"""Preview: what would be sent, by the function that sends."""

from __future__ import annotations

import pytest

ADA = {"to": "+12025550143", "name": "Ada"}
SOURCE = """{ "to": "{{ to }}", "body": "Hello {{ name }}", "subscriptionType": "MARKETING" }"""
BARE = {"source": SOURCE, "action": "attentive.messages.send"}


def test_a_preview_has_the_digest_of_what_is_sent_and_keeps_nothing(flow, parts):
    preview = flow.post("/v1/render", json={"template": "hello", "context": ADA})
    assert preview.status_code == 200
    assert parts.store.deliveries.search().items == []
    sent = flow.post("/v1/hooks/hello", json=ADA).json["id"]
    assert parts.store.deliveries.get(sent).digest == preview.json["digest"]


def test_a_preview_says_what_the_text_takes_with_the_brand_before_it(flow):
    sms = flow.post("/v1/render", json={"template": "hello", "context": ADA}).json["sms"]
    assert (sms["encoding"], sms["segments"], sms["prefix_units"]) == ("GSM-7", 1, 6)


def test_a_context_that_is_not_valid_is_an_answer(flow):
    answer = flow.post("/v1/render", json={"template": "hello", "context": {**ADA, "to": "555"}})
    assert (answer.status_code, answer.json["outcome"], answer.json["digest"]) == (200, "invalid", None)
    assert answer.json["payload"]["to"] == "555"
    assert answer.json["problems"][0]["line"] == 1


def test_a_suppressed_context_is_an_answer_with_its_reason(flow):
    answer = flow.post("/v1/render", json={"template": "choosy", "context": {"to": ""}}).json
    assert (answer["outcome"], answer["reason"]) == ("suppressed", "no phone number")


def test_source_that_is_not_kept_renders_with_the_kept_snippets(flow, parts):
    parts.store.snippets.put("sign", "Yours")
    source = SOURCE.replace("{{ name }}", "{{ name }}. {% include 'sign' %}")
    answer = flow.post("/v1/render", json={**BARE, "source": source, "context": ADA})
    assert answer.json["payload"]["body"] == "Hello Ada. Yours"


def test_source_that_does_not_compile_is_a_422_with_line_and_column(flow):
    answer = flow.post("/v1/render", json={**BARE, "source": '{\n  "to": "{{ to | nothing }}" }', "context": ADA})
    assert answer.status_code == 422
    assert answer.json["problems"][0]["line"] == 2
    assert answer.json["problems"][0]["column"]


def test_a_sample_stands_in_for_a_context(flow):
    assert flow.post("/v1/render", json={"template": "hello", "sample": "ada"}).json["outcome"] == "valid"
    answer = flow.post("/v1/render", json={"template": "hello", "sample": "adda"})
    assert (answer.status_code, answer.json["hint"]) == (404, "Did you mean ada?")


def test_a_version_that_is_not_live_can_be_looked_at(flow, push):
    push("hello", SOURCE.replace("Hello", "Good day,"), publish=False)
    body = {"template": "hello", "context": ADA}
    assert flow.post("/v1/render", json=body).json["payload"]["body"] == "Hello Ada"
    assert flow.post("/v1/render", json={**body, "version": 2}).json["payload"]["body"] == "Good day, Ada"
    assert flow.post("/v1/render", json={**body, "version": 3}).status_code == 404


def test_the_time_of_a_preview_can_be_chosen(flow):
    source = SOURCE.replace("{{ name }}", "{{ now() | date('%Y') }}")
    answer = flow.post("/v1/render", json={**BARE, "source": source, "context": ADA, "now": "2031-05-01T12:00:00Z"})
    assert answer.json["payload"]["body"] == "Hello 2031"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"template": "hello"},
        {"context": ADA},
        {**BARE, "template": "hello", "context": ADA},
        {"template": "hello", "context": ADA, "sample": "ada"},
        {"source": SOURCE, "context": ADA},
        {"template": "hello", "context": []},
        {"template": "hello", "context": ADA, "now": "2026-02-30T00:00:00Z"},
        {"template": "hello", "context": ADA, "now": "0001-01-01T00:00:00+14:00"},
        {"template": "hello", "context": ADA, "now": "2026-02-03T09:15:00"},
        {"template": "hello", "context": ADA, "extra": 1},
    ],
)
def test_a_question_that_is_none_is_a_422_that_says_what_to_give(flow, body):
    answer = flow.post("/v1/render", json=body)
    assert answer.status_code == 422
    assert answer.json["problems"]


def test_no_value_of_a_person_is_repeated_in_a_problem_of_the_body(flow):
    answer = flow.post("/v1/render", json={"template": "hello", "context": ADA, "now": "+12025550143"})
    assert "2025550143" not in answer.text
