"""Payloads as they stand in a flow's webhook step: the three kinds of the guide run unchanged."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.rendering import compile
from service.rendering.services import Services

NOW = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)
PLAIN = """{
"to": "{profile.keys.sms}",
"subscriberExternalId": null,
"body": "Your order has shipped. Track it at https://shop.example.com/track",
"useShortLinks": false,
"subscriptionType": "TRANSACTIONAL",
"skipFatigue": true
}"""

FROM_PROFILE = """{greeting = "Hello " + profile.vars.first_name + ","}
{text = greeting + " your points are waiting."}
{
"to": "{profile.keys.sms}",
"body": "{text}",
"subscriptionType": "MARKETING",
"useShortLinks": false,
"skipFatigue": false
}"""

TRENDING = """{items = personalize({
"algorithm": "trending",
"size": 1
})}
{title = items[0].title}
{mediaUrl = items[0].image}
{body = "Everybody looks at " + title + " today."}
{
"to": "{profile.keys.sms}",
"body": "{body}",
"subscriptionType": "MARKETING",
"useShortLinks": false,
"skipFatigue": false
}"""

ANA = {"profile": {"keys": {"sms": "+12025550143"}, "vars": {"first_name": "Ana"}}}


def test_the_plain_payload_is_filled_in_and_typed(render):
    """S1-22."""
    assert render(PLAIN, ANA).document == {
        "to": "+12025550143",
        "subscriberExternalId": None,
        "body": "Your order has shipped. Track it at https://shop.example.com/track",
        "useShortLinks": False,
        "subscriptionType": "TRANSACTIONAL",
        "skipFatigue": True,
    }


@pytest.mark.parametrize("name", ["Ana", 'An"a', "An\\a", "An\na", "An\ta", "{Ana}", "Änä 🦦", '", "to": "+12025550199'])
def test_text_built_from_a_name_stays_text_whatever_the_name_is(render, name):
    """S1-26, S1-27: assignment lines before the JSON; names with quotes and line breaks."""
    context = {"profile": {"keys": {"sms": "+12025550143"}, "vars": {"first_name": name}}}
    made = render(FROM_PROFILE, context)
    assert made.document == {
        "to": "+12025550143",
        "body": f"Hello {name}, your points are waiting.",
        "subscriptionType": "MARKETING",
        "useShortLinks": False,
        "skipFatigue": False,
    }


def test_a_recommendation_with_supplied_content(render):
    """S1-28."""
    content = [{"title": "Blue kettle", "image": "https://img.example.com/k-l.jpg"}, {"title": "Tea tin"}]
    made = render(TRENDING, {**ANA, "content": content})
    assert made.document["body"] == "Everybody looks at Blue kettle today."
    assert [each.code for each in made.warnings] == ["zephyr.no_library"]


def test_an_empty_recommendation_is_a_problem_and_never_a_text_with_a_hole(render):
    """S1-30: what the template does not decide is refused."""
    made = render(TRENDING, ANA)
    assert made.document is None
    (problem,) = made.problems
    assert (problem.code, problem.line, problem.column) == ("zephyr.nothing_found", 1, 10)


@pytest.mark.parametrize(
    ("decision", "outcome"),
    [
        ("{assert(length(items), 'nothing to recommend')}", (None, "nothing to recommend")),
        ("{name = items[0].title ?: 'our shop'}", ("our shop", None)),
        ("{if length(items)}{name = items[0].title}{else}{name = 'tea'}{/if}", ("tea", None)),
    ],
)
def test_a_template_decides_what_an_empty_recommendation_means(render, decision, outcome):
    """S1-30: skip, default, or another text."""
    made = render("{items = personalize({'algorithm': 'popular'})}" + decision + '{\n"body": "{name}"\n}', ANA)
    assert (made.document and made.document["body"], made.suppressed) == outcome
    assert made.problems == ()


def test_services_choose_when_they_are_given(render):
    asked = []

    def personalize(data, *, context, now, seed):
        asked.append((data, context, now, seed))
        return [{"title": "Mug"}]

    made = render(TRENDING, ANA, services=Services(personalize=personalize))
    assert made.document["body"] == "Everybody looks at Mug today."
    assert asked == [({"algorithm": "trending", "size": 1}, ANA, NOW, "")]
    assert made.warnings == ()
    assert made.locate("/body") == (10, 9, None)


def test_a_compact_payload_runs_with_a_warning():
    program = compile('{"to":"{profile.keys.sms}","nested":{"n":{points}}}', dialect="zephyr")
    made = program.render({**ANA, "points": 3}, now=datetime(2026, 2, 3, tzinfo=UTC))
    assert made.document == {"to": "+12025550143", "nested": {"n": 3}}
    assert [each.code for each in program.warnings] == ["zephyr.json_brace"]


def test_values_outside_of_quotes_are_json_values(render):
    source = '{\n"a": {n},\n"b": {flag},\n"c": {list},\n"d": {object},\n"e": {nothing},\n"f": {word},\n"g": {7 / 2}\n}'
    context = {"n": 3, "flag": True, "list": [1, "x"], "object": {"k": [None]}, "word": 'say "hi"'}
    assert render(source, context).document == {
        "a": 3, "b": True, "c": [1, "x"], "d": {"k": [None]}, "e": None, "f": 'say "hi"', "g": 3.5,
    }  # fmt: skip


def test_a_choice_among_json_words_and_commas_is_written_as_it_stands(render):
    source = (
        "{\n\"vip\": {points > 5 ? 'true' : 'false'},\n\"list\": [{foreach [1, 2] as i, n}{i ? ', ' : ''}{n}{/foreach}]\n}"
    )
    assert render(source, {"points": 9}).document == {"vip": True, "list": [1, 2]}


def test_objects_built_in_a_loop(render):
    source = (
        '{\n"items": [\n{foreach cart as i, p}{if i > 0},{/if}\n{\n"sku": "{p.sku}", "cents": {p.price}\n}\n{/foreach}\n]\n}'
    )
    context = {"cart": [{"sku": "A", "price": 100}, {"sku": 'B"', "price": 250}]}
    assert render(source, context).document == {"items": [{"sku": "A", "cents": 100}, {"sku": 'B"', "cents": 250}]}


def test_a_field_can_be_located_in_the_template(render):
    made = render(FROM_PROFILE, ANA)
    assert made.locate("/to") == (4, 7, None)
    assert made.locate("/body") == (5, 9, None)
