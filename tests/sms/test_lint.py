"""What a reader or a carrier will dislike, found in the rendered text."""

import importlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service import sms
from service.errors import Problem
from service.sms._words import words

GOOD = "Ada, order 8817 is packed: https://example.com/o/8817"


def problems(body, **facts):
    return [each.code for each in sms.lint(body, **facts).problems]


def warnings(body, **facts):
    return [each.code for each in sms.lint(body, **facts).warnings]


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        "Doors open at 9. Reply STOP to stop.",
        "Kit(s) for you, e.g. the blue one... See you!",
        "Call +1 202-555-0143 or write to ana@example.com.",
        "Your code is 4929 1187.",
        "It costs $34.50 (was $40). Ready?",
        "",
    ],
)
@pytest.mark.parametrize("kind", ["MARKETING", "TRANSACTIONAL"])
def test_a_good_text_has_nothing_against_it(body, kind):
    assert sms.lint(body, subscription_type=kind) == ((), ())


@pytest.mark.parametrize("body", ["{", "a } b", "{name}"])
def test_a_brace_is_a_problem_because_the_vendor_drops_the_message(body):
    [problem] = sms.lint(body).problems
    assert (problem.code, problem.pointer) == ("sms.braces", "/body")
    assert "without a word" in (problem.hint or "")


@pytest.mark.parametrize(
    "markup",
    [
        "{{ name }}",
        "{{",
        "{% if x %}",
        "%%NAME%%",
        "[[name]]",
        "*|FNAME|*",
        "profile.vars.first_name",
        "personalize(3)",
        "date_format(x)",
    ],
)
def test_markup_that_was_not_filled_is_a_problem(markup):
    """S1-33"""
    assert problems(f"Hi {markup}, welcome") == ["sms.leftover_markup"]


def test_a_character_that_makes_it_ucs_2_is_named_with_its_price():
    [warning] = sms.lint("It’s ready. " + "a" * 100).warnings
    assert warning.code == "sms.ucs2"
    assert "`’` (right single quotation mark)" in warning.detail
    assert "2 segments instead of 1" in warning.detail


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("a" * 500, "sms.segments"),
        ("a" * 1601, "sms.too_long"),
        ("Look: https://bit.ly/abc", "sms.public_shortener"),
        ("Look: bit.ly/abc", "sms.public_shortener"),
        ("Look: http://example.com", "sms.link_not_https"),
        ("Look: shop.example.com/a", "sms.link_unqualified"),
        ("Wine for you", "sms.shaft"),
        ("CBD for you", "sms.restricted"),
        ("Your test results are in", "sms.health"),
        ("Card 4111 1111 1111 1111", "sms.card_number"),
        ("Card 378282246310005.", "sms.card_number"),
        ("Number 123-45-6789", "sms.ssn"),
        ("THE DOORS OPEN AT NINE", "sms.shouting"),
        ("Now!!!", "sms.shouting"),
        ("Hi , welcome", "sms.empty_hole"),
        ("Hi  Ada", "sms.empty_hole"),
        ("Hi !", "sms.empty_hole"),
        ("Order () is ready", "sms.empty_hole"),
    ],
)
def test_each_dislike_is_a_warning_of_its_own(body, code):
    assert code in warnings(body)
    assert problems(body) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("Swine and winery", "sms.shaft"),
        ("Card 4111 1111 1111 1112", "sms.card_number"),
        ("See https://example.com/4111111111111111", "sms.card_number"),
        ("Number 000-45-6789", "sms.ssn"),
        ("https://brand.link/x is ours", "sms.public_shortener"),
        ("Write to ana@bit.ly", "sms.public_shortener"),
        ("OK, USA!", "sms.shouting"),
        ("a\n\n  b", "sms.empty_hole"),
    ],
)
def test_what_only_looks_like_it_is_left_alone(body, code):
    assert code not in warnings(body)


def test_a_warning_never_repeats_a_card_or_social_security_number():
    said = str(sms.lint("Card 4111 1111 1111 1111, number 123-45-6789"))
    assert "4111 1111" not in said
    assert "6789" not in said


def test_promotion_in_a_transactional_text_is_told_and_in_a_marketing_text_is_fine():
    assert warnings("Everything 20% off", subscription_type="TRANSACTIONAL") == ["sms.promotional_transactional"]
    assert warnings("Everything 20% off", subscription_type="MARKETING") == []


def test_words_on_how_to_stop_are_asked_for_only_where_the_account_wants_them():
    assert warnings("Doors open at 9", subscription_type="MARKETING") == []
    assert warnings("Doors open at 9", subscription_type="MARKETING", wants_opt_out_hint=True) == ["sms.no_opt_out_hint"]
    assert warnings("Reply STOP to stop", subscription_type="MARKETING", wants_opt_out_hint=True) == []
    assert warnings("Doors open at 9", subscription_type="TRANSACTIONAL", wants_opt_out_hint=True) == []


def test_the_account_says_how_many_segments_are_too_many():
    assert warnings("a" * 200, most_segments=1) == ["sms.segments"]
    assert "sms.segments" in warnings("a" * 1590, most_segments=99)


def test_a_measure_that_is_known_is_not_made_again():
    assert warnings("short", measure=sms.measure("a" * 1000)) == ["sms.segments"]


@pytest.mark.parametrize(
    ("url", "codes"),
    [
        ("https://example.com/a.png", []),
        ("https://example.com/a.JPG?w=1#x", []),
        (None, []),
        ("http://example.com/a.gif", ["sms.media_not_https"]),
        ("https://example.com/a.bmp", ["sms.media_type"]),
    ],
)
def test_an_image_that_carriers_do_not_take_is_told(url, codes):
    assert warnings("Hi", media_url=url) == codes


def test_skipping_fatigue_is_told():
    """S1-21"""
    assert warnings("Hi", skip_fatigue=True) == ["sms.fatigue"]


def test_short_links_need_whole_addresses():
    [warning] = sms.lint("See shop.example.com", use_short_links=True).warnings
    assert "`useShortLinks` shortens whole links only" in (warning.hint or "")


@settings(deadline=None)
@given(st.one_of(st.text(max_size=300), st.text(alphabet='{}[]%|*().,! "\n0149-aA_:/', max_size=300)))
def test_any_text_can_be_looked_at(text):
    found = sms.lint(text, subscription_type="MARKETING", media_url=text, use_short_links=True)
    assert all(isinstance(each, Problem) and each.hint for each in [*found.problems, *found.warnings])
    assert bool(found.problems) or not ("{" in text or "}" in text)
    assert sms.broken(text) == found.problems


@settings(deadline=None)
@given(st.from_regex(importlib.import_module("service.sms.lint")._LEFTOVER))
def test_the_quick_look_misses_no_markup(text):
    assert "sms.leftover_markup" in [each.code for each in sms.broken(text)] or "http" in text.lower()


def test_the_word_lists_say_when_and_from_where():
    import tomllib
    from importlib import resources

    table = tomllib.loads(resources.files("service.sms").joinpath("words.toml").read_text(encoding="utf-8"))
    assert isinstance(table["as_of"], date)
    for language in table["languages"].values():
        assert all(entry["source"] and entry["words"] for entry in language.values())
    lint = importlib.import_module("service.sms.lint")
    assert set(words().topics) == {*lint._POLICIES, "promotional", "opt_out"}
