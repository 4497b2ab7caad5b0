"""The command line as a person uses it: in this process with its own environment, or as real processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from service import cli
from service.app import build
from service.settings import packaged
from tests.feedhost import feed_host  # noqa: F401

START = [sys.executable, "-c", "from service.app import main; main()"]


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def burgee() -> Run:
    """Runs `burgee ARGUMENTS` in this process with the environment given, and nothing else of Burgee's."""

    def run(*arguments: str | Path, stdin: bytes | str = b"", environment: dict[str, str] | None = None) -> Ran:
        hidden: dict[str, str | None] = {name: None for name in os.environ if name.startswith("BURGEE_")}
        with CliRunner().isolation(input=stdin, env={**hidden, **(environment or {})}) as streams:
            try:
                cli.main(build, [str(each) for each in arguments])
            except SystemExit as done:
                status = done.code
            sys.stdout.flush()
            sys.stderr.flush()
            out, err = (stream.getvalue().decode() for stream in streams[:2])
        assert isinstance(status, int)
        return Ran(status, out, err)

    return run


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment with a folder of its own and no account."""
    return {"BURGEE_VAR": str(tmp_path / "var")}


MESSAGES = ("first-name", "order-shipped", "plain-message", "recommendation", "welcome")


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    """A copy of those starter templates that make one text each, to be changed."""
    place = tmp_path / "templates"
    for name in (*MESSAGES, "_snippets"):
        shutil.copytree(packaged("templates") / name, place / name)
    return place


@pytest.fixture
def at_home(burgee: Run, home: dict[str, str]) -> Run:
    """`burgee` with a database of its own, made at first use."""

    def run(*arguments: str | Path, stdin: bytes | str = b"") -> Ran:
        return burgee(*arguments, stdin=stdin, environment=home)

    return run


class Process:
    """A running `burgee` whose lines can be waited for."""

    def __init__(self, *arguments: str, environment: dict[str, str]) -> None:
        self.popen = subprocess.Popen(
            [*START, *arguments],
            env={**{name: text for name, text in os.environ.items() if not name.startswith("BURGEE_")}, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background may ignore it
        )
        self.errors: list[str] = []
        self._reader = threading.Thread(target=lambda: self.errors.extend(self.popen.stderr or ()), daemon=True)
        self._reader.start()

    def line(self) -> str:
        """The next line of its output; empty at its end."""
        assert self.popen.stdout is not None
        return self.popen.stdout.readline()

    def first(self) -> Any:
        """The first line, as JSON."""
        line = self.line()
        assert line, "".join(self.errors)
        return json.loads(line)

    def output(self) -> str:
        """All that it writes, until it ends."""
        assert self.popen.stdout is not None
        text = self.popen.stdout.read()
        self.wait()
        return text

    def end(self, number: int = signal.SIGTERM, timeout: float = 40) -> int:
        """Send a signal and wait: the exit status."""
        self.popen.send_signal(number)
        return self.wait(timeout)

    def wait(self, timeout: float = 60) -> int:
        status = self.popen.wait(timeout)
        self._reader.join(5)
        return status

    @property
    def err(self) -> str:
        return "".join(self.errors)


@pytest.fixture
def start(home: dict[str, str]) -> Iterator[Callable[..., Process]]:
    """Starts real processes; whatever still runs at the end is asked to stop."""
    made: list[Process] = []

    def start(*arguments: str, **environment: str) -> Process:
        made.append(Process(*arguments, environment={**home, **environment}))
        return made[-1]

    yield start
    for each in made:
        if each.popen.poll() is None:
            each.popen.terminate()
            try:
                each.popen.wait(40)
            except subprocess.TimeoutExpired:
                each.popen.kill()
        for stream in (each.popen.stdout, each.popen.stderr):
            if stream is not None:
                stream.close()
