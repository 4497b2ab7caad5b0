"""An emulator to talk to: in process with a clock that a test sets, or running on a real socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.emulator import create_app
from service.emulator._machine import Machine
from service.emulator._serve import Running, running

TOKEN = "tok-pretend"
MESSAGE = {
    "to": "+12025550143",
    "body": "Ada, order 8817 is packed.",
    "subscriptionType": "TRANSACTIONAL",
    "useShortLinks": False,
    "skipFatigue": False,
}


@dataclass
class Clock:
    now: float = 1_770_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Emulator:
    """An emulator in process. `send` posts a message (changed by keywords; None takes a field away)."""

    client: FlaskClient
    machine: Machine
    clock: Clock

    def call(self, method: str, path: str, body: Any = None, token: str | None = TOKEN, **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        kind = {} if body is None else {"data": body} if isinstance(body, bytes) else {"json": body}
        return self.client.open(path, method=method, headers={**headers, **more.pop("headers", {})}, **kind, **more)

    def send(self, **changes: Any) -> TestResponse:
        body = {name: value for name, value in {**MESSAGE, **changes}.items() if value is not None}
        return self.call("POST", "/v1/text/send", body)

    def control(self, path: str, body: Any, method: str = "POST") -> TestResponse:
        return self.client.open(f"/_emulator/{path}", method=method, json=body)

    def notes(self) -> list[str]:
        """The rules that the last call broke in silence or aloud."""
        return [rule for rule, _ in self.machine.ledger.entries(limit=1)[0].notes]

    def texts(self) -> list[str]:
        """The bodies on all phones."""
        return [text.body for phone in self.machine.phones.latest_first() for text in phone.texts]


@pytest.fixture
def make() -> Callable[..., Emulator]:
    def made(tokens: Any = (TOKEN,), **more: Any) -> Emulator:
        clock = Clock()
        app = create_app(tokens, clock=clock, **{"brand": "", **more})
        return Emulator(app.test_client(), app.extensions["emulator"], clock)

    return made


@pytest.fixture
def emulator(make: Callable[..., Emulator]) -> Emulator:
    return make()


@pytest.fixture
def server() -> Iterator[Running]:
    with running(create_app([TOKEN])) as it:
        yield it
