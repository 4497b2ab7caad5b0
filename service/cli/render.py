"""`burgee render`: what a context comes to, by the function that sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from service.cli._common import NOT_VALID, Call, as_json_option, finish, moment, read_input, usage
from service.cli._output import print_json, say_problems

if TYPE_CHECKING:
    from service.cli._preview import Wanted
    from service.content import Library
    from service.delivery.prepare import Prepared
    from service.model import TemplateSource
    from service.settings import Settings


@click.command
@click.option("--template", "name", metavar="NAME", help="The live version in the database, else the starter template.")
@click.option("--file", metavar="PATH", help="A template's file or folder.")
@click.option("--dialect", type=click.Choice(["jinja", "zephyr"]), help="Default: as the file is called.")
@click.option("--action", metavar="NAME", help="Such as attentive.messages.send. Default: the template's own.")
@click.option("--context", metavar="FILE|-", help="The context, as JSON.")
@click.option("--sample", metavar="NAME", help="Take the context of this sample of the template.")
@click.option("--now", metavar="TIME", help="The time that the template sees. Default: the time it is.")
@as_json_option
@click.pass_obj
def command(
    call: Call,
    name: str | None,
    file: str | None,
    dialect: str | None,
    action: str | None,
    context: str | None,
    sample: str | None,
    now: str | None,
    as_json: bool,
) -> None:
    """Show what a template makes of a context: the payload, its digest, problems and warnings, and the text's length.

    Nothing is kept and nothing is sent. Exit status 3 when the result is not valid.
    """
    from service.cli._preview import wanted

    at = moment(now)
    if (context is None) == (sample is None):
        raise click.UsageError("Give either --context FILE (- is standard input) or --sample NAME.")
    body = read_input(context, "context") if context is not None else None
    prepared = _prepared(call, lambda: wanted(call, name, file, dialect, action), body, sample, at)
    if as_json:
        print_json(prepared.as_dict())
    else:
        _show_all(prepared)
    if any(each.outcome == "invalid" for each in (prepared, *later(prepared))):
        finish(NOT_VALID)


def later(prepared: Prepared) -> list[Prepared]:
    """The later steps of a plan that are known."""
    return [each.prepared for each in prepared.then if each.prepared is not None]


def _prepared(call: Call, find: Callable[[], Wanted], body: bytes | None, sample: str | None, at: datetime) -> Prepared:
    """What the context comes to; a context, template or action that cannot be read is an outcome with problems too."""
    from service import strictjson
    from service.actions import Actions
    from service.delivery.plans import preview
    from service.delivery.prepare import Prepared, Preparer
    from service.errors import NotFound, NotReadable, TemplateInvalid
    from service.model import Outcome

    try:
        found = find()
        template = found.template
        given = _sample(template, sample) if body is None else {"context": strictjson.read_object(body, what="context")}
        settings = call.settings()
        preparer = Preparer(Actions.load(settings.schemas), _library(settings))
        programs = preparer.compile_all(template)
        return preview(
            preparer,
            template,
            programs,
            given["context"],
            answers=given.get("answers"),
            now=at,
            account=found.account,
        )
    except NotFound as error:
        raise usage(error) from None
    except (NotReadable, TemplateInvalid) as error:
        return Prepared(Outcome.INVALID, problems=error.problems)


def _library(settings: Settings) -> Library | None:
    """What `personalize()` picks from, where there is a database; it is connected to when a template asks."""
    from service.cli._preview import has_database

    if not has_database(settings):
        return None
    from service.content import Library
    from service.store import Store

    return Library(Store(settings))


def _sample(template: TemplateSource, name: str | None) -> Mapping[str, Any]:
    from service.errors import NotFound
    from service.registry import nearest

    name = name or ""
    if name not in template.samples:
        close = nearest(name, template.samples)
        known = ", ".join(template.samples) or "none"
        hint = f"Did you mean `{close}`?" if close else f"Its samples: {known}."
        raise NotFound(f"The template `{template.name}` has no sample `{name}`.", hint=hint)
    return template.samples[name]


def _show_all(prepared: Prepared) -> None:
    if prepared.step is not None:
        click.echo(f"step {prepared.step}: ", err=True, nl=False)
    _show(prepared)
    for each in prepared.then:
        if each.prepared is None:
            click.echo(f"step {each.step}: waits for the answer of {', '.join(each.waits_for)}", err=True)
        else:
            click.echo(f"step {each.step}: ", err=True, nl=False)
            _show(each.prepared)


def _show(prepared: Prepared) -> None:
    colours = {"valid": "green", "suppressed": "yellow", "invalid": "red"}
    reason = f": {prepared.reason}" if prepared.reason else ""
    click.echo(click.style(prepared.outcome.value, fg=colours[prepared.outcome]) + reason, err=True)
    say_problems(prepared.problems)
    say_problems(prepared.warnings, colour="yellow", word="warning")
    if prepared.sms:
        sms = prepared.sms
        parts = "part" if sms["segments"] == 1 else "parts"
        many = f"; the longest of {sms['messages']}, which take {sms['total_segments']}" if "messages" in sms else ""
        click.echo(f"  {sms['encoding']}, {sms['units']} units, {sms['segments']} {parts}{many}", err=True)
    if prepared.payload is not None:
        print_json(prepared.payload)
