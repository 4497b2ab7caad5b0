"""Filters do what authors expect, and each of them stays within the limits whatever it is given."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from service.rendering import Limits, catalog
from service.rendering.filters import FILTERS, TESTS, TOPICS
from service.rendering.filters._plumbing import guard
from service.rendering.limits import RUN, Run, Stop, weigh
from service.rendering.operators import FUNCTIONS

DATA: dict[str, Any] = {
    "rows": [{"t": "Mug", "p": 2500, "c": "b"}, {"t": "tea", "p": 1250, "c": "a"}, {"t": "Pot", "p": 100, "c": "b"}],
    "names": ["Bo", "ana", "Cy"],
    "phone": "(202) 555-0143",
    "time": 1769990000,
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # text
        ("'o\\'brien' | name_title", "O'Brien"),
        ("'MARY ANN' | name_title", "Mary Ann"),
        ("'mcdonald' | name_title", "McDonald"),
        ("'McDonald' | name_title", "McDonald"),
        ("'DeShawn van der Berg' | name_title", "DeShawn van der Berg"),
        ("'  josé   luis ' | name_title", "José Luis"),
        ("'' | name_title", ""),
        ("5 | upper", "5"),
        ("true | upper", "TRUE"),
        ("'a long text' | truncate(8)", "a..."),
        ("'a long text' | truncate(8, true, '…')", "a long…"),
        ("'abc' | truncate(2)", "ab"),
        ("'a-b' | replace('-', '+')", "a+b"),
        ("' x ' | trim", "x"),
        ("'a b' | split | last", "b"),
        ("'<b>Tea</b> &amp; cake' | striptags", "Tea & cake"),
        # phone and SMS
        ("phone | e164", "+12025550143"),
        ("phone | e164('US')", "+12025550143"),
        ("('“hi” – é' | gsm)", '"hi" - é'),
        ("('x' * 200) | sms_truncate(1) | length", 160),
        # money and numbers
        ("rows[0].p | money", "$25.00"),
        ("'3950' | money('EUR')", "€39.50"),
        ("100 | money('USD', true)", "$1"),
        ("2.5 | round", 3.0),
        ("2.345 | round(2)", 2.35),
        ("1234567 | number", "1,234,567"),
        ("'12.5' | float + 1", 13.5),
        ("'x' | int(7)", 7),
        ("'1e400' | float", 0.0),
        ("-3 | abs", 3),
        # dates
        ("time | date('%Y-%m-%d')", "2026-02-01"),
        ("time | date('%b %-d, %-I %p', 'America/Los_Angeles')", "Feb 1, 3 PM"),
        ("'2026-07-04' | date('%A')", "Saturday"),
        ("'2026-02-03T09:00:00+02:00' | date('%H:%M %z', 'UTC')", "07:00 +0000"),
        ("'Tue, 31 Dec 2024 19:00:00 -0500' | date('%d.%m.%Y')", "01.01.2025"),
        ("now() | date('%H')", "09"),
        ("('2026-02-05' | timestamp) > now()", True),
        ("time | add_days(1) | date('%d')", "02"),
        ("'2026-02-05' | days_until(now())", 2),
        # links
        ("'a b&c' | urlencode", "a%20b%26c"),
        (
            "'https://example.com/p?x=1#y' | utm(source='s', medium='sms', campaign='c d')",
            "https://example.com/p?x=1&utm_source=s&utm_medium=sms&utm_campaign=c+d#y",
        ),
        ("'https://example.com' | url('shop', 'a/b', q='x y')", "https://example.com/shop/a%2Fb?q=x+y"),
        # lists
        ("rows | map(attribute='t') | join(', ')", "Mug, tea, Pot"),
        ("rows | sum(attribute='p')", 3850),
        ("rows | sort(attribute='p') | map(attribute='t') | list", ["Pot", "tea", "Mug"]),
        ("rows | sort(attribute='c,p') | map(attribute='t') | list", ["tea", "Pot", "Mug"]),
        ("names | sort", ["ana", "Bo", "Cy"]),
        ("names | sort(case_sensitive=true, reverse=true)", ["ana", "Cy", "Bo"]),
        ("rows | selectattr('p', 'gt', 1000) | map(attribute='t') | list", ["Mug", "tea"]),
        ("rows | rejectattr('c', 'eq', 'b') | list | length", 1),
        ("rows | groupby('c') | map('first') | list", ["a", "b"]),
        ("rows | map(attribute='c') | unique | list", ["b", "a"]),
        ("rows | max(attribute='p')", {"t": "Mug", "p": 2500, "c": "b"}),
        ("[3, 1] | min", 1),
        ("range(5) | batch(2) | list", [[0, 1], [2, 3], [4]]),
        ("range(5) | slice(2) | list", [[0, 1, 2], [3, 4]]),
        ("names | reverse", ["Cy", "ana", "Bo"]),
        ("{'b': 1, 'a': 2} | dictsort", [["a", 2], ["b", 1]]),
        ("{'b': 1} | items", [["b", 1]]),
        ("'gold' | pick({'gold': '20%'}, '5%')", "20%"),
        ("'[1, 2]' | fromjson", [1, 2]),
        ("names | count", 3),
    ],
)
def test_filters_do_what_authors_expect(expression: str, expected: Any, value: Any) -> None:
    assert value(expression, DATA) == expected


LARGE: list[Any] = [
    10**9,
    -(10**9),
    10**70,
    1e300,
    -1,
    0,
    "x" * 20_000,
    "%0900000000d",
    "%" * 15_000,
    "9" * 15_000,
    "\0\ud800",
    "é" * 9_000,
    [1] * 20_000,
    ["x" * 10_000] * 20_000,
    [[1]] * 20_000,
    {f"k{at}": at for at in range(20_000)},
    [{"a": 1}] * 15_000,
    None,
    True,
    range(10**6),
    {}.items(),
    object(),
]


def _shared(levels: int) -> list[Any]:
    made: list[Any] = ["x"]
    for _ in range(levels):
        made = [made, made]
    return made


def _attempts() -> list[Any]:
    families = [("filter", FILTERS), ("test", TESTS)]
    return [pytest.param(function, id=f"{what} {name}") for what, family in families for name, function in family.items()]


@pytest.mark.parametrize("function", _attempts())
def test_every_filter_ends_within_its_limits_whatever_it_is_given(function: Any) -> None:
    """A new filter without limits fails here: it is tried with oversized values in every position."""
    names = [
        name
        for name in list(inspect.signature(function.__wrapped__).parameters)[1:4]
        if name not in ("names", "args", "named")
    ]
    values = [*LARGE, _shared(60)]
    calls: list[tuple[list[Any], dict[str, Any]]] = [([each], {}) for each in values]
    for name in names:
        calls += [([first], {name: each}) for first in ("x" * 500, [1] * 50) for each in values]
    calls += [
        ([first, each, other], {})
        for first in ("x" * 19_000, [1] * 50)
        for each in (10**9, "x", _shared(60))
        for other in values
    ]
    for args, kwargs in calls:
        token = RUN.set(Run(Limits()))
        try:
            made = function(None, *args, **kwargs)
        except Stop as stop:
            assert stop.problem.detail.endswith(".")
        else:
            assert not isinstance(made, str) or len(made) <= Limits().text
            assert not isinstance(made, list) or len(made) <= Limits().nodes
            assert RUN.get().steps <= Limits().steps
        finally:
            RUN.reset(token)


def test_a_filter_without_limits_would_be_noticed() -> None:
    def greedy(value: str, times: int = 1) -> str:
        return value * times

    token = RUN.set(Run(Limits()))
    try:
        with pytest.raises(Stop):
            guard("greedy", greedy)(None, "x", 30_000)
    finally:
        RUN.reset(token)


def test_the_work_of_filters_is_charged() -> None:
    token = RUN.set(Run(Limits()))
    try:
        FILTERS["sort"](None, list(range(16_000)))
        assert RUN.get().steps == 1 + 1_000
        FILTERS["upper"](None, "x" * 2_560)
        assert RUN.get().steps == 1 + 1_000 + 1 + 10
        with pytest.raises(Stop):
            weigh(_shared(60))
    finally:
        RUN.reset(token)


def test_every_filter_test_and_function_has_words_and_filters_have_examples() -> None:
    listed = catalog()
    for entry in (*listed["filters"], *listed["tests"], *listed["functions"]):
        assert entry["description"].endswith((".", "==.", "<.", ">.")), entry
    needs_sms = {"e164", "mask_phone", "gsm", "sms_truncate"}
    assert [each["name"] for each in listed["filters"] if not each["examples"] and each["name"] not in needs_sms] == []
    assert {each["name"] for each in listed["functions"]} == set(FUNCTIONS)
    assert {each["topic"] for each in listed["filters"]} == set(TOPICS) - {"tests"}
    assert {each["name"] for each in listed["filters"]} | {"d", "count"} == set(FILTERS)
