"""Webhooks: what Attentive tells us, signed, tried again, out of order and twice. A real receiver listens."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from service.emulator._outbox import is_loopback

PHONE = "+12025550143"
KEY = "example-signing-key"


@dataclass
class Receiver:
    """Keeps what is posted to it; answers the given statuses one after the other, then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    posts: list[tuple[bytes, str]] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body, _ in self.posts]

    @property
    def kinds(self) -> list[str]:
        return [each["type"] for each in self.events]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    it = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            it.posts.append((body, self.headers["x-attentive-hmac-sha256"]))
            self.send_response(it.statuses.pop(0) if it.statuses else 200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it.url = f"http://127.0.0.1:{server.server_port}/in"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield it
    server.shutdown()
    server.server_close()


@pytest.fixture
def told(make: Callable[..., Any], receiver: Receiver) -> Any:
    """An emulator that tells the receiver of everything."""
    emulator = make(webhook_retry_s=0.01)
    assert emulator.control("webhooks", {"url": receiver.url, "key": KEY}).status_code == 201
    return emulator


def test_a_text_is_told_of_with_the_subscriber_and_a_signature_in_hex(told: Any, receiver: Receiver) -> None:
    told.send(messageName="order-packed")
    assert told.machine.outbox.wait()
    ((body, signature),) = receiver.posts
    assert signature == hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
    (event,) = receiver.events
    assert event["type"] == "sms.sent"
    assert event["timestamp"] == 1_770_000_000_000
    assert event["subscriber"]["phone"] == PHONE
    assert isinstance(event["subscriber"]["external_id"], int)
    assert event["message"]["text"] == "Ada, order 8817 is packed."


def test_a_subscriber_can_be_texted_by_the_id_that_a_webhook_told(told: Any, receiver: Receiver) -> None:
    told.send()
    assert told.machine.outbox.wait()
    told.send(to=None, subscriberExternalId=receiver.events[0]["subscriber"]["external_id"])
    assert len(told.texts()) == 2
    assert len(told.machine.phones) == 1


def test_signing_up_and_off_and_setting_attributes_is_told_of(told: Any, receiver: Receiver) -> None:
    user = {"phone": PHONE, "email": "ada@example.com"}
    told.call("POST", "/v1/subscriptions", {"user": user, "signUpSourceId": "900100"})
    told.call("POST", "/v1/attributes/custom", {"user": user, "properties": {"tier": "silver"}})
    off = {"user": {"email": "ada@example.com"}, "subscriptions": [{"type": "MARKETING", "channel": "EMAIL"}]}
    told.call("POST", "/v1/subscriptions/unsubscribe", off)
    assert told.machine.outbox.wait()
    assert receiver.kinds == ["sms.subscribed", "email.subscribed", "custom_attribute.set", "email.unsubscribed"]
    assert receiver.events[2]["user_property"]["value"] == "silver"


def test_an_answer_is_told_of_and_the_word_stop_signs_off(told: Any, receiver: Receiver) -> None:
    told.control("people", {"type": "sms.inbound_message", "phone": PHONE, "text": "Can I change the size?"})
    told.control("people", {"type": "sms.inbound_message", "phone": PHONE, "text": " stop "})
    assert told.machine.outbox.wait()
    assert receiver.kinds == ["sms.inbound_message"] * 2 + ["sms.unsubscribed"] * 2 + ["sms.sent"]
    told.send()
    assert told.notes() == ["eligible"]


def test_what_is_not_answered_with_2xx_comes_again(told: Any, receiver: Receiver) -> None:
    receiver.statuses = [500, 302]
    told.send()
    assert told.machine.outbox.wait()
    assert receiver.kinds == ["sms.sent"] * 3
    assert len({body for body, _ in receiver.posts}) == 1
    (post,) = told.client.get("/_emulator/webhooks").json["posts"]
    assert (post["state"], post["answers"]) == ("delivered", [500, 302, 200])


def test_posts_are_held_back_reordered_and_repeated_on_request(told: Any, receiver: Receiver) -> None:
    told.control("webhooks/hold", {})
    for body in ("one", "two", "three"):
        told.send(body=body)
    assert receiver.posts == []
    assert told.control("webhooks/release", {"order": "reversed"}).json == {"posts": 3}
    assert told.machine.outbox.wait()
    assert [each["message"]["text"] for each in receiver.events] == ["three", "two", "one"]
    assert told.control("webhooks/resend", {"number": 2}).json == {"posts": 1}
    assert told.machine.outbox.wait()
    assert receiver.events[3]["message"]["text"] == "two"
    assert told.control("webhooks/release", {"order": "sideways"}).status_code == 400


def test_only_the_events_that_were_asked_for_are_told_and_none_when_it_is_off(make: Any, receiver: Receiver) -> None:
    emulator = make()
    body = {"url": receiver.url, "events": ["email.opened"]}
    made = emulator.call("POST", "/v1/webhooks", body)
    emulator.send()
    emulator.control("people", {"type": "email.opened", "email": "ada@example.com"})
    emulator.call("PUT", f"/v1/webhooks/{made.json['id']}", {**body, "disabled": True})
    emulator.control("people", {"type": "email.opened", "email": "ada@example.com"})
    assert emulator.machine.outbox.wait()
    assert receiver.kinds == ["email.opened"]


@pytest.mark.parametrize(
    "url",
    ["https://example.com/", "http://example.com/", "http://127.0.0.1.example.com/", "http://user@example.com:80/", "x", 7],
)
def test_nobody_elsewhere_is_ever_called(make: Any, url: Any) -> None:
    emulator = make()
    assert emulator.control("webhooks", {"url": url}).status_code == 400
    assert not isinstance(url, str) or not is_loopback(url)


def test_a_webhook_elsewhere_is_kept_and_never_called(make: Any) -> None:
    emulator = make()
    emulator.call("POST", "/v1/webhooks", {"url": "https://hooks.example.com/in", "events": ["sms.sent"]})
    assert emulator.notes() == ["webhook elsewhere"]
    emulator.send()
    assert emulator.machine.outbox.all() == []


@pytest.mark.parametrize("body", [None, [], {"type": "sms.sent"}, {"type": "x"}, {"type": "email.opened", "phone": PHONE}])
def test_who_does_what_must_be_said(emulator: Any, body: Any) -> None:
    assert emulator.control("people", body).status_code == 400
