"""A log of finished deliveries, however long, slows neither claims nor pages: every such query reads an index."""

import pytest

from service.model import Status
from service.store import DeliveryFilter, deliveries, queue
from service.store._tables import deliveries as table
from service.store.buckets import _DUE, _UNDER_WAY

_FILL = """
    INSERT INTO deliveries (id, status, account, action, target, template, key, recipient, idempotency_key, idempotency_slot,
        guarantee, rate_class, priority, attempts_made, fence, created_at, updated_at, finished_at)
    SELECT 'dlv_' || CAST(n + 1000000 AS TEXT), 'accepted', 'default', 'a', 't', 't', 'k', '+1202555' || CAST(n AS TEXT),
        'i' || CAST(n AS TEXT), '', 'at-most-once', 'messages', 0, 1, 1, n, n, n FROM numbers
"""
_NUMBERS = {
    True: "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)",
    False: "WITH numbers(n) AS (SELECT generate_series(1, 20000))",
}


@pytest.fixture
def full_store(store):
    with store.database.write() as connection:
        rest = _FILL.split("SELECT", 1)
        connection.exec_driver_sql(f"{rest[0]} {_NUMBERS[store.database.is_sqlite]} SELECT{rest[1]}")
    if not store.database.is_sqlite:
        with store.database.write() as connection:
            connection.exec_driver_sql("ANALYZE deliveries")
    return store


@pytest.fixture
def plan(full_store):
    """How the database would run a query."""

    def explain(query, **values):
        sqlite = full_store.database.is_sqlite
        text = str(query.params(**values).compile(full_store.database.engine, compile_kwargs={"literal_binds": True}))
        with full_store.database.read() as connection:
            rows = connection.exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{text.replace('%%', '%')}").all()
        return "\n".join(str(row[-1]) for row in rows)

    return explain


def reads_everything(plan):
    return "SCAN deliveries" in plan.replace("SCAN deliveries USING", "") or "Seq Scan on deliveries" in plan


FILTERS = (
    DeliveryFilter(),
    DeliveryFilter(status=(Status.FAILED,)),
    DeliveryFilter(status=(Status.UNKNOWN, Status.REJECTED)),
    DeliveryFilter(status=(Status.QUEUED,)),
    DeliveryFilter(template="rare"),
    DeliveryFilter(account="rare"),
    DeliveryFilter(action="rare"),
    DeliveryFilter(key="rare"),
    DeliveryFilter(recipient="+12025550143"),
    DeliveryFilter(idempotency_key="i7"),
    DeliveryFilter(replay_of="dlv_7"),
)


def test_every_page_of_the_log_reads_an_index(plan):
    for filter in FILTERS:
        conditions = deliveries.conditions_of(filter)
        query = table.select().where(*conditions).order_by(table.c.id.desc()).limit(50)
        assert not reads_everything(plan(query)), f"{filter}: {plan(query)}"


def test_a_claim_reads_what_waits_and_nothing_else(plan):
    lane = {"account": "default", "rate_class": "messages"}
    for query, values in (
        (_DUE, {"now": 1}),
        (queue._FIRST_PRIORITY, lane),
        (queue._NEXT_PRIORITY, lane | {"last": 0}),
        (queue._DUE_ROWS, lane | {"of_priority": 0, "now": 1, "most": 32}),
    ):
        assert "deliveries_waiting" in plan(query, **values)


def test_looking_for_the_dead_reads_what_is_being_sent_and_nothing_else(plan):
    assert "deliveries_sending" in plan(queue._OWNERS)


def test_counting_the_calls_under_way_reads_what_is_being_sent_and_nothing_else(plan):
    assert "deliveries_sending" in plan(_UNDER_WAY)


def test_counts_agree_with_the_rows(full_store, new_delivery):
    full_store.deliveries.insert_many([new_delivery(), new_delivery(status=Status.REJECTED, payload=None)])
    counts = full_store.deliveries.counts()
    assert counts.by_status[Status.ACCEPTED] == 20_000
    assert (counts.by_status[Status.QUEUED], counts.by_status[Status.REJECTED]) == (1, 1)
