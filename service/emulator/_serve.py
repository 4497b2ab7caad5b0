"""Runs the emulator in a thread of this process, on a free port of the loopback: for tests and short demos."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from service.emulator._machine import Machine


@dataclass(frozen=True, slots=True)
class Running:
    """A running emulator; `machine` is what it knows, to be read without HTTP."""

    url: str
    machine: Machine


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # so that connections are kept alive, as the real ones are
    disable_nagle_algorithm = True

    def log_request(self, *args: object) -> None:
        """Says nothing: the ledger has it."""


@contextlib.contextmanager
def running(app: Flask, port: int = 0) -> Iterator[Running]:
    """Serves `app` until the end of the block, each connection on a thread of its own."""
    server = ThreadedWSGIServer("127.0.0.1", port, app, handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    machine: Machine = app.extensions["emulator"]
    try:
        yield Running(f"http://127.0.0.1:{server.server_port}", machine)
    finally:
        machine.faults.clear()
        machine.silent.release()
        server.shutdown()
        server.server_close()
        thread.join()
