"""Turns whatever goes wrong into an exit status and words on standard error: what, where, what to do. No tracebacks."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from service.cli._common import FAILED, NOT_VALID, OK, USAGE
from service.cli._output import say_problems
from service.errors import BurgeeError, NotReadable, PayloadInvalid, TemplateInvalid, Unavailable

REPORT = "https://github.com/burgee/burgee/issues"
INTERRUPTED = 130
NOT_VALID_ERRORS = (TemplateInvalid, PayloadInvalid, NotReadable)


def guarded(run: Callable[[], Any]) -> int:
    """The exit status of `run`, which is a click command outside click's own error handling."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that cannot show a character gets its number
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = run()
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE if isinstance(error, click.UsageError) else FAILED
    except BurgeeError as error:
        return _said(error)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        click.echo(f"Error: {error.filename or 'The system'}: {error.strerror or error}.", err=True)
        return FAILED
    except Exception as error:
        return _unexpected(error)
    return status if isinstance(status, int) else OK


def _said(error: BurgeeError) -> int:
    inside = f" It said: {error.inside}." if isinstance(error, Unavailable) and error.inside else ""
    click.echo(f"Error: {error.detail}{inside}", err=True)
    say_problems([each for each in error.problems if each.detail != error.detail])
    hints = [error.hint, *(each.hint for each in error.problems if each.detail == error.detail)]
    for hint in hints:
        if hint:
            click.echo(f"  {hint}", err=True)
    return NOT_VALID if isinstance(error, NOT_VALID_ERRORS) else FAILED


def _unexpected(error: Exception) -> int:
    if os.environ.get("BURGEE_DEBUG"):
        import traceback

        traceback.print_exc()
    said = " ".join(str(error).split())[:300]
    click.echo(
        f"Error: something unexpected happened ({type(error).__name__}: {said}). Set BURGEE_DEBUG=1 to see where, "
        f"and report it at {REPORT}.",
        err=True,
    )
    return FAILED
