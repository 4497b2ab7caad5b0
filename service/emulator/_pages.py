"""The pages: phones with what people see, beside them what is known and every call; and pages of confirmation."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, render_template, request

from service.emulator import _confirm
from service.emulator._ledger import Entry, parsed
from service.emulator._machine import Machine
from service.emulator._phones import Phone, Text
from service.emulator.attentive._people import Person
from service.sms import mask

PHONES_SHOWN = 100
CALLS_SHOWN = 20
GROUP_S = 300.0  # texts closer than this stand under one time
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' https: http:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}

_LINK = re.compile(r"(https?://[^\s<>\"]*[^\s<>\".,;:!?)\]}'])")
_NUMBER = re.compile(r"\+[0-9]{7,15}")


@dataclass(frozen=True, slots=True)
class Story:
    """One call in words. `sign`: `good` (on a phone), `quiet` (carried out, no phone meant), `warn` (taken, and nothing
    arrived) or `bad` (refused, or no answer)."""

    at: float
    sign: str
    title: str
    why: str
    to: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One line of the list: a phone with texts, or a person who is known and got none."""

    id: str
    shown: str
    at: float
    last: str
    total: int = 0


def pages(machine: Machine) -> Blueprint:
    """`/`, `/phone/<id>` for one phone, `/confirm/<api>`. The script and styles are static files."""
    routes = Blueprint("pages", __name__)

    @routes.get("/")
    def index() -> Response:
        return _page(machine, None)

    @routes.get("/phone/<phone_id>")
    def phone(phone_id: str) -> Response:
        return _page(machine, phone_id)

    @routes.get("/confirm/<slug>")
    def confirm(slug: str) -> Response:
        return _confirmation(machine, slug)

    return routes


def _version(machine: Machine) -> str:
    """Changes with everything that a page could show. The machine's lock is held."""
    counts = (machine.ledger.stats()["requests"], machine.phones.version, machine.state.people.version)
    return "-".join(map(str, (*counts, machine.outbox.version, machine.ledger.resets)))


def _confirmation(machine: Machine, slug: str) -> Response:
    api = next((each for each in _confirm.APIS if each.slug == slug), None)
    with machine.lock:
        version = f"{slug}-{_version(machine)}"
        if request.if_none_match.contains(version):
            return make_response("", 304, HEADERS)
        rows = [] if api is None else _confirm.rows(machine, api)
        offered = _confirm.offered(machine) if slug == "attributes" else []
    checks = [] if api is None else _confirm.done(api.checks, rows)
    page = render_template(
        "confirm.html",
        apis=_confirm.APIS,
        api=api,
        rows=rows,
        checks=checks,
        offered=offered,
        base=request.host_url.rstrip("/"),
        when=_when,
    )
    response = make_response(page, 200 if api else 404, HEADERS)
    response.set_etag(version)
    return response


def _page(machine: Machine, phone_id: str | None) -> Response:
    stats = machine.ledger.stats()
    with machine.lock:
        version = _version(machine)
        if request.if_none_match.contains(version):
            return make_response("", 304, HEADERS)
        phones = machine.phones.latest_first()[:PHONES_SHOWN]
        chosen = machine.phones.get(phone_id) if phone_id else (phones[0] if phones else None)
        count = len(machine.phones)
        person = _person(machine, phone_id, chosen)
        known = None if person is None else _confirm.known(machine, person)
        contacts = _contacts(machine, phones)
        thread = list(_groups(chosen)) if chosen else []
    calls = [_story(entry) for entry in reversed(machine.ledger.entries(limit=CALLS_SHOWN))]
    page = render_template(
        "phones.html",
        apis=_confirm.APIS,
        api=None,
        contacts=contacts,
        known=known,
        shown=chosen.shown if chosen else known.shown if known else "",
        page=phone_id or (chosen.id if chosen else ""),
        count=count,
        stats=stats,
        chosen=chosen,
        missing=phone_id is not None and chosen is None and known is None,
        thread=thread,
        calls=calls,
        base=request.host_url.rstrip("/"),
        one_phone=phone_id is not None,
        clock=time.strftime("%H:%M"),
        when=_when,
        at=_at,
        parts=_parts,
        picture=_picture,
    )
    response = make_response(page, 404 if phone_id and chosen is None and known is None else 200, HEADERS)
    response.set_etag(version)
    return response


def _person(machine: Machine, phone_id: str | None, chosen: Phone | None) -> Person | None:
    """Who is shown: whose page it is, or whose phone."""
    if chosen is not None:
        found: Person | None = machine.state.people.find([("phone", chosen.recipient)])
        return found
    return None if phone_id is None else _confirm.find(machine, phone_id)


def _contacts(machine: Machine, phones: list[Phone]) -> list[Contact]:
    """Phones with texts, and people who are known and got none, the latest first."""
    found = [
        Contact(id=each.id, shown=each.shown, at=each.texts[-1].time, last=each.texts[-1].body, total=each.total)
        for each in phones
    ]
    for person in itertools.islice(machine.state.people, PHONES_SHOWN):
        id = _confirm.page_of(machine, person)
        if person.happened and machine.phones.get(id) is None:
            last = person.happened[-1]
            found.append(Contact(id=id, shown=_confirm.masked(person.label), at=last.time, last=f"No text. {last.title}."))
    return sorted(found, key=lambda each: each.at, reverse=True)[:PHONES_SHOWN]


def _groups(phone: Phone) -> Iterator[tuple[float, list[Text]]]:
    """The texts of a phone, those of a few minutes together, oldest first."""
    group: list[Text] = []
    for text in phone.texts:
        if group and text.time - group[-1].time > GROUP_S:
            yield group[0].time, group
            group = []
        group.append(text)
    if group:
        yield group[0].time, group


def _story(entry: Entry) -> Story:
    sign, title, why = _told(entry)
    return Story(entry.time, sign, title, _NUMBER.sub(lambda number: mask(number.group()), why), _to(entry), entry.path)


def _told(entry: Entry) -> tuple[str, str, str]:
    noticed = " ".join(said for _, said in entry.notes)
    if entry.status is None:
        done = "It was carried out." if entry.carried_out else "Nothing was carried out."
        arrived = "The text reached the phone." if entry.phone else done
        return "bad", "No answer", f"{arrived} Fault: {entry.fault}." if entry.fault else "Under way."
    if entry.status >= 300:
        answer = parsed(entry.answer or b"")
        words = answer.get("message") if isinstance(answer, dict) else None
        fault = f"Fault: {entry.fault}." if entry.fault else ""
        return "bad", f"Refused, {entry.status}", str(words or fault or _STATUSES.get(entry.status, ""))
    if entry.phone:
        return "good", "On the phone", noticed
    if noticed:
        return "warn", f"Taken with {entry.status}, and no text sent" if entry.to else f"Taken with {entry.status}", noticed
    return "quiet", f"Answered {entry.status}", ""


_STATUSES = {
    401: "The token is missing or not known.",
    403: "The token lacks the permission.",
    404: "There is no such address.",
    405: "The address exists, but not for this method.",
    429: "More calls in a second than allowed.",
}


def _to(entry: Entry) -> str:
    if entry.to is None:
        return ""
    return mask(entry.to)


def _parts(text: str) -> list[tuple[bool, str]]:
    """A text in pieces, each with whether it is a link.

    >>> _parts("See https://example.com/a.")
    [(False, 'See '), (True, 'https://example.com/a'), (False, '.')]
    """
    return [(bool(index % 2), piece) for index, piece in enumerate(_LINK.split(text)) if piece]


def _picture(url: str) -> dict[str, Any]:
    """A picture's name and host, as the phone shows them where it cannot be loaded."""
    try:
        parts = urlsplit(url)
        return {"url": url, "name": parts.path.rsplit("/", 1)[-1] or "picture", "host": parts.netloc}
    except ValueError:
        return {"url": "", "name": "picture", "host": ""}


def _at(moment: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(moment))


def _when(moment: float) -> str:
    """A moment as a phone says it: the time today, else the day too."""
    local = time.localtime(moment)
    same_day = time.strftime("%Y%m%d", local) == time.strftime("%Y%m%d")
    return (
        time.strftime("%H:%M", local)
        if same_day
        else f"{time.strftime('%a', local)} {local.tm_mday} {time.strftime('%b %H:%M', local)}"
    )
