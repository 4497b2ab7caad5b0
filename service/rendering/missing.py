"""Names: what a dotted path means (data first, nothing of Python), and what a value that is not there says for itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jinja2.runtime import LoopContext
from jinja2.utils import Namespace, missing

from service.errors import Problem
from service.registry import nearest
from service.rendering.limits import RUN, current

LOOP_NAMES = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0", "previtem", "nextitem"}
)


class Module:
    """An imported snippet: the names that it offers, and nothing else."""

    def __init__(self, name: str, exported: dict[str, Any]) -> None:
        self.__name__ = name
        self.__dict__.update(exported)


class Missing:
    """A value that is not there. It may be passed on and tested; to use it is a problem that names the path.

    Using it goes on with an empty value, so that one render tells of everything that is missing.
    """

    __slots__ = ("detail", "hint", "path")

    def __init__(self, hint: str | None = None, obj: Any = missing, name: Any = None, exc: Any = None) -> None:  # noqa: ARG002
        self.path = str(name) if name is not None else "value"
        self.detail = f"{hint[0].upper()}{hint[1:]}." if hint else None
        self.hint: str | None = None

    def report(self) -> None:
        """Says what is missing, and what the author can do."""
        run = current()
        detail, hint = self.detail, self.hint
        if detail is None:
            detail, hint = _not_in_context(self.path)
        run.report(
            Problem(
                "render.missing", detail, None, hint or f'Give a text for when it is missing: {self.path} | default("...").'
            )
        )

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

    def _compare(self, other: object) -> bool:
        self.report()
        return False

    __lt__ = __le__ = __gt__ = __ge__ = __ne__ = _compare

    def _number(self) -> int:
        self.report()
        return 0

    __neg__ = __pos__ = _number


def _not_in_context(path: str) -> tuple[str, str | None]:
    run = current()
    root = path.partition(".")[0].partition("[")[0]
    if root in ("loop", "caller", "super", "self", "varargs", "kwargs"):
        return f"`{root}` has no meaning here.", "`loop` exists inside a for loop, `caller` inside a macro."
    near = nearest(root, map(str, run.context))
    return f"`{path}` is missing: there is nothing named `{root}`.", _suggest(path, root, near)


def _suggest(path: str, name: str, near: str | None) -> str:
    default = f'a default: {path} | default("...")'
    return f"Did you mean `{near}`? Or give {default}." if near and near != name else f"Give {default}."


def _dotted(path: str, name: Any) -> str:
    if type(name) is int:
        return f"{path}[{name}]"
    return f"{path}.{name}" if isinstance(name, str) and name.isidentifier() else f"{path}[{str(name)[:40]!r}]"


def absent(path: str, name: Any, value: Any) -> Missing:
    """`name` is not in `value`, which was found at `path`."""
    full = _dotted(path, name)
    made = Missing(name=full)
    if isinstance(value, Missing):
        made.detail, made.hint = value.detail, value.hint
        return made
    made.hint = _suggest(full, "", None)
    if value is None:
        made.detail = f"`{full}` is missing: `{path}` is null."
    elif isinstance(value, dict):
        near = nearest(str(name), [key for key in value if type(key) is str][:1000])
        made.detail = f"`{full}` is missing."
        made.hint = _suggest(full, str(name), _dotted(path, near) if near else None)
    elif isinstance(value, (list, tuple)):
        made.detail = f"`{full}` is missing: `{path}` is a list of {len(value)}."
        if type(name) is not int:
            made.hint = f"Choose one item, such as {path}[0], or loop over them."
    elif isinstance(value, str):
        made.detail = f"`{full}` is missing: `{path}` is text."
        if type(name) is int:
            made.hint = f"For a character write {path}[:1] or {path} | first."
    elif isinstance(value, (bool, int, float)):
        made.detail = f"`{full}` is missing: `{path}` is a {'boolean' if isinstance(value, bool) else 'number'}."
    else:
        made.detail = f"`{full}` is missing."
    return made


def step_into(value: Any, name: Any, path: str) -> Any:
    """What `value.name` or `value[name]` means: a key of an object, an index of a list, one of the few names of our own things."""
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
        path = _dotted(path, name)
    return value


def look_bare(_: Any, value: Any, root: str, names: tuple[Any, ...]) -> Any:
    """The value at a path, missing or null as it may be: for `default` and for tests."""
    found = value
    for name in names:
        if type(found) is not dict or name not in found:
            return walk(value, root, names)
        found = found[name]
    return found


def look(_: Any, value: Any, root: str, names: tuple[Any, ...]) -> Any:
    """The value at a path; where it is missing or null, the text that the template's policy gives for it."""
    found = value
    for name in names:
        if type(found) is not dict or name not in found:
            found = walk(value, root, names)
            break
        found = found[name]
    if (found is None or type(found) is Missing) and (policy := RUN.get().missing):
        path = root
        for name in names:
            path = _dotted(path, name)
        return policy.get(path, found)
    return found


def look_at(_: Any, value: Any, name: Any, path: str) -> Any:
    """`value[name]` where the name is computed."""
    if type(value) is dict and type(name) is str and name in value:
        return value[name]
    if isinstance(name, Missing):
        name.report()
        return name
    return step_into(value, name, path)
