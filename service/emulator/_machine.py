"""What happens to a call at a pretend vendor: note it, meet a fault, ask who calls, count, carry out, answer."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from service.emulator import _wire
from service.emulator._faults import Fault, Faults
from service.emulator._ledger import Entry, Ledger, Second, headers_shown, parsed
from service.emulator._outbox import Outbox
from service.emulator._phones import Phones

Mode = Literal["real", "strict", "off"]
MODES: tuple[str, ...] = get_args(Mode)
DEFAULT_PER_SECOND = 150
GARBAGE = b"<html>\x00\xff {not json\r\n\r\n"


class Refused(Exception):
    """The vendor says no: a status and its words (None: an answer without a body)."""

    def __init__(self, status: int, said: str | None = None) -> None:
        super().__init__(said)
        self.status = status
        self.said = said


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `body` is a JSON value; `...` stands for an empty body."""

    status: int = 200
    body: Any = ...


class Rules:
    """How each rule of the vendor is kept: `real` (as documented), `strict` (a 400 that names the rule) or `off`."""

    def __init__(self, known: Mapping[str, str], default: str = "real") -> None:
        self.known = dict(known)
        self._first = self._default = _mode(default)
        self._modes: dict[str, Mode] = {}

    def mode(self, rule: str) -> Mode:
        return self._modes.get(rule, self._default)

    def set(self, said: Any) -> None:
        """Takes `{"braces": "strict", "*": "real"}`; `*` is every rule. Raises ValueError with a sentence."""
        if not isinstance(said, dict):
            raise ValueError('Give an object such as {"braces": "strict"} or {"*": "off"}.')
        if unknown := sorted(set(said) - set(self.known) - {"*"}):
            raise ValueError(
                f"There is no rule {', '.join(map(repr, unknown))}. There are: {', '.join(sorted(self.known))}."
            )
        modes = {rule: _mode(mode) for rule, mode in said.items()}
        if "*" in modes:
            self._default = modes.pop("*")
            self._modes.clear()
        self._modes.update(modes)

    def reset(self) -> None:
        self._default = self._first
        self._modes.clear()

    def as_dict(self) -> dict[str, dict[str, str]]:
        return {rule: {"mode": self.mode(rule), "means": means} for rule, means in sorted(self.known.items())}


def _mode(word: Any) -> Mode:
    if word not in MODES:
        raise ValueError(f"{word!r} is no mode. There are: {', '.join(MODES)}.")
    return word  # type: ignore[no-any-return]


@dataclass(slots=True)
class Call:
    """One call as the vendor's own code sees it."""

    entry: Entry
    rules: Rules
    now: float
    body: Any
    query: Mapping[str, list[str]]
    arguments: Mapping[str, str]

    def note(self, rule: str, said: str) -> None:
        """Writes something into the ledger that the caller does not get to know."""
        self.entry.notes.append((rule, said))

    def refuse(self, rule: str, said: str) -> None:
        """A broken rule that the vendor answers with 400."""
        if self.rules.mode(rule) != "off":
            self.note(rule, said)
            raise Refused(400, said if self.rules.mode(rule) == "real" else f"{said} (rule {rule})")

    def quietly(self, rule: str, said: str) -> bool:
        """A broken rule about which the vendor says nothing: noted, and true; 400 in strict mode; false when it is off."""
        mode = self.rules.mode(rule)
        if mode == "strict":
            self.refuse(rule, said)
        if mode == "real":
            self.note(rule, said)
        return mode == "real"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call that the vendor offers. `scope` None: any token may."""

    method: str
    path: str
    scope: str | None
    per_second: int
    carry_out: Callable[[Any, Call], Reply]  # the vendor's state, the call
    body: bool = True


class Machine:
    """A pretend vendor that runs: its endpoints, who may call, and everything it remembers. Thread-safe, one process."""

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        rules: Rules,
        tokens: Mapping[str, frozenset[str] | None] | None,
        new_state: Callable[[Phones], Any],
        clock: Callable[[], float] = time.time,
        outbox: Outbox | None = None,
    ) -> None:
        self.endpoints = tuple(endpoints)
        self.rules = rules
        self.tokens = None if tokens is None else dict(tokens)  # token to scopes; scopes None: all; tokens None: any token
        self.clock = clock
        self.lock = threading.Lock()
        self.ledger = Ledger()
        self.faults = Faults()
        self.silent = _wire.Silent()
        self.phones = Phones()
        self.outbox = outbox or Outbox()
        self.limits: dict[str, int] = {}  # path to calls a second, where it is not the endpoint's own
        self._new_state = new_state
        self.state = new_state(self.phones)
        self._seconds: dict[tuple[str | None, Endpoint | None], Second] = {}

    def reset(self) -> None:
        """Forgets everything but who may call."""
        self.faults.clear()
        self.silent.release()
        with self.lock:
            self.ledger.reset()
            self.rules.reset()
            self.limits.clear()
            self.phones.clear()
            self.outbox.clear()
            self._seconds.clear()
            self.state = self._new_state(self.phones)

    def change(self, said: Any) -> None:
        """Changes somebody's subscription at the vendor. Raises ValueError with a sentence."""
        with self.lock:
            self.state.set_subscriber(said)

    def listen(self, said: Any) -> Any:
        """Adds a webhook. Raises ValueError with a sentence."""
        with self.lock:
            return self.state.listen(said)

    def say(self, said: Any) -> None:
        """Lets somebody do something that the vendor tells webhooks of. Raises ValueError with a sentence."""
        with self.lock:
            self.state.say(said, self.clock())

    def set_limits(self, said: Any) -> None:
        """Takes `{"/v1/text/send": 5}`: calls a second by path. Raises ValueError with a sentence."""
        if not isinstance(said, dict) or not all(type(each) is int and each >= 0 for each in said.values()):
            raise ValueError('Give an object of paths and calls a second, such as {"/v1/text/send": 5}.')
        self.limits.update(said)

    def add_tokens(self, said: Any) -> None:
        """Takes `{"token": ["messages:write"]}`: who may call and for what (null: everything). Raises ValueError."""
        if not isinstance(said, dict) or not all(each is None or isinstance(each, list) for each in said.values()):
            raise ValueError('Give an object of tokens and scopes, such as {"token": ["messages:write"]}.')
        self.tokens = {
            **(self.tokens or {}),
            **{token: None if own is None else frozenset(map(str, own)) for token, own in said.items()},
        }

    def answer(self, endpoint: Endpoint | None, **arguments: str) -> Response:
        """The answer to the request under way; `endpoint` None: the vendor has no such call."""
        try:
            raw, too_large = request.get_data(cache=False), False
        except RequestEntityTooLarge:
            raw, too_large = b"", True
        body = parsed(raw) if raw else None
        entry = self._arrived(raw, body, endpoint)
        fault = self.faults.take(entry.method, entry.path, body)
        carry_out = not too_large and (fault is None or fault.carries_out)
        token = self._token()
        allowed, headers = self._counted(endpoint, token, entry, body, take=carry_out)
        try:
            if carry_out:
                found = self._let_in(endpoint, entry, token, allowed)
                reply = self._carried_out(found, entry, body, arguments)
            else:
                reply = Reply(413 if too_large else 200)
        except Refused as refused:
            reply = Reply(refused.status, ... if refused.said is None else {"message": refused.said})
        content = b"" if reply.body is ... else json.dumps(reply.body).encode()
        response = Response(content, reply.status, headers, content_type="application/json")
        self.ledger.effects(entry)
        return self._finished(response, entry, fault)

    def _finished(self, response: Response, entry: Entry, fault: Fault | None) -> Response:
        """The answer after the fault has done its worst, and the ledger told of it."""
        taken = None if fault is None else self._spoil(response, entry, fault)
        if fault is None or taken is None:
            entry.answer = response.get_data()
            self.ledger.answered(entry, response.status_code)
        else:
            self.ledger.answered(entry, None)  # before the client can notice, so that nobody reads an older ledger
            self._without_answer(taken, fault)
        return response

    def _arrived(self, raw: bytes, body: Any, endpoint: Endpoint | None) -> Entry:
        about = body if isinstance(body, dict) else {}
        user = about.get("user")
        to = about.get("to") or (user.get("phone") if isinstance(user, dict) else None)
        return self.ledger.add(
            Entry(
                number=0,
                time=self.clock(),
                method=request.method,
                path=request.path,
                query=request.query_string.decode("latin-1"),
                headers=headers_shown(request.headers),
                raw=raw,
                request_id=request.headers.get("X-Request-Id"),
                route=endpoint.path if endpoint else None,
                to=to if isinstance(to, str) else None,
            )
        )

    def _token(self) -> str | None:
        """The caller's token if it is one that we know."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or (self.tokens is not None and token not in self.tokens):
            return None
        return token

    def _let_in(self, endpoint: Endpoint | None, entry: Entry, token: str | None, allowed: bool) -> Endpoint:
        """The endpoint, if the call may reach it."""
        if endpoint is None:
            raise Refused(405 if any(entry.path == each.path for each in self.endpoints) else 404)
        if token is None:
            raise Refused(401)
        scopes = self.tokens.get(token) if self.tokens is not None else None
        if endpoint.scope is not None and scopes is not None and endpoint.scope not in scopes:
            raise Refused(403)
        if not allowed:
            raise Refused(429)
        return endpoint

    def _counted(
        self, endpoint: Endpoint | None, token: str | None, entry: Entry, body: Any, *, take: bool
    ) -> tuple[bool, dict[str, str]]:
        """Whether the call is within its limit, and the headers that say so; `take` counts it."""
        limit = self.limits.get(entry.path, endpoint.per_second if endpoint else DEFAULT_PER_SECOND)
        if (lower := self.faults.limit(entry.method, entry.path, body)) is not None:
            limit = min(limit, lower)
        with self.lock:
            second = self._seconds.setdefault((token, endpoint), Second())
            used = second.count(entry.time)
            allowed = used < limit
            if allowed and take and token is not None:
                used = second.add(entry.time)
        return allowed, {"x-ratelimit-limit": str(limit), "x-ratelimit-remaining": str(max(0, limit - used))}

    def _carried_out(self, endpoint: Endpoint, entry: Entry, body: Any, arguments: dict[str, str]) -> Reply:
        if endpoint.body and body is None:
            raise Refused(400, "The body is not JSON.")
        query = dict(request.args.lists())
        with self.lock:
            texts = self.phones.version
            reply = endpoint.carry_out(self.state, Call(entry, self.rules, self.clock(), body, query, arguments))
            entry.phone = self.phones.version != texts
            entry.carried_out = True
        return reply

    def _spoil(self, response: Response, entry: Entry, fault: Fault) -> socket.socket | None:
        """Does to an answer what the fault asks for. Returns the client's connection if it shall get no answer on it."""
        entry.fault = fault.name
        if fault.status is not None and (response.status_code < 300 or not fault.carries_out):
            response.status_code = fault.status
            response.set_data(b"")
        if fault.body is not None:
            response.set_data(json.dumps(fault.body))
        if fault.garbage == "body":
            response.set_data(GARBAGE)
        response.headers.update(fault.headers)
        if fault.delay:
            self.faults.over.wait(fault.delay)
        if not (fault.hang or fault.drop or fault.garbage == "http"):
            return None
        try:
            taken = _wire.take_over(request.environ)
        except _wire.NoConnection:
            entry.notes.append(("fault", "This web server does not hand out its connections, so it answered 500."))
            response.status_code = 500
            return None
        response.headers["Connection"] = "close"
        return taken

    def _without_answer(self, connection: socket.socket, fault: Fault) -> None:
        if fault.hang:
            self.silent.keep(connection)
        elif fault.garbage == "http":
            with contextlib.suppress(OSError):  # the client may have gone
                connection.sendall(GARBAGE)
            connection.close()
        else:
            _wire.cut(connection)
