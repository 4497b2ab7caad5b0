"""`burgee test`: the samples of templates, as tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from service.cli._common import NOT_VALID, Call, as_json_option, dry_run_option, finish
from service.cli._output import print_json, say_problems

if TYPE_CHECKING:
    from service.authoring.check import Result
    from service.settings import Settings


@click.command
@click.argument("names", metavar="[NAME|FOLDER]...", nargs=-1)
@click.option("--update", is_flag=True, help="Write what each sample makes now as its expected result.")
@dry_run_option
@as_json_option
@click.pass_obj
def command(call: Call, names: tuple[str, ...], update: bool, dry_run: bool, as_json: bool) -> None:
    """Render every sample and compare the result with the expected one beside it.

    Default: every template of the templates folder. The clock shows 2026-01-15 17:00 UTC. Exit status 3 when a sample fails.
    """
    from service.actions import Actions
    from service.authoring.check import check
    from service.cli._folders import chosen
    from service.delivery.prepare import Preparer

    settings = call.settings()
    source = chosen(settings, names)
    results = list(check(Preparer(Actions.load(settings.schemas)), source.templates))
    written = _update(settings, names, results, dry_run) if update else []
    failed = [each for each in results if not each.passed and not (update and each.sample)]
    if as_json:
        shown = [
            {
                "template": each.template,
                "sample": each.sample,
                "passed": each.passed,
                "problems": [problem.as_dict() for problem in each.problems],
            }
            for each in results
        ]
        print_json({"samples": shown, "passed": len(results) - len(failed), "failed": len(failed), "written": written})
    else:
        _show(results, failed, written, dry_run)
    if failed:
        finish(NOT_VALID)


def _show(results: list[Result], failed: list[Result], written: list[str], dry_run: bool) -> None:
    for each in failed:
        click.echo(f"{each.template}{f', sample {each.sample}' if each.sample else ''}: failed", err=True)
        say_problems(each.problems)
    for file in written:
        click.echo(f"{'would write' if dry_run else 'wrote'} {file}")
    click.echo(f"{len(results)} samples, {len(results) - len(failed)} passed, {len(failed)} failed.")


def _update(settings: Settings, names: tuple[str, ...], results: list[Result], dry_run: bool) -> list[str]:
    """Write the expected file of each sample that fails or has none; the files that were written."""
    from service.authoring.check import expected_of
    from service.authoring.folder import SAMPLES, as_text
    from service.cli._folders import homes

    places = homes(settings, names)
    written = []
    for each in results:
        if each.sample is None or each.prepared is None:
            continue
        file = places[each.template] / SAMPLES / f"{each.sample}.expected.json"
        if each.passed and file.is_file():
            continue
        written.append(str(file))
        if not dry_run:
            file.write_text(as_text(expected_of(each.prepared)), encoding="utf-8")
    return written
