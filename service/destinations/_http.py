"""Carries one request to a vendor and says what became of it, as an `Answer`. It never raises and never tries twice.

What matters most is to know whether a request can have arrived. A connection of ours notes when the system has taken the
request's last byte: a failure before that is `not_sent` (no server can act on half a request), any later one `no_answer`.
The kind of exception alone would not tell, because a connection that breaks during the TLS handshake and one that breaks
after the request raise the same.
"""

from __future__ import annotations

import http.client
import importlib.metadata
import io
import json
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from service import strictjson
from service.destinations import destination
from service.destinations._answer import Answer, Kind
from service.errors import Misconfigured, Problem
from service.model import Account

BODY_KEPT = 4096  # characters of an answer's body that are kept
BODY_READ = 65_536  # bytes of it that are read; a connection with more to come is closed
SHORTEST_SECRET = 8  # characters; a shorter token is one for the emulator, and may be a part of any word
IDLE_S = 4.0  # a connection idle for longer is not used again: the vendor may be closing it at this moment

HEADERS_KEPT = (
    "cf-ray",
    "content-type",
    "date",
    "location",
    "retry-after",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-request-id",
)
logging.getLogger("urllib3").setLevel(logging.ERROR)  # below that it writes whole URLs, and a query may hold a phone number

USER_AGENT = f"burgee/{importlib.metadata.version('burgee')}"


class Sender:
    """Sends to one account of a vendor: its base URL, its token, nothing else.

    Threads may share a sender; each gets a session of its own. Make it after a fork. `read_timeout` bounds the whole answer,
    so that a vendor that sends a byte now and then cannot hold a thread. Raises `Misconfigured` for a base URL or token that
    can never work.
    """

    def __init__(self, account: Account, token: str, *, connect_timeout: float = 5.0, read_timeout: float = 10.0) -> None:
        self._account = account.name
        self._base = base_url(account)
        self._words = destination(account.destination)
        self._token = _checked_token(account, token)
        self._timeout = (connect_timeout, read_timeout)
        self._own = threading.local()
        self._sessions: list[_Session] = []

    def __repr__(self) -> str:
        return f"Sender(account={self._account!r}, base_url={self._base!r})"

    def send(self, method: str, path: str, payload: bytes, delivery_id: str, *, whole: bool = False) -> Answer:
        """Sends `payload` once to `path` (appended to the base URL, see `placed`); a GET's payload becomes the query.

        `whole`: keep all that is read of the answer's body, and not only its beginning.
        """
        started = time.perf_counter()
        _progress.begin(patience_s=self._timeout[1])
        try:
            request = self._request(method, *placed(path, payload), delivery_id)
            response = self._session().send(request, stream=True, timeout=self._timeout)
            if response.status_code < 200:
                response.close()
                raise http.client.BadStatusLine("an interim status as the answer")
            body, cut = _read(response)
        except Exception as error:  # whatever it is, it must become a value: an exception here would lose the outcome
            kind: Kind = "no_answer" if _progress.left else "not_sent"
            return Answer(kind=kind, error=self._clean(describe(error, self._timeout, kind)), duration_ms=_since(started))
        text = self._clean(body.decode("utf-8", "replace"))[: None if whole else BODY_KEPT]
        return Answer(
            kind="answered",
            status=response.status_code,
            headers=self._headers_kept(response.headers),
            body=text,
            message=None if response.ok else self._words.message(text),
            error=cut,
            duration_ms=_since(started),
        )

    def close(self) -> None:
        """Closes every thread's connections. The sender can still be used: it connects anew."""
        for session in self._sessions:
            session.close()

    def _session(self) -> _Session:
        """This thread's session."""
        try:
            session: _Session = self._own.session
        except AttributeError:
            session = self._own.session = _Session()
            self._sessions.append(session)
        return session

    def _request(self, method: str, path: str, payload: bytes, delivery_id: str) -> requests.PreparedRequest:
        """The request as it leaves. Made by hand, because `Session.request` merges headers, cookies and environment anew."""
        if not path.startswith("/"):
            raise ValueError("a path begins with a slash")  # else it could become part of the host's name
        request = requests.PreparedRequest()
        request.method = method.upper()
        request.url = self._base + path
        request.hooks = _NO_HOOKS
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": USER_AGENT,
            "X-Request-Id": delivery_id,
        }
        if request.method == "GET":
            query = as_query(payload)
            request.url += f"?{query}" if query else ""
        elif payload:
            headers["Content-Type"] = "application/json"
            headers["Content-Length"] = str(len(payload))
            request.body = payload
        request.headers = requests.structures.CaseInsensitiveDict(headers)
        return request

    def _headers_kept(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {name: self._clean(value)[:200] for name in HEADERS_KEPT if (value := headers.get(name)) is not None}

    def _clean(self, text: str) -> str:
        """`text` without the token, should a vendor ever repeat it."""
        return text.replace(self._token, "***") if len(self._token) >= SHORTEST_SECRET else text


class _Session(requests.Session):
    """One thread's session with one connection, which is given up when it has been idle for long.

    It keeps no cookies and follows no redirects, so a request goes straight to the adapter (a sixth of the time of a call).
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self._adapter = _Adapter()
        self.mount("https://", self._adapter)
        self.mount("http://", self._adapter)
        self._used_at = 0.0

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        if time.monotonic() - self._used_at > IDLE_S:
            self._adapter.close()
        try:
            return self._adapter.send(request, **kwargs)
        finally:
            self._used_at = time.monotonic()


class _Progress(threading.local):
    """Of this thread's request: whether all of it has left, and how long its answer may take."""

    left = False
    patience_s = 0.0

    def begin(self, patience_s: float) -> None:
        self.left, self.patience_s = False, patience_s


_progress = _Progress()


class _Response(http.client.HTTPResponse):
    """Reads an answer, status line and headers too, for so long as its request has patience."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Patient(self.fp.detach(), sock, time.monotonic() + _progress.patience_s))


class _Patient(io.RawIOBase):
    """A socket's stream in which every read waits no longer than until one deadline."""

    def __init__(self, stream: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        self._stream, self._sock, self._deadline = stream, sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Whole(HTTPConnection):
    """Hands a request to the system in one piece, its head and its body together: one call and one packet less, and one
    moment less in which another thread takes the interpreter."""

    response_class = _Response
    _pieces: list[Any] | None = None

    def request(self, *args: Any, **kwargs: Any) -> None:
        pieces: list[Any] = []
        self._pieces = pieces
        try:
            super().request(*args, **kwargs)
        finally:
            self._pieces = None
        self.send(b"".join(pieces))  # connects where it must; raises unless the system took the last byte
        _progress.left = True

    def send(self, data: Any) -> None:
        if self._pieces is None:
            super().send(data)
        else:
            self._pieces.append(data)


class _TlsWhole(_Whole, HTTPSConnection):
    """The same over TLS."""


class _Answered(requests.Response):
    """A response without the jar for cookies, which takes an eighth of a call to make and would stay empty."""

    def __init__(self, request: requests.PreparedRequest, raw: Any, adapter: HTTPAdapter) -> None:
        self.request, self.url, self.raw, self.connection = request, str(request.url), raw, adapter
        self.status_code, self.headers, self.reason = raw.status, raw.headers, raw.reason

    def close(self) -> None:
        """Gives up the connection too: there is more on it than was read."""
        self.raw.close()
        self.connection.close()


class _Adapter(HTTPAdapter):
    """Carries requests to the one host of its session, over the one connection that it keeps. What requests does for any
    number of hosts, with pools, proxies, redirects and tries, would be worked out anew for every call."""

    _connection: _Whole | None = None

    def send(self, request: requests.PreparedRequest, *_: Any, timeout: Any = None, **__: Any) -> requests.Response:
        connect_s, read_s = timeout
        try:
            connection = self._connected(str(request.url), connect_s)
            with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before it had read everything
                connection.request(
                    str(request.method), request.path_url, request.body, request.headers, preload_content=False
                )
            connection.timeout = read_s
            return _Answered(request, connection.getresponse(), self)
        except BaseException:
            self.close()
            raise

    def _connected(self, url: str, timeout_s: float) -> _Whole:
        """The connection that is kept, if the vendor has not closed it, else a new one."""
        connection = self._connection
        if connection is None or not connection.is_connected:
            self.close()
            connection = self._connection = _connection_to(url, timeout_s)
            connection.connect()
        connection.timeout = timeout_s
        return connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _connection_to(url: str, timeout_s: float) -> _Whole:
    """A connection, not yet open, to the host of this URL. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        return _Whole(str(parts.hostname), parts.port, timeout=timeout_s)
    trusted = requests.adapters.DEFAULT_CA_BUNDLE_PATH
    return _TlsWhole(str(parts.hostname), parts.port, timeout=timeout_s, cert_reqs="CERT_REQUIRED", ca_certs=trusted)


def base_url(account: Account) -> str:
    """The account's base URL without a slash at its end. Raises `Misconfigured` where it is not a plain http(s) address."""
    url = account.base_url.strip()
    try:
        parts = urlsplit(url)
        wrong = (
            (parts.scheme not in ("http", "https") and "it must begin with https://")
            or (not parts.hostname and "it names no host")
            or ("@" in parts.netloc and "it must not hold a name or password")
            or ((parts.query or parts.fragment or "?" in url or "#" in url) and "it must end with the path")
            or (re.search(r"[^\x21-\x7e]|\\", url) and "it holds a blank or a character that URLs do not have")
            or (parts.port == 0 and "0 is no port")
        )
    except ValueError:
        wrong = "it is not a URL"
    if wrong:
        raise _misconfigured(account, f"the base URL cannot be used: {wrong}", "Write one such as https://api.example.com.")
    return url.rstrip("/")


def _checked_token(account: Account, token: str) -> str:
    if not token or re.search(r"[^\x21-\x7e]", token):
        said = "has no token" if not token else "has a token with a blank or a character that a header cannot carry"
        raise _misconfigured(account, said, f"It comes from {account.token_from}. Paste the token again, without spaces.")
    return token


def _misconfigured(account: Account, said: str, hint: str) -> Misconfigured:
    detail = f"The account {account.name!r}: {said}." if "URL" in said else f"The account {account.name!r} {said}."
    return Misconfigured(detail, [Problem("account.invalid", detail, hint=hint)], hint=hint)


def placed(path: str, payload: bytes) -> tuple[str, bytes]:
    """A path with its `{names}` filled from the payload, percent-encoded, and the payload without these fields: no bytes at
    all where nothing is left. Raises ValueError for a field that is missing or that a path cannot carry.

    >>> placed("/v1/webhooks/{id}", b'{"id": "a/b", "disabled": true}')
    ('/v1/webhooks/a%2Fb', b'{"disabled":true}')
    >>> placed("/v1/webhooks/{id}", b'{"id": "7"}')
    ('/v1/webhooks/7', b'')
    """
    if "{" not in path:
        return path, payload
    value = strictjson.read_object(payload, what="payload")

    def fill(name: re.Match[str]) -> str:
        text = value.pop(name[1], None)
        if not isinstance(text, str) or text in ("", ".", ".."):  # dots alone would lead out of the path
            raise ValueError(f"{name[1]} is no text that a path can carry")
        return quote(text, safe="")

    filled = re.sub(r"{(\w+)}", fill, path)
    return filled, strictjson.write(value) if value else b""


def as_query(payload: bytes) -> str:
    """A GET's payload as a query: `+` becomes %2B (a bare one would arrive as a blank), a list repeats its name, null is
    left out. Raises ValueError for what is not an object.

    >>> as_query(b'{"phone": "+12025550143", "all": true, "id": [1, 2], "email": null}')
    'phone=%2B12025550143&all=true&id=1&id=2'
    """
    value = json.loads(payload or b"{}")
    if not isinstance(value, dict):
        raise ValueError("a GET's payload must be an object")
    pairs = ((name, each) for name, held in value.items() for each in (held if isinstance(held, list) else [held]))
    return urlencode(
        [(name, each if isinstance(each, str) else json.dumps(each)) for name, each in pairs if each is not None],
        quote_via=quote,
        safe="",
    )


def _read(response: requests.Response) -> tuple[bytes, str | None]:
    """The first bytes of the answer's body, and what cut it short. A status that came stands, whatever follows."""
    body = bytearray()
    try:
        while len(body) < BODY_READ:
            chunk = response.raw.read(8192, decode_content=False)
            if not chunk:
                return bytes(body), None
            body += chunk
        cut = None  # long enough: the rest stays unread
    except (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError):
        cut = "the answer's body broke off"
    response.close()
    return bytes(body), cut


def describe(error: BaseException, timeout: tuple[float, float], kind: Kind) -> str:
    """What happened on the line, in a few words. Never the exception's own text: that may quote headers.

    >>> describe(ConnectionRefusedError(), (5, 10), "not_sent")
    'connection refused'
    """
    causes = list(_causes(error))

    def one_of(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if one_of(socket.gaierror):
        return "no such host"
    if one_of(ConnectionRefusedError):
        return "connection refused"
    if one_of(ssl.SSLCertVerificationError):
        return "the server's certificate is not trusted"
    if one_of(TimeoutError, urllib3.exceptions.TimeoutError):
        return f"no answer within {timeout[1]:g} s" if kind == "no_answer" else f"no connection within {timeout[0]:g} s"
    if one_of(ConnectionError, http.client.RemoteDisconnected):
        return "connection lost before the answer" if kind == "no_answer" else "connection lost before the request had left"
    if one_of(ssl.SSLError):
        return "TLS failure"
    if one_of(http.client.HTTPException):
        return "the answer was not HTTP"
    if one_of(OSError):
        numbers = [str(cause.errno) for cause in causes if isinstance(cause, OSError) and cause.errno]
        return f"network error {numbers[-1]}" if numbers else "network error"
    return f"the request could not be made ({type(error).__name__})"


def _causes(error: BaseException) -> Iterable[BaseException]:
    """The error and everything that led to it: requests and urllib3 keep causes in arguments and in `reason` too."""
    waiting, seen = [error], set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        inner = (*each.args, getattr(each, "reason", None), each.__cause__, each.__context__)
        waiting += [one for one in inner if isinstance(one, BaseException)]


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)


_NO_HOOKS: dict[str, list[Any]] = {"response": []}
