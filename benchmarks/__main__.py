"""Runs every benchmark, one after the other, and keeps the results with machine and date in `benchmarks/results/`."""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ALL = [path.stem for path in sorted(HERE.glob("*.py")) if not path.stem.startswith("_")]


def machine() -> dict[str, object]:
    cpu = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    packages = ("flask", "gunicorn", "granian", "jinja2", "jsonschema", "jsonschema-rs", "requests", "sqlalchemy")
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in packages},
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*ALL, []], help=f"which: {', '.join(ALL)} (default: all)")
    names = parser.parse_args().names or ALL
    results = {}
    for name in names:
        print(f"== {name}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", "--json"], stdout=subprocess.PIPE, text=True, check=True
        )
        results[name] = json.loads(done.stdout)
        print(json.dumps(results[name], indent=1))
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    file = HERE / "results" / f"{today}.json"
    kept = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(
        json.dumps({**kept, "machine": machine(), "results": {**kept.get("results", {}), **results}}, indent=1) + "\n"
    )
    print(f"kept in {file.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
