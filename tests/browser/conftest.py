"""A studio with a story in it on a free port of the loopback, and people with browsers: the system's Chromium, never one
that is downloaded. Without Playwright or Chromium these tests are skipped, with a word."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from service import studio
from service.app import build
from service.parts import Parts
from service.settings import Settings
from tests.browser import story

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = Path(__file__).parent / "vendored" / "axe.min.js"


class Studio:
    """The running studio: its parts, its address, and deliveries worth looking at, by status."""

    def __init__(self, parts: Parts, found: dict[str, str]) -> None:
        self.parts = parts
        self.found = found
        app = Flask("burgee", static_folder=None)
        studio.register(app, parts)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self.parts.store.close()


def make_studio(folder: Path, *, count: int, told: bool = True) -> Studio:
    parts = build(Settings(var=folder, sqlite_synchronous="normal"))
    parts.store.migrate()
    found = story.tell(parts.store, datetime.now(UTC), count=count) if told else {}
    return Studio(parts, found)


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> Iterator[Studio]:
    """A studio that has told its story. Tests share it, so they change only what is their own."""
    made = make_studio(tmp_path_factory.mktemp("studio"), count=600)
    yield made
    made.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The system's Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("There is no Chromium on this machine.")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def person(chromium: Any, live: Studio) -> Iterator[Callable[..., Any]]:
    """Opens a page for somebody who is in: `person("mara", width=390)`. Nothing may be wrong in its console at the end."""
    contexts: list[Any] = []
    said: list[str] = []

    def made(
        login: str | None = "mara", *, width: int = 1440, height: int = 900, scheme: str = "light", js: bool = True
    ) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=js, base_url=live.url,
            reduced_motion="reduce",
        )  # fmt: skip
        contexts.append(context)
        if login is not None:
            user = next(each for each in live.parts.store.users.list() if each.login.startswith(login))
            secret = live.parts.store.sessions.open(user)
            context.add_cookies([{"name": "burgee_session", "value": secret, "url": live.url}])
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        return page

    yield made
    for context in contexts:
        context.close()
    wrong = [each for each in said if "the server responded with a status of" not in each]
    assert not wrong, wrong


@pytest.fixture
def faults() -> Callable[[Any], list[str]]:
    """What axe-core finds on a page that is serious or critical, in words. It comes from the folder beside this file."""
    source = AXE.read_text()

    def found(page: Any) -> list[str]:
        page.evaluate(source)
        results = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']}: {each['help']} at {each['nodes'][0]['html'][:160]}"
            for each in results["violations"]
            if each["impact"] in ("serious", "critical")
        ]

    return found
