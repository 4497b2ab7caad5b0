"""What a new template starts from can be used as it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.actions import Actions
from service.authoring.skeleton import SAMPLE, skeleton
from service.delivery.prepare import Preparer
from service.model import Outcome, Policy
from service.settings import packaged

ACTIONS = Actions.load(packaged("schemas"))
PREPARER = Preparer(ACTIONS)


@pytest.mark.parametrize("dialect", ["jinja", "zephyr"])
@pytest.mark.parametrize("name", list(ACTIONS))
def test_every_action_has_a_skeleton_that_makes_a_valid_payload_and_warns_of_nothing(name: str, dialect: str) -> None:
    action = ACTIONS[name]
    program = PREPARER.compile(skeleton(action, dialect, "mine"), dialect=dialect)
    made = PREPARER.prepare(program, action, Policy(), SAMPLE, now=datetime.now(UTC))
    assert made.outcome is Outcome.VALID, made.problems
    assert {each.code for each in made.warnings} <= {"sms.legacy"}  # which that action says of every text


def test_a_text_greets_by_name_and_an_event_has_no_id_that_would_repeat() -> None:
    text = skeleton(ACTIONS["attentive.messages.send"], "jinja", "spring")
    assert 'profile.vars.first_name | default("there")' in text
    assert '"messageName": "spring"' in text and "MARKETING" in text
    event = skeleton(ACTIONS["attentive.events.custom"], "jinja", "spring")
    assert "externalEventId" not in event and "occurredAt" not in event
