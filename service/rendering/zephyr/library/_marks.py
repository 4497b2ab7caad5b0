"""What a function of the library says about itself beside its signature and its docstring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from service.rendering.limits import Stop
from service.rendering.zephyr.values import Function, describe

F = TypeVar("F", bound=Callable[..., Any])


def undocumented(decision: str) -> Callable[[F], F]:
    """Marks a function of which the manual leaves something open; `decision` says what holds here. Using it is a warning."""

    def mark(function: F) -> F:
        function.undocumented = decision  # type: ignore[attr-defined]
        return function

    return mark


def silent(function: F) -> F:
    """Marks a function whose tag prints nothing."""
    function.silent = True  # type: ignore[attr-defined]
    return function


def changes(function: F) -> F:
    """Marks a function that changes a list or object in place."""
    function.changes = True  # type: ignore[attr-defined]
    return function


def apply(function: Any, name: str, *values: Any) -> Any:
    """Calls a lambda that was given to the function `name`."""
    if not isinstance(function, Function):
        raise Stop(
            "zephyr.lambda",
            f"{name}() needs a lambda, and got {describe(function)}.",
            f"Write {name}(items, lambda item: item.price > 500).",
        )
    if function.arity != len(values):
        raise Stop("zephyr.lambda", f"{name}() needs a lambda with {len(values)} names, and got one with {function.arity}.")
    return function.call(*values)


def listed(value: Any) -> list[Any]:
    """A value as a list: null is an empty one, an object gives its values, anything else is the only item."""
    if type(value) is list:
        return value
    if value is None:
        return []
    return list(value.values()) if type(value) is dict else [value]
