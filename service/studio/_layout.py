"""What all pages share: the environment that renders them, the navigation, the names of static files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from service.store.users import Role
from service.studio import _words
from service.studio._clock import span

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the navigation: the page's name, its word, its icon, and the role that it needs."""

    page: str
    word: str
    icon: str
    role: Role = Role.VIEWER


# A sequence, so it is written down: groups with a little room between them.
NAVIGATION: tuple[tuple[Entry, ...], ...] = (
    (
        Entry("overview", "Overview", "overview"),
        Entry("templates", "Templates", "templates"),
        Entry("deliveries", "Deliveries", "deliveries"),
        Entry("content", "Content", "content"),
        Entry("suppressions", "Suppressions", "suppressions"),
    ),
    (
        Entry("connect", "Connect", "connect"),
        Entry("accounts", "Accounts", "accounts"),
        Entry("users", "Users", "users", Role.ADMIN),
        Entry("audit_log", "Audit log", "audit", Role.PUBLISHER),
    ),
)


def environment() -> Environment:
    """Renders `pages/`. Everything is escaped, and a name that a view forgot to give is an error, not a blank."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(navigation=NAVIGATION, Role=Role, asset=asset)
    made.filters.update(
        count=_words.count,
        status_word=_words.status_word,
        with_code=with_code,
        json_code=json_code,
        size=_words.size,
        span=span,
    )
    return made


@cache
def asset(name: str) -> str:
    """The address of a static file, with a digest of what is in it."""
    digest = hashlib.sha256((_HERE / "static" / name).read_bytes()).hexdigest()[:12]
    return f"/studio/static/{name}?v={digest}"


def with_code(text: str) -> Markup:
    """A sentence as HTML, in which what stands between backticks is code.

    >>> with_code("`/to` is <b>")
    Markup('<code>/to</code> is &lt;b&gt;')
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(each) if odd % 2 else escape(each) for odd, each in enumerate(parts)
    )


def json_code(value: Any) -> Markup:
    """A JSON value as HTML: keys, texts and other values marked, each line of its own so that a long one hangs.

    >>> json_code({"a": ["<b>", 1]})
    Markup('<span class="row"><span class="p">{</span></span>...
    """
    return Markup("").join(Markup('<span class="row">{}</span>').format(line) for line in _lines(value, 0, Markup(""), ""))


def _lines(value: Any, depth: int, before: Markup, after: str) -> Iterable[Markup]:
    """The lines of a value; `before` is its key, `after` the comma."""
    indent = "  " * depth
    if isinstance(value, dict | list) and value:
        opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
        yield Markup('{}{}<span class="p">{}</span>').format(indent, before, opening)
        members = list(value.items()) if isinstance(value, dict) else [(None, each) for each in value]
        for position, (name, each) in enumerate(members):
            key = (
                Markup("")
                if name is None
                else Markup('<span class="k">{}</span><span class="p">:</span> ').format(_quoted(name))
            )
            yield from _lines(each, depth + 1, key, "," if position < len(members) - 1 else "")
        yield Markup('{}<span class="p">{}{}</span>').format(indent, closing, after)
        return
    kind = "s" if isinstance(value, str) else "p" if isinstance(value, dict | list) else "n"
    shown = Markup('{}{}<span class="{}">{}</span>').format(indent, before, kind, _quoted(value))
    yield shown + Markup('<span class="p">{}</span>').format(after) if after else shown


def _quoted(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
