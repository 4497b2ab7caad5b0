"""`burgee keys`: the keys that flows show us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from service.cli._common import BY, Call, as_json_option, dry_run_option, plain
from service.cli._output import print_json, print_table
from service.model import Scope

if TYPE_CHECKING:
    from service.model import Key
    from service.parts import Parts

DEFAULT_SCOPES = (Scope.HOOKS, Scope.RENDER)
SCOPE_HELP = "hooks, render, read or admin. Default: hooks and render."


@click.group
def command() -> None:
    """Make, list and revoke the keys that flows show us."""


def _scopes(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[Scope, ...]:
    """Scopes, given one by one or with commas between them."""
    words = [word.strip() for value in values for word in value.split(",") if word.strip()]
    for word in words:
        if word not in list(Scope):
            raise click.BadParameter(f"{word!r} is not a scope. Known are {', '.join(Scope)}.")
    return tuple(dict.fromkeys(Scope(word) for word in words)) or DEFAULT_SCOPES


@command.command
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, callback=_scopes, metavar="SCOPE", help=SCOPE_HELP)
@click.option("--template", "templates", multiple=True, metavar="NAME", help="Limit the key to this template.")
@dry_run_option
@as_json_option
@click.pass_obj
def create(
    call: Call, name: str, scopes: tuple[Scope, ...], templates: tuple[str, ...], dry_run: bool, as_json: bool
) -> None:
    """Make a key for the flow NAME and show it, this once."""
    if not name.strip() or not name.isprintable() or len(name) > 100:
        raise click.UsageError("A key's name is 1 to 100 printable characters.")
    parts = call.parts()
    _refuse_unknown(parts, templates)
    if dry_run:
        if name in [each.name for each in parts.store.keys.list()]:
            raise click.ClickException(f"There is a key named {name!r} already. Choose another name.")
        shown = {"dry_run": True, "name": name, "scopes": sorted(scopes), "templates": sorted(templates)}
        print_json(shown) if as_json else click.echo(f"Would make the key {name} ({', '.join(sorted(scopes))}).")
        return
    key, secret = parts.store.keys.create(name, scopes, templates, by=BY)
    if as_json:
        print_json({**_key(key), "secret": secret})
        return
    click.echo(secret)
    click.echo("Keep it now: it is not shown again. In the flow's webhook, add the header", err=True)
    click.echo("  Authorization: Bearer KEY", err=True)


def _refuse_unknown(parts: Parts, templates: tuple[str, ...]) -> None:
    """A key limited to a template that is not there is most likely a slip of the pen."""
    from service.authoring.folder import not_found
    from service.cli._common import usage

    known = parts.store.templates.names()
    for each in templates:
        if each not in known:
            raise usage(not_found(each, known))


@command.command("list")
@as_json_option
@click.pass_obj
def list_(call: Call, as_json: bool) -> None:
    """List keys, without their secrets."""
    found = call.parts().store.keys.list()
    if as_json:
        print_json([_key(each) for each in found])
        return
    rows = [
        (
            each.name,
            f"{each.prefix}...",
            " ".join(sorted(each.scopes)),
            " ".join(sorted(each.templates)) or "all",
            f"{each.last_used_at:%Y-%m-%d %H:%M}" if each.last_used_at else "never",
            "revoked" if each.revoked_at else "",
        )
        for each in found
    ]
    print_table(("key", "begins", "scopes", "templates", "last used", ""), rows, empty="There are no keys.")


@command.command
@click.argument("name")
@dry_run_option
@as_json_option
@click.pass_obj
def revoke(call: Call, name: str, dry_run: bool, as_json: bool) -> None:
    """Revoke the key NAME (or id). A running service stops taking it within a second."""
    store = call.parts().store
    found = [each for each in store.keys.list() if name in (each.name, each.id)]
    if dry_run and found:
        key = found[0]
    else:
        key = store.keys.revoke(name, by=BY)
    if as_json:
        print_json({"dry_run": dry_run, **_key(key)})
    else:
        click.echo(f"The key {key.name} {'would be' if dry_run else 'is'} revoked.")


def _key(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "begins": key.prefix,
        "scopes": sorted(key.scopes),
        "templates": sorted(key.templates),
        "created_at": plain(key.created_at),
        "last_used_at": plain(key.last_used_at),
        "revoked_at": plain(key.revoked_at),
    }
