"""`burgee accounts`: one brand's credentials, limits and place at a vendor, and whether the vendor knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from service.cli._common import BY, FAILED, Call, as_json_option, dry_run_option, finish, plain, read_input
from service.cli._output import print_json, print_table, visible

if TYPE_CHECKING:
    from service.delivery.connection import Connection
    from service.model import Account
    from service.parts import Parts
    from service.store.accounts import AccountState

COLOURS = {"yes": "green", "no": "red", "unknown": "yellow", "untried": "yellow"}


@click.group
def command() -> None:
    """List, add and check accounts at vendors."""


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
@click.option("--url", "base_url", metavar="URL", help="Where its API is. Default: BURGEE_ATTENTIVE_URL, or the vendor's.")
@click.option("--token-file", metavar="FILE|-", help="Read the token once (-: from standard input) and keep it encrypted.")
@click.option("--token-from", metavar="env:NAME|file:PATH", help="Keep no token: read it there each time.")
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
    token_file: str | None,
    token_from: str | None,
    limits: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    **facts: Any,
) -> None:
    """Add the account NAME, or change the one of that name. A token is never an argument: others could read it.

    One app at the vendor for each integration is best: each account then has a token of its own, which can be replaced
    without touching the others.
    """
    from service.model import Account

    if (token_from is None) == (token_file is None):
        raise click.UsageError(
            "Give either --token-file FILE (- for standard input), or --token-from env:NAME or file:PATH."
        )
    parts = call.parts()
    facts["base_url"] = facts["base_url"] or _base_url(parts, facts["destination"])
    account = Account(name=name, token_from=token_from or "stored", limits=_limits(limits), **facts)
    _check(parts, account)
    token = _token(token_file) if token_file is not None else None
    if not dry_run:
        parts.store.accounts.put(account, token, by=BY)
    if as_json:
        print_json({"dry_run": dry_run, **_account(account, None)})
    else:
        click.echo(f"{'Would keep' if dry_run else 'Kept'} the account {name} at {account.base_url}.")
        click.echo(f"See whether the vendor knows it: burgee accounts check {name}", err=True)


@command.command
@click.argument("name", required=False)
@as_json_option
@click.pass_obj
def check(call: Call, name: str | None, as_json: bool) -> None:
    """Ask the vendor whose token the account NAME has, and which permissions it seems to lack. Default: every account.

    Nothing is sent to anybody and nothing changes: each permission is tried with a question, or with an empty call, which
    the vendor must refuse for its content (400) where it is there, and refuses before that (403) where it is missing. What
    only a call with an effect could tell is not tried. Exit status 1 when an account does not work, or lacks what one of its
    live templates needs.
    """
    from service.delivery import connection

    parts = call.parts()
    found = [connection.look(parts.store, parts.settings, each) for each in connection.accounts(parts.store, name)]
    if as_json:
        print_json([_checked(each) for each in found])
    else:
        for each in found:
            _say(each)
        if not found:
            click.echo("There are no accounts. Set BURGEE_ATTENTIVE_TOKEN, or run burgee accounts add.", err=True)
        elif any(each.permissions for each in found):
            click.echo("What was tried asks, or is empty. Nothing was sent to anybody, and nothing was changed.", err=True)
    if not found or not all(each.ok for each in found):
        finish(FAILED)


@command.command
@click.argument("name")
@click.option("--secret-file", metavar="FILE|-", help="Read the secret once (-: from standard input) and keep it encrypted.")
@click.option("--secret-from", metavar="env:NAME|file:PATH", help="Keep no secret: read it there each time.")
@click.option("--for-all", is_flag=True, help="What is heard holds for every account: they are one company's.")
@dry_run_option
@as_json_option
@click.pass_obj
def hear(
    call: Call, name: str, secret_file: str | None, secret_from: str | None, for_all: bool, dry_run: bool, as_json: bool
) -> None:
    """Take what the vendor tells the account NAME, signed with a secret: opt-outs, replies, what was sent.

    It shows the address to give to the vendor. At Attentive the secret is the webhook's signing key, at Sailthru the API
    secret.
    """
    from dataclasses import replace

    from service.delivery import connection

    if (secret_from is None) == (secret_file is None):
        raise click.UsageError(
            "Give either --secret-file FILE (- for standard input), or --secret-from env:NAME or file:PATH."
        )
    kind, _, where = (secret_from or "").partition(":")
    if secret_from is not None and not (kind in ("env", "file") and where):
        raise click.UsageError("--secret-from: write env:NAME or file:PATH.")
    parts = call.parts()
    [account] = connection.accounts(parts.store, name)
    secret = _token(secret_file, "secret") if secret_file is not None else None
    stands = secret_from or "stored"
    if dry_run:
        account = replace(account, signing_from=stands, hears_for_all=for_all)
    else:
        account = parts.store.accounts.hear(name, stands, secret, for_all=for_all)
    address = f"{parts.settings.public_url.rstrip('/')}/v1/inbound/{account.destination}/{quote(name, safe='')}"
    if as_json:
        print_json({"dry_run": dry_run, **_account(account, None), "address": address})
        return
    click.echo(address)
    word = "Would take" if dry_run else "Burgee takes"
    click.echo(f"{word} what is signed with that secret at this address. Give the address to the vendor.", err=True)
    if not parts.settings.public_url:
        click.echo("Put https:// and the name that Burgee is reached by before it (BURGEE_PUBLIC_URL).", err=True)


def _say(found: Connection) -> None:
    """One account for people."""
    mark = click.style("works", fg="green") if found.works else click.style("does not work", fg="red")
    click.echo(f"{click.style(found.account, bold=True)}  {mark}  {found.destination} at {found.base_url}")
    click.echo(f"  {visible(found.said)}")
    if found.hint:
        click.echo(f"  {visible(found.hint)}")
    for each in found.permissions:
        said = each.said if each.tried is None else f"{each.tried}: {each.said}"
        click.echo(f"  {click.style(f'{each.has:<8}', fg=COLOURS[each.has])} {each.name:<20} {visible(said)}")
        if each.missed:
            said = f"Needed by {', '.join(each.needed_by)}. Give the app this permission at the vendor."
            click.echo(f"           {click.style(said, fg='red')}")


def _checked(found: Connection) -> dict[str, Any]:
    from dataclasses import asdict

    shown: dict[str, Any] = plain(asdict(found))
    return {**shown, "ok": found.ok}


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

    _base_url(parts, account.destination)
    if not account.base_url.startswith(("https://", "http://")):
        raise click.UsageError(f"--url {account.base_url!r}: write a URL that begins with https://.")
    kind, _, where = account.token_from.partition(":")
    if account.token_from != "stored" and not (kind in ("env", "file") and where):  # noqa: S105 - where, not what
        raise click.UsageError("--token-from: write env:NAME or file:PATH.")
    classes = sorted({action.rate_class for action in parts.actions.values() if action.destination == account.destination})
    if unknown := sorted(set(account.limits) - set(classes)):
        raise click.UsageError(f"--limit: there is no class {', '.join(unknown)[:80]}. Known are {', '.join(classes)}.")
    if any(not limit > 0 for limit in account.limits.values()):
        raise click.UsageError("--limit: a number above 0.")
    try:
        ZoneInfo(account.timezone)
    except (ValueError, OSError, KeyError):
        raise click.UsageError(f"--timezone {account.timezone!r} is not one. Write such as America/New_York.") from None


def _base_url(parts: Parts, name: str) -> str:
    """Where the vendor of this name is reached. A name that is none is wrong usage."""
    from service.cli._common import usage
    from service.destinations import destination
    from service.errors import NotFound

    try:
        vendor = destination(name)
    except NotFound as error:
        raise usage(error) from None
    return parts.settings.attentive_url if name == "attentive" else vendor.BASE_URL


def _token(path: str, what: str = "token") -> str:
    """The token, or other secret, in a file or on standard input."""
    try:
        token = read_input(path, f"{what} file").decode("ascii").strip()
    except UnicodeDecodeError:
        token = ""
    if not token or not token.isprintable() or " " in token:
        raise click.UsageError(f"{'Standard input' if path == '-' else f'The {what} file'} holds no {what}.")
    return token


def _account(account: Account, state: AccountState | None) -> dict[str, Any]:
    from dataclasses import asdict

    shown: dict[str, Any] = plain(asdict(account))
    shown["circuit"] = state.circuit if state else "closed"
    shown["open_until"] = plain(state.open_until) if state else None
    shown["lanes"] = [plain(asdict(each)) for each in state.lanes] if state else []
    return shown
