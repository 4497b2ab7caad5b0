"""The demo's own place: a folder of its own, free ports of the loopback, an environment without anything of the real one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from service.cli import _commands
from service.cli._listening import address, listen
from service.cli._supervisor import Child
from service.settings import PREFIX

KEPT = ("TEMPLATES", "SCHEMAS", "LOG_LEVEL")  # the settings that the demo takes from the environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the demo runs. `key` is the flow's key, for this demo only."""

    folder: Path
    web: str
    emulator: str
    key: str = ""


@contextlib.contextmanager
def own_folder(var: Path) -> Iterator[Path]:
    """An empty folder under `var`, ours until the end of the block. A demo that still runs keeps its own."""
    var.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        lock = (var / f".demo-{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError:
            lock.close()
            number += 1
    folder = var / ("demo" if number == 1 else f"demo-{number}")
    with lock:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield folder


@contextlib.contextmanager
def ports() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two listening sockets on free ports of the loopback."""
    with listen("127.0.0.1", 0) as web, listen("127.0.0.1", 0) as emulator:
        yield web, emulator


def environment(folder: Path, emulator: socket.socket) -> dict[str, str]:
    """The environment of the demo's processes: nothing of the real service's, so that nothing real can be sent."""
    kept = {f"{PREFIX}{name}" for name in KEPT}
    made = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX) or name in kept}
    made |= {
        f"{PREFIX}VAR": str(folder),
        f"{PREFIX}DATABASE_URL": f"sqlite:///{folder / 'burgee.sqlite3'}",
        f"{PREFIX}ATTENTIVE_URL": address(emulator),
        f"{PREFIX}ATTENTIVE_TOKEN": f"demo-{secrets.token_urlsafe(16)}",
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
    }
    (folder / "metrics").mkdir()
    return made


def children(folder: Path, environment: dict[str, str], web: socket.socket, emulator: socket.socket) -> list[Child]:
    """Emulator, web server and delivery worker; each writes its log into the folder."""
    made = []
    for name, application, listening in (("emulator", _commands.EMULATOR, emulator), ("web", _commands.WEB, web)):
        fd = listening.fileno()
        command = _commands.gunicorn(application, fd=fd, workers=1, threads=16)
        made.append(Child(f"the {name} server", command, environment, pass_fds=(fd,), log=folder / f"{name}.log"))
    made.append(Child("the delivery worker", _commands.burgee("worker"), environment, log=folder / "worker.log"))
    return made
