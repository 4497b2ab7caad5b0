"""What Attentive tells others of: the envelope of an event, and to which webhooks it goes."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.emulator._outbox import is_loopback
from service.emulator.attentive._people import Person

if TYPE_CHECKING:
    from service.emulator.attentive._state import State

SIGNATURE = "x-attentive-hmac-sha256"
EXAMPLE_KEY = "example-signing-key"
COMPANY_ID = "CO-1"
OUR_NUMBER = "+12025550100"
EVENTS = (
    "sms.subscribed",
    "sms.unsubscribed",
    "sms.sent",
    "sms.inbound_message",
    "sms.message_link_click",
    "email.subscribed",
    "email.unsubscribed",
    "email.sent",
    "email.opened",
    "email.message_link_click",
    "custom_attribute.set",
)


@dataclass(slots=True)
class Webhook:
    id: str
    url: str
    events: tuple[str, ...]
    disabled_at: float | None = None

    def as_dict(self, kind: str) -> dict[str, Any]:
        disabled = self.disabled_at and time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self.disabled_at))
        return {"id": self.id, "url": self.url, "events": list(self.events), "type": kind, "disabledAt": disabled or None}


def tell(state: State, now: float, kind: str, person: Person, **parts: Any) -> None:
    """Posts an event to the webhooks that asked for its kind and stand on this machine."""
    hooks = [each for each in state.webhooks.values() if kind in each.events and each.disabled_at is None]
    local = [each for each in hooks if is_loopback(each.url)]
    if not local:
        return
    envelope = {
        "type": kind,
        "timestamp": int(now * 1000),
        "company": {"display_name": state.brand, "company_id": COMPANY_ID},
        "subscriber": _subscriber(person),
        **parts,
    }
    body = json.dumps(envelope, separators=(",", ":")).encode()
    for each in local:
        state.outbox.put(each.url, SIGNATURE, state.signing_key, body, kind, now)


def _subscriber(person: Person) -> dict[str, Any]:
    contacts = {kind: values[0] for kind in ("phone", "email") if (values := person.values(kind))}
    kinds = {"client_user_id": "clientUserId", "shopify_id": "shopifyId", "klaviyo_id": "klaviyoId"}
    external: dict[str, Any] = {theirs: values for theirs, ours in kinds.items() if (values := person.values(ours))}
    return {
        "external_id": person.number,
        **contacts,
        "external_identifiers": {**external, "custom_identifiers": person.own},
    }


def message(number: int, text: str, name: str | None = None, kind: str = "ONE_TIME") -> dict[str, Any]:
    """The part of an event that is about a text."""
    named = {"name": name} if name else {}
    return {"id": str(number), "type": kind, **named, "text": text, "channel": "TEXT"}
