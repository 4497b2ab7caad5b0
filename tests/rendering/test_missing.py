"""What is missing is a problem with its path, its place and the nearest name; all of them are told at once."""

from __future__ import annotations

from typing import Any

import pytest

from service.rendering import compile

PROFILE = {"profile": {"vars": {"first_name": "Ada", "tier": None}, "orders": [{"total": 5}]}, "event": {"id": 7}}


def test_every_missing_value_of_a_render_is_told_at_once_with_line_and_column(render: Any) -> None:
    source = (
        '{% set hello = "Hi " ~ profile.vars.frist_name %}\n'
        '{ "body": "{{ hello }}",\n'
        '  "to": "{{ profile.keys.sms }}", "n": {{ evnt.id }} }'
    )
    made = render(source, PROFILE)
    assert made.document is None
    assert [(each.code, each.line, each.column, each.detail) for each in made.problems] == [
        ("render.missing", 1, 24, "`profile.vars.frist_name` is missing."),
        ("render.missing", 3, 13, "`profile.keys.sms` is missing: there is no `profile.keys`."),
        ("render.missing", 3, 43, "`evnt.id` is missing: there is nothing named `evnt`."),
    ]
    assert "profile.vars.first_name" in (made.problems[0].hint or "")
    assert "event.id" in (made.problems[2].hint or "")
    assert all("default(" in (each.hint or "") for each in made.problems)


@pytest.mark.parametrize(
    ("use", "detail"),
    [
        ('"{{ profile.vars.tier.name }}"', "`profile.vars.tier.name` is missing: `profile.vars.tier` is null."),
        (
            '"{{ profile.vars.first_name.first }}"',
            "`profile.vars.first_name.first` is missing: `profile.vars.first_name` is text.",
        ),
        ('"{{ profile.orders.total }}"', "`profile.orders.total` is missing: `profile.orders` is a list of 1."),
        ('"{{ profile.orders[3].total }}"', "`profile.orders[3].total` is missing: `profile.orders` is a list of 1."),
        ('"{% if nope %}{% endif %}"', "`nope` is missing: there is nothing named `nope`."),
        ('"{% for x in nope.x %}{% endfor %}"', "`nope.x` is missing: there is nothing named `nope`."),
        ('"{{ nope | upper }}"', "`nope` is missing: there is nothing named `nope`."),
        ('"{{ nope | upper | trim | length }}"', "`nope` is missing: there is nothing named `nope`."),
        ('"{{ nope + 1 }}"', "`nope` is missing: there is nothing named `nope`."),
        ('"{{ 1 - nope }}"', "`nope` is missing: there is nothing named `nope`."),
        ('"{{ -nope }}"', "`nope` is missing: there is nothing named `nope`."),
        ('"{{ nope == 1 }}"', "`nope` is missing: there is nothing named `nope`."),
        ('"{{ 1 < nope }}"', "`nope` is missing: there is nothing named `nope`."),
        ('"{{ 1 in nope }}"', "`nope` is missing: there is nothing named `nope`."),
        ('"{{ nope in [1] }}"', "`nope` is missing: there is nothing named `nope`."),
        ('"{{ nope ~ 1 }}"', "`nope` is missing: there is nothing named `nope`."),
        ('"{{ nope[:3] }}"', "`nope` is missing: there is nothing named `nope`."),
        ('"{{ nope.upper() }}"', "`nope` is missing: there is nothing named `nope`."),
        ('"{{ nope is odd }}"', "`nope` is missing: there is nothing named `nope`."),
        ("\"{{ '%s' % nope }}\"", "`nope` is missing: there is nothing named `nope`."),
        ('"{{ [] | first }}"', "There is no first item: the list is empty."),
        ("{{ [nope] }}", "`nope` is missing: there is nothing named `nope`."),
        ('{{ {"a": nope} }}', "`nope` is missing: there is nothing named `nope`."),
        ('"{{ [nope] | join }}"', "`nope` is missing: there is nothing named `nope`."),
        ('"{{ profile.orders | map(attribute="totl") | join }}"', "`item.totl` is missing."),
        ('"{{ profile.orders | sum(attribute="totl") }}"', "`item.totl` is missing."),
    ],
)
def test_a_missing_value_is_one_problem_in_every_position(use: str, detail: str, render: Any) -> None:
    made = render('{"v": ' + use + "}", PROFILE)
    assert [(each.code, each.detail) for each in made.problems] == [("render.missing", detail)]


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ('"{{ nope | default("there") }}"', "there"),
        ('"{{ nope | d("there") | upper }}"', "THERE"),
        ('"{{ profile.vars.tier | default("silver") }}"', "silver"),
        ('"{{ profile.a.b["c"][0] | default("deep") }}"', "deep"),
        ('"{{ profile[nme] | default("computed") }}"', None),
        ('"{{ "" | default("empty", true) }}"', "empty"),
        ('"{{ nope is defined }}"', "false"),
        ('"{{ nope.x is undefined }}"', "true"),
        ('"{{ profile.vars.tier is none }}"', "true"),
        ('"{{ nope is empty }}"', "true"),
        ('"{% set x = nope %}{{ x | default("kept") }}"', "kept"),
        ('"{{ (profile.orders | map(attribute="x", default=0) | list)[0] }}"', "0"),
        ('"{{ [1, nope] | select("defined") | join }}"', "1"),
        ('"{{ profile.orders | selectattr("gone") | list | length }}"', "0"),
        ('"{{ nope | items | list | length }}"', "0"),
    ],
)
def test_a_default_or_a_test_is_the_way_out(use: str, expected: Any, render: Any) -> None:
    made = render('{"v": ' + use + "}", PROFILE)
    if expected is None:
        assert [each.code for each in made.problems] == ["render.missing"]
    else:
        assert made.document == {"v": expected}


def test_a_policy_gives_the_text_for_a_missing_or_null_path(render: Any) -> None:
    policy = {
        "profile.vars.first_nam": "there",
        "nick": "friend",
        "profile.vars.tier": "silver",
        "profile.orders[5].total": "0",
    }
    source = (
        '{% set hello = "Hi " ~ profile.vars.first_nam %}{"v": "{{ hello }} {{ nick | upper }} {{ profile.vars.tier }}'
        ' {{ profile.orders[5].total }} {{ nick | default("own") }} {{ nick is defined }}", "w": {{ nick }}}'
    )
    made = render(source, PROFILE, missing=policy)
    assert made.document == {"v": "Hi there FRIEND silver 0 own false", "w": "friend"}


def test_null_is_null_outside_of_strings_and_a_problem_inside(render: Any) -> None:
    assert render('{"v": {{ profile.vars.tier }}}', PROFILE).document == {"v": None}
    made = render('{"v": "{{ profile.vars.tier }}", "w": "{{ "a" ~ none }}"}', PROFILE)
    assert (made.problems[0].code, made.problems[0].detail) == (
        "render.null",
        "`profile.vars.tier` is null, and text is needed here.",
    )
    assert len(made.problems) == 2


def test_a_problem_in_a_snippet_names_it_and_who_called_it() -> None:
    program = compile(
        '{% import "greet" as g %}\n{"v": "{{ g.hi(profile) }} {% include "foot" %}"}',
        snippets={"greet": "{% macro hi(p) %}\nHi {{ p.nick }}{% endmacro %}", "foot": "\n\n  {{ shop }}"},
    )
    made = program.render(PROFILE, now=None)  # type: ignore[arg-type]
    assert [(each.template, each.line, each.column) for each in made.problems] == [("greet", 2, 7), ("foot", 3, 6)]
    assert made.problems[0].detail == "`p.nick` is missing (called from line 2 of the template)."


def test_names_that_take_long_to_compare_are_not_compared(render: Any) -> None:
    made = render('{"v": "{{ ' + "a" * 15_000 + ' }}"}', {"ab" * 7_000: 1, **{f"k{at}": at for at in range(5_000)}})
    assert [each.code for each in made.problems] == ["render.missing"]


def test_no_more_than_fifty_problems_are_told(render: Any) -> None:
    made = render('{"v": "' + "".join(f"{{{{ n{at} }}}}\n" for at in range(200)) + '"}')
    assert [each.code for each in made.problems] == [*["render.missing"] * 50, "render.problems"]
