"""Accepting a hook durably, against a bare Flask view that answers 202, on the same server in the same run.

The server is pinned to one core and `wrk` to another. After each run the rows that were kept are counted: they must equal
the 2xx answers. Report the ratio; absolute figures of two machines cannot be compared.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent

BARE = """
from flask import Flask, request
app = Flask("bare")
@app.post("/v1/hooks/<template>")
def hook(template):
    request.get_data()
    return {"id": "dlv_01jd3k00000000000000000000", "status": "queued"}, 202
"""


def context() -> bytes:
    """A profile of about 2.2 KB, as Sailthru shows it to templates."""
    item = {"qty": 2, "title": "Blue kettle", "price": 3950, "id": "KIT-40-BLU", "url": "https://shop.example.com/kettle",
            "images": {"thumb": "https://img.example.com/k-s.jpg", "full": "https://img.example.com/k-l.jpg"},
            "tags": ["kitchen", "kettle"], "vars": {"supplier": "Northline"}}  # fmt: skip
    purchase = {"id": "65c0ffee0000000000000001", "price": 7900, "qty": 2, "time": 1769990000, "items": [item, item]}
    profile = {"id": "65a1b2c3d4e5f60718293a4b", "email": "ada@example.com", "lists": ["Newsletter", "VIP"],
               "vars": {"first_name": "Ada", "tier": "silver", "points": 320}, "signup_time": 1735689600,
               "purchases": [purchase, purchase], "purchase_incomplete": purchase,
               "keys": {"extid": "cust-551", "sms": "+12025550143"}}  # fmt: skip
    return json.dumps({"profile": profile}).encode()


TEMPLATE = """{% set body = "Hi, " ~ profile.vars.first_name ~ "! You are " ~ profile.vars.tier ~ "." %}
{ "to": "{{ profile.keys.sms }}", "body": "{{ body }}", "subscriptionType": "MARKETING",
  "useShortLinks": false, "messageName": "points", "skipFatigue": false }
"""


def servers(threads: int) -> dict[str, list[str]]:
    gunicorn = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--workers", "1", "--threads", str(threads),
                "--keep-alive", "30", "--log-level", "error", "--bind"]  # fmt: skip
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", str(threads),
               "--log-level", "critical", "--no-ws", "--host", "127.0.0.1", "--port"]  # fmt: skip
    return {"gunicorn": gunicorn, "granian": granian}


@contextlib.contextmanager
def running(
    server: str, command: list[str], target: str, environment: dict[str, str], cwd: Path
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    where = f"127.0.0.1:{port}" if server == "gunicorn" else str(port)
    process = subprocess.Popen(
        ["taskset", "-c", "0", *command, where, target], cwd=cwd, env=environment, start_new_session=True
    )
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            time.sleep(0.1)
        yield port, process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def wrk(port: int, key: str, seconds: int, connections: int, folder: Path) -> dict[str, float]:
    script = folder / "post.lua"
    script.write_text(
        'wrk.method = "POST"\n'
        f"wrk.body = [==[{context().decode()}]==]\n"
        f'wrk.headers["Content-Type"] = "application/json"\nwrk.headers["Authorization"] = "Bearer {key}"\n'
        "done = function(s, l) io.write(string.format("
        '"JSON{\\"requests\\":%d,\\"us\\":%d,\\"bad\\":%d,\\"p50\\":%f,\\"p99\\":%f}\\n", s.requests, s.duration,'
        " s.errors.status + s.errors.read + s.errors.timeout + s.errors.connect,"
        " l:percentile(50)/1000, l:percentile(99)/1000)) end\n"
    )
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script)]
    out = subprocess.run([*command, f"http://127.0.0.1:{port}/v1/hooks/points"], capture_output=True, text=True, check=True)
    found = re.search(r"JSON(\{.*\})", out.stdout)
    assert found, out.stdout
    return json.loads(found.group(1))


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """CPU time of a server and its workers: what a request costs, also while other work disturbs the clock."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    return sum(sum(each.cpu_times()[:2]) for each in family)


def measure(
    server: tuple[int, subprocess.Popen[bytes]], key: str, runs: int, seconds: int, connections: int, folder: Path
) -> tuple[dict[str, float], int]:
    port, process = server
    answered = wrk(port, key, 2, connections, folder)["requests"]  # warm-up
    before = cpu_seconds(process)
    results = [wrk(port, key, seconds, connections, folder) for _ in range(runs)]
    assert not sum(each["bad"] for each in results), results
    rates = [each["requests"] / each["us"] * 1e6 for each in results]
    spent = cpu_seconds(process) - before
    figures = {
        "cpu_us": round(spent / sum(each["requests"] for each in results) * 1e6),
        "per_second": round(statistics.median(rates)),
        "lowest": round(min(rates)),
        "highest": round(max(rates)),
        "p50_ms": round(statistics.median(each["p50"] for each in results), 1),
        "p99_ms": round(statistics.median(each["p99"] for each in results), 1),
    }
    return figures, int(answered + sum(each["requests"] for each in results))


def prepare(folder: Path, environment: dict[str, str]) -> str:
    """A template `points` and a key, made by the command line as anybody would."""
    template = folder / "templates" / "points"
    (template / "samples").mkdir(parents=True)
    (template / "template.json.j2").write_text(TEMPLATE)
    (template / "about.toml").write_text('title = "Points"\naction = "attentive.messages.send"\naccount = "default"\n')
    environment["BURGEE_TEMPLATES"] = str(folder / "templates")
    burgee = [str(Path(sys.executable).parent / "burgee")]
    subprocess.run([*burgee, "templates", "push"], env=environment, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    made = subprocess.run(
        [*burgee, "keys", "create", "bench", "--json"], env=environment, check=True, capture_output=True, cwd=ROOT
    )
    return json.loads(made.stdout)["secret"]


def one_server(server: str, command: list[str], runs: int, seconds: int, connections: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bare.py").write_text(BARE)
        environment = {
            **os.environ,
            "BURGEE_VAR": str(folder / "var"),
            "BURGEE_ATTENTIVE_TOKEN": "bench",
            "BURGEE_LOG_LEVEL": "error",
        }
        (folder / "var").mkdir()
        key = prepare(folder, environment)
        with running(server, command, "bare:app", environment, folder) as it:
            bare, _ = measure(it, key, runs, seconds, connections, folder)
        with running(server, command, "wsgi:app", environment, ROOT) as it:
            accept, answered = measure(it, key, runs, seconds, connections, folder)
        database = sqlite3.connect(folder / "var" / "burgee.sqlite3")
        rows = database.execute("SELECT count(*) FROM deliveries").fetchone()[0]
        # wrk stops with requests under way: those may be kept without an answer that it counted.
        assert answered <= rows <= answered + connections * (runs + 1), (answered, rows)
        return {"bare_flask_202": bare, "durable_accept": accept, "rows": rows, "answers": answered,
                "ratio": round(accept["per_second"] / bare["per_second"], 2),
                "cpu_ratio": round(bare["cpu_us"] / accept["cpu_us"], 2)}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--threads", type=int, default=32)
    parser.add_argument("--server", choices=["gunicorn", "granian"])
    options = parser.parse_args()
    if not (shutil.which("wrk") and shutil.which("taskset")):
        raise SystemExit("This benchmark needs wrk and taskset (Debian: apt-get install wrk).")
    results = {
        server: one_server(server, command, options.runs, options.seconds, options.connections)
        for server, command in servers(options.threads).items()
        if options.server in (None, server)
    }
    if options.json:
        print(
            json.dumps(
                {
                    "commit": "group, synchronous=FULL",
                    "threads": options.threads,
                    "connections": options.connections,
                    **results,
                }
            )
        )
        return
    for server, figures in results.items():
        print(f"{server}: accept {figures['durable_accept']}")
        print(f"  bare {figures['bare_flask_202']}")
        print(f"  ratio {figures['ratio']}, by CPU {figures['cpu_ratio']}")


if __name__ == "__main__":
    main()
