"""Feeds of every kind become the same items, and what is wrong with one entry is said of that entry alone."""

from __future__ import annotations

import io
import json
from textwrap import dedent

import pytest

from service.content import feeds
from service.errors import Misconfigured, NotReadable, Problem
from service.model import Item

KETTLE = {  # Sailthru's own example of an item, with hosts of our own
    "title": "Blue kettle",
    "url": "https://shop.example.com/kettle",
    "description": "1.2 litre",
    "author": "Shop team",
    "date": 1769900000,
    "image": "https://img.example.com/k-l.jpg",
    "images": {"full": {"url": "https://img.example.com/k-l.jpg"}, "thumb": {"url": "https://img.example.com/k-s.jpg"}},
    "tags": ["kitchen", "Blue Kettle"],
    "price": 3950,
    "inventory": 14,
    "weight": 75,
    "sku": "KIT-40-BLU",
    "site_name": "Example Shop",
    "location": [-73.95, 40.71],
    "expire_date": 1780000000,
    "content_id": "c-88",
    "vars": {"colour": "blue"},
}

GOOGLE_HEAD = '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Example Shop</title>'


def read(body: bytes | str, kind: str | None = None, **mapping: str) -> tuple[list[Item], list[Problem]]:
    stream = io.BytesIO(dedent(body).encode() if isinstance(body, str) else body)
    found = list(feeds.read(stream, kind or feeds.detect(stream), mapping))
    return [each for each in found if isinstance(each, Item)], [each for each in found if isinstance(each, Problem)]


def one(body: bytes | str, kind: str | None = None, **mapping: str) -> Item:
    items, problems = read(body, kind, **mapping)
    assert not problems
    (item,) = items
    return item


def json_feed(**fields: object) -> bytes:
    return json.dumps({"content": [{"url": "https://shop.example.com/a", **fields}]}).encode()


def test_sailthrus_feed_keeps_every_field():
    assert one(json.dumps({"name": "feed", "content": [KETTLE], "more": {}})) == Item(
        url="https://shop.example.com/kettle",
        title="Blue kettle",
        description="1.2 litre",
        author="Shop team",
        image="https://img.example.com/k-l.jpg",
        images={"full": "https://img.example.com/k-l.jpg", "thumb": "https://img.example.com/k-s.jpg"},
        tags=("kitchen", "blue-kettle"),
        price=3950,
        inventory=14,
        sku="KIT-40-BLU",
        content_id="c-88",
        site_name="Example Shop",
        date=1769900000,
        expire_date=1780000000,
        location=(-73.95, 40.71),
        vars={"weight": 75, "colour": "blue"},
    )


@pytest.mark.parametrize(
    "body",
    [
        json.dumps([KETTLE, {**KETTLE, "url": "https://shop.example.com/b"}]),
        json.dumps(KETTLE) + "\n" + json.dumps({**KETTLE, "url": "https://shop.example.com/b"}) + "\n",
        json.dumps({"content": [KETTLE, {**KETTLE, "url": "https://shop.example.com/b"}]}, indent=1),
    ],
)
def test_json_may_be_a_list_or_one_item_a_line_too(body):
    items, problems = read(body)
    assert [each.url for each in items] == ["https://shop.example.com/kettle", "https://shop.example.com/b"]
    assert not problems


def test_images_may_be_text_and_the_full_one_is_the_image_where_there_is_none():
    item = one(json_feed(image="", images={"thumb": "//img.example.com/s.jpg", "full": "https://img.example.com/l.jpg"}))
    assert item.images == {"thumb": "https://img.example.com/s.jpg", "full": "https://img.example.com/l.jpg"}
    assert item.image == "https://img.example.com/l.jpg"


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (1769900000, 1769900000),
        ("1769900000", 1769900000),
        ("2026-01-31T22:53:20Z", 1769900000),
        ("2026-01-31T23:53:20+01:00", 1769900000),
        ("Sat, 31 Jan 2026 22:53:20 GMT", 1769900000),
        ("2026-01-31", 1769817600),
    ],
)
def test_dates_are_read_in_every_form_that_feeds_have(written, seconds):
    assert one(json_feed(date=written)).date == seconds


def test_rss_gives_items_with_picture_tags_and_site():
    item = one("""\
        <?xml version="1.0"?>
        <rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/">
         <channel><title>Example &amp; Sons</title><link>https://shop.example.com</link>
          <item><title>Blue kettle</title><link>https://shop.example.com/kettle</link>
           <description><![CDATA[1.2 litre]]></description><dc:creator>Shop team</dc:creator>
           <category>Kitchen</category><category>Blue Kettle</category>
           <pubDate>Sat, 31 Jan 2026 22:53:20 GMT</pubDate><guid isPermaLink="false">c-88</guid>
           <enclosure url="https://img.example.com/talk.mp3" type="audio/mpeg" length="1"/>
           <media:group><media:content url="https://img.example.com/k.jpg" medium="image"/></media:group>
          </item></channel></rss>""")
    assert item == Item(
        url="https://shop.example.com/kettle",
        title="Blue kettle",
        description="1.2 litre",
        author="Shop team",
        image="https://img.example.com/k.jpg",
        tags=("kitchen", "blue-kettle"),
        content_id="c-88",
        site_name="Example & Sons",
        date=1769900000,
    )


def test_atom_gives_items_too():
    item = one("""\
        <feed xmlns="http://www.w3.org/2005/Atom"><title>Journal</title>
         <entry><title>Tea</title><link rel="edit" href="https://shop.example.com/edit"/>
          <link rel="alternate" href="https://shop.example.com/tea"/><id>urn:tea</id>
          <author><name>Ada</name></author><category term="Green Tea"/><published>2026-01-31T22:53:20Z</published>
          <summary>How to</summary><content type="html">&lt;p&gt;long&lt;/p&gt;</content></entry></feed>""")
    assert item == Item(
        url="https://shop.example.com/tea",
        title="Tea",
        description="How to",
        author="Ada",
        tags=("green-tea",),
        content_id="urn:tea",
        site_name="Journal",
        date=1769900000,
    )


def test_a_picture_that_an_atom_entry_encloses_is_its_image():
    item = one(
        """<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Tea</title>
        <link rel="enclosure" type="audio/mpeg" href="https://a.example.com/1.mp3"/>
        <link rel="enclosure" type="image/jpeg" href="https://a.example.com/1.jpg"/>
        <link rel="alternate" href="https://a.example.com/1"/></entry></feed>"""
    )
    assert (item.url, item.image) == ("https://a.example.com/1", "https://a.example.com/1.jpg")


def test_blank_lines_before_the_xml_declaration_are_passed_over():
    body = b'\r\n\n<?xml version="1.0"?><rss><channel><item><link>https://a.example.com/1</link></item></channel></rss>'
    assert one(body).url == "https://a.example.com/1"


def test_an_rss_entry_without_a_link_is_known_by_its_permanent_guid():
    body = "<rss><channel><item><guid>https://shop.example.com/a</guid></item></channel></rss>"
    assert one(body).url == "https://shop.example.com/a"


GOOGLE = {
    "id": "KIT-40-BLU",
    "title": "Blue kettle",
    "description": "1.2 litre",
    "link": "https://shop.example.com/kettle",
    "image_link": "https://img.example.com/k.jpg",
    "price": "39.50 USD",
    "availability": "out of stock",
    "product_type": "Home > Kitchen > Blue Kettle",
    "google_product_category": "730",
    "custom_label_0": "Bestseller",
    "expiration_date": "2026-01-31T22:53:20Z",
    "brand": "Acme",
}


@pytest.mark.parametrize("form", ["xml", "tsv", "csv"])
def test_googles_feed_is_the_same_as_xml_and_as_a_table(form):
    if form == "xml":
        inner = "".join(f"<g:{name}>{value.replace('>', '&gt;')}</g:{name}>" for name, value in GOOGLE.items())
        body = f"{GOOGLE_HEAD}<item>{inner}</item></channel></rss>"
    else:
        comma = "\t" if form == "tsv" else ","
        body = comma.join(name.replace("_", " ") for name in GOOGLE) + "\n" + comma.join(GOOGLE.values()) + "\n"
    assert one(body) == Item(
        url="https://shop.example.com/kettle",
        title="Blue kettle",
        description="1.2 litre",
        image="https://img.example.com/k.jpg",
        tags=("home", "kitchen", "blue-kettle", "bestseller"),
        price=3950,
        inventory=0,
        sku="KIT-40-BLU",
        site_name="Example Shop" if form == "xml" else "",
        expire_date=1769900000,
        vars={"brand": "Acme", "currency": "USD", "availability": "out_of_stock"},
    )


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("39.50 USD", 3950),
        ("USD 39.5", 3950),
        ("0.29 USD", 29),
        ("1,234.50 USD", 123450),
        ("39,50 EUR", 3950),
        ("1.234,50 EUR", 123450),
        ("$4", 400),
        ("1500 JPY", 1500),
        ("1000000000.01 USD", 100000000001),
    ],
)
def test_amounts_become_whole_cents_exactly(written, cents):
    assert one(f"id\ttitle\tlink\timage_link\tprice\n1\ta\thttps://shop.example.com/a\t\t{written}\n").price == cents


def test_a_sale_is_the_price_where_it_has_no_dates_and_is_kept_beside_it_where_it_has():
    head = "id\ttitle\tlink\timage_link\tprice\tsale_price\tsale_price_effective_date\n1\ta\thttps://shop.example.com/a\t\t"
    now = one(f"{head}39.50 USD\t29.50 USD\t\n")
    assert (now.price, now.vars["regular_price"]) == (2950, 3950)
    then = one(f"{head}39.50 USD\t29.50 USD\t2026-01-01T00:00Z/2026-02-01T00:00Z\n")
    assert (then.price, then.vars["sale_price"]) == (3950, 2950)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_is_read_with_any_delimiter_and_byte_order_mark(delimiter, coding):
    rows = [
        ["Product URL", "Name", "Price", "Categories", "Colour"],
        ["https://shop.example.com/a", "Tée", "3950", '"Kitchen, Blue Kettle"', "blue"],
    ]
    item = one("\r\n".join(delimiter.join(each) for each in rows).encode(coding))
    assert (item.title, item.price, item.tags) == ("Tée", 3950, ("kitchen", "blue-kettle"))
    assert item.vars == {"Colour": "blue"}


def test_a_mapping_goes_before_what_a_kind_knows():
    item = one(
        "url,title,long name,cost,size\nhttps://shop.example.com/a,a,A kettle,39.50,L\n",
        **{"Long Name": "title", "cost": "amount", "size": "vars.cut"},
    )
    assert (item.title, item.price, item.vars) == ("A kettle", 3950, {"cut": "L"})


def test_a_mapping_to_a_field_that_no_item_has_is_refused():
    with pytest.raises(Misconfigured) as error:
        feeds.check_mapping({"a": "title", "b": "prize", "c": "vars."})
    assert ["'prize'" in each.detail or "'vars.'" in each.detail for each in error.value.problems] == [True, True]


def test_a_bad_row_is_named_with_all_that_is_wrong_and_stops_no_other():
    items, problems = read("""\
        url,title,price,date,location
        https://shop.example.com/a,a,3950,,
        /relative,b,39.50,soon,here
        ,c,,,
        https://shop.example.com/d,d,,,
        https://shop.example.com/e,e,1,2,3,4,5
        """)
    assert [each.title for each in items] == ["a", "d"]
    assert [(each.code, each.line, each.pointer) for each in problems] == [
        ("feed.url", 3, "/url"),
        ("feed.price", 3, "/price"),
        ("feed.date", 3, "/date"),
        ("feed.location", 3, "/location"),
        ("feed.url", 4, "/url"),
        ("feed.row", 6, None),
    ]
    assert all(each.detail.startswith("Row ") for each in problems)
    assert "amount" in (problems[1].hint or "")


def test_bad_rows_of_json_and_xml_stop_no_other_either():
    items, problems = read(
        '[{"url": "https://shop.example.com/a"},\n7,\n{"url": 5},\n{"url": "https://shop.example.com/b"}]'
    )
    assert [each.url[-1] for each in items] == ["a", "b"]
    assert [(each.code, each.line) for each in problems] == [("feed.row", 2), ("feed.url", 3)]
    xml = (
        "<rss><channel>\n<item><link>no</link></item>\n<item><link>https://shop.example.com/b</link></item></channel></rss>"
    )
    items, problems = read(xml)
    assert [each.url[-1] for each in items] == ["b"]
    assert [(each.code, each.line) for each in problems] == [("feed.url", 2)]


def test_a_byte_that_is_no_utf8_costs_its_row_alone():
    items, problems = read(b"url,title\nhttps://shop.example.com/a,T\xe9e\nhttps://shop.example.com/b,Tea\n")
    assert [each.title for each in items] == ["Tea"]
    assert [each.line for each in problems] == [2]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ('[{"url": "https://shop.example.com/a"},\n{"url": ]', 2),
        ('{"content": [{"url": "https://shop.example.com/a"}', 1),
        ("<rss><channel><item><link>https://shop.example.com/a</link></item>\n<item></channel></rss>", 2),
        ("<rss><channel><item><link>https://shop.example.com/a</link></item>", 1),
    ],
)
def test_a_feed_that_breaks_off_keeps_what_came_before_and_says_where(body, line):
    items, problems = read(body)
    assert len(items) == 1
    assert [(each.code, each.line) for each in problems] == [("feed.broken", line)]
    assert "what follows was not read" in problems[0].detail


@pytest.mark.parametrize("header", ["url,title,url", ",,", ",".join(f"c{number}" for number in range(2_000))])
def test_a_header_that_cannot_be_one_is_said(header):
    items, problems = read(f"{header}\nhttps://shop.example.com/a,a,b\n", "csv")
    assert not items
    assert [(each.code, each.line) for each in problems] == [("feed.header", 1)]


@pytest.mark.parametrize("body", [b"", b"  \n", b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"hello", b"a,b\0c\n"])
def test_what_is_no_feed_is_refused_in_words(body):
    with pytest.raises(NotReadable):
        feeds.detect(io.BytesIO(body))
