"""The orientation pairs of the Zephyr reference: template and context in, text out (S1-25)."""

from __future__ import annotations

import pytest

PET = {"profile": {"vars": {"pet": "Otter"}}}
CART = {"cart": [{"name": "mug"}, {"name": "tea"}]}

PAIRS = [
    ("{pet}", PET, "Otter"),
    ("{profile.vars.pet}:{profile.vars.zoo}:{no.such}", PET, "Otter::"),
    ("{ pet }", PET, "{ pet }"),
    ("Ends {{date('yyyy')}}", {}, "Ends 2026"),
    ("{2.5 + 1.5} {7 / 2} {17 % 5}", {}, "4 3.5 2"),
    ("{'9' + 4}", {}, "94"),
    ("{5 && 'x'}", {}, "true"),
    ("{points > 100 ? 'gold' : 'silver'}", {"points": 320}, "gold"),
    ("Hi {nick ?: 'there'}!", {}, "Hi there!"),
    ("{if tier == 'gold'}G{else if tier == 'silver'}S{else}-{/if}", {"tier": "silver"}, "S"),
    ("{foreach cart as i, p}{i}:{p.name};{/foreach}", CART, "0:mug;1:tea;"),
    ("{foreach [4,5,6,7] as n}{if n == 5}{continue}{/if}{if n == 7}{break}{/if}{n} {/foreach}", {}, "4 6 "),
    ("{switch lang}{case 'fr'}Salut{/case}{case 'en'}Hi{/case}{/switch}", {"lang": "en"}, "Hi"),
    ("{select}{case 2}A{/case}{case 9}B{/case}{case 9}C{/case}{/select}", {}, "B"),
    ("{first(split('tea;milk', ';'))}", {}, "tea"),
    ("{length(filter(cart, lambda p: p.price >= 500))}", {"cart": [{"price": 450}, {"price": 900}]}, "1"),
    ("${number(1250 / 100, 2)} {number(0.25, 2)} {number(98765)}", {}, "$12.50 .25 98,765"),
    ("{substr('PARCEL-77', 0, 6)} {substr('PARCEL-77', 7, 2)}", {}, "PARCEL 77"),
    ("{u('a b&c')}", {}, "a%20b%26c"),
    ("{date('EEE d MMM yyyy', 1770109200)}", {}, "Tue 3 Feb 2026"),
    ("{x = [1, 2]}{push('x', 3)}{length(x)}", {}, "3"),
    ("{['red','two words',3]}", {}, "[red, two words, 3]"),
]


@pytest.mark.parametrize(("template", "context", "printed"), PAIRS)
def test_orientation_pairs_print_as_stated(text, template, context, printed):
    assert text(template, context) == printed


def test_a_json_body_with_tags_in_it_is_filled_in(render):
    source = '{\n"ref": "{profile.keys.extid}",\n"n": {points}\n}'
    made = render(source, {"profile": {"keys": {"extid": "cust-551"}}, "points": 12})
    assert made.document == {"ref": "cust-551", "n": 12}


def test_an_assignment_before_the_json_leaves_a_blank_line_only(render):
    source = '{line = "Order " + order_no + " shipped"}\n{\n"body": "{line}"\n}'
    assert render(source, {"order_no": 8817}).document == {"body": "Order 8817 shipped"}


def test_an_assert_that_does_not_hold_suppresses_with_its_message(render):
    made = render("{assert(points >= 50, 'too few points')}ok", {"points": 20})
    assert made.suppressed == "too few points"
    assert made.document is None
