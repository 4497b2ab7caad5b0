"""`burgee lint`: what is wrong or doubtful about templates, before anybody gets a message."""

from __future__ import annotations

import click

from service.cli._common import NOT_VALID, Call, as_json_option, finish
from service.cli._output import print_json, say_problems


@click.command
@click.argument("names", metavar="[NAME|FOLDER]...", nargs=-1)
@click.option("--strict", is_flag=True, help="Exit status 3 for warnings too.")
@as_json_option
@click.pass_obj
def command(call: Call, names: tuple[str, ...], strict: bool, as_json: bool) -> None:
    """Compile templates, render their samples, and show what is wrong (problems) or doubtful (warnings).

    Default: every template of the templates folder. Exit status 3 when there is a problem.
    """
    from service.actions import Actions
    from service.authoring.lint import lint
    from service.cli._folders import chosen
    from service.delivery.prepare import Preparer

    settings = call.settings()
    found = list(lint(Preparer(Actions.load(settings.schemas)), chosen(settings, names).templates))
    problems = sum(len(each.problems) for each in found)
    warnings = sum(len(each.warnings) for each in found)
    if as_json:
        listed = [
            {
                "template": each.template,
                "problems": [problem.as_dict() for problem in each.problems],
                "warnings": [warning.as_dict() for warning in each.warnings],
            }
            for each in found
        ]
        print_json({"templates": listed, "problems": problems, "warnings": warnings})
    else:
        for each in found:
            if each.problems or each.warnings:
                click.echo(each.template, err=True)
            say_problems(each.problems, word="problem")
            say_problems(each.warnings, colour="yellow", word="warning")
        click.echo(f"{len(found)} templates, {problems} problems, {warnings} warnings.")
    if problems or (strict and warnings):
        finish(NOT_VALID)
