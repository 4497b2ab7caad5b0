"""Between a template and a filter: arguments are checked by the filter's annotations, work is charged, results bounded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_type_hints

from jinja2 import pass_context

from service.rendering.limits import (
    CONTAINERS,
    STEP_CHARACTERS,
    STEP_ITEMS,
    WALKABLE,
    Stop,
    check_items,
    check_number,
    check_text,
    current,
)
from service.rendering.missing import Missing, walk
from service.rendering.printing import describe, text_of

Size = Annotated[int, "size"]  # an argument that says how large something will be
Items = Annotated[list[Any], "items"]  # anything that can be walked through, as a list
Raw = Annotated[Any, "raw"]  # also what is missing

_LONGEST_FIELD = 200

FILTERS: Mapping[str, Callable[..., Any]] = {}
TESTS: Mapping[str, Callable[..., Any]] = {}


class _Absent(Exception):
    """An argument is missing; that has been reported."""

    def __init__(self, value: Missing) -> None:
        super().__init__()
        self.value = value


def guard_all(
    functions: Mapping[str, Callable[..., Any]], aliases: Mapping[str, str] | None = None
) -> dict[str, Callable[..., Any]]:
    made = {name: guard(name, each) for name, each in functions.items()}
    return made | {alias: made[name] for alias, name in (aliases or {}).items()}


def guard(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` as templates call it. It takes the context so that Jinja never computes it while compiling."""
    signature = inspect.signature(function)
    hints = get_type_hints(function, include_extras=True)
    kinds = [_KINDS.get(hints.get(each, Any), _value) for each in signature.parameters]
    by_name = dict(zip(signature.parameters, kinds))
    rest = next((by_name[each.name] for each in signature.parameters.values() if each.kind is each.VAR_POSITIONAL), _value)
    positional = [
        by_name[each.name]
        for each in signature.parameters.values()
        if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
    ]

    @pass_context
    def guarded(_: Any, /, *args: Any, **kwargs: Any) -> Any:
        run = current()
        try:
            given = [(positional[at] if at < len(positional) else rest)(each) for at, each in enumerate(args)]
            named = {key: by_name.get(key, _value)(each) for key, each in kwargs.items()} if kwargs else kwargs
        except _Absent as absent:
            return absent.value
        size = 0
        for each in given:
            size += _work(each)
        run.charge(1 + size)
        try:
            made = function(*given, **named)
        except TypeError as error:
            _explain_arguments(name, signature, given, named, error)
        except (ValueError, LookupError, OverflowError) as error:
            said = str(error.args[0]) if error.args and isinstance(error.args[0], str) and type(error) is ValueError else ""
            detail = said if said.endswith(".") else f"`{name}` can not work with this value."
            raise Stop("render.filter", detail, f"Look at what is given to `{name}`.") from None
        return _checked(made)

    guarded.__doc__ = function.__doc__
    guarded.__wrapped__ = function  # type: ignore[attr-defined]
    guarded.__name__ = name
    return guarded


def _checked(made: Any) -> Any:
    kind = type(made)
    if kind is str:
        check_text(len(made))
    elif kind is list:
        check_items(len(made))
    elif kind is int or kind is float:
        check_number(made)
    elif kind is tuple:
        return list(made)
    return made


def _work(value: Any) -> int:
    """Steps for a value that a filter works on: its characters, or its items and their characters."""
    if isinstance(value, str):
        return len(value) // STEP_CHARACTERS
    if not isinstance(value, CONTAINERS):
        return 0
    characters = 0 if isinstance(value, range) else sum(len(each) for each in value if type(each) is str)
    return len(value) // STEP_ITEMS + characters // STEP_CHARACTERS


def _explain_arguments(
    name: str, signature: inspect.Signature, given: list[Any], named: dict[str, Any], error: TypeError
) -> None:
    try:
        signature.bind(*given, **named)
    except TypeError:
        takes = ", ".join(str(each).partition(":")[0].partition("=")[0] for each in list(signature.parameters.values())[1:])
        raise Stop("render.arguments", f"`{name}` does not take these arguments.", f"It takes: {takes or 'none'}.") from None
    raise Stop(
        "render.type",
        f"`{name}` can not work with these values together.",
        "Numbers and text can not be sorted or added together.",
    ) from error


def _value(value: Any) -> Any:
    if isinstance(value, Missing):
        value.report()
        raise _Absent(value)
    return value


def _raw(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    return text_of(_value(value))


def _number(value: Any) -> Any:
    if not isinstance(_value(value), (int, float)):
        raise Stop(
            "render.type",
            f"A number is needed here, and the value is {describe(value)}.",
            "Turn text into a number with | int or | float.",
        )
    return check_number(value)


def _whole(value: Any) -> Any:
    if not isinstance(_number(value), int):
        raise Stop("render.type", "A whole number is needed here.", "Turn it into one with | int.")
    return value


def _size(value: Any) -> Any:
    if abs(_whole(value)) > current().limits.text:
        raise Stop("render.width", "A length, width or count is too large.", "Use a smaller one.")
    return value


def _boolean(value: Any) -> bool:
    return bool(_value(value))


def _items(value: Any) -> list[Any]:
    value = _value(value)
    if type(value) is list:
        return value
    if isinstance(value, WALKABLE):
        check_items(len(value))
        return list(value)
    raise Stop(
        "render.type", f"A list is needed here, and the value is {describe(value)}.", "Use it on a list such as cart.items."
    )


_KINDS: Mapping[Any, Callable[[Any], Any]] = {
    str: _text,
    float: _number,
    int: _whole,
    bool: _boolean,
    Size: _size,
    Items: _items,
    Raw: _raw,
}


def apply(name: str, value: Any, *args: Any, **kwargs: Any) -> Any:
    """The filter `name` on a value, as `value | name(...)`."""
    return _named(FILTERS, "filter", name)(None, value, *args, **kwargs)


def holds(name: str, value: Any, *args: Any) -> bool:
    """Whether `value is name(...)`."""
    return bool(_named(TESTS, "test", name)(None, value, *args))


def _named(family: Mapping[str, Callable[..., Any]], what: str, name: Any) -> Callable[..., Any]:
    if not isinstance(name, str) or name not in family:
        raise Stop(
            f"render.unknown_{what}",
            f"There is no {what} named `{str(name)[:40] if isinstance(name, str) else describe(name)}`.",
        )
    return family[name]


def attributes(items: list[Any], field: Any) -> list[Any]:
    """The value at a dotted path such as `"vars.color"` or `"images.0.url"` in each item, or Missing."""
    names = _steps(field)
    current().charge(len(items) * len(names) // STEP_ITEMS)
    return [walk(item, "item", names) for item in items]


def _steps(field: Any) -> tuple[Any, ...]:
    if type(field) is int:
        return (field,)
    if not isinstance(field, str) or len(field) > _LONGEST_FIELD:
        word = "a long text" if isinstance(field, str) else describe(field)
        raise Stop("render.type", f"The name of a field is a short text, not {word}.", 'Write map(attribute="title").')
    return tuple(int(step) if step.isascii() and step.isdigit() and len(step) < 6 else step for step in field.split("."))
