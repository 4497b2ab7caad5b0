"""What a render costs: compiling, rendering, and rendering with the strict parse, beside stock Jinja on the same template.

    python benchmarks/render.py [--json]

Seven repeats of each, the best of them in microseconds. Stock Jinja gets bracket names, because it takes `profile.keys` for
a method, and prints text that nothing has escaped or parsed.
"""

from __future__ import annotations

import json
import platform
import sys
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment

from service.rendering import compile, document

SOURCE = """{% set body = "Hi, " ~ profile.vars.first_name ~ "!" %}
{ "to": "{{ profile.keys.sms }}", "body": "{{ body }} {{ profile.vars.tier }}", "subscriptionType": "MARKETING",
  "messageName": "{{ profile.id }}", "mediaUrl": "{{ profile.purchases[0]["items"][0].images.full }}",
  "useShortLinks": false, "skipFatigue": false }
"""
STOCK = SOURCE.replace("profile.keys.sms", 'profile["keys"]["sms"]')
ITEMS = [
    {
        "qty": 2,
        "title": f"Blue kettle {number}",
        "price": 3950,
        "id": f"KIT-{number}-BLU",
        "url": f"https://shop.example.com/kettle/{number}",
        "images": {"thumb": "https://img.example.com/k-s.jpg", "full": "https://img.example.com/k-l.jpg"},
        "tags": ["kitchen", "kettle"],
        "vars": {"supplier": "Northline"},
    }
    for number in range(6)
]
CONTEXT: dict[str, Any] = {
    "profile": {
        "id": "65a1b2c3d4e5f60718293a4b",
        "email": "ada@example.com",
        "lists": ["Newsletter", "VIP"],
        "vars": {"first_name": "Ada", "tier": "silver", "points": 320},
        "signup_time": 1735689600,
        "purchases": [{"id": "65c0ffee0000000000000001", "price": 7900, "qty": 2, "time": 1769990000, "items": ITEMS}],
        "optout": "basic",
        "keys": {"extid": "cust-551", "sms": "+12025550143"},
    }
}
NOW = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)


def best(work: Callable[[], Any], number: int) -> float:
    """Microseconds of one call: the best of seven repeats."""
    return min(timeit.repeat(work, number=number, repeat=7)) / number * 1e6


def measure() -> dict[str, float]:
    program = compile(SOURCE)
    made = program.render(CONTEXT, now=NOW)
    assert made.document is not None, made.problems
    text = json.dumps(made.document)
    stock = Environment(autoescape=False).from_string(STOCK)
    found = {
        "compile": best(lambda: compile(SOURCE), 20),
        "render and strict parse": best(lambda: program.render(CONTEXT, now=NOW), 5_000),
        "strict parse alone": best(lambda: document.read(text), 10_000),
        "stock Jinja, plain render": best(lambda: stock.render(CONTEXT), 5_000),
    }
    found["ratio to stock Jinja"] = found["render and strict parse"] / found["stock Jinja, plain render"]
    return {name: round(value, 2) for name, value in found.items()}


def main() -> None:
    found = measure()
    if "--json" in sys.argv[1:]:
        print(json.dumps({"python": platform.python_version(), "context_bytes": len(json.dumps(CONTEXT)), "us": found}))
        return
    print(f"Python {platform.python_version()}, context of {len(json.dumps(CONTEXT)):,} bytes, best of 7")
    for name, value in found.items():
        print(f"{name:<28}{value:>10,.2f}{'' if name.startswith('ratio') else ' us'}")


if __name__ == "__main__":
    main()
