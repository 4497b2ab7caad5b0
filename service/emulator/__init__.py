"""Pretended vendors for demos and tests: their real rules, a log of what arrived, phones to look at, faults on request.

`create_app` makes one as a Flask application; `app` is the factory for a server such as
`gunicorn --worker-class gthread --threads 64 "service.emulator:app()"`. Everything is in memory, so it runs as one process.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

LARGEST_BODY = 8 * 1024 * 1024


def create_app(
    tokens: Iterable[str] | Mapping[str, Iterable[str] | None] | None = None,
    *,
    mode: str = "real",
    brand: str = "Example Shop",
    everybody_subscribed: bool = True,
    signs_up_after_s: float = 0.0,
    webhook_retry_s: float = 1.0,
    clock: Callable[[], float] = time.time,
) -> Flask:
    """A pretended Attentive. `tokens`: who may call (a mapping says for which scopes too); None: any bearer at all.

    `mode` is that of every rule at the start: `real`, `strict` or `off`. `everybody_subscribed`: whether people may be
    texted whom nobody signed up. `signs_up_after_s`: how long a sign-up takes to count. `webhook_retry_s`: when a webhook
    that failed is tried again, twice as long each time. `extensions["emulator"]` of the application is its machine.
    """
    from flask import Flask

    from service.emulator import _pages, attentive
    from service.emulator._control import control
    from service.emulator._machine import Machine, Rules
    from service.emulator._outbox import Outbox
    from service.emulator.attentive._state import State

    outbox = Outbox(webhook_retry_s)
    machine = Machine(
        attentive.endpoints(),
        Rules(attentive.rules(), mode),
        _with_scopes(tokens),
        lambda phones: State(phones, brand, everybody_subscribed, signs_up_after_s, outbox),
        clock,
        outbox,
    )
    app = Flask(__name__, template_folder="pages", static_folder="static")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.extensions["emulator"] = machine
    for endpoint in machine.endpoints:
        app.add_url_rule(
            endpoint.path,
            f"{endpoint.method} {endpoint.path}",
            machine.answer,
            methods=[endpoint.method],
            defaults={"endpoint": endpoint},
            provide_automatic_options=False,
        )
    for path in ("/v1/<path:unknown>", "/v2/<path:unknown>"):
        app.add_url_rule(
            path, path, machine.answer, defaults={"endpoint": None}, methods=EVERY_METHOD, provide_automatic_options=False
        )
    app.register_blueprint(control(machine))
    app.register_blueprint(_pages.pages(machine))
    return app


EVERY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def app() -> Flask:
    """The application that the environment asks for.

    `BURGEE_EMULATOR_TOKENS` (a list with commas), else `BURGEE_ATTENTIVE_TOKEN`: who may call; without both any bearer may.
    `BURGEE_EMULATOR_MODE`: `real`, `strict` or `off`. `BURGEE_EMULATOR_BRAND`: the name before each text.
    """
    listed = os.environ.get("BURGEE_EMULATOR_TOKENS") or os.environ.get("BURGEE_ATTENTIVE_TOKEN") or ""
    tokens = [token.strip() for token in listed.split(",") if token.strip()]
    return create_app(
        tokens or None,
        mode=os.environ.get("BURGEE_EMULATOR_MODE") or "real",
        brand=os.environ.get("BURGEE_EMULATOR_BRAND", "Example Shop"),
    )


def _with_scopes(
    tokens: Iterable[str] | Mapping[str, Iterable[str] | None] | None,
) -> dict[str, frozenset[str] | None] | None:
    if tokens is None:
        return None
    if isinstance(tokens, Mapping):
        return {token: None if scopes is None else frozenset(scopes) for token, scopes in tokens.items()}
    return dict.fromkeys(tokens)
