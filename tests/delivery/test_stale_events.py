"""Events that come too late to start a journey: sent with a warning, or refused where the template says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.actions import Actions
from service.delivery.prepare import Preparer
from service.model import Account, Outcome, Policy
from service.settings import packaged

PREPARER = Preparer(Actions.load(packaged("schemas")))
EVENT = PREPARER.actions["attentive.events.custom"]
NOW = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)
REFUSE = Policy(stale_events="refuse")
SOURCE = """{"type": "Parcel handed over", "user": {"phone": "{{ phone | e164 }}"}, "occurredAt": "{{ time }}"}"""


def event(time: str) -> dict[str, Any]:
    return {"type": "Parcel handed over", "user": {"phone": "+12025550143"}, "occurredAt": time}


@pytest.mark.parametrize("time", ["2026-02-02T21:15:00Z", "2026-02-02t16:15:00.123456789-05:00", "2026-02-03T09:15:00z"])
def test_within_twelve_hours_nothing_is_said(time):
    prepared = PREPARER.check(EVENT, event(time), now=NOW, policy=REFUSE)
    assert prepared.outcome is Outcome.VALID
    assert prepared.warnings == ()


def test_older_than_twelve_hours_is_sent_with_a_warning():
    prepared = PREPARER.check(EVENT, event("2026-02-02T21:14:59Z"), now=NOW)
    assert prepared.outcome is Outcome.VALID
    (warning,) = prepared.warnings
    assert (warning.code, warning.pointer) == ("event.stale", "/occurredAt")


def test_the_template_may_refuse_it():
    prepared = PREPARER.check(EVENT, event("2026-02-02T21:14:59Z"), now=NOW, policy=REFUSE)
    assert prepared.outcome is Outcome.INVALID
    assert [each.code for each in prepared.problems] == ["event.stale"]
    assert prepared.body is None


def test_an_event_that_is_refused_when_late_waits_no_longer_than_it_is_worth():
    prepared = PREPARER.check(EVENT, event("2026-02-03T08:15:00Z"), now=NOW, policy=REFUSE)
    made = PREPARER.delivery(prepared, REFUSE, action=EVENT.name, account="default", target="t", key="k")
    assert made.expires_in == 11 * 3600
    sooner = replace(REFUSE, expires_after_s=60.0)
    made = PREPARER.delivery(prepared, sooner, action=EVENT.name, account="default", target="t", key="k")
    assert made.expires_in == 60


def test_an_event_without_a_time_is_never_late():
    said = {name: value for name, value in event("").items() if name != "occurredAt"}
    assert PREPARER.check(EVENT, said, now=NOW + timedelta(days=9), policy=REFUSE).warnings == ()


@pytest.mark.parametrize(("country", "number"), [("US", "+12025550143"), ("GB", "+442079460143")])
def test_a_number_without_country_code_belongs_to_the_accounts_country(country, number):
    program = PREPARER.compile(SOURCE)
    account = Account(
        name="shop", destination="attentive", base_url="https://x.example.com", token_from="stored", country=country
    )
    written = {"US": "(202) 555-0143", "GB": "020 7946 0143"}[country]
    context = {"phone": written, "time": "2026-02-03T09:00:00Z"}
    prepared = PREPARER.prepare(program, EVENT, Policy(), context, now=NOW, account=account)
    assert prepared.payload["user"]["phone"] == number
