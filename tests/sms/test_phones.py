"""Phone numbers as people write them, E.164 as vendors take it, masks as people may see it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service import sms


@pytest.mark.parametrize(
    "written",
    [
        "+12025550143",
        " +12025550143\n",
        "(202) 555-0143",
        "202.555.0143",
        "1-202-555-0143",
        "12025550143",
        "tel:+1-202-555-0143",
        "２０２５５５０１４３",
        "+1 (202) 555 0143",
    ],
)
def test_a_number_as_people_write_it_becomes_e164(written):
    assert sms.to_e164(written) == "+12025550143"


def test_the_region_is_the_country_of_numbers_that_name_none():
    assert sms.to_e164("020 7946 0123", "GB") == "+442079460123"
    assert sms.to_e164("011 44 20 7946 0123", "us") == "+442079460123"
    assert sms.to_e164("00 44 20 7946 0123", "FR") == "+442079460123"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "no phone number"),
        (" \n", "no phone number"),
        ("2025550143 ext. 9", "extension"),
        ("2025550143x9", "extension"),
        ("2025550143;ext=9", "extension"),
        ("202-555-0143 #9", "extension"),
        ("1-800-FLOWERS", "letters"),
        ("{{ profile.keys.sms }}", "letters"),
        ("001 202 555 0143", "begins with 00"),
        ("+1 111 555 0123", "not one that its country has"),
        ("555-0123", "too few digits"),
        ("2025550143999", "too many digits"),
        ("+999123456789", "country code"),
        ("1" * 200, "200 characters"),
        ("---", "no phone number"),
        ("+", "no phone number"),
    ],
)
def test_what_cannot_be_texted_is_refused_with_a_sentence(written, says):
    with pytest.raises(ValueError, match=says):
        sms.to_e164(written)


def test_a_region_that_does_not_exist_is_a_plain_error():
    with pytest.raises(ValueError, match="country code"):
        sms.to_e164("2025550143", "XX")


@settings(deadline=None)
@given(
    st.one_of(st.text(max_size=40), st.from_regex(r"[+0-9 ().x#;=-]{0,30}", fullmatch=True)),
    st.sampled_from(["US", "GB", "", "ZZ"]),
)
def test_any_text_gives_e164_or_a_sentence_without_the_number(text, region):
    try:
        number = sms.to_e164(text, region)
    except ValueError as error:
        assert str(error).endswith(".")
        assert len(text.strip()) < 5 or text.strip() not in str(error)
    else:
        assert re.fullmatch(r"\+[1-9][0-9]{6,14}", number)
        assert sms.to_e164(number, region) == number


def test_a_toll_free_number_is_a_number_and_is_known_as_toll_free():
    assert sms.is_toll_free(sms.to_e164("1-800-555-0143"))
    assert not sms.is_toll_free("+12025550143")
    assert not sms.is_toll_free("no number")


@settings(deadline=None)
@given(st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True))
def test_a_mask_shows_the_last_four_digits_and_at_most_the_country_code(number):
    shown = re.sub(r"[^0-9]", "", sms.mask(number))
    assert shown.endswith(number[-4:])
    assert len(shown) <= 6


@settings(deadline=None)
@given(st.text(max_size=30))
def test_a_mask_of_anything_else_shows_two_signs_at_most(text):
    if not re.fullmatch(r"\+[0-9]{8,15}", text):
        assert len(sms.mask(text).replace("•", "")) <= 2
