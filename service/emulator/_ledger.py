"""What arrived: every call with its answer and what the emulator noticed, counts, and the busiest second."""

from __future__ import annotations

import itertools
import json
import math
import sys
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

KEEP = 100_000  # calls
KEEP_BYTES = 128 * 1024 * 1024  # of their bodies
BODY_SHOWN = 65_536
DEEPEST = 100
SECRET = ("Authorization", "Proxy-Authorization", "Cookie")
UNKNOWN = "(unknown)"


@dataclass(slots=True, eq=False)
class Entry:
    """One call. `status` is None while there is no answer (and for ever, if there never is one). `route` is the path as the
    vendor names it; None: the vendor has no such path."""

    number: int
    time: float  # seconds since 1970, with microseconds
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    raw: bytes
    request_id: str | None
    route: str | None = None
    to: str | None = None
    status: int | None = None
    answer: bytes | None = None
    fault: str | None = None
    carried_out: bool = False  # whether the call took effect, whatever was answered
    phone: bool = False  # whether a text of it reached a phone
    notes: list[tuple[str, str]] = field(default_factory=list)  # rule, what was noticed

    def as_dict(self) -> dict[str, Any]:
        """The call as JSON. `body` is None where `raw` is not JSON."""
        text = self.raw[:BODY_SHOWN].decode("utf-8", "replace")
        return {
            "number": self.number,
            "time": round(self.time, 6),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": dict(self.headers),
            "body": parsed(self.raw),
            "raw": text,
            "to": self.to,
            "request_id": self.request_id,
            "status": self.status,
            "answer": None if self.answer is None else self.answer.decode("utf-8", "replace"),
            "fault": self.fault,
            "carried_out": self.carried_out,
            "phone": self.phone,
            "notes": [{"rule": rule, "said": said} for rule, said in self.notes],
        }


class Second:
    """How many calls fell into any one second (a sliding one, not one of the clock), and the most there ever were."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self.most = 0

    def add(self, now: float) -> int:
        """Counts a call; says how many the last second has now."""
        self.count(now)
        self._times.append(now)
        self.most = max(self.most, len(self._times))
        return len(self._times)

    def count(self, now: float) -> int:
        while self._times and self._times[0] <= now - 1.0:
            self._times.popleft()
        return len(self._times)


class Ledger:
    """The calls of late, and counts of all since the last reset."""

    def __init__(self, keep: int = KEEP, keep_bytes: int = KEEP_BYTES) -> None:
        self._lock = threading.Lock()
        self._keep, self._keep_bytes = keep, keep_bytes
        self._numbers = itertools.count(1)
        self.resets = -1
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self.resets += 1
            self._entries: deque[Entry] = deque()
            self._bytes = 0
            self._total = 0
            self._ids: Counter[str] = Counter()
            self._duplicates = 0
            self._seconds: dict[str, Second] = defaultdict(Second)
            self._paths: Counter[str] = Counter()
            self._answers: dict[str, Counter[str]] = defaultdict(Counter)
            self._noted: Counter[str] = Counter()
            self._texts = 0
            self._texted: Counter[str] = Counter()  # ids of requests whose text reached a phone
            self._texts_again = 0

    def add(self, entry: Entry) -> Entry:
        """Keeps a call at its arrival; it gets its number here."""
        with self._lock:
            entry.number = next(self._numbers)
            self._total += 1
            route = entry.route or UNKNOWN
            self._paths[route] += 1
            self._seconds[route].add(entry.time)
            if entry.request_id:
                self._ids[entry.request_id] += 1
                self._duplicates += self._ids[entry.request_id] > 1
            self._entries.append(entry)
            self._bytes += len(entry.raw)
            while len(self._entries) > self._keep or self._bytes > self._keep_bytes:
                self._forget(self._entries.popleft())
        return entry

    def effects(self, entry: Entry) -> None:
        """Counts what a call has done, before any answer."""
        with self._lock:
            self._noted.update(rule for rule, _ in entry.notes)
            if entry.phone:
                self._texts += 1
                if entry.request_id:
                    self._texted[entry.request_id] += 1
                    self._texts_again += self._texted[entry.request_id] > 1

    def answered(self, entry: Entry, status: int | None) -> None:
        """Counts the answer of a call (None: there will be none)."""
        with self._lock:
            entry.status = status
            self._answers[entry.route or UNKNOWN]["none" if status is None else str(status)] += 1

    def entries(
        self,
        *,
        after: int | None = None,
        since: float | None = None,
        to: str | None = None,
        path: str | None = None,
        request_id: str | None = None,
        limit: int = 1000,
    ) -> list[Entry]:
        """Calls in the order of their arrival: the first after `after` or `since`; without either, the last ones."""
        with self._lock:
            held = list(self._entries)

        def wanted(each: Entry) -> bool:
            return (
                (after is None or each.number > after)
                and (since is None or each.time >= since)
                and to in (None, each.to)
                and path in (None, each.path)
                and request_id in (None, each.request_id)
            )

        if after is None and since is None:
            return list(itertools.islice(filter(wanted, reversed(held)), limit))[::-1]
        return list(itertools.islice(filter(wanted, held), limit))

    def stats(self) -> dict[str, Any]:
        """Counts since the last reset.

        `duplicates` are calls whose `X-Request-Id` had come before (among those kept); `texts_again` are texts on a phone
        whose id had put a text on a phone before.
        """
        with self._lock:
            return {
                "requests": self._total,
                "kept": len(self._entries),
                "texts": self._texts,
                "texts_again": self._texts_again,
                "duplicates": self._duplicates,
                "max_in_one_second": max((each.most for each in self._seconds.values()), default=0),
                "paths": {path: self._path_stats(path) for path in sorted(self._paths)},
                "notes": dict(self._noted),
            }

    def _path_stats(self, path: str) -> dict[str, Any]:
        return {
            "requests": self._paths[path],
            "answers": dict(self._answers[path]),
            "max_in_one_second": self._seconds[path].most,
        }

    def _forget(self, entry: Entry) -> None:
        self._bytes -= len(entry.raw)
        if entry.request_id:
            self._ids[entry.request_id] -= 1
            if not self._ids[entry.request_id]:
                del self._ids[entry.request_id]
                self._texted.pop(entry.request_id, None)


def parsed(raw: bytes) -> Any:
    """The JSON value in `raw`, or None: also for what could not be written as JSON again (infinities, lone surrogates,
    more than a hundred levels), so that one call can never spoil the log."""
    try:
        value = json.loads(raw, parse_constant=_refuse, parse_float=_finite)
        if b"\\u" in raw:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value if raw.count(b"[") + raw.count(b"{") <= DEEPEST or _levels(value) <= DEEPEST else None


def _levels(value: Any) -> int:
    levels, level = 0, [value]
    while level:
        levels += 1
        level = [inner for each in level if isinstance(each, list | dict) for inner in _inside(each)]
    return levels


def _inside(value: list[Any] | dict[str, Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def headers_shown(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A call's headers without the secrets in them. Most calls have the same ones, so their texts are shared."""
    return {sys.intern(name): sys.intern(_hidden(value) if name in SECRET else value) for name, value in headers}


def _hidden(value: str) -> str:
    scheme, _, secret = value.partition(" ")
    return f"{scheme} ***" if secret and scheme.lower() in ("bearer", "basic") else "***"
