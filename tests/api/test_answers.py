"""What all answers have in common."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("id", ["flow-7", "0af7651916cd43dd8448eb211c80319c", "a/b:c.d_e"])
def test_a_request_id_comes_back(caller, id):
    assert caller().get("/healthz", headers={"X-Request-Id": id}).headers["X-Request-Id"] == id


@pytest.mark.parametrize("id", ["", "a b", "x" * 129, 'a"b', "é"])
def test_what_is_no_request_id_is_replaced(caller, id):
    answer = caller().get("/healthz", headers={"X-Request-Id": id})
    assert answer.headers["X-Request-Id"] not in ("", id)


NOWHERE = ["/", "/v1", "/v1/nothing", "/v1/templates/", "//v1/templates", "/v1/hooks/", "/v1/deliveries:x"]
NOBODY = ["/v1/templates/a%00b", "/v1/deliveries/%00", "/v1/actions/%ff", "/v1/accounts/a%0ab", "/v1/keys/%00"]


@pytest.mark.parametrize("path", NOWHERE)
def test_a_path_that_is_none_is_a_problem(admin, path):
    answer = admin.get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-Id"]


def test_a_wrong_method_names_those_that_are_there(admin):
    answer = admin("DELETE", "/v1/templates/hello")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "PUT"}
    assert admin("OPTIONS", "/v1/hooks/hello").status_code == 405


def test_a_problem_has_the_members_of_its_standard(admin):
    answer = admin.get("/v1/templates/helo")
    assert answer.json == {
        "type": "/docs#not-found",
        "title": "There is no such thing",
        "status": 404,
        "detail": "There is no template 'helo'.",
        "instance": "/v1/templates/helo",
        "hint": "Did you mean hello?",
        "problems": [],
    }


def test_a_head_has_no_body(caller):
    answer = caller()("HEAD", "/healthz")
    assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize("path", NOBODY)
def test_names_that_nobody_has_are_not_found(admin, path):
    answer = admin("DELETE" if "keys" in path else "GET", path)
    assert answer.status_code == 404
