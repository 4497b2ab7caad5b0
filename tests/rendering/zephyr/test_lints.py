"""Lints: legal and probably not meant, each with its place and a hint (section 14 of the reference)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import TemplateInvalid
from service.rendering.zephyr.lints import lint


def codes(source):
    return [each.code.removeprefix("zephyr.") for each in lint(source)]


@pytest.mark.parametrize(
    ("source", "code", "place", "word"),
    [
        ("Hi\n{ pet }", "blank_after_brace", (2, 1), "{pet }"),
        ("{ if x }", "blank_after_brace", (1, 1), "{if x }"),
        ("{mediaUrl = 'u'}", "unused", (1, 2), '"mediaUrl"'),
        ("{profile.vars.nick}", "unguarded", (1, 1), "?:"),
        ("{p = 1}${p.price}", "cents", (1, 9), "/ 100"),
        ("{p = 1}{number(p.price, 2)}", "cents", (1, 8), "/ 100"),
        ("{p = 1}{'$' + p.price}", "cents", (1, 8), "/ 100"),
        ('{n = 1}{\n"messageName": "sale {n}"\n}', "message_name", (2, 22), "20"),
        ("{assert(x)}", "stops_only_this", (1, 2), "flow"),
        ("{x = sort(content, 'price')}{x}", "sort_changes", (1, 6), "content + []"),
        ("{x = split('a', ', ')}{x}", "split_characters", (1, 6), "replace"),
        ("{x = 1}{y = x[-1]}{y}", "negative_index", (1, 13), "length(x) - 1"),
        ("{x = map([1], lambda length: 1)}{x}", "shadowed", (1, 15), "another name"),
        ("{round(2.5)}", "round", (1, 1), "number"),
        ('{x = \'a\' + "it\'s" + "b"}{x}', "double_quotes", (1, 12), "'it\\'s'"),
    ],
)
def test_each_lint_names_place_and_remedy(source, code, place, word):
    found = [each for each in lint(source) if each.code == f"zephyr.{code}"]
    assert [(each.line, each.column) for each in found] == [place]
    assert word in found[0].hint


@pytest.mark.parametrize(
    "source",
    [
        '{\n"to": "{profile.keys.sms ?: \'\'}"\n}',
        '{ "to": "x" }',
        "{x = 1}{x}",
        "{if nick}{nick}{/if}",
        "{foreach items as i}${number(i.price / 100, 2)}{/foreach}",
        '{\n"messageName": "sale",\n"body": "{x = 1}{x}"\n}',
        "{a = [3, 1]}{b = sort(a)}{b}",
        "{total = 0}{foreach items as i}{total = total + i.qty}{/foreach}{total}",
        "{f = lambda x: x}{f(1)}",
    ],
)
def test_what_is_meant_is_left_alone(source):
    assert codes(source) == []


def test_the_recommendation_sample_never_uses_its_image():
    """S1-29."""
    source = (
        "{items = personalize({'algorithm': 'trending', 'size': 1})}\n{title = items[0].title}\n"
        "{mediaUrl = items[0].image}\n"
        '{\n"body": "Everybody looks at {title}."\n}'
    )
    (found,) = lint(source)
    assert (found.code, found.line) == ("zephyr.unused", 3)
    assert "`mediaUrl`" in found.detail


@given(st.text(st.sampled_from("{}[]()'\"=?:,.+-*/<>!&|abif 1\n"), max_size=60))
def test_lints_never_fail(source):
    try:
        found = lint(source)
    except TemplateInvalid:
        return
    assert all(each.line and each.column and each.hint for each in found)
