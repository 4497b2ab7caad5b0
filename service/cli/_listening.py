"""Takes a port before anything is started, so that a port in use is said at once and nobody else gets it in between."""

from __future__ import annotations

import errno
import ipaddress
import socket

from service.errors import Misconfigured

BACKLOG = 2048

_WHY = {
    errno.EADDRINUSE: ("another program listens there", "Choose another --port, or stop the other program."),
    errno.EACCES: ("that port needs special rights", "Choose a --port of 1024 or more."),
    errno.EADDRNOTAVAIL: ("this machine does not have that address", "Use --host 127.0.0.1, or 0.0.0.0 for all."),
}


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` and `port` (0: a free one), to be handed to a server. Raises `Misconfigured`."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        made = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        why, hint = _WHY.get(error.errno or 0, (error.strerror or "the address cannot be used", "Check --host and --port."))
        raise Misconfigured(f"Cannot listen on {host}:{port}: {why}.", hint=hint) from None
    made.set_inheritable(True)
    return made


def address(made: socket.socket) -> str:
    """How the socket is reached from this machine, such as `http://127.0.0.1:8000`."""
    host, port = made.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - any address is also the loopback's
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`. A name that is not `localhost` counts as public.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
    (True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
