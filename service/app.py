"""Wires the parts by hand, top to bottom. Read this first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from service.parts import Parts

    Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def build(settings: Settings | None = None) -> Parts:
    """The parts of a service with these settings (default: of the environment). Opens nothing and starts nothing."""
    from service.actions import Actions
    from service.content import Library
    from service.delivery.accept import Intake
    from service.delivery.prepare import Preparer
    from service.parts import Parts
    from service.store import Store

    settings = settings or Settings.from_environment()
    actions = Actions.load(settings.schemas)
    store = Store(settings)
    preparer = Preparer(actions, Library(store))
    intake = Intake(settings, actions, store, preparer)
    return Parts(settings, actions, store, preparer, intake)


def create_app(parts: Parts) -> Wsgi:
    """The web application: Flask with the HTTP API and the studio, behind the short cut for hooks."""
    from flask import Flask

    from service import api, studio

    app = Flask("burgee", static_folder=None)
    api.register(app, parts)
    studio.register(app, parts)
    return api.shortcut(app, parts)


def create_from_environment() -> Wsgi:
    """What a WSGI server imports: a web application that is ready to accept, whoever started first."""
    from service import telemetry
    from service.authoring import push

    parts = build()
    telemetry.configure(parts.settings.log_level)
    push.bootstrap(parts)
    return create_app(parts)


def main() -> None:
    """The command `burgee`."""
    from service import cli

    cli.main(build)
