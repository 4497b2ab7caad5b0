"""Operators, slices, comparisons, methods and calls of a template: each checks its operands before it works."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2.runtime import LoopContext, Macro
from jinja2.utils import Namespace

from service.rendering.limits import (
    CONTAINERS,
    RUN,
    SCALARS,
    STEP_CHARACTERS,
    STEP_ITEMS,
    WALKABLE,
    Stop,
    Suppressed,
    check_items,
    check_number,
    check_text,
    refuse_number,
    weigh,
)
from service.rendering.missing import Missing, Nothing, step_into
from service.rendering.printing import describe, text_of
from service.rendering.services import recommend

_NUMERIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "**": operator.pow,
    "%": operator.mod,
}
BINARY = frozenset(_NUMERIC)


def binary(symbol: str, left: Any, right: Any) -> Any:
    """`left symbol right` within the limits."""
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return _compute(symbol, left, right)
    for operand in (left, right):
        if isinstance(operand, Missing):
            operand.report()
            return operand
    if symbol == "+" and isinstance(left, str) and isinstance(right, str):
        check_text(len(left) + len(right))
        return _worked(left + right)
    if symbol == "+" and isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        check_items(len(left) + len(right))
        return _worked([*left, *right])
    if symbol == "*" and type(right) is int and isinstance(left, (str, list, tuple)):
        return _repeat(left, right)
    if symbol == "*" and type(left) is int and isinstance(right, (str, list, tuple)):
        return _repeat(right, left)
    if symbol == "%" and isinstance(left, str):
        return printf(left, right)
    hint = (
        "Join text with ~, which takes numbers too." if symbol == "+" else "Turn text into a number with | int or | float."
    )
    raise Stop("render.type", f"`{symbol}` can not work with {describe(left)} and {describe(right)}.", hint)


def _compute(symbol: str, left: Any, right: Any) -> Any:
    check_number(left)
    check_number(right)
    if symbol in ("/", "//", "%") and not right:
        raise Stop("render.division", "A number is divided by zero.", "Ask first: {% if total %}...{% endif %}.")
    if symbol == "**":
        if (
            isinstance(left, int)
            and isinstance(right, int)
            and right > 0
            and int(left).bit_length() * right > 2 * RUN.get().limits.bits
        ):
            refuse_number()
        if right < 0 and not left:
            raise Stop("render.division", "A number is divided by zero.", "Ask first: {% if total %}...{% endif %}.")
    try:
        return check_number(_NUMERIC[symbol](left, right))
    except OverflowError:
        refuse_number()


def _repeat(value: Any, times: int) -> Any:
    size = len(value) * max(times, 0)
    if isinstance(value, str):
        if size > RUN.get().limits.text:
            raise Stop("render.text_too_long", "A text is repeated too often.", "Repeat it less often.")
        return _worked(value * times)
    check_items(size)
    return _worked(list(value) * times)


def _worked(value: Any) -> Any:
    RUN.get().charge(len(value) // (STEP_CHARACTERS if isinstance(value, str) else STEP_ITEMS))
    return value


_DIRECTIVE = re.compile(
    r"%(?:\((?P<key>[^()]*)\))?(?P<flags>[-+ #0]*)(?P<width>\*|[0-9]*)(?:\.(?P<precision>\*|[0-9]*))?(?P<kind>.|$)", re.S
)
_MAX_WIDTH = 200


def printf(template: str, values: Any) -> str:
    """`template % values`, with the directives %s %d %i %f %e %g %x %o and %%, and widths of up to 200.

    >>> printf("%.2f for %s", [3.5, "tea"])
    '3.50 for tea'
    """
    check_text(len(template))
    waiting = list(values) if isinstance(values, (list, tuple)) else [values]
    check_items(len(waiting))
    made: list[str] = []
    at = used = 0
    for match in _DIRECTIVE.finditer(template):
        made.append(template[at : match.start()])
        at = match.end()
        if match.group() == "%%":
            made.append("%")
            continue
        if (key := match.group("key")) is not None:
            value = step_into(values, key, "value")
        elif used < len(waiting):
            value = waiting[used]
            used += 1
        else:
            raise Stop("render.format", "A text with % places has more places than values.", "Give one value for each %s.")
        made.append(_directive(match, value))
        check_text(sum(map(len, made)))
    made.append(template[at:])
    if used < len(waiting) and not isinstance(values, dict):
        raise Stop("render.format", "A text with % places has fewer places than values.", "Write %% for a percent sign.")
    return "".join(made)


def _directive(match: re.Match[str], value: Any) -> str:
    width, precision, kind = match.group("width") or "0", match.group("precision") or "0", match.group("kind")
    if kind not in "sdifFeEgGxXo" or not kind:
        raise Stop(
            "render.format",
            "A % in a text is not followed by a kind that is offered.",
            "Write %% for a percent sign, or use %s, %d or %.2f.",
        )
    if (
        "*" in (width, precision)
        or len(width) > 4
        or len(precision) > 4
        or int(width) > _MAX_WIDTH
        or int(precision) > _MAX_WIDTH
    ):
        raise Stop("render.width", f"A width or precision is larger than {_MAX_WIDTH}.", "Use a smaller one, such as %.2f.")
    if isinstance(value, Missing):
        value.report()
        return ""
    if kind == "s":
        value = text_of(value)
        check_text(len(value))
    elif not isinstance(value, (int, float)):
        raise Stop("render.type", f"%{kind} needs a number, and the value is {describe(value)}.", "Use %s for text.")
    else:
        check_number(value)
        if kind in "xXo":
            value = int(value)
    directive = f"%{match.group('flags')}{match.group('width')}"
    if match.group("precision") is not None:
        directive += f".{match.group('precision')}"
    return (directive + kind) % (value,)


def compare(_: Any, value: Any) -> Any:
    """An operand of a comparison; how long it takes is bounded here."""
    if type(value) in SCALARS:
        return value
    if isinstance(value, Missing):
        value.report()
    elif isinstance(value, CONTAINERS):
        weigh(value)
    return value


def rounds(_: Any, values: Any, weight: int, otherwise: bool = False) -> Any:
    """What a loop walks through; all rounds are paid for before the first. `weight` is what one round costs;
    `otherwise`: the loop has an `else`."""
    if otherwise and isinstance(values, Nothing):
        return ()
    if isinstance(values, Missing):
        values.report()
        return ()
    if not isinstance(values, WALKABLE):
        word = describe(values)
        raise Stop("render.type", f"A loop can not walk through {word}.", "Loop over a list, or over object.items().")
    RUN.get().charge(len(values) * weight)
    return values


def work(_: Any, steps: int) -> None:
    """Charges for a large body that is about to run."""
    RUN.get().charge(steps)


def cut(_: Any, value: Any, start: Any, stop: Any, step: Any) -> Any:
    """`value[start:stop:step]` of a text or a list."""
    if isinstance(value, Missing):
        value.report()
        return value
    for each in (start, stop, step):
        if each is not None and type(each) is not int:
            raise Stop("render.type", f"A slice needs whole numbers, not {describe(each)}.", "Write items[:3].")
    if step == 0:
        raise Stop("render.type", "A slice can not have a step of 0.", "Write items[::2].")
    if isinstance(value, (str, list, tuple, range)):
        return _worked(value[start:stop:step])
    raise Stop("render.type", f"A slice needs a list or text, not {describe(value)}.", "Write items[:3].")


# -- methods and calls

_TEXT_METHODS = frozenset(
    {"upper", "lower", "title", "capitalize", "swapcase", "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines"}
    | {
        "startswith",
        "endswith",
        "find",
        "rfind",
        "count",
        "index",
        "removeprefix",
        "removesuffix",
        "partition",
        "rpartition",
    }
    | {"isdigit", "isalpha", "isalnum", "isspace", "isupper", "islower", "isnumeric", "casefold", "replace", "join", "zfill"}
)
_DICT_METHODS = frozenset({"items", "keys", "values", "get"})
_LIST_METHODS = frozenset({"index", "count"})
_LOOP_METHODS = frozenset({"cycle", "changed"})
_OFFERED: tuple[tuple[type | tuple[type, ...], frozenset[str]], ...] = (
    (str, _TEXT_METHODS),
    (dict, _DICT_METHODS),
    ((list, tuple), _LIST_METHODS),
    (LoopContext, _LOOP_METHODS),
)


def method(context: Any, value: Any, path: str, name: str, /, *args: Any, **kwargs: Any) -> Any:
    """`value.name(...)`: one of the methods offered for the value's type. An object's own key of that name wins."""
    kind = type(value)
    kwargs.pop("_loop_vars", None)
    kwargs.pop("_block_vars", None)
    if isinstance(value, Missing):
        value.report()
        return value
    if kind is dict and name not in value and name in _DICT_METHODS:
        return _dict_method(value, name, args, kwargs)
    if not (kind is dict and name in value):
        for types, names in _OFFERED:
            if isinstance(value, types) and name in names:
                return _call_method(value, name, args, kwargs)
    found = step_into(value, name, path)
    if not isinstance(found, Missing):
        return call(context, found, *args, **kwargs)
    hint = {
        "format": 'Join text with ~, or use the filter: "%.2f" | format(price).',
        "append": "Make a new list: {% set items = items + [item] %}.",
    }.get("format" if name in ("format", "format_map") else name, "Use a filter instead, such as name | title.")
    raise Stop("render.method", f"The method `{name}` is not offered for {describe(value)}.", hint)


def _dict_method(value: dict[Any, Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if name == "get" and args and not isinstance(args[0], (str, int, float)):
        raise Stop("render.type", f"A key is text, not {describe(args[0])}.", 'Write object.get("key", "otherwise").')
    RUN.get().charge(1)
    return _attempt(name, getattr(value, name), args, kwargs)


def _call_method(value: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    for each in (*args, *kwargs.values()):
        if isinstance(each, Missing):
            each.report()
            return each
    if isinstance(value, str):
        _check_text_method(value, name, args)
    else:
        weigh(value if isinstance(value, (list, tuple)) else list(args))
    made = _attempt(name, getattr(value, name), args, kwargs)
    if isinstance(made, tuple):
        made = list(made)
    if isinstance(made, (str, list)):
        (check_text if isinstance(made, str) else check_items)(len(made))
    return made


def _attempt(name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    try:
        return function(*args, **kwargs)
    except (TypeError, ValueError):
        hint = "Look at their number and kinds: text, number, list, object."
        raise Stop("render.arguments", f"`{name}` can not work with these values.", hint) from None


def _check_text_method(value: str, name: str, args: tuple[Any, ...]) -> None:
    RUN.get().charge(1 + len(value) // STEP_CHARACTERS)
    check_text(len(value))
    if name == "replace":
        check_text(bound_of_replace(value, *args))
    elif name == "zfill":
        check_text(args[0] if args and type(args[0]) is int else 0)
    elif name == "join" and args:
        weigh(args[0])
        parts = list(args[0]) if isinstance(args[0], CONTAINERS) else []
        check_text(len(value) * len(parts) + sum(len(each) for each in parts if isinstance(each, str)))


def bound_of_replace(value: str, old: Any = "", new: Any = "", *_: Any) -> int:
    """The most characters that `value.replace(old, new)` can have."""
    if not (isinstance(old, str) and isinstance(new, str)):
        raise Stop("render.type", "`replace` needs two texts.", 'Write text | replace("a", "b").')
    count = value.count(old) if old else len(value) + 1
    return len(value) + count * max(len(new) - len(old), 0)


def call(_: Any, target: Any, /, *args: Any, **kwargs: Any) -> Any:
    """`target(...)` for what may be called as a value: macros, `caller`, and `loop` in a recursive loop."""
    kwargs.pop("_loop_vars", None)
    kwargs.pop("_block_vars", None)
    if isinstance(target, Missing):
        target.report()
        return target
    if isinstance(target, LoopContext):
        args = tuple(rounds(None, each, 1) for each in args)
    elif not isinstance(target, Macro):
        raise Stop(
            "render.call",
            f"Only macros and functions can be called, and this is {describe(target)}.",
            "Remove the brackets behind it.",
        )
    elif "caller" in kwargs and not target.caller and not target.explicit_caller:
        detail = f"The macro `{target.name}` does not print caller(), so it can not be used with {{% call %}}."
        raise Stop("render.arguments", detail, "Print {{ caller() }} in the macro.")
    run = RUN.get()
    run.enter()
    try:
        text = target(*args, **kwargs)
    finally:
        run.leave()
    check_text(len(text))
    return text


# -- functions: names that mean something only with brackets behind them


def range_(*bounds: Any) -> range:
    """Whole numbers in order: range(3) is 0, 1, 2; range(1, 4) is 1, 2, 3. At most 1,000."""
    if not bounds or len(bounds) > 3 or any(type(each) is not int for each in bounds) or bounds[2:] == (0,):
        raise Stop("render.type", "`range` needs one to three whole numbers.", "Write range(3).")
    for each in bounds:
        check_number(each)
    made = range(*bounds)
    limit = RUN.get().limits.range
    if made[limit:]:
        raise Stop("render.range", f"A range is longer than {limit:,}.", "Use a smaller one.")
    return made


def namespace(*args: Any, **kwargs: Any) -> Namespace:
    """A place for values that a loop changes: {% set ns = namespace(total=0) %}, then {% set ns.total = ... %}."""
    for each in args:
        weigh(each)
    return Namespace(*args, **kwargs)


def dict_(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """An object: dict(name="Ana", points=3)."""
    for each in args:
        weigh(each)
    made = dict(*args, **kwargs)
    check_items(len(made))
    return made


def now() -> int:
    """The moment of this render in unix seconds: {{ now() | date("%d %B") }}."""
    moment = RUN.get().now
    return int(moment.timestamp()) if moment else 0


def suppress(reason: Any = "The template decided to send nothing.") -> None:
    """Ends the render: nothing is sent, and the log shows the reason."""
    raise Suppressed(text_of(reason)[:500])


def personalize(ask: Any) -> Any:
    """Content items for this person, the strongest first: personalize({"algorithm": "trending", "size": 3}). They come from
    the content library, or from a list named `content`: of the object, else of the context. Finding none is a problem unless
    the template asks: {% if not items %}{{ suppress("nothing to recommend") }}{% endif %}."""
    if isinstance(ask, Missing):
        return ask
    if type(ask) is not dict:
        detail = f"`personalize` needs an object, and got {describe(ask)}."
        raise Stop("render.arguments", detail, 'Write personalize({"algorithm": "trending", "size": 3}).')
    for each in ask.values():
        if isinstance(each, Missing):
            each.report()
    known = {name: value for name, value in ask.items() if not isinstance(value, Missing)}
    run = RUN.get()
    return recommend(run, known, run.context.get("content"), "render") or Nothing()


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "dict": dict_,
    "namespace": namespace,
    "now": now,
    "personalize": personalize,
    "range": range_,
    "suppress": suppress,
}


def function(_: Any, name: str, /, *args: Any, **kwargs: Any) -> Any:
    """A call of one of our own functions."""
    for each in (*args, *kwargs.values()):
        if isinstance(each, Missing) and name not in ("namespace", "dict"):
            each.report()
    RUN.get().charge(1)
    return _attempt(name, FUNCTIONS[name], args, kwargs)
