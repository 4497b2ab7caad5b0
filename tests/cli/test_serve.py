"""`burgee serve`, `worker` and `emulator` as real processes: start, stop, crash, ports in use."""

import contextlib
import json
import os
import signal
import socket
import time
from pathlib import Path

import psutil
import pytest
import requests

from service.emulator import create_app
from service.emulator._serve import running

pytestmark = pytest.mark.timeout(120)

ADA = {"profile": {"vars": {"first_name": "Ada"}, "keys": {"sms": "+12025550143"}}}


@pytest.fixture
def http():
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as held:
        yield held.getsockname()[1]


def gone(pids):
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=30)
    return [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []


def family(process):
    return [each.pid for each in psutil.Process(process.popen.pid).children(recursive=True)]


def test_a_hook_goes_through_web_and_worker_to_the_vendor(start, at_home, home, http):
    with running(create_app(["t0ken"])) as vendor:
        home |= {"BURGEE_ATTENTIVE_TOKEN": "t0ken", "BURGEE_ATTENTIVE_URL": vendor.url}
        secret = at_home("keys", "create", "flow", "--json").json["secret"]
        serve = start("serve", "--port", "0", "--json")
        said = serve.first()
        assert said["hook"] == f"{said['url']}/v1/hooks/TEMPLATE"
        hook = said["hook"].replace("TEMPLATE", "first-name")
        headers = {"Authorization": f"Bearer {secret}", "Prefer": "wait=20"}
        answer = http.post(hook, json=ADA, headers=headers, timeout=60)
        assert answer.json()["status"] == "accepted"
        assert [each.to for each in vendor.machine.ledger.entries()] == ["+12025550143"]
        children = family(serve)
        assert serve.end() == 0
        assert gone(children)
        assert secret not in serve.err
        assert "t0ken" not in serve.err


def test_no_secret_stands_in_any_command_line(start, home, http):
    home["BURGEE_ATTENTIVE_TOKEN"] = "t0ken"
    serve = start("serve", "--port", "0", "--json")
    http.get(f"{serve.first()['url']}/healthz", timeout=60)
    for pid in [serve.popen.pid, *family(serve)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            assert "t0ken" not in " ".join(psutil.Process(pid).cmdline())


@pytest.mark.parametrize("command", ["serve", "emulator"])
def test_a_port_in_use_is_said_before_anything_starts(start, taken, home, command):
    process = start(command, "--port", str(taken))
    assert process.wait() == 1
    assert f"127.0.0.1:{taken}" in process.err
    assert "--port" in process.err
    assert "Traceback" not in process.err
    assert not Path(home["BURGEE_VAR"]).exists()


def test_a_public_bind_without_a_key_does_not_start_and_says_what_to_do(start, at_home):
    process = start("serve", "--host", "0.0.0.0", "--port", "0", "--json")
    assert process.wait() == 1
    assert "burgee keys create" in process.err
    assert process.line() == ""
    at_home("keys", "create", "a")
    at_home("keys", "revoke", "a")
    assert start("serve", "--host", "0.0.0.0", "--port", "0").wait() == 1


def test_a_public_bind_with_a_key_starts(start, at_home, http):
    at_home("keys", "create", "a")
    serve = start("serve", "--host", "0.0.0.0", "--port", "0", "--worker-processes", "0", "--json")
    assert http.get(f"{serve.first()['url']}/healthz", timeout=60).ok
    assert serve.end(signal.SIGINT) == 0


@pytest.mark.parametrize("victim", ["gunicorn", "worker"])
def test_a_crashed_child_is_started_again(start, http, victim):
    serve = start("serve", "--port", "0", "--json")
    url = serve.first()["url"]
    assert http.get(f"{url}/readyz", timeout=60).ok
    first = next(each for each in psutil.Process(serve.popen.pid).children() if victim in " ".join(each.cmdline()))
    for each in [first, *first.children(recursive=True)]:
        each.kill()
    end = time.monotonic() + 30
    while time.monotonic() < end and not any("starting it again" in line for line in serve.errors):
        time.sleep(0.05)
    while time.monotonic() < end:
        again = [each for each in psutil.Process(serve.popen.pid).children() if victim in " ".join(each.cmdline())]
        if again and again[0].pid != first.pid:
            break
        time.sleep(0.05)
    assert http.get(f"{url}/healthz", timeout=60).ok
    assert again
    assert again[0].pid != first.pid
    assert serve.end() == 0


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux tells a child that its parent died")
def test_killing_the_parent_leaves_nothing_running(start, http):
    serve = start("serve", "--port", "0", "--json")
    http.get(f"{serve.first()['url']}/healthz", timeout=60)
    children = family(serve)
    assert len(children) >= 3
    serve.end(signal.SIGKILL)
    assert gone(children)


def test_granian_serves_the_same(start, http):
    pytest.importorskip("granian")
    serve = start("serve", "--server", "granian", "--port", "0", "--worker-processes", "0", "--json")
    url = serve.first()["url"]
    end = time.monotonic() + 60
    while True:  # granian opens the port itself, so a call may come too early
        with contextlib.suppress(requests.ConnectionError):
            assert http.get(f"{url}/readyz", timeout=60).ok
            break
        assert time.monotonic() < end, serve.err
        time.sleep(0.1)
    assert serve.end() == 0


def test_a_worker_runs_alone_and_stops_when_asked(start):
    worker = start("worker", "--json")
    assert worker.first() == {"worker": "started"}
    end = time.monotonic() + 30
    while time.monotonic() < end and not any("worker started" in line for line in worker.errors):
        time.sleep(0.05)
    assert worker.end() == 0


def test_the_emulator_takes_only_the_tokens_it_was_given(start, http):
    emulator = start("emulator", "--port", "0", "--token", "right", "--mode", "strict", "--json")
    url = emulator.first()["url"]
    assert http.get(f"{url}/v1/me", headers={"Authorization": "Bearer right"}, timeout=60).ok
    assert http.get(f"{url}/v1/me", headers={"Authorization": "Bearer wrong"}, timeout=60).status_code == 401
    assert emulator.end() == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--port", "99999"),
        ("serve", "--workers", "0"),
        ("serve", "--server", "apache"),
        ("worker", "now"),
        ("emulator", "--mode", "mild"),
        ("nope",),
    ],
)
def test_wrong_usage_exits_with_2(burgee, arguments):
    assert burgee(*arguments).status == 2


def test_an_address_that_is_not_ours_is_said(burgee):
    ran = burgee("serve", "--host", "203.0.113.7", "--port", "0")
    assert ran.status == 1
    assert "does not have that address" in ran.err


def test_a_host_that_does_not_exist_is_said(burgee):
    ran = burgee("emulator", "--host", "host.invalid", "--port", "0")
    assert ran.status == 1
    assert "host.invalid" in ran.err


@pytest.mark.parametrize("name", ["BURGEE_DATABASE_URL", "BURGEE_LOG_LEVEL", "BURGEE_READ_TIMEOUT"])
def test_a_setting_that_cannot_be_used_is_said_by_every_command(burgee, name):
    for command in (["worker"], ["keys", "list"], ["serve", "--port", "0"], ["lint"]):
        ran = burgee(*command, environment={name: "nonsense"})
        assert ran.status == 1
        assert name in ran.err
        assert "Traceback" not in ran.err


def test_serve_ends_with_its_terminal(start, http):
    """SIGHUP means the terminal is gone; under nohup it is ignored."""
    serve = start("serve", "--port", "0", "--worker-processes", "0", "--json")
    http.get(f"{serve.first()['url']}/healthz", timeout=60)
    assert serve.end(signal.SIGHUP) == 0


def test_the_first_line_is_one_json_object(start):
    serve = start("serve", "--port", "0", "--worker-processes", "0", "--json")
    said = json.loads(serve.line())
    assert said.keys() == {"url", "hook", "docs", "pid"}
    assert said["pid"] == serve.popen.pid
    os.kill(said["pid"], signal.SIGTERM)
    assert serve.wait() == 0
