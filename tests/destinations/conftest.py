"""A server on a real socket that does with a request exactly what a test says."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from service.destinations import Sender
from service.model import Account

TOKEN = "tok-5ecret-value"


@dataclass
class Line:
    """A listening socket; `requests` holds the bytes of every request that arrived whole, `connections` counts."""

    listener: socket.socket
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def read(self, connection: socket.socket) -> bytes:
        """One request: head and as many bytes as it announces."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := connection.recv(65536)):
                return b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next((int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
        while len(body) < length:
            body += connection.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Line, socket.socket], object]], Line]]:
    """`serve(behaviour)` starts a server that calls `behaviour(line, connection)` for each connection."""
    with contextlib.ExitStack() as stack:

        def start(behaviour: Callable[[Line, socket.socket], object]) -> Line:
            line = Line(stack.enter_context(socket.create_server(("127.0.0.1", 0))))
            open_connections: list[socket.socket] = []

            def one(connection: socket.socket) -> None:
                with contextlib.suppress(OSError):
                    behaviour(line, connection)

            def accept() -> None:
                while True:
                    try:
                        connection, _ = line.listener.accept()
                    except OSError:
                        return
                    line.connections += 1
                    open_connections.append(connection)
                    threading.Thread(target=one, args=(connection,), daemon=True).start()

            threading.Thread(target=accept, daemon=True).start()

            def stop() -> None:
                line.closed.set()
                line.listener.shutdown(socket.SHUT_RDWR)
                for connection in open_connections:
                    connection.close()

            stack.callback(stop)
            return line

        yield start


def answering(raw: bytes) -> Callable[[Line, socket.socket], None]:
    """A behaviour: every request gets these bytes."""

    def behave(line: Line, connection: socket.socket) -> None:
        while line.read(connection):
            connection.sendall(raw)

    return behave


@pytest.fixture
def say() -> Callable[[bytes], Callable[[Line, socket.socket], None]]:
    return answering


@pytest.fixture
def account() -> Callable[..., Account]:
    def make(url: str, **more: object) -> Account:
        fields = {"name": "default", "destination": "attentive", "base_url": url, "token_from": "env:TOKEN", **more}
        return Account(**fields)  # type: ignore[arg-type]

    return make


@pytest.fixture
def sender(account: Callable[..., Account]) -> Iterator[Callable[..., Sender]]:
    """`sender(url)` makes a sender that is closed after the test."""
    made = []

    def make(url: str, token: str = TOKEN, connect: float = 5.0, read: float = 5.0) -> Sender:
        made.append(Sender(account(url), token, connect_timeout=connect, read_timeout=read))
        return made[-1]

    yield make
    for each in made:
        each.close()
