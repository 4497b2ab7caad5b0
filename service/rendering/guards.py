"""Rewrites expressions of a syntax tree so that each goes through our own lookup, operators, calls and filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from service.errors import Problem
from service.registry import nearest
from service.rendering.filters import FILTERS, TESTS
from service.rendering.operators import FUNCTIONS
from service.rendering.places import Places

RESERVED = frozenset({"loop", "self", "super", "caller", "varargs", "kwargs"})
_BARE_FILTERS = frozenset({"default", "d"})
_BARE_TESTS = frozenset({"defined", "undefined", "none", "empty"})
_NODES_PER_STEP = 64
_PROBLEMS_KEPT = 50
_LONGEST_COMPARED = 60
_NOT_VALUES = {
    "self": "Use a macro to print something twice.",
    "super": "Write {{ super() }} alone, directly inside a block.",
}
_NOT_OFFERED = {
    "safe": "Leave it out: there is no unescaped output.",
    "escape": "Leave it out: values are escaped by themselves.",
    "e": "Leave it out: values are escaped by themselves.",
    "forceescape": "Leave it out: values are escaped by themselves.",
    "attr": "Write a dot: value.name.",
    "xmlattr": "There is no HTML here.",
    "urlize": "Links in a text message are plain text.",
    "pprint": "Print the fields one by one.",
}


def inner(name: str, node: nodes.Expr | None, *args: nodes.Expr, at: int) -> nodes.Filter:
    """A call of one of our own functions; their names hold a blank, so that no author can write them."""
    return nodes.Filter(node, name, list(args), [], None, None, lineno=at)


def first_place(node: nodes.Node) -> int:
    """Where the author's words for `node` begin."""
    found, todo = [], [node]
    while todo:
        here = todo.pop()
        found.append(here.lineno)
        todo.extend(here.iter_child_nodes())
    return min(place for place in found if place is not None)  # Jinja gives operands no line


def const(value: Any, at: int) -> nodes.Const:
    return nodes.Const(value, lineno=at)


def weight(body: list[nodes.Node]) -> int:
    """What one run through a body costs in steps: its syntax nodes, without those of loops and macros inside."""
    count, todo = 0, list(body)
    while todo:
        node = todo.pop()
        count += 1
        if not isinstance(node, (nodes.For, nodes.Macro)):
            todo.extend(node.iter_child_nodes())
    return 1 + count // _NODES_PER_STEP


class Guards(NodeTransformer):
    """Rewrites one source. `problems` and `warnings` gather what is wrong, `uses` the snippets that it names."""

    def __init__(self, places: Places, snippets: Mapping[str, str], *, main: bool) -> None:
        self._places = places
        self._snippets = snippets
        self._main = main
        self._stored: set[str] = set()
        self._in_loop = False
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.uses: dict[str, int] = {}

    def rewrite(self, tree: nodes.Template) -> None:
        self._find_stored(tree)
        self.generic_visit(tree)

    def refuse(self, code: str, detail: str, hint: str | None, at: int) -> None:
        if len(self.problems) < _PROBLEMS_KEPT:
            self.problems.append(self._places.at(Problem(code, detail, None, hint), at))

    def _find_stored(self, tree: nodes.Template) -> None:
        names: list[str] = []
        for node in tree.find_all((nodes.Name, nodes.Macro, nodes.Import, nodes.FromImport)):
            if isinstance(node, nodes.Name):
                names = [node.name] if node.ctx != "load" else []
            elif isinstance(node, nodes.Macro):
                names = [node.name]
            elif isinstance(node, nodes.Import):
                names = [node.target]
            elif isinstance(node, nodes.FromImport):
                names = [each[1] if isinstance(each, tuple) else each for each in node.names]
            self._stored.update(names)
            for name in RESERVED.intersection(names):
                self.refuse(
                    "template.reserved", f"The name `{name}` has a meaning of its own.", "Use another name.", node.lineno
                )

    def _all(self, body: list[nodes.Node]) -> list[nodes.Node]:
        return [made for made in map(self.visit, body) if made is not None]

    # -- names

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802
        if node.ctx == "load" and node.name in _NOT_VALUES:
            self.refuse("template.not_offered", f"`{node.name}` is not offered here.", _NOT_VALUES[node.name], node.lineno)
        return node

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802
        return self._lookup(node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        return self._lookup(node)

    def _lookup(self, node: nodes.Expr, look: str = "look up") -> nodes.Expr:
        """`a.b[0].c` as one lookup of three names; a computed index or a slice ends the run of names."""
        at, names = node.lineno, []
        while (name := _literal_name(node)) is not None:
            names.append(name)
            node = node.node  # type: ignore[attr-defined]
        if names:
            start = node.lineno if isinstance(node, nodes.Name) else at
            base: nodes.Expr = self.visit(node)
            return inner(
                look, base, const(self.path(node), at), const(tuple(reversed(names)), at), const(start, at), at=start
            )
        assert isinstance(node, nodes.Getitem)
        value = self.visit(node.node)
        if isinstance(node.arg, nodes.Slice):
            parts = [
                self.visit(each) if each else const(None, at) for each in (node.arg.start, node.arg.stop, node.arg.step)
            ]
            return inner("cut out", value, *parts, at=at)
        return inner("look at", value, self.visit(node.arg), const(self.path(node), at), const(at, at), at=at)

    def path(self, node: nodes.Node) -> str:
        """An expression in the author's words, for messages."""
        names: list[str] = []
        while isinstance(node, (nodes.Getattr, nodes.Getitem)):
            name = _literal_name(node)
            if isinstance(node, nodes.Getattr):
                names.append(f".{node.attr}")
            elif name is None:
                names.append("[...]")
            else:
                names.append(f"[{name}]" if isinstance(name, int) else f".{name}")
            node = node.node
        root = node.name if isinstance(node, nodes.Name) else "value"
        return root + "".join(reversed(names))

    def operand(self, node: nodes.Expr, *, bare: bool = False) -> nodes.Expr:
        """An expression whose value is used as it stands: its missing text applies, unless it is `bare`."""
        look = "look up bare" if bare else "look up"
        if isinstance(node, nodes.Name) and node.ctx == "load":
            self.visit(node)
            at = node.lineno
            return inner(look, node, const(node.name, at), const((), at), const(at, at), at=at)
        if _literal_name(node) is not None:
            return self._lookup(node, look)
        visited: nodes.Expr = self.visit(node)
        return visited

    # -- operators

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        first, *rest = [self.operand(each) for each in node.nodes]
        return inner("join texts", first, *rest, at=node.lineno)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        node.expr = self._compared(node.expr)
        for each in node.ops:
            each.expr = self._compared(each.expr)
        return node

    def _compared(self, node: nodes.Expr) -> nodes.Expr:
        if isinstance(node, nodes.Const):
            return node
        return inner("compare with", self.operand(node), at=node.lineno)

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:  # noqa: N802
        node.test = self.visit(node.test)
        node.expr1 = self.operand(node.expr1)
        node.expr2 = (
            nodes.EnvironmentAttribute("nothing", lineno=node.lineno) if node.expr2 is None else self.operand(node.expr2)
        )
        return node

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return nodes.List(node.items, lineno=node.lineno) if node.ctx == "load" else node

    # -- calls, filters, tests

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802
        at = node.lineno
        self._arguments(node)
        if isinstance(node.node, nodes.Getattr):
            callee = node.node
            value = self.visit(callee.node)
            args = [const(self.path(callee.node), at), const(callee.attr, at), *node.args]
            return nodes.Filter(value, "call method", args, node.kwargs, node.dyn_args, node.dyn_kwargs, lineno=at)
        if isinstance(node.node, nodes.Name) and node.node.name not in self._stored:
            name = node.node.name
            if name in FUNCTIONS:
                args = node.args
                return nodes.Filter(
                    const(name, at), "call function", args, node.kwargs, node.dyn_args, node.dyn_kwargs, lineno=at
                )
            if self._main and name not in RESERVED:
                self._unknown("function", name, [*FUNCTIONS, *self._stored], node.node.lineno)
        node.node = self.visit(node.node)
        return node

    def _arguments(self, node: nodes.Call | nodes.Filter | nodes.Test) -> None:
        for each in (*node.args, *(pair.value for pair in node.kwargs)):
            if isinstance(each, nodes.Call) and isinstance(each.node, nodes.Name) and each.node.name == "suppress":
                hint = 'Write {% if phone is not defined %}{{ suppress("no phone number") }}{% endif %}.'
                self.refuse("template.suppress", "Here `suppress` would stop every send.", hint, each.lineno)
        node.args = [self.operand(each) for each in node.args]
        keys: set[Any] = set()
        for pair in node.kwargs:
            if pair.key in keys:
                detail = f"The argument `{pair.key}` is given twice."
                self.refuse("template.syntax", detail, "Remove one of them.", pair.lineno)
            keys.add(pair.key)
            pair.value = self.operand(pair.value)
        node.dyn_args = self.visit(node.dyn_args) if node.dyn_args else None
        node.dyn_kwargs = self.visit(node.dyn_kwargs) if node.dyn_kwargs else None

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802
        chain: list[nodes.Filter] = []
        here: nodes.Expr | None = node
        while isinstance(here, nodes.Filter):
            chain.append(here)
            here = here.node
        if here is not None:
            chain[-1].node = self.operand(here, bare=chain[-1].name in _BARE_FILTERS)
        else:
            chain[-1].node = inner("end capture", None, at=node.lineno)
        for each in chain:
            if each.name not in FILTERS:
                self._unknown("filter", each.name, FILTERS, each.lineno)
            self._arguments(each)
        return node

    def visit_Test(self, node: nodes.Test) -> nodes.Node:  # noqa: N802
        if node.name not in TESTS:
            self._unknown("test", node.name, TESTS, node.lineno)
        node.node = self.operand(node.node, bare=node.name in _BARE_TESTS)
        self._arguments(node)
        return node

    def _unknown(self, what: str, name: str, known: Any, at: int) -> None:
        if len(self.problems) >= _PROBLEMS_KEPT:
            return
        near = nearest(name[:_LONGEST_COMPARED], known)
        hint = f"Did you mean `{near}`?" if near else None
        if what == "filter" and name in _NOT_OFFERED:
            hint = _NOT_OFFERED[name]
        elif what == "function" and name in FILTERS:
            hint = f"It is a filter: write value | {name}."
        self.refuse(f"template.unknown_{what}", f"There is no {what} named `{name[:40]}`.", hint, at)

    # -- statements

    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # noqa: N802
        node.nodes = [each if isinstance(each, nodes.TemplateData) else self.operand(each) for each in node.nodes]
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        cost = weight(node.body)
        outer, self._in_loop = self._in_loop, True
        self.generic_visit(node)
        self._in_loop = outer
        values: Any = node.iter
        node.iter = inner(
            "loop over", values, const(cost, node.lineno), const(bool(node.else_), node.lineno), at=node.iter.lineno
        )
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802
        self._check_parameters(node)
        cost = weight(node.body) - 1
        outer, self._in_loop = self._in_loop, False
        self.generic_visit(node)
        self._in_loop = outer
        if cost:
            charge = inner("charge for", const(cost, node.lineno), at=node.lineno)
            node.body.insert(0, nodes.ExprStmt(charge, lineno=node.lineno))
        return node

    def _check_parameters(self, node: nodes.Macro | nodes.CallBlock) -> None:
        names = [each.name for each in node.args]
        for name in names:
            if names.count(name) > 1:
                self.refuse("template.syntax", f"The parameter `{name}` is there twice.", "Remove one of them.", node.lineno)
                return

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:  # noqa: N802
        call = node.call
        self._check_parameters(node)
        self._arguments(call)
        call.node = self.visit(call.node)
        node.defaults = [self.visit(each) for each in node.defaults]
        node.body = self._all(node.body)
        return node

    def visit_AssignBlock(self, node: nodes.AssignBlock) -> nodes.Node:  # noqa: N802
        if node.filter is not None:
            node.filter = self.visit(node.filter)
        else:
            node.filter = inner("end capture", None, at=node.lineno)
        node.body = self._all(node.body)
        return node

    def visit_Assign(self, node: nodes.Assign) -> nodes.Node:  # noqa: N802
        node.node = self.visit(node.node)
        return node

    def visit_ScopedEvalContextModifier(self, node: nodes.ScopedEvalContextModifier) -> nodes.Node:  # noqa: N802
        self.refuse(
            "template.not_offered",
            "The tag {% autoescape %} is not offered.",
            "Leave it out: values are always escaped.",
            node.lineno,
        )
        return node

    # -- snippets

    def visit_Include(self, node: nodes.Include) -> nodes.Node | None:  # noqa: N802
        name = self._snippet(node.template, optional=node.ignore_missing)
        if name is None:
            return None
        reference: nodes.Expr = const(None, node.lineno)
        if node.with_context:
            reference = nodes.DerivedContextReference(lineno=node.lineno)
        extra: list[nodes.Expr] = (
            [nodes.Name("loop", "load", lineno=node.lineno)] if self._in_loop and node.with_context else []
        )
        written = inner("include snippet", const(name, node.lineno), reference, *extra, at=node.lineno)
        return nodes.Output([written], lineno=node.lineno)

    def visit_Import(self, node: nodes.Import) -> nodes.Node:  # noqa: N802
        node.template = const(self._snippet(node.template) or "", node.lineno)
        return node

    def visit_FromImport(self, node: nodes.FromImport) -> nodes.Node:  # noqa: N802
        node.template = const(self._snippet(node.template) or "", node.lineno)
        return node

    def _snippet(self, node: nodes.Expr, *, optional: bool = False) -> str | None:
        """The snippet that is meant: of several names the first that exists."""
        many = node.items if isinstance(node, (nodes.List, nodes.Tuple)) else [node]
        names = [each.value for each in many if isinstance(each, nodes.Const) and isinstance(each.value, str)]
        if not many or len(names) != len(many):
            hint = 'Write the name in quotes, or a list of names: {% include ["footer-gold", "footer"] %}.'
            self.refuse("template.snippet_name", "The name of a snippet must be written out.", hint, node.lineno)
            return None
        for name in names:
            if name in self._snippets:
                self.uses.setdefault(name, node.lineno)
                return name
        if not optional:
            near = nearest(names[0][:_LONGEST_COMPARED], self._snippets)
            hint = f"Did you mean `{near}`?" if near else "Add the snippet first."
            self.refuse("template.unknown_snippet", f"There is no snippet named `{names[0][:60]}`.", hint, node.lineno)
        return None


def _literal_name(node: nodes.Node) -> str | int | None:
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and type(node.arg.value) in (str, int):
        value: str | int = node.arg.value
        return value
    return None
