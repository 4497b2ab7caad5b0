"""The studio on a service of its own, and a browser without a screen: it keeps cookies and sends forms as they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service import studio
from service.actions import Actions
from service.delivery.accept import Intake
from service.delivery.prepare import Preparer
from service.model import Account, Delivery, NewDelivery, Policy, Status, TemplateSource, new_id
from service.parts import Parts
from service.settings import Settings, packaged
from service.store import Store
from service.store.users import Role

PASSWORD = "correct horse battery"
HELLO = '{ "to": "{{ to }}", "body": "Hello {{ name }}", "subscriptionType": "MARKETING" }'

_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2 with as little work as it allows: what it protects here are tests."""
    from argon2 import PasswordHasher

    from service.store import users

    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(users, "_hasher", lambda: hasher)
    users._nobodys_hash.cache_clear()


class Browser:
    """What a person does: look at a page, send a form of it."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.csrf = ""

    def get(self, path: str, **more: Any) -> TestResponse:
        answer = self.client.get(path, **more)
        found = _CSRF.search(answer.get_data(as_text=True))
        self.csrf = found.group(1) if found else self.csrf
        return answer

    def see(self, path: str) -> str:
        """The text of a page that must be there, without markup."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return words(answer)

    def post(self, path: str, data: dict[str, str] | None = None, **more: Any) -> TestResponse:
        """Send a form with the token of the page that was looked at last."""
        return self.client.post(path, data={"csrf": self.csrf, **(data or {})}, **more)

    def sign_in(self, login: str, password: str = PASSWORD) -> TestResponse:
        self.get("/sign-in")
        answer = self.post("/sign-in", {"login": login, "password": password})
        if answer.status_code == 303:
            self.get("/me")
        return answer


def words(answer: TestResponse) -> str:
    """What a page says, on one line."""
    text = re.sub(r"<(script|style|head)\b.*?</\1>", " ", answer.get_data(as_text=True), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


@pytest.fixture
def parts(sqlite_url: str, tmp_path: Any) -> Iterator[Parts]:
    """A service with an account and the template `hello`, live."""
    settings = Settings(database_url=sqlite_url, var=tmp_path / "var", public_url="https://burgee.example.com")
    store = Store(settings)
    store.migrate()
    actions = Actions.load(packaged("schemas"))
    preparer = Preparer(actions)
    made = Parts(settings, actions, store, preparer, Intake(settings, actions, store, preparer))
    store.accounts.put(
        Account(name="default", destination="attentive", base_url="https://vendor.example.com", token_from="env:TOKEN",
                brand_prefix="Shop: ")
    )  # fmt: skip
    store.templates.push(
        TemplateSource(name="hello", title="Hello", action="attentive.messages.send", account="default", dialect="jinja",
                       source=HELLO, policy=Policy())
    )  # fmt: skip
    yield made
    store.close()


@pytest.fixture
def app(parts: Parts) -> Flask:
    made = Flask("burgee", static_folder=None)
    studio.register(made, parts)
    return made


@pytest.fixture
def user(parts: Parts) -> Callable[..., str]:
    """Makes users: `user("author")` answers the login."""

    def made(role: str, login: str = "") -> str:
        _, token = parts.store.users.invite(login or f"{role}@example.com", Role(role), name=role.capitalize(), by="a test")
        return parts.store.users.accept(token, PASSWORD).login

    return made


@pytest.fixture
def visitor(app: Flask) -> Browser:
    """Nobody yet."""
    return Browser(app.test_client())


@pytest.fixture
def browser(app: Flask, user: Callable[..., str], parts: Parts) -> Callable[[str], Browser]:
    """Browsers of people who are in: `browser("viewer")`. The password is not asked for, because that takes its time."""

    def made(role: str) -> Browser:
        found = Browser(app.test_client())
        login = user(role)
        person = next(each for each in parts.store.users.list() if each.login == login)
        found.client.set_cookie("burgee_session", parts.store.sessions.open(person))
        found.get("/me")
        return found

    return made


@pytest.fixture
def deliver(parts: Parts) -> Callable[..., Delivery]:
    """Puts a delivery into the log: `deliver(status="failed", reason="...")`."""

    def made(**facts: Any) -> Delivery:
        body = b'{"to":"+12025550143","body":"Hello Ada","subscriptionType":"MARKETING"}'
        given: dict[str, Any] = {
            "id": new_id("dlv"), "status": Status.ACCEPTED, "account": "default", "action": "attentive.messages.send",
            "target": "hello", "template": "hello", "version": 1, "recipient": "+12025550143", "key": "LO production",
            "payload": body, "context": b'{"to":"+12025550143","name":"Ada"}',
        }  # fmt: skip
        given |= facts
        given["status"] = Status(given["status"])
        parts.store.deliveries.insert_many([NewDelivery(**given)])
        kept = parts.store.deliveries.get(given["id"])
        assert kept is not None
        return kept

    return made
