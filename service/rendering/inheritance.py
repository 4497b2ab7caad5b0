"""`extends` and `block`, resolved while compiling: one tree remains, in which every block stands where the base has it."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

_DEFINITIONS = (nodes.Assign, nodes.AssignBlock, nodes.Macro, nodes.Import, nodes.FromImport)
_MAX_PARENTS = 10
Refuse = Callable[[str, str, str | None, int], None]
Parent = Callable[[str], nodes.Template | None]


def resolve(tree: nodes.Template, parent: Parent, refuse: Refuse) -> nodes.Template:
    """`tree` without `extends` and `block`. `parent` gives the tree of a name; `refuse` takes what is wrong."""
    if tree.find(nodes.Block) is None and tree.find(nodes.Extends) is None:
        return tree
    blocks: dict[str, list[nodes.Block]] = {}
    before: list[nodes.Node] = []
    for _ in range(_MAX_PARENTS):
        _collect(tree, blocks, refuse)
        extends = next((node for node in tree.body if isinstance(node, nodes.Extends)), None)
        if extends is None:
            break
        before = [*_definitions(tree, refuse), *before]
        found = _find_parent(extends, parent, refuse)
        if found is None:
            return nodes.Template([], lineno=tree.lineno)
        tree = found
    else:
        refuse(
            "template.extends",
            f"More than {_MAX_PARENTS} templates extend each other.",
            "Look for one that extends itself.",
            tree.lineno,
        )
        return nodes.Template([], lineno=tree.lineno)
    for nested in tree.find_all(nodes.Extends):
        refuse(
            "template.extends",
            "{% extends %} stands inside another tag.",
            "Put it at the top of the template.",
            nested.lineno,
        )
    tree.body = [*before, *tree.body]
    _Inline(blocks, refuse).generic_visit(tree)
    return tree


def _collect(tree: nodes.Template, blocks: dict[str, list[nodes.Block]], refuse: Refuse) -> None:
    here: set[str] = set()
    for block in tree.find_all(nodes.Block):
        if block.name in here:
            refuse(
                "template.block",
                f"The block `{block.name}` is defined twice.",
                "Give one of them another name.",
                block.lineno,
            )
        here.add(block.name)
        blocks.setdefault(block.name, []).append(block)


def _definitions(tree: nodes.Template, refuse: Refuse) -> list[nodes.Node]:
    """What a template that extends another keeps beside its blocks."""
    kept: list[nodes.Node] = []
    for node in tree.body:
        if isinstance(node, _DEFINITIONS):
            kept.append(node)
        elif isinstance(node, nodes.Output):
            for child in node.nodes:
                if not isinstance(child, nodes.TemplateData) or child.data.strip():
                    refuse(
                        "template.extends",
                        "Text outside of the blocks is never printed.",
                        "Put it into a block of the base.",
                        child.lineno,
                    )
                    break
        elif not isinstance(node, (nodes.Block, nodes.Extends)):
            refuse("template.extends", "A tag outside of the blocks is never run.", "Put it into a block.", node.lineno)
    return kept


def _find_parent(extends: nodes.Extends, parent: Parent, refuse: Refuse) -> nodes.Template | None:
    name = extends.template
    if not isinstance(name, nodes.Const) or not isinstance(name.value, str):
        refuse("template.snippet_name", "The name of a base must be written out.", "Write it in quotes.", extends.lineno)
        return None
    found = parent(name.value)
    if found is None:
        refuse(
            "template.unknown_snippet",
            f"There is no snippet named `{name.value[:60]}`.",
            "Add the snippet first.",
            extends.lineno,
        )
    return found


class _Inline(NodeTransformer):
    """Puts the most derived body of each block in its place, and the body below it where `super()` is printed."""

    def __init__(self, blocks: dict[str, list[nodes.Block]], refuse: Refuse) -> None:
        self._blocks = blocks
        self._refuse = refuse
        self._stack: list[tuple[str, int]] = []
        self._used: set[tuple[str, int]] = set()

    def visit_Block(self, node: nodes.Block) -> list[nodes.Node]:  # noqa: N802
        return self._body(node.name, 0, node.lineno)

    def _body(self, name: str, level: int, at: int) -> list[nodes.Node]:
        if (name, level) in self._used:
            self._refuse(
                "template.block", f"The block `{name}` is printed twice.", "Use a macro to print something twice.", at
            )
            return []
        self._used.add((name, level))
        self._stack.append((name, level))
        made: list[nodes.Node] = []
        for child in self._blocks[name][level].body:
            made += self._super(child) if isinstance(child, nodes.Output) else self.visit_list(child)
        self._stack.pop()
        return made

    def _super(self, output: nodes.Output) -> list[nodes.Node]:
        """An output, cut where it prints `super()`."""
        made: list[nodes.Node] = []
        run: list[nodes.Expr] = []
        for child in output.nodes:
            if not (isinstance(child, nodes.Call) and isinstance(child.node, nodes.Name) and child.node.name == "super"):
                run.append(child)
                continue
            if run:
                made.append(nodes.Output(run, lineno=run[0].lineno))
                run = []
            name, level = self._stack[-1]
            if level + 1 >= len(self._blocks[name]):
                self._refuse(
                    "template.block", f"There is no block `{name}` below this one.", "Leave super() out.", child.lineno
                )
            else:
                made += self._body(name, level + 1, child.lineno)
        if run:
            made.append(nodes.Output(run, lineno=run[0].lineno))
        return made
