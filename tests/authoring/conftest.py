"""A preparer over the real actions, and a way to say a template in a line."""

from collections.abc import Callable
from typing import Any

import pytest

from service.actions import Actions
from service.delivery.prepare import Preparer
from service.model import Policy, TemplateSource
from service.settings import packaged


@pytest.fixture(scope="session")
def preparer() -> Preparer:
    return Preparer(Actions.load(packaged("schemas")))


@pytest.fixture(scope="session")
def template() -> Callable[..., TemplateSource]:
    def make(
        source: str, samples: dict[str, Any] | None = None, policy: Policy | None = None, **more: Any
    ) -> TemplateSource:
        facts = {"name": "x", "title": "X", "action": "attentive.messages.send", "account": "default", "dialect": "jinja"}
        made = {name: sample if "context" in sample else {"context": sample} for name, sample in (samples or {}).items()}
        return TemplateSource(**{**facts, **more}, source=source, samples=made, policy=policy or Policy())

    return make
