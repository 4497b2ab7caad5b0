"""Group commit: deliveries that arrive while one commit is being written go into the next one together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING

from service.errors import Unavailable
from service.model import NewDelivery

if TYPE_CHECKING:
    from service.store import Inserted, Store

_LARGEST_COMMIT = 256  # rows
_GIVE_UP_S = 60.0  # longer than a database may be busy; only a dead committer lets it pass


class _Waiting:
    """One caller's delivery on its way, and what became of it."""

    __slots__ = ("answer", "done", "error", "given_up", "row")

    def __init__(self, row: NewDelivery) -> None:
        self.row = row
        self.answer: Inserted | None = None
        self.error: BaseException | None = None
        self.given_up = False
        self.done = threading.Lock()  # held until there is an answer: the cheapest thing that one thread can wait for
        self.done.acquire()


class Committer:
    """One thread a process commits for all callers. It starts with the first delivery, so that a server may fork before.

    There is no timer: a delivery that comes alone is committed at once, and what comes meanwhile waits for one commit.
    """

    def __init__(self, store: Store) -> None:
        self._insert_many: Callable[[Sequence[NewDelivery]], list[Inserted]] = store.deliveries.insert_many
        self._over_a_network = not store.database.is_sqlite
        self._begin(pid=0)

    def _begin(self, pid: int) -> None:
        self._pid = pid
        self._start_lock = threading.Lock()
        self._queue: SimpleQueue[_Waiting] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(self, row: NewDelivery) -> Inserted:
        """Blocks until the delivery is durable.

        Raises `Unavailable`: it was not kept, unless the connection broke in the very moment of the commit, which nobody can
        tell. Submitting a delivery of the same id again is therefore always safe.
        """
        if self._thread is None or self._pid != os.getpid():
            self._start()
        waiting = _Waiting(row)
        self._queue.put(waiting)
        if not waiting.done.acquire(timeout=_GIVE_UP_S):
            waiting.given_up = True
            raise Unavailable("The database has not answered for a minute.")
        if waiting.error is not None:
            raise waiting.error
        assert waiting.answer is not None
        return waiting.answer

    def _start(self) -> None:
        if self._pid != os.getpid():  # forked: the parent's thread, and who waits for it, stayed with the parent
            self._begin(os.getpid())
        with self._start_lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            group = [self._queue.get()]
            while len(group) < _LARGEST_COMMIT and not self._queue.empty():  # nobody else takes from it
                group.append(self._queue.get())
            self._commit([each for each in group if not each.given_up])  # their callers were told that nothing was kept

    def _insert(self, rows: list[NewDelivery]) -> list[Inserted]:
        try:
            return self._insert_many(rows)
        except Unavailable:
            if not self._over_a_network:
                raise
            # The connection may have been lost after the commit. The same ids again change nothing, and tell.
            return self._insert_many(rows)

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            for waiting, answer in zip(group, self._insert([each.row for each in group]), strict=True):
                waiting.answer = answer
        except Unavailable as error:
            for waiting in group:
                waiting.error = Unavailable(error.detail, error.problems, hint=error.hint, inside=error.inside)
        except Exception as error:  # the thread must live on, and one bad row must not take the others with it
            if len(group) > 1:
                for waiting in group:
                    self._commit([waiting])
                return
            group[0].error = error
        for waiting in group:
            waiting.done.release()
