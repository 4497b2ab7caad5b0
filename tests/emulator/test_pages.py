"""The phone page: everything it shows is text, numbers are masked, and nothing from outside can run in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\" ' </p> & javascript:alert(1)"


class Seen(HTMLParser):
    """What a browser would make of a page: its tags with attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def phone_paths(page: str) -> list[str]:
    return re.findall(r'href="(/phone/[^"]*)"', page)


def test_without_texts_the_page_says_what_it_waits_for(emulator: Any) -> None:
    page = emulator.client.get("/")
    assert page.status_code == 200
    assert "Waiting for the first text" in page.text


def test_a_text_is_shown_as_the_phone_shows_it(emulator: Any) -> None:
    emulator.send(body="Ada, see https://example.com/o/8817.", mediaUrl="https://img.example.com/mug.jpg")
    seen = Seen(emulator.client.get("/").text)
    assert "Ada, see https://example.com/o/8817." in seen.text
    assert ("a", "https://example.com/o/8817") in [(tag, attrs.get("href")) for tag, attrs in seen.tags]
    assert ("img", "https://img.example.com/mug.jpg") in [(tag, attrs.get("src")) for tag, attrs in seen.tags]
    assert "mug.jpg" in seen.text


def test_each_phone_has_a_page_without_its_number_in_the_address(emulator: Any) -> None:
    emulator.send(to="+12025550110", body="For ten")
    emulator.send(to="+12025550120", body="For twenty")
    paths = phone_paths(emulator.client.get("/").text)
    assert len(set(paths)) == 2
    pages = [emulator.client.get(path).text for path in paths]
    assert any('class="bubble bubble--last">For ten<' in page for page in pages)
    for text in (*paths, *pages):
        assert "2025550110" not in text
        assert "2025550120" not in text
    assert "+1 ••• ••• 0110" in pages[0]


def test_a_number_is_masked_in_the_vendors_words_too(emulator: Any) -> None:
    emulator.control("faults", {"status": 400, "body": {"message": "No +12025550143 here"}})
    emulator.send()
    page = emulator.client.get("/").text
    assert "No +1 ••• ••• 0143 here" in page
    assert "2025550143" not in page


def test_a_dropped_text_is_shown_with_the_reason_although_the_caller_was_told_nothing(emulator: Any) -> None:
    emulator.send(body="Hi {{ name }}")
    seen = Seen(emulator.client.get("/").text)
    assert "Taken with 200, and no text sent" in seen.text
    assert "The body has a brace" in seen.text


def test_a_call_without_an_answer_says_whether_it_was_carried_out(server: Any) -> None:
    for fault in ({"drop": "before"}, {"drop": "after"}):
        for path in ("/v1/text/send", "/v1/events/custom"):
            body = {"to": "+12025550143", "body": "Hi", "subscriptionType": "MARKETING"}
            event = {"type": "Parcel", "user": {"phone": "+12025550143"}}
            requests.post(f"{server.url}/_emulator/faults", json={**fault, "times": 1}, timeout=5)
            with pytest.raises(requests.ConnectionError):
                requests.post(
                    server.url + path,
                    json=body if "text" in path else event,
                    headers={"Authorization": "Bearer tok-pretend"},
                    timeout=5,
                )
    seen = Seen(requests.get(server.url, timeout=5).text).text
    assert seen.count("Nothing was carried out. Fault: drop before.") == 2
    assert seen.count("The text reached the phone. Fault: drop after.") == 1
    assert seen.count("It was carried out. Fault: drop after.") == 1


def test_an_unknown_phone_is_a_404_that_explains(emulator: Any) -> None:
    page = emulator.client.get("/phone/unknown")
    assert page.status_code == 404
    assert "This phone is gone" in page.text


@pytest.mark.parametrize("field", ["body", "messageName", "mediaUrl", "to", "subscriptionType", "x<b>"])
def test_nothing_that_is_sent_becomes_markup(make: Any, field: str) -> None:
    plain = make(mode="off")
    plain.send(messageName="a", mediaUrl="https://img.example.com/a.jpg")
    hostile = make(mode="off", brand=HOSTILE if field == "body" else "")
    hostile.send(
        **{"messageName": "a", "mediaUrl": "https://img.example.com/a.jpg", field: f"https://a.example.com/{HOSTILE}"}
    )
    for path in ("/", *phone_paths(hostile.client.get("/").text)):
        page = hostile.client.get(path).text
        assert "<script>alert" not in page
        seen = Seen(page)
        assert {tag for tag, _ in seen.tags} <= {tag for tag, _ in Seen(plain.client.get("/").text).tags} | {"a", "p"}
        assert not any(name.startswith("on") for _, attrs in seen.tags for name in attrs)
        links = [attrs[name] for _, attrs in seen.tags for name in ("href", "src") if attrs.get(name)]
        assert all(re.match(r"(https?:)?/|#", str(link)) for link in links)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(body=st.text(min_size=1).filter(str.strip))
def test_any_body_is_shown_as_it_is(make: Any, body: str) -> None:
    emulator = make(mode="off")
    emulator.send(body=body)
    shown = Seen(emulator.client.get("/").text.replace("\r\n", "\n").replace("\x00", "�"))
    normal = body.replace("\r\n", "\n").replace("\x00", "�")
    assert normal in shown.text or normal.replace("\r", "\n") in shown.text


def test_the_policy_lets_nothing_run_but_the_pages_own_script(emulator: Any) -> None:
    emulator.send()
    page = emulator.client.get("/")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert " style=" not in page.text
    for tag, attrs in Seen(page.text).tags:
        if tag == "script":
            assert emulator.client.get(str(attrs["src"])).status_code == 200
        assert tag != "style"


def test_a_page_that_has_not_changed_is_not_sent_again(emulator: Any) -> None:
    emulator.send()
    first = emulator.client.get("/")
    again = emulator.client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    emulator.send()
    assert emulator.client.get("/", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    emulator.control("reset", None)
    emulator.send()
    assert emulator.client.get("/", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_looking_at_pages_is_no_call_of_the_vendor(emulator: Any) -> None:
    emulator.client.get("/")
    emulator.client.get("/_emulator/stats")
    assert emulator.machine.ledger.stats()["requests"] == 0
