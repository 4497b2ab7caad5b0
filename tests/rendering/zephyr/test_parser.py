"""The Zephyr reader: braces, tags, blocks, expressions, and a place for every error."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import TemplateInvalid
from service.rendering.zephyr.parser import parse
from service.rendering.zephyr.printer import show
from service.rendering.zephyr.syntax import (
    Assign,
    Call,
    Chain,
    Comment,
    Const,
    Elvis,
    Field,
    Foreach,
    If,
    Include,
    Item,
    Lambda,
    ListOf,
    Name,
    ObjectOf,
    Print,
    Select,
    Set,
    Switch,
    Ternary,
    Text,
    Unary,
    walk,
)


def tree(source):
    return parse(source).body


def expression(source):
    (node,) = tree("{" + source + "}")
    return node.value


def problems(source):
    with pytest.raises(TemplateInvalid) as caught:
        parse(source)
    return caught.value.problems


def problem(source):
    (only,) = problems(source)
    return only


def place(source):
    found = problem(source)
    return found.line, found.column


# -- braces


@pytest.mark.parametrize("source", ["{ pet }", "{\n  x: 1\n}", "{\tx}", "{}", "a } b", "{"])
def test_a_brace_before_white_space_is_text(source):
    assert tree(source) == (Text(source),)


def test_a_tag_inside_literal_braces_is_a_tag():
    assert tree('{\n"ref": "{x}"\n}') == (Text('{\n"ref": "'), Print(Name("x")), Text('"\n}'))


def test_a_brace_before_a_json_key_is_text_with_a_warning():
    template = parse('{"a":{"b" : "{x}"}}')
    assert template.body == (Text('{"a":{"b" : "'), Print(Name("x")), Text('"}}'))
    (warning,) = template.warnings
    assert (warning.code, warning.line, warning.column) == ("zephyr.json_brace", 1, 1)


def test_a_tag_that_begins_with_a_text_is_not_taken_for_json():
    assert tree("{'9' + 4}") == (Print(Chain((Const("9"), Const(4)), ("+",))),)


@pytest.mark.parametrize("source", ["{* x *}", "{** x **}", "{*{if}*}", "{*\n*}"])
def test_comments_print_nothing(source):
    assert [type(node) for node in tree(f"a{source}b")] == [Text, Comment, Text]


def test_two_braces_equal_one():
    assert tree("{{date('yyyy')}}") == (Print(Call(Name("date"), (Const("yyyy"),)), double=True),)


def test_a_tag_may_begin_with_an_object():
    assert tree("{{a: 1}.a}") == (Print(Field(ObjectOf((("a", Const(1)),)), "a")),)


def test_line_breaks_are_allowed_anywhere_in_a_tag():
    assert tree("{x =\n [1,\n 2]\n}") == (Set((Name("x"),), ListOf((Const(1), Const(2)))),)


def test_quotes_protect_braces():
    assert expression("'}{'") == Const("}{")


@pytest.mark.parametrize(
    ("source", "text"),
    [(r"'it\'s'", "it's"), (r'"a\"b"', 'a"b'), (r"'a\\b'", r"a\b"), (r"'a\nb'", "a\nb"), (r"'\d'", r"\d")],
)
def test_a_backslash_escapes_the_quote(source, text):
    assert expression(source) == Const(text)


# -- expressions


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("a+b*c", "a + b * c"),
        ("(a+b)*c", "(a + b) * c"),
        ("a-b-c", "a - b - c"),
        ("a-(b-c)", "a - (b - c)"),
        ("a||b&&c", "a || b && c"),
        ("(a||b)&&c", "(a || b) && c"),
        ("!a==b", "!a == b"),
        ("!(a==b)", "!(a == b)"),
        ("- -a", "--a"),
        ("a?b:c?d:e", "a ? b : c ? d : e"),
        ("(a?b:c)?d:e", "(a ? b : c) ? d : e"),
        ("a?:b?:c", "a ?: b ?: c"),
        ("a?b?c:d:e", "a ? b ? c : d : e"),
        ("f(a)(b)[0].c['d-e']", "f(a)(b)[0].c['d-e']"),
        ("[x*2 for x in y if x>1]", "[x * 2 for x in y if x > 1]"),
        ("{'a':1,b:2}", "{'a': 1, 'b': 2}"),
        ("lambda a,b:a+b", "lambda a, b: a + b"),
        ("(a%2)==0", "a % 2 == 0"),
    ],
)
def test_operators_bind_as_documented(source, printed):
    assert show(parse(f"{{{source}}}")) == f"{{{printed}}}"


def test_an_assignment_takes_the_whole_right_side():
    assert tree("{x = a || b ? 1 : 2}") == (
        Set((Name("x"),), Ternary(((Chain((Name("a"), Name("b")), ("||",)), Const(1)),), Const(2))),
    )


def test_an_assignment_inside_an_expression_binds_tighter_than_and_and_or():
    lambda_ = expression("lambda v: seen ? false : acc = acc + [v] || true")
    right = lambda_.body.otherwise
    assert isinstance(lambda_, Lambda)
    assert isinstance(right, Chain)
    assert right.operators == ("||",)
    assert isinstance(right.operands[0], Assign)


def test_an_assignment_is_weaker_than_a_comparison():
    assert tree("{flag = i == 0}") == (Set((Name("flag"),), Chain((Name("i"), Const(0)), ("==",))),)


def test_an_assignment_may_name_several_targets():
    assert tree("{a = b.c = 1}") == (Set((Name("a"), Field(Name("b"), "c")), Const(1)),)


def test_the_first_name_of_a_target_may_be_quoted():
    assert tree("{'a' = 1}") == (Set((Name("a"),), Const(1)),)


def test_brackets_and_dots_reach_into_values():
    assert expression("p['my-key'].list[0]") == Item(Field(Item(Name("p"), Const("my-key")), "list"), Const(0))


def test_if_null_writes_the_fallback():
    assert expression("nick ?: 'there'") == Elvis((Name("nick"), Const("there")))


def test_whole_numbers_and_others_stay_apart():
    assert [expression("2"), expression("2.0")] == [Const(2), Const(2.0)]
    assert Const(2) != Const(2.0)
    assert Const(1) != Const(True)


def test_a_long_chain_is_not_deep():
    assert len(expression("+".join(["a"] * 2000)).operands) == 2000


def test_signs_may_be_repeated():
    assert expression("!-a") == Unary("!", Unary("-", Name("a")))


# -- blocks


def test_else_if_is_two_words():
    (node,) = tree("{if a}1{else if b}2{else}3{/if}")
    assert isinstance(node, If)
    assert [condition for condition, _ in node.branches] == [Name("a"), Name("b")]
    assert node.otherwise == (Text("3"),)


def test_foreach_names_the_value_or_key_and_value():
    one, two = tree("{foreach a as v}{/foreach}{foreach a as k, v}{/foreach}")
    assert one == Foreach(Name("a"), None, "v", ())
    assert two == Foreach(Name("a"), "k", "v", ())


def test_white_space_between_cases_prints_nothing():
    (node,) = tree("{switch a}\n {case 1}x{/case}\n {* note *}{case 2}y{/case}\n{/switch}")
    assert isinstance(node, Switch)
    assert [case.value for case in node.cases] == [Const(1), Const(2)]


def test_select_has_cases():
    (node,) = tree("{select}{case 2}A{/case}{/select}")
    assert isinstance(node, Select)


def test_include_has_a_fixed_name():
    assert tree("{include 'footer'}") == (Include("footer"),)


def test_nodes_know_where_they_stand():
    source = "Hi\n{if a}{b.c + 1}{/if}"
    found = {type(node).__name__: node.at for node in walk(parse(source)) if hasattr(node, "at")}
    assert found["If"] == 3
    assert source[found["Field"]] == "b"


# -- errors


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("a\n  {if x", (2, 3)),
        ("{if x}", (1, 1)),
        ("{x\n +}", (2, 3)),
        ("{f(1, 2}", (1, 8)),
        ("a\n{/if}", (2, 1)),
        ("{else}", (1, 1)),
        ("{if a}{else}{else if b}{/if}", (1, 13)),
        ("{if a b}{/if}", (1, 7)),
        ("{if a}{foreach b}{/foreach}{/if}", (1, 17)),
        ("{foreach a}{/foreach}", (1, 11)),
        ("{foreach a as}{/foreach}", (1, 14)),
        ("{break}", (1, 1)),
        ("{case 1}{/case}", (1, 1)),
        ("{switch a}text{/switch}", (1, 11)),
        ("{switch a}{b}{/switch}", (1, 11)),
        ("{include footer}", (1, 10)),
        ("{f() = 1}", (1, 2)),
        ("{it's}", (1, 4)),
        ("{* x", (1, 1)),
        ("{{x}", (1, 4)),
        ("{[1, 2}", (1, 7)),
        ("{a ? b}", (1, 7)),
        ("{a.}", (1, 4)),
        ("{1 2}", (1, 4)),
    ],
)
def test_every_error_has_its_line_and_column(source, where):
    assert place(source) == where


def test_all_errors_come_at_once():
    assert [(each.line, each.column) for each in problems("{a b}\n{c d}\n{/if}")] == [(1, 4), (2, 4), (3, 1)]


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("{if a}{elseif b}{/if}", "{else if"),
        ("{if a}x{endif}{/if}", "{/if}"),
        ("{for x in y}", "{foreach"),
        ("{% if a %}", "{if x}"),
        ("{a and b}", "&&"),
    ],
)
def test_words_of_other_template_languages_are_named_with_what_to_write(source, word):
    assert any(word in (each.hint or "") for each in problems(source))


def test_a_pipe_is_named():
    assert "upper(name)" in problem("{name | upper}").detail


@pytest.mark.parametrize(
    "source",
    [
        "{" + "(" * 5000,
        "{" * 5000,
        "{x" + "[0" * 5000,
        "{" + "!" * 5000 + "x}",
        "{a" + ".b" * 5000 + "}",
        "{" + "a?:b?" * 3000 + "}",
        "{" + "a?b:" * 3000 + "c}",
        "{a" + "=a" * 5000 + "}",
        "{if a}" * 3000,
        "{switch a}{case 1}" * 1500 + "{/case}{/switch}" * 1500,
        "{lambda a:" * 2000,
        "{" + "lambda a:" * 2000 + "}",
        "{f(" * 3000,
        "{{{{'" * 2000,
        '{"\\' * 5000,
        "{*" * 5000,
        "{" + "9" * 5000 + "}",
    ],
)
def test_hostile_nesting_is_a_problem_or_a_tree(source):
    limit = sys.getrecursionlimit()
    try:
        parse(source)
    except TemplateInvalid as error:
        assert error.problems
    assert sys.getrecursionlimit() == limit


# -- printing and reading again

PIECES = st.sampled_from(
    [
        *"{}()[]'\"\\=!<>+-*/%?:.,| \n&",
        "{if ", "{else}", "{else if ", "{/if}", "{foreach ", " as ", "{/foreach}", "{switch ", "{case ", "{/case}",
        "{/switch}", "{select}", "{/select}", "{break}", "{continue}", "{include 'a'}", "{*", "*}", "{{", "}}", "lambda ",
        " for ", " in ", " if ",
        "a", "bc", "1", "2.5", "'x'", '"y"', "true", "null", "?:", "==", "&&", "||", '{"k":', "äß", "\u2028",
    ]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join)))
def test_any_input_gives_a_tree_or_problems(source):
    try:
        template = parse(source)
    except TemplateInvalid as error:
        assert all(each.line and each.column and each.detail for each in error.problems)
    else:
        assert parse(show(template)) == template


NAMES = st.sampled_from(["a", "b", "item", "in", "as"])
ATOMS = st.one_of(
    st.integers(0, 10**9).map(str),
    st.floats(0, 1e6).map("{:f}".format),
    NAMES,
    st.sampled_from(["true", "null", "'it\\'s'", '"q"', "[]", "{}"]),
)  # fmt: skip


def _larger(inner):
    two = st.tuples(inner, inner)
    marks = st.sampled_from(["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||", "?:"])
    return st.one_of(
        st.tuples(inner, marks, inner).map(" ".join),
        inner.map("({})".format),
        inner.map("!{}".format),
        st.tuples(inner, inner, inner).map(lambda t: "{} ? {} : {}".format(*t)),
        two.map(lambda t: "f({}, {})".format(*t)),
        two.map(lambda t: "({})[{}]".format(*t)),
        st.tuples(NAMES, inner).map(lambda t: "({} = ({}))".format(*t)),
        st.tuples(NAMES, inner).map(lambda t: "(lambda {}: {})".format(*t)),
        st.tuples(inner, NAMES, inner, inner).map(lambda t: "[{} for {} in ({}) if ({})]".format(*t)),
        two.map(lambda t: "{{'k': {}, m: {}}}".format(*t)),
    )


EXPRESSIONS = st.recursive(ATOMS, _larger, max_leaves=8)


@given(EXPRESSIONS, st.sampled_from(["{{{}}}", "{{x = {}}}", "{{if {}}}a{{/if}}", "{{{{{}}}}}"]))
def test_printing_and_reading_again_gives_the_same_tree(source, around):
    whole = around.format(source)
    try:
        template = parse(whole)
    except TemplateInvalid:
        return
    assert parse(show(template)) == template
