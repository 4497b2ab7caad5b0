"""`burgee suppressions`: who must not be texted, and why."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from service.cli._common import Call, as_json_option, dry_run_option, moment, plain, usage
from service.cli._output import print_json, print_table
from service.model import SubscriptionType

if TYPE_CHECKING:
    from service.model import Suppression
    from service.parts import Parts

BY = "command line"  # in the audit log
MOST = 500

_TYPES = click.Choice([each.value.lower() for each in SubscriptionType], case_sensitive=False)
_WHO = "WHO is +12025550143, ada@example.com, or id: and the vendor's id."


@click.group
def command() -> None:
    """List, add and end suppressions: who must not be texted."""


@command.command("list", epilog=_WHO)
@click.argument("who", required=False)
@click.option("--ended", is_flag=True, help="Also those that have ended.")
@as_json_option
@click.pass_obj
def list_(call: Call, who: str | None, ended: bool, as_json: bool) -> None:
    """List who must not be texted, or what there is about WHO: the newest 500."""
    found, more = call.parts().store.suppressions.page(who=_person(who) if who else None, ended=ended, limit=MOST)
    if as_json:
        print_json([_shown(each) for each in found])
        return
    rows = [(each.id, each.who, each.account or "every", each.said(), _ended(each)) for each in found]
    print_table(("suppression", "who", "account", "why", "ends"), rows, empty="Nobody is suppressed.")
    if more:
        click.echo(f"These are the newest {MOST}.", err=True)


@command.command(epilog=_WHO)
@click.argument("who")
@click.option("--type", "type_", type=_TYPES, default="all", show_default=True, help="Which texts.")
@click.option("--account", help="Only by this account. Default: every account.")
@click.option("--reason", default="", help="Why, for whoever asks. It ends a sentence: 'as she asked on the phone'.")
@click.option("--until", metavar="TIME", help="When it ends by itself, such as 2026-12-31T00:00:00Z.")
@dry_run_option
@as_json_option
@click.pass_obj
def add(
    call: Call, who: str, type_: str, account: str | None, reason: str, until: str | None, dry_run: bool, as_json: bool
) -> None:
    """Let nobody text WHO. No vendor's word ends it, only `remove` does, or its time."""
    parts = call.parts()
    person, type = _person(who), SubscriptionType(type_.upper())
    _check_account(parts, account)
    ends = None if until is None else moment(until)
    if dry_run:
        shown = {"dry_run": True, "who": person, "type": type.value, "account": account, "until": plain(ends)}
        print_json(shown) if as_json else click.echo(f"Would suppress {person} ({type.lower()} texts).")
        return
    made = parts.store.suppressions.add(person, type, account=account, reason=reason, until=ends, by=BY)
    print_json(_shown(made)) if as_json else click.echo(f"{made.id}: {made.said()}")


@command.command
@click.argument("suppression")
@dry_run_option
@as_json_option
@click.pass_obj
def remove(call: Call, suppression: str, dry_run: bool, as_json: bool) -> None:
    """End the suppression of this id, whoever made it. It stays on record."""
    from service.errors import NotFound

    store = call.parts().store.suppressions
    found = store.get(suppression) if dry_run else store.remove(suppression, by=BY)
    if found is None:
        raise NotFound(f"There is no suppression {suppression[:40]!r}.", hint="See burgee suppressions list.")
    if as_json:
        print_json({"dry_run": dry_run, **_shown(found)})
    else:
        click.echo(f"The suppression {found.id} {'would be' if dry_run else 'is'} ended.")


def _person(who: str) -> str:
    from service.delivery.consents import person
    from service.errors import NotReadable

    try:
        return person(who)
    except NotReadable as error:
        raise usage(error) from None


def _check_account(parts: Parts, account: str | None) -> None:
    names = [each.name for each in parts.store.accounts.list()]
    if account is not None and account not in names:
        raise click.UsageError(f"There is no account {account!r}. There are: {', '.join(names) or 'none yet'}.")


def _ended(each: Suppression) -> str:
    return _day(each.until) if each.until is not None else ""


def _day(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}"


def _shown(each: Suppression) -> dict[str, Any]:
    from dataclasses import asdict

    shown: dict[str, Any] = plain(asdict(each))
    return {**shown, "said": each.said()}
