"""What every command has in common."""

import click
import pytest

from service import cli

WRITES = {"create", "revoke", "add", "push", "pull", "publish", "rollback", "replay", "cancel", "settle", "test"}


def found(group=cli.burgee, path="burgee"):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from found(command, f"{path} {name}")
        else:
            yield pytest.param(command, id=f"{path} {name}")


COMMANDS = list(found())


def options(command):
    return {option for each in command.params for option in each.opts}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_answers_programs_in_json(command):
    assert "--json" in options(command)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_writes_can_be_tried_first(command):
    assert ("--dry-run" in options(command)) or command.name not in WRITES


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_in_a_sentence_what_it_does(command):
    assert command.help
    assert command.help.partition("\n")[0].rstrip().endswith((".", ","))


def test_help_and_version_are_answered(burgee):
    assert "serve" in burgee("--help").out
    assert burgee("--version").out.startswith("burgee ")
    assert burgee("deliveries", "-h").status == 0


@pytest.mark.parametrize("arguments", [("nope",), ("keys", "nope"), ("--nope",)])
def test_what_it_does_not_know_is_wrong_usage(burgee, arguments):
    ran = burgee(*arguments)
    assert ran.status == 2
    assert "nope" in ran.err
