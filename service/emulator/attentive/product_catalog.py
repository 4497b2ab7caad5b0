"""Product catalog: asking for an upload, once a second, and how far it is. The file goes elsewhere and is not pretended."""

from __future__ import annotations

from service.emulator._machine import Call, Endpoint, Refused, Reply
from service.emulator.attentive import _fields as fields
from service.emulator.attentive._state import State, limit
from service.emulator.attentive._when import written

DAY_S = 86_400.0

RULES = {**fields.RULES, "validateOnly": "`validateOnly` is written: its default is told in two ways."}


def create(state: State, call: Call) -> Reply:
    body = fields.an_object(call)
    fields.no_others(call, body, "validateOnly")
    only = fields.flag(call, body, "validateOnly")
    if only is None:
        call.quietly("validateOnly", "'validateOnly' is absent.")
    id = f"upload-{next(state.numbers)}"
    state.uploads[id] = {
        "uploadId": id,
        "status": "initialized",
        "errors": [],
        "productsReceived": 0,
        "productsProcessed": 0,
        "lastUpdated": written(call.now),
        "expires": written(call.now + DAY_S),
        "uploadUrl": f"https://uploads.example.com/{id}",
        "validateOnly": only is True,
    }
    limit(state.uploads)
    return Reply(body=state.uploads[id])


def listed(state: State, _: Call) -> Reply:
    return Reply(body=list(state.uploads.values()))


def get(state: State, call: Call) -> Reply:
    found = state.uploads.get(call.arguments["upload_id"])
    if found is None:
        raise Refused(404)
    return Reply(body=found)


PATH = "/v1/product-catalog/uploads"
ENDPOINTS = (
    Endpoint("POST", PATH, "product_catalogs:write", 1, create),
    Endpoint("GET", PATH, "product_catalogs:read", 150, listed, body=False),
    Endpoint("GET", f"{PATH}/<upload_id>", "product_catalogs:read", 150, get, body=False),
)
