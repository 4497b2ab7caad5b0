"""What ended long ago can be deleted; what is open, may answer a repeated call, or belongs to a plan that goes on, stays."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from service.model import FINAL, Status, new_id
from service.store._ids import first_id
from service.store._tables import contexts, deliveries

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=100)
BEFORE = NOW - timedelta(days=90)


@pytest.fixture
def add(store, new_delivery):
    def add(status=Status.ACCEPTED, when=LONG_AGO, **facts):
        id = first_id(when)[:-16] + new_id("dlv")[-16:]
        ended = int(when.timestamp() * 1000) if status in FINAL else None
        store.deliveries.insert_many([new_delivery(id=id, status=status, context=b"{}", **facts)])
        with store.database.write() as connection:
            connection.execute(update(deliveries).where(deliveries.c.id == id).values(finished_at=ended))
        return id

    return add


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_ended_before_is_deleted_with_its_context(store, add, status):
    gone, kept = add(status), add(status, BEFORE + timedelta(days=1))
    assert store.deliveries.purgeable(BEFORE) == 1
    assert (store.deliveries.purge(BEFORE), store.deliveries.purge(BEFORE)) == (1, 0)
    assert store.deliveries.get(gone) is None
    assert store.deliveries.get(kept) is not None
    with store.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(contexts)).scalar_one() == 1


@pytest.mark.parametrize("status", sorted(set(Status) - FINAL))
def test_what_is_open_stays_however_old(store, add, status):
    add(status)
    assert (store.deliveries.purgeable(BEFORE), store.deliveries.purge(BEFORE)) == (0, 0)


def test_what_may_answer_a_repeated_call_stays(store, add):
    add(when=NOW - timedelta(hours=23), idempotency_key="k")
    assert store.deliveries.purge(NOW) == 0


def test_a_plan_stays_as_long_as_any_of_its_deliveries(store, add):
    first = new_id("dlv")
    add(plan=first, step="one")
    last = add(Status.UNKNOWN, plan=first, step="two")
    assert store.deliveries.purge(BEFORE) == 0
    store.deliveries.settle_unknown(last, Status.REFUSED, "no")
    assert store.deliveries.purge(BEFORE) == 0  # it ended only now
    with store.database.write() as connection:
        connection.execute(update(deliveries).values(finished_at=int(LONG_AGO.timestamp() * 1000)))
    assert store.deliveries.purge(BEFORE) == 2


def test_it_goes_in_batches_the_oldest_first(store, add):
    old, older = add(), add(when=LONG_AGO - timedelta(days=1))
    assert store.deliveries.purge(BEFORE, most=1) == 1
    assert (store.deliveries.get(older), store.deliveries.get(old) is not None) == (None, True)
