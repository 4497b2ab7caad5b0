"""Fetches a feed: only from hosts that are configured, at most so many bytes, within one deadline for everything."""

from __future__ import annotations

import http.client
import importlib.metadata
import socket
import ssl
import tempfile
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO, cast
from urllib.parse import SplitResult, urljoin, urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from service.errors import Misconfigured, NotReadable

LONGEST_S = 300.0  # for one feed, from the first byte to the last
REDIRECTS = 5
_IN_MEMORY = 1_048_576
_PIECE = 65_536


class FetchFailed(NotReadable):
    """The feed could not be had, this time."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A feed as it came, whole. `etag` and `modified` are what to say next time. `stream` None: it is as it was then."""

    stream: BinaryIO | None
    etag: str | None = None
    modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where feeds may come from, and how large they may be.

    `hosts` are names such as `feeds.example.com`, which stand for the ports of http and https, or `feeds.example.com:8080`.
    """

    hosts: Collection[str]
    bytes: int
    connect_s: float = 5.0
    quiet_s: float = 60.0  # without a byte: some shops make their feed while it is asked for
    whole_s: float = LONGEST_S


def check_url(url: str, limits: Limits) -> SplitResult:
    """The parts of an address that may be asked. Raises `Misconfigured` for any other, without saying its path or query."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii() or not url.isprintable():
        raise Misconfigured(
            "This is no address to fetch from.", hint="Write one such as https://feeds.example.com/products.xml."
        )
    if " " in url or "@" in parts.netloc:
        raise Misconfigured("The address of a feed holds no blank, name or password.", hint="Encode a blank as %20.")
    own = 443 if parts.scheme == "https" else 80
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    name = host if port in (None, own) else f"{host}:{port}"
    if name not in limits.hosts:
        hint = f"Add {name} to BURGEE_CONTENT_HOSTS where feeds may come from there."
        raise Misconfigured(f"Feeds may not come from {name}.", hint=hint)
    return parts


def fetch(url: str, limits: Limits, *, etag: str | None = None, modified: str | None = None) -> Fetched:
    """The feed at an address, to be closed after use. With `etag` or `modified` of the last time, only if it has changed.

    Redirects are followed on the same host alone, also from http to https. Raises `Misconfigured`, `FetchFailed`; neither
    says more of the address than its host, because its query may be a secret.
    """
    parts = check_url(url, limits)
    for _ in range(REDIRECTS + 1):
        found = _once(parts, limits, etag, modified)
        if isinstance(found, Fetched):
            return found
        url = urljoin(url, found)
        if not _is_same_host(parts, url):
            raise FetchFailed(f"{parts.netloc} sends on to another host.", hint="Ask for the feed where it really is.")
        parts = check_url(url, limits)
    raise FetchFailed(f"{parts.netloc} sends on in a circle.")


def _is_same_host(before: SplitResult, url: str) -> bool:
    try:
        after = urlsplit(url)
        moved_to_tls = (before.scheme, after.scheme) == ("http", "https") and after.port in (None, 443)
    except ValueError:
        return False
    same_place = (after.scheme, after.netloc.lower()) == (before.scheme, before.netloc.lower())
    return same_place or (moved_to_tls and after.hostname == before.hostname)


def _once(parts: SplitResult, limits: Limits, etag: str | None, modified: str | None) -> Fetched | str:
    """One request: the feed, or where it is."""
    connection = _connection(parts, limits)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    try:
        connection.connect()
        with _deadline(connection.sock, limits.whole_s):
            connection.sock.settimeout(limits.quiet_s)
            connection.request("GET", path, headers=_headers(etag, modified))
            with connection.getresponse() as response:
                return _answer(response, parts.netloc, limits, asked=bool(etag or modified))
    except (OSError, http.client.HTTPException) as error:
        raise FetchFailed(f"{parts.netloc} {_said(error)}.") from None
    finally:
        connection.close()


@contextmanager
def _deadline(sock: socket.socket, seconds: float) -> Iterator[None]:
    """Raises TimeoutError where the block takes longer: a server that sends a byte now and then cannot hold us."""
    over = threading.Event()

    def end() -> None:  # wakes whoever reads
        over.set()
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    watch = threading.Timer(seconds, end)
    watch.daemon = True
    watch.start()
    try:
        yield
    except (OSError, http.client.HTTPException):
        if not over.is_set():
            raise
    finally:
        watch.cancel()
    if over.is_set():  # even where it looks like the end of an answer
        raise TimeoutError


def _connection(parts: SplitResult, limits: Limits) -> http.client.HTTPConnection:
    host, patience = cast("str", parts.hostname), limits.connect_s
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=patience)
    trusted = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
    return http.client.HTTPSConnection(host, parts.port, timeout=patience, context=trusted)


def _headers(etag: str | None, modified: str | None) -> dict[str, str]:
    seen = {"If-None-Match": etag, "If-Modified-Since": modified}
    return {
        "User-Agent": f"burgee/{importlib.metadata.version('burgee')}",
        "Accept-Encoding": "identity",
        **{name: value for name, value in seen.items() if value},
    }


def _answer(response: http.client.HTTPResponse, host: str, limits: Limits, *, asked: bool) -> Fetched | str:
    """The feed, or where it is; `asked`: whether it is new was the question."""
    etag, modified = response.headers.get("ETag"), response.headers.get("Last-Modified")
    if response.status == 304 and asked:
        return Fetched(None, etag, modified)
    if response.status in (301, 302, 303, 307, 308) and (place := response.headers.get("Location")):
        return place
    if response.status != 200:
        raise FetchFailed(f"{host} answered {response.status} instead of the feed.")
    return Fetched(_body(response, host, limits), etag, modified)


def _body(response: http.client.HTTPResponse, host: str, limits: Limits) -> BinaryIO:
    kept = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - the caller closes it
    size = 0
    while piece := response.read(_PIECE):
        size += len(piece)
        if size > limits.bytes:
            raise FetchFailed(f"{host} sends more than {limits.bytes:,} bytes.", hint="See BURGEE_CONTENT_LIMIT.")
        kept.write(piece)
    if response.length:  # bytes that were promised
        raise http.client.IncompleteRead(b"", response.length)
    kept.seek(0)
    return cast("BinaryIO", kept)


def _said(error: Exception) -> str:
    """What happened on the line, in a few words; never the exception's own, which may quote the address."""
    for kind, words in _WORDS.items():
        if isinstance(error, kind):
            return words
    return "could not be reached"


_WORDS: dict[type[Exception], str] = {
    socket.gaierror: "is no host that is known",
    ConnectionRefusedError: "refused the connection",
    ssl.SSLCertVerificationError: "has a certificate that is not trusted",
    ssl.SSLError: "cannot be spoken to with TLS",
    TimeoutError: "did not answer in time",
    http.client.IncompleteRead: "broke off before the end of the feed",
    ConnectionError: "broke off before the end of the feed",
    http.client.HTTPException: "gave an answer that is not HTTP",
}
