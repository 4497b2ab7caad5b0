"""`burgee demo`: everything at work on this machine, with a pretend Attentive."""

from __future__ import annotations

import os
import shlex
import socket
import threading
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from service.cli._common import FAILED, OK, Call, as_json_option, finish
from service.cli._output import print_json

if TYPE_CHECKING:
    from service.cli._demo import Place
    from service.cli._supervisor import Supervisor
    from service.parts import Parts

GRACE_S = 15


@click.command
@click.option("--once", is_flag=True, help="Stop when all is sent; status 0 only if every message really arrived.")
@as_json_option
@click.pass_obj
def command(call: Call, once: bool, as_json: bool) -> None:
    """Start the service and a pretend Attentive, send the samples of the starter templates as a flow would, and show all.

    Uses free ports of the loopback and a database of its own under var/demo, new each time. Leaves the service running until
    Ctrl-C, unless --once is given.
    """
    from service.cli import _demo
    from service.cli._listening import address
    from service.cli._supervisor import Supervisor

    var = call.settings().var
    with _demo.own_folder(var) as folder, _demo.ports() as (web, emulator):
        environment = _demo.environment(folder, emulator)
        _enter(environment)
        parts = call.parts()
        supervisor = Supervisor(_demo.children(folder, environment, web, emulator), grace_s=GRACE_S)
        place = _demo.Place(folder=folder, web=address(web), emulator=address(emulator))
        flow = _Flow(parts, place, supervisor, once, as_json)
        status = supervisor.run(started=flow.start, before_stop=lambda: _close(web, emulator))
        flow.join(GRACE_S)
        parts.store.close()
    finish(status or flow.status)


def _close(*listening: socket.socket) -> None:
    """Leave the ports to the servers alone, so that nobody waits for an answer of one that is gone."""
    for each in listening:
        each.close()


def _enter(environment: dict[str, str]) -> None:
    """Let this process see what its children see, and nothing else of the real service."""
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)


class _Flow(threading.Thread):
    """Talks to the service while the main thread keeps it running."""

    def __init__(self, parts: Parts, place: Place, supervisor: Supervisor, once: bool, as_json: bool) -> None:
        super().__init__(name="flow", daemon=True)
        self.parts = parts
        self.place = place
        self.supervisor = supervisor
        self.once = once
        self.as_json = as_json
        self.status = FAILED

    def run(self) -> None:
        try:
            self.status = self._talk()
        except Exception as error:  # whatever it is, the children must be stopped and the person told
            if not self.supervisor.stopping:
                said = " ".join(str(error).split())[:300]
                click.echo(f"Error: the demo failed: {said} Its logs are in {self.place.folder}.", err=True)
            self.supervisor.stop()
        else:
            if self.once:
                self.supervisor.stop()

    def _talk(self) -> int:
        from service.authoring import folder
        from service.cli._conversation import Conversation, show
        from service.model import Scope

        _, secret = self.parts.store.keys.create("demo-flow", (Scope.HOOKS, Scope.RENDER, Scope.READ))
        self.place = replace(self.place, key=secret)
        conversation = Conversation(self.place, self.parts.store)
        if not self.as_json:
            click.echo(f"Starting the service at {self.place.web} and a pretend Attentive at {self.place.emulator} ...")
        conversation.wait_until_ready()
        told = []
        for context, each in conversation.messages(folder.read(self.parts.settings.templates).templates):
            told.append(each)
            if not self.as_json:
                show(context, each)
        wrong = [each for each in told if not each.as_hoped]
        sent = sum(each.status == "accepted" for each in told)
        if self.as_json:
            shown = {"web": self.place.web, "emulator": self.place.emulator, "messages": [asdict(each) for each in told]}
            print_json({"ok": not wrong, **shown})
        else:
            click.echo()
            rest = f"{len(told) - sent - len(wrong)} rightly not sent, {len(wrong)} wrong"
            click.echo(click.style(f"{sent} messages arrived, {rest}.", fg="red" if wrong else "green", bold=True))
            if not self.once:
                self._where_to_look()
        return FAILED if wrong or not told else OK

    def _where_to_look(self) -> None:
        hook = f"{self.place.web}/v1/hooks/welcome"
        header = f"Authorization: Bearer {self.place.key}"
        sample = self.parts.settings.templates / "welcome" / "samples" / "ada.json"
        click.echo()
        click.echo("Paste into Lifecycle Optimizer (Send Webhook, method POST, content JSON):")
        click.echo(f"  URL     {hook}")
        click.echo(f"  header  {header}")
        click.echo(f"Or send one yourself:\n  curl -H {shlex.quote(header)} -d @{shlex.quote(str(sample))} {hook}")
        click.echo(f"Look at\n  the phones      {self.place.emulator}/\n  the HTTP API    {self.place.web}/docs")
        if (token := self.parts.store.users.first_invitation()) is not None:
            click.echo(f"  the studio      {self.place.web}/invitation/{token}")
        click.echo(f"  the log         BURGEE_VAR={shlex.quote(str(self.place.folder))} burgee deliveries list")
        click.echo("Ctrl-C stops everything.")
