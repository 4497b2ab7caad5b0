"""`burgee validate`: checks ready payloads against their action."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from service.cli._common import NOT_VALID, Call, as_json_option, finish, read_input, usage
from service.cli._output import print_json, say_problems

if TYPE_CHECKING:
    from service.delivery.prepare import Prepared, Preparer

LONGEST_LINE = 1_048_576


@click.command
@click.argument("action")
@click.argument("file", metavar="FILE|-")
@click.option("--ndjson", is_flag=True, help="FILE holds one payload a line; prints one result a line.")
@as_json_option
@click.pass_obj
def command(call: Call, action: str, file: str, ndjson: bool, as_json: bool) -> None:
    """Check a payload against ACTION, such as attentive.messages.send. FILE - is standard input.

    Shows every problem at once. Exit status 3 when a payload is not valid.
    """
    from service.actions import Actions
    from service.delivery.prepare import Preparer
    from service.errors import NotFound

    preparer = Preparer(Actions.load(call.settings().schemas))
    try:
        preparer.actions.get_or_raise(action)
    except NotFound as error:
        raise usage(error) from None
    body = read_input(file, "payload")
    valid = _many(preparer, action, body, as_json) if ndjson else _one(preparer, action, body, as_json)
    if not valid:
        finish(NOT_VALID)


def _one(preparer: Preparer, action: str, body: bytes, as_json: bool) -> bool:
    prepared = _checked(preparer, action, body)
    valid = prepared.outcome == "valid"
    if as_json:
        print_json({"action": action, **prepared.as_dict()})
    else:
        click.echo("Valid." if valid else f"Not valid: {_count(prepared.problems, 'problem')}.", err=not valid)
        say_problems(prepared.problems)
        say_problems(prepared.warnings, colour="yellow", word="warning")
    return valid


def _many(preparer: Preparer, action: str, body: bytes, as_json: bool) -> bool:
    """One result a line, and a summary: the last line of JSON, or a sentence on standard error."""
    checked = failed = 0
    for number, line in _lines(body):
        prepared = _checked(preparer, action, line)
        checked += 1
        failed += prepared.outcome != "valid"
        if as_json:
            print_json(_result(number, prepared), lines=True)
        elif prepared.problems:
            click.echo(f"line {number}: not valid")
            say_problems(prepared.problems)
    if as_json:
        print_json({"checked": checked, "valid": checked - failed, "invalid": failed}, lines=True)
    else:
        click.echo(f"{checked} checked, {checked - failed} valid, {failed} not valid.", err=True)
    return not failed


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(body.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            yield number, line


def _result(number: int, prepared: Prepared) -> dict[str, Any]:
    return {
        "line": number,
        "outcome": prepared.outcome.value,
        "problems": [each.as_dict() for each in prepared.problems],
        "warnings": [each.as_dict() for each in prepared.warnings],
    }


def _checked(preparer: Preparer, action: str, body: bytes) -> Prepared:
    """The payload as it would be sent, or why not; a body that cannot be read is not valid either."""
    from service import strictjson
    from service.delivery.prepare import Prepared
    from service.errors import NotReadable
    from service.model import Outcome

    try:
        payload = strictjson.read(body, what="payload")
    except NotReadable as error:
        return Prepared(Outcome.INVALID, problems=error.problems)
    return preparer.check(preparer.actions.get_or_raise(action), payload)


def _count(found: tuple[Any, ...], word: str) -> str:
    return f"{len(found)} {word}{'' if len(found) == 1 else 's'}"
