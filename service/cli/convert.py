"""`burgee convert`: rewrites a Zephyr template as Jinja, and says what could not be rewritten."""

from __future__ import annotations

import click

from service.cli._common import NOT_VALID, Call, as_json_option, finish, moment, read_input
from service.cli._output import print_json, say_problems


@click.command
@click.argument("file", metavar="FILE|-")
@click.option("--context", "contexts", multiple=True, metavar="FILE", help="A sample to compare both on. May be repeated.")
@as_json_option
@click.pass_obj
def command(call: Call, file: str, contexts: tuple[str, ...], as_json: bool) -> None:
    """Rewrite a Zephyr template as Jinja. FILE - is standard input.

    The Jinja goes to standard output, what has no counterpart to standard error. Both are rendered for every sample and
    compared. Exit status 3 when something was left out, or when a sample does not come to the same.
    """
    from service import rendering, strictjson
    from service.authoring import folder
    from service.errors import Problem, TemplateInvalid
    from service.rendering.zephyr.convert import compare, convert

    del call
    source = folder.source(read_input(file, "template"), file)
    samples = [strictjson.read_object(read_input(each, "sample"), what="sample") for each in contexts]
    converted = convert(source, samples)
    differing: tuple[Problem, ...] = ()
    if converted.complete:
        try:
            zephyr = rendering.compile(source, dialect="zephyr")
            differing = compare(zephyr, rendering.compile(converted.source), samples, moment(None))
        except TemplateInvalid as error:
            differing = error.problems
    if as_json:
        notes = [each.as_dict() for each in (*converted.notes, *differing)]
        print_json({"source": converted.source, "complete": converted.complete and not differing, "notes": notes})
    else:
        click.echo(converted.source, nl=not converted.source.endswith("\n"))
        say_problems(converted.notes, colour="yellow", word="note")
        say_problems(differing)
    if differing or not converted.complete:
        finish(NOT_VALID)
