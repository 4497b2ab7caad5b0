"""The schemas and the emulator were written apart, from the same facts: on thousands of payloads they must say the same.

What we accept, the emulator must accept too (else the vendor would refuse it); what we refuse, it must refuse (else we would
keep back what is right). Each disagreement is a mistake in one of them, or a row in `differences`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.actions import Action, Actions, Checked
from service.destinations._http import as_query, placed
from service.emulator import create_app
from service.emulator._machine import Machine
from service.errors import BurgeeError
from service.settings import packaged
from tests.conformance import differences
from tests.conformance.mutations import spoiled, spoiled_often

ACTIONS = Actions.load(packaged("schemas"))
NOW = 1_770_110_100.0  # 2026-02-03T09:15:00Z: the moments in the examples are never 12 hours old
MANY = 16_000


@dataclass
class Emulator:
    """One in strict mode, where nothing is kept in silence; forgetful, so that no call depends on an earlier one."""

    client: FlaskClient
    machine: Machine

    def says(self, action: Action, document: Any) -> tuple[bool, str]:
        """Whether it takes the document, and in which words not."""
        self.machine.reset()
        path, raw = placed(action.path, json.dumps(document).encode())
        query = f"?{as_query(raw)}" if action.method == "GET" else ""
        answer = self.client.open(
            f"{path}{query}",
            method=action.method,
            headers={"Authorization": "Bearer any"},
            **({} if query else {"data": raw, "content_type": "application/json"}),
        )
        unknown = answer.status_code == 404 and "{" in action.path  # of what is not there no content is wrong
        taken = answer.status_code < 300 or unknown
        assert taken or answer.status_code == 400, (action.name, answer.status_code, document)
        return taken, (answer.json or {}).get("message", "") if answer.data and not taken else ""


@dataclass
class Opinions:
    """What both say of a document: the emulator is asked about our payload, or where we have none about the document."""

    action: str
    document: Any
    ours: Checked
    taken: bool
    message: str

    @property
    def said(self) -> list[tuple[differences.Refuser, str]]:
        """Who refuses alone, and in which words; nothing where they agree."""
        if (self.ours.payload is not None) == self.taken:
            return []
        if not self.taken:
            return [("emulator", self.message)]
        return [("schemas", said) for said in sorted({differences.words(each) for each in self.ours.problems})]

    @property
    def unexplained(self) -> list[tuple[differences.Refuser, str]]:
        return [each for each in self.said if not differences.rows(self.action, *each)]


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    app = create_app(None, mode="strict", clock=lambda: NOW)
    app.testing = True
    return Emulator(app.test_client(), app.extensions["emulator"])


@pytest.fixture(scope="module")
def compared(emulator: Emulator) -> list[Opinions]:
    """Both opinions of every example with one thing wrong."""
    documents = [(action, each) for action in emulated() for example in action.examples for each in spoiled(example)]
    return [opinions(emulator, action, each) for action, each in documents if can_be_sent(action, each)]


def emulated() -> list[Action]:
    machine = create_app(None).extensions["emulator"]
    known = {(each.method, re.sub(r"<\w+>", "{}", each.path)) for each in machine.endpoints}
    return [each for each in ACTIONS.values() if (each.method, re.sub(r"{\w+}", "{}", each.path)) in known]


def can_be_sent(action: Action, document: Any) -> bool:
    """A query and a path have texts only: the kind of another value would be lost on the way."""
    if action.method == "GET" and not (
        isinstance(document, dict) and all(isinstance(each, str) for each in document.values())
    ):
        return False
    try:
        placed(action.path, json.dumps(document).encode())
    except (ValueError, BurgeeError):
        return False
    return True


def opinions(emulator: Emulator, action: Action, document: Any) -> Opinions:
    checked = action.check(document)
    return Opinions(
        action.name, document, checked, *emulator.says(action, document if checked.payload is None else checked.payload)
    )


@pytest.mark.parametrize("action", emulated(), ids=lambda each: each.name)
def test_schema_and_emulator_agree_on_every_example_with_one_thing_wrong(compared, action):
    found = {str(each.unexplained): each.document for each in compared if each.action == action.name and each.unexplained}
    assert found == {}


@pytest.mark.parametrize("action", emulated(), ids=lambda each: each.name)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_schema_and_emulator_agree_when_several_things_are_wrong(emulator, action, data):
    document = data.draw(st.sampled_from(action.examples).flatmap(spoiled_often))
    if can_be_sent(action, document):
        assert opinions(emulator, action, document).unexplained == []


def test_thousands_of_payloads_were_compared_some_right_and_most_wrong(compared):
    assert len(compared) > MANY
    assert 0.1 < sum(each.taken for each in compared) / len(compared) < 0.5


def test_every_known_difference_still_exists(compared):
    """A row that no payload needs any more is taken out."""
    needed = {row for each in compared for said in each.said for row in differences.rows(each.action, *said)}
    assert [row for row in differences.DIFFERENCES if row not in needed] == []
