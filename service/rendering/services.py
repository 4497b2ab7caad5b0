"""What templates ask for and rendering can not know. It is handed in, so that rendering itself stays pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from service.errors import Problem
from service.rendering.limits import STEP_CHARACTERS, STEP_ITEMS, Run, weigh

ALGORITHMS = frozenset({"popular", "trending", "context", "purchased", "viewed", "interest", "random", "custom"})
PARAMETERS = frozenset(
    {"algorithm", "size", "content", "context_key", "context_key_type", "include_tags_any", "include_tags_all"}
    | {"exclude_tags_any", "exclude_tags_all", "image_required", "allow_expired", "custom_keys", "custom_key_type"}
    | {"include_vars"}
)
CALL_STEPS = 200  # what it costs to ask the library: some milliseconds, so a render may do it a hundred times
DEFAULT_SIZE = 5
MAX_SIZE = 100


class Personalize(Protocol):
    """Picks content items for the person of a context, the strongest first. The same for the same arguments."""

    def __call__(
        self, asked: Mapping[str, Any], *, context: Mapping[str, Any], now: datetime, seed: str
    ) -> list[dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Services:
    """One for all renders; what they ask goes in as arguments. None: there is no such service, and the template is told.

    `interest` takes a context and answers how much its person likes a tag; 1 is average. `promotion` returns one promotion
    code with its `vars`. `has_library`: whether there is anything to pick from but what is posted.

    They may raise `errors.Unavailable`, which then ends the render.
    """

    personalize: Personalize | None = None
    promotion: Callable[[], dict[str, Any]] | None = None
    interest: Callable[[Mapping[str, Any]], Callable[[str], float]] | None = None
    has_library: bool = True


NO_SERVICES = Services()


def recommend(run: Run, asked: Mapping[str, Any], posted: Any, dialect: str) -> list[Any]:
    """What `personalize()` gives in either dialect, paid for in steps. `posted` is the context's own `content`: where it is
    a list, it is picked from unless `asked` has another one. `dialect` begins the codes of warnings."""
    _warn_of_words(run, asked, dialect)
    if type(asked.get("content")) is not list and type(posted) is list:
        asked = {**asked, "content": posted}
    content = asked.get("content")
    weigh({name: value for name, value in asked.items() if name != "content"})
    services: Services = run.services or NO_SERVICES
    if type(content) is not list and not (services.personalize and services.has_library):
        _warn(run, dialect, "no_library", "There is no content library here, so personalize() gives nothing.", _POST)
        return []
    if services.personalize is not None and run.now is not None:
        run.charge(CALL_STEPS + _work(content))
        found = services.personalize(asked, context=run.context, now=run.now, seed=run.seed)
    else:
        _warn(run, dialect, "no_library", "There is no content library here: personalize() gives items as posted.", _POST)
        found = [] if content is None else [each for each in content if type(each) is dict][: _size(asked.get("size"))]
    weigh(found)
    return found


def _work(content: Any) -> int:
    """Steps for looking through a posted list: of its items little more than the tags is looked at."""
    steps = 0
    for each in content if type(content) is list else ():
        tags = each.get("tags") if type(each) is dict else None
        words = tags if type(tags) is list else [tags]
        characters = sum(len(word) for word in words if type(word) is str)
        steps += 1 + len(words) // STEP_ITEMS + characters // STEP_CHARACTERS
    return steps


_POST = "Send a list of items as `content`."


def _warn_of_words(run: Run, asked: Mapping[str, Any], dialect: str) -> None:
    """Says what of the object is not known."""
    algorithm = asked.get("algorithm")
    if not isinstance(algorithm, str) or algorithm.strip().lower() not in ALGORITHMS:
        shown = repr(algorithm[:40]) if isinstance(algorithm, str) else "of this kind"
        hint = f"Use one of {', '.join(sorted(ALGORITHMS))}."
        _warn(run, dialect, "algorithm", f"personalize() knows no algorithm {shown}.", hint)
    if unknown := sorted(str(each)[:40] for each in set(asked) - PARAMETERS):
        said = f"personalize() does not know `{unknown[0]}`; it is passed on as it is."
        _warn(run, dialect, "parameter", said, None)


def _warn(run: Run, dialect: str, code: str, detail: str, hint: str | None) -> None:
    run.warn(Problem(f"{dialect}.{code}", detail, None, hint))


def _size(value: Any) -> int:
    return min(max(value, 0), MAX_SIZE) if type(value) is int else DEFAULT_SIZE
