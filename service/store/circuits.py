"""Circuits: an account whose vendor fails again and again is left alone for a while, then tried with one delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, literal_column, select, update

from service.store import _hot
from service.store._database import Database
from service.store._tables import circuits

OPENS_AFTER = 10  # failures in a row
FIRST_PAUSE_MS = 5_000
LONGEST_PAUSE_MS = 300_000


@dataclass(frozen=True, slots=True)
class Circuit:
    """`open_until` None: closed. `probe` is the delivery that was let through when the pause was over."""

    failures: int = 0
    trips: int = 0
    open_until: int | None = None
    probe: str | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """What one attempt says of its vendor: it answered sensibly, or it failed."""

    delivery: str
    healthy: bool


def after(circuit: Circuit, sign: Sign, now: int) -> Circuit:
    """The circuit after this sign. Any healthy one closes it; what was under way when it opened does not open it further.

    >>> after(Circuit(failures=9), Sign("dlv_1", healthy=False), now=0)
    Circuit(failures=10, trips=1, open_until=5000, probe=None)
    >>> after(Circuit(10, 1, 5000, probe="dlv_2"), Sign("dlv_2", healthy=False), now=6000)
    Circuit(failures=11, trips=2, open_until=16000, probe=None)
    >>> after(Circuit(11, 2, 16000, probe="dlv_3"), Sign("dlv_3", healthy=True), now=17000)
    Circuit(failures=0, trips=0, open_until=None, probe=None)
    """
    if sign.healthy:
        return Circuit()
    failed = replace(circuit, failures=circuit.failures + 1)
    opens = failed.failures >= OPENS_AFTER if circuit.open_until is None else circuit.probe == sign.delivery
    if not opens:
        return failed
    pause = min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << min(failed.trips, 20))
    return replace(failed, trips=failed.trips + 1, open_until=now + pause, probe=None)


def record(connection: Connection, database: Database, account: str, signs: Sequence[Sign], now: int) -> Circuit | None:
    """Keep what these signs say, in their order. Answers the circuit where it has changed between open and closed."""
    if all(sign.healthy for sign in signs):
        # By far the most frequent case: one look that finds nothing to do.
        if not _hot.rows(connection, _TROUBLED, {"of_account": account}):
            return None
        closed = connection.execute(
            update(circuits)
            .where(circuits.c.account == account, circuits.c.failures > 0)
            .values(failures=0, trips=0, open_until=None, probe=None)
        )
        return Circuit() if closed.rowcount else None
    database.insert(connection, "circuits", ("account", "failures", "trips"), 1, (account, 0, 0))
    row = connection.execute(select(circuits).where(circuits.c.account == account).with_for_update()).one()
    before = circuit = Circuit(row.failures, row.trips, row.open_until, row.probe)
    for sign in signs:
        circuit = after(circuit, sign, now)
    connection.execute(
        update(circuits)
        .where(circuits.c.account == account)
        .values(failures=circuit.failures, trips=circuit.trips, open_until=circuit.open_until, probe=circuit.probe)
    )
    return circuit if circuit.open_until != before.open_until else None


_TROUBLED = select(circuits.c.account).where(
    circuits.c.account == bindparam("of_account"), circuits.c.failures > literal_column("0")
)


def take_probe(connection: Connection, account: str, delivery: str, open_until: int, until: int) -> bool:
    """Let this delivery through an open circuit whose pause is over: True for one caller only. Should it never be heard of
    again, another may try after `until`."""
    mine = (circuits.c.account == account) & (circuits.c.open_until == open_until)
    return connection.execute(update(circuits).where(mine).values(probe=delivery, open_until=until)).rowcount == 1
