"""The studio: web pages at `/` for marketers and the engineer beside them. One public module is one page (or a few that
belong together); a leading underscore is shared plumbing. Nothing here needs JavaScript, up to live refresh.

To add a page: one module with views made by `page(...)` (see `_page`), one file in `pages/` that extends `_layout.html` and
uses the macros of `_components.html`, and, if it belongs into the navigation, one line in `_layout.NAVIGATION`.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, request

from service import registry
from service.studio._door import StudioDoor
from service.studio._page import Page

if TYPE_CHECKING:
    from service.parts import Parts

STATIC = "/studio/static"


def pages() -> list[Page]:
    """Every page of every module."""
    return [
        each
        for _, module in registry.members(sys.modules[__name__])
        for each in vars(module).values()
        if isinstance(each, Page)
    ]


def register(app: Flask, parts: Parts) -> None:
    """Put every page on a Flask app. Opens nothing."""
    blueprint = Blueprint("studio", __name__, static_folder="static", static_url_path=STATIC)
    door = StudioDoor(parts)
    for each in pages():
        blueprint.add_url_rule(
            re.sub(r"{(\w+)}", r"<\1>", each.path),
            endpoint=each.name,
            view_func=door.view(each),
            methods=[each.method],
            provide_automatic_options=False,
        )
    blueprint.after_request(_may_be_kept)
    app.register_blueprint(blueprint)
    app.after_request(door.nothing_here)


def _may_be_kept(response: Response) -> Response:
    """Static files are named with a digest of their content, so that browsers may keep them for good."""
    if request.endpoint == "studio.static" and response.status_code == 200:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["X-Content-Type-Options"] = "nosniff"
    return response
