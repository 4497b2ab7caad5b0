"""No bytes crash or hang a reader of feeds, and XML opens nothing and expands nothing."""

from __future__ import annotations

import contextlib
import io
import json
import socket

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.content import feeds
from service.errors import NotReadable, Problem
from service.model import Item

HEADS = [
    b"",
    b'[{"url":',
    b'{"content":[{"url":"https://shop.example.com/a",',
    b"<rss><channel><item><link>",
    b'<?xml version="1.0" encoding="utf-7"?><rss>',
    b"<feed xmlns='http://www.w3.org/2005/Atom'><entry>",
    b"url,title,price\nhttps://shop.example.com/a,",
    b"\xff\xfeu\x00",
    b"id\ttitle\tlink\timage_link\tprice\n1\ta\thttps://shop.example.com/a\t\t",
]
FIELDS = st.sampled_from([*feeds.TARGETS, "vars.a", "weight"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


def read(body: bytes, kind: str) -> list[Item | Problem]:
    return list(feeds.read(io.BytesIO(body), kind))


@pytest.mark.parametrize("kind", feeds.KINDS)
@given(head=st.sampled_from(HEADS), rest=st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode()))
@example(head=b"", rest=b"[" * 100_000)
@example(head=b'[{"url":', rest=b"9" * 10_000)
@example(head=b'[{"url":', rest=b"1e999}]")
@example(head=b"", rest=b"<a>" * 10_000)
@example(head=b"", rest=b'<?xml version="1.0" encoding="base64"?><rss/>')
@example(head=b"", rest=b"\xff\xfe\x00")
@example(head=b"url\n", rest=b'"' + b"x" * 200_000)
def test_any_bytes_give_items_and_problems(kind, head, rest):
    assert all(isinstance(each, Item | Problem) for each in read(head + rest, kind))


@given(body=st.binary(max_size=300))
def test_any_bytes_have_a_kind_or_are_refused(body):
    with contextlib.suppress(NotReadable):
        assert feeds.detect(io.BytesIO(body)) in feeds.KINDS


@given(fields=st.dictionaries(FIELDS, JSON, max_size=6))
def test_any_values_of_any_fields_give_an_item_or_problems_that_name_the_row(fields):
    body = json.dumps([{"url": "https://shop.example.com/a", **fields}]).encode()
    for each in read(body, "json"):
        assert isinstance(each, Item) or each.detail.startswith("Row 1")


@given(cents=st.integers(0, 10**12), currency=st.sampled_from(["", " USD", " EUR"]), comma=st.booleans())
def test_any_amount_becomes_its_cents_exactly(cents, currency, comma):
    written = f"{cents // 100:{',' if comma else ''}}.{cents % 100:02}{currency}"
    (item,) = read(json.dumps([{"url": "https://shop.example.com/a", "amount": written}]).encode(), "json")
    assert isinstance(item, Item)
    assert item.price == cents


@given(st.text(min_size=1, max_size=30))
def test_any_other_amount_is_read_or_refused(written):
    (found,) = read(json.dumps([{"url": "https://shop.example.com/a", "amount": written}]).encode(), "json")
    assert isinstance(found, Problem) or found.price is None or found.price >= 0


LAUGHS = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10 if at else "ha"}">' for at in range(10))


@pytest.mark.parametrize(
    "declared",
    [
        f"<!DOCTYPE rss [{LAUGHS}]>",
        '<!DOCTYPE rss [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rss [<!ENTITY % a SYSTEM "http://127.0.0.1:1/x">%a;]>',
        '<!DOCTYPE rss [<!ATTLIST item a CDATA "b">]>',
    ],
)
def test_a_document_type_that_declares_anything_is_refused(declared):
    (problem,) = read(f"{declared}<rss><channel><item><title>&l9;</title></item></channel></rss>".encode(), "rss")
    assert isinstance(problem, Problem)
    assert "document type" in problem.detail


def test_a_document_type_of_elsewhere_is_not_fetched(monkeypatch):
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a connection was made"))
    body = b'<!DOCTYPE rss SYSTEM "http://127.0.0.1:1/rss.dtd"><rss><channel><item><link>https://shop.example.com/a</link>'
    (item,) = read(body + b"</item></channel></rss>", "rss")
    assert isinstance(item, Item)


@pytest.mark.parametrize("token", [b"<!-- %s", b"<a b='%s", b"<?a %s", b"<%s", b"</%s"])
def test_a_tag_without_an_end_is_refused_after_a_megabyte(token):
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            assert self.given < 10_000_000
            return b"<rss>" + token.replace(b"%s", b"") if self.given == size else b"x" * size

    (problem,) = feeds.KINDS["rss"].rows(Endless())
    assert isinstance(problem, Problem)
    assert "megabyte" in problem.detail


def test_an_entry_that_is_too_large_is_refused():
    (problem,) = read(b"<rss><item><title>" + b"x" * 2_000_000 + b"</title></item></rss>", "rss")
    assert isinstance(problem, Problem)
    assert "megabyte" in problem.detail
