"""Render and check the seed's message in process: what every hook costs before it is kept. The aim is 60 microseconds."""

from __future__ import annotations

import argparse
import json
import timeit
from datetime import UTC, datetime

from benchmarks.accept import TEMPLATE, context
from service import strictjson
from service.actions import Actions
from service.delivery.prepare import Preparer
from service.model import Outcome, Policy
from service.settings import packaged


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    actions = Actions.load(packaged("schemas"))
    preparer = Preparer(actions)
    program = preparer.compile(TEMPLATE)
    body = context()
    action, data, now = actions["attentive.messages.send"], strictjson.read_object(body), datetime.now(UTC)

    def once(detail: bool) -> Outcome:
        return preparer.prepare(program, action, Policy(), data, now=now, seed="", detail=detail).outcome

    assert once(True) is once(False) is Outcome.VALID
    figures = {}
    for name, run in {
        "render and check, as for a hook": lambda: once(False),
        "the same with measure and lint, as for a preview": lambda: once(True),
        "strict read of the context": lambda: strictjson.read_object(body),
    }.items():
        figures[name] = round(min(timeit.repeat(run, number=2000, repeat=7)) / 2000 * 1e6, 1)
    if as_json:
        print(json.dumps({"us": figures}))
    else:
        for name, us in figures.items():
            print(f"{name:55}{us:8.1f} us")


if __name__ == "__main__":
    main()
