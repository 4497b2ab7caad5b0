"""Filters for links."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, quote_plus, urlsplit, urlunsplit
from urllib.parse import urlencode as _encode

from service.rendering.limits import check_items, check_text
from service.rendering.printing import text_of


def urlencode(value: Any) -> str:
    """Text as a part of a link; an object as a query.

    >>> urlencode("tea & cake"), urlencode({"q": "a b", "n": 1})
    ('tea%20%26%20cake', 'q=a+b&n=1')
    """
    if isinstance(value, dict):
        return "&".join(f"{quote_plus(text_of(key))}={quote_plus(text_of(each))}" for key, each in value.items())
    return quote(text_of(value), safe="/")


def url(base: str, *path: Any, **query: Any) -> str:
    """A link made of a base, steps of a path and a query. Steps and values are encoded; a query that is there stays.

    >>> url("https://shop.example.com/tea?x=1#top", "a b/c", sku="TEA-7")
    'https://shop.example.com/tea/a%20b%2Fc?x=1&sku=TEA-7#top'
    """
    parts = _split(base)
    steps = "/".join(quote(text_of(each), safe="") for each in path)
    whole = f"{parts.path.rstrip('/')}/{steps}" if steps else parts.path
    return urlunsplit(
        parts._replace(path=whole, query=_query(parts.query, {key: text_of(each) for key, each in query.items()}))
    )


def utm(link: str, source: str = "", medium: str = "", campaign: str = "", term: str = "", content: str = "") -> str:
    """A link with UTM tags. A query and a fragment stay; UTM tags that are already there are replaced.

    >>> utm("https://example.com/p?a=1&utm_source=old#top", source="attentive", medium="sms", campaign="spring sale")
    'https://example.com/p?a=1&utm_source=attentive&utm_medium=sms&utm_campaign=spring+sale#top'
    """
    tags = {"utm_source": source, "utm_medium": medium, "utm_campaign": campaign, "utm_term": term, "utm_content": content}
    parts = _split(link)
    return urlunsplit(parts._replace(query=_query(parts.query, {key: each for key, each in tags.items() if each})))


def _split(link: str) -> SplitResult:
    try:
        parts = urlsplit(link.strip())
        _ = parts.port
    except ValueError:
        raise ValueError("The link can not be read; it looks like https://example.com/page.") from None
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        raise ValueError("A link begins with https:// and a host, such as https://example.com/page.")
    return parts


def _query(query: str, more: dict[str, str]) -> str:
    if not more:
        return query
    kept = [part for part in query.split("&") if part and _name(part) not in more]
    check_items(len(kept))
    made = "&".join([*kept, _encode(more)])
    check_text(len(made))
    return made


def _name(part: str) -> str:
    pairs = parse_qsl(part, keep_blank_values=True)
    return pairs[0][0] if pairs else ""
