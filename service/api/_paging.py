"""Lists in pages: an opaque cursor in, `next` and a `Link` out."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from service.api._door import Headers, Parameter
from service.api._schemas import NUMBER, TEXT

DEFAULT_LIMIT = 50
MAX_LIMIT = 500

LIMIT = {**NUMBER, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
CURSOR = {**TEXT, "minLength": 1}
PARAMETERS = (
    Parameter("limit", LIMIT, f"How many at most, 1 to {MAX_LIMIT}."),
    Parameter("cursor", CURSOR, "Where to go on: `next` of the page before."),
)


def link_to_next(path: str, query: str, cursor: str | None) -> Headers:
    """The `Link` header to the next page of this call; none at the end.

    >>> link_to_next("/v1/deliveries", "status=failed&cursor=a", "b")
    (('Link', '</v1/deliveries?status=failed&cursor=b>; rel="next"'),)
    """
    if cursor is None:
        return ()
    kept = [(name, value) for name, value in parse_qsl(query) if name != "cursor"]
    return (("Link", f'<{path}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'),)
