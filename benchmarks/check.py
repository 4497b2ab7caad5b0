"""What checking and measuring one message costs in process: the action's check, the two validators alone, the SMS facts."""

from __future__ import annotations

import argparse
import json
import statistics
import timeit
from collections.abc import Callable
from pathlib import Path

from service import sms
from service.actions import Actions
from service.sms.phones import is_toll_free

SCHEMAS = Path(__file__).parent.parent / "schemas"
REPEATS = 7
SECONDS_A_REPEAT = 0.05

GOOD = {
    "to": "+12025550143",
    "body": "Hi, Ada! You are silver. See https://example.com/o/8817",
    "subscriptionType": "MARKETING",
    "useShortLinks": True,
    "messageName": "points",
    "skipFatigue": False,
}
THREE_FAULTS = {**GOOD, "to": "2025550143", "body": "Hi, {{ name }}", "subscriptionType": "marketing"}
ACCENTED = "Hi, Zoë’s kettle – it’s on its way! " * 4
EMOJI = "🎉 Doors open at 9 " * 8


def subjects() -> dict[str, Callable[[], object]]:
    """What is measured, by the name that the table shows."""
    action = Actions.load(SCHEMAS)["attentive.messages.send"]
    verdict = action._verdict
    return {
        "check, valid": lambda: action.check(GOOD),
        "check, three faults explained": lambda: action.check(THREE_FAULTS),
        "jsonschema_rs alone, valid": lambda: verdict.valid(GOOD),
        "jsonschema_rs alone, three faults": lambda: verdict.valid(THREE_FAULTS),
        "jsonschema alone, valid": lambda: verdict._slow.is_valid(GOOD),
        "jsonschema alone, three faults": lambda: list(verdict._slow.iter_errors(THREE_FAULTS)),
        "load all actions": lambda: Actions.load(SCHEMAS),
        "measure, GSM-7, 54 characters": lambda: sms.measure(GOOD["body"]),
        "measure, UCS-2, 144 characters": lambda: sms.measure(ACCENTED),
        "measure, emoji, 144 characters": lambda: sms.measure(EMOJI),
        "broken (problems only)": lambda: sms.broken(GOOD["body"]),
        "lint, 54 characters": lambda: sms.lint(GOOD["body"], subscription_type="MARKETING"),
        "fold, 144 characters": lambda: sms.fold(ACCENTED),
        "truncate to one segment": lambda: sms.truncate(ACCENTED, 1),
        "to_e164, already E.164": lambda: sms.to_e164("+12025550143"),
        "to_e164, as people write it": lambda: sms.to_e164("(202) 555-0143"),
        "is_toll_free": lambda: is_toll_free("+12025550143"),
        "zones": lambda: sms.zones("+12025550143"),
    }


def measure() -> dict[str, float]:
    """Median of the repeats in microseconds a call, by name."""
    made = {}
    for name, subject in subjects().items():
        subject()
        timer = timeit.Timer(subject)
        number = max(1, int(SECONDS_A_REPEAT / (timer.timeit(3) / 3)))
        made[name] = statistics.median(timer.repeat(REPEATS, number)) / number * 1e6
    return made


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    as_json = parser.parse_args().json
    results = measure()
    if as_json:
        print(json.dumps({"microseconds": {name: round(value, 2) for name, value in results.items()}}))
        return
    for name, value in results.items():
        print(f"{name:<36}{value:>12.2f} us")


if __name__ == "__main__":
    main()
