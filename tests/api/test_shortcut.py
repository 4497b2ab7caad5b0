"""The short cut for hooks has no rules of its own: the same calls through Flask's dispatch get the same answers."""

from __future__ import annotations

import json

import pytest
from werkzeug.test import Client

from service import api

ADA = {"to": "+12025550143", "name": "Ada"}
JSON = json.dumps(ADA).encode()
CASES = {
    "accepted": ("hello", {"data": JSON}),
    "suppressed": ("choosy", {"json": {"to": ""}}),
    "rejected": ("hello", {"json": {"to": "555"}}),
    "unreadable": ("hello", {"data": b'{"a":'}),
    "empty": ("hello", {}),
    "a form": ("hello", {"data": {"to": "+12025550143", "name": "Ada"}}),
    "a dry run": ("hello?dry_run=true", {"data": JSON}),
    "a bad query": ("hello?dry_run=perhaps", {"data": JSON}),
    "an unknown template": ("nobody", {"data": JSON}),
    "a name with blanks": ("a%20b", {"data": JSON}),
    "a name with a slash": ("a%2Fb", {"data": JSON}),
    "a name of other letters": ("%C3%A9t%C3%A9", {"data": JSON}),
    "a name that is no UTF-8": ("%ff", {"data": JSON}),
    "a name with a NUL": ("a%00b", {"data": JSON}),
    "no name": ("", {"data": JSON}),
    "a longer path": ("hello/more", {"data": JSON}),
    "no key": ("hello", {"data": JSON, "headers": {"Authorization": ""}}),
    "a wrong key": ("hello", {"data": JSON, "headers": {"Authorization": "Bearer bgk_wrong"}}),
    "compressed": ("hello", {"data": JSON, "headers": {"Content-Encoding": "gzip"}}),
    "too large": ("hello", {"data": b" " * 70_000}),
    "a request id": ("hello", {"data": JSON, "headers": {"X-Request-Id": "flow-7"}}),
    "an idempotency key": ("hello", {"data": JSON, "headers": {"Idempotency-Key": "order-1"}}),
    "no idempotency key": ("hello", {"data": JSON, "headers": {"Idempotency-Key": ""}}),
    "a wait": ("hello", {"data": JSON, "headers": {"Prefer": "wait=0"}}),
    "a wrong method": ("hello", {"method": "GET"}),
    "no method": ("hello", {"method": "BREW"}),
}


def ways(app, parts, secret):
    def through(application):
        client = Client(application)

        def call(name, method="POST", headers=(), **more):
            headers = {"Authorization": f"Bearer {secret}", **dict(headers)}
            return client.open(f"/v1/hooks/{name}", method=method, headers=headers, **more)

        return call

    return through(app), through(api.shortcut(app, parts))


def comparable(answer):
    """Status, headers and body, without what is new in every answer."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("X-Request-Id", "Location")}
    body = json.loads(answer.data)
    for part in (body, body.get("problems", [{}])):
        if isinstance(part, dict):
            part.pop("id", None)
    return answer.status, headers, body


@pytest.mark.parametrize("name", CASES)
def test_both_ways_give_the_same_answer(app, parts, key, name):
    template, more = CASES[name]
    dispatched, shortened = (way(template, **more) for way in ways(app, parts, key("hooks")))
    status, headers, body = comparable(dispatched)
    if name == "an idempotency key":  # the second call repeats the first, whichever way it takes
        headers["Idempotent-Replayed"] = "true"
    assert comparable(shortened) == (status, headers, body)
    assert ("Location" in dispatched.headers) == ("Location" in shortened.headers)


def test_the_short_cut_is_taken_for_hooks_only(app, parts, key, monkeypatch):
    dispatched, shortened = ways(app, parts, key("hooks"))
    monkeypatch.setattr(app, "dispatch_request", lambda: pytest.fail("Flask was asked"))
    assert shortened("hello", json=ADA).status_code == 202
    with pytest.raises(pytest.fail.Exception):
        app.config["PROPAGATE_EXCEPTIONS"] = True
        dispatched("hello", json=ADA)
