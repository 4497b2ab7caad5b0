"""`burgee doctor`: whether everything that sending needs is in place, and what to do about what is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from service.cli._common import FAILED, Call, as_json_option, finish
from service.cli._output import print_json, visible
from service.errors import BurgeeError

if TYPE_CHECKING:
    from service.model import Account
    from service.parts import Parts

COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `state` is ok, warning (sending works, look anyway) or failed."""

    what: str
    state: str
    detail: str
    hint: str | None = None


@click.command
@click.option("--vendor", is_flag=True, help="Also call each vendor with its token (GET /v1/me). Sends no message.")
@as_json_option
@click.pass_obj
def command(call: Call, vendor: bool, as_json: bool) -> None:
    """Check settings, database, templates, accounts, keys and, with --vendor, the vendors. Exit status 1 when one failed."""
    findings = list(_findings(call, vendor))
    failed = any(each.state == "failed" for each in findings)
    if as_json:
        print_json({"ok": not failed, "checks": [asdict(each) for each in findings]})
    else:
        for each in findings:
            click.echo(f"{click.style(f'{each.state:<8}', fg=COLOURS[each.state])} {each.what}: {visible(each.detail)}")
            if each.hint and each.state != "ok":
                click.echo(f"         {visible(each.hint)}")
    if failed:
        finish(FAILED)


def _findings(call: Call, vendor: bool) -> Iterator[Finding]:
    """Each check in turn. What cannot be looked at, because something before it failed, is left out."""
    try:
        settings = call.settings()
        parts = call.build()
    except BurgeeError as error:
        yield Finding("settings", "failed", error.detail, error.hint)
        return
    yield Finding("settings", "ok", f"data under {settings.var}, templates from {settings.templates}")
    try:
        call.parts()
    except BurgeeError as error:
        yield Finding("database", "failed", error.detail, error.hint)
        return
    kind = "SQLite" if settings.database_url.startswith("sqlite") else "PostgreSQL"
    yield Finding("database", "ok", f"{kind}, all migrations done")
    for check in (_templates, _keys, _accounts):
        yield from check(parts)
    if vendor:
        for account in parts.store.accounts.list():
            yield _vendor(parts, account)


def _templates(parts: Parts) -> Iterator[Finding]:
    """Every live version compiles and names an action and an account that exist."""
    from service.authoring.check import check

    accounts = {each.name for each in parts.store.accounts.list()}
    names = parts.store.templates.names()
    for name in names:
        version = parts.store.templates.live(name)
        if version is None:
            yield Finding(f"template {name}", "warning", "no version is live", f"burgee templates publish {name} NUMBER")
            continue
        failed = [each for each in check(parts.preparer, [version.template]) if not each.passed]
        if failed:
            problem = failed[0].problems[0]
            sample = f"sample {failed[0].sample}: " if failed[0].sample else ""
            yield Finding(f"template {name}", "failed", f"{sample}{problem.detail}", problem.hint)
        elif version.template.account not in accounts:
            said = f"there is no account {version.template.account!r}"
            yield Finding(f"template {name}", "warning", said, "Set BURGEE_ATTENTIVE_TOKEN, or run burgee accounts add.")
        else:
            yield Finding(
                f"template {name}", "ok", f"version {version.number} is live, {len(version.template.samples)} samples"
            )
    if not names:
        yield Finding("templates", "warning", "there are none", "burgee templates push")


def _keys(parts: Parts) -> Iterator[Finding]:
    good = [each for each in parts.store.keys.list() if each.revoked_at is None]
    hint = "burgee keys create NAME makes one for a flow."
    yield Finding("keys", "ok" if good else "warning", f"{len(good)} in use" if good else "there are none", hint)


def _accounts(parts: Parts) -> Iterator[Finding]:
    """Every account has a token that can be read, and its circuit is closed."""
    circuits = {each.account: each.circuit for each in parts.store.accounts.states()}
    found = parts.store.accounts.list()
    for account in found:
        what = f"account {account.name}"
        try:
            parts.store.accounts.token(account.name)
        except BurgeeError as error:
            yield Finding(what, "failed", error.detail, error.hint)
            continue
        circuit = circuits.get(account.name, "closed")
        if circuit != "closed":
            said = f"sending is paused after repeated failures (circuit {circuit})"
            yield Finding(what, "warning", said, "burgee deliveries list --status retrying")
        else:
            yield Finding(what, "ok", f"{account.destination} at {account.base_url}, token from {account.token_from}")
    if not found:
        yield Finding("accounts", "failed", "there are none", "Set BURGEE_ATTENTIVE_TOKEN, or run burgee accounts add.")


def _vendor(parts: Parts, account: Account) -> Finding:
    """Whether the vendor answers and knows the token."""
    from service.destinations import EMPTY, Sender, destination

    what = f"vendor of {account.name}"
    settings = parts.settings
    if not destination(account.destination).WHO_AM_I:
        return Finding(what, "ok", "nothing is sent there")
    try:
        token = parts.store.accounts.token(account.name)
        sender = Sender(account, token, connect_timeout=settings.connect_timeout, read_timeout=settings.read_timeout)
        answer = sender.send("GET", destination(account.destination).WHO_AM_I, EMPTY, "doctor")
    except BurgeeError as error:
        return Finding(what, "failed", error.detail, error.hint)
    if answer.kind == "answered" and answer.status == 200:
        return Finding(what, "ok", f"answered in {answer.duration_ms:.0f} ms and knows the token")
    said = destination(account.destination).explain(answer)
    return Finding(what, "failed", said, f"Check the token, and the base URL {account.base_url}.")
