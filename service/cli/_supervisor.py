"""Keeps child processes running: starts them, starts a crashed one again after a pause, and drains all when asked to stop.

One thread waits in `select` for signals and for the moment when a crashed child may start again; nothing polls. It needs no
pid file, and works as process 1 of a container, where it also reaps what other processes leave behind.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
SETTLED_S = 60.0  # a child that ran this long is healthy: its next crash is a first one again

_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class Child:
    """One process to keep running. `command` must not hold secrets: every user of the machine can read it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] | None = None
    pass_fds: Sequence[int] = ()
    log: Path | None = None  # where its output goes; None: to ours
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started: float = 0.0
    pause_s: float = 0.0
    due: float | None = 0.0  # when to start it (time.monotonic), None while it runs

    def start(self) -> None:
        """Start it in a session of its own: a Ctrl-C in the terminal reaches only us, and we tell it in our own time."""
        self.started, self.due = time.monotonic(), None
        with contextlib.ExitStack() as files:
            output = files.enter_context(self.log.open("ab")) if self.log is not None else None
            self.process = subprocess.Popen(  # noqa: S603 - commands are our own
                self.command,
                env=self.environment,
                pass_fds=self.pass_fds,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_end_with_parent(os.getpid()),
            )

    def ended(self, status: int) -> None:
        """Note that it ended, and when it may start again."""
        if self.process is not None:
            self.process.returncode = status
        if time.monotonic() - self.started > SETTLED_S:
            self.pause_s = 0.0
        self.pause_s = min(LONGEST_PAUSE_S, self.pause_s * 2 or FIRST_PAUSE_S)
        self.due = time.monotonic() + self.pause_s
        self.process = None

    def signal(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, number)

    def kill(self) -> None:
        """End it and everything that it has started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


class Supervisor:
    """Runs `children` until a stop signal comes, or until `stop` is called from a `watch` callback."""

    def __init__(self, children: Sequence[Child], *, grace_s: float, say: Callable[[str], None] | None = None) -> None:
        self.children = list(children)
        self.grace_s = grace_s
        self._say = say or (lambda text: print(text, file=sys.stderr, flush=True))  # noqa: T201
        self.stopping = False
        self._woken = (-1, -1)

    def run(self, *, started: Callable[[], None] | None = None, before_stop: Callable[[], None] | None = None) -> int:
        """Keep the children running. The exit status: 0 when all drained in time, 1 when one had to be killed.

        `started` is called as soon as a stop signal would be heard, `before_stop` when one was.
        """
        with self._signals():
            self._start_due()
            if started is not None:
                started()
            while not self.stopping:
                self._start_due()
                self._wait(self._next_due())
                self._reap()
            if before_stop is not None:
                before_stop()
            return self.drain()

    def drain(self) -> int:
        """Ask every child to finish what it has begun; kill those that have not after the grace time."""
        deadline = time.monotonic() + self.grace_s
        for child in self.children:
            child.signal(signal.SIGTERM)
        while self._running() and (left := deadline - time.monotonic()) > 0:
            self._wait(left)
            self._reap()
        late = self._running()
        for child in late:
            self._say(f"burgee: {child.name} did not stop within {self.grace_s:g} s and is killed.")
            child.kill()
        return 1 if late else 0

    def stop(self, *_: int | FrameType | None) -> None:
        """Leave `run` soon. A signal handler, and safe to call from any thread."""
        self.stopping = True
        with contextlib.suppress(OSError):  # a full pipe wakes as well; a closed one has nobody to wake
            os.write(self._woken[1], b"\0")

    def _running(self) -> list[Child]:
        return [child for child in self.children if child.process is not None]

    def _start_due(self) -> None:
        for child in self.children:
            if child.due is not None and child.due <= time.monotonic():
                child.start()

    def _next_due(self) -> float | None:
        due = [child.due for child in self.children if child.due is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _reap(self) -> None:
        """Take note of every process that has ended: ours, and as process 1 also orphans of others."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for child in self.children:
                if child.process is not None and child.process.pid == pid:
                    code = os.waitstatus_to_exitcode(status)
                    child.ended(code)
                    if not self.stopping:
                        self._say(f"burgee: {child.name} ended ({_ending(code)}); starting it again in {child.pause_s:g} s.")

    def _wait(self, seconds: float | None) -> None:
        ready, _, _ = select.select([self._woken[0]], [], [], seconds)
        if ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._woken[0], 4096)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Signals write a byte into a pipe, so that `select` wakes up for each of them."""
        self._woken = os.pipe()
        for end in self._woken:
            os.set_blocking(end, False)
        heard = [number for number in STOP_SIGNALS if signal.getsignal(number) != signal.SIG_IGN]  # nohup ignores one
        handlers = {number: signal.signal(number, self.stop) for number in heard}
        handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        before = signal.set_wakeup_fd(self._woken[1], warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            for child in self._running():
                child.kill()
            for end in self._woken:
                os.close(end)


def _ending(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def _end_with_parent(parent: int) -> Callable[[], None] | None:
    """On Linux: a child gets SIGTERM when its parent dies, so that `kill -9` of the parent leaves nothing running."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask
