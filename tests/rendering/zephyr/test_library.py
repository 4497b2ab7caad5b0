"""The function library, one documented (or decided) fact a row: section 6 of the reference."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from service.errors import TemplateInvalid
from service.rendering import compile
from service.rendering.zephyr.library import FUNCTIONS, INSTEAD, TOPICS

ITEMS = {
    "items": [
        {"title": "b", "price": 300, "url": "u1", "vars": {"a.b": 1}},
        {"title": "C", "price": 100, "url": "u2", "vars": {"a.b": 1}},
        {"title": "a", "price": 200, "url": "u1", "vars": {}},
    ]
}


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        # lists and objects
        ("contains('teapot', 'pot')", True),
        ("contains([1, 'a'], 'a')", True),
        ("contains([1], '1')", False),
        ("contains({'k': 'v'}, 'v')", True),
        ("contains({'k': 'v'}, 'k')", False),
        ("contains(missing, 'x')", False),
        ("length(missing)", 0),
        ("length([1, 2])", 2),
        ("length({'a': 1})", 1),
        ("length('tea')", 3),
        ("first([7, 8])", 7),
        ("first('green tea')", "green"),
        ("first(missing)", None),
        ("slice([1, 2, 3, 4], 1, 2)", [2, 3]),
        ("slice([1, 2, 3, 4], 2)", [3, 4]),
        ("slice([1, 2], 5)", []),
        ("slice(missing, 0, 2)", []),
        ("sort(['b', 'C', 'a'])", ["C", "a", "b"]),
        ("sort([3, 10, 2])", [2, 3, 10]),
        ("map(sort(items, 'price'), lambda i: i.title)", ["C", "a", "b"]),
        ("map(sort(items, '-price'), lambda i: i.title)", ["b", "a", "C"]),
        ("map(sort(items, 'title'), lambda i: i.title)", ["C", "a", "b"]),
        ("map(sort(items, 'vars.a'), lambda i: i.title)", ["b", "C", "a"]),
        ("sort([1, 2, 3], lambda a, b: b - a)", [3, 2, 1]),
        ("sort(['bb', 'a'], lambda a, b: compare(length(a), length(b)))", ["a", "bb"]),
        ("filter([1, 2, 3], lambda n: n > 1)", [2, 3]),
        ("filter(missing, lambda n: n)", []),
        ("length(filter_content(items, lambda i: false))", 0),
        ("map([1, 2], lambda n: n * 10)", [10, 20]),
        ("map(dedupe(items), lambda i: i.title)", ["b", "C"]),
        ("map(dedupe(items, 'price'), lambda i: i.title)", ["b", "C", "a"]),
        ("map(dedupe(items, 'vars.a.b'), lambda i: i.title)", ["b", "a"]),
        ("dedupe([1, 1.0, 'a', 'a'])", [1, "a"]),
        ("intersect([3, 1, 2], [2, 3])", [3, 2]),
        ("length(content_intersect(items, [{'url': 'u1'}]))", 2),
        ("range(2, 8, 3)", [2, 5, 8]),
        ("range(1, 3)", [1, 2, 3]),
        ("range(3, 1)", []),
        ("range(3, 1, -1)", [3, 2, 1]),
        ("keys({'a': 1, 'b': 2})", ["a", "b"]),
        ("values({'a': 1, 'b': 2})", [1, 2]),
        ("length(bucket_list(items, 'url').u1)", 2),
        ("length(bucket_list(items, lambda i: i.price > 150)['true'])", 2),
        ("list('x')", ["x"]),
        ("sort(shuffle([2, 1, 3]))", [1, 2, 3]),
        # strings
        ("substr('abcdef', 2, 3)", "cde"),
        ("substr('abc', 1)", "bc"),
        ("substr('abc', 9)", ""),
        ("replace('a-b-c', '-', '+')", "a+b+c"),
        ("replace('a.c', '.', 'b')", "abc"),
        ("replace(101, 0, 'x')", "1x1"),
        ("split('a;b, c', ';, ')", ["a", "b", "c"]),
        ("split(';;', ';')", []),
        ("join(['a', 1, true], '-')", "a-1-true"),
        ("upper('é')", "É"),
        ("lower('ABC')", "abc"),
        ("title('mcDonald of oz')", "McDonald Of Oz"),
        ("strpos('banana', 'an', 2)", 3),
        ("strpos('banana', 'x')", -1),
        ("strrpos('banana', 'an')", 3),
        ("strrpos('banana', 'an', 2)", 1),
        ("u('/ ? = & +')", "%2F%20%3F%20%3D%20%26%20%2B"),
        ("u('ü')", "%C3%BC"),
        ("h('<a b=\"c\">&')", "&lt;a b=&quot;c&quot;&gt;&amp;"),
        ("strip_tags('<p>a<br>b</p>')", "ab"),
        ("text('<p>a<br>b &amp; c</p>')", "a\nb & c"),
        ("md5('a')", "0cc175b9c0f1b6a831c399e269772661"),
        ("sha1('a')", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
        ("sha256('a')", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("base64_encode('a?>')", "YT8+"),
        ("base64_decode('YT8+')", "a?>"),
        ("base64_decode('%%%')", None),
        ("upper(missing)", ""),
        # numbers and types
        ("number(1234567.5)", "1,234,568"),
        ("number(2.5)", "2"),
        ("number(3.5)", "4"),
        ("number(1250 / 100, 2)", "12.50"),
        ("number(0.25, 2)", ".25"),
        ("number(0, 2)", ".00"),
        ("number(0)", "0"),
        ("number(-0.25, 2)", "-.25"),
        ("number(missing, 2)", ".00"),
        ("number('12.5', 1)", "12.5"),
        ("number(0.25, '0.00')", "0.25"),
        ("number(1234.5, '#,##0.00')", "1,234.50"),
        ("number(1234.5, '$#,##0.##')", "$1,234.5"),
        ("number(0.256, '0.#%')", "25.6%"),
        ("number(-3, '0;(0)')", "(3)"),
        ("number(7, '000')", "007"),
        ("number(7, \"0 'items'\")", "7 items"),
        ("int(7.9)", 7),
        ("int('12')", 12),
        ("int('x')", 0),
        ("abs(-3)", 3),
        ("sqrt(9)", 3),
        ("exp(2, 10)", 1024),
        ("exp(4, 0.5)", 2),
        ("random(1)", 0),
        ("random() < 1", True),
        ("compare(2, 1)", 1),
        ("compare('b', 'f')", -4),
        ("compare('abc', 'a')", 2),
        ("type('x')", "string"),
        ("map([1, 1.5, true, null, [], {}], lambda v: type(v))", ["int", "float", "bool", "null", "list", "object"]),
        # people
        ("length(personalize({'algorithm': 'popular', 'content': items, 'size': 2}))", 2),
        ("length(personalize({'algorithm': 'popular', 'content': items}))", 3),
        ("horizon_interest('tea,mugs')", 0),
        ("length(horizon_select(items, 2))", 2),
        ("user_engagement()", 0),
        ("int(distance(0, 0, 0, 1, 'km'))", 111),
    ],
)
def test_functions_give_what_is_documented_or_decided(value, expression, result):
    made = value(expression, ITEMS)
    assert made == result
    assert type(made) is type(result)


def test_round_gives_a_double(value):
    assert repr(value("round(7.6)")) == "8.0"


def test_sort_reorders_the_array_itself(text):
    assert text("{x = [3, 1, 2]}{y = sort(x)}{x}") == "[1, 2, 3]"


def test_push_takes_the_name_of_a_list_and_prints_nothing(text):
    assert text("{x = [1]}{push('x', 2)}{push('new', 3)}{x}{new}") == "[1, 2][3]"
    assert text("{push('x', 1) ? 'true' : 'not'}") == "not"


def test_set_is_an_assignment(text):
    assert text("{set('x', 3)}{x}") == "3"


def test_chance_is_the_same_for_the_same_delivery(render):
    source = '{\n"a": {random(1000000)}, "b": {shuffle([1, 2, 3, 4, 5, 6, 7, 8])}\n}'
    one, two, other = (render(source, seed=seed).document for seed in ("dlv_1", "dlv_1", "dlv_2"))
    assert one == two != other


# -- dates and times

NOW_TEXTS = [
    ("now", "2026-02-03 09:00:00"),
    ("today", "2026-02-03 00:00:00"),
    ("tomorrow", "2026-02-04 00:00:00"),
    ("yesterday noon", "2026-02-02 12:00:00"),
    ("midnight", "2026-02-03 00:00:00"),
    ("Mar 3, 2027", "2027-03-03 00:00:00"),
    ("March 3", "2026-03-03 00:00:00"),
    ("march 3rd, 2027 at 4 PM", "2027-03-03 16:00:00"),
    ("3 March 2027", "2027-03-03 00:00:00"),
    ("3/3/27", "2027-03-03 00:00:00"),
    ("12/31/2026", "2026-12-31 00:00:00"),
    ("2027-03-03", "2027-03-03 00:00:00"),
    ("2027-03-03 16:15", "2027-03-03 16:15:00"),
    ("2027-03-03T16:15:30Z", "2027-03-03 16:15:30"),
    ("2027-03-03T16:15:30.123Z", "2027-03-03 16:15:30"),
    ("2027-03-03T16:15:30+02:00", "2027-03-03 14:15:30"),
    ("2027-03-03T16:15:30-0500", "2027-03-03 21:15:30"),
    ("4:15 PM", "2026-02-03 16:15:00"),
    ("12:05 am", "2026-02-03 00:05:00"),
    ("16:15:00", "2026-02-03 16:15:00"),
    ("4 PM", "2026-02-03 16:00:00"),
    ("+90 minutes", "2026-02-03 10:30:00"),
    ("-2 hours", "2026-02-03 07:00:00"),
    ("+3 weeks Friday 4 PM", "2026-02-27 16:00:00"),
    ("2 days ago", "2026-02-01 09:00:00"),
    ("+1 month", "2026-03-03 09:00:00"),
    ("Jan 31, 2027 +1 month", "2027-02-28 00:00:00"),
    ("Mar 3, 2027 +2 days", "2027-03-05 00:00:00"),
    ("+1 year", "2027-02-03 09:00:00"),
    ("Friday", "2026-02-06 00:00:00"),
    ("Tuesday", "2026-02-03 00:00:00"),
    ("next Tuesday", "2026-02-10 00:00:00"),
    ("last Friday", "2026-01-30 00:00:00"),
    ("next month", "2026-03-03 09:00:00"),
    ("+2 weekdays", "2026-02-05 09:00:00"),
    ("@1770109200", "2026-02-03 09:00:00"),
]


@pytest.mark.parametrize(("said", "moment"), NOW_TEXTS)
def test_time_reads_moments_said_in_words(text, said, moment):
    assert text("{date('yyyy-MM-dd HH:mm:ss', time(when))}", {"when": said}) == moment


@pytest.mark.parametrize(
    "said", ["", "soon", "Mar 45, 2027", "99/99/2027", "25:99", "13 PM", "now or never", "x" * 500, "+999999 years"]
)
def test_a_time_that_cannot_be_read_is_null_with_a_warning(render, said):
    made = render('{\n"a": {time(when)}\n}', {"when": said})
    assert made.document == {"a": None}
    assert "zephyr.time" in {each.code for each in made.warnings}


def test_time_takes_its_now_in_milliseconds(value):
    assert value("time('+1 hour', 1770109200000)") == 1770112800


def test_time_uses_the_zone_of_the_account(render):
    source = '{\n"a": {time(\'4 PM\')}, "b": "{date(\'h:mm a z\')}"\n}'
    made = render(source, now=datetime(2026, 7, 1, 9, tzinfo=ZoneInfo("America/New_York")))
    assert made.document == {"a": int(datetime(2026, 7, 1, 20, tzinfo=UTC).timestamp()), "b": "9:00 AM EDT"}


@pytest.mark.parametrize(
    ("pattern", "printed"),
    [
        ("yyyy-MM-dd", "2026-02-03"),
        ("d/M/yy", "3/2/26"),
        ("MMM d, yyyy", "Feb 3, 2026"),
        ("MMMM", "February"),
        ("E EEEE", "Tue Tuesday"),
        ("h:mm a", "9:05 AM"),
        ("HH:mm:ss", "09:05:07"),
        ("yyyy-MM-dd'T'HH:mm:ss'Z'", "2026-02-03T09:05:07Z"),
        ("yyyy-MM-dd''HH", "2026-02-03'09"),
        ("EEEE 'the' d", "Tuesday the 3"),
        ("Z X", "+0000 Z"),
    ],
)
def test_dates_print_by_simple_date_format(text, pattern, printed):
    moment = int(datetime(2026, 2, 3, 9, 5, 7, tzinfo=UTC).timestamp())
    assert text("{date(pattern, moment)}", {"pattern": pattern, "moment": moment}) == printed


def test_a_date_without_arguments_is_now_in_the_short_form(text):
    assert text("{date()}") == "Feb 3, 2026"


@pytest.mark.parametrize(("pattern", "word"), [("YYYY", "y"), ("%Y", "y"), ("'open", "quotes"), ("q", "Letters")])
def test_a_wrong_pattern_names_what_to_write(render, pattern, word):
    (problem,) = render('"{date(p)}"', {"p": pattern}).problems
    assert problem.code == "zephyr.date"
    assert word in problem.hint


def test_milliseconds_for_seconds_are_a_problem(codes):
    assert codes("{date('yyyy', 1770109200000000)}") == ["zephyr.date"]


# -- whether to send, and effects


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{assert(0)}", "The template's assert() did not hold."),
        ("{assert(false, 'no phone')}", "no phone"),
        ("{cancel(1, 'enough')}", "enough"),
        ("{assert(null, {'why': 'x'})}", '{"why":"x"}'),
        ("{points < 50 ? cancel(true, 'few') : ''}", "few"),
    ],
)
def test_assert_and_cancel_suppress(render, source, reason):
    made = render(source + '{\n"a": 1\n}', {"points": 3})
    assert (made.suppressed, made.document) == (reason, None)


def test_assert_and_cancel_that_do_not_apply_print_nothing(render):
    assert render('{assert(1)}{cancel(0)}{\n"a": 1\n}').document == {"a": 1}


@pytest.mark.parametrize(
    "call", ["api_user({'vars': {}})", "api_event({})", "api_send('welcome', 'a@example.com')", "append_user_var('a', 1)"]
)
def test_effects_outside_are_shown_and_never_carried_out(render, call):
    made = render("{" + call + '}{\n"a": 1\n}')
    assert made.document == {"a": 1}
    (warning,) = made.warnings
    assert warning.code == "zephyr.effect"
    assert call.partition("(")[0] in warning.detail


def test_interest_can_be_set_for_this_message(text):
    assert text("{horizon_set_interest('tea,mugs', 3)}{horizon_interest('mugs')}") == "3"


def test_promotion_without_codes_is_a_problem(codes):
    assert codes("{promotion().code}") == ["zephyr.no_promotion"]


def test_personalize_names_unknown_algorithms_and_parameters(render):
    source = "{x = personalize({'algorithm': 'best', 'colour': 1, 'content': [{'title': 'a'}, 1]})}{\n\"n\": {length(x)}\n}"
    made = render(source)
    assert {each.code for each in made.warnings} == {"zephyr.algorithm", "zephyr.parameter", "zephyr.no_library"}
    assert made.document == {"n": 1}


# -- what the compiler says


def problems(source):
    with pytest.raises(TemplateInvalid) as caught:
        compile(source, dialect="zephyr")
    return caught.value.problems


@pytest.mark.parametrize(
    ("call", "word"),
    [("uper('x')", "upper"), ("trim(x)", "replace"), ("default(x, 1)", "?:"), ("max(x)", "sort"), ("lenght(x)", "length")],
)
def test_a_function_that_is_not_there_is_named_with_what_to_write(call, word):
    (problem,) = problems('{\n"a": "{' + call + '}"\n}')
    assert (problem.code, problem.line, problem.column) == ("zephyr.unknown_function", 2, 8)
    assert word in problem.hint


@pytest.mark.parametrize("call", ["contains('a')", "contains('a', 'b', 'c')", "length()", "upper('a', 'b')", "random(1, 2)"])
def test_a_wrong_number_of_arguments_is_a_problem(call):
    assert [each.code for each in problems('"{' + call + '}"')] == ["zephyr.arguments"]


def test_a_lambda_may_have_the_name_of_a_function(text):
    assert text("{upper('x')}{upper = lambda s: s + '!'}{upper('x')}") == "Xx!"


def test_using_what_is_not_documented_is_a_warning_once():
    warnings = compile('"{keys(a)} {keys(b)} {upper(c)}"', dialect="zephyr").warnings
    assert [(each.code, each.column) for each in warnings] == [("zephyr.undocumented", 3)]
    assert "in the order of the object" in warnings[0].detail


@pytest.mark.parametrize("entry", FUNCTIONS.values(), ids=FUNCTIONS)
def test_every_function_has_words_and_an_example(entry):
    assert entry.description.rstrip(".") != ""
    assert ">>>" in (entry.call.__doc__ or "")
    assert entry.topic in {topic.__name__.rpartition(".")[2] for topic in TOPICS}


def test_no_substitute_is_offered_for_a_function_that_is_there():
    assert not set(INSTEAD) & set(FUNCTIONS)


@pytest.mark.parametrize("entry", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize(
    "argument",
    [
        None,
        True,
        -1,
        10**30,
        1e300,
        math.pi,
        "",
        "x" * 300,
        "{",
        "\ud83d",
        [],
        [None, [1, "a"]],
        {},
        {"algorithm": 1, "a": {}},
    ],
    ids=str,
)
def test_every_function_ends_as_a_value_or_a_problem_whatever_it_is_given(render, entry, argument):
    many = entry.most if entry.most is not None else entry.least + 1
    for count in range(entry.least, many + 1):
        call = f"{entry.name}({', '.join(['a'] * count)})"
        made = render('{\n"v": {v = ' + call + "}{length(v)}\n}", {"a": argument})
        assert made.suppressed or made.problems or set(made.document) == {"v"}
        assert "render.type" not in [each.code for each in made.problems if "with these values" in each.detail], (
            made.problems
        )
