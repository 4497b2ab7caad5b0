"""What a page is: one address of the studio as a value, declared beside the view that answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.store.users import Role

if TYPE_CHECKING:
    from flask import Response

    from service.studio._visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One method at one path. `path` names its parts in braces; they are handed to the view.

    `role` is what a user must have at least; None: nobody need be signed in. `name` is what `url(name)` in a page finds.
    A page that lets a script make style sheets (as CodeMirror does) sets `styled_by_script` and hands `nonce` to it; one
    whose form has a feed in it sets `takes_feed`.
    """

    method: str
    path: str
    view: Callable[..., Response]
    role: Role | None
    styled_by_script: bool = False
    takes_feed: bool = False

    @property
    def name(self) -> str:
        return self.view.__name__

    def __call__(self, visit: Visit, **names: Any) -> Response:
        return self.view(visit, **names)


def page(
    method: str,
    path: str,
    *,
    role: Role | None = Role.VIEWER,
    styled_by_script: bool = False,
    takes_feed: bool = False,
) -> Callable[[Callable[..., Response]], Page]:
    """Make a view a page. The view takes a `Visit` and the parts of the path, and answers a response."""

    def made(view: Callable[..., Response]) -> Page:
        return Page(method=method, path=path, view=view, role=role, styled_by_script=styled_by_script, takes_feed=takes_feed)

    return made
