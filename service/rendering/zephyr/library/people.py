"""What Sailthru knows about a person and about content: it comes from services that are handed in."""

from __future__ import annotations

import math
from typing import Any

from service.errors import Problem
from service.rendering.services import recommend
from service.rendering.zephyr.library._marks import listed, silent, undocumented
from service.rendering.zephyr.scope import Scope
from service.rendering.zephyr.values import index, number, text

_EARTH_MILES, _EARTH_KM = 3958.8, 6371.0


def personalize(scope: Scope, data: Any) -> list[Any]:
    """Content items chosen for this person, strongest first: personalize({'algorithm': 'trending', 'size': 3}).

    They come from the content library, or from a list named `content`: of the object, else of the context.

    >>> from service.rendering.limits import Limits, Run
    >>> scope = Scope(Run(Limits(), {"content": [{"title": "Kettle"}, {"title": "Mug"}]}))
    >>> personalize(scope, {"algorithm": "trending", "size": 1})
    [{'title': 'Kettle'}]
    """
    return recommend(scope.run, data if type(data) is dict else {}, scope.get("content"), "zephyr")


def horizon_select(scope: Scope, array: Any, n: Any, engine: Any = None, filter_tags: Any = None) -> list[Any]:  # noqa: ARG001
    """The `n` items of a list that this person is most interested in; an older form of personalize().

    >>> from service.rendering.limits import Limits, Run
    >>> horizon_select(Scope(Run(Limits())), [{"tags": ["tea"]}], 1)
    [{'tags': ['tea']}]
    """
    items = sorted(listed(array), key=lambda each: -_interest_in(scope, each.get("tags") if type(each) is dict else None))
    return items[: max(index(n), 0)]


def horizon_interest(scope: Scope, tag: Any) -> int | float:
    """How much this person is interested in a tag, 1 being average; the highest of several ('tea,mugs' or a list).

    >>> from service.rendering.limits import Limits, Run
    >>> horizon_interest(Scope(Run(Limits())), "tea")
    0
    """
    return _interest_in(scope, tag)


def _interest_in(scope: Scope, tags: Any) -> int | float:
    names = [name.strip() for name in tags.split(",")] if isinstance(tags, str) else [text(each) for each in listed(tags)]
    ask = scope.interest
    if ask is None and not scope.interests:
        scope.warn("no_interest", "Nothing is known here about this person's interests: every interest is 0.")
    found = [scope.interests.get(name, ask(name) if ask else 0) for name in names]
    return max(found, default=0)


@silent
def horizon_set_interest(scope: Scope, tags: Any, score: Any, only_increase: Any = None) -> None:
    """Sets this person's interest in tags, for this message only.

    >>> from service.rendering.limits import Limits, Run
    >>> scope = Scope(Run(Limits()))
    >>> horizon_set_interest(scope, "tea", 2), horizon_interest(scope, "tea")
    (None, 2)
    """
    for name in tags.split(",") if isinstance(tags, str) else [text(each) for each in listed(tags)]:
        known, wanted = scope.interests.get(name.strip(), 0), number(score)
        scope.interests[name.strip()] = max(known, wanted) if only_increase else wanted


@undocumented("horizon_count() gives 0: page views are not known here")
def horizon_count(scope: Scope, tags: Any) -> int:  # noqa: ARG001
    """Page views of tags.

    >>> from service.rendering.limits import Limits, Run
    >>> horizon_count(Scope(Run(Limits())), "tea")
    0
    """
    return 0


@undocumented("item_predictions() gives an empty list: use personalize()")
def item_predictions(scope: Scope, n: Any = None) -> list[Any]:
    """Items this person may buy next; an older form of personalize().

    >>> from service.rendering.limits import Limits, Run
    >>> item_predictions(Scope(Run(Limits())), 3)
    []
    """
    return _nothing(scope, "item_predictions", [n])


@undocumented("purchased_items() gives the items of `profile.purchases`, the latest purchase first")
def purchased_items(scope: Scope, *options: Any) -> list[Any]:  # noqa: ARG001
    """Items this person has bought.

    >>> from service.rendering.limits import Limits, Run
    >>> profile = {"purchases": [{"time": 1, "items": ["a"]}, {"time": 2, "items": ["b"]}]}
    >>> purchased_items(Scope(Run(Limits(), {"profile": profile})))
    ['b', 'a']
    """
    profile = scope.get("profile")
    bought = [each for each in listed(profile.get("purchases") if type(profile) is dict else None) if type(each) is dict]
    bought.sort(key=lambda each: -number(each.get("time")))
    return [item for each in bought for item in listed(each.get("items"))]


def _nothing(scope: Scope, name: str, _: Any = None) -> list[Any]:
    scope.warn("no_service", f"{name}() asks for something that is not known here, and gives nothing.")
    return []


def promotion(scope: Scope) -> dict[str, Any]:
    """One promotion code that nobody has got yet: `.code`, `.vars.offer`, `.vars.description`. Having none is a problem.

    >>> from service.rendering.limits import Limits, Run
    >>> promotion(Scope(Run(Limits())))
    {}
    """
    if scope.services.promotion is not None:
        return scope.services.promotion()
    hint = "Send the code with the profile's data and print that."
    scope.run.report(Problem("zephyr.no_promotion", "There are no promotion codes here.", None, hint))
    return {}


@undocumented("user_engagement() gives `engagement` of the profile when it is a number, else 0")
def user_engagement(scope: Scope) -> int:
    """How engaged this person is, 0 to 6.

    >>> from service.rendering.limits import Limits, Run
    >>> user_engagement(Scope(Run(Limits())))
    0
    """
    profile = scope.get("profile")
    return index(profile.get("engagement")) if type(profile) is dict else 0


@undocumented("user_geo_home() gives the field of `profile.geo`, if the profile has it")
def user_geo_home(scope: Scope, field: Any) -> Any:
    """Where this person lives.

    >>> from service.rendering.limits import Limits, Run
    >>> user_geo_home(Scope(Run(Limits(), {"profile": {"geo": {"city": "Lyon"}}})), "city")
    'Lyon'
    """
    profile = scope.get("profile")
    geo = profile.get("geo") if type(profile) is dict else None
    return geo.get(text(field)) if type(geo) is dict else None


@undocumented("user_geo_select_region() gives null: regions are not known here")
def user_geo_select_region(scope: Scope, regions: Any) -> None:
    """Which of some regions this person lives in.

    >>> from service.rendering.limits import Limits, Run
    >>> user_geo_select_region(Scope(Run(Limits())), ["EU"])
    """
    _nothing(scope, "user_geo_select_region", regions)


@undocumented("distance() is in miles; 'km' as fifth argument gives kilometres")
def distance(lat1: Any, lon1: Any, lat2: Any, lon2: Any, units: Any = "miles") -> float:
    """How far two places are apart, over the surface of the earth.

    >>> round(distance(40.71, -74.0, 51.5, -0.12, "km"), -1)
    5570.0
    """
    one, other = math.radians(number(lat1)), math.radians(number(lat2))
    turn = math.radians(number(lon2) - number(lon1))
    part = math.sin((other - one) / 2) ** 2 + math.cos(one) * math.cos(other) * math.sin(turn / 2) ** 2
    radius = _EARTH_KM if text(units).lower().startswith("k") else _EARTH_MILES
    return 2 * radius * math.asin(min(1.0, math.sqrt(part)))
