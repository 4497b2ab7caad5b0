"""Compiles and renders the same payloads in both dialects, side by side; the ratio is Zephyr by Jinja."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from service.rendering import compile

NOW = datetime(2026, 2, 3, 9, tzinfo=UTC)
CONTEXT: dict[str, Any] = {
    "profile": {
        "id": "65a1b2c3d4e5f60718293a4b",
        "email": "ada@example.com",
        "keys": {"extid": "cust-551", "sms": "+12025550143"},
        "vars": {"first_name": "Ada", "tier": "silver", "points": 320},
    },
    "cart": [{"name": f"Item {n}", "sku": f"SKU-{n}", "price": 100 * n} for n in range(12)],
}
REST = '"subscriptionType": "MARKETING",\n"useShortLinks": false,\n"skipFatigue": false\n}'
PAYLOADS: dict[str, dict[str, str]] = {
    "message": {
        "jinja": '{% set text = "Hello " ~ profile.vars.first_name ~ ", you are " ~ profile.vars.tier %}\n{\n'
        '"to": "{{ profile.keys.sms }}",\n"body": "{{ text }} with {{ profile.vars.points }} points.",\n' + REST,
        "zephyr": '{text = "Hello " + profile.vars.first_name + ", you are " + profile.vars.tier}\n{\n'
        '"to": "{profile.keys.sms}",\n"body": "{text} with {profile.vars.points} points.",\n' + REST,
    },
    "conditions": {
        "jinja": '{\n"to": "{{ profile.keys.sms }}",\n"body": "{% if profile.vars.tier == "gold" %}Gold'
        '{% elif profile.vars.points > 300 and profile.vars.tier %}{{ profile.vars.tier | upper }}{% else %}-{% endif %}",\n'
        + REST,
        "zephyr": '{\n"to": "{profile.keys.sms}",\n"body": "{if profile.vars.tier == \'gold\'}Gold'
        '{else if profile.vars.points > 300 && profile.vars.tier}{upper(profile.vars.tier)}{else}-{/if}",\n' + REST,
    },
    "cart of 12": {
        "jinja": '{\n"to": "{{ profile.keys.sms }}",\n"items": [{% for p in cart %}{% if not loop.first %},{% endif %}\n{\n'
        '"sku": "{{ p.sku }}", "name": "{{ p.name | upper }}", "cents": {{ p.price }}\n}{% endfor %}],\n' + REST,
        "zephyr": '{\n"to": "{profile.keys.sms}",\n"items": [{foreach cart as i, p}{if i > 0},{/if}\n{\n'
        '"sku": "{p.sku}", "name": "{upper(p.name)}", "cents": {p.price}\n}{/foreach}],\n' + REST,
    },
}


def compared(works: dict[str, Callable[[], Any]], times: int, rounds: int) -> dict[str, float]:
    """Processor time of one call of each in microseconds, the best of several rounds taken in turn."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            begun = time.process_time()
            for _ in range(times):
                work()
            best[name] = min(best[name], time.process_time() - begun)
    return {name: round(seconds / times * 1e6, 1) for name, seconds in best.items()}


def measure() -> dict[str, dict[str, float]]:
    results = {}
    for name, sources in PAYLOADS.items():
        programs = {dialect: compile(source, dialect=dialect) for dialect, source in sources.items()}
        one, other = (program.render(CONTEXT, now=NOW) for program in programs.values())
        assert one.document == other.document, (one.problems, other.problems)
        compiles = {dialect: partial(compile, source, dialect=dialect) for dialect, source in sources.items()}
        renders = {dialect: partial(program.render, CONTEXT, now=NOW) for dialect, program in programs.items()}
        found: dict[str, float] = {}
        for what, spent in (("compile", compared(compiles, 10, 7)), ("render", compared(renders, 200, 15))):
            found.update({f"{dialect} {what} us": spent[dialect] for dialect in spent})
            found[f"{what} ratio"] = round(spent["zephyr"] / spent["jinja"], 2)
        results[name] = found
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the results as JSON only")
    parser.parse_args()
    print(json.dumps(measure(), indent=1))


if __name__ == "__main__":
    main()
