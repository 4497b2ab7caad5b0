"""Values and operators, one documented (or decided) rule a test: sections 4, 5 and 9 of the reference."""

from __future__ import annotations

import pytest

from service.errors import TemplateInvalid
from service.rendering import compile

# -- reaching in


@pytest.mark.parametrize(
    "path", ["no", "no.such", "a.no", "a.b.no", "list[9]", "list[-1]", "list.x", "text.x", "text[0]", "n.x", "null_.x"]
)
def test_what_is_missing_is_null_and_prints_nothing(text, path):
    context = {"a": {"b": {}}, "list": [1], "text": "t", "n": 1, "null_": None}
    assert text(f"[{{{path}}}]{{{path} == null}}", context) == "[]true"


def test_dots_and_brackets_reach_in_and_lists_count_from_0(text):
    context = {"p": {"my-key": {"list": [{"x": "first"}, {"x": "second"}]}}}
    assert text("{p['my-key'].list[0].x} {p['my-key']['list'][1].x}", context) == "first second"


def test_an_index_may_be_computed(text):
    assert text("{i = 1}{list[i]} {list[i - 1]} {object['b' + 1]}", {"list": ["a", "b"], "object": {"b1": "c"}}) == "b a c"


@pytest.mark.parametrize("name", ["items", "keys", "get", "copy", "__class__", "pop", "values"])
def test_a_name_after_a_dot_means_the_data(text, name):
    assert text("{x." + name + "}|{y." + name + "}", {"x": {name: "data"}, "y": {}}) == "data|"


# -- printing


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        ("3", "3"),
        ("2.5 + 1.5", "4"),
        ("4.5 * 2", "9"),
        ("7 / 2", "3.5"),
        ("8 / 2", "4"),
        ("round(7.6)", "8.0"),
        ("round(7.6) + 1", "9"),
        ("null", ""),
        ("true", "true"),
        ("false", "false"),
        ("['red', 'two words', 3]", "[red, two words, 3]"),
        ("[]", "[]"),
        ("[[1], [null, true]]", "[[1], [null, true]]"),
        ("{'a': [1, 'x']}", '{"a":[1,"x"]}'),
        ("100000 * 100000 * 100000 * 10.5", "10500000000000000"),
        ("1 / 100000000", "0.00000001"),
    ],
)
def test_values_print_as_documented(text, expression, printed):
    assert text("{" + expression + "}") == printed


def test_a_lambda_cannot_be_printed(codes):
    assert codes("{lambda x: x}") == ["render.type"]


def test_missing_values_that_print_nothing_are_a_warning_with_a_place(render):
    made = render('{\n"a": "{nick}"\n}')
    (warning,) = made.warnings
    assert (warning.code, warning.line, warning.column) == ("zephyr.empty", 2, 7)
    assert made.document == {"a": ""}


def test_missing_values_that_leave_a_hole_in_a_joined_text_are_a_warning_with_a_place(render):
    made = render('{line = "Hi " + profile.vars.first_name + "!"}{total = total + 1}{\n"a": "{line}"\n}')
    (warning,) = made.warnings
    assert (warning.code, warning.line, warning.column) == ("zephyr.empty", 1, 17)
    assert "`profile.vars.first_name`" in warning.detail


def test_a_missing_value_with_a_policy_is_what_the_policy_says(render):
    made = render('{\n"a": "{profile.vars.nick} {nick}"\n}', missing={"profile.vars.nick": "friend", "nick": "pal"})
    assert made.document == {"a": "friend pal"}
    assert made.warnings == ()


def test_a_policy_does_not_answer_what_the_template_asks_itself(text):
    policy = {"nick": "friend"}
    assert text("{nick ?: 'pal'} {if nick}yes{else}no{/if} {nick}", missing=policy) == "pal no friend"


# -- operators


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("1 + 2", 3),
        ("'9' + 4", "94"),
        ("4 + '9'", "49"),
        ("1 + 2 + 'a' + 1 + 2", "3a12"),
        ("[1] + [2, 3]", [1, 2, 3]),
        ("{'a': 1, 'b': 2} + {'b': 3}", {"a": 1, "b": 3}),
        ("null + 'x'", "x"),
        ("'x' + missing", "x"),
        ("missing + missing", None),
        ("missing + [1]", [1]),
        ("missing + 2", 2),
        ("true + 'x'", "truex"),
        ("[1, 'a'] + 'x'", "[1, a]x"),
        ("[1] + 2", [1, 2]),
        ("7 - 10", -3),
        ("'abc' * 2", 0),
        ("'3' * 2", 6),
        ("missing / 100", 0),
        ("5 / 0", None),
        ("5 % 0", None),
        ("17 % 5", 2),
        ("-17 % 5", -2),
        ("7.5 % 2", 1.5),
        ("2 + 3 * 4 - 1", 13),
        ("(2 + 3) * 4", 20),
        ("-(2)", -2),
    ],
)
def test_arithmetic_and_joining(value, expression, result):
    made = value(expression)
    assert made == result
    assert type(made) is type(result)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("2 == 2.0", True),
        ("2 == '2'", False),
        ("true == 1", False),
        ("missing == null", True),
        ("'a' == 'a'", True),
        ("'a' == 'A'", False),
        ("[1, {'a': 2}] == [1.0, {'a': 2}]", True),
        ("[1] == [1, 2]", False),
        ("{'a': 1} == {'b': 1}", False),
        ("2 != 3", True),
        ("1 < 2", True),
        ("2 <= 2", True),
        ("'a' < 'b'", True),
        ("'Z' < 'a'", True),
        ("missing < 1", False),
        ("1 > missing", False),
        ("null >= null", False),
        ("'10' > 9", True),
        ("'ten' > 9", False),
        ("[1] > 0", False),
        ("i % 2 == 0", True),
    ],
)
def test_comparisons(value, expression, result):
    assert value(expression, {"i": 4}) is result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("0", False),
        ("''", False),
        ("null", False),
        ("false", False),
        ("missing", False),
        ("0.0", False),
        ("1", True),
        ("'0'", True),
        ("' '", True),
        ("[]", True),
        ("{}", True),
        ("-1", True),
    ],
)
def test_false_are_0_empty_text_null_and_false_only(text, expression, result):
    assert text("{if (" + expression + ")}yes{else}no{/if}") == ("yes" if result else "no")


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("5 && 'x'", True),
        ("0 || 'x'", True),
        ("0 || ''", False),
        ("!'x'", False),
        ("!missing", True),
        ("1 && 2 && 0", False),
    ],
)
def test_logic_returns_booleans(value, expression, result):
    assert value(expression) is result


def test_logic_stops_as_soon_as_the_result_is_known(text):
    assert text("{n = 0}{false && (n = 1)}{true || (n = 2)}{n}") == "falsetrue0"


@pytest.mark.parametrize(
    ("expression", "result"), [("'' ?: 'b'", "b"), ("'a' ?: 'b'", "a"), ("0 ?: null ?: 'c'", "c"), ("[] ?: 1", [])]
)
def test_if_empty_gives_the_first_that_is_true_else_the_last(value, expression, result):
    assert value(expression) == result


# -- scope


def test_a_bare_name_is_the_variable_of_the_profile(text):
    assert text("{pet}={profile.vars.pet}", {"profile": {"vars": {"pet": "Otter"}}}) == "Otter=Otter"


def test_names_are_looked_up_in_the_decided_order(text):
    profile = {"email": "ada@example.com", "vars": {"a": "vars", "b": "vars", "email": "vars"}}
    context = {"b": "posted", "profile": profile}
    assert text("{a} {b} {email}", context) == "vars posted ada@example.com"
    assert text("{b = 'assigned'}{b}", context) == "assigned"
    assert text("{email}", {**context, "email": "posted"}) == "posted"


def test_assignments_inside_blocks_and_lambdas_reach_the_outside(text):
    source = (
        "{foreach [1, 2] as n}{last = n}{if n == 2}{found = 'yes'}{/if}{/foreach}{f = lambda x: y = x}{f(7)}{last}{found}{y}"
    )
    assert text(source) == "2yes7"


def test_an_assignment_never_changes_the_context(render):
    context = {"profile": {"vars": {"n": 1}, "list": [3, 1, 2]}, "items": [{"p": 2}, {"p": 1}]}
    before = repr(context)
    source = (
        "{profile.vars.n = 5}{sort(profile.list)}{push('profile.list', 9)}{foreach items as i}{i.p = 0}{/foreach}"
        "{list = profile.list}{set('profile.vars.m', 1)}"
    )
    made = render(
        source.replace("{sort(profile.list)}", "{x = sort(profile.list)}") + '{\n"n": {profile.vars.n}, "l": {list}\n}',
        context,
    )
    assert made.document == {"n": 5, "l": [1, 2, 3, 9]}
    assert repr(context) == before


def test_a_field_of_an_item_may_be_changed_in_its_loop(text):
    source = "{foreach items as i}{i.price = i.price / 100}{/foreach}{foreach items as i}{i.price};{/foreach}"
    assert text(source, {"items": [{"price": 250}, {"price": 100}]}) == "2.5;1;"


def test_a_field_of_nothing_cannot_be_given_a_value(codes):
    assert codes("{no.such = 1}") == ["zephyr.assign"]


def test_a_list_can_be_written_into_and_grows_at_its_end(value):
    assert value("[1, 2]", {}) == [1, 2]
    assert value("x", {"x": 0}) == 0


def test_items_of_lists_can_be_assigned(text):
    assert text("{x = [1, 2]}{x[0] = 'a'}{x[2] = 'c'}{x}") == "[a, 2, c]"


def test_nothing_is_kept_from_one_render_to_the_next(render):
    source = '{seen = seen + "x"}{list = list ?: []}{push(\'list\', 1)}{\n"a": "{seen}", "n": {length(list)}\n}'
    for _ in range(3):
        assert render(source).document == {"a": "x", "n": 1}


# -- lambdas and comprehensions


def test_a_lambda_is_called_by_its_variables_name(text):
    assert text("{price = lambda cents: '$' + number(cents / 100, 2)}{price(1250)}") == "$12.50"


def test_a_lambda_sees_outer_variables_and_hides_them_with_its_own_names(text):
    assert text("{x = 1}{y = 10}{f = lambda x: x + y}{f(5)} {x}") == "15 1"


def test_a_lambda_remembers_the_names_of_the_lambda_around_it(text):
    assert text("{add = lambda a: lambda b: a + b}{two = add(2)}{two(3)}") == "5"


def test_the_documented_way_to_remove_duplicates_works(text):
    source = "{acc = []}{unique = filter(list, lambda v: contains(acc, v) ? false : acc = acc + [v] || true)}{unique}"
    assert text(source, {"list": ["a", "b", "a", "c", "b"]}) == "[a, b, c]"


def test_a_comprehension_makes_a_list(text):
    assert text("{[n * 2 for n in list if n > 1]}{n}", {"list": [1, 2, 3], "n": "kept"}) == "[4, 6]kept"


def test_a_lambda_with_other_arguments_is_a_problem(codes):
    assert codes("{f = lambda a, b: a}{f(1)}") == ["zephyr.lambda"]
    assert codes("{f = 3}{f(1)}") == ["zephyr.lambda"]


# -- loops


def test_foreach_walks_through_objects(text):
    assert text("{foreach o as k, v}{k}={v};{/foreach}", {"o": {"a": 1, "b": 2}}) == "a=1;b=2;"


def test_foreach_over_nothing_has_no_rounds(text):
    assert text("{foreach no as v}x{/foreach}{foreach [] as v}x{/foreach}.") == "."


@pytest.mark.parametrize(
    "source",
    [
        "{foreach o as k, v}{o['x' + k] = 1}{/foreach}",
        "{list = [1, 2]}{foreach list as v}{push('list', v)}{/foreach}",
        "{list = [1, 2]}{x = map(list, lambda v: push('list', v))}",
    ],
)
def test_changing_what_is_walked_through_is_an_error(codes, source):
    assert codes(source, {"o": {"a": 1, "b": 2}}) == ["zephyr.changed"]


def test_select_takes_the_highest_number_and_the_earlier_of_two(text):
    assert text("{select}{case a}A{/case}{case b}B{/case}{case c}C{/case}{/select}", {"a": 1, "b": 7, "c": 7}) == "B"


def test_switch_takes_the_first_equal_case_and_nothing_else(text):
    source = "{switch x}{case 1}a{/case}{case '1'}b{/case}{case 1}c{/case}{/switch}"
    assert [text(source, {"x": x}) for x in (1, "1", 2)] == ["a", "b", ""]


def test_switches_nest_and_repeat(text):
    inner = "{switch 'x'}{case 'x'}in{/case}{/switch}"
    source = "{foreach [1, 2] as a}{switch a}{case 1}" + inner + "{/case}{case 2}two{/case}{/switch}{/foreach}"
    assert text(source) == "intwo"


# -- includes


def test_a_snippet_shares_the_namespace(text):
    assert text("{x = 1}{include 'a'}{y}", snippets={"a": "[{x}{y = 2}]"}) == "[1]2"


def test_an_include_inside_of_a_snippet_is_not_carried_out(render):
    program = compile("\"{include 'a'}\"", dialect="zephyr", snippets={"a": "x{include 'b'}y", "b": "B"})
    assert [(each.code, each.template, each.column) for each in program.warnings] == [("zephyr.nested_include", "a", 2)]


def test_what_a_snippet_prints_is_escaped_by_where_it_is_included(render):
    made = render('{\n"a": "{include \'name\'}", "b": {include \'name\'}\n}', {"n": 'x"y'}, snippets={"name": "{n}"})
    assert made.document == {"a": 'x"y', "b": 'x"y'}


# -- white space and escaping


def test_nothing_is_trimmed(text):
    assert text("a {x = 1} b\n{if x} c {/if} ") == "a  b\n c  "


def test_output_inside_a_json_string_is_escaped(render):
    made = render('{\n"a": "{x}"\n}', {"x": 'q" b\\ \n \t \u0001 {y}'})
    assert made.document == {"a": 'q" b\\ \n \t \u0001 {y}'}


def test_base64_carries_any_text(text):
    assert text("{base64_encode(x)} {base64_decode(base64_encode(x))}", {"x": 'a"ü'}) == 'YSLDvA== a"ü'


def test_a_problem_in_a_snippet_names_the_snippet_and_its_place(render):
    made = render("\"{include 'a'}\"", {}, snippets={"a": "one\n two {date('q')}"})
    (problem,) = made.problems
    assert (problem.template, problem.line, problem.column) == ("a", 2, 7)


def test_a_snippet_that_cannot_be_read_names_the_snippet(render):
    with pytest.raises(TemplateInvalid) as caught:
        render("\"{include 'a'}\"", {}, snippets={"a": "one\n{x"})
    (problem,) = caught.value.problems
    assert (problem.template, problem.line, problem.column) == ("a", 2, 1)


def test_a_snippet_that_is_not_there_is_a_problem(render):
    with pytest.raises(TemplateInvalid) as caught:
        render("\"\n{include 'foter'}\"", {}, snippets={"footer": "x"})
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.column) == ("template.snippet", 2, 1)
    assert "footer" in problem.hint


def test_the_places_of_problems_are_exact_inside_of_a_tag(render):
    made = render("{x = 'a' +\n  date('q')}{\n\"a\": 1\n}")
    (problem,) = made.problems
    assert (problem.line, problem.column) == (2, 3)
