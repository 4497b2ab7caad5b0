"""What can be known of a template without rendering it: which names it assigns, what it changes, what it asks about."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from service.rendering.zephyr.library import FUNCTIONS
from service.rendering.zephyr.syntax import (
    Assign,
    Body,
    Call,
    Chain,
    Comprehension,
    Const,
    Elvis,
    Expr,
    Field,
    Foreach,
    If,
    Include,
    Item,
    Lambda,
    Name,
    Set,
    Target,
    Ternary,
    Unary,
    children,
    walk,
)

NODES_PER_STEP = 64
_ASKING = frozenset({"assert", "cancel", "length", "filter", "contains"})


def everything(body: Body) -> Iterator[object]:
    """Every node of a template."""
    for node in body:
        yield from walk(node)


def root(node: Expr) -> str | None:
    """The variable that a path begins with."""
    while isinstance(node, (Field, Item)):
        node = node.base
    return node.name if isinstance(node, Name) else None


def called(node: object) -> str | None:
    """The name of the function that a node calls."""
    return node.function.name if isinstance(node, Call) and isinstance(node.function, Name) else None


def assigned(body: Body) -> frozenset[str]:
    """The names that the template gives values to."""
    found: set[str] = set()
    for node in everything(body):
        if isinstance(node, (Set, Assign)):
            targets: tuple[Target, ...] = node.targets if isinstance(node, Set) else (node.target,)
            found.update(each.name for each in targets if isinstance(each, Name))
        elif isinstance(node, Foreach):
            found.update(each for each in (node.key, node.value) if each is not None)
        elif isinstance(node, Comprehension):
            found.add(node.name)
        elif isinstance(node, Lambda):
            found.update(node.names)
        elif called(node) in ("set", "push") and isinstance(node, Call) and node.arguments:
            first = node.arguments[0]
            if isinstance(first, Const) and isinstance(first.value, str):
                found.add(first.value)
    return frozenset(found)


def changes_values(body: Body) -> bool:
    """Whether the template changes a list or an object in place, and so needs data of its own."""
    for node in everything(body):
        if isinstance(node, Set) and not all(isinstance(each, Name) for each in node.targets):
            return True
        if isinstance(node, Assign) and not isinstance(node.target, Name):
            return True
        entry = FUNCTIONS.get(called(node) or "")
        if entry is not None and entry.changes:
            return True
    return False


def cost(body: Body, included: Callable[[Include], Body]) -> int:
    """What one run through a body costs in steps: its nodes and those of its snippets, without the rounds of inner loops."""
    count, waiting = 0, list[object](body)
    while waiting:
        node = waiting.pop()
        count += 1
        if isinstance(node, Foreach):
            waiting.append(node.source)
        elif isinstance(node, Include):
            waiting += included(node)
        else:
            waiting += children(node)
    return 1 + count // NODES_PER_STEP


def silent(node: Expr) -> bool:
    """Whether a tag with this expression prints nothing, whatever the data hold."""
    if isinstance(node, Call):
        entry = FUNCTIONS.get(called(node) or "")
        return entry is not None and entry.silent
    if isinstance(node, Ternary):
        return all(silent(each) for each in (*(then for _, then in node.cases), node.otherwise))
    return isinstance(node, Assign) or (isinstance(node, Const) and node.value in (None, ""))


def unasked(body: Body) -> frozenset[Call]:
    """The calls of personalize() about whose result the template never asks: an empty one would leave a hole in the text.

    It asks when the result, or the variable it is given to, stands in a condition, before `?:`, or in a loop, or is given to
    length(), filter(), contains(), assert() or cancel().
    """
    names = asked_names(body)
    asked_calls: set[Call] = set()
    for node in everything(body):
        for question in _questions(node):
            asked_calls.update(each for each in walk(question) if isinstance(each, Call) and called(each) == "personalize")
    found: set[Call] = set()
    for node in everything(body):
        if isinstance(node, Call) and called(node) == "personalize":
            found.add(node)
    for node in everything(body):
        if isinstance(node, Set) and {root(each) for each in node.targets} & names:
            found -= {each for each in walk(node.value) if isinstance(each, Call)}
    return frozenset(found - asked_calls)


def asked_names(body: Body) -> frozenset[str]:
    """The first names of all that the template asks something about: conditions, `?:`, loops, assert() and the like."""
    return frozenset(
        each.name
        for node in everything(body)
        for question in _questions(node)
        for each in walk(question)
        if isinstance(each, Name)
    )


def _questions(node: object) -> Iterator[Expr]:
    if isinstance(node, If):
        yield from (condition for condition, _ in node.branches)
    elif isinstance(node, Foreach):
        yield node.source
    elif isinstance(node, Ternary):
        yield from (condition for condition, _ in node.cases)
    elif isinstance(node, Elvis):
        yield from node.operands[:-1]
    elif isinstance(node, Comprehension):
        yield node.source
    elif isinstance(node, Chain) and node.operators[0] in ("&&", "||"):
        yield from node.operands
    elif isinstance(node, Unary) and node.operator == "!":
        yield node.operand
    elif isinstance(node, Call) and called(node) in _ASKING:
        yield from node.arguments
