"""`burgee emulator`: a pretend Attentive to try things on."""

from __future__ import annotations

import os
import sys

import click

from service.cli._common import Call, as_json_option
from service.cli._output import print_json

PREFIX = "BURGEE_EMULATOR_"
TOKENS_HELP = "Take only this bearer token. Default: BURGEE_ATTENTIVE_TOKEN, else any."
MODE_HELP = "strict answers what the real one drops without a word; off has no rules."


@click.command
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8090, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--token", "tokens", multiple=True, metavar="TOKEN", help=TOKENS_HELP)
@click.option("--mode", type=click.Choice(["real", "strict", "off"]), help=MODE_HELP)
@click.option("--threads", default=32, show_default=True, type=click.IntRange(min=1))
@as_json_option
@click.pass_obj
def command(_: Call, host: str, port: int, tokens: tuple[str, ...], mode: str | None, threads: int, as_json: bool) -> None:
    """Run a pretend Attentive with its real rules, limits and errors. Nothing is ever texted."""
    from service.cli import _commands
    from service.cli._listening import address, listen

    listening = listen(host, port)
    if tokens:
        os.environ[f"{PREFIX}TOKENS"] = ",".join(tokens)
    if mode:
        os.environ[f"{PREFIX}MODE"] = mode
    url = address(listening)
    if as_json:
        print_json({"url": url, "phone": f"{url}/", "requests": f"{url}/_emulator/requests"}, lines=True)
    else:
        click.echo(f"The emulator listens on {url}")
        click.echo(f"  phones: {url}/    what arrived: {url}/_emulator/requests")
    sys.stdout.flush()
    command = _commands.gunicorn(_commands.EMULATOR, fd=listening.detach(), workers=1, threads=threads)
    os.execv(command[0], command)  # noqa: S606 - it becomes gunicorn, so signals reach it as they are
