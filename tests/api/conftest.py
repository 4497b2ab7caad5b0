"""A service with its doors, on SQLite, and a client for each of the two ways in: Flask's dispatch and the short cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from service import api
from service.actions import Actions
from service.content import Library
from service.delivery.accept import Intake
from service.delivery.prepare import Preparer
from service.model import Account, Policy, Scope, TemplateSource, Version
from service.parts import Parts
from service.settings import Settings, packaged
from service.store import Store

HELLO = """{ "to": "{{ to }}", "body": "Hello {{ name }}", "subscriptionType": "MARKETING" }"""
CHOOSY = """{% if not to %}{{ suppress("no phone number") }}{% endif %}""" + HELLO


class Caller:
    """Calls the service with a key."""

    def __init__(self, application: Any, secret: str | None) -> None:
        self.client = Client(application)
        self.secret = secret

    def __call__(self, method: str, path: str, **more: Any) -> TestResponse:
        headers = dict(more.pop("headers", {}))
        if self.secret is not None:
            headers.setdefault("Authorization", f"Bearer {self.secret}")
        return self.client.open(path, method=method, headers=headers, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self("GET", path, **more)

    def post(self, path: str, **more: Any) -> TestResponse:
        return self("POST", path, **more)

    def put(self, path: str, **more: Any) -> TestResponse:
        return self("PUT", path, **more)


@pytest.fixture
def settings(sqlite_url: str, tmp_path: Any) -> Settings:
    return Settings(database_url=sqlite_url, var=tmp_path / "var", body_limit=65_536, wait_limit=0.3)


@pytest.fixture
def parts(settings: Settings) -> Iterator[Parts]:
    """A service that has an account, and the templates `hello` and `choosy`, both live."""
    store = Store(settings)
    store.migrate()
    actions = Actions.load(packaged("schemas"))
    preparer = Preparer(actions, Library(store))
    made = Parts(settings, actions, store, preparer, Intake(settings, actions, store, preparer))
    store.accounts.put(
        Account(
            name="default",
            destination="attentive",
            base_url="https://vendor.example.com",
            token_from="env:TOKEN",
            brand_prefix="Shop: ",
        )
    )
    yield made
    store.close()


@pytest.fixture
def push(parts: Parts) -> Callable[..., Version]:
    """Pushes and publishes a template."""

    def made(name: str, source: str, *, publish: bool = True, **policy: Any) -> Version:
        version = parts.store.templates.push(
            TemplateSource(
                name=name,
                title=name.title(),
                action="attentive.messages.send",
                account="default",
                dialect="jinja",
                source=source,
                policy=Policy(**policy),
                samples={"ada": {"context": {"to": "+12025550143", "name": "Ada"}, "expected": None}},
            ),
            publish=publish,
        )
        parts.intake.changed()
        return version

    made("hello", HELLO)
    made("choosy", CHOOSY)
    return made


@pytest.fixture
def app(parts: Parts, push: Any) -> Flask:
    made = Flask("burgee", static_folder=None)
    api.register(made, parts)
    return made


@pytest.fixture
def key(parts: Parts) -> Callable[..., str]:
    """Makes keys: `key("hooks", templates=["hello"])` answers the secret."""
    numbers = iter(range(1000))

    def made(*scopes: str, templates: Any = ()) -> str:
        return parts.store.keys.create(f"key {next(numbers)}", [Scope(each) for each in scopes], templates)[1]

    return made


@pytest.fixture
def caller(app: Flask, parts: Parts, key: Callable[..., str]) -> Callable[..., Caller]:
    """Makes callers: `caller("read")` has a key with that scope, `caller()` has none."""
    application = api.shortcut(app, parts)
    return lambda *scopes, **more: Caller(application, key(*scopes, **more) if scopes else None)


@pytest.fixture
def admin(caller: Callable[..., Caller]) -> Caller:
    return caller("admin")


@pytest.fixture
def flow(caller: Callable[..., Caller]) -> Caller:
    """What a flow has: a key for hooks and render."""
    return caller("hooks", "render")
