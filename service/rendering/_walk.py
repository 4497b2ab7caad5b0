"""Jinja walks over a tree by asking each node for each field by name, some eight times for each node that it compiles, and
that is a third of the time a template takes to compile. This walk reads the fields where they are kept: the same children
in the same order.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from jinja2 import nodes

slow = nodes.Node.iter_child_nodes


def children(
    node: nodes.Node, exclude: Container[str] | None = None, only: Container[str] | None = None
) -> Iterable[nodes.Node]:
    """What `Node.iter_child_nodes` yields."""
    if exclude is not None or only is not None:
        return slow(node, exclude, only)
    found: list[nodes.Node] = []
    values = node.__dict__
    for name in node.fields:
        value = values.get(name)
        if value.__class__ is list:
            found += [each for each in value if isinstance(each, nodes.Node)]
        elif isinstance(value, nodes.Node):
            found.append(value)
    return found


def install() -> None:
    """From now on Jinja walks so, in this process."""
    nodes.Node.iter_child_nodes = children  # type: ignore[assignment,method-assign]
