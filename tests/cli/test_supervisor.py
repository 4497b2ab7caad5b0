"""Keeping children running: pauses that grow, a grace time that ends, and nothing left over."""

import sys
import threading

import psutil
import pytest

from service.cli import _supervisor
from service.cli._supervisor import Child, Supervisor

IGNORES_TERM = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); signal.pause()"
WAITS = "import signal; signal.pause()"


def child(code, **more):
    return Child("a child", [sys.executable, "-c", code], **more)


def test_each_crash_doubles_the_pause_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(_supervisor, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(_supervisor, "LONGEST_PAUSE_S", 0.04)
    said = []

    def say(text):
        said.append(text)
        if len(said) == 4:
            supervisor.stop()

    supervisor = Supervisor([child("raise SystemExit(7)")], grace_s=5, say=say)
    assert supervisor.run() == 0
    assert said == [
        f"burgee: a child ended (exit status 7); starting it again in {pause} s."
        for pause in ("0.01", "0.02", "0.04", "0.04")
    ]


def test_a_crash_after_a_long_healthy_life_is_a_first_one_again(monkeypatch):
    each = child("")
    each.pause_s = 16.0
    monkeypatch.setattr(_supervisor, "SETTLED_S", -1.0)
    each.ended(1)
    assert each.pause_s == _supervisor.FIRST_PAUSE_S


def test_children_are_asked_to_finish_and_that_is_a_good_end():
    supervisor = Supervisor([child(WAITS), child(WAITS)], grace_s=20)
    pids = []

    def started():
        pids.extend(each.process.pid for each in supervisor.children)
        supervisor.stop()

    assert supervisor.run(started=started) == 0
    assert len(pids) == 2
    assert not any(map(psutil.pid_exists, pids))


def test_a_child_that_will_not_stop_is_killed_after_the_grace_time(tmp_path):
    log = tmp_path / "log"
    stubborn = child(IGNORES_TERM, log=log)
    said = []
    supervisor = Supervisor([stubborn], grace_s=0.3, say=said.append)
    pids = []

    def wait_for_it():
        pids.append(stubborn.process.pid)
        threading.Thread(target=lambda: (until_written(log), supervisor.stop())).start()

    assert supervisor.run(started=wait_for_it) == 1
    assert "did not stop within 0.3 s" in said[0]
    assert not psutil.pid_exists(pids[0])


def until_written(log):
    while not (log.exists() and log.read_text()):
        threading.Event().wait(0.01)


def test_whatever_goes_wrong_no_child_is_left_over():
    supervisor = Supervisor([child(WAITS)], grace_s=5)
    pids = []

    def broken():
        pids.append(supervisor.children[0].process.pid)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        supervisor.run(started=broken)
    assert not psutil.pid_exists(pids[0])
