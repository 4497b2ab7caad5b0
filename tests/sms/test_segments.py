"""Counting segments: what one message holds, how a longer one is packed, what to tell the author."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service import sms
from service.sms._alphabet import BASIC, EXTENSION

GSM_TEXT = st.text(alphabet=BASIC + EXTENSION, max_size=500)
ANY_TEXT = st.text(
    alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("’é€^😀❤\ufe0f\u0301\r\n ")), max_size=400
)


def packed(text):
    """The definition, character by character: fill a part until the next character does not fit."""
    gsm = all(each in BASIC + EXTENSION for each in text)
    cost = (lambda c: 2 if c in EXTENSION else 1) if gsm else (lambda c: 2 if ord(c) > 0xFFFF else 1)
    alone, part = (160, 153) if gsm else (70, 67)
    total = sum(map(cost, text))
    if total <= alone:
        return ("GSM-7" if gsm else "UCS-2"), total, [text] if text else [], alone - total
    parts, room = [""], part
    for each in text:
        if cost(each) > room:
            parts.append("")
            room = part
        parts[-1] += each
        room -= cost(each)
    return ("GSM-7" if gsm else "UCS-2"), total, parts, room


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments", "left"),
    [
        ("", "GSM-7", 0, 0, 160),
        ("a", "GSM-7", 1, 1, 159),
        ("a" * 160, "GSM-7", 160, 1, 0),
        ("a" * 161, "GSM-7", 161, 2, 145),
        ("a" * 306, "GSM-7", 306, 2, 0),
        ("a" * 307, "GSM-7", 307, 3, 152),
        ("€" * 80, "GSM-7", 160, 1, 0),
        ("a" * 152 + "€" + "a" * 10, "GSM-7", 164, 2, 141),  # the euro sign does not fit into the first part's last unit
        ("€" * 81, "GSM-7", 162, 2, 143),  # 76 of them in a part, one unit unused
        ("á", "UCS-2", 1, 1, 69),
        ("á" * 70, "UCS-2", 70, 1, 0),
        ("á" * 71, "UCS-2", 71, 2, 63),
        ("á" * 134, "UCS-2", 134, 2, 0),
        ("á{" * 35, "UCS-2", 70, 1, 0),  # extension characters cost one unit in UCS-2
        ("😀" * 35, "UCS-2", 70, 1, 0),
        ("😀" * 36, "UCS-2", 72, 2, 61),  # 33 pairs in a part, one unit unused
        ("a" * 66 + "😀" + "a" * 10, "UCS-2", 78, 2, 55),
        ("\r\n", "GSM-7", 2, 1, 158),
    ],
)
def test_a_text_takes_what_the_standard_says(text, encoding, units, segments, left):
    found = sms.measure(text)
    assert (found.encoding, found.units, found.segments, found.left) == (encoding, units, segments, left)


@pytest.mark.parametrize("character", "`“”‘’–—…•™®©\u00a0\t\u200dçáíóúêâ\u2126")
def test_what_looks_harmless_makes_the_whole_text_ucs_2(character):
    assert sms.measure(f"Hi {character}").encoding == "UCS-2"


@pytest.mark.parametrize("character", BASIC + EXTENSION)
def test_every_character_of_the_tables_is_gsm_7(character):
    assert sms.measure(character).encoding == "GSM-7"
    assert sms.measure(character).units == (2 if character in EXTENSION else 1)


def test_the_escape_itself_is_no_character():
    assert sms.measure("\x1b").encoding == "UCS-2"


@settings(deadline=None)
@given(st.one_of(GSM_TEXT, ANY_TEXT))
def test_packing_is_that_of_the_definition_and_loses_nothing(text):
    encoding, units, parts, left = packed(text)
    found = sms.measure(text)
    assert (found.encoding, found.units, found.segments, found.left) == (encoding, units, len(parts), left)
    assert sms.segments(text) == found.segments
    assert found.segments_upper is None or found.segments_upper > found.segments


@settings(deadline=None)
@given(ANY_TEXT, ANY_TEXT)
def test_more_text_never_takes_fewer_segments(text, more):
    assert sms.segments(text) <= sms.segments(text + more)


@pytest.mark.parametrize("sign", ["e\u0301", "❤\ufe0f", "1\ufe0f\u20e3", "👍\U0001f3fd", "🇨🇭", "क\u093f"])
def test_a_sign_of_several_characters_on_the_boundary_is_told_as_an_upper_figure(sign):
    units = len(sign.encode("utf-16-le")) // 2
    before = 66 if max(sign) <= "\uffff" else 65  # so that the sign's first character still fits into the part
    found = sms.measure("я" * before + sign + "я" * (134 - before - units))
    assert (found.units, found.segments, found.segments_upper) == (134, 2, 3)


def test_the_upper_figure_is_left_out_where_it_says_nothing_new():
    assert "segments_upper" not in sms.measure("á" * 200).as_dict()
    text = "я" * 66 + "❤\ufe0f" + "я" * 66
    assert sms.measure(text).as_dict()["segments_upper"] == 3


def test_the_report_has_the_documented_shape():
    found = sms.measure("Ana, it’s ready " + "a" * 56, prefix="Northline: ").as_dict()
    assert found == {
        "encoding": "UCS-2",
        "units": 83,
        "segments": 2,
        "left": 51,
        "prefix_units": 11,
        "links": "none",
        "causes": [{"character": "’", "name": "right single quotation mark", "at": 7, "suggest": "'"}],
        "without_causes": {"encoding": "GSM-7", "segments": 1},
        "mms": False,
    }


def test_a_cause_is_told_once_with_its_first_place_and_the_prefix_counts_backwards():
    found = sms.measure("á á 日", prefix="Ñandú ")
    assert [(cause.character, cause.at, cause.suggest) for cause in found.causes] == [
        ("ú", -2, "u"),
        ("á", 0, "a"),
        ("日", 4, None),
    ]


def test_a_text_of_gsm_7_has_no_causes():
    found = sms.measure("Doors open at 9", mms=True).as_dict()
    assert (found["causes"], found["without_causes"], found["mms"]) == ([], None, True)


def test_shortened_links_are_counted_as_an_estimate():
    body = f"See https://example.com/{'a' * 200}?x=á and http://example.com/b"
    assert sms.measure(body).segments == 4
    found = sms.measure(body, links="estimated", short_link=20)
    assert (found.units, found.links, found.segments, found.encoding) == (len("See  and ") + 40, "estimated", 1, "GSM-7")


def test_half_a_surrogate_pair_is_counted_and_breaks_nothing():
    assert sms.measure("\ud83d").units == 1
    assert sms.measure("\ud83d" * 100).segments == 2


@settings(deadline=None)
@given(ANY_TEXT, st.integers(0, 4), st.sampled_from(["", "...", "…"]), st.sampled_from(["", "Northline: "]))
def test_a_truncated_text_always_fits_and_is_a_beginning(text, segments, end, prefix):
    cut = sms.truncate(text, segments, end=end, prefix=prefix)
    assert sms.segments(prefix + cut) <= segments or cut == ""
    assert cut == text or cut == "" or (cut.endswith(end) and text.startswith(cut.removesuffix(end)))


@settings(deadline=None)
@given(st.text(alphabet="a€’😀 ", max_size=320), st.integers(1, 3))
def test_a_truncated_text_is_the_longest_that_fits(text, segments):
    fitting = max(at for at in range(len(text) + 1) if sms.segments(text[:at]) <= segments)
    assert sms.truncate(text, segments) == (text if fitting == len(text) else text[:fitting].rstrip())


def test_truncation_does_not_part_letter_and_mark():
    text = "я" * 69 + "e\u0301"
    assert sms.truncate(text, 1) == "я" * 69
    assert sms.truncate("a " * 100, 1).endswith("a")


@settings(deadline=None)
@given(ANY_TEXT)
def test_folding_twice_is_folding_once(text):
    assert sms.fold(sms.fold(text)) == sms.fold(text)


@settings(deadline=None)
@given(ANY_TEXT)
def test_folding_leaves_only_what_has_no_stand_in(text):
    left = {cause.suggest for cause in sms.measure(sms.fold(text)).causes}
    assert left <= {None, ""}


@settings(deadline=None)
@given(GSM_TEXT)
def test_folding_leaves_gsm_7_alone(text):
    assert sms.fold(text) == text


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("“It’s — here…”", '"It\'s - here..."'),
        ("José, Åsa, Zoë, Łódź, naïve façade", "José, Åsa, Zoe, Lodz, naive facade"),
        (unicodedata.normalize("NFD", "é à ñ"), "é à ñ"),
        ("a\u00a0b\tc\u200bd", "a b cd"),
        ("Burgee™ © 2026", "Burgee(TM) (C) 2026"),
        ("ﬁne １２３ ½", "fine 123 1/2"),
        ("\u2126", "Ω"),
        ("👩\u200d💻 日本 Привет й", "👩\u200d💻 日本 Привет й"),
    ],
)
def test_folding_writes_look_alikes(text, folded):
    assert sms.fold(text) == folded
