"""Faults on request: what the pretend vendor does wrong, to which calls, and how often."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

LONGEST_DELAY_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. It meets calls that fit `path`, `method` (None: any) and `match` (fields of the body and their values).

    | field | the vendor |
    |---|---|
    | `status`, `headers`, `body` | answers so; with a status of 300 and above nothing is carried out, unless `carry_out` |
    | `delay` | waits so many seconds before the answer |
    | `hang` | carries the call out and then says nothing, while the connection stays open |
    | `drop` | cuts the connection without an answer: `"before"` carrying the call out, or `"after"` (the same as true) |
    | `garbage` | carries the call out and answers with a body that is not JSON; `"http"`: with bytes that are not HTTP |
    | `limit` | takes only so many calls a second |
    | `times` | does so for this many calls (None: until the fault is taken away) |
    """

    id: int = 0
    path: str | None = None
    method: str | None = None
    match: Mapping[str, Any] = field(default_factory=dict)
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    carry_out: bool | None = None
    delay: float = 0.0
    hang: bool = False
    drop: str | None = None
    garbage: str | None = None
    limit: int | None = None
    times: int | None = None

    @property
    def carries_out(self) -> bool:
        """Whether the call takes effect although this fault meets it."""
        if self.carry_out is not None:
            return self.carry_out
        return self.drop != "before" and (self.status is None or self.status < 300)

    @property
    def name(self) -> str:
        """The fault in a word or two, for the ledger."""
        words = [str(self.status)] if self.status else []
        words += [word for word in ("hang", "delay") if getattr(self, word)]
        words += [f"drop {self.drop}"] if self.drop else []
        words += [f"garbage {self.garbage}"] if self.garbage else []
        return " ".join(words) or "changed answer"

    def fits(self, method: str, path: str, body: Any) -> bool:
        if self.path not in (None, path) or self.method not in (None, method):
            return False
        if not self.match:
            return True
        return isinstance(body, dict) and all(name in body and body[name] == value for name, value in self.match.items())

    def as_dict(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def read(cls, said: Any) -> Fault:
        """The fault that a JSON value asks for. Raises ValueError with a sentence."""
        if not isinstance(said, dict):
            raise ValueError('A fault is an object such as {"path": "/v1/text/send", "status": 503, "times": 2}.')
        known = {each.name for each in fields(cls)} - {"id"}
        if unknown := sorted(set(said) - known):
            raise ValueError(f"A fault has no {', '.join(map(repr, unknown))}. It may have: {', '.join(sorted(known))}.")
        values = {name: value for name, value in said.items() if value is not None}
        for name, (fits, words) in _CHECKS.items():
            if name in values and not fits(values[name]):
                raise ValueError(f"The fault's {name!r} must be {words}.")
        for name, meant in (("drop", "after"), ("garbage", "body")):
            if name in values:
                values[name] = {True: meant, False: None}.get(values[name], values[name])
        does = ("status", "delay", "hang", "drop", "garbage", "headers", "body")
        if "limit" not in values and not any(values.get(name) for name in does):
            raise ValueError(f"The fault does nothing. Give one of: {', '.join(does)}, limit.")
        return cls(**values)


def _whole(least: int, most: int) -> Any:
    return lambda value: type(value) is int and least <= value <= most


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(
        re.fullmatch(r"[A-Za-z0-9-]+", name) and isinstance(each, str) and each.isprintable() and each.isascii()
        for name, each in value.items()
    )


_CHECKS: dict[str, tuple[Any, str]] = {
    "path": (lambda value: isinstance(value, str), "a path such as /v1/text/send"),
    "method": (lambda value: isinstance(value, str), "a method such as POST"),
    "match": (lambda value: isinstance(value, dict), 'an object such as {"to": "+12025550143"}'),
    "status": (_whole(200, 599), "a status from 200 to 599"),
    "headers": (_texts, "an object of names and texts"),
    "carry_out": (lambda value: isinstance(value, bool), "true or false"),
    "delay": (
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST_DELAY_S,
        f"seconds, at most {LONGEST_DELAY_S:g}",
    ),
    "hang": (lambda value: isinstance(value, bool), "true or false"),
    "drop": (lambda value: value in (True, False, "before", "after"), '"before", "after", or true, which means after'),
    "garbage": (lambda value: value in (True, False, "body", "http"), '"body", "http", or true, which means body'),
    "limit": (_whole(0, 1_000_000), "calls a second"),
    "times": (_whole(1, 1_000_000_000), "a count of 1 or more"),
}


class Faults:
    """The faults in force, oldest first. The first that fits a call meets it; limits hold beside other faults."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._in_force: dict[int, Fault] = {}  # `times` counts down
        self.none = True  # read without the lock: the common case costs nothing
        self.over = threading.Event()

    def add(self, said: Any) -> Fault:
        """Puts a fault in force. Raises ValueError with a sentence."""
        fault = Fault.read(said)
        with self._lock:
            fault = replace(fault, id=next(self._ids))
            self._in_force[fault.id] = fault
            self.none = False
        return fault

    def clear(self) -> None:
        """Takes every fault away and wakes the calls that one of them is delaying."""
        with self._lock:
            self._in_force.clear()
            self.none = True
            self.over.set()
            self.over = threading.Event()

    def all(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.as_dict() for fault in self._in_force.values()]

    def limit(self, method: str, path: str, body: Any) -> int | None:
        """The lowest limit that a fault puts on this call."""
        if self.none:
            return None
        with self._lock:
            limits = [
                each.limit for each in self._in_force.values() if each.limit is not None and each.fits(method, path, body)
            ]
        return min(limits, default=None)

    def take(self, method: str, path: str, body: Any) -> Fault | None:
        """The fault that meets this call, counted as used."""
        if self.none:
            return None
        with self._lock:
            fault = next(
                (each for each in self._in_force.values() if each.limit is None and each.fits(method, path, body)), None
            )
            if fault is not None and fault.times is not None:
                if fault.times == 1:
                    del self._in_force[fault.id]
                    self.none = not self._in_force
                else:
                    self._in_force[fault.id] = replace(fault, times=fault.times - 1)
        return fault
