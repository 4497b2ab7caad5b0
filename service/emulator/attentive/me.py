"""Who am I: `GET /v1/me` and `/v2/me`, with which a token is tested."""

from __future__ import annotations

from service.emulator._machine import Call, Endpoint, Reply
from service.emulator.attentive._state import State

RULES: dict[str, str] = {}


def me(state: State, _: Call) -> Reply:
    return Reply(
        body={
            "applicationName": "Burgee",
            "attentiveDomainName": "example-shop",
            "companyName": state.brand,
            "contactEmail": "marketing@example.com",
            "companyId": "CO-1",
        }
    )


ENDPOINTS = tuple(Endpoint("GET", path, None, 150, me, body=False) for path in ("/v1/me", "/v2/me"))
