"""Names: what a dotted path means (data first, nothing of Python), and what a value that is not there says for itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from jinja2.runtime import LoopContext
from jinja2.utils import Namespace, missing

from service.errors import Problem
from service.registry import nearest
from service.rendering.limits import RUN, current

_NAMES_COMPARED = 200
_LONGEST_COMPARED = 60
LOOP_NAMES = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0", "previtem", "nextitem"}
)


_IMPORTED_ON = re.compile(r" \(imported on [^)]*\)")  # a line of Jinja's that is not one of ours


class Module:
    """An imported snippet: the names that it offers, and nothing else."""

    def __init__(self, name: str, exported: dict[str, Any]) -> None:
        self.__name__ = name
        self.__dict__.update(exported)


class Missing:
    """A value that is not there. It may be passed on and tested; to use it is a problem that names the path.

    Using it goes on with an empty value, so that one render tells of everything that is missing.
    """

    __slots__ = ("first", "path", "place", "said", "sought", "within")

    def __init__(self, hint: str | None = None, obj: Any = missing, name: Any = None, exc: Any = None) -> None:  # noqa: ARG002
        self.path = str(name) if name is not None else "value"
        self.first = self.path  # the first part of the path that is not there
        self.said = f"{hint[0].upper()}{_IMPORTED_ON.sub('', hint[1:])}." if hint else None
        self.within = obj  # where `sought` was looked for
        self.sought: Any = name
        self.place: int | None = None

    def report(self) -> None:
        """Says what is missing, and what the author can do."""
        detail, hint = (self.said, None) if self.said else _explain(self)
        hint = hint or f'Give a default: {self.path} | default("...").'
        current().report(Problem("render.missing", detail, None, hint), self.place)

    def __bool__(self) -> bool:
        self.report()
        return False

    def __len__(self) -> int:
        self.report()
        return 0

    def __iter__(self) -> Iterator[Any]:
        self.report()
        return iter(())

    def __contains__(self, _: object) -> bool:
        self.report()
        return False

    def __eq__(self, other: object) -> bool:
        self.report()
        return False

    def __hash__(self) -> int:
        self.report()
        return 0

    def __str__(self) -> str:
        self.report()
        return ""

    def _compare(self, _: object) -> bool:
        self.report()
        return False

    __lt__ = __le__ = __gt__ = __ge__ = __ne__ = _compare

    def _number(self) -> int:
        self.report()
        return 0

    __neg__ = __pos__ = _number


class Nothing(Missing):
    """What `personalize()` gives where it finds nothing. A template may ask about it, with `if`, `default`, `length` or a
    loop that has an `else`; to use it without is a problem, because the text would have a hole."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(name="personalize()")
        self.said = "personalize() finds nothing, and the template does not say what then."

    def report(self) -> None:
        current().report(Problem("render.nothing_found", self.said or "", None, _NOTHING_FOUND), self.place)

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0


_NOTHING_FOUND = (
    'Decide what then: {% if not items %}{{ suppress("nothing to recommend") }}{% endif %}, or items | default([]).'
)


def _explain(it: Missing) -> tuple[str, str | None]:
    """The sentence for what is missing, and a better hint than a default where there is one."""
    path, within = it.path, it.within
    if within is missing:
        return _not_in_context(path)
    parent = it.first[: -len(_step(it.sought))]
    kind = _KINDS.get(type(within))
    if isinstance(within, dict):
        near = _nearest(it.sought, within)
        because = f": there is no `{it.first}`" if it.first != path else ""
        return f"`{path}` is missing{because}.", _suggest(path, near and f"{parent}{_step(near)}{path[len(it.first) :]}")
    if isinstance(within, (list, tuple)):
        hint = None if type(it.sought) is int else f"Choose one item, such as {parent}[0], or loop over them."
        return f"`{path}` is missing: `{parent}` is a list of {len(within)}.", hint
    if isinstance(within, str) and type(it.sought) is int:
        return f"`{path}` is missing: `{parent}` is text.", f"For a character write {parent}[:1] or {parent} | first."
    return (f"`{path}` is missing: `{parent}` is {kind}." if kind else f"`{path}` is missing."), None


_KINDS: dict[type, str] = {type(None): "null", str: "text", bool: "a boolean", int: "a number", float: "a number"}


def _not_in_context(path: str) -> tuple[str, str | None]:
    root = path.partition(".")[0].partition("[")[0]
    if root in ("loop", "caller", "super", "varargs", "kwargs"):
        hint = "`loop` exists inside a for loop, `caller` in a macro that is used with {% call %}."
        return f"`{root}` has no meaning here.", hint
    near = _nearest(root, current().context)
    return f"`{path}` is missing: there is nothing named `{root}`.", _suggest(path, near and f"{near}{path[len(root) :]}")


def _nearest(name: Any, known: Iterable[Any]) -> str | None:
    """The nearest of the first names that are short enough to be compared quickly."""
    short = [each for each in islice(known, _NAMES_COMPARED) if type(each) is str and len(each) <= _LONGEST_COMPARED]
    return nearest(name, short) if type(name) is str and len(name) <= _LONGEST_COMPARED else None


def _suggest(path: str, near: str | None) -> str | None:
    return f'Did you mean `{near}`? Or give a default: {path} | default("...").' if near and near != path else None


def _step(name: Any) -> str:
    if type(name) is int:
        return f"[{name}]"
    return f".{name[:60]}" if isinstance(name, str) and name.isidentifier() else f"[{str(name)[:40]!r}]"


def absent(path: str, name: Any, value: Any) -> Missing:
    """`name` is not in `value`, which was found at `path`."""
    made = Missing(name=path + _step(name))
    if isinstance(value, Missing):
        made.said, made.first, made.within, made.sought = value.said, value.first, value.within, value.sought
    else:
        made.within, made.sought = value, name
    return made


def step_into(value: Any, name: Any, path: str) -> Any:
    """What `value.name` or `value[name]` means: a key of an object, an index of a list, a name of one of our own things."""
    kind = type(value)
    if kind is dict:
        if isinstance(name, (str, int, float)) and name in value:
            return value[name]
    elif kind is list or kind is tuple:
        if type(name) is int and -len(value) <= name < len(value):
            return value[name]
    elif kind is LoopContext:
        if name in LOOP_NAMES:
            return getattr(value, name)
    elif kind is Namespace:
        kept = value._Namespace__attrs
        if type(name) is str and name in kept:
            return kept[name]
        return absent(path, name, kept)
    elif kind is Module and type(name) is str and not name.startswith("_") and name in value.__dict__:
        return value.__dict__[name]
    return absent(path, name, value)


def walk(value: Any, root: str, names: tuple[Any, ...]) -> Any:
    """Follows `names` from `value`, one step at a time, and knows the path of what is missing."""
    path = root
    for name in names:
        value = step_into(value, name, path)
        path += _step(name)
    return value


def look_bare(_: Any, value: Any, root: str, names: tuple[Any, ...], place: int) -> Any:
    """The value at a path, missing or null as it may be: for `default` and for tests. `place` is that of the path."""
    found = value
    for name in names:
        if type(found) is not dict or name not in found:
            found = walk(value, root, names)
            break
        found = found[name]
    if type(found) is Missing and found.place is None:
        found.place = place
    return found


def look(_: Any, value: Any, root: str, names: tuple[Any, ...], place: int) -> Any:
    """The value at a path; where it is missing or null, the text that the template's policy gives for it."""
    found = value
    for name in names:
        if type(found) is not dict or name not in found:
            found = walk(value, root, names)
            break
        found = found[name]
    if found is None or type(found) is Missing:
        return _stand_in(found, root, names, place)
    return found


def _stand_in(found: Any, root: str, names: tuple[Any, ...], place: int) -> Any:
    if type(found) is Missing and found.place is None:
        found.place = place
    policy = RUN.get().missing
    if not policy:
        return found
    path = root
    for name in names:
        path += _step(name)
    return policy.get(path, found)


def look_at(_: Any, value: Any, name: Any, path: str, place: int) -> Any:
    """`value[name]` where the name is computed."""
    if type(value) is dict and type(name) is str and name in value:
        return value[name]
    if isinstance(name, Missing):
        name.report()
        return name
    found = step_into(value, name, path)
    if type(found) is Missing and found.place is None:
        found.place = place
    return found
