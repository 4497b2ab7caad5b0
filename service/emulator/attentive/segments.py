"""Segments: lists of people by name, and their members in bulk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from service.emulator._machine import Call, Endpoint, Refused, Reply
from service.emulator.attentive import _fields as fields
from service.emulator.attentive import _users as users
from service.emulator.attentive import _when as when
from service.emulator.attentive import bulk as jobs
from service.emulator.attentive._people import Key, keys_of
from service.emulator.attentive._state import State, limit

MOST_MEMBERS = 10_000
PAGE, LARGEST_PAGE = 20, 1000
LONGEST = {"name": (1, 240), "description": (2, 500), "externalId": (1, 255)}

RULES = {
    **users.RULES,
    **when.RULES,
    "segment": "A segment's name has 1 to 240 characters, its description 2 to 500, its id 1 to 255, trimmed.",
    "page": f"A page has 1 to {LARGEST_PAGE:,} segments.",
}


@dataclass(slots=True)
class Segment:
    id: str
    name: str
    description: str
    created: float
    updated: float
    archived: bool = False
    members: set[Key] = field(default_factory=set)

    def as_dict(self, *, dates: bool = False) -> dict[str, Any]:
        about = {"externalId": self.id, "name": self.name, "description": self.description}
        return {**about, "created": when.written(self.created), "updated": when.written(self.updated)} if dates else about


def create(state: State, call: Call) -> Reply:
    body = fields.an_object(call)
    fields.no_others(call, body, *LONGEST)
    name = _text(call, body, "name", needed=True) or ""
    description = _text(call, body, "description") or "Made by the API"
    id = _text(call, body, "externalId") or f"segment-{next(state.numbers)}"
    made = state.segments[id] = Segment(id, name, description, call.now, call.now)
    limit(state.segments)
    return Reply(201, made.as_dict())


def listed(state: State, call: Call) -> Reply:
    query = fields.a_query(call)
    fields.no_others(call, query, "name", "externalId", "updatedSince", "cursor", "limit")
    when.moment_in(call, query, "updatedSince")
    most, start = _number(call, query, "limit", PAGE), _number(call, query, "cursor", 0)
    if not 1 <= most <= LARGEST_PAGE:
        call.refuse("page", f"'limit' must be 1 to {LARGEST_PAGE}.")
    wanted = [
        each
        for each in state.segments.values()
        if not each.archived
        and query.get("name", "").lower() in each.name.lower()
        and query.get("externalId") in (None, each.id)
    ]
    page, more = wanted[start : start + most], len(wanted) > start + most
    shown = [each.as_dict(dates=True) for each in page]
    return Reply(body={"segments": shown, "cursor": str(start + most) if more else None, "hasMore": more})


def get(state: State, call: Call) -> Reply:
    return Reply(body=_found(state, call).as_dict(dates=True))


def update(state: State, call: Call) -> Reply:
    body = fields.an_object(call)
    fields.no_others(call, body, "name", "description")
    name, description = _text(call, body, "name"), _text(call, body, "description")
    if name is None and description is None:
        call.refuse("fields", "Give a name or a description.")
    found = _found(state, call)
    found.name, found.description, found.updated = name or found.name, description or found.description, call.now
    return Reply(body=found.as_dict())


def delete(state: State, call: Call) -> Reply:
    _found(state, call).archived = True
    return Reply(204)


def add_members(state: State, call: Call) -> Reply:
    id, members = _members(call)
    if id in state.segments:
        state.segments[id].members.update(members)
    return Reply(202, {"message": "Accepted", "batchJobId": jobs.done(state, len(members))})


def remove_members(state: State, call: Call) -> Reply:
    id, members = _members(call)
    if id in state.segments:
        state.segments[id].members.difference_update(members)
    return Reply(202, {"message": "Accepted", "batchJobId": jobs.done(state, len(members))})


def _members(call: Call) -> tuple[str, list[Key]]:
    body = fields.an_object(call)
    fields.no_others(call, body, "externalId", "members")
    id, found = _text(call, body, "externalId", needed=True) or "", []
    for each in fields.objects(call, body, "members", MOST_MEMBERS):
        fields.no_others(call, each, "phone", "email", "clientUserId")
        users.contacts(call, each)
        client = fields.text(call, each, "clientUserId")
        if client is not None and len(client) > users.LONGEST_IDENTIFIER:
            call.refuse("user", f"'clientUserId' has more than {users.LONGEST_IDENTIFIER} characters.")
        keys = keys_of(each)
        if not keys:
            call.refuse("user", "Each member needs an email, a phone or a clientUserId.")
        found += keys[:1]
    return id, found


def _text(call: Call, body: fields.Body, name: str, *, needed: bool = False) -> str | None:
    value = fields.text(call, body, name, needed=needed)
    least, most = LONGEST[name]
    if value is not None and not least <= len(value.strip()) <= most:
        call.refuse("segment", f"'{name}' must have {least} to {most} characters.")
    return None if value is None else value.strip()


def _number(call: Call, query: fields.Body, name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        call.refuse("page", f"'{name}' must be a number.")
        return default
    return int(text)


def _found(state: State, call: Call) -> Segment:
    found = state.segments.get(call.arguments["external_id"])
    if not isinstance(found, Segment) or found.archived:
        raise Refused(404)
    return found


PATH = "/v2/segments"
ONE = f"{PATH}/external/<external_id>"
MEMBERS = "/v2/bulk/segments/members"
ENDPOINTS = (
    Endpoint("POST", PATH, "segments:write", 100, create),
    Endpoint("GET", PATH, "segments:read", 100, listed, body=False),
    Endpoint("GET", ONE, "segments:read", 100, get, body=False),
    Endpoint("PATCH", ONE, "segments:write", 100, update),
    Endpoint("DELETE", ONE, "segments:write", 100, delete, body=False),
    Endpoint("POST", MEMBERS, "segments:write", 100, add_members),
    Endpoint("DELETE", MEMBERS, "segments:write", 100, remove_members),
)
