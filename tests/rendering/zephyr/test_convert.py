"""Zephyr rewritten as Jinja: readable, the same output on samples, and a name for all that was left out."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import TemplateInvalid
from service.rendering import compile
from service.rendering.zephyr.convert import compare, convert

NOW = datetime(2026, 2, 3, 9, tzinfo=UTC)
CONTEXT = {
    "profile": {
        "keys": {"sms": "+12025550143"},
        "vars": {"first_name": 'An"a', "tier": "silver", "points": 320, "empty": "", "pet": "Otter"},
    },
    "order_no": 8817,
    "lang": "en",
    "cart": [{"name": "mug", "price": 450, "url": "u"}, {"name": "tea", "price": 900, "url": "u"}],
}


def rewritten(source):
    made = convert(source, [CONTEXT])
    jinja = compile(made.source)
    assert compare(compile(source, dialect="zephyr"), jinja, [CONTEXT], NOW) == (), made.source
    return made


@pytest.mark.parametrize(
    ("zephyr", "jinja"),
    [
        ("{pet}", '{{ profile.vars.pet | default("") }}'),
        ("{profile.vars.pet}:{no.such}", '{{ profile.vars.pet | default("") }}:{{ profile.vars.no.such | default("") }}'),
        ("{ pet }", "{ pet }"),
        ("{order_no}", '{{ order_no | default("") }}'),
        ("{x = 'a' + order_no + 'b'}{x}", '{% set x = "a" ~ order_no | default("") ~ "b" %}{{ x }}'),
        ("{'9' + 4}", '{{ "9" ~ 4 }}'),
        ("{points > 100 ? 'gold' : 'silver'}", '{{ "gold" if profile.vars.points | default(0) > 100 else "silver" }}'),
        ("{nick ?: 'there'}", '{{ profile.vars.nick | default("there", true) }}'),
        (
            "{if tier == 'gold'}G{else if tier}S{else}-{/if}",
            '{% if profile.vars.tier | default(none) == "gold" %}G{% elif profile.vars.tier | default(none) %}S'
            "{% else %}-{% endif %}",
        ),
        (
            "{foreach cart as i, p}{i}:{p.name};{/foreach}",
            '{% for p in cart | default([]) %}{% set i = loop.index0 %}{{ i }}:{{ p.name | default("") }};{% endfor %}',
        ),
        (
            "{switch lang}{case 'fr'}Salut{/case}{case 'en'}Hi{/case}{/switch}",
            '{% if lang | default(none) == "fr" %}Salut{% elif lang | default(none) == "en" %}Hi{% endif %}',
        ),
        ("{select}{case 2}A{/case}{case 9}B{/case}{/select}", "B"),
        ("{first(split('tea;milk', ';'))}", '{{ "tea;milk" | split(";") | first | default("") }}'),
        (
            "{length(filter(cart, lambda p: p.price >= 500))}",
            '{{ cart | default([]) | selectattr("price", "ge", 500) | length }}',
        ),
        ("{join(map(cart, lambda p: p.name), ', ')}", '{{ cart | default([]) | map(attribute="name") | join(", ") }}'),
        ("${number(cart[0].price / 100, 2)}", "${{ (cart[0].price | default(0) / 100) | number(2) }}"),
        ("{substr('PARCEL-77', 7, 2)}", '{{ "PARCEL-77"[7:9] }}'),
        ("{u('a b&c')}", '{{ "a b&c" | urlencode }}'),
        ("{date('EEE d MMM yyyy', 1770109200)}", '{{ 1770109200 | date("%a %-d %b %Y") }}'),
        ("{upper(tier)} {lower('A')}", '{{ profile.vars.tier | default("") | upper }} {{ "A" | lower }}'),
        ("{(1 + 2) * 3 - -4}", "{{ (1 + 2) * 3 - -4 }}"),
        ("{if !(a && b || c)}x{/if}", None),
        ("{if (tier ? lang : order_no) == 'en'}x{/if}", None),
        ("{foreach (tier ? [1] : [2]) as n}{n}{/foreach}", None),
        ("{push('list', 1)}{push('list', 2)}{join(list, '+')}", None),
        ("{if contains([1, 2], 2)}x{/if}", "{% if 2 in [1, 2] %}x{% endif %}"),
        ("{foreach range(1, 3) as n}{n}{/foreach}", "{% for n in range(1, 4) %}{{ n }}{% endfor %}"),
        ("{* note *}", "{# note #}"),
        (
            "{total = 0}{foreach cart as p}{total = total + p.price}{/foreach}{total}",
            "{% set vars = namespace() %}{% set vars.total = 0 %}{% for p in cart | default([]) %}"
            "{% set vars.total = vars.total | default(0) + p.price | default(0) %}{% endfor %}"
            '{{ vars.total | default("") }}',
        ),
        ("{f = lambda a: 'x' + a}{f('y')}", '{% macro f(a) %}{{ "x" ~ a }}{% endmacro %}{{ f("y") }}'),
        ("{title(tier)}", '{{ profile.vars.tier | default("") | title }}'),
        ("{date()}", '{{ now() | date("%b %-d, %Y") }}'),
    ],
)
def test_zephyr_becomes_readable_jinja_with_the_same_output(zephyr, jinja):
    made = rewritten(f'"{zephyr}"')
    assert made.complete, made.notes
    if jinja is not None:
        head, _, rest = jinja.partition("{% set vars = namespace() %}")
        assert made.source == (f'{{% set vars = namespace() %}}"{rest}"' if rest else f'"{head}"')


@pytest.mark.parametrize(
    "source",
    [
        '{line = "Order " + order_no + " shipped"}\n{\n"body": "{line}", "n": {order_no}, "x": {missing}\n}',
        '{text = "Hello " + profile.vars.first_name + ","}\n{\n"to": "{profile.keys.sms}",\n"body": "{text} bye"\n}',
        '{\n"items": [{foreach cart as i, p}{if i > 0},{/if}\n{\n"n": "{p.name}", "c": {p.price}\n}{/foreach}]\n}',
        "{assert(points > 500, 'too few')}\n{\n\"a\": 1\n}",
        "{cancel(points > 500, 'too many')}\n{\n\"a\": 1\n}",
    ],
)
def test_payloads_come_to_the_same(source):
    assert rewritten(source).complete


@pytest.mark.parametrize(
    "source",
    [
        "{tier = upper(tier)}{tier}",  # a name that is read before it is given a value is the profile's
        "{img = cart[0].image}{img}",  # nothing found is null, and null prints nothing
        "{if points > 1000}{m = 'a'}{/if}{m}",
        "{if missing < 5}a{/if}{if missing <= 5}b{/if}{if missing > -5}c{/if}{if missing >= -5}d{/if}{if 5 > missing}e{/if}",
        "{if missing >= 0}a{/if}{if 0 <= missing}b{/if}{if tier > 'a'}c{/if}{if missing < 'a'}d{/if}",
        "{foreach prices as name, cents}{name}={cents};{/foreach}",
        "{foreach prices as cents}{cents};{/foreach}",
        "{cart[count].name}{cart[9].name}{cart['x'].name}",
        "{-points}{-missing}",
        "{5 && 'x'}{flag = missing || tier}{flag}",
        "{email}",
        "{null}",
        "{date('yyyy', missing)}",
        "{substr('abcdef', -3, 2)}{substr('abc', -1)}{substr('abc', 0, -1)}",
        "{join(range(5, 1, -2), ',')}",
        "{first(upper(missing))}{first(empty_list)}",
        "{f = lambda points: 'x' + points}{f('y')}",
        "{assert(missing)}",
        "{cancel(tier == 'silver')}",
    ],
)
@pytest.mark.parametrize("context", [CONTEXT, {"profile": {"keys": {}, "vars": {}}}], ids=["full", "empty"])
def test_what_may_be_missing_comes_to_the_same(source, context):
    samples = [
        {
            **CONTEXT,
            "prices": {"mug": 450, "tea": 900},
            "empty_list": [],
            "profile": {**CONTEXT["profile"], "email": "a@example.com"},
        }
    ]
    made = convert(f'"{source}"', samples)
    assert made.complete, made.notes
    zephyr, jinja = compile(f'"{source}"', dialect="zephyr"), compile(made.source)
    assert compare(zephyr, jinja, [*samples, context], NOW) == (), made.source


def test_an_empty_list_as_a_condition_is_noted_once():
    made = convert('"{if cart}a{/if}{if !(cart && lang == 1)}b{/if}"', [CONTEXT])
    assert [each.detail for each in made.notes] == [
        "A condition is true for an empty list or object in Zephyr, and false in Jinja."
    ]


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ('"{cart[-1].name}"', (1, 2)),
        ('"{foreach cart as p}{p.name}{/foreach}{p.name}"', (1, 39)),
        ('"{p = 1}{foreach cart as p}{p.name}{/foreach}{p}"', (1, 46)),
        ('"{x = promotion()}"', (1, 2)),
        ('"a\n{foreach cart as p}{break}{/foreach}"', (2, 20)),
        ('"{[n * 2 for n in cart]}"', (1, 2)),
        ('"{p.price = 3}"', (1, 2)),
        ('"{push(10, 3)}"', (1, 2)),
        ("\"{set('profile.vars.x', 3)}\"", (1, 2)),
        ('"{sort(cart, lambda a, b: 1)}"', (1, 2)),
    ],
)
def test_what_has_no_counterpart_is_named_with_its_place(source, place):
    made = convert(source)
    assert not made.complete
    (note,) = [each for each in made.notes if each.code == "convert.left_out"]
    assert (note.line, note.column) == place
    assert "{# left out:" in made.source


def test_a_recommendation_is_rewritten_with_a_note_about_finding_nothing():
    made = convert("{items = personalize({'algorithm': 'trending', 'size': 1})}\n{\n\"t\": \"{items[0].title}\"\n}")
    assert made.complete
    assert [each.code for each in made.notes] == ["convert.differs"]
    rendered = compile(made.source).render({"content": [{"title": "Mug"}, {"title": "Tin"}]}, now=NOW)
    assert rendered.document == {"t": "Mug"}


def test_samples_that_do_not_come_to_the_same_are_named():
    source = '"{8 / 2}"'
    made = convert(source)
    found = compare(compile(source, dialect="zephyr"), compile(made.source), [{}], NOW)
    assert [each.code for each in found] == ["convert.differs"]
    assert any("4.0" in note.detail for note in made.notes)


@given(st.text(st.sampled_from("{}[]()'\"=?:,.+-*/<>!&|abif 1\n"), max_size=50))
def test_any_template_that_can_be_read_is_converted_or_named(source):
    try:
        made = convert(source)
    except TemplateInvalid:
        return
    json.dumps([note.as_dict() for note in made.notes])
