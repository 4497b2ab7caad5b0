"""`burgee accounts`: one brand's credentials, limits and place at a vendor."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from service.cli._common import Call, as_json_option, dry_run_option, plain
from service.cli._output import print_json, print_table

if TYPE_CHECKING:
    from service.model import Account
    from service.parts import Parts
    from service.store.accounts import AccountState


@click.group
def command() -> None:
    """List and add accounts at vendors."""


@command.command("list")
@as_json_option
@click.pass_obj
def list_(call: Call, as_json: bool) -> None:
    """List accounts, and how sending goes for each just now. Tokens are never shown."""
    parts = call.parts()
    states = {each.account: each for each in parts.store.accounts.states()}
    found = parts.store.accounts.list()
    if as_json:
        print_json([_account(each, states.get(each.name)) for each in found])
        return
    rows = []
    for each in found:
        state = states.get(each.name)
        rows.append((each.name, each.destination, each.base_url, each.token_from, state.circuit if state else "closed"))
    empty = "There are no accounts. Set BURGEE_ATTENTIVE_TOKEN, or run burgee accounts add."
    print_table(("account", "destination", "base URL", "token from", "circuit"), rows, empty=empty)


@command.command
@click.argument("name")
@click.option("--destination", default="attentive", show_default=True, help="The vendor.")
@click.option("--base-url", metavar="URL", help="Default: BURGEE_ATTENTIVE_URL.")
@click.option("--token-from", metavar="env:NAME|file:PATH", help="Where the token is read each time.")
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input and keep it encrypted.")
@click.option("--country", default="US", show_default=True, help="For phone numbers without a country code.")
@click.option("--timezone", default="America/New_York", show_default=True)
@click.option("--brand-prefix", default="", help="What the vendor puts before each text; counted in its length.")
@click.option("--limit", "limits", multiple=True, metavar="CLASS=N", help="Calls a second, in place of the action's.")
@dry_run_option
@as_json_option
@click.pass_obj
def add(
    call: Call,
    /,
    name: str,
    token_from: str | None,
    token_stdin: bool,
    limits: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    **facts: Any,
) -> None:
    """Add the account NAME, or change the one of that name. A token is never an argument: others could read it."""
    from service.model import Account

    if (token_from is None) == (not token_stdin):
        raise click.UsageError("Give either --token-from env:NAME or file:PATH, or --token-stdin.")
    parts = call.parts()
    facts["base_url"] = facts["base_url"] or parts.settings.attentive_url
    account = Account(name=name, token_from=token_from or "stored", limits=_limits(limits), **facts)
    _check(parts, account)
    token = _token() if token_stdin else None
    if not dry_run:
        parts.store.accounts.put(account, token)
    if as_json:
        print_json({"dry_run": dry_run, **_account(account, None)})
    else:
        click.echo(f"{'Would keep' if dry_run else 'Kept'} the account {name} at {account.base_url}.")


def _limits(texts: tuple[str, ...]) -> dict[str, float]:
    found = {}
    for text in texts:
        rate_class, _, number = text.partition("=")
        try:
            found[rate_class.strip()] = float(number)
        except ValueError:
            raise click.UsageError(f"--limit {text!r}: write such as messages=100.") from None
    return found


def _check(parts: Parts, account: Account) -> None:
    """Refuses what would only show when the first message is sent."""
    from zoneinfo import ZoneInfo

    known = sorted({action.destination for action in parts.actions.values()})
    if account.destination not in known:
        raise click.UsageError(f"There is no destination {account.destination!r}. Known are {', '.join(known)}.")
    if not account.base_url.startswith(("https://", "http://")):
        raise click.UsageError(f"--base-url {account.base_url!r}: write a URL that begins with https://.")
    kind, _, where = account.token_from.partition(":")
    if account.token_from != "stored" and not (kind in ("env", "file") and where):  # noqa: S105 - where, not what
        raise click.UsageError("--token-from: write env:NAME or file:PATH.")
    if any(not limit > 0 for limit in account.limits.values()):
        raise click.UsageError("--limit: a number above 0.")
    try:
        ZoneInfo(account.timezone)
    except (ValueError, OSError, KeyError):
        raise click.UsageError(f"--timezone {account.timezone!r} is not one. Write such as America/New_York.") from None


def _token() -> str:
    token = sys.stdin.readline().strip()
    if not token or not token.isprintable():
        raise click.UsageError("Standard input holds no token.")
    return token


def _account(account: Account, state: AccountState | None) -> dict[str, Any]:
    from dataclasses import asdict

    shown: dict[str, Any] = plain(asdict(account))
    shown["circuit"] = state.circuit if state else "closed"
    shown["open_until"] = plain(state.open_until) if state else None
    shown["lanes"] = [plain(asdict(each)) for each in state.lanes] if state else []
    return shown
