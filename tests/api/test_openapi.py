"""The document says what the doors do, all of it."""

from __future__ import annotations

import re

import jsonschema_rs
import pytest

from service import api
from service.api import _openapi as openapi
from service.api._schemas import COMPONENTS

ADA = {"to": "+12025550143", "name": "Ada"}


@pytest.fixture
def document(caller):
    answer = caller().get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_every_door_stands_in_it_with_words_and_all_its_statuses(document):
    assert document["openapi"].startswith("3.1")
    for door in api.doors():
        operation = document["paths"][door.path][door.method.lower()]
        assert operation["summary"]
        assert set(operation["responses"]) == {str(each) for each in [*door.replies, *openapi.statuses(door)]}
        assert ("security" in operation) == (door.scope is not None)
        assert {each["name"] for each in operation["parameters"] if each["in"] == "path"} == set(
            re.findall(r"{(\w+)}", door.path)
        )


def test_operations_have_names_of_their_own(document):
    names = [each["operationId"] for methods in document["paths"].values() for each in methods.values()]
    assert len(names) == len(set(names))


def test_every_schema_is_one_and_every_reference_leads_somewhere(document):
    for schema in COMPONENTS.values():
        jsonschema_rs.meta.validate(schema)
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]


def test_the_examples_of_bodies_are_valid(document):
    for methods in document["paths"].values():
        for operation in methods.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            if "example" in content:
                schema = {**content["schema"], "components": document["components"]}
                assert jsonschema_rs.is_valid(schema, content["example"]), operation["operationId"]


def answers(admin, flow):
    """One call of each kind, with the place of its operation in the document."""
    accepted = flow.post("/v1/hooks/hello", json=ADA)
    yield "/v1/hooks/{template}", accepted
    delivery = accepted.headers["Location"]
    yield "/v1/hooks/{template}", flow.post("/v1/hooks/hello", json={})
    yield "/v1/hooks/{template}", flow.post("/v1/hooks/hello", data=b"{")
    yield "/v1/hooks/{template}", flow.post("/v1/hooks/choosy", json={"to": ""})
    yield "/v1/hooks/{template}", flow.post("/v1/hooks/hello?dry_run=true", json=ADA)
    yield "/v1/text/send", flow.post("/v1/text/send", json={})
    yield "/v1/render", flow.post("/v1/render", json={"template": "hello", "context": ADA})
    yield "/v1/render", flow.post("/v1/render", json={"template": "hello", "context": {**ADA, "name": "’"}})
    yield "/v1/actions", admin.get("/v1/actions")
    yield "/v1/actions/{action}", admin.get("/v1/actions/attentive.messages.send")
    yield "/v1/templates", admin.get("/v1/templates")
    yield "/v1/templates/{template}", admin.get("/v1/templates/hello")
    yield "/v1/templates/{template}", admin.put("/v1/templates/hello", json={"source": "{}", "action": "x.y"})
    yield "/v1/templates/{template}/versions", admin.get("/v1/templates/hello/versions")
    yield "/v1/deliveries", admin.get("/v1/deliveries")
    yield "/v1/deliveries", admin.get("/v1/deliveries?limit=x")
    yield "/v1/deliveries:search", admin.post("/v1/deliveries:search", json={})
    yield "/v1/deliveries/{delivery}", admin.get(delivery)
    yield "/v1/deliveries/{delivery}/replay", admin.post(f"{delivery}/replay")
    yield "/v1/deliveries/{delivery}/cancel", admin.post(f"{delivery}/cancel")
    yield (
        "/v1/deliveries:replay",
        admin.post("/v1/deliveries:replay", json={"filter": {"status": ["canceled"]}, "dry_run": True}),
    )
    yield "/v1/keys", admin.post("/v1/keys", json={"name": "new"})
    yield "/v1/keys", admin.get("/v1/keys")
    yield "/v1/accounts", admin.get("/v1/accounts")
    yield "/v1/accounts/{account}", admin.get("/v1/accounts/default")
    yield "/healthz", admin.get("/healthz")
    yield "/readyz", admin.get("/readyz")


def test_real_answers_are_what_the_document_says(document, admin, flow):
    for path, answer in answers(admin, flow):
        operation = document["paths"][path][answer.request.method.lower()]
        content = operation["responses"][str(answer.status_code)]["content"]
        schema = {**content[answer.headers["Content-Type"]]["schema"], "components": document["components"]}
        found = list(jsonschema_rs.Draft202012Validator(schema).iter_errors(answer.json))
        assert not found, (path, answer.status_code, found)


def test_the_page_for_people_shows_every_operation_and_needs_nothing_from_elsewhere(caller, document):
    answer = caller().get("/docs")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in answer.text
    assert not re.search(r"(src|href)=\"(https?:)?//", answer.text)


def test_the_page_explains_the_type_of_every_problem(caller, flow):
    page = caller().get("/docs").text
    for answer in (flow.post("/v1/hooks/nobody", json={}), flow.get("/v1/keys"), flow.post("/v1/hooks/hello", data=b"")):
        assert f'id="{answer.json["type"].removeprefix("/docs#")}"' in page
