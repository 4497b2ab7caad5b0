"""The tree of a Zephyr template: frozen values that know where in the source they begin.

`at` is the offset of a node's first character. It does not take part in comparisons: two trees are equal when they mean the
same, wherever they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import TypeAlias

from service.errors import Problem


@dataclass(frozen=True, slots=True)
class Const:
    """A number, a text, `true`, `false` or `null`."""

    value: int | float | str | bool | None
    at: int = field(default=0, compare=False)

    def __eq__(self, other: object) -> bool:  # 1, 1.0 and true are three different things here
        return isinstance(other, Const) and (type(self.value), self.value) == (type(other.value), other.value)

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


@dataclass(frozen=True, slots=True)
class Name:
    """A variable."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    """`base.name`"""

    base: Expr
    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Item:
    """`base[key]`"""

    base: Expr
    key: Expr
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`: a function of the library, or a lambda."""

    function: Expr
    arguments: tuple[Expr, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`!operand` or `-operand`"""

    operator: str
    operand: Expr
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Chain:
    """`a + b - c`: operators of one strength, worked off from the left. There is one operand more than operators."""

    operands: tuple[Expr, ...]
    operators: tuple[str, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Ternary:
    """`a ? b : c ? d : e`: conditions with what each stands for, and what stands when none holds."""

    cases: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Elvis:
    """`a ?: b ?: c`: the first that is true, else the last."""

    operands: tuple[Expr, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Assign:
    """`target = value` inside an expression; its own value is null."""

    target: Target
    value: Expr
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Lambda:
    """`lambda a, b: body`"""

    names: tuple[str, ...]
    body: Expr
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b]`"""

    items: tuple[Expr, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """`{'key': value}`"""

    pairs: tuple[tuple[str, Expr], ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`[item for name in source if condition]`"""

    item: Expr
    name: str
    source: Expr
    condition: Expr | None
    at: int = field(default=0, compare=False)


Target: TypeAlias = Name | Field | Item
Expr: TypeAlias = (
    Const
    | Name
    | Field
    | Item
    | Call
    | Unary
    | Chain
    | Ternary
    | Elvis
    | Assign
    | Lambda
    | ListOf
    | ObjectOf
    | Comprehension
)


@dataclass(frozen=True, slots=True)
class Text:
    """What is printed as it stands."""

    text: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Comment:
    """`{* text *}`; prints nothing."""

    text: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Print:
    """`{value}`, or `{{value}}` when `double`, which means the same here."""

    value: Expr
    double: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Set:
    """`{target = value}` or `{a = b = value}`; prints nothing."""

    targets: tuple[Target, ...]
    value: Expr
    double: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class If:
    """`{if a}..{else if b}..{else}..{/if}`; `otherwise` is None without an `{else}`."""

    branches: tuple[tuple[Expr, Body], ...]
    otherwise: Body | None
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Foreach:
    """`{foreach source as value}` or `{foreach source as key, value}`"""

    source: Expr
    key: str | None
    value: str
    body: Body
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Case:
    """`{case value}..{/case}`"""

    value: Expr
    body: Body
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Switch:
    """`{switch subject}{case a}..{/case}{/switch}`: the first case that is equal."""

    subject: Expr
    cases: tuple[Case, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Select:
    """`{select}{case number}..{/case}{/select}`: the case with the highest number; a tie goes to the earlier."""

    cases: tuple[Case, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Break:
    """`{break}`"""

    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Continue:
    """`{continue}`"""

    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Include:
    """`{include 'snippet'}`"""

    name: str
    at: int = field(default=0, compare=False)


Node: TypeAlias = Text | Comment | Print | Set | If | Foreach | Switch | Select | Break | Continue | Include
Body: TypeAlias = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A whole template. `warnings` are what the parser had to read one of two ways."""

    body: Body
    warnings: tuple[Problem, ...] = field(default=(), compare=False)


def children(node: object) -> Iterator[object]:
    """The nodes directly below `node`, in the order in which they stand in the source."""
    for name in _PARTS[type(node)]:
        yield from _nodes(getattr(node, name))


def _nodes(value: object) -> Iterator[object]:
    if isinstance(value, tuple):
        for each in value:
            yield from _nodes(each)
    elif isinstance(value, NODES):
        yield value


def walk(node: object) -> Iterator[object]:
    """`node` and everything below it, parents first."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(reversed(list(children(each))))


def height(node: object) -> int:
    """How many levels the tree below `node` has, `node` included."""
    levels = 0
    level = [node]
    while level:
        levels += 1
        level = [below for each in level for below in children(each)]
    return levels


EXPRESSIONS = (Const, Name, Field, Item, Call, Unary, Chain, Ternary, Elvis, Assign, Lambda, ListOf, ObjectOf, Comprehension)
NODES = (*EXPRESSIONS, Text, Comment, Print, Set, If, Foreach, Case, Switch, Select, Break, Continue, Include, Template)
_PARTS: dict[type, tuple[str, ...]] = {
    kind: tuple(each.name for each in fields(kind) if each.name not in ("at", "warnings")) for kind in NODES
}
