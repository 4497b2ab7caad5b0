"""Whether to send at all."""

from __future__ import annotations

from typing import Any

from service.rendering.limits import Suppressed
from service.rendering.zephyr.library._marks import silent
from service.rendering.zephyr.values import text, true


@silent
def assert_(expr: Any, message: Any = None) -> None:
    """Nothing is sent unless `expr` is true; the message says why. An object as message becomes JSON.

    >>> assert_(1)
    """
    if not true(expr):
        raise Suppressed(text(message) or "The template's assert() did not hold.")


@silent
def cancel(expr: Any, message: Any = None) -> None:
    """Nothing is sent if `expr` is true; the message says why.

    >>> cancel(0)
    """
    if true(expr):
        raise Suppressed(text(message) or "The template's cancel() applied.")
