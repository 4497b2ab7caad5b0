"""Programs: a template compiled once, rendered many times, each time within its budget and with nothing kept in between."""

from __future__ import annotations

import re
import sys
import threading
from bisect import bisect_right
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from datetime import datetime
from types import FrameType
from typing import Any, TypeVar

from jinja2 import TemplateNotFound, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame, generate
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing as not_set

from service.errors import BurgeeError, NotReadable, Problem, TemplateInvalid, Unavailable
from service.rendering import document, missing, operators, printing
from service.rendering.escape import Contexts
from service.rendering.filters import FILTERS, TESTS
from service.rendering.guards import RESERVED, Guards
from service.rendering.inheritance import resolve
from service.rendering.limits import RUN, Limits, Run, Stop, Suppressed, too_long
from service.rendering.missing import Missing, Module
from service.rendering.places import Places
from service.rendering.services import Services
from service.rendering.syntax import Broken, parse

T = TypeVar("T")
_MAX_CODE = 2_000_000  # characters of Python that a source may become


class Code(CodeGenerator):
    """Jinja's code generator without its constant folding: nothing that an author wrote is computed while compiling."""

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802
        """Every piece on a line of its own, which is how a running template knows its place."""
        for child in node.nodes:
            self.start_write(frame, child)
            self.visit(child, frame)
            self.end_write(frame)

    def visit_Assign(self, node: nodes.Assign, frame: Frame) -> None:  # noqa: N802
        self.newline(node)  # the check that a namespace is one belongs to this place, too
        super().visit_Assign(node, frame)


@pass_context
def _include(context: Context, name: str, local: Context | None, _: Any = None) -> str:
    """The text of a snippet, which sees what its caller sees, loop variables too (`local` is None: only itself).

    A further argument is the caller's `loop`, named only so that Jinja makes it.
    """
    environment: Environment = context.environment  # type: ignore[assignment]
    run = RUN.get()
    run.enter()
    try:
        unit = environment.units[name]
        return _collect(unit, unit.context(local.get_all() if local is not None else {}), run)
    finally:
        run.leave()


def _collect(unit: Unit, context: Context, run: Run) -> str:
    """The text that a unit writes, counted piece by piece."""
    limit, size, kept = run.limits.text, 0, []
    stream = unit.root(context)
    for piece in stream:
        size += len(piece)
        if size > limit:
            stop = too_long(size, limit)
            stop.place = unit.place(_line(stream))
            raise stop
        kept.append(piece)
    return "".join(kept)


def _line(stream: Generator[str, None, None]) -> int:
    """The line of Python at which a unit has just written something."""
    frame: FrameType | None = stream.gi_frame  # type: ignore[attr-defined]
    return frame.f_lineno if frame else 0


_INTERNAL: Mapping[str, Callable[..., Any]] = {
    "look up": pass_context(missing.look),
    "look up bare": pass_context(missing.look_bare),
    "look at": pass_context(missing.look_at),
    "join texts": pass_context(printing.concat),
    "cut out": pass_context(operators.cut),
    "compare with": pass_context(operators.compare),
    "loop over": pass_context(operators.rounds),
    "charge for": pass_context(operators.work),
    "call method": pass_context(operators.method),
    "call function": pass_context(operators.function),
    "include snippet": _include,
    "end capture": pass_context(printing.captured),
    "literal text": pass_context(printing.literal),
    "print text": pass_context(printing.as_text),
    "print value": pass_context(printing.as_value),
    "print in string": pass_context(printing.in_string),
    "print rendered": pass_context(printing.rendered),
}


class Environment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, closed further: own lookups, operators and calls, no globals, no Python attributes, no folding."""

    code_generator_class = Code
    intercepted_binops = operators.BINARY
    nothing = printing.NOTHING

    def __init__(self) -> None:
        super().__init__(optimized=False, autoescape=False, extensions=(), loader=None, cache_size=0)
        self.undefined = Missing  # type: ignore[assignment]
        self.globals = {}
        self.filters = {**FILTERS, **_INTERNAL}
        self.tests = dict(TESTS)
        self.units: dict[str, Unit] = {}

    def getattr(self, obj: Any, attribute: str) -> Any:
        return missing.step_into(obj, attribute, "value")

    def getitem(self, obj: Any, argument: Any) -> Any:
        return missing.step_into(obj, argument, "value")

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ARG002
        return False

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        return operators.binary(operator, left, right)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        return operators.call(context, obj, *args, **kwargs)

    def get_template(self, name: Any, parent: Any = None, globals: Any = None) -> Any:  # noqa: ARG002
        unit = self.units.get(name)
        if unit is None:
            raise TemplateNotFound(str(name))
        return unit


class Unit:
    """One compiled source of a program. Jinja's code for `import` asks it for a module, and always gets a new one."""

    def __init__(self, environment: Environment, name: str, tree: nodes.Template, number: int) -> None:
        self.name = name
        self.filename = f"<template {number}>"
        code = generate(tree, environment, name, self.filename, optimized=False) or ""
        if len(code) > _MAX_CODE:
            raise Broken("template.too_long", "The template is too large.", "Move parts of it into snippets.", None)
        self._environment = environment
        namespace: dict[str, Any] = {"environment": environment}
        self.lines = _debug_info(code)
        try:
            exec(compile(code, self.filename, "exec"), namespace)  # noqa: S102  Jinja's own code for the checked tree
        except SyntaxError as error:
            raise Broken(
                "template.syntax", f"The template can not be compiled: {error.msg}.", "Simplify it.", tree.lineno
            ) from None
        self.root: Callable[[Context], Generator[str, None, None]] = namespace["root"]

    def context(self, data: dict[str, Any]) -> Context:
        return Context(self._environment, data, self.name, {})

    def place(self, line: int) -> int | None:
        """The place in the template that became this line of Python."""
        at = bisect_right(self.lines, (line, sys.maxsize)) - 1
        return self.lines[at][1] if at >= 0 else None

    def make_module(self, data: dict[str, Any] | None = None, shared: bool = False, local: Any = None) -> Module:  # noqa: ARG002
        run = RUN.get()
        run.enter()
        try:
            seen = dict(data or {})
            seen.update((name, value) for name, value in (local or {}).items() if value is not not_set)
            context = self.context(seen)
            run.capture(len(_collect(self, context, run)))
            return Module(self.name, context.get_exported())
        finally:
            run.leave()

    def _get_default_module(self, context: Any = None) -> Module:  # noqa: ARG002
        return self.make_module()


def _debug_info(code: str) -> list[tuple[int, int]]:
    """Lines of Python and the places of the template that became them; Jinja writes them at the end of its code."""
    pairs = (each.split("=") for each in code[code.rindex("debug_info = ") :].split("'")[1].split("&") if each)
    return sorted((int(line), int(place)) for place, line in pairs)


class Rendered:
    """What a render came to. `document` is None with problems, and when `suppressed` holds the reason to send nothing."""

    __slots__ = ("_again", "_trace", "document", "problems", "steps", "suppressed", "warnings")

    def __init__(
        self,
        document: Any = None,
        problems: tuple[Problem, ...] = (),
        warnings: tuple[Problem, ...] = (),
        suppressed: str | None = None,
        steps: int = 0,
        again: Callable[[], Trace] | None = None,
    ) -> None:
        self.document = document
        self.problems = problems
        self.warnings = warnings
        self.suppressed = suppressed
        self.steps = steps
        self._again = again
        self._trace: Trace | None = None

    def locate(self, pointer: str) -> tuple[int, int, str | None] | None:
        """Line, column and snippet (None: the template itself) of what wrote the value at a JSON Pointer.

        A pointer to something that was not written gives the place of what should hold it. The first call renders again.
        """
        if self._trace is None and self._again is not None:
            self._trace = self._again()
        return self._trace.locate(pointer) if self._trace else None


class Trace:
    """Rendered text that knows which place of the template wrote each character."""

    def __init__(self, program: Program, pieces: list[tuple[str, int | None, bool]]) -> None:
        self._program = program
        self.text = "".join(piece for piece, _, _ in pieces)
        self._starts: list[int] = []
        self._pieces = pieces
        self._offsets: dict[str, int] | None = None
        at = 0
        for piece, _, _ in pieces:
            self._starts.append(at)
            at += len(piece)

    def locate(self, pointer: str) -> tuple[int, int, str | None] | None:
        """The place that wrote the value at a pointer, or what should hold it."""
        if self._offsets is None:
            self._offsets = document.offsets(self.text)
        while pointer and pointer not in self._offsets:
            pointer = pointer.rpartition("/")[0]
        return self.find(self._offsets[pointer]) if pointer in self._offsets else None

    def find(self, offset: int) -> tuple[int, int, str | None] | None:
        """The place that wrote a character of the text."""
        at = bisect_right(self._starts, offset) - 1
        while at >= 0 and not self._pieces[at][0]:
            at -= 1
        if at < 0:
            return None
        _, place, literal = self._pieces[at]
        if place is None:
            return None
        return self._program.places.find(place + (offset - self._starts[at] if literal else 0))


class _Compiled:
    """What both kinds of program share: units, places and one boundary for errors."""

    def __init__(
        self, units: dict[str, Unit], main: Unit, places: Places, limits: Limits, warnings: tuple[Problem, ...]
    ) -> None:
        self._main = main
        self._by_file = {unit.filename: unit for unit in (*units.values(), main)}
        self.places = places
        self.limits = limits
        self.warnings = warnings

    def _run(self, run: Run, work: Callable[[Run], T]) -> T | Problem | Suppressed:
        """`work` within the budget of `run`. Whatever goes wrong comes back as a problem with its place."""
        token = RUN.set(run)
        try:
            return work(run)
        except Suppressed as suppressed:
            return suppressed
        except (RecursionError, Unavailable):
            raise
        except Stop as stop:
            return self._placed(stop.problem, stop)
        except NotReadable as error:
            return document.problem_of(error)
        except MemoryError:
            return Problem("render.memory", "The template needs more memory than there is.", None, "Loop over fewer items.")
        except Exception as error:  # the net: no template and no data may raise out of a render
            return self._placed(_in_words(error), error)
        finally:
            RUN.reset(token)

    def _context(self, context: Mapping[str, Any]) -> Context:
        data = context if type(context) is dict else dict(context)
        if not RESERVED.isdisjoint(data):
            data = {name: value for name, value in data.items() if name not in RESERVED}
        return self._main.context(data)

    def _placed(self, problem: Problem, error: BaseException) -> Problem:
        place, callers, trace = None, [], error.__traceback__
        while trace is not None:
            found = self._place_of(trace.tb_frame, trace.tb_lineno)
            if found is not None:
                callers.append(found)
                place = found
            trace = trace.tb_next
        if isinstance(error, Stop) and error.place is not None:
            callers.append(error.place)
            place = error.place
        return problem if place is None else self._say_where(problem, callers)

    def where(self, problem: Problem, exact: int | None = None) -> Problem:
        """The problem with the place that is being rendered right now; `exact` is known better than by the running line."""
        frame: FrameType | None = sys._getframe(1)
        found: list[int] = []
        while frame is not None:
            place = self._place_of(frame, frame.f_lineno)
            if place is not None:
                found.append(place)
            frame = frame.f_back
        if exact is not None:
            found[:1] = [exact]
        return self._say_where(problem, found[::-1]) if found else problem

    def _place_of(self, frame: FrameType, line: int) -> int | None:
        unit = self._by_file.get(frame.f_code.co_filename)
        if unit is None or frame.f_globals.get("environment") is not unit._environment:
            return None
        return unit.place(line)

    def _say_where(self, problem: Problem, chain: list[int]) -> Problem:
        """`chain` holds the places from the template itself inwards; the last is where it happened."""
        made = self.places.at(problem, chain[-1])
        if made.detail.startswith("A value is ") and (name := self.places.name_at(chain[-1])):
            made = replace(
                made, detail=f"`{name}`{made.detail[7:]}", hint=made.hint and made.hint.replace("value |", f"{name} |")
            )
        here = (made.line, made.template)
        said: list[str] = []
        for place in reversed(chain[:-1]):
            line, _, name = self.places.find(place)
            if (line, name) != here and len(said) < 5:
                said.append(f"line {line} of {f'snippet `{name}`' if name else 'the template'}")
            here = (line, name)
        if not said:
            return made
        detail = f"{made.detail.rstrip('.')} (called from {', from '.join(said)})."
        return replace(made, detail=detail)


class Program(_Compiled):
    """A template that writes a JSON document."""

    def render(
        self,
        context: Mapping[str, Any],
        *,
        now: datetime,
        seed: str = "",
        missing: Mapping[str, str] = {},
        services: Services | None = None,
        region: str = "US",
    ) -> Rendered:
        """Renders for one profile. Never raises for what a template or a context holds; `Unavailable` where a service does.

        `now` and `seed` are all that the template can know of time and chance. `missing` maps a path such as
        `profile.vars.first_name` to the text that stands in where it is missing or null. `services` gives what templates
        ask for and rendering can not know. `region` is the country of phone
        numbers that do not name theirs.
        """

        def start() -> Run:
            return Run(self.limits, context, now, seed, missing, self.where, services, region)

        return on_a_fresh_stack(lambda: self._render(start))

    def _render(self, start: Callable[[], Run]) -> Rendered:
        run = start()
        made = self._run(run, self._document)
        warnings = tuple(run.warnings.values())
        if type(made) is Suppressed:
            return Rendered(None, (), warnings, made.reason, run.steps)

        def again() -> Trace:
            return self._trace(start())

        if type(made) is Problem or run.problems:
            found = [*run.problems.values()]
            if type(made) is Problem:
                made = self._point_out(made, again)
                found.append(made)
            return Rendered(None, tuple(found), warnings, None, run.steps, again)
        return Rendered(made, (), warnings, None, run.steps, again)

    def _document(self, run: Run) -> Any:
        text = _collect(self._main, self._context(run.context), run)
        if run.problems:
            return None
        if not text.strip():
            raise Stop(
                "render.empty",
                "The template writes nothing for this context.",
                'Write a JSON object, or {{ suppress("why") }}.',
            )
        return document.read(text)

    def _trace(self, run: Run) -> Trace:
        pieces: list[tuple[str, int | None, bool]] = []

        def collect(run: Run) -> None:
            stream = self._main.root(self._context(run.context))
            for piece in stream:
                place = self._main.place(_line(stream))
                pieces.append((piece, place, place is not None and self.places.is_literal(place, piece)))

        self._run(run, collect)
        return Trace(self, pieces)

    def _point_out(self, problem: Problem, again: Callable[[], Trace]) -> Problem:
        """A problem of the rendered text with its place in the template instead."""
        if not problem.code.startswith("json."):
            return problem
        trace = again()
        if problem.line is None:
            found = trace.locate(problem.pointer or "")
            return problem.at(*found) if found else problem
        lines = trace.text.split("\n")
        offset = sum(len(line) + 1 for line in lines[: problem.line - 1]) + (problem.column or 1) - 1
        found = trace.find(min(offset, max(len(trace.text) - 1, 0)))
        detail = re.sub(r" \(line \d+, column \d+\)", "", problem.detail)
        made = Problem(problem.code, detail, problem.pointer, problem.hint)
        return made.at(*found) if found else made


class TextProgram(_Compiled):
    """A template that writes plain text, such as the expression of an idempotency key."""

    def render(self, context: Mapping[str, Any], *, now: datetime, seed: str = "") -> str:
        """The text for one context. Raises BurgeeError with all problems."""
        return on_a_fresh_stack(lambda: self._render(context, now, seed))

    def _render(self, context: Mapping[str, Any], now: datetime, seed: str) -> str:
        run = Run(self.limits, context, now, seed, where=self.where)
        made = self._run(run, lambda run: _collect(self._main, self._context(run.context), run))
        problems = (*run.problems.values(), *([made] if isinstance(made, Problem) else []))
        if isinstance(made, Suppressed):
            problems = (Problem("render.suppress", "`suppress` has no meaning here."),)
        if problems:
            raise BurgeeError(problems[0].detail, problems)
        assert isinstance(made, str)
        return made


def on_a_fresh_stack(work: Callable[[], T]) -> T:
    """`work()`, and where the caller has left it too little stack, once more on a stack of its own.

    So it never depends on the caller how deep a template may go.
    """
    try:
        return work()
    except RecursionError:
        pass
    made: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            made.append(work())
        except BaseException as error:  # handed to the caller, below
            failed.append(error)

    thread = threading.Thread(target=run, name="burgee-render")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]


def compile_program(source: str, *, dialect: str, name: str, snippets: Mapping[str, str], limits: Limits) -> Program:
    """A program that writes a document. Raises TemplateInvalid with every problem found."""
    if dialect == "zephyr":
        from service.rendering.zephyr.program import compile_zephyr  # its library is loaded for those who use it

        return _checked(name, lambda: compile_zephyr(source, name, snippets, limits))
    if dialect != "jinja":
        raise TemplateInvalid(
            f"There is no dialect named {dialect[:40]!r}.", [Problem("template.dialect", "Use one of: jinja, zephyr.")]
        )
    return Program(*_checked(name, lambda: _Builder(name, dict(snippets), limits).build(source, document=True)))


def compile_text_program(source: str, *, name: str, limits: Limits) -> TextProgram:
    """A program that writes text. Raises TemplateInvalid with every problem found."""
    return TextProgram(*_checked(name, lambda: _Builder(name, {}, limits).build(source, document=False)))


def _checked(name: str, build: Callable[[], T]) -> T:
    """What `build` makes of a source. Whatever it raises becomes TemplateInvalid."""
    places = Places(name)
    try:
        return on_a_fresh_stack(build)
    except TemplateInvalid:
        raise
    except Broken as broken:
        problem = broken.problem(places)
    except (RecursionError, MemoryError):
        problem = Problem(
            "template.too_deep",
            "The template is nested too deep.",
            None,
            "Give parts of it names with {% set %}, or use macros.",
        )
    except Exception as error:  # the net: no source may raise anything else out of the compiler
        problem = Problem(
            "template.syntax", "The template can not be compiled.", None, f"Simplify it ({type(error).__name__})."
        )
    raise TemplateInvalid(problem.detail, [problem])


_Parts = tuple[dict[str, Unit], Unit, Places, Limits, tuple[Problem, ...]]


class _Builder:
    """Compiles one template and the snippets that it reaches."""

    def __init__(self, name: str, snippets: dict[str, str], limits: Limits) -> None:
        self._name = name
        self._snippets = snippets
        self._limits = limits
        self._places = Places(name)
        self._environment = Environment()
        self._problems: list[Problem] = []
        self._warnings: list[Problem] = []
        self._uses: dict[str, dict[str, int]] = {}

    def build(self, source: str, *, document: bool) -> _Parts:
        trees: dict[str, nodes.Template] = {}
        main = self._tree(self._name, source, None, document=document)
        waiting = sorted(self._uses[""])
        while waiting:
            name = waiting.pop()
            if name in trees:
                continue
            if len(trees) >= self._limits.snippets:
                detail = f"The template uses more than {self._limits.snippets} snippets."
                raise Broken("template.too_many_snippets", detail, "Put several into one.", None)
            tree = self._tree(name, self._snippets[name], name, document=False)
            trees[name] = tree
            waiting.extend(sorted(self._uses[name]))
        if self._problems:
            self._fail()
        self._warn_of_cycles()
        units: dict[str, Unit] = {}
        try:
            for number, (name, tree) in enumerate(trees.items(), start=1):
                units[name] = Unit(self._environment, name, tree, number)
            unit = Unit(self._environment, self._name, main, 0)
        except Broken as broken:
            self._problems.append(broken.problem(self._places))
            self._fail()
        self._environment.units = units
        return units, unit, self._places, self._limits, tuple(self._warnings)

    def _fail(self) -> None:
        problems = self._problems[: self._limits.problems]
        raise TemplateInvalid(problems[0].detail, problems)

    def _tree(self, name: str, source: str, snippet: str | None, *, document: bool) -> nodes.Template:
        """The prepared tree of one source; what is wrong with it is kept, and an empty tree given back."""
        source = source.replace("\r\n", "\n").replace("\r", "\n")
        base = self._places.add(name, source)
        guards = Guards(self._places, self._snippets, main=snippet is None)
        contexts = Contexts(self._places, self._snippets)
        try:
            tree = parse(self._environment, source, base, self._limits)
            tree = resolve(tree, self._parent, guards.refuse)
            guards.rewrite(tree)
            (contexts.document if document else contexts.text)(tree)
        except Broken as broken:
            self._problems.append(broken.problem(self._places))
            tree = nodes.Template([], lineno=base)
        self._problems += [*guards.problems, *contexts.problems]
        self._warnings += [*guards.warnings, *contexts.warnings]
        self._uses[snippet or ""] = guards.uses
        return tree

    def _parent(self, name: str) -> nodes.Template | None:
        """The tree of a template that another one extends."""
        source = self._snippets.get(name)
        if source is None:
            return None
        source = source.replace("\r\n", "\n").replace("\r", "\n")
        return parse(self._environment, source, self._places.add(name, source), self._limits)

    def _warn_of_cycles(self) -> None:
        for start, uses in self._uses.items():
            for name, place in uses.items():
                if start and self._reaches(name, start):
                    warning = Problem(
                        "template.cycle",
                        f"The snippet `{start}` uses itself.",
                        None,
                        "It must stop by a condition of its own.",
                    )
                    self._warnings.append(self._places.at(warning, place))

    def _reaches(self, name: str, goal: str) -> bool:
        seen, waiting = set(), [name]
        while waiting:
            here = waiting.pop()
            if here == goal:
                return True
            if here not in seen:
                seen.add(here)
                waiting.extend(self._uses.get(here, ()))
        return False


_NOT_COMPARABLE = re.compile(r"not supported between instances of '(\w+)' and '(\w+)'")
_TYPE_WORDS = {
    "int": "a number",
    "float": "a number",
    "str": "text",
    "list": "a list",
    "dict": "an object",
    "NoneType": "null",
    "bool": "a boolean",
}


def _in_words(error: Exception) -> Problem:
    """What Python or Jinja says, without anything of Python in it."""
    said = str(error.args[0]) if error.args else ""
    if found := _NOT_COMPARABLE.search(said):
        left, right = (_TYPE_WORDS.get(each, "something else") for each in found.groups())
        return Problem(
            "render.type",
            f"{left[0].upper()}{left[1:]} and {right} can not be compared.",
            None,
            "Turn text into a number with | int or | float.",
        )
    if said.startswith("macro ") and "'" in said:
        return Problem("render.arguments", f"The {said[:120].rstrip('.')}.", None, "Look at how the macro is defined.")
    if "unhashable" in said:
        return Problem(
            "render.type", "A list or object can not be a key or be looked up in an object.", None, "Use text or a number."
        )
    if "unpack" in said:
        return Problem(
            "render.type",
            "The values of a loop or set do not have as many parts as there are names.",
            None,
            "Use object.items() for pairs.",
        )
    if "cannot assign attribute" in said:
        return Problem(
            "render.type",
            "Only the fields of a namespace can be set.",
            None,
            "Write {% set ns = namespace(total=0) %} first.",
        )
    if isinstance(error, OverflowError):
        return Problem(
            "render.number", "A number is too large to compute with.", None, "Look at the numbers that are computed with."
        )
    return Problem(
        "render.type",
        "This can not be computed with these values.",
        None,
        "Look at the kinds of the values: text, number, list, object, null.",
    )
