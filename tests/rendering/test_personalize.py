"""`personalize({...})` in Jinja: content comes from outside and is data, and finding nothing is the template's decision."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import TemplateInvalid, Unavailable
from service.rendering import Rendered, compile
from service.rendering.services import Services

NOW = datetime(2026, 2, 3, tzinfo=UTC)
ASK = '{% set items = personalize({"algorithm": "trending", "size": 1}) %}'
TRENDING = ASK + '{ "body": "Everybody looks at {{ items[0].title }} today." }'
MUG = {"title": "Mug", "url": "https://shop.example.com/mug"}


def render(source: str, context: Any = None, found: Any = None, **services: Any) -> Rendered:
    """With a service that finds this (None: there is no service)."""
    if found is not None:
        services["personalize"] = lambda asked, **_: found
    given = Services(**services) if services else None
    return compile(source).render(context or {}, now=NOW, seed="seed", services=given)


def test_the_service_is_told_what_is_asked_for_whom_and_when() -> None:
    """S1-25."""
    heard: list[Any] = []

    def personalize(asked: Any, **who: Any) -> list[dict[str, Any]]:
        heard.append((asked, who))
        return [MUG]

    context = {"profile": {"keys": {"extid": "ada"}}, "event": {"sku": "KIT-1"}}
    source = '{ "t": "{{ personalize({"algorithm": "context", "context_key": event.sku})[0].title }}" }'
    made = render(source, context, personalize=personalize)
    assert made.document == {"t": "Mug"}
    assert made.warnings == ()
    assert heard == [({"algorithm": "context", "context_key": "KIT-1"}, {"context": context, "now": NOW, "seed": "seed"})]


def test_without_a_service_items_come_as_they_were_posted() -> None:
    """S1-28."""
    made = render(TRENDING, {"content": [MUG, {"title": "Tea tin"}]})
    assert made.document == {"body": "Everybody looks at Mug today."}
    assert [each.code for each in made.warnings] == ["render.no_library"]


@pytest.mark.parametrize("context", [{}, {"content": []}, {"content": "none"}])
def test_finding_nothing_is_a_problem_and_never_a_text_with_a_hole(context: Any) -> None:
    """S1-30: what the template does not decide is refused, with the place."""
    made = render(TRENDING, context, [])
    assert made.document is None
    (problem,) = made.problems
    assert problem.detail == "personalize() finds nothing, and the template does not say what then."
    assert (problem.line, problem.column) == (1, TRENDING.rindex("items") + 1)


@pytest.mark.parametrize(
    "use",
    [
        '"{{ items }}"',
        "{{ items }}",
        '"{{ items | map(attribute="title") | join(", ") }}"',
        '"{% for item in items %}{{ item.title }}{% endfor %}"',
        '"{{ (items | first).title }}"',
        '"{{ items[0].title | upper }}"',
        "{{ items == [] }}",
    ],
)
def test_using_nothing_is_always_a_problem_of_the_same_words(use: str) -> None:
    made = render(ASK + '{ "x": ' + use + " }", found=[])
    assert made.document is None
    assert {each.detail for each in made.problems} == {
        "personalize() finds nothing, and the template does not say what then."
    }


@pytest.mark.parametrize(
    ("decision", "outcome"),
    [
        ('{% if not items %}{{ suppress("nothing to recommend") }}{% endif %}{"x": 1}', (None, "nothing to recommend")),
        ('{% if items %}{"x": "{{ items[0].title }}"}{% else %}{"x": "tea"}{% endif %}', ({"x": "tea"}, None)),
        ('{"x": "{{ items[0].title | default("our shop") }}"}', ({"x": "our shop"}, None)),
        ('{% set items = items | default([{"title": "tea"}]) %}{"x": "{{ items[0].title }}"}', ({"x": "tea"}, None)),
        ('{"x": "{% for item in items %}{{ item.title }}{% else %}tea{% endfor %}"}', ({"x": "tea"}, None)),
        ('{"x": {{ items | length }}}', ({"x": 0}, None)),
        ('{"x": {{ items | count > 0 }}}', ({"x": False}, None)),
        ('{% if items is empty or items is not defined %}{"x": "tea"}{% endif %}', ({"x": "tea"}, None)),
        ('{"x": "{{ "ours" if not items else items[0].title }}"}', ({"x": "ours"}, None)),
        ('{"x": "nothing of it is used"}', ({"x": "nothing of it is used"}, None)),
    ],
)
def test_a_template_decides_what_nothing_means(decision: str, outcome: Any) -> None:
    """S1-30: skip, default, or another text."""
    made = render(ASK + decision, found=[])
    assert made.problems == ()
    assert (made.document, made.suppressed) == outcome


SCALAR = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs", "Cc"]))


@given(st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3)))
def test_content_is_data_and_never_changes_the_shape(value: Any) -> None:
    title = value if isinstance(value, str) else f'{value!r}", "to": "+12025550199'
    made = render(
        ASK + '{ "to": "1", "body": "See {{ items[0].title }}", "all": {{ items }} }', found=[{"title": title, "v": value}]
    )
    assert made.document == {"to": "1", "body": f"See {title}", "all": [{"title": title, "v": value}]}


def test_what_is_missing_in_the_object_is_told_by_its_path() -> None:
    made = render('{ "n": {{ personalize({"algorithm": "context", "context_key": event.sku}) | length }} }', found=[MUG])
    assert [each.detail for each in made.problems] == ["`event.sku` is missing: there is nothing named `event`."]


@pytest.mark.parametrize("ask", ['"trending"', "3", "[]", "none"])
def test_what_is_no_object_is_refused_with_an_example(ask: str) -> None:
    (problem,) = render('{ "n": {{ personalize(' + ask + ") | length }} }", found=[MUG]).problems
    assert problem.code == "render.arguments"
    assert "personalize({" in (problem.hint or "")


@pytest.mark.parametrize("call", ["personalize()", "personalize({}, 2)", "personalize(size=3)"])
def test_wrong_arguments_are_a_problem(call: str) -> None:
    (problem,) = render('{ "n": {{ ' + call + " | length }} }", found=[MUG]).problems
    assert problem.code == "render.arguments"


def test_unknown_words_pass_with_a_warning() -> None:
    made = render('{ "n": {{ personalize({"algorithm": "best", "colour": 1, 7: 8}) | length }} }', found=[MUG])
    assert made.document == {"n": 1}
    assert {each.code for each in made.warnings} == {"render.algorithm", "render.parameter"}


def test_results_are_paid_for_in_steps() -> None:
    many = [{"title": "x" * 1_000, "tags": ["a"] * 100}] * 100
    made = render("{% for n in range(100) %}" + ASK + '{% endfor %}{ "x": 1 }', found=many)
    assert [each.code for each in made.problems] == ["render.steps"]


def test_asking_often_and_posting_much_is_paid_for_too() -> None:
    """A call costs more than its data, for the library has to be asked; and a posted list is looked through."""
    often = render("{% for n in range(100) %}" + ASK + '{% endfor %}{ "x": 1 }', found=[MUG])
    assert [each.code for each in often.problems] == ["render.steps"]
    large = {"content": [{"title": "Mug", "tags": ["x" * 1_000] * 1_000}]}
    assert [each.code for each in render(ASK * 6 + '{ "x": 1 }', large, [MUG]).problems] == ["render.steps"]
    many = {"content": [{"title": f"{n}", "tags": ["tea"], "vars": {"sizes": list(range(50))}} for n in range(1_500)]}
    assert render(ASK + '{ "x": "{{ items[0].title }}" }', many, [MUG]).document == {"x": "Mug"}


def test_a_service_that_is_away_ends_the_render_and_is_no_problem_of_the_template() -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("The database cannot be used now.")

    for source in (TRENDING, '{ "x": "{% for n in [1] %}{{ personalize({}) }}{% endfor %}" }'):
        with pytest.raises(Unavailable):
            render(source, personalize=away)
    for source in (
        "{x = personalize({'algorithm': 'random'})}{\n\"n\": {length(x)}\n}",
        '{\n"n": {horizon_interest("tea")}\n}',
    ):
        with pytest.raises(Unavailable):
            compile(source, dialect="zephyr").render({}, now=NOW, services=Services(away, interest=away))


def test_a_field_of_the_same_name_is_a_field() -> None:
    made = render(
        '{ "x": "{{ personalize }}", "n": {{ personalize({"algorithm": "random"}) | length }} }', {"personalize": 7}, [MUG]
    )
    assert made.document == {"x": "7", "n": 1}
    with pytest.raises(TemplateInvalid):
        compile('{ "x": "{{ personalise({}) }}" }')
