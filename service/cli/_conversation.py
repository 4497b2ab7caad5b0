"""The demo's flow: posts the samples of the starter templates to their hooks, shows what became of each, and checks with the
emulator that it really arrived."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
import requests

from service.authoring import check
from service.delivery.wait import wait_for
from service.model import Outcome, Status

if TYPE_CHECKING:
    from service.cli._demo import Place
    from service.model import Delivery, TemplateSource
    from service.store import Store

READY_S = 60
SENT_S = 20
SHOWN = 700


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of one sample. `as_hoped`: it arrived exactly once and unchanged, or was rightly not sent."""

    template: str
    sample: str
    delivery: str
    status: str
    payload: Any
    answer: str
    as_hoped: bool
    why: str = ""


class Conversation:
    """One flow with its key, talking to a running service as Lifecycle Optimizer would."""

    def __init__(self, place: Place, store: Store) -> None:
        self.place = place
        self.store = store
        self.session = requests.Session()
        self.session.trust_env = False  # loopback only: no proxy of the environment

    def wait_until_ready(self) -> None:
        """Both servers hold their ports already, so a call waits until they answer."""
        for url in (f"{self.place.emulator}/_emulator/stats", f"{self.place.web}/readyz"):
            self.session.get(url, timeout=READY_S).raise_for_status()

    def messages(self, templates: tuple[TemplateSource, ...]) -> Iterator[tuple[dict[str, Any], Told]]:
        """Context and outcome of every sample of every template, as it happens."""
        for template in templates:
            for name, sample in template.samples.items():
                yield dict(sample["context"]), self._tell(template, name, sample)

    def _tell(self, template: TemplateSource, name: str, sample: Any) -> Told:
        answer = self.session.post(
            f"{self.place.web}/v1/hooks/{template.name}",
            json=sample["context"],
            headers={
                "Authorization": f"Bearer {self.place.key}",
                "Prefer": f"wait={SENT_S}",
                "Idempotency-Key": quote(f"{template.name}/{name}"),  # samples may tell of one and the same event
            },
            timeout=SENT_S + 10,
        )
        id = answer.json().get("id")
        if id is None:
            why = f"the hook answered {answer.status_code}: {answer.text[:300]}"
            return Told(
                template=template.name, sample=name, delivery="", status="", payload=None, answer="", as_hoped=False, why=why
            )
        delivery = wait_for(self.store, id, SENT_S)
        why = self._wrong(sample["expected"], delivery) if delivery.plan is None else self._wrong_plan(sample, delivery)
        return Told(
            template=template.name,
            sample=name,
            delivery=id,
            status=delivery.status.value,
            payload=json.loads(delivery.payload) if delivery.payload is not None else None,
            answer=self._answer(delivery),
            as_hoped=not why,
            why=why,
        )

    def _answer(self, delivery: Delivery) -> str:
        """What the vendor said to the last attempt, or why there was none."""
        attempts = self.store.deliveries.attempts(delivery.id)
        if not attempts:
            return f"not sent: {delivery.reason}" if delivery.reason else "not sent"
        last = attempts[-1]
        body = f" {last.body}" if last.body else ""
        return (
            f"{last.status_code}{body} in {last.duration_ms or 0:.0f} ms" if last.status_code else last.error or "no answer"
        )

    def _wrong(self, expected: Any, delivery: Delivery) -> str:
        """How the outcome departs from what the sample promises; empty when it does not."""
        arrived = self._arrived(delivery)
        wanted = Outcome.VALID
        if isinstance(expected, dict) and expected.get("outcome") in tuple(Outcome):
            wanted = Outcome(expected["outcome"])
        if wanted is not Outcome.VALID:
            word = Status.SUPPRESSED if wanted is Outcome.SUPPRESSED else Status.REJECTED
            if delivery.status is not word:
                return f"it is {delivery.status}, and {word} was expected"
            return "a message that should not be sent arrived" if arrived else ""
        if delivery.status is not Status.ACCEPTED:
            return f"it is {delivery.status}{f' ({delivery.reason})' if delivery.reason else ''}"
        if arrived != 1:
            return f"it arrived {arrived} times at the emulator"
        payload = json.loads(delivery.payload or b"null")
        return "; ".join(each.detail for each in check.differences(expected, payload)) if expected is not None else ""

    def _wrong_plan(self, sample: Any, last: Delivery) -> str:
        """Of a plan: its first step, and an end on purpose. Later steps follow the vendor's answers, not the sample's."""
        first = self.store.deliveries.get(last.plan or last.id) or last
        wrong = self._wrong(sample["expected"][first.step], first)
        if not wrong and last.status not in (Status.ACCEPTED, Status.SUPPRESSED):
            return f"its step {last.step} is {last.status}{f' ({last.reason})' if last.reason else ''}"
        return wrong

    def _arrived(self, delivery: Delivery) -> int:
        """How many requests of this delivery, with its very payload, the emulator has answered with 2xx."""
        found = self.session.get(
            f"{self.place.emulator}/_emulator/requests", params={"request_id": delivery.id}, timeout=SENT_S
        ).json()["requests"]
        payload = json.loads(delivery.payload) if delivery.payload is not None else None
        unchanged = [each for each in found if each["method"] == "GET" or each["body"] == payload]
        return sum(200 <= (each["status"] or 0) < 300 for each in unchanged)


def show(context: dict[str, Any], told: Told) -> None:
    """One message for people."""
    mark = click.style("ok", fg="green") if told.as_hoped else click.style("WRONG", fg="red", bold=True)
    click.echo()
    click.echo(click.style(f"{told.template}, sample {told.sample}", bold=True) + f"  {mark}")
    _line("came in", _short(context), "cyan")
    _line("payload", _short(told.payload) if told.payload is not None else "none", "magenta")
    _line("vendor", told.answer, "yellow")
    _line("delivery", f"{told.delivery} {told.status}", "green")
    if told.why:
        _line("but", told.why, "red")


def _line(head: str, text: str, colour: str) -> None:
    click.echo(f"  {click.style(f'{head:<9}', fg=colour)} {text}")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text):,} characters)"
