"""Every field of a document knows which place of the template wrote it."""

from __future__ import annotations

from typing import Any

import pytest

SOURCE = """{% set body = "Hi " ~ name %}
{ "to": "{{ phone }}",
  "body": "{{ body }}",
  "n": {{ n }},
  {% for x in rows %}"k{% if loop.first %}1{% else %}2{% endif %}": {"p": {{ x }}, "q": "s{{ x }}"},
  {% endfor %}
  "tail": [1, {{ n }},]
}"""
DATA: dict[str, Any] = {"name": "A\n", "phone": "+12025550143", "n": 5, "rows": [1, 2]}


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("", (2, 1, None)),
        ("/to", (2, 9, None)),
        ("/body", (3, 11, None)),
        ("/n", (4, 11, None)),
        ("/k1", (5, 69, None)),
        ("/k2/p", (5, 78, None)),
        ("/k2/q", (5, 89, None)),
        ("/tail/0", (7, 12, None)),
        ("/tail/1", (7, 18, None)),
        ("/mediaUrl", (2, 1, None)),
        ("/tail/7", (7, 11, None)),
    ],
)
def test_a_pointer_leads_to_line_and_column(pointer: str, place: Any, render: Any) -> None:
    made = render(SOURCE, DATA)
    assert made.problems == ()
    found = made.locate(pointer)
    line, column, template = place
    assert (found[0], found[2]) == (line, template)
    assert abs(found[1] - column) <= 1, found


def test_a_document_with_problems_can_be_located_too(render: Any) -> None:
    assert render('{\n"a": "{{ nope }}"}').locate("/a") == (2, 6, None)
    assert render('{{ suppress("x") }}').locate("/a") is None


def test_windows_line_ends_and_trimmed_blanks_do_not_move_places(render: Any) -> None:
    made = render('{%- set x = 1 -%}\r\n\r\n  {\r\n   "a": {{- x -}}  ,\r\n  "b": {{ nope }}}')
    assert [(each.line, each.column) for each in made.problems] == [(5, 11)]
    assert render('{%- set x = 1 -%}\r\n\r\n  {\r\n   "a": {{- x -}}  ,\r\n  "b": "y"}').locate("/b") == (5, 8, None)
