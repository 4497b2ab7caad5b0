"""Budgets of a render, counted in steps and characters and never in seconds: the same input always ends the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from service.errors import Problem

STEP_CHARACTERS = 256  # characters that one step of work pays for
STEP_ITEMS = 16  # list items that one step of work pays for
REPORT_STEPS = 4  # what it costs to tell a problem, again and again in a loop
DATA_DEPTH = 64  # nesting of a value that is printed or compared; the same as for JSON that comes in
EMPTY: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a template may use. Sizes of text are characters, `bits` bounds integers, the rest are counts.

    A step is a round of a loop, a call, an include, an import or a filter, and one more for every 256 characters or 16
    items that it works on, or 64 syntax nodes that its body holds.
    """

    source: int = 20_000
    nesting: int = 40
    snippets: int = 100
    steps: int = 20_000
    depth: int = 20
    text: int = 20_000
    captured: int = 200_000  # all captured text of one render together
    nodes: int = 20_000
    bits: int = 256
    range: int = 1_000
    problems: int = 50


class Stop(Exception):  # not an error of ours: the way out of a render
    """Ends a render with a problem. The place is filled in where it is caught."""

    def __init__(self, code: str, detail: str, hint: str | None = None) -> None:
        super().__init__(detail)
        self.problem = Problem(code, detail, None, hint)
        self.place: int | None = None  # where the innermost line of the template does not tell it


class Suppressed(Exception):
    """Ends a render because its author wants nothing sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Run:
    """One render: what it was given, what it has used so far, and the problems found on the way."""

    __slots__ = (
        "captured",
        "context",
        "depth",
        "limits",
        "missing",
        "now",
        "problems",
        "region",
        "seed",
        "services",
        "steps",
        "warnings",
        "where",
    )

    def __init__(
        self,
        limits: Limits,
        context: Mapping[str, Any] = EMPTY,
        now: datetime | None = None,
        seed: str = "",
        missing: Mapping[str, str] = EMPTY,
        where: Any = None,
        services: Any = None,
        region: str = "US",
    ) -> None:
        self.limits = limits
        self.context = context
        self.now = now
        self.seed = seed
        self.missing = missing
        self.region = region  # the country of phone numbers that do not name theirs
        self.services = services  # what templates may ask for and rendering can not know
        self.where = where  # tells the place that is being rendered, as `Problem.at` wants it
        self.steps = 0
        self.depth = 0
        self.captured = 0
        self.problems: dict[tuple[object, ...], Problem] = {}
        self.warnings: dict[tuple[object, ...], Problem] = {}

    def charge(self, steps: int) -> None:
        """Takes `steps` from the budget."""
        self.steps += steps
        if self.steps > self.limits.steps:
            raise Stop(
                "render.steps",
                f"The template does more than {self.limits.steps:,} steps of work for this context.",
                "Loop over fewer items, for example with items[:10].",
            )

    def capture(self, size: int) -> None:
        """Counts text that is built without reaching the output."""
        self.captured += size
        if self.captured > self.limits.captured:
            raise too_long(self.captured, self.limits.captured)

    def enter(self) -> None:
        """One level deeper into macros, includes, imports or recursive loops. `leave` gives it back."""
        self.charge(1)
        self.depth += 1
        if self.depth > self.limits.depth:
            self.depth -= 1
            raise Stop(
                "render.depth",
                f"Macros, includes or recursive loops go deeper than {self.limits.depth} levels.",
                "Look for one that uses itself without end.",
            )

    def leave(self) -> None:
        self.depth -= 1

    def report(self, problem: Problem, place: int | None = None) -> None:
        """Keeps a problem and lets the render go on, so that all of them are told at once."""
        self.charge(REPORT_STEPS)
        self._keep(self.problems, problem, place)
        if len(self.problems) >= self.limits.problems:
            raise Stop("render.problems", "There are more problems than these.", "Mend these first.")

    def warn(self, warning: Problem, place: int | None = None) -> None:
        """Keeps a warning, unless there are too many already."""
        if len(self.warnings) < self.limits.problems:
            self._keep(self.warnings, warning, place)

    def _keep(self, found: dict[tuple[object, ...], Problem], problem: Problem, place: int | None) -> None:
        if self.where is not None:
            problem = self.where(problem, place)
        found.setdefault((problem.code, problem.detail.partition(" (")[0], problem.line, problem.template), problem)


RUN: ContextVar[Run] = ContextVar("burgee_run")


def current() -> Run:
    """The render that is going on; outside of one (in an example, in a test) a fresh budget."""
    return RUN.get(None) or Run(Limits())


def too_long(size: int, limit: int) -> Stop:
    return Stop(
        "render.text_too_long",
        f"A text of {size:,} characters is longer than {limit:,}.",
        "Shorten it, or print fewer items.",
    )


def check_text(size: int) -> None:
    """Refuses a text of `size` characters before it is made."""
    limit = current().limits.text
    if size > limit:
        raise too_long(size, limit)


def check_items(count: int) -> None:
    """Refuses a list of `count` items before it is made."""
    limit = current().limits.nodes
    if count > limit:
        raise Stop(
            "render.list_too_long",
            f"A list of {count:,} items is longer than {limit:,}.",
            "Take a part of it, such as items[:10].",
        )


def check_number(number: Any) -> Any:
    """A number that may go on: an integer within the bits allowed or a finite float."""
    if type(number) is int:
        if number.bit_length() > current().limits.bits:
            refuse_number()
    elif type(number) is float:
        if not -1.7976931348623157e308 <= number <= 1.7976931348623157e308:
            refuse_number()
    elif type(number) is not bool:
        raise Stop("render.number", "The result is not a number.", "Look at the numbers that are computed with.")
    return number


def refuse_number() -> NoReturn:
    raise Stop("render.number", "A number is too large to compute with.", "Look at the numbers that are computed with.")


def weigh(value: Any) -> int:
    """How much a value holds: its items at every level plus one for every 256 characters. Stops at the limits.

    The same list held twice is counted twice, because that is how it would be printed or compared.
    """
    run = current()
    limit = run.limits.nodes
    nodes = characters = 0
    level: list[Any] = [value]
    for _ in range(DATA_DEPTH + 1):
        below: list[Any] = []
        nodes += len(level)
        for each in level:
            kind = type(each)
            if kind is str:
                characters += len(each)
            elif kind is dict or (kind not in SCALARS and isinstance(each, CONTAINERS)):
                if nodes + len(below) + len(each) > limit:
                    check_items(nodes + len(below) + len(each))
                if kind is dict:
                    characters += sum(len(key) for key in each if type(key) is str)
                    below.extend(each.values())
                else:
                    below.extend(each)
        if not below:
            run.charge(1 + nodes // STEP_ITEMS + characters // STEP_CHARACTERS)
            return nodes + characters // STEP_CHARACTERS
        level = below
    raise Stop("render.data_depth", f"A list or object is nested more than {DATA_DEPTH} levels deep.", "Print a part of it.")


SCALARS = frozenset({str, int, float, bool, type(None)})
VIEWS: tuple[type[Any], ...] = (type({}.keys()), type({}.values()), type({}.items()))
CONTAINERS: tuple[type[Any], ...] = (list, tuple, dict, range, *VIEWS)
WALKABLE: tuple[type[Any], ...] = (str, *CONTAINERS)


def sized(values: Iterable[Any]) -> bool:
    """Whether `values` is one of the things a template may walk through."""
    return isinstance(values, CONTAINERS)
