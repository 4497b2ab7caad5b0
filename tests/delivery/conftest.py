"""A vendor on loopback that does as it is told, and workers that carry deliveries to it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from service.actions import Actions
from service.delivery.prepare import Preparer
from service.delivery.worker import Worker
from service.model import Account
from service.settings import Settings
from service.store import Store


@dataclass
class Vendor:
    """What arrived, in order: (moment, path, headers, body). `answer(body)` gives status, headers and body of an answer."""

    url: str = ""
    arrived: list[tuple[float, str, dict[str, str], bytes]] = field(default_factory=list)
    answer: Callable[[bytes], tuple[int, dict[str, str], bytes]] = lambda body: (200, {}, b"{}")
    gate: threading.Event = field(default_factory=threading.Event)  # answers wait for it

    def bodies(self) -> list[bytes]:
        return [body for *_, body in list(self.arrived)]

    def most_in_a_second(self) -> int:
        moments = sorted(moment for moment, *_ in self.arrived)
        return max(sum(1 for other in moments if start <= other < start + 1) for start in moments)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    told = Vendor()
    told.gate.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.arrived.append((time.monotonic(), self.path, dict(self.headers.items()), body))
            told.gate.wait(30)
            status, headers, said = told.answer(body)
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
            except OSError:
                pass  # the worker did not wait for it

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield told
    finally:
        told.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def account(store: Store, vendor: Vendor) -> Account:
    """The account `default` at the vendor."""
    made = Account(name="default", destination="attentive", base_url=vendor.url, token_from="stored")
    store.accounts.put(made, "sesame")
    return made


@pytest.fixture(scope="session")
def actions() -> Actions:
    return Actions.load(Settings().schemas)


@pytest.fixture(scope="session")
def preparer(actions: Actions) -> Preparer:
    return Preparer(actions)


@pytest.fixture
def start_worker(make_store: Callable[..., Store], actions: Actions) -> Iterator[Callable[..., Worker]]:
    """Starts a worker in a thread, with a store of its own; all are stopped in the end."""
    running: list[tuple[Worker, threading.Thread]] = []

    def start(**settings: Any) -> Worker:
        store = make_store(**({"senders": 8, "connect_timeout": 1.0, "read_timeout": 1.0} | settings))
        worker = Worker(store, actions, store.settings)
        thread = threading.Thread(target=worker.run)
        thread.start()
        running.append((worker, thread))
        return worker

    yield start
    for worker, _ in running:
        worker.stop()
    for _, thread in running:
        thread.join()


_PROCESS = """
import json, sys
from pathlib import Path
from service.actions import Actions
from service.delivery.worker import Worker
from service.settings import Settings
from service.store import Store
given = json.loads(sys.argv[1])
settings = Settings(**given | {"var": Path(given["var"])})
Worker(Store(settings), Actions.load(settings.schemas), settings).run()
"""


@pytest.fixture
def start_process(store: Store) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a worker in a process of its own, which can be killed."""
    running: list[subprocess.Popen[bytes]] = []

    def start(**settings: Any) -> subprocess.Popen[bytes]:
        given = {"database_url": store.settings.database_url, "var": str(store.settings.var), "senders": 8} | settings
        arguments = [sys.executable, "-c", _PROCESS, json.dumps(given)]
        running.append(subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    """Waits until something is true, and answers it."""

    def wait(true: Callable[[], Any], timeout_s: float = 30.0) -> Any:
        deadline = time.monotonic() + timeout_s
        while not (found := true()):
            assert time.monotonic() < deadline, "this never became true"
            time.sleep(0.01)
        return found

    return wait
