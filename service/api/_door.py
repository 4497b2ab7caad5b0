"""What a door is: one operation of the HTTP API as a value, with what it takes and answers declared beside its view.

The OpenAPI document, the check of queries and bodies, and the routes are all made from these declarations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from service.delivery.prepare import canonical
from service.model import Scope

if TYPE_CHECKING:
    from service.api._call import Call

Schema = Mapping[str, Any]
Headers = tuple[tuple[str, str], ...]

JSON = "application/json"
PROBLEM = "application/problem+json"
FORM = "application/x-www-form-urlencoded"


class Answer(NamedTuple):
    """An HTTP answer before it has met a server. `headers` come besides type, length and request id."""

    status: int
    body: bytes = b""
    headers: Headers = ()
    content_type: str | None = JSON


def json_answer(value: Any, status: int = 200, *, headers: Headers = ()) -> Answer:
    """`value` as a JSON answer."""
    return Answer(status, canonical(value), headers)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter in the query or a header. `schema` is checked for a query (a header's rules are its reader's)."""

    name: str
    schema: Schema
    description: str
    many: bool = False  # may be given more than once


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer that a door may give: what it means, its schema, examples and headers (name to description)."""

    description: str
    schema: Schema | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    example: Any = None
    content_type: str = JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One operation. `path` names its parts in braces, `scope` is what a key must be allowed (None: no key is asked for).

    `body` maps content types to schemas; JSON bodies are checked against the JSON one before the view runs, unless
    `free_body` says that the view reads the body itself. `errors` are the problem statuses beyond those that every door has.
    """

    method: str
    path: str
    view: Callable[[Call], Answer]
    summary: str
    description: str
    tag: str
    scope: Scope | None
    query: tuple[Parameter, ...] = ()
    headers: tuple[Parameter, ...] = ()
    path_schemas: Mapping[str, Schema] = field(default_factory=dict)
    body: Mapping[str, Schema] = field(default_factory=dict)
    body_example: Any = None
    body_required: bool = True
    free_body: bool = False
    replies: Mapping[int, Reply]
    errors: tuple[int, ...] = ()

    @property
    def operation_id(self) -> str:
        """The name of the operation in the OpenAPI document: that of its view."""
        return self.view.__name__


def door(method: str, path: str, **declared: Any) -> Callable[[Callable[[Call], Answer]], Door]:
    """Make a view a door. Its docstring gives summary (first line) and description, its module the tag."""

    def made(view: Callable[[Call], Answer]) -> Door:
        summary, _, description = (view.__doc__ or "").strip().partition("\n\n")
        return Door(
            method=method,
            path=path,
            view=view,
            summary=summary.rstrip("."),
            description=" ".join(description.split()),
            tag=view.__module__.rpartition(".")[2],
            **declared,
        )

    return made
