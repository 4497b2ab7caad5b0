"""Takes the client's connection away from the web server: to keep it silent, to cut it, or to write what is no HTTP.

A hanging answer would hold a thread of the server, and a few of them the whole server. So the server gets a dummy connection
to write its answer to, and the client's own is kept or closed here.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

MOST_KEPT = 512


class NoConnection(Exception):
    """The web server does not hand out its connections (gunicorn and werkzeug do)."""


def take_over(environ: Mapping[str, Any]) -> socket.socket:
    """The client's connection. Whatever the server writes from now on goes nowhere. Raises `NoConnection`."""
    connection = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
    if not isinstance(connection, socket.socket):
        raise NoConnection
    taken = connection.dup()
    nowhere, other_end = socket.socketpair()
    os.dup2(nowhere.fileno(), connection.fileno())
    nowhere.close()
    other_end.close()
    return taken


def cut(connection: socket.socket) -> None:
    """Closes at once with a reset, as a server that dies does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Silent:
    """Connections on which nothing will ever be said, until `release`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[socket.socket] = deque()

    def keep(self, connection: socket.socket) -> None:
        with self._lock:
            self._kept.append(connection)
            while len(self._kept) > MOST_KEPT:
                cut(self._kept.popleft())

    def release(self) -> int:
        """Cuts all of them; says how many they were."""
        with self._lock:
            count = len(self._kept)
            while self._kept:
                cut(self._kept.popleft())
            return count
