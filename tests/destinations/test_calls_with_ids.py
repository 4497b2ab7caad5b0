"""Calls whose path holds an id, from the action to a running emulator and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.actions import Actions
from service.destinations import Sender
from service.emulator import create_app
from service.emulator._serve import running
from service.model import Account
from service.settings import packaged

ACTIONS = Actions.load(packaged("schemas"))


@pytest.fixture(scope="module")
def call() -> Any:
    """Makes an action's call as a worker does; gives status and answer."""
    with running(create_app(["tok-pretend"])) as emulator:
        account = Account(name="shop", destination="attentive", base_url=emulator.url, token_from="stored")
        sender = Sender(account, "tok-pretend")

        def made(name: str, /, **payload: Any) -> tuple[int | None, Any]:
            action = ACTIONS[f"attentive.{name}"]
            checked = action.check(payload)
            assert checked.problems == ()
            answer = sender.send(action.method, action.path, json.dumps(checked.payload).encode(), "dlv_1")
            assert answer.kind == "answered"
            return answer.status, json.loads(answer.body) if answer.body else None

        yield made
        sender.close()


def test_a_segment_lives_from_its_making_to_its_archive(call: Any) -> None:
    id = "tier silver ü?#%2F"
    assert call("segments.create", name="Silver members", externalId=id)[0] == 201
    assert call("segments.get", externalId=id)[1]["name"] == "Silver members"
    assert call("segments.update", externalId=id, name="Silver")[1] == {
        "externalId": id,
        "name": "Silver",
        "description": "Made by the API",
    }
    status, job = call("segments.remove-members", externalId=id, members=[{"phone": "+12025550143"}])
    assert status == 202
    assert call("bulk.job", bulkJobId=job["batchJobId"])[1]["status"] == "COMPLETED"
    assert call("segments.delete", externalId=id) == (204, None)
    assert call("segments.get", externalId=id)[0] == 404


def test_a_webhook_is_changed_and_taken_away_by_its_id(call: Any) -> None:
    body = {"url": "https://burgee.example.com/v1/inbound/attentive/default", "events": ["sms.sent"]}
    id = call("webhooks.create", **body)[1]["id"]
    assert call("webhooks.update", webhookId=id, **body, disabled=True)[1]["disabledAt"]
    assert call("webhooks.delete", webhookId=id)[0] == 204
    assert call("webhooks.list")[1] == {"webhooks": []}


def test_an_erasure_can_be_followed(call: Any) -> None:
    id = call("privacy.request-deletion", subjectEmail="ada@example.com")[1]["id"]
    assert call("privacy.deletion-status", id=id)[1]["processed"] is True
