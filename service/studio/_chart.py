"""The chart of the overview: stacked bars as an SVG, drawn here, because four colours and sixty bars need no library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.model import Status
from service.store.figures import Bar
from service.studio._clock import Clock
from service.studio._words import STOPPED, WRONG

WIDTH, HEIGHT = 600, 120
_LEAST = 2 * HEIGHT / 176  # two pixels at the height that the style sheet gives: what is above zero is seen
_FILL = 0.76  # of a bar's place; the rest is the gap

# From the bottom to the top: class of the colour, word of the legend, statuses.
LAYERS: tuple[tuple[str, str, tuple[Status, ...]], ...] = (
    ("accepted", "accepted", (Status.ACCEPTED,)),
    ("stopped", "stopped", STOPPED),
    ("bad", "went wrong", WRONG),
    ("unknown", "unknown", (Status.UNKNOWN,)),
)


@dataclass(frozen=True, slots=True)
class Rect:
    """One piece of a bar."""

    layer: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Ready to draw: rectangles, the figures beside both axes, totals for the legend, and what one sees in words."""

    rects: tuple[Rect, ...]
    y_labels: tuple[int, ...]  # from the top
    x_labels: tuple[str, ...]
    totals: tuple[tuple[str, str, int], ...]  # class, word, number
    label: str


def chart(bars: Sequence[Bar], clock: Clock, unit: str) -> Chart:
    """The chart of these bars; `unit` is what one of them stands for, such as "minute"."""
    stacks: list[list[tuple[str, int]]] = [
        [(name, sum(bar.by_status[each] for each in statuses)) for name, _, statuses in LAYERS] for bar in bars
    ]
    top = _top(max((sum(number for _, number in stack) for stack in stacks), default=0))
    step = WIDTH / max(1, len(bars))
    rects = [
        rect for at, stack in enumerate(stacks) for rect in _stack(stack, at * step + step * (1 - _FILL) / 2, step, top)
    ]
    totals = tuple((name, word, sum(dict(stack)[name] for stack in stacks)) for name, word, _ in LAYERS)
    return Chart(tuple(rects), (top, top * 2 // 3, top // 3, 0), _times(bars, clock), totals, _label(totals, stacks, unit))


def _stack(stack: Sequence[tuple[str, int]], x: float, step: float, top: int) -> list[Rect]:
    made, y = [], float(HEIGHT)
    for name, number in stack:
        if number:
            height = max(_LEAST, number / top * HEIGHT)
            y -= height
            made.append(Rect(name, round(x, 2), round(y, 2), round(step * _FILL, 2), round(height, 2)))
    return made


def _top(most: int) -> int:
    """A round number, three times a whole one, that is not below `most`.

    >>> _top(0), _top(7), _top(113), _top(4842)
    (3, 9, 120, 6000)
    """
    for power in range(12):
        for third in (1, 2, 3, 4, 5, 8):
            if third * 3 * 10**power >= most:
                return int(third * 3 * 10**power)
    return most


def _times(bars: Sequence[Bar], clock: Clock) -> tuple[str, ...]:
    """Five times under the chart."""
    if not bars:
        return ()
    last = len(bars) - 1
    return tuple(clock.minute(bars[round(last * part / 4)].start) for part in range(5))


def _label(totals: Sequence[tuple[str, str, int]], stacks: Sequence[Sequence[tuple[str, int]]], unit: str) -> str:
    said = ", ".join(f"{number:,} {word}" for _, word, number in totals if number) or "nothing came in"
    highest = max((sum(number for _, number in stack) for stack in stacks), default=0)
    most = f"; at most {highest:,} a {unit}" if highest else ""
    return f"Messages a {unit}: {said}{most}"


def starts(now: datetime, step_s: int, number: int) -> list[datetime]:
    """Beginnings of `number` bars, at round times, the last one under way."""
    last = int(now.timestamp()) // step_s * step_s
    return [datetime.fromtimestamp(last - step_s * back, now.tzinfo) for back in reversed(range(number))]
