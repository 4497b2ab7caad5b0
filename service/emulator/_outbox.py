"""Signed posts back to whoever listens: tried again until a 2xx, held back, reordered and repeated on request.

Only addresses of this machine are ever called (`is_loopback`), so that a pretend vendor can bother nobody.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import itertools
import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

KEEP = 10_000
FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 3600.0
TRY_FOR_S = 3 * 86_400.0
TIMEOUT_S = 10.0
ORDERS: Mapping[str, Callable[[list[Any]], list[Any]]] = {
    "same": list,
    "reversed": lambda posts: posts[::-1],
    "shuffled": lambda posts: random.sample(posts, len(posts)),
}


@dataclass(slots=True, eq=False)
class Post:
    """One event on its way to one address. `answers` has each try's status (None: no answer)."""

    number: int
    at: float  # seconds since 1970
    url: str
    what: str
    body: bytes
    headers: Mapping[str, str]
    state: str = "waiting"  # held, delivered, "given up"
    due: float = 0.0  # by the monotonic clock
    since: float = field(default_factory=time.monotonic)
    answers: list[int | None] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        about = {name: getattr(self, name) for name in ("number", "at", "url", "what", "state")}
        return {**about, "answers": list(self.answers), "headers": dict(self.headers), "body": json.loads(self.body)}


class Outbox:
    """Posts in the order in which they were put in, by a thread that starts with the first one."""

    def __init__(self, first_retry_s: float = FIRST_RETRY_S) -> None:
        self._first_retry_s = first_retry_s
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._posts: deque[Post] = deque(maxlen=KEEP)
        self._held = False
        self._thread: threading.Thread | None = None
        self.version = 0

    def put(self, url: str, header: str, key: str, body: bytes, what: str, now: float) -> None:
        """Posts `body` to a `url` of this machine, signed with `key` (HMAC-SHA256 in small hex letters)."""
        signed = {"Content-Type": "application/json", header: hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}
        with self._changed:
            state = "held" if self._held else "waiting"
            self._posts.append(Post(next(self._numbers), now, url, what, body, signed, state))
            self._start()

    def hold(self) -> None:
        """Keeps back what is put in from now on, until `release`."""
        with self._changed:
            self._held = True

    def release(self, order: str = "same") -> int:
        """Posts what was held back in an order of `ORDERS`; says how many they are. Raises ValueError with a sentence."""
        if order not in ORDERS:
            raise ValueError(f"{order!r} is no order. There are: {', '.join(ORDERS)}.")
        with self._changed:
            self._held = False
            held = ORDERS[order]([post for post in self._posts if post.state == "held"])
            for post in held:  # to the end of the queue, in their new order
                self._posts.remove(post)
                self._again(post)
                self._posts.append(post)
            self._start()
            return len(held)

    def resend(self, number: int | None = None) -> int:
        """Posts an event once more, or every one that was delivered or given up."""
        with self._changed:
            done = [post for post in self._posts if post.state in ("delivered", "given up")]
            chosen = [post for post in done if number in (None, post.number)]
            for post in chosen:
                self._again(post)
            self._start()
            return len(chosen)

    def clear(self) -> None:
        with self._changed:
            self._posts.clear()
            self._held = False
            self.version += 1
            self._changed.notify_all()

    def all(self) -> list[Post]:
        """The posts, oldest first."""
        with self._changed:
            return sorted(self._posts, key=lambda post: post.number)

    def wait(self, timeout: float = 10.0) -> bool:
        """Until nothing waits any more; whether that came within `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: all(post.state != "waiting" for post in self._posts), timeout)

    def _again(self, post: Post) -> None:
        post.state, post.due, post.since = "waiting", 0.0, time.monotonic()

    def _start(self) -> None:
        self.version += 1
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="emulator-outbox", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            post = self._next()
            status = _posted(post)
            with self._changed:
                self._answered(post, status)

    def _next(self) -> Post:
        with self._changed:
            while True:
                now = time.monotonic()
                waiting = [post for post in self._posts if post.state == "waiting"]
                due = next((post for post in waiting if post.due <= now), None)
                if due is not None:
                    return due
                self._changed.wait(min((post.due - now for post in waiting), default=None))

    def _answered(self, post: Post, status: int | None) -> None:
        post.answers.append(status)
        self.version += 1
        if status is not None and 200 <= status < 300:
            post.state = "delivered"
        elif time.monotonic() - post.since > TRY_FOR_S:
            post.state = "given up"
        else:
            post.due = time.monotonic() + min(self._first_retry_s * 2 ** (len(post.answers) - 1), LONGEST_RETRY_S)
        self._changed.notify_all()


def is_loopback(url: str) -> bool:
    """Whether a `url` is plain http on this very machine.

    >>> is_loopback("http://127.0.0.1:8000/in"), is_loopback("http://127.0.0.1.example.com/"), is_loopback("https://example.com")
    (True, False, False)
    """
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost") and port_fits


def _posted(post: Post) -> int | None:
    """The status that the receiver answers. Redirects are not followed."""
    parts = urlsplit(post.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, post.body, dict(post.headers))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
