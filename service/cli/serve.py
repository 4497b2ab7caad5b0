"""`burgee serve`: web and delivery workers in one process tree."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from service.cli._common import Call, as_json_option, finish
from service.cli._output import print_json

if TYPE_CHECKING:
    from service.cli._supervisor import Child
    from service.parts import Parts
    from service.settings import Settings

WORKERS_HELP = "Delivery workers; 0: none here."
METRICS = "PROMETHEUS_MULTIPROC_DIR"


@click.command
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 to be reached from other machines.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(min=1), help="Web processes.")
@click.option("--threads", default=16, show_default=True, type=click.IntRange(min=1), help="Threads a web process.")
@click.option("--worker-processes", default=1, show_default=True, type=click.IntRange(min=0), help=WORKERS_HELP)
@click.option("--server", type=click.Choice(["gunicorn", "granian"]), default="gunicorn", show_default=True)
@as_json_option
@click.pass_obj
def command(
    call: Call, host: str, port: int, workers: int, threads: int, worker_processes: int, server: str, as_json: bool
) -> None:
    """Take hooks and send messages: starts the web server and the delivery workers, and keeps them running.

    SIGTERM or Ctrl-C lets everything that has begun finish, then exits with status 0.
    """
    from service.cli._listening import address, listen
    from service.cli._supervisor import Supervisor

    _needed(server)
    with listen(host, port) as listening:
        parts = call.parts()
        _refuse_public_without_key(parts, host)
        invitation = parts.store.users.first_invitation()
        parts.store.close()
        url = address(listening)
        with _metrics_folder() as environment:
            web = _web(server, listening, workers, threads, environment)
            children = [web, *_delivery_workers(worker_processes, environment)]
            supervisor = Supervisor(children, grace_s=grace(parts.settings))
            status = supervisor.run(
                started=lambda: _say(url, parts.settings, invitation, as_json), before_stop=listening.close
            )
    finish(status)


def grace(settings: Settings) -> float:
    """How long everything may take to finish: requests under way here, and those at the vendor."""
    from service.cli._commands import GRACE_S

    return max(GRACE_S, settings.connect_timeout + settings.read_timeout) + 5


def _needed(server: str) -> None:
    from importlib.util import find_spec

    if find_spec(server) is None:
        raise click.UsageError(f"{server} is not installed. Run pip install 'burgee[{server}]'.")


def _refuse_public_without_key(parts: Parts, host: str) -> None:
    from service.cli._listening import is_loopback
    from service.errors import Misconfigured

    if not is_loopback(host) and not any(key.revoked_at is None for key in parts.store.keys.list()):
        raise Misconfigured(
            f"There is no key yet, so nobody could use the service on {host}.",
            hint="Run burgee keys create NAME first (it shows the key once), or bind to 127.0.0.1.",
        )


@contextlib.contextmanager
def _metrics_folder() -> Iterator[dict[str, str]]:
    """The children's environment, with a folder in which they count together."""
    with tempfile.TemporaryDirectory(prefix="burgee-metrics-", ignore_cleanup_errors=True) as folder:
        yield {METRICS: folder, **os.environ}


def _web(server: str, listening: socket.socket, workers: int, threads: int, environment: dict[str, str]) -> Child:
    from service.cli import _commands
    from service.cli._supervisor import Child

    fd = listening.fileno()
    if server == "gunicorn":
        command = _commands.gunicorn(_commands.WEB, fd=fd, workers=workers, threads=threads)
        return Child("the web server", command, environment, pass_fds=(fd,))
    host, port = listening.getsockname()[:2]
    listening.close()  # granian opens the port itself; until now we kept it from others
    return Child("the web server", _commands.granian(host=host, port=port, workers=workers, threads=threads), environment)


def _delivery_workers(count: int, environment: dict[str, str]) -> list[Child]:
    from service.cli import _commands
    from service.cli._supervisor import Child

    return [Child(f"delivery worker {number}", _commands.burgee("worker"), environment) for number in range(1, count + 1)]


def _say(url: str, settings: Settings, invitation: str | None, as_json: bool) -> None:
    public = settings.public_url.rstrip("/") or url
    hook = f"{public}/v1/hooks/TEMPLATE"
    if as_json:
        print_json({"url": url, "hook": hook, "docs": f"{url}/docs", "pid": os.getpid()}, lines=True)
        return
    click.echo(f"Burgee listens on {url}")
    click.echo(f"  hooks: POST {hook} with the header Authorization: Bearer KEY (burgee keys create NAME)")
    click.echo(f"  docs:  {url}/docs")
    if invitation is not None:
        click.echo(f"  studio: nobody has signed in yet; the first admin comes in by {public}/invitation/{invitation}")
