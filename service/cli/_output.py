"""How results look: JSON for programs, plain lines for people, tables and colours only on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from service.errors import Problem


def print_json(value: Any, *, lines: bool = False) -> None:
    """`value` as JSON in UTF-8, whatever the terminal's own encoding is; `lines`: on one line."""
    text = json.dumps(value, ensure_ascii=False, indent=None if lines else 2)
    sys.stdout.flush()
    click.echo(text.encode("utf-8", "surrogatepass"))


def print_table(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> None:
    """Rows in columns: drawn by rich on a terminal, separated by tabs (and without a head) in a pipe."""
    made = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not made:
        click.echo(empty, err=True)
    elif sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*heads, box=None, header_style="bold", pad_edge=False)
        for row in made:
            table.add_row(*(Text(visible(cell)) for cell in row))
        Console().print(table)
    else:
        for row in made:
            click.echo("\t".join(visible(cell) for cell in row))


def visible(text: str) -> str:
    """`text` on one line, with control characters shown and not obeyed.

    >>> visible("a\\x1b[2J\\nb")
    'a\\\\x1b[2J\\\\nb'
    """
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def place(problem: Problem) -> str:
    """Where a problem is, such as `people line 3, column 7` or `/body`; empty when nowhere in particular."""
    found = []
    if problem.line is not None:
        column = f", column {problem.column}" if problem.column is not None else ""
        found.append(f"{problem.template + ' ' if problem.template else ''}line {problem.line}{column}")
    if problem.pointer:
        found.append(problem.pointer)
    return ", ".join(found)


def say_problems(problems: Iterable[Problem], *, colour: str = "red", word: str = "") -> None:
    """Problems (or warnings) for people, on standard error: where, what, and what to do below."""
    for each in problems:
        where = f"{place(each)}: " if place(each) else ""
        mark = click.style(word, fg=colour) + " " if word else ""
        click.echo(f"  {mark}{visible(where + each.detail)} [{each.code}]", err=True)
        if each.hint:
            click.echo(f"      {visible(each.hint)}", err=True)
