"""What one preview of the editor costs on the server: a template of 10 KB for ten profiles."""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from service import app
from service.model import TemplateSource
from service.settings import Settings
from service.studio._clock import Clock
from service.studio._preview import preview
from service.studio._profiles import Profile, profiles

PROFILES = 10
RUNS = 60
CONTEXT = {
    "profile": {"keys": {"sms": "+12025550143"}, "vars": {"first_name": "Ana", "tier": "silver", "points": 225}},
    "cart": {"url": "https://example.com/c/8817", "items": [{"name": f"Mug {n}", "price": 2400} for n in range(20)]},
}


def source(size: int = 10_240) -> str:
    """A template of `size` characters as they grow over the years: a text of its own for each tier and each number of
    points, every one with names, filters and a branch."""
    head = '{% set items = cart["items"] %}\n{ "to": "{{ profile.keys.sms }}", "subscriptionType": "MARKETING", "body": "'
    variant = (
        "{% elif profile.vars.points < POINTS %}"
        'Hi {{ profile.vars.first_name | default("there") }}, it’s {{ profile.vars.tier | upper }} week: '
        "{{ items[0].name | truncate(20) }}{% if items | length > 1 %} and {{ items | length - 1 }} more{% endif %} "
        "for {{ items[0].price | money }} wait at {{ cart.url }}"
    )
    variants = (size - len(head)) // len(variant)
    chain = "".join(variant.replace("POINTS", str(each * 10)) for each in range(variants)).replace("elif", "if", 1)
    return f'{head}{chain}{{% else %}}Hi{{% endif %}}" }}\n'


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studio_preview", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    as_json = parser.parse_args().json
    with tempfile.TemporaryDirectory() as folder:
        parts = app.build(Settings(var=Path(folder), sqlite_synchronous="normal"))
        parts.store.migrate()
        template = TemplateSource(
            name="big", title="Big", action="attentive.messages.send", account="default", dialect="jinja", source=source(),
            samples={"ana": {"context": CONTEXT, "expected": None}},
        )  # fmt: skip
        people = profiles(template, [], Clock("UTC"), shows_all=True)
        people += [Profile(f"more:{n}", f"More {n}", "sample", CONTEXT) for n in range(PROFILES - len(people))]
        took, cpu = [], []
        for number in range(RUNS + 5):
            edited = replace(template, source=template.source.replace("Hi ", f"Hi{'.' * number} ", 1))
            started, used = time.perf_counter(), time.process_time()
            seen = preview(parts, edited, people[:PROFILES], "", datetime.now(UTC))
            took.append((time.perf_counter() - started) * 1000)
            cpu.append((time.process_time() - used) * 1000)
            assert seen.compiles
            assert len(seen.people) == PROFILES
            assert seen.without <= 2  # those whose types are wrong
        parts.store.close()
    took, cpu = sorted(took[5:]), sorted(cpu[5:])
    found = {
        "template_bytes": len(template.source.encode()), "profiles": PROFILES,
        "p50_ms": round(statistics.median(took), 1), "p95_ms": round(took[int(len(took) * 0.95)], 1),
        "cpu_p50_ms": round(statistics.median(cpu), 1), "cpu_p95_ms": round(cpu[int(len(cpu) * 0.95)], 1),
    }  # fmt: skip
    if as_json:
        print(json.dumps(found))
    else:
        print("  ".join(f"{name} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
