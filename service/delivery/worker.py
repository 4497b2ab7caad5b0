"""The worker: claims what is due, sends it from many threads, and keeps what came of it.

One thread dispatches (claims and hands out), `settings.senders` threads send, one keeps outcomes in small batches, one
listens for new work, one renews leases and looks after the dead. They meet at two queues and at `_InHand`.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from service import telemetry
from service.content import Library
from service.delivery import consents, guards, replay, retry
from service.delivery.plans import Plans
from service.delivery.prepare import Preparer
from service.delivery.routes import Route, Routes
from service.destinations import Answer
from service.errors import Conflict, Unavailable
from service.model import Status, new_id
from service.store.queue import Done, Ending, Job

if TYPE_CHECKING:
    from service.actions import Action, Actions
    from service.model import NewDelivery
    from service.settings import Settings
    from service.store import Store
    from service.store.presence import Presence
    from service.store.suppressions import Change

POLL_S = 0.5  # an idle worker looks for due retries this often, and whether or not it heard anything
ROOM_S = 0.003  # how long to let free senders gather for one claim instead of several
GATHER_S = 0.01  # how long to let outcomes gather for one transaction, where more are on their way
KEEP_S = 0.5  # between two looks after leases and the dead
MOST_OUTCOMES = 128  # in one transaction
SHORTEST_LEASE_S = 30.0
GRACE_S = 3.0  # beyond the timeouts, for senders to end when the worker stops

Handed: TypeAlias = "tuple[Job, Route, Action] | None"  # None ends a sender


class Worker:
    """Carries deliveries to their vendors until it is told to stop.

    Any number of workers may share a database, start and stop in any order. Make it and run it in the same process.
    """

    def __init__(self, store: Store, actions: Actions, settings: Settings) -> None:
        self._store = store
        self._preparer = Preparer(actions, Library(store))
        self._plans = Plans(store, self._preparer)
        self._settings = settings
        self._routes = Routes(store, actions, settings)
        self._actions = actions
        self.id = new_id("wrk")
        self._log = structlog.get_logger("burgee").bind(worker=self.id)
        self._in_hand = _InHand(settings.senders)
        self._handed: SimpleQueue[Handed] = SimpleQueue()
        self._outcomes: SimpleQueue[Done | None] = SimpleQueue()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._patience_s = settings.connect_timeout + settings.read_timeout
        self._lease_s = max(SHORTEST_LEASE_S, 2 * self._patience_s)

    def stop(self) -> None:
        """Take nothing more, let what is under way end, then let `run` return. May be called from anywhere, repeatedly."""
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Work until `stop`, or until SIGTERM or SIGINT where this is the main thread."""
        with self._signals(), self._present() as presence:
            self._log.info("worker started", pid=os.getpid(), host=socket.gethostname(), senders=self._settings.senders)
            others = [
                self._thread("listen", lambda: self._listen(presence)),
                self._thread("keep", self._keep),
            ]
            senders = [self._thread(f"send-{number}", self._send_all) for number in range(self._settings.senders)]
            completer = self._thread("complete", self._complete_all)
            try:
                self._dispatch()
            finally:
                self._drain(senders, completer)
                self._ended.set()
                for thread in others:
                    thread.join()
            self._log.info("worker stopped", left=len(self._in_hand))

    # -- dispatch

    def _dispatch(self) -> None:
        trouble = _Trouble(self._log)
        hot = True  # the last look found something, so the next look can be a claim at once
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._routes.refresh()
                if trouble.over():
                    self._store.queue.give_back_others(self.id, self._in_hand.ids())
                pause, hot = self._claim_once(hot)
            except Unavailable as error:
                pause, hot = trouble.pause_s(error), False
            if pause:
                self._wake.wait(pause)

    def _claim_once(self, hot: bool) -> tuple[float, bool]:
        """Claim and hand out once: how long to wait before the next time, and whether there is probably more."""
        room = self._in_hand.wait_for_room(1, POLL_S)
        if not room:
            return 0.0, hot
        room = self._in_hand.wait_for_room(self._settings.senders // 8, ROOM_S)
        if not hot and not self._store.queue.anything_due():
            return POLL_S, False
        claim = self._store.queue.claim(self.id, self._routes.limits, room, lease_s=self._lease_s, check=guards.check)
        for job in claim.jobs:
            self._hand_out(job)
        if claim.jobs or claim.objections:
            return 0.0, True
        return (POLL_S, False) if claim.again_in_s is None else (min(POLL_S, claim.again_in_s), False)

    def _hand_out(self, job: Job) -> None:
        self._in_hand.add(job)
        route, action = self._routes.get(job.account), self._actions.get(job.action)
        if route is None or action is None:
            self._in_hand.sent()
            self._outcomes.put(_nowhere_to_go(job))
            return
        self._handed.put((job, route, action))

    # -- send

    def _send_all(self) -> None:
        while (handed := self._handed.get()) is not None:
            job, route, action = handed
            answer = self._answer(job, route, action)
            self._in_hand.sent()
            self._outcomes.put(self._judge(job, route, action, answer))

    def _answer(self, job: Job, route: Route, action: Action) -> Answer:
        try:
            in_plan = job.plan is not None  # then later steps see the answer
            return route.sender.send(action.method, action.path, job.payload, job.id, whole=in_plan)
        except Exception:  # a fault of ours: whether the request left is not known, and the thread must live on
            self._log.exception("sending failed", delivery=job.id)
            return Answer(kind="no_answer", error="a fault of Burgee's own; see its log")

    def _judge(self, job: Job, route: Route, action: Action, answer: Answer) -> Done:
        decision = retry.decide(
            answer,
            guarantee=job.guarantee,
            attempt=job.number,
            now=datetime.now(UTC),
            random=random.random(),  # noqa: S311 - spreads retries, guards nothing
            expires_at=job.expires_at,
            success=action.success,
            advice=action.advice(answer.status),
        )
        goes_on = job.plan is not None and decision.ending.status is Status.ACCEPTED
        return Done(
            job=job,
            ending=decision.ending,
            then=self._next(job, answer) if goes_on else None,
            changes=self._changes(job, answer) if decision.ending.status is Status.ACCEPTED else (),
            duration_ms=answer.duration_ms,
            status_code=answer.status,
            headers=answer.headers,
            body=answer.body,
            error=answer.error,
            meaning=self._meaning(route, action, answer),
            block_s=decision.block_s,
            healthy=decision.healthy,
        )

    def _next(self, job: Job, answer: Answer) -> NewDelivery | None:
        """The next step of the job's plan, however long the database is away."""
        trouble = _Trouble(self._log)
        while True:
            try:
                return self._plans.next(job.id, answer.body)
            except Unavailable as error:
                time.sleep(trouble.pause_s(error))
            except Exception:  # a fault of ours must not take the outcome with it
                self._log.exception("a plan cannot go on", delivery=job.id)
                return None

    def _changes(self, job: Job, answer: Answer) -> tuple[Change, ...]:
        try:
            return consents.changes(job.action, job.payload, answer.body, datetime.now(UTC))
        except Exception:  # a fault of ours must not take the outcome with it
            self._log.exception("what an accepted call means is not understood", delivery=job.id)
            return ()

    def _meaning(self, route: Route, action: Action, answer: Answer) -> str | None:
        try:
            return route.explain(answer, action)
        except Exception:  # words are not worth an outcome
            self._log.exception("explaining an answer failed", account=route.account.name)
            return None

    # -- complete

    def _complete_all(self) -> None:
        going = True
        while going:
            batch = [self._outcomes.get()]
            if len(self._in_hand) > 1:
                time.sleep(GATHER_S)
            while len(batch) < MOST_OUTCOMES and batch[-1] is not None:
                try:
                    batch.append(self._outcomes.get_nowait())
                except Empty:
                    break
            going = batch[-1] is not None
            if done := [each for each in batch if each is not None]:
                self._complete(done)

    def _complete(self, done: list[Done]) -> None:
        """Keep these outcomes, however long the database is away: an outcome that is lost can never be known again."""
        trouble = _Trouble(self._log)
        while True:
            try:
                circuits = self._store.queue.complete(done)
                break
            except Unavailable as error:
                time.sleep(trouble.pause_s(error))
            except Exception:  # a value that cannot be kept must not take the others with it, nor end this thread
                self._log.exception("outcomes could not be kept", deliveries=[each.job.id for each in done])
                self._complete_one_by_one(done)
                return
        for each in done:
            self._in_hand.remove(each.job)
            _tell(each, self.id)
            if each.ending.status is Status.UNKNOWN:
                self._settle_if_told(each.job.id)
        for account, circuit in circuits.items():
            word = "opened" if circuit.open_until else "closed"
            self._log.warning(f"circuit {word}", account=account, failures=circuit.failures, trips=circuit.trips)
        if circuits:
            self._wake.set()

    def _settle_if_told(self, id: str) -> None:
        """The vendor may have told us of a text before we knew that we were unsure of it."""
        try:
            if self._store.inbound.told_of(id):
                replay.settle(self._store, self._preparer, id, Status.ACCEPTED, reason=replay.TOLD)
                self._log.info("settled by the vendor's word", delivery=id)
        except Conflict:
            return  # somebody was quicker
        except Unavailable as error:
            self._log.warning("an unknown delivery is left for a person", delivery=id, why=error.detail)

    def _complete_one_by_one(self, done: list[Done]) -> None:
        """Each for itself, and the one that cannot be kept without the vendor's words."""
        if len(done) > 1:
            for each in done:
                self._complete([each])
        elif (bare := _without_words(done[0])) != done[0]:
            self._complete([bare])

    # -- listen, keep

    def _listen(self, presence: _Present) -> None:
        while not self._ended.is_set():
            try:
                if presence.hear(POLL_S):
                    self._wake.set()
            except Unavailable:
                self._ended.wait(POLL_S)
                presence.renew()

    def _keep(self) -> None:
        renewed = time.monotonic()
        while not self._ended.wait(KEEP_S):
            try:
                if time.monotonic() - renewed > self._lease_s / 4:
                    self._store.queue.renew(self.id, self._lease_s)
                    renewed = time.monotonic()
                self._look_after_the_dead()
            except Unavailable:
                continue  # the dispatcher says so already
            except Exception:  # without this thread leases would run out
                self._log.exception("looking after leases failed")

    def _look_after_the_dead(self) -> None:
        lost: dict[str, Ending] = {}
        owners = self._store.queue.owners()
        for owner in owners.keys() - {self.id}:
            lost |= self._bury(owner)
        if any(owners.values()):
            lost |= self._store.queue.reclaim(None, retry.after_crash)
        for id, ending in lost.items():
            self._log.warning("worker died while sending", delivery=id, outcome=ending.outcome)
            if ending.status is Status.UNKNOWN:
                self._settle_if_told(id)
        if lost:
            self._wake.set()

    def _bury(self, owner: str) -> dict[str, Ending]:
        """Decide about what this worker had, if it is dead."""
        workers = self._store.workers
        endings = self._store.queue.reclaim(
            owner, retry.after_crash, is_gone=lambda connection: workers.is_gone(connection, owner)
        )
        if endings:
            workers.forget(owner)
        return endings

    # -- begin and end

    @contextmanager
    def _present(self) -> Iterator[_Present]:
        presence = _Present(lambda: self._store.workers.enter(self.id))
        trouble = _Trouble(self._log)
        while not presence.renew() and not self._stopping.is_set():
            self._stopping.wait(trouble.pause_s(Unavailable("The database cannot be reached.")))
        try:
            yield presence
        finally:
            presence.close()

    def _drain(self, senders: list[threading.Thread], completer: threading.Thread) -> None:
        """Give back what no sender has begun, wait for what they have, keep the outcomes."""
        unsent = []
        while not self._handed.empty():
            try:
                handed = self._handed.get_nowait()
            except Empty:
                break
            if handed is not None:
                unsent.append(handed[0])
        for _ in senders:
            self._handed.put(None)
        if unsent:
            try:
                self._store.queue.give_back(unsent)
            except Unavailable as error:
                self._log.warning("could not give back", deliveries=len(unsent), why=error.detail)
            for job in unsent:
                self._in_hand.remove(job)
        deadline = time.monotonic() + self._patience_s + GRACE_S
        for thread in senders:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._outcomes.put(None)
        completer.join(max(GRACE_S, deadline - time.monotonic()))

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name=f"burgee-{name}", daemon=True)
        thread.start()
        return thread

    @contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        old = {number: signal.signal(number, lambda *_: self.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)


class _InHand:
    """This worker's jobs, and how many senders are free. A job that was sent stays until its outcome is kept."""

    def __init__(self, senders: int) -> None:
        self._senders = senders
        self._jobs: dict[str, Job] = {}
        self._busy = 0
        self._enough = 1  # of them are waited for
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._jobs)

    def ids(self) -> frozenset[str]:
        with self._changed:
            return frozenset(self._jobs)

    def add(self, job: Job) -> None:
        with self._changed:
            self._jobs[job.id] = job
            self._busy += 1

    def sent(self) -> None:
        """A sender is free again."""
        with self._changed:
            self._busy -= 1
            if self._senders - self._busy >= self._enough:
                self._changed.notify()

    def remove(self, job: Job) -> None:
        with self._changed:
            self._jobs.pop(job.id, None)

    def wait_for_room(self, enough: int, timeout_s: float) -> int:
        """How many senders are free, as soon as there are `enough` or the time is over."""
        with self._changed:
            self._enough = enough
            self._changed.wait_for(lambda: self._senders - self._busy >= enough, timeout_s)
            return self._senders - self._busy


class _Present:
    """The worker's presence, entered again when the connection that it hangs on was lost."""

    def __init__(self, enter: Callable[[], Presence]) -> None:
        self._enter = enter
        self._presence: Presence | None = None

    def renew(self) -> bool:
        self.close()
        try:
            self._presence = self._enter()
        except Unavailable:
            return False
        return True

    def hear(self, timeout_s: float) -> bool:
        if self._presence is None:
            raise Unavailable("The worker is not connected.")
        return self._presence.hear(timeout_s)

    def close(self) -> None:
        if self._presence is not None:
            self._presence.close()
            self._presence = None


class _Trouble:
    """While the database is away: says so once, and asks again after growing pauses."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._pause_s = 0.0

    def pause_s(self, error: Unavailable) -> float:
        if not self._pause_s:
            self._log.error("database unavailable", why=error.detail)
        self._pause_s = min(2.0, max(0.1, self._pause_s * 2))
        return self._pause_s

    def over(self) -> bool:
        """True once, when there was trouble before."""
        was = self._pause_s > 0
        self._pause_s = 0.0
        return was


def _nowhere_to_go(job: Job) -> Done:
    reason = f"This version of Burgee knows no action {job.action!r}, so nothing was sent."
    return Done(job=job, ending=Ending(status=Status.FAILED, outcome="failed", reason=reason), meaning=reason)


def _without_words(done: Done) -> Done:
    return replace(done, headers={}, body=None, error=None, meaning=None)


def _tell(done: Done, worker: str) -> None:
    """One wide line and the metrics, without personal data."""
    job = done.job
    telemetry.attempt(
        delivery=job.id,
        account=job.account,
        action=job.action,
        template=job.template,
        version=job.version,
        attempt=job.number,
        status=done.ending.status.value,
        outcome=done.ending.outcome,
        status_code=done.status_code,
        duration_ms=done.duration_ms,
        worker=worker,
    )
