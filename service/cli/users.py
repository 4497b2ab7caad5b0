"""`burgee users`: who may use the studio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from service.cli._common import BY, Call, as_json_option, dry_run_option, plain
from service.cli._output import print_json, print_table

if TYPE_CHECKING:
    from service.store.users import User

ROLES = ("viewer", "author", "publisher", "admin")
ADDRESS = "http://127.0.0.1:8000"  # where `burgee serve` listens when nothing else is said


@click.group
def command() -> None:
    """Let people into the studio: add, list and remove users."""


@command.command
@click.argument("login", metavar="NAME")
@click.option("--role", type=click.Choice(ROLES), default="author", show_default=True, help="What they may do.")
@click.option("--name", "shown", default="", metavar="TEXT", help='How others see them, such as "Mara Lindqvist".')
@dry_run_option
@as_json_option
@click.pass_obj
def add(call: Call, login: str, role: str, shown: str, dry_run: bool, as_json: bool) -> None:
    """Make a link by which NAME chooses a password. It is shown this once, and good once, for two days.

    For a user who has not come yet it makes a new link, and the old one is void.
    """
    from service.store.users import Role

    parts = call.parts()
    if dry_run:
        _refuse_known(parts.store.users.list(), login)
        result = {"dry_run": True, "login": login, "role": role}
        print_json(result) if as_json else click.echo(f"Would make a link for {login}, {role}.")
        return
    user, token = parts.store.users.invite(login, Role(role), name=shown, by=BY)
    link = f"{parts.settings.public_url.rstrip('/') or ADDRESS}/invitation/{token}"
    if as_json:
        print_json({**_user(user), "link": link})
        return
    click.echo(link)
    click.echo(f"Send it to {user.name}: it works once, for two days, and whoever opens it chooses the password.", err=True)


@command.command("list")
@as_json_option
@click.pass_obj
def list_(call: Call, as_json: bool) -> None:
    """List users and their roles."""
    found = call.parts().store.users.list()
    if as_json:
        print_json([_user(each) for each in found])
        return
    rows = [
        (each.login, each.name, each.role.value, f"{each.seen_at:%Y-%m-%d %H:%M}" if each.seen_at else _unseen(each))
        for each in found
    ]
    print_table(("user", "name", "role", "last seen"), rows, empty="There are no users.")


@command.command
@click.argument("login", metavar="NAME")
@dry_run_option
@as_json_option
@click.pass_obj
def remove(call: Call, login: str, dry_run: bool, as_json: bool) -> None:
    """Remove a user. They are signed out at once."""
    users = call.parts().store.users
    known = next((each for each in users.list() if each.login == login.strip().lower()), None)
    user = known if dry_run and known is not None else users.remove(login, by=BY)
    if as_json:
        print_json({"dry_run": dry_run, **_user(user)})
    else:
        click.echo(f"{user.login} {'would be' if dry_run else 'is'} removed.")


def _refuse_known(users: list[User], login: str) -> None:
    if any(each.login == login.strip().lower() and not each.invited for each in users):
        raise click.ClickException(f"There is a user {login!r} already. Choose another name, or remove that user first.")


def _unseen(user: User) -> str:
    return "invited" if user.invited else "never"


def _user(user: User) -> dict[str, Any]:
    return {
        "login": user.login,
        "name": user.name,
        "role": user.role.value,
        "invited": user.invited,
        "created_at": plain(user.created_at),
        "seen_at": plain(user.seen_at),
    }
