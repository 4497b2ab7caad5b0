"""The emulator as it is run, and our own sender against it: two that were written from the same facts, apart."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from service.destinations import Answer, Sender, attentive
from service.model import Account

TOKEN = "tok-pretend"
MESSAGE = {
    "to": "+12025550143",
    "body": "Hi",
    "subscriptionType": "MARKETING",
    "useShortLinks": False,
    "skipFatigue": False,
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An emulator under gunicorn with few threads."""
    command = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--threads", "4", "--no-control-socket"]
    process = subprocess.Popen(
        [*command, "--bind", "127.0.0.1:0", "service.emulator:app()"],
        stderr=subprocess.PIPE,
        text=True,
        env={"BURGEE_EMULATOR_TOKENS": TOKEN, "PATH": ""},
    )
    assert process.stderr is not None
    said = ""
    while not (found := re.search(r"Listening at: (http://127\.0\.0\.1:\d+)", said)):
        said += process.stderr.readline()
        assert process.poll() is None, said
    yield found.group(1)
    process.send_signal(signal.SIGQUIT)  # at once, hanging calls or not
    rest = process.stderr.read()
    process.wait(10)
    assert "Traceback" not in rest


@pytest.fixture
def sender(url: str) -> Iterator[Sender]:
    requests.post(f"{url}/_emulator/reset", timeout=5)
    account = Account(name="default", destination="attentive", base_url=url, token_from="env:TOKEN")
    made = Sender(account, TOKEN, read_timeout=1.0)
    yield made
    made.close()


def send(sender: Sender, delivery_id: str = "dlv_1", **changes: Any) -> Answer:
    return sender.send("POST", "/v1/text/send", json.dumps({**MESSAGE, **changes}).encode(), delivery_id)


def fault(url: str, **said: Any) -> None:
    assert requests.post(f"{url}/_emulator/faults", json=said, timeout=5).status_code == 201


def test_a_message_is_accepted_and_known_by_its_delivery(url: str, sender: Sender) -> None:
    answer = send(sender, "dlv_7")
    assert (answer.kind, answer.status, answer.body, answer.rate_limit, answer.rate_remaining) == (
        "answered",
        200,
        "{}",
        150,
        149,
    )
    (entry,) = requests.get(f"{url}/_emulator/requests?request_id=dlv_7", timeout=5).json()["requests"]
    assert entry["headers"]["User-Agent"].startswith("burgee/")
    assert TOKEN not in json.dumps(entry)


def test_a_refusal_brings_the_vendors_words(sender: Sender) -> None:
    answer = send(sender, to="2025550143")
    assert answer.status == 400
    assert answer.message == "'to' must be a phone number in E.164 format."
    assert "not valid" in attentive.explain(answer)


def test_more_hanging_calls_than_threads_do_not_stop_the_others(url: str, sender: Sender) -> None:
    fault(url, hang=True, times=8, match={"body": "hang"})
    short = Sender(
        Account(name="default", destination="attentive", base_url=url, token_from="env:TOKEN"), TOKEN, read_timeout=0.05
    )
    assert [send(short, body="hang").kind for _ in range(8)] == ["no_answer"] * 8
    assert send(sender).status == 200
    assert requests.get(f"{url}/_emulator/stats", timeout=5).json()["texts"] == 9


@pytest.mark.parametrize(
    ("said", "kind", "texts"),
    [
        ({"drop": "before"}, "no_answer", 0),
        ({"drop": "after"}, "no_answer", 1),
        ({"garbage": "http"}, "no_answer", 1),
        ({"garbage": True}, "answered", 1),
        ({"status": 503, "headers": {"Retry-After": "2"}}, "answered", 0),
    ],
)
def test_every_fault_works_under_gunicorn(url: str, sender: Sender, said: dict[str, Any], kind: str, texts: int) -> None:
    send(sender)
    fault(url, times=1, **said)
    answer = send(sender)
    assert answer.kind == kind
    assert requests.get(f"{url}/_emulator/stats", timeout=5).json()["texts"] == 1 + texts
    assert send(sender).status == 200


def test_a_call_over_the_limit_is_explained_with_the_limit(url: str, sender: Sender) -> None:
    fault(url, limit=0)
    answer = send(sender)
    assert (answer.status, answer.rate_limit, answer.rate_remaining) == (429, 0, 0)
    fault(url, status=429, headers={"Retry-After": "3", "x-ratelimit-limit": "5"})
    assert "over 5 a second. It asks to wait 3 s." in attentive.explain(send(sender))
