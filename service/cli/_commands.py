"""How child processes are called. Doors never import each other, so servers are named by text."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

WEB = "service.app:create_from_environment()"
EMULATOR = "service.emulator:app()"

GRACE_S = 25  # web requests under way are answered within this; then delivery workers stop


def burgee(*arguments: str) -> list[str]:
    """A command of our own, by this very Python, wherever its script is."""
    return [sys.executable, "-c", "from service.app import main; main()", *arguments]


def gunicorn(application: str, *, fd: int, workers: int, threads: int) -> list[str]:
    """gunicorn on a socket that we listen on already."""
    memory = Path("/dev/shm")  # noqa: S108 - a disk that hangs must not look like a worker that hangs
    beat = str(memory) if os.access(memory, os.W_OK) else tempfile.gettempdir()
    return [
        sys.executable,
        "-m",
        "gunicorn",
        application,
        "--bind",
        f"fd://{fd}",
        "--worker-class",
        "gthread",
        "--workers",
        str(workers),
        "--threads",
        str(threads),
        "--keep-alive",
        "75",
        "--graceful-timeout",
        str(GRACE_S),
        "--worker-tmp-dir",
        beat,
        "--no-control-socket",
        "--log-level",
        "warning",
    ]


def granian(*, host: str, port: int, workers: int, threads: int) -> list[str]:
    """granian (extra `granian`), which listens by itself."""
    return [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--factory",
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        str(workers),
        "--blocking-threads",
        str(threads),
        "--workers-kill-timeout",
        str(GRACE_S),
        "--log-level",
        "warning",
        WEB.removesuffix("()"),
    ]
