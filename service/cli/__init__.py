"""The command `burgee`: one public module here is one command or group of commands, found by scanning.

Exit status: 0 ok, 1 failed, 2 wrong usage, 3 not valid. Results go to standard output, everything said to people to
standard error. `--json` works everywhere, `--dry-run` on every write.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from service import registry
from service.cli._common import Call
from service.cli._errors import guarded

if TYPE_CHECKING:
    from service.parts import Parts


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="burgee", message="%(prog)s %(version)s")
def burgee() -> None:
    """Webhook templating: a flow's call becomes one valid vendor message, delivered once.

    Exit status: 0 ok, 1 failed, 2 wrong usage, 3 not valid.
    """


for _name, _module in registry.members(sys.modules[__name__]):
    burgee.add_command(_module.command, _name)


def main(build: Callable[[], Parts], arguments: Sequence[str] | None = None) -> None:
    """Run the command line (default: the process's arguments) and exit. `build` makes the parts where they are needed."""
    sys.exit(guarded(lambda: burgee.main(arguments, "burgee", standalone_mode=False, obj=Call(build))))
