"""`burgee templates`: versions in the database, and the folder that lives in git."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli._common import BY, NOT_VALID, Call, as_json_option, dry_run_option, finish, plain
from service.cli._output import print_json, print_table, say_problems, visible

if TYPE_CHECKING:
    from service.authoring.folder import Folder
    from service.authoring.push import Difference
    from service.model import Version
    from service.parts import Parts


@click.group
def command() -> None:
    """Push templates to the database, publish them, and compare them with a folder."""


@command.command
@click.argument("names", metavar="[NAME|FOLDER]...", nargs=-1)
@click.option(
    "--no-publish", "publish", flag_value=False, default=True, help="Make the version, and leave the live one live."
)
@click.option("--note", metavar="TEXT", help="Why, for the list of versions.")
@click.option("--by", metavar="NAME", help="Who, for the list of versions.")
@dry_run_option
@as_json_option
@click.pass_obj
def push(
    call: Call, names: tuple[str, ...], publish: bool, note: str | None, by: str | None, dry_run: bool, as_json: bool
) -> None:
    """Make a new version of each template that has changed, and make it live.

    Default: every template of the templates folder. What does not compile, or fails one of its own samples, is not
    pushed (exit status 3), and neither is anything else then.
    """
    from service.authoring import push as authoring
    from service.cli._folders import chosen

    parts = call.parts()
    source = chosen(parts.settings, names)
    _refuse_broken(parts, source, as_json)
    pushed = authoring.push(parts.store, source, source.templates, note=note, by=by or BY, publish=publish, dry_run=dry_run)
    if as_json:
        shown = [{"name": each.name, "change": each.change, "version": each.number, "live": each.live} for each in pushed]
        print_json({"dry_run": dry_run, "templates": shown})
        return
    for each in pushed:
        number = f" version {each.number}" if each.number else ""
        live = ", live" if each.live else ""
        click.echo(f"{'would push ' if dry_run else ''}{each.name}: {each.change}{number}{live}")


def _refuse_broken(parts: Parts, source: Folder, as_json: bool) -> None:
    from service.authoring.check import check

    failed = [each for each in check(parts.preparer, source.templates) if not each.passed]
    if not failed:
        return
    if as_json:
        shown = [
            {
                "name": each.template,
                "sample": each.sample,
                "problems": [problem.as_dict() for problem in each.problems],
            }
            for each in failed
        ]
        print_json({"error": "Nothing was pushed.", "failed": shown})
    click.echo("Nothing was pushed:", err=True)
    for each in failed:
        click.echo(f"{each.template}{f', sample {each.sample}' if each.sample else ''}", err=True)
        say_problems(each.problems)
    finish(NOT_VALID)


@command.command
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--to", "place", metavar="FOLDER", type=click.Path(file_okay=False, path_type=Path), help="Default: templates."
)
@dry_run_option
@as_json_option
@click.pass_obj
def pull(call: Call, names: tuple[str, ...], place: Path | None, dry_run: bool, as_json: bool) -> None:
    """Write live versions and the shared snippets into a folder, where they differ from what is there."""
    from service.authoring import push as authoring

    parts = call.parts()
    place = place or Path("templates")
    changes = authoring.pull(parts.store, place, _known(parts, names), dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, "folder": str(place), "files": [_difference(each) for each in changes]})
        return
    for each in changes:
        click.echo(f"{'would write' if dry_run else 'wrote'} {place / each.file}")
    if not changes:
        click.echo(f"{place} is the same as what is live.")


@command.command
@click.argument("names", metavar="[NAME|FOLDER]...", nargs=-1)
@as_json_option
@click.pass_obj
def diff(call: Call, names: tuple[str, ...], as_json: bool) -> None:
    """Show how a folder differs from the live versions. Default: the templates folder."""
    from service.authoring import push as authoring
    from service.cli._folders import chosen

    parts = call.parts()
    source = chosen(parts.settings, names)
    wanted = [each.name for each in source.templates]
    changes = authoring.diff(parts.store, source, wanted if names else {*wanted, *parts.store.templates.names()})
    if as_json:
        print_json({"same": not changes, "files": [_difference(each) for each in changes]})
        return
    for each in changes:
        click.echo(each.text if each.text.endswith("\n") else f"{each.text}\n", nl=False)
    if not changes:
        click.echo("No difference.")


@command.command("list")
@as_json_option
@click.pass_obj
def list_(call: Call, as_json: bool) -> None:
    """List templates with their live version."""
    found = call.parts().store.templates.list()
    if as_json:
        print_json(
            [
                {
                    "name": each.name,
                    "title": each.title,
                    "action": each.action,
                    "account": each.account,
                    "live": each.live,
                    "newest": each.newest,
                    "updated_at": plain(each.updated_at),
                }
                for each in found
            ]
        )
        return
    rows = [(each.name, each.live or "none", each.newest, each.action, each.title) for each in found]
    print_table(("template", "live", "newest", "action", "title"), rows, empty="There are no templates.")


@command.command
@click.argument("name")
@click.option("--version", "number", type=click.IntRange(min=1), help="Default: the live one, else the newest.")
@as_json_option
@click.pass_obj
def show(call: Call, name: str, number: int | None, as_json: bool) -> None:
    """Show one template: its source and its versions."""
    versions = _versions(call.parts(), name)
    wanted = [each for each in versions if (each.live if number is None else each.number == number)]
    if not wanted and number is not None:
        raise click.ClickException(f"The template {name} has no version {number}; its newest is {versions[0].number}.")
    version = wanted[0] if wanted else versions[0]
    if as_json:
        print_json({**_version(version), "template": _source(version), "versions": [_version(each) for each in versions]})
        return
    made = version.template
    click.echo(f"{made.name}: {visible(made.title)} ({made.action}, account {made.account})")
    for each in versions:
        note = f"  {visible(each.note)}" if each.note else ""
        mark = "live" if each.live else "    "
        click.echo(f"  {mark} {each.number:>4}  {each.created_at:%Y-%m-%d %H:%M}{note}")
    for step in made.steps:
        name = f", step {step.name} ({step.action})" if step.name else ""
        click.echo(f"\nversion {version.number}{name}:\n{step.source}")


@command.command
@click.argument("name")
@click.argument("number", type=click.IntRange(min=1))
@dry_run_option
@as_json_option
@click.pass_obj
def publish(call: Call, name: str, number: int, dry_run: bool, as_json: bool) -> None:
    """Make version NUMBER of a template live. A running service uses it within a second."""
    parts = call.parts()
    before = parts.store.templates.live(name)
    if dry_run:
        if number not in [each.number for each in _versions(parts, name)]:
            raise click.ClickException(f"The template {name} has no version {number}.")
    else:
        parts.store.templates.publish(name, number, by=BY)
    _say_live(name, before, number, dry_run, as_json)


@command.command
@click.argument("name")
@dry_run_option
@as_json_option
@click.pass_obj
def rollback(call: Call, name: str, dry_run: bool, as_json: bool) -> None:
    """Make live what was live before."""
    parts = call.parts()
    before = parts.store.templates.live(name)
    _versions(parts, name)
    number = None if dry_run else parts.store.templates.rollback(name, by=BY).number
    _say_live(name, before, number, dry_run, as_json)


def _say_live(name: str, before: Version | None, number: int | None, dry_run: bool, as_json: bool) -> None:
    was = before.number if before else None
    if as_json:
        print_json({"dry_run": dry_run, "name": name, "live": number, "was": was})
    else:
        now = f"version {number}" if number is not None else "the version that was live before"
        click.echo(f"{name}: {now} {'would be' if dry_run else 'is'} live{f', instead of {was}' if was else ''}.")


def _known(parts: Parts, names: tuple[str, ...]) -> list[str]:
    """`names`, each of which must be a template of the database; none named means all."""
    known = parts.store.templates.names()
    for name in names:
        if name not in known:
            _versions(parts, name)
    return list(names) or known


def _versions(parts: Parts, name: str) -> list[Version]:
    from service.authoring.folder import not_found

    versions = parts.store.templates.versions(name)
    if not versions:
        raise not_found(name, parts.store.templates.names())
    return sorted(versions, key=lambda version: -version.number)


def _version(version: Version) -> dict[str, Any]:
    return {
        "id": version.id,
        "name": version.template.name,
        "version": version.number,
        "live": version.live,
        "digest": version.digest,
        "note": version.note,
        "by": version.created_by,
        "created_at": plain(version.created_at),
    }


def _source(version: Version) -> dict[str, Any]:
    from dataclasses import asdict

    made: dict[str, Any] = plain(asdict(version.template))
    return made


def _difference(each: Difference) -> dict[str, str]:
    return {"file": each.file, "change": each.change, "diff": each.text}
