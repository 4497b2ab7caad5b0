"""Payloads that are nearly right: every example of an action, with each value in it spoiled in every way we thought of."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

GONE = object()
"""Stands for taking a value away."""

ANYTHING: tuple[Any, ...] = (
    *(GONE, None, True, False, 0, -1, 7, 1.5, 2**63 - 1, 2**63, -(2**63) - 1, 1e300),
    *("", " ", "\n", "x", "0", "true", "null", "é", "😀", "{{ name }}", "a" * 99, "a" * 101, "a" * 201, "a" * 3000),
    *([], {}, [None], [[]], {"a": None}, {"name": "x", "value": "y"}, {"key": "x", "value": "y"}),
)
"""What may stand where something else belongs."""

PHONES = (
    *("+12025550143", "12025550143", "2025550143", "+1-202-555-0143", "+1 202 555 0143", "1 (202) 555 0143", "+02025550143"),
    *(
        "+1202555",
        "+120255501430123",
        "+1202555014301234",
        "+12025550143\n",
        " +12025550143",
        "+१२०२५५५०१४३",
        "++12025550143",
        "+",
    ),
)
EMAILS = (
    *("ada@example.com", "Ada@Example.com", "ada+texts@mail.example.com", "ada@example", "ada", "@example.com", "ada@"),
    *(
        "ada@@example.com",
        "a b@example.com",
        "ada@example.com\n",
        "ada@exa mple.com",
        "ada@example..com",
        "ada@.example.com",
    ),
)
MOMENTS = (
    *("2026-02-03T09:15:00Z", "2026-02-03t09:15:00z", "2026-02-03T09:15:00+00:00", "2026-02-03T09:15:00.123456789-05:30"),
    *("2026-02-03T09:15:00", "2026-02-03", "2026-02-03 09:15:00Z", "2026-02-03T09:15:00+0000", "2026-02-30T09:15:00Z"),
    *(
        "2026-02-03T24:00:00Z",
        "2026-02-03T09:15Z",
        "2026-02-03T09:15:00Z\n",
        "1770109200",
        "yesterday",
        "2026-02-03T09:15:60Z",
    ),
    *("2026-02-03T09:15:00+25:00", "2026-02-03T09:15:00٫5Z"),
)
LINKS = (
    *("https://img.example.com/a.png", "http://img.example.com/a.png", "https://img.example.com", "https://localhost/a.png"),
    *(
        "ftp://img.example.com/a.png",
        "//img.example.com/a.png",
        "img.example.com/a.png",
        "https://",
        "https:///a.png",
        "https://a b",
    ),
    *(
        "https://img.example.com/a b.png",
        "https://img.example.com/{name}.png",
        "https://img.example.com/é.png",
        "javascript:alert(1)",
    ),
)
NAMES = (*(f"Parcel {sign} sent" for sign in "\"'(){}[]\\|,;:/.!-_éß😀\t\n"), "a" * 200)
"""Names of events, with every sign that is forbidden and many that are not."""

FITTING: Mapping[str, tuple[Any, ...]] = {
    "to": PHONES,
    "phone": PHONES,
    "email": EMAILS,
    "subjectPhone": PHONES,
    "subjectEmail": EMAILS,
    "updatedSince": MOMENTS,
    "url": LINKS,
    "events": (["sms.sent", "sms.sent"], ["SMS.sent"], ["sms.sent", 7], "sms.sent"),
    "occurredAt": MOMENTS,
    "mediaUrl": LINKS,
    "productImage": LINKS,
    "productUrl": LINKS,
    "type": (*NAMES, "MARKETING", "TRANSACTIONAL", "CHECKOUT_ABANDONED", "marketing"),
    "channel": ("TEXT", "EMAIL", "text", "SMS"),
    "subscriptionType": ("MARKETING", "TRANSACTIONAL", "CHECKOUT_ABANDONED", "Marketing"),
    "body": ("{", "}", "Hi {name}", "Reply STOP to stop.", "a" * 1600, "a\u2028b", "\x00"),
    "language": ("en", "EN", "eng", "fr", "en-US", "fr-CA", "en-us", "de-DE"),
    "country": ("US", "us", "USA", "CA"),
    "currency": ("USD", "EUR", "usd", "US", "USDX", "US1", "$"),
    "value": (19.99, 0, -3.5, "19.99", 10**18),
    "properties": ({f"key {at}": at for at in range(200)}, {f"key {at}": at for at in range(201)}),
    "customIdentifiers": (
        [{"name": "a", "value": ""}],
        [{"name": "a", "value": None}, {"name": "b", "value": "c"}],
        [{"key": "a", "value": ""}, {"key": "b", "value": "c"}],
        [{"name": "", "value": "c"}],
        [{"name": "a"}],
    ),
    "quantity": (2.0, 2.5, "2", -1),
    "channelType": ("WEB", "IN_STORE", "web", "KIOSK"),
}
"""Values worth trying in a field, by its name."""

MORE: tuple[tuple[str, Any], ...] = (
    *(
        ("surprise", 1),
        ("forceSend", True),
        ("addSubscriber", True),
        ("messageId", "7"),
        ("occuredAt", "2026-02-03T09:15:00Z"),
    ),
    *(("phone", "+12025550143"), ("email", "ada@example.com"), ("to", "+12025550143"), ("subscriberExternalId", 7)),
    *(("shopifyId", "7"), ("klaviyoId", "K"), ("clientUserId", "cust-551"), ("externalIdentifiers", {"shopifyId": "7"})),
    *(("customIdentifiers", [{"name": "a", "value": "b"}]), ("customIdentifiers", [{"key": "a", "value": "b"}])),
    *(("signUpSourceId", "900100"), ("locale", {"language": "en", "country": "US"}), ("messageName", "spring")),
    *(
        (name, "x")
        for name in ('a"b', "a{b", "a}b", "a[b", "a]b", "a\\b", "a|b", "a,b", "a'b", "a(b", "é", " ", "", "a" * 201)
    ),
    *(("list", ["a"]), ("object", {"a": 1}), ("nothing", None), ("empty", "")),
)
"""Fields that may be added to any object."""

Path = tuple[str | int, ...]


def spoiled(example: Any) -> Iterator[Any]:
    """`example`, and every copy of it that differs in one place."""
    yield example
    for path, value in places(example):
        name = next((str(step) for step in reversed(path) if isinstance(step, str)), "")
        for other in (*ANYTHING, *FITTING.get(name, ())):
            if path or other is not GONE:
                yield changed(example, path, other)
        if isinstance(value, list) and value:
            yield changed(example, path, [*value, *value])
        if isinstance(value, dict):
            for more, other in MORE:
                if more not in value:
                    yield changed(example, (*path, more), other)


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value inside `value`, itself first, with the way to it."""
    yield path, value
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in inside:
        yield from places(each, (*path, step))


def changed(document: Any, path: Path, other: Any) -> Any:
    """A copy of `document` with `other` at `path`; what the way there does not meet any more is left as it is."""
    if not path:
        return copy.deepcopy(other)
    made = at = copy.deepcopy(document)
    for step in path[:-1]:
        at = at[step]
    if other is GONE:
        del at[path[-1]]
    else:
        at[path[-1]] = copy.deepcopy(other)
    return made


@st.composite
def spoiled_often(draw: st.DrawFn, example: Any) -> Any:
    """`example` with two to four places spoiled, one after the other."""
    made = example
    for _ in range(draw(st.integers(2, 4))):
        path, value = draw(st.sampled_from(list(places(made))))
        name = next((str(step) for step in reversed(path) if isinstance(step, str)), "")
        if isinstance(value, dict) and draw(st.booleans()):
            more, other = draw(st.sampled_from(MORE))
            made = changed(made, (*path, more), other)
        elif path:
            made = changed(made, path, draw(st.sampled_from((*ANYTHING, *FITTING.get(name, ())))))
    return made
