"""What an operator and a monitor ask."""

from __future__ import annotations

import shutil

import pytest
from prometheus_client.parser import text_string_to_metric_families

ADA = {"to": "+12025550143", "name": "Ada"}


def test_a_process_that_lives_says_so_without_a_key(caller):
    assert caller().get("/healthz").json == {"status": "ok"}


def test_a_service_that_can_keep_is_ready(caller):
    assert caller().get("/readyz").json == {"status": "ok"}


def test_a_service_without_tables_is_not_ready_but_lives(caller, parts):
    with parts.store.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    answer = caller().get("/readyz")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert caller().get("/healthz").status_code == 200


def test_a_service_whose_tables_are_of_another_version_is_not_ready_and_the_log_says_why(caller, parts, capsys):
    with parts.store.database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert caller().get("/readyz").status_code == 503
    assert "9999" in "".join(capsys.readouterr())


def test_a_service_that_lost_its_database_is_not_ready(caller, parts, tmp_path):
    parts.store.close()
    for path in tmp_path.glob("burgee.sqlite3*"):
        path.unlink()
    (tmp_path / "burgee.sqlite3").mkdir()
    assert caller().get("/readyz").status_code == 503
    shutil.rmtree(tmp_path / "burgee.sqlite3")


def test_a_yes_is_not_asked_for_again_at_once(caller, parts, monkeypatch):
    assert caller().get("/readyz").status_code == 200
    monkeypatch.setattr("service.store.readiness.check", lambda _: pytest.fail("asked again"))
    assert caller().get("/readyz").status_code == 200


def test_metrics_tell_of_calls_and_of_the_queue_and_of_nobody(caller, flow):
    flow.post("/v1/hooks/hello", json=ADA)
    flow.post("/v1/hooks/hello", json={"to": "555"})
    answer = caller().get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    families = {each.name: each for each in text_string_to_metric_families(answer.text)}
    by_status = {each.labels["status"]: each.value for each in families["burgee_deliveries"].samples}
    assert (by_status["queued"], by_status["rejected"], by_status["accepted"]) == (1, 1, 0)
    assert families["burgee_queue_waiting"].samples[0].value == 1
    assert "burgee_calls" in families
    assert "2025550143" not in answer.text
