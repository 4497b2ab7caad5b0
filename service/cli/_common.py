"""What every command has: the parts on demand, `--json`, `--dry-run`, and reading a file or standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from service.errors import BurgeeError
    from service.parts import Parts
    from service.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

OK, FAILED, USAGE, NOT_VALID = 0, 1, 2, 3
BY = "the command line"  # how what was done here is signed in the audit log

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")


@dataclass(frozen=True, slots=True)
class Call:
    """One run of the command line. Nothing is imported or opened before a command asks for it."""

    build: Callable[[], Parts]

    def settings(self) -> Settings:
        """The settings of the environment, for commands that need no more."""
        from service.settings import Settings

        return Settings.from_environment()

    def parts(self) -> Parts:
        """All parts, with the database brought up to date (at the very first start: with the starter templates)."""
        from service.authoring.push import bootstrap

        parts = self.build()
        bootstrap(parts)
        return parts


def read_input(path: str, what: str) -> bytes:
    """The bytes of the file `path`, or of standard input for `-`. A file that cannot be read is wrong usage."""
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise click.UsageError(f"The {what} {path} cannot be read: {error.strerror or error}.") from None


def moment(text: str | None) -> datetime:
    """The time that `text` (ISO 8601; without a zone: UTC) names, or now."""
    if text is None:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        said = f"{text[:60]!r} is not a time. Write it such as 2026-01-31T09:00:00Z."
        raise click.UsageError(said) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def usage(error: BurgeeError) -> click.UsageError:
    """`error`, of something that the command line named, as wrong usage."""
    return click.UsageError(f"{error.detail} {error.hint}" if error.hint else error.detail)


def finish(status: int) -> None:
    """End the command with this exit status."""
    click.get_current_context().exit(status)


def plain(value: Any) -> Any:
    """`value` as JSON knows it: dataclasses' times become ISO text, enums text, sets lists, bytes the JSON they hold."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(plain(each) for each in value)
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value
