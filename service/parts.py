"""What a running service is made of: one frozen dataclass, handed to every door."""

from __future__ import annotations

from dataclasses import dataclass

from service.actions import Actions
from service.delivery.accept import Intake
from service.delivery.prepare import Preparer
from service.settings import Settings
from service.store import Store


@dataclass(frozen=True, slots=True)
class Parts:
    """Made by `service.app.build`. Nothing in it has opened a connection or started a thread yet, so that it can be made
    before a server forks."""

    settings: Settings
    actions: Actions
    store: Store
    preparer: Preparer
    intake: Intake
