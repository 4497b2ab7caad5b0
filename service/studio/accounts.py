"""Accounts: one brand's credentials, limits and place at a destination, and how sending for it goes."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import available_timezones

from flask import Response, request

from service.errors import BurgeeError, NotFound
from service.model import Account
from service.store.users import Role
from service.studio._clock import now
from service.studio._page import page
from service.studio._visit import Visit

STORED = "stored"  # the token is kept here, encrypted
_NAME = re.compile(r"[^\x00-\x1f/\\?#%]{1,100}")
_COUNTRY = re.compile(r"[A-Z]{2}")
NEW = Account(name="", destination="attentive", base_url="https://api.attentivemobile.com", token_from=STORED)


@page("GET", "/accounts")
def accounts(visit: Visit) -> Response:
    """The list."""
    store = visit.parts.store
    states = {each.account: each for each in store.accounts.states()}
    waiting = {each.account: each.count for each in store.figures.waiting()}
    lines = [(each, states.get(each.name), waiting.get(each.name, 0)) for each in store.accounts.list()]
    return visit.show("accounts.html", here="accounts", lines=lines, may=visit.may(Role.ADMIN))


@page("GET", "/accounts/{name}")
def account(visit: Visit, name: str) -> Response:
    """One account: how it does, and, for an admin, the form to change it."""
    found = _known(visit, name)
    return _form(visit, found, values=_values(found))


@page("GET", "/accounts/new", role=Role.ADMIN)
def new_account(visit: Visit) -> Response:
    """An empty form."""
    return _form(visit, None, values=_values(None))


@page("POST", "/accounts/new", role=Role.ADMIN)
def add_account(visit: Visit) -> Response:
    """Keep a new account."""
    values = _read(visit)
    if visit.parts.store.accounts.get(values["name"]) is not None:
        return _form(visit, None, 409, values, {"name": "There is an account with this name."})
    return _keep(visit, None, values)


@page("POST", "/accounts/{name}", role=Role.ADMIN)
def change_account(visit: Visit, name: str) -> Response:
    """Keep a changed account."""
    return _keep(visit, _known(visit, name), _read(visit) | {"name": name})


def _known(visit: Visit, name: str) -> Account:
    found = visit.parts.store.accounts.get(name)
    if found is None:
        raise NotFound(f"There is no account {name[:60]!r}.", hint="Look at the list of accounts.")
    return found


def _destinations(visit: Visit) -> list[str]:
    return sorted({each.destination for each in visit.parts.actions.values()})


def _values(found: Account | None) -> dict[str, str]:
    """What stands in the form at first."""
    account = found or NEW
    return {
        "name": account.name,
        "destination": account.destination,
        "base_url": account.base_url,
        "country": account.country,
        "timezone": account.timezone,
        "brand_prefix": account.brand_prefix,
        "limit": f"{max(account.limits.values()):g}" if account.limits else "",
        "token_from": account.token_from,
    }


def _read(visit: Visit) -> dict[str, str]:
    read = {name: visit.field(name) for name in ("name", "destination", "base_url", "timezone", "limit", "token_from")}
    prefix = request.form.get("brand_prefix", "")[:60]  # the blank at its end belongs to it
    return read | {"country": visit.field("country").upper(), "brand_prefix": prefix}


def _keep(visit: Visit, old: Account | None, values: dict[str, str]) -> Response:
    token = visit.field("token")
    problems = _problems(visit, old, values, token)
    if problems:
        return _form(visit, old, 422, values, problems)
    rate_classes = {each.rate_class for each in visit.parts.actions.values() if each.destination == values["destination"]}
    made = Account(
        name=values["name"],
        destination=values["destination"],
        base_url=values["base_url"].rstrip("/"),
        token_from=values["token_from"],
        country=values["country"],
        timezone=values["timezone"],
        brand_prefix=values["brand_prefix"],
        limits=_limits(old, values["limit"], rate_classes),
    )
    try:
        visit.parts.store.accounts.put(made, token or None, by=visit.me.login)
    except BurgeeError as error:
        return _form(visit, old, 422, values, {"token": f"{error.detail} {error.hint or ''}"})
    return visit.go("account", name=made.name)


def _limits(old: Account | None, limit: str, rate_classes: set[str]) -> dict[str, float]:
    """One limit for all rate classes; what was set for each on the command line stays when the field was not touched."""
    if old is not None and limit == _values(old)["limit"]:
        return dict(old.limits)
    return {each: float(limit) for each in rate_classes} if limit else {}


def _problems(visit: Visit, old: Account | None, values: dict[str, str], token: str) -> dict[str, str]:
    found = {}
    if not _NAME.fullmatch(values["name"]) or values["name"] == "new":
        found["name"] = "Give it a name of 1 to 100 characters, without / ? # %."
    if values["destination"] not in _destinations(visit):
        found["destination"] = "Choose a destination."
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", values["base_url"]):
        found["base_url"] = "Write an address that begins with https://."
    if not _COUNTRY.fullmatch(values["country"]):
        found["country"] = "Two letters, such as US."
    if values["timezone"] not in available_timezones():
        found["timezone"] = "A zone such as America/New_York."
    if (values["limit"] and not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", values["limit"])) or values["limit"] in ("0", "0.0"):
        found["limit"] = "A number above 0, or nothing for the vendor's own limit."
    kind, _, where = values["token_from"].partition(":")
    if values["token_from"] != STORED and not (kind in ("env", "file") and where):
        found |= {"token_from": "Write stored, env:NAME or file:PATH."}
    elif token and values["token_from"] != STORED:
        found["token"] = f"The token comes from {values['token_from']}, so leave this empty, or write stored above."
    elif not token and values["token_from"] == STORED and (old is None or old.token_from != STORED):
        found |= {"token": "Paste the token of the vendor's API."}
    return found


def _form(
    visit: Visit,
    found: Account | None,
    status: int = 200,
    values: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
) -> Response:
    store = visit.parts.store
    facts: dict[str, Any] = {"state": None, "waiting": 0, "answer": None}
    if found is not None:
        facts["state"] = next((each for each in store.accounts.states() if each.account == found.name), None)
        facts["waiting"] = next((each.count for each in store.figures.waiting() if each.account == found.name), 0)
        facts["answer"] = store.figures.last_answer(found.name)
    return visit.show(
        "account.html",
        status,
        here="accounts",
        account=found,
        values=values or {},
        problems=problems or {},
        destinations=[(each, each.capitalize()) for each in _destinations(visit)],
        may=visit.may(Role.ADMIN),
        now=now(),
        **facts,
    )
