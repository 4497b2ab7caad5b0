"""A host on the loopback that serves feeds, and says what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class FeedHost:
    """Answers with what was put at a path; every request is noted."""

    netloc: str = ""
    feeds: dict[str, tuple[bytes, str | None]] = field(default_factory=dict)
    special: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def put(self, path: str, body: bytes | str, etag: str | None = None) -> str:
        """Serve the feed at a path: its address."""
        self.feeds[path] = (body.encode() if isinstance(body, str) else body, etag)
        return f"http://{self.netloc}{path}"

    def on(self, path: str, answer: Answer) -> str:
        """Answer in a way of its own."""
        self.special[path] = answer
        return f"http://{self.netloc}{path}"

    def times(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(each == path for each, _ in self.asked)


def _handler(host: FeedHost) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked.append((self.path, dict(self.headers)))
            path = self.path.partition("?")[0]
            if path in host.special:
                host.special[path](self)
                return
            if path not in host.feeds:
                self.send_error(404)
                return
            body, etag = host.feeds[path]
            fresh = etag is not None and self.headers.get("If-None-Match") == etag
            self.send_response(304 if fresh else 200)
            if etag is not None:
                self.send_header("ETag", etag)
                self.send_header("Last-Modified", "Sat, 31 Jan 2026 22:53:20 GMT")
            if not fresh:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not fresh:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def feed_host() -> Iterator[FeedHost]:
    host = FeedHost()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(host))
    server.daemon_threads = True
    host.netloc = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield host
    server.shutdown()
    server.server_close()
    thread.join()
