"""Real processes on loopback: gunicorn, workers and the emulator, each of which a test may kill at any moment."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

TEMPLATES = {"offer": "MARKETING", "receipt": "TRANSACTIONAL"}
SOURCE = """{ "to": "{{ to }}", "body": "Hello {{ name }}", "subscriptionType": "%s" }"""
ABOUT = """title = "%s"\naction = "attentive.messages.send"\naccount = "default"\n"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any], *, seconds: float = 30, what: str = "the condition") -> Any:
    """The first true value of `condition`, asked again and again; other processes give no event to wait for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(requests.ConnectionError, requests.Timeout):
            if value := condition():
                return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come true within {seconds} s")


class Stack:
    """Web, workers and emulator over one database and one folder."""

    def __init__(self, folder: Path, database_url: str, **settings: str) -> None:
        self.folder = folder
        self.web_port, self.emulator_port = free_port(), free_port()
        self.url, self.vendor = f"http://127.0.0.1:{self.web_port}", f"http://127.0.0.1:{self.emulator_port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("BURGEE_")},
            "BURGEE_VAR": str(folder / "var"),
            "BURGEE_DATABASE_URL": database_url,
            "BURGEE_ATTENTIVE_TOKEN": "acceptance",
            "BURGEE_ATTENTIVE_URL": self.vendor,
            "BURGEE_TEMPLATES": str(self._templates()),
            **settings,
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self.session = requests.Session()
        self.session.trust_env = False

    def _templates(self) -> Path:
        for name, kind in TEMPLATES.items():
            place = self.folder / "templates" / name
            place.mkdir(parents=True, exist_ok=True)
            (place / "template.json.j2").write_text(SOURCE % kind)
            (place / "about.toml").write_text(ABOUT % name)
        return self.folder / "templates"

    def burgee(self, *arguments: str) -> Any:
        done = subprocess.run(
            [BIN / "burgee", *arguments, "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self, *command: str, **extra: Any) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{len(self.processes)}-{Path(command[0]).name}.log").open("wb")
        process = subprocess.Popen(
            [BIN / command[0], *command[1:]],
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **extra,
        )
        self.processes.append(process)
        return process

    def emulator(self) -> subprocess.Popen[bytes]:
        process = self.start("burgee", "emulator", "--port", str(self.emulator_port))
        until(lambda: requests.get(f"{self.vendor}/_emulator/requests", timeout=5).ok, what="the emulator")
        return process

    def gunicorn(self) -> tuple[str, ...]:
        return ("gunicorn", "wsgi:app", "-k", "gthread", "--threads", "16", "-w", "2", "-b", f"127.0.0.1:{self.web_port}")

    def web(self, *command: str, **extra: Any) -> subprocess.Popen[bytes]:
        process = self.start(*(command or self.gunicorn()), **extra)
        until(lambda: requests.get(f"{self.url}/readyz", timeout=5).ok, what="the web process")
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        return self.start("burgee", "worker")

    def key(self) -> str:
        made = self.burgee(
            "keys", "create", "tests", "--scope", "hooks", "--scope", "render", "--scope", "read", "--scope", "admin"
        )
        self.session.headers["Authorization"] = f"Bearer {made['secret']}"
        return str(made["secret"])

    def hook(self, template: str, context: dict[str, Any], **more: Any) -> requests.Response:
        return self.session.post(f"{self.url}/v1/hooks/{template}", json=context, timeout=30, **more)

    def delivery(self, id: str) -> dict[str, Any]:
        return dict(self.session.get(f"{self.url}/v1/deliveries/{id}", timeout=10).json())

    def settled(self, id: str, seconds: float = 30) -> dict[str, Any]:
        """The delivery once nothing more happens to it by itself."""

        def look() -> dict[str, Any] | None:
            found = self.delivery(id)
            return None if found["status"] in ("queued", "held", "sending", "retrying") else found

        found: dict[str, Any] = until(look, seconds=seconds, what=f"the end of {id}")
        return found

    def statuses(self) -> dict[str, int]:
        """How many deliveries stand where."""
        counted: dict[str, int] = {}
        cursor = None
        while True:
            page = self.session.get(f"{self.url}/v1/deliveries", params={"limit": 200, "cursor": cursor}, timeout=10).json()
            for each in page["data"]:
                counted[each["status"]] = counted.get(each["status"], 0) + 1
            if not (cursor := page.get("next")):
                return counted

    def drained(self, seconds: float = 60) -> dict[str, int]:
        """The statuses once nothing is left to do."""
        open_ones = {"queued", "held", "sending", "retrying"}
        until(lambda: not open_ones & set(self.statuses()), seconds=seconds, what="an empty queue")
        return self.statuses()

    def arrived(self) -> list[dict[str, Any]]:
        """Every message request that reached the emulator."""
        found = requests.get(f"{self.vendor}/_emulator/requests", params={"limit": 100_000}, timeout=30).json()
        return [each for each in found["requests"] if each["path"] == "/v1/text/send"]

    def fault(self, **what: Any) -> None:
        requests.post(
            f"{self.vendor}/_emulator/faults", json={"path": "/v1/text/send", **what}, timeout=5
        ).raise_for_status()

    def stop(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        self.session.close()


def kill9(process: subprocess.Popen[bytes]) -> None:
    """The process and all its children, at once and without a word."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
