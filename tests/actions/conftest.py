"""The actions as they are shipped, and payloads to spoil."""

from pathlib import Path
from typing import Any

import pytest

from service.actions import Action, Actions

SCHEMAS = Path(__file__).parents[2] / "schemas"


@pytest.fixture(scope="session")
def schemas() -> Path:
    return SCHEMAS


@pytest.fixture(scope="session")
def actions() -> Actions:
    return Actions.load(SCHEMAS)


@pytest.fixture(scope="session")
def send(actions: Actions) -> Action:
    return actions["attentive.messages.send"]


@pytest.fixture
def message() -> dict[str, Any]:
    return {
        "to": "+12025550143",
        "body": "Ada, order 8817 is packed.",
        "subscriptionType": "TRANSACTIONAL",
        "useShortLinks": False,
        "skipFatigue": False,
    }
