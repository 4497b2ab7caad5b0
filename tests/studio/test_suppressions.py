"""Who must not be texted, as the studio shows it: found, added, ended, and what vendors told us."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from service.model import Status, SubscriptionType, new_id
from service.parts import Parts
from service.store.inbound import NewEvent, conclude, keep
from service.studio._clock import Clock
from service.studio._masking import Masking
from service.studio._story import Storyteller
from tests.studio.test_pages import ATTACKS

Make = Callable[[str], Any]
ADA = "+12025550143"


def _add(parts: Parts, who: str = ADA, **more: Any) -> Any:
    facts = {"type": SubscriptionType.MARKETING, "reason": "as she asked on the phone", "by": "a test"} | more
    type = facts.pop("type")
    return parts.store.suppressions.add(who, type, **facts)


def _told(parts: Parts, delivery: str | None = None, **more: Any) -> None:
    facts = {
        "destination": "attentive", "account": "default", "kind": "sms.unsubscribed", "who": ADA, "happened_at": None,
        "fingerprint": new_id("fp"), "body": "{}", "said": "+12025550143 opted out.",
    } | more  # fmt: skip
    database = parts.store.inbound._database
    with database.write() as connection:
        id = keep(connection, database, NewEvent(**facts))
        assert id is not None
        conclude(connection, id, "Suppressed 202-555-0143.", delivery)


def test_an_empty_list_says_how_opt_outs_come_in(browser: Make) -> None:
    who = browser("viewer")
    assert "Nobody is suppressed" in (seen := who.see("/suppressions"))
    assert "burgee accounts hear" in seen
    assert "No vendor has told us anything yet" in who.see("/suppressions/told")


def test_the_list_says_who_what_why_since_until_where_and_how(browser: Make, parts: Parts) -> None:
    _add(parts, account="default", until=parts.store.now() + timedelta(days=2))
    seen = browser("publisher").see("/suppressions")
    for said in ("+1 202 555 0143", "Marketing texts", "as she asked on the phone.", "default", "person", "1 in all"):
        assert said in seen


def test_numbers_are_masked_for_a_viewer_on_each_of_the_pages(browser: Make, parts: Parts, deliver: Any) -> None:
    kept = deliver()
    made = _add(parts, reason="she called from 202-555-0143")
    _add(parts, "ada@example.com")
    _told(parts, kept.id)
    viewer = browser("viewer")
    for path in ("/suppressions", "/suppressions/told", f"/suppressions/{made.id}", f"/deliveries/{kept.id}"):
        html = viewer.get(path).get_data(as_text=True)
        assert "2025550143" not in re.sub(r"[\s()+.-]", "", html), path
        assert "ada@example.com" not in html, path
        assert "0143" in html, path


def test_pages_follow_each_other_and_show_everybody_once(browser: Make, parts: Parts) -> None:
    for number in range(60):
        _add(parts, f"+120255501{number:02}")
    who = browser("publisher")
    first = who.get("/suppressions").get_data(as_text=True)
    older = re.search(r'href="(/suppressions\?cursor=[^"]+)"', first)
    assert older is not None
    second = who.get(older.group(1)).get_data(as_text=True)
    found = re.findall(r"\+1 202 555 \d{4}", first + second)
    assert len(found) == len(set(found)) == 60


@pytest.mark.parametrize("text", ["+1 (202) 555-0143", ADA])
def test_somebody_is_found_by_a_form_and_stands_in_no_address(browser: Make, parts: Parts, text: str) -> None:
    made = _add(parts)
    parts.store.suppressions.remove(made.id, by="a test")
    _add(parts, "+12025550144")
    answer = browser("publisher").post("/suppressions", {"text": text})
    html = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "0143" in html and "0144" not in html and "ended" in html
    assert not re.search(r'(href|action)="[^"]*555', html)


def test_an_address_and_an_id_are_found_and_what_names_nobody_is_said(browser: Make, parts: Parts) -> None:
    _add(parts, "ada@example.com")
    _add(parts, "813204511987")
    who = browser("publisher")
    for text in ("Ada@example.com", "id:813204511987"):
        assert "1 in all" in who.post("/suppressions", {"text": text}).get_data(as_text=True)
    answer = who.post("/suppressions", {"text": "2025550143"})
    assert answer.status_code == 422
    assert "begins with + and its country" in answer.get_data(as_text=True)
    assert "Nothing is known against" in who.post("/suppressions", {"text": "+12025550199"}).get_data(as_text=True)


def test_a_publisher_adds_one_and_ends_it_for_a_reason_and_both_leave_a_line(browser: Make, parts: Parts) -> None:
    who = browser("publisher")
    given = {"who": "+1 202 555 0143", "type": "ALL", "account": "", "reason": "by letter", "until": ""}
    answer = who.post("/suppressions/new", given)
    assert answer.status_code == 303
    (made,) = parts.store.suppressions.page()[0]
    assert (made.who, made.type, made.source) == (ADA, SubscriptionType.ALL, "person")
    assert who.post(f"/suppressions/{made.id}/remove", {"reason": " "}).status_code == 422
    assert parts.store.suppressions.page()[0] == [made]
    assert who.post(f"/suppressions/{made.id}/remove", {"reason": "a new letter"}).status_code == 303
    assert parts.store.suppressions.page()[0] == []
    assert "It has ended." in who.see(f"/suppressions/{made.id}")
    lines = [(each.who, each.what) for each in parts.store.audit.page()[0]]
    for what in ("suppression.add", "suppression.remove"):
        assert ("publisher@example.com", what) in lines
    assert "a new letter" in who.see("/audit")


def test_all_that_is_wrong_with_the_form_is_said_at_once(browser: Make, parts: Parts) -> None:
    given = {"who": "5", "type": "x", "account": "none", "reason": "r" * 501, "until": "2001-01-01"}
    answer = browser("publisher").post("/suppressions/new", given)
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for said in ("names nobody", "Choose what", "no such account", "501 characters", "still to come"):
        assert said in html
    assert parts.store.suppressions.page(ended=True)[0] == []


def test_a_viewer_and_an_author_change_nothing(browser: Make, parts: Parts) -> None:
    made = _add(parts)
    for role in ("viewer", "author"):
        who = browser(role)
        assert "Suppress somebody" not in who.see("/suppressions")
        assert "needs the role publisher" in who.see(f"/suppressions/{made.id}")
        for path in ("/suppressions/new", f"/suppressions/{made.id}/remove"):
            assert who.post(path, {"who": ADA, "type": "ALL", "reason": "x"}).status_code == 403
    assert parts.store.suppressions.page()[0] == [made]


@pytest.mark.parametrize("id", ["sup_none", "%00", "..%2f", "\u202e"])
def test_what_is_not_there_is_said(browser: Make, id: str) -> None:
    assert browser("viewer").get(f"/suppressions/{id}").status_code == 404


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_people_and_vendors_wrote_stays_text(browser: Make, parts: Parts, attack: str, deliver: Any) -> None:
    kept = deliver()
    made = _add(parts, reason=attack)
    _told(parts, kept.id, said=attack, kind=attack, who=attack)
    who = browser("publisher")
    for path in ("/suppressions", f"/suppressions/{made.id}", "/suppressions/told", f"/deliveries/{kept.id}"):
        html = who.get(path).get_data(as_text=True)
        for markup in ("<script>alert", "<img src=x", "<svg/onload", "<i> and", 'href="javascript:'):
            assert markup not in html, path
    html = who.post("/suppressions", {"text": attack}).get_data(as_text=True)
    assert "<script>alert" not in html and "<img src=x" not in html


def test_a_delivery_tells_what_vendors_said_of_it_later(browser: Make, parts: Parts, deliver: Any) -> None:
    settled = deliver(status="accepted")
    _told(parts, settled.id, kind="sms.sent", said="it was sent")
    who = browser("publisher")
    assert "Attentive told us sms.sent" in (seen := who.see(f"/deliveries/{settled.id}"))
    assert "It was sent." in seen
    assert f'href="/deliveries/{settled.id}"' in who.get("/suppressions/told").get_data(as_text=True)


def test_the_guards_word_leads_to_the_suppression(deliver: Any) -> None:
    stopped = replace(deliver(), status=Status.SUPPRESSED, decision={"rule": "suppressed", "value": "sup_1"})
    steps = Storyteller(Clock("UTC"), Masking(False), None).steps(stopped, [], None)
    assert {"The suppression": "/suppressions/sup_1"} in [each.links for each in steps]
