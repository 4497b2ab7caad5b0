"""`burgee worker`: sends what waits, and fetches the feeds that are due."""

from __future__ import annotations

import signal

import click

from service.cli._common import Call, as_json_option
from service.cli._output import print_json


@click.command
@as_json_option
@click.pass_obj
def command(call: Call, as_json: bool) -> None:
    """Send what waits and fetch the feeds that are due, until told to stop.

    Any number of workers may run, on any number of machines with PostgreSQL. SIGTERM or Ctrl-C lets the requests under way
    finish, then exits with status 0.
    """
    from service import telemetry
    from service.delivery.worker import Worker
    from service.sync.runner import Runner

    parts = call.parts()
    telemetry.configure(parts.settings.log_level)
    worker = Worker(parts.store, parts.actions, parts.settings)
    runner = Runner(parts.store, parts.settings, worker.id)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: worker.stop())
    if as_json:
        print_json({"worker": "started"}, lines=True)
    runner.start()
    worker.run()
    runner.stop()
    parts.store.close()
