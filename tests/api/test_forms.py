"""Forms with bracket nesting become the same shape as JSON, whatever they try."""

from __future__ import annotations

import tracemalloc
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api._body import MAX_FIELDS, MAX_FORM_DEPTH, read_form
from service.errors import NotReadable


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("a=1", {"a": "1"}),
        ("a=", {"a": ""}),
        ("a", {"a": ""}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[0]=1&a[1]=2", {"a": ["1", "2"]}),
        ("a[1]=2&a[0]=1", {"a": ["1", "2"]}),
        ("a[0][b]=1&a[1][b]=2", {"a": [{"b": "1"}, {"b": "2"}]}),
        ("a[][b]=1&a[][b]=2", {"a": [{"b": "1"}, {"b": "2"}]}),
        ("a[2]=x", {"a": {"2": "x"}}),
        ("0=x", {"0": "x"}),
        ("\n\na=1\r\n", {"a": "1"}),
        ("n=%C3%A9+%2B", {"n": "é +"}),
        ("email=ada%40example.com&optout=1", {"email": "ada@example.com", "optout": "1"}),
    ],
)
def test_brackets_nest(form, data):
    assert read_form(form.encode()) == data


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("", "form.empty"),
        ("a=1&a=2", "form.duplicate"),
        ("a=1&a[b]=2", "form.conflict"),
        ("a[b]=1&a=2", "form.duplicate"),
        ("a[b]=1&a[]=2", "form.conflict"),
        ("a[b=1", "form.brackets"),
        ("a[b]c=1", "form.brackets"),
        ("a[b[c]]=1", "form.brackets"),
        ("[b]=1", "form.brackets"),
        ("a%ff=1", "form.not_utf8"),
        ("a=%ff", "form.not_utf8"),
        ("a" + "[b]" * (MAX_FORM_DEPTH + 1) + "=1", "form.too_deep"),
        ("&".join(f"a{n}=1" for n in range(MAX_FIELDS + 1)), "form.too_many_fields"),
    ],
)
def test_what_has_two_meanings_or_is_too_much_is_refused(form, code):
    with pytest.raises(NotReadable) as error:
        read_form(form.encode())
    assert error.value.problems[0].code == code


def test_a_large_index_makes_no_large_list():
    tracemalloc.start()
    assert read_form(b"a[900000000]=x&a[0]=y") == {"a": {"900000000": "x", "0": "y"}}
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@given(st.binary(max_size=200) | st.text("ab[]=&%0123456789", max_size=60).map(str.encode))
def test_any_bytes_are_a_context_or_a_clear_refusal(body):
    try:
        assert isinstance(read_form(body), dict)
    except NotReadable as error:
        assert error.problems


NAMES = st.text(st.characters(exclude_characters="[]", exclude_categories=["Cs"]), min_size=1, max_size=8)
TREES = st.dictionaries(NAMES, st.deferred(lambda: VALUES), min_size=1, max_size=4)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | TREES


def fields(tree, prefix=""):
    for name, value in tree.items():
        path = f"{prefix}[{name}]" if prefix else name
        yield from fields(value, path) if isinstance(value, dict) else [(path, value)]


def without_lists(value):
    """Lists as groups with numbers: what both sides of a form can mean."""
    if isinstance(value, list):
        value = {str(at): each for at, each in enumerate(value)}
    return {name: without_lists(each) for name, each in value.items()} if isinstance(value, dict) else value


@given(TREES)
def test_any_tree_comes_back_from_its_form(tree):
    flat = list(fields(tree))
    assert without_lists(read_form(urlencode(flat).encode())) == tree
