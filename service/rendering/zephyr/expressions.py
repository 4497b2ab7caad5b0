"""Makes a Python function of every expression: it takes the scope and gives the value.

Expressions do not become Jinja expressions, because Jinja has neither lambdas nor assignments inside of expressions. Their
functions are what the Jinja tree calls, so everything around them is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from service.errors import Problem
from service.rendering.limits import Stop, check_items
from service.rendering.zephyr.facts import NODES_PER_STEP
from service.rendering.zephyr.library import FUNCTIONS, Entry, instead_of
from service.rendering.zephyr.scope import Scope, put
from service.rendering.zephyr.syntax import (
    Assign,
    Call,
    Chain,
    Comprehension,
    Const,
    Elvis,
    Expr,
    Field,
    Item,
    Lambda,
    ListOf,
    Name,
    ObjectOf,
    Target,
    Ternary,
    Unary,
    height,
    walk,
)
from service.rendering.zephyr.values import OPERATORS, Function, describe, field, item, negative, true

Code: TypeAlias = Callable[[Scope], Any]
Note: TypeAlias = Callable[[Problem, int], None]  # takes a problem and its offset in the source

_ABSENT = object()


class Expressions:
    """Compiles the expressions of one source.

    `assigned` are the names that the template gives values to: they may hold lambdas. `unasked` are the calls of
    personalize() about whose result the template never asks. `refuse` and `warn` take what is wrong or doubtful; `base` is
    the place of the source's first character.
    """

    def __init__(self, assigned: frozenset[str], unasked: frozenset[Call], base: int, refuse: Note, warn: Note) -> None:
        self._assigned = assigned
        self._unasked = unasked
        self._base = base
        self._refuse = refuse
        self._warn = warn
        self._locals: tuple[str, ...] = ()  # names of the lambdas and comprehensions around

    def code(self, node: Expr) -> Code:
        """A function that gives the node's value."""
        made: Code = getattr(self, f"_{type(node).__name__.lower()}")(node)
        return made

    def bare(self, node: Expr) -> Code:
        """As `code`, but the text that the policy gives for a missing path does not stand in: the template itself asks."""
        path = _path(node)
        return self.code(node) if path is None else _look(*path, bare=True)

    def condition(self, node: Expr) -> Code:
        """A function that says whether the node's value is true."""
        code = self.bare(node)
        if _is_boolean(node):
            return code
        return lambda scope: true(code(scope))

    # -- values

    def _const(self, node: Const) -> Code:
        value = node.value
        return lambda _: value

    def _listof(self, node: ListOf) -> Code:
        codes = [self.code(each) for each in node.items]
        return lambda scope: [code(scope) for code in codes]

    def _objectof(self, node: ObjectOf) -> Code:
        codes = [(key, self.code(each)) for key, each in node.pairs]
        return lambda scope: {key: code(scope) for key, code in codes}

    def _name(self, node: Name) -> Code:
        return _look(node.name, ())

    def _field(self, node: Field) -> Code:
        path = _path(node)
        if path is not None:
            return _look(*path)
        base, name = self.code(node.base), node.name
        return lambda scope: field(base(scope), name)

    def _item(self, node: Item) -> Code:
        path = _path(node)
        if path is not None:
            return _look(*path)
        base, key = self.code(node.base), self.code(node.key)
        return lambda scope: item(base(scope), key(scope))

    # -- operators

    def _unary(self, node: Unary) -> Code:
        if node.operator == "!":
            condition = self.condition(node.operand)
            return lambda scope: not condition(scope)
        code = self.code(node.operand)
        return lambda scope: negative(code(scope))

    def _chain(self, node: Chain) -> Code:
        if node.operators[0] in ("&&", "||"):
            return self._logic(node)
        take = self._joined if node.operators[0] == "+" else self.code
        first, *rest = [take(each) for each in node.operands]
        work = [OPERATORS[each] for each in node.operators]
        if len(rest) == 1:
            (second,), (operator,) = rest, work
            return lambda scope: operator(first(scope), second(scope))
        steps = list(zip(work, rest))

        def chain(scope: Scope) -> Any:
            value = first(scope)
            for operator, code in steps:
                value = operator(value, code(scope))
            return value

        return chain

    def _joined(self, node: Expr) -> Code:
        """An operand of `+`. Data that are missing leave a hole in a text, which is a warning."""
        code, path = self.code(node), shown_path(node)
        if path is None or path.partition(".")[0].partition("[")[0] in {*self._assigned, *self._locals}:
            return code
        place = self._base + node.at

        def look(scope: Scope) -> Any:
            value = code(scope)
            if value is None:
                scope.warn_of_hole(path, place)
            return value

        return look

    def _logic(self, node: Chain) -> Code:
        conditions = [self.condition(each) for each in node.operands]
        if len(conditions) == 2:
            left, right = conditions
            if node.operators[0] == "&&":
                return lambda scope: left(scope) and right(scope)
            return lambda scope: left(scope) or right(scope)
        if node.operators[0] == "&&":
            return lambda scope: all(condition(scope) for condition in conditions)
        return lambda scope: any(condition(scope) for condition in conditions)

    def _ternary(self, node: Ternary) -> Code:
        cases = [(self.condition(condition), self.code(then)) for condition, then in node.cases]
        otherwise = self.code(node.otherwise)

        def choose(scope: Scope) -> Any:
            for condition, then in cases:
                if condition(scope):
                    return then(scope)
            return otherwise(scope)

        return choose

    def _elvis(self, node: Elvis) -> Code:
        first, last = [self.bare(each) for each in node.operands[:-1]], self.code(node.operands[-1])

        def choose(scope: Scope) -> Any:
            for code in first:
                value = code(scope)
                if true(value):
                    return value
            return last(scope)

        return choose

    # -- assignments

    def _assign(self, node: Assign) -> Code:
        store, code = self.store(node.target), self.code(node.value)
        return lambda scope: store(scope, code(scope))

    def store(self, target: Target) -> Callable[[Scope, Any], None]:
        """A function that gives the target a value."""
        if isinstance(target, Name):
            name = target.name
            return lambda scope, value: scope.__setitem__(name, value)
        base = self.code(target.base)
        key = self.code(target.key) if isinstance(target, Item) else self._const(Const(target.name))
        place = self._base + target.at

        def store(scope: Scope, value: Any) -> None:
            try:
                put(base(scope), key(scope), value)
            except Stop as stop:
                _place(stop, place)
                raise

        return store

    # -- calls

    def _call(self, node: Call) -> Code:
        codes = [self.code(each) for each in node.arguments]
        place = self._base + node.at
        if isinstance(node.function, Name):
            name = node.function.name
            entry = FUNCTIONS.get(name)
            if entry is not None:
                self._check(entry, node)
                known = self._library(entry, codes, place, node)
                return known if name not in self._assigned else self._either(name, known, codes, place)
            if name not in self._assigned and name not in self._locals:
                hint = instead_of(name, {**FUNCTIONS, **dict.fromkeys(self._assigned)})
                self._refuse(Problem("zephyr.unknown_function", f"There is no function {name[:40]}().", None, hint), node.at)
        function = self.code(node.function)
        return lambda scope: _apply(function(scope), [code(scope) for code in codes], scope, place)

    def _check(self, entry: Entry, node: Call) -> None:
        given = len(node.arguments)
        if given < entry.least or (entry.most is not None and given > entry.most):
            shown = f"{entry.name}({', '.join(entry.arguments)})"
            few = "more" if given < entry.least else "fewer"
            detail = f"{entry.name}() needs {few} arguments than {given}."
            self._refuse(Problem("zephyr.arguments", detail, None, f"It is {shown}."), node.at)
        if entry.undocumented and (entry.name != "first" or given > 1):
            detail = f"Sailthru's manual leaves something open here. In this service {entry.undocumented}."
            self._warn(Problem("zephyr.undocumented", detail, None, "Compare the result with Sailthru's preview."), node.at)

    def _library(self, entry: Entry, codes: Sequence[Code], place: int, node: Call) -> Code:
        function = entry.call
        if entry.name == "personalize":
            function = self._personalize(function, node)

        def call(scope: Scope) -> Any:
            values = [code(scope) for code in codes]
            scope.run.charge(_cost(values))
            try:
                return function(scope, *values) if scoped else function(*values)
            except Stop as stop:
                _place(stop, place)
                raise

        scoped = entry.scoped
        return call

    def _personalize(self, function: Callable[..., Any], node: Call) -> Callable[..., Any]:
        """An empty result is a decision of the template. Where it never asks about the result, it is a problem."""
        if node not in self._unasked:
            return function
        place = self._base + node.at

        def chosen(scope: Scope, data: Any) -> Any:
            found = function(scope, data)
            if not found:
                hint = "Decide what then: {assert(length(items), 'nothing to recommend')}, or {if length(items)}...{/if}."
                detail = "personalize() finds nothing, and the template does not say what then."
                scope.run.report(Problem("zephyr.nothing_found", detail, None, hint), place)
            return found

        return chosen

    def _either(self, name: str, known: Code, codes: Sequence[Code], place: int) -> Code:
        def call(scope: Scope) -> Any:
            mine = scope.get(name)
            if isinstance(mine, Function):
                return _apply(mine, [code(scope) for code in codes], scope, place)
            return known(scope)

        return call

    # -- lambdas and comprehensions

    def _lambda(self, node: Lambda) -> Code:
        outer, self._locals = self._locals, (*self._locals, *node.names)
        body = self.code(node.body)
        self._locals = outer
        names, frames, weight = node.names, height(node.body), _weight(node.body)

        def make(scope: Scope) -> Function:
            kept = {name: scope[name] for name in outer if name in scope and name not in names}

            def call(*values: Any) -> Any:
                scope.enter(frames)
                scope.run.charge(weight)
                before = _shadow(scope, {**kept, **dict(zip(names, values))})
                try:
                    return body(scope)
                finally:
                    _restore(scope, before)
                    scope.leave(frames)

            return Function(len(names), call)

        return make

    def _comprehension(self, node: Comprehension) -> Code:
        source = self.code(node.source)
        outer, self._locals = self._locals, (*self._locals, node.name)
        made_of = self.code(node.item)
        condition = self.condition(node.condition) if node.condition is not None else None
        self._locals = outer
        name, weight, place = node.name, 1 + _weight(node), self._base + node.at

        def gather(scope: Scope) -> list[Any]:
            before = _shadow(scope, {name: None})
            made: list[Any] = []
            try:
                for _, value in each(scope, source(scope), weight):
                    scope[name] = value
                    if condition is None or condition(scope):
                        made.append(made_of(scope))
                check_items(len(made))
            except Stop as stop:
                _place(stop, place)
                raise
            finally:
                _restore(scope, before)
            return made

        return gather


def each(scope: Scope, values: Any, weight: int) -> Iterator[tuple[Any, Any]]:
    """Position and item of a list, key and value of an object; `weight` is what each costs in steps.

    What is walked through must not grow or shrink meanwhile, as on Sailthru.
    """
    if type(values) is list:
        pairs: Any = enumerate(values)
    elif type(values) is dict:
        pairs = list(values.items())
    else:
        if values is not None:
            scope.warn("foreach", f"A loop over {describe(values)} has no rounds.", "Loop over a list or an object.")
        return
    size = len(values)
    scope.run.charge(size * weight)
    for pair in pairs:
        yield pair
        if len(values) != size:
            hint = "Gather the changes in another list."
            raise Stop("zephyr.changed", "A list or object is changed while a loop walks through it.", hint)


def _shadow(scope: Scope, values: dict[str, Any]) -> dict[str, Any]:
    before = {name: scope.get(name, _ABSENT) for name in values}
    scope.update(values)
    return before


def _restore(scope: Scope, before: dict[str, Any]) -> None:
    for name, value in before.items():
        if value is _ABSENT:
            scope.pop(name, None)
        else:
            scope[name] = value


def _apply(function: Any, values: list[Any], scope: Scope, place: int) -> Any:
    if not isinstance(function, Function):
        stop = Stop(
            "zephyr.lambda", f"{describe(function).capitalize()} is called like a function.", "Give the name a lambda first."
        )
        _place(stop, place)
        raise stop
    if function.arity != len(values):
        stop = Stop(
            "zephyr.lambda",
            f"A lambda with {function.arity} names is given {len(values)} values.",
            "Give as many values as names.",
        )
        _place(stop, place)
        raise stop
    scope.run.charge(_cost(values))
    return function.call(*values)


def _place(stop: Stop, place: int) -> None:
    if stop.place is None:
        stop.place = place


def _cost(values: Sequence[Any]) -> int:
    cost = 1
    for value in values:
        if type(value) is str:
            cost += len(value) >> 8
        elif type(value) is list or type(value) is dict:
            cost += len(value) >> 4
    return cost


def _weight(node: Expr) -> int:
    return sum(1 for _ in walk(node)) // NODES_PER_STEP


def _path(node: Expr) -> tuple[str, tuple[str | int, ...]] | None:
    """`a.b[0].c` as its first name and the steps from there; None for anything that is computed."""
    steps: list[str | int] = []
    while isinstance(node, (Field, Item)):
        if isinstance(node, Field):
            steps.append(node.name)
        elif isinstance(node.key, Const) and type(node.key.value) in (str, int):
            steps.append(node.key.value)  # type: ignore[arg-type]
        else:
            return None
        node = node.base
    return (node.name, tuple(reversed(steps))) if isinstance(node, Name) else None


def shown_path(node: Expr) -> str | None:
    """A path as an author writes it, such as `items[0].title`."""
    path = _path(node)
    if path is None:
        return None
    name, steps = path
    return name + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _look(name: str, steps: tuple[str | int, ...], *, bare: bool = False) -> Code:
    whole = name + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)

    def look(scope: Scope) -> Any:
        value = scope.get(name)
        for step in steps:
            if type(value) is dict and type(step) is str:
                value = value.get(step)
            elif value is None:
                break
            else:
                value = item(value, step)
        if value is None and scope.missing and not bare:
            return scope.missing.get(whole)
        return value

    return look


def _is_boolean(node: Expr) -> bool:
    """Whether a node's value is always true or false."""
    if isinstance(node, Chain):
        return node.operators[0] not in ("+", "-", "*", "/", "%")
    if isinstance(node, Unary):
        return node.operator == "!"
    return isinstance(node, Const) and isinstance(node.value, bool)
