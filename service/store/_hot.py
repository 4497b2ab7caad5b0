"""Statements of the hot paths, handed to the driver itself: SQLAlchemy would add some 60 microseconds to each.

For statements that are constants of their modules, and for values and columns that need no conversion: integers, floats,
text, bytes and None. Every name in a statement is given a value.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Delete, Insert, Select, Update

Statement = Select[Any] | Insert | Update | Delete


class _Compiled(NamedTuple):
    """A statement's text, the values that it has of its own, the order of all values where they have no names, and the kind
    of its rows where it has any."""

    statement: Statement  # kept so that nothing else can get its identity
    text: str
    fixed: Mapping[str, Any]
    order: Sequence[str] | None
    row: Any


_compiled: dict[tuple[int, str], _Compiled] = {}  # by the statement's identity, and the database's kind


def rows(connection: Connection, statement: Statement, values: Mapping[str, Any]) -> list[Any]:
    """Run the statement. Answers its rows as named tuples, none where it is no SELECT."""
    _, text, fixed, order, row = _of(connection, statement)
    values = {**fixed, **values}
    cursor = connection.connection.cursor()
    try:
        cursor.execute(text, values if order is None else [values[name] for name in order])
        return [] if row is None else [*map(row._make, cursor.fetchall())]
    finally:
        cursor.close()


def many(connection: Connection, statement: Statement, each: Sequence[Mapping[str, Any]]) -> None:
    """Run the statement once for each of these values."""
    _, text, _, order, _ = _of(connection, statement)
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(text, each if order is None else [[values[name] for name in order] for values in each])
    finally:
        cursor.close()


def _of(connection: Connection, statement: Statement) -> _Compiled:
    name = (id(statement), connection.dialect.name)
    found = _compiled.get(name)
    if found is None:
        made: Any = statement.compile(dialect=connection.dialect)
        fixed = {name: value for name, value in made.params.items() if value is not None}  # such as an offset of 0
        columns = statement.selected_columns.keys() if isinstance(statement, Select) else ()
        row = namedtuple("row", columns) if columns else None
        found = _compiled[name] = _Compiled(statement, made.string, fixed, made.positiontup, row)
    return found
