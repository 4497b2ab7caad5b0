"""The log, one delivery, and what a person may do about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.model import Status, new_id
from service.parts import Parts
from service.studio import _search as search
from service.studio._search import Sought

Make = Callable[[str], Any]


def ids_in(answer: Any) -> list[str]:
    """The deliveries of a page of the log, in its order."""
    return list(dict.fromkeys(re.findall(r'class="row" href="/deliveries/(dlv_\w+)"', answer.get_data(as_text=True))))


def test_before_the_first_call_the_log_and_the_overview_wait(browser: Make) -> None:
    viewer = browser("viewer")
    assert "Waiting for the first call" in viewer.see("/deliveries")
    text = viewer.see("/")
    assert "Waiting for the first call" in text
    assert "https://burgee.example.com/v1/hooks/hello" in text


def test_the_log_shows_the_newest_first_in_pages(browser: Make, deliver: Any) -> None:
    made = sorted((deliver().id for _ in range(search.PAGE + 5)), reverse=True)
    viewer = browser("viewer")
    first = viewer.get("/deliveries")
    assert ids_in(first) == made[: search.PAGE]
    older = re.search(r'href="(/deliveries\?cursor=[^"]+)"', first.get_data(as_text=True))
    assert older is not None
    assert ids_in(viewer.get(older.group(1))) == made[search.PAGE :]


def test_tabs_and_pickers_filter_and_say_how_many(browser: Make, deliver: Any) -> None:
    kept = {
        status: deliver(status=status).id for status in ("accepted", "failed", "rejected", "suppressed", "unknown", "held")
    }
    viewer = browser("viewer")
    for asked, expected in {
        "show=wrong": {"failed", "rejected"},
        "show=open": {"unknown", "held"},
        "show=stopped": {"suppressed"},
        "show=decide": {"unknown"},
        "show=accepted": {"accepted"},
        "status=held": {"held"},
        "template=hello": set(kept),
        "template=other": set(),
        "account=default&status=failed": {"failed"},
        "key=LO%20production&show=accepted": {"accepted"},
        "status=nonsense&show=nonsense&time=nonsense": set(kept),
    }.items():
        assert set(ids_in(viewer.get(f"/deliveries?{asked}"))) == {kept[each] for each in expected}, asked
    text = viewer.see("/deliveries")
    for said in ("All 6", "Open 2", "Accepted 1", "Stopped 1", "Went wrong 2", "Needs a decision 1"):
        assert said in text


def test_nothing_found_says_what_is_outside(browser: Make, deliver: Any) -> None:
    deliver()
    assert "Nothing matches. 1 delivery is outside this filter." in browser("viewer").see("/deliveries?status=failed")


def test_a_window_cuts_the_log_where_it_begins(parts: Parts, deliver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = sorted(deliver().id for _ in range(3))
    assert [each.id for each in search.find(parts.store, Sought(time="hour"), None).items] == made[::-1]
    later = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr(search, "now", lambda: later)
    assert search.find(parts.store, Sought(time="hour"), None).items == []
    assert search.find(parts.store, Sought(time="all"), None).items


def test_statuses_are_merged_in_the_order_of_time(parts: Parts, deliver: Any) -> None:
    words = ("failed", "rejected", "refused", "failed", "accepted", "rejected")
    made = sorted((deliver(status=word) for word in words), key=lambda each: each.id, reverse=True)
    wrong = [each.id for each in made if each.status is not Status.ACCEPTED]
    found = search.find(parts.store, Sought(show="wrong"), None)
    assert [each.id for each in found.items] == wrong
    rest = search.find(parts.store, Sought(show="wrong"), wrong[2])
    assert [each.id for each in rest.items] == wrong[3:]


@pytest.mark.parametrize("typed", ["+12025550143", "(202) 555-0143", "+1 202 555 0143", "2025550143"])
def test_a_number_is_found_however_it_is_written_and_never_in_an_address(browser: Make, deliver: Any, typed: str) -> None:
    mine = deliver()
    deliver(recipient="+12025550144")
    viewer = browser("viewer")
    viewer.get("/deliveries")
    answer = viewer.post("/deliveries", {"text": typed})
    assert answer.status_code == 200
    assert ids_in(answer) == [mine.id]
    assert "2025550143" not in re.sub(r'<input type="hidden"[^>]*>', "", answer.get_data(as_text=True))
    for address in re.findall(r'(?:href|action|hx-get)="([^"]+)"', answer.get_data(as_text=True)):
        assert "2025550143" not in address


def test_pages_of_a_recipient_go_on_by_a_form(browser: Make, deliver: Any) -> None:
    made = sorted((deliver().id for _ in range(search.PAGE + 2)), reverse=True)
    viewer = browser("viewer")
    viewer.get("/deliveries")
    first = viewer.post("/deliveries", {"text": "+12025550143"})
    cursor = re.search(r'name="cursor" value="([^"]+)"', first.get_data(as_text=True))
    assert cursor is not None
    rest = viewer.post("/deliveries", {"recipient": "+12025550143", "cursor": cursor.group(1)})
    assert ids_in(rest) == made[search.PAGE :]


def test_other_words_lead_to_an_address_that_can_be_kept(browser: Make, deliver: Any, parts: Parts) -> None:
    kept = deliver(idempotency_key="order-8817")
    parts.store.keys.create("LO production", [])
    viewer = browser("viewer")
    viewer.get("/deliveries")
    for typed, expected in {
        kept.id: f"/deliveries/{kept.id}",
        "hello": "/deliveries?template=hello",
        "LO production": "/deliveries?key=LO+production",
        "order-8817": "/deliveries?idempotency_key=order-8817",
        "dlv_nothing": "/deliveries?idempotency_key=dlv_nothing",
    }.items():
        answer = viewer.post("/deliveries", {"text": typed})
        assert answer.headers["Location"] == expected
    assert ids_in(viewer.get("/deliveries?idempotency_key=order-8817")) == [kept.id]


def test_a_cursor_that_is_none_is_a_page_that_says_so(browser: Make, deliver: Any) -> None:
    deliver()
    assert browser("viewer").get("/deliveries?cursor=1%27;--").status_code == 400


def test_only_the_changing_part_answers_htmx(browser: Make, deliver: Any) -> None:
    deliver()
    viewer = browser("viewer")
    part = viewer.get("/deliveries", headers={"HX-Request": "true", "HX-Target": "log"}).get_data(as_text=True)
    assert "<html" not in part
    assert 'id="log"' in part
    assert 'id="tabs"' in part
    assert "aria-live" not in part  # a log that is read out aloud would never stop
    now = viewer.get("/", headers={"HX-Request": "true", "HX-Target": "now"}).get_data(as_text=True)
    assert "<html" not in now
    assert 'id="now"' in now


def test_a_fragment_for_somebody_signed_out_asks_the_whole_page_to_load(visitor: Any) -> None:
    answer = visitor.get("/deliveries", headers={"HX-Request": "true", "HX-Target": "log"})
    assert answer.status_code == 204
    assert answer.headers["HX-Refresh"] == "true"


def test_one_delivery_tells_its_story(browser: Make, deliver: Any) -> None:
    kept = deliver(status="queued", digest="41b0c9d2" * 8)
    text = browser("publisher").see(f"/deliveries/{kept.id}")
    for said in ("Hook received", "From the flow LO production.", "Rendered with version 1", "1 segment", "41b0·c9d2",
                 "In the queue", "Shop: Hello Ada", "At most once"):  # fmt: skip
        assert said in text


def test_a_step_of_a_plan_leads_to_the_others(browser: Make, deliver: Any) -> None:
    first = new_id("dlv")
    deliver(id=first, plan=first, step="subscribe")
    second = deliver(plan=first, step="welcome", status="queued")
    html = browser("viewer").get(f"/deliveries/{second.id}").get_data(as_text=True)
    assert f'<a href="/deliveries/{first}">subscribe</a>' in html
    assert '<b aria-current="true">welcome</b>' in html


def test_a_rejected_delivery_says_why_and_offers_no_replay(browser: Make, deliver: Any) -> None:
    from service.errors import Problem

    problem = Problem("payload.required", "There is no phone number.", "/to", "Give one.", 3, 7)
    kept = deliver(status="rejected", payload=None, problems=(problem,))
    text = browser("publisher").see(f"/deliveries/{kept.id}")
    for said in ("Rejected by version 1", "There is no phone number.", "Give one.", "Line 3, column 7", "Nothing was sent."):
        assert said in text
    assert "Send this again?" not in text


def test_a_replay_is_a_new_delivery_with_the_same_bytes_and_is_in_the_audit_log(
    browser: Make, deliver: Any, parts: Parts
) -> None:
    kept, publisher = deliver(status="failed"), browser("publisher")
    publisher.get(f"/deliveries/{kept.id}")
    answer = publisher.post(f"/deliveries/{kept.id}/replay")
    made = parts.store.deliveries.get(answer.headers["Location"].rpartition("/")[2])
    assert made.replay_of == kept.id
    assert made.payload == kept.payload
    assert "Replayed" in publisher.see(f"/deliveries/{made.id}")
    assert kept.id in publisher.see("/audit")


@pytest.mark.parametrize("status", ["accepted", "unknown"])
def test_what_may_have_arrived_is_replayed_only_with_a_tick(browser: Make, deliver: Any, parts: Parts, status: str) -> None:
    kept, publisher = deliver(status=status), browser("publisher")
    answer = publisher.post(f"/deliveries/{kept.id}/replay")
    assert answer.status_code == 422
    assert "Tick the box" in answer.get_data(as_text=True)
    assert len(parts.store.deliveries.search().items) == 1
    assert publisher.post(f"/deliveries/{kept.id}/replay", {"twice": "1"}).status_code == 303


def test_what_waits_can_be_canceled_and_what_has_ended_cannot(browser: Make, deliver: Any, parts: Parts) -> None:
    waits, ended, publisher = deliver(status="queued"), deliver(status="accepted"), browser("publisher")
    assert publisher.post(f"/deliveries/{waits.id}/cancel").status_code == 303
    assert parts.store.deliveries.get(waits.id).status is Status.CANCELED
    answer = publisher.post(f"/deliveries/{ended.id}/cancel")
    assert answer.status_code == 409
    assert "cannot be canceled" in answer.get_data(as_text=True)


@pytest.mark.parametrize(("word", "status"), [("accepted", "accepted"), ("refused", "refused"), ("queued", "queued")])
def test_a_person_settles_what_is_unknown(browser: Make, deliver: Any, parts: Parts, word: str, status: str) -> None:
    kept, publisher = deliver(status="unknown"), browser("publisher")
    assert "Did it arrive?" in publisher.see(f"/deliveries/{kept.id}")
    assert publisher.post(f"/deliveries/{kept.id}/settle", {"as": "nonsense"}).status_code == 422
    assert publisher.post(f"/deliveries/{kept.id}/settle", {"as": word}).status_code == 303
    assert parts.store.deliveries.get(kept.id).status.value == status
    assert publisher.post(f"/deliveries/{kept.id}/settle", {"as": word}).status_code == 409


def _form(html: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html))


def test_a_bulk_replay_shows_what_it_touches_and_then_does_exactly_that(browser: Make, deliver: Any, parts: Parts) -> None:
    failed = [deliver(status="failed") for _ in range(3)]
    deliver(status="rejected", payload=None)
    publisher = browser("publisher")
    page = publisher.get("/deliveries/replay?show=wrong")
    html = page.get_data(as_text=True)
    assert "Replay 3 deliveries" in html
    assert "1 rejected" in html
    deliver(status="failed")  # comes after the preview, so it is not meant
    answer = publisher.post("/deliveries/replay", _form(html))
    assert answer.status_code == 303
    queued = [each for each in parts.store.deliveries.search().items if each.replay_of]
    assert {each.replay_of for each in queued} == {each.id for each in failed}
    publisher.post("/deliveries/replay", _form(html))
    assert len([each for each in parts.store.deliveries.search().items if each.replay_of]) == 3


def test_a_bulk_replay_whose_deliveries_have_changed_does_nothing(browser: Make, deliver: Any, parts: Parts) -> None:
    kept, publisher = deliver(status="unknown"), browser("publisher")
    html = publisher.get("/deliveries/replay?show=decide").get_data(as_text=True)
    assert publisher.post("/deliveries/replay", _form(html)).status_code == 422  # may have arrived: needs a tick
    publisher.post(f"/deliveries/{kept.id}/settle", {"as": "accepted"})
    answer = publisher.post("/deliveries/replay", {**_form(html), "twice": "1"})
    assert answer.status_code == 409
    assert "nothing was replayed" in answer.get_data(as_text=True)
    assert len(parts.store.deliveries.search().items) == 1


def test_the_overview_groups_what_went_wrong_by_cause(browser: Make, deliver: Any) -> None:
    from service.errors import Problem

    for _ in range(3):
        deliver(status="rejected", payload=None, problems=(Problem("phone", "The number has no country code.", "/to"),))
    deliver(status="refused", reason="The vendor refused it (400): no such number.")
    deliver(status="unknown")
    text = browser("viewer").see("/")
    for said in ("2 things need a look", "hello: The number has no country code", "3 rejected",
                 "Attentive refused it (400): no such number", "1 refused", "1 unknown", "went wrong 4"):  # fmt: skip
        assert said in text


def test_a_good_day_is_quiet(browser: Make, deliver: Any) -> None:
    deliver()
    text = browser("viewer").see("/")
    assert "Everything has gone out." in text
    assert "No problems in the last hour." in text
    assert "Every answer is known" in text
