"""What every page keeps to: roles, masks, text that stays text, headers, and landmarks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from service.errors import Problem, Unavailable
from service.model import Account, NewDelivery, Scope, Status, new_id
from service.parts import Parts
from service.store.queue import Done, Ending, Job
from service.studio import pages
from service.studio._masking import Masking

Make = Callable[[str], Any]
PATHS = (
    *(
        "/",
        "/?span=day",
        "/deliveries",
        "/deliveries?show=wrong",
        "/deliveries?time=all&status=failed",
        "/deliveries/replay",
    ),
    *("/templates", "/templates?q=hello", "/templates/hello", "/connect", "/connect/hello"),
    *("/accounts", "/accounts/default", "/accounts/new", "/users", "/audit", "/me"),
    *("/suppressions", "/suppressions/told", "/suppressions/new"),
    *("/content", "/content?text=x&tag=y", "/content/feeds", "/content/import"),
)
ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "javascript:alert(1)",
    "{{ 7*7 }}{% raw %}",
    "</pre></td><svg/onload=alert(1)>",
    "`<b>` and `<i>",
)


def test_each_page_asks_for_its_role(browser: Make) -> None:
    viewer, author, publisher, admin = (browser(role) for role in ("viewer", "author", "publisher", "admin"))
    for path, at_least in {
        "/users": admin,
        "/accounts/new": admin,
        "/audit": publisher,
        "/deliveries/replay": publisher,
        "/suppressions/new": publisher,
        "/content/import": admin,
    }.items():
        reached = False
        for who in (viewer, author, publisher, admin):
            reached = reached or who is at_least
            assert who.get(path).status_code == (200 if reached else 403), path


@pytest.mark.parametrize("role", ["viewer", "author"])
def test_a_viewer_and_an_author_change_nothing_here(browser: Make, deliver: Any, parts: Parts, role: str) -> None:
    who, kept = browser(role), deliver(status="queued")
    key, _ = parts.store.keys.create("flow", [Scope.HOOKS])
    for path, data in {
        f"/deliveries/{kept.id}/replay": {},
        f"/deliveries/{kept.id}/cancel": {},
        f"/deliveries/{kept.id}/settle": {"as": "accepted"},
        "/deliveries/replay": {},
        "/connect/keys": {"name": "mine"},
        f"/connect/keys/{key.id}/revoke": {},
        "/accounts/new": {"name": "mine"},
        "/accounts/default": {},
        "/users": {"login": "mine", "role": "admin"},
        "/users/viewer@example.com/role": {"role": "admin"},
        "/users/viewer@example.com/remove": {},
    }.items():
        answer = who.post(path, data)
        assert answer.status_code == 403, path
        assert "needs the role" in answer.get_data(as_text=True)
    assert parts.store.deliveries.get(kept.id).status is Status.QUEUED
    assert [each.name for each in parts.store.keys.list() if each.revoked_at is None] == ["flow"]


def test_who_may_not_is_told_who_can(browser: Make) -> None:
    browser("admin")
    assert "Admin can." in browser("viewer").get("/users").get_data(as_text=True)


def _personal(deliver: Any) -> Any:
    problem = Problem("x", "'2025550143' of ada@example.com is not E.164", "/to", "Write +1 (202) 555-0143.")
    context = {
        "phone": "+12025550143",
        "again": "call 202-555-0143",
        "n": 12025550143,
        "mail": "ada@example.com",
        "+12025550143": 1,
    }
    deliver(status="rejected", payload=None, problems=(problem,), context=json.dumps(context).encode())
    return deliver(
        status="refused",
        reason="The vendor refused it (400): +1 202 555 0143 is unknown.",
        context=json.dumps(context).encode(),
        payload=b'{"to":"+12025550143","body":"Call (202) 555-0143 or ada@example.com"}',
        idempotency_key="order-2025550143",
    )


def test_numbers_and_addresses_are_masked_for_a_viewer_in_every_place(browser: Make, deliver: Any, parts: Parts) -> None:
    kept, viewer = _personal(deliver), browser("viewer")
    paths = [f"/deliveries/{each.id}" for each in parts.store.deliveries.search().items]
    for path in ("/", "/deliveries", *paths):
        html = viewer.get(path).get_data(as_text=True)
        digits = re.sub(r"[\s()+.-]", "", html)
        assert "2025550143" not in digits, path
        assert "ada@example.com" not in html, path
    assert "0143" in viewer.see(f"/deliveries/{kept.id}")


def test_a_publisher_sees_numbers(browser: Make, deliver: Any) -> None:
    kept = deliver()
    assert "+1 202 555 0143" in browser("publisher").see(f"/deliveries/{kept.id}")


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_profiles_and_vendors_say_is_shown_as_text(browser: Make, deliver: Any, parts: Parts, attack: str) -> None:
    """Every field that can hold what others wrote, on every page that shows it."""
    kept = deliver(
        status="unknown",
        template=attack,
        target=attack,
        key=attack,
        recipient=attack,
        reason=attack,
        idempotency_key=attack,
        payload=json.dumps({"to": attack, "body": f"{attack} https://x.example/{attack}", "mediaUrl": attack}).encode(),
        context=json.dumps({"name": attack, attack: [attack]}).encode(),
        warnings=(Problem(attack, attack, attack, attack, 1, 1, attack),),
    )
    deliver(
        status="rejected",
        payload=None,
        problems=(Problem(attack, attack, attack, attack),),
        context=json.dumps(attack).encode(),
    )
    deliver(status="failed", reason=attack, template=attack)
    _attempt(parts, attack)
    parts.store.keys.create(attack, [Scope.HOOKS])
    parts.store.audit.add(attack, attack, attack, attack)
    parts.store.accounts.put(
        Account(name=attack, destination="attentive", base_url="https://x.example", token_from="env:X", brand_prefix=attack)
    )
    admin = browser("admin")
    ids = [each.id for each in parts.store.deliveries.search().items]
    for path in (
        *PATHS,
        *(f"/deliveries/{id}" for id in ids),
        f"/deliveries?show=decide&template={attack}",
        f"/templates?q={attack}",
    ):
        answer = admin.get(path)
        assert answer.status_code == 200, path
        _only_our_markup(answer.get_data(as_text=True), path)
    assert attack.split("`")[0] in admin.see(f"/deliveries/{kept.id}")
    for field in ("text", "recipient"):
        answer = admin.post("/deliveries", {field: f"+1202555014{attack}@"}, follow_redirects=True)
        _only_our_markup(answer.get_data(as_text=True), "search")


def _attempt(parts: Parts, attack: str) -> None:
    """An attempt whose answer is an attack in every part."""
    body = b'{"to":"+12025550143","body":"x"}'
    new = NewDelivery(id=new_id("dlv"), status=Status.QUEUED, account="default", action="attentive.messages.send",
                      target="hello", template="hello", payload=body, rate_class="messages")  # fmt: skip
    parts.store.deliveries.insert_many([new])
    from service.store.buckets import Limit

    claim = parts.store.queue.claim("wrk_1", {("default", "messages"): Limit(None)}, 5, lease_s=30, check=lambda *_: None)
    job: Job = next(each for each in claim.jobs if each.id == new.id)
    ending = Ending(status=Status.REFUSED, outcome="refused", reason=attack)
    parts.store.queue.complete([
        Done(job=job, ending=ending, duration_ms=1, status_code=400, headers={attack: attack}, body=attack, error=attack,
             meaning=attack)
    ])  # fmt: skip


class _Markup(HTMLParser):
    """Collects what must not be there."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[str] = []
        self.h1 = 0
        self.landmarks: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.h1 += tag == "h1"
        self.landmarks += [tag] if tag in ("main", "nav", "aside") else []
        if tag == "script" and not (found.get("src") or "").startswith("/studio/static/"):
            self.bad.append("script")
        if tag in ("img", "iframe", "object", "embed", "style", "base"):
            self.bad.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name == "style" or name.startswith("hx-on"):
                self.bad.append(name)
            if name in ("href", "src", "action") and (value or "").strip().lower().startswith(
                ("javascript:", "data:", "vbscript:")
            ):
                self.bad.append(f"{name}={value}")


def _only_our_markup(html: str, path: str) -> _Markup:
    found = _Markup()
    found.feed(html)
    assert not found.bad, (path, found.bad)
    return found


def test_each_page_has_one_heading_and_its_landmarks_and_nothing_inline(browser: Make, deliver: Any) -> None:
    kept, admin = deliver(), browser("admin")
    for path in (*PATHS, f"/deliveries/{kept.id}", "/nowhere", "/deliveries/dlv_none", "/users/x/remove"):
        html = admin.get(path, headers={"Accept": "text/html"}).get_data(as_text=True)
        found = _only_our_markup(html, path)
        assert found.h1 == 1, path
        assert "main" in found.landmarks, path
        assert "nav" in found.landmarks, path


def test_each_answer_forbids_what_is_not_ours(browser: Make, visitor: Any) -> None:
    for answer in (
        browser("viewer").get("/"),
        visitor.get("/sign-in"),
        visitor.get("/deliveries"),
        visitor.get("/invitation/x"),
    ):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


def test_static_files_may_be_kept_and_are_named_by_their_content(visitor: Any) -> None:
    html = visitor.get("/sign-in").get_data(as_text=True)
    for address in re.findall(r'(?:href|src)="(/studio/static/[^"#]+)', html):
        assert "?v=" in address
        answer = visitor.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]


def test_every_name_of_the_navigation_is_a_page_and_names_are_unique() -> None:
    from service.studio._layout import NAVIGATION

    names = [each.name for each in pages()]
    assert len(names) == len(set(names))
    assert {entry.page for group in NAVIGATION for entry in group} <= set(names)


def test_a_path_that_is_not_there_gets_a_page_for_people_and_the_apis_answer_for_programs(browser: Make) -> None:
    viewer = browser("viewer")
    assert "There is nothing at this address." in viewer.get("/nope", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert "There is nothing at this address." not in viewer.get("/v1/nope").get_data(as_text=True)


def test_without_the_database_a_page_says_so_and_signs_nobody_out(
    browser: Make, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = browser("viewer")

    def gone(*_: Any) -> Any:
        raise Unavailable("The database cannot be used now: disk full.", hint="Free some disk space.")

    with monkeypatch.context() as broken:
        broken.setattr(parts.store.sessions, "find", gone)
        answer = viewer.get("/deliveries")
        assert answer.status_code == 503
        assert "cannot be used now" in answer.get_data(as_text=True)
    assert viewer.get("/deliveries").status_code == 200


def test_a_fault_of_ours_is_a_page_without_particulars(browser: Make, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = browser("viewer")
    monkeypatch.setattr(parts.store.templates, "list", lambda: 1 / 0)
    answer = viewer.get("/templates")
    assert answer.status_code == 500
    assert "the fault is ours" in answer.get_data(as_text=True)
    assert "ZeroDivision" not in answer.get_data(as_text=True)


def test_masking_leaves_dates_times_and_small_numbers_alone() -> None:
    text = "On 2026-11-20 at 12:00:02, order 8817 of 24.00 in 184 ms, 503, v12, opened at 1769900300"
    assert Masking(False).text(text) == text
    assert Masking(False).json(b'{"open_time": 1769900300, "points": 320, "yes": true}') == {
        "open_time": 1769900300, "points": 320, "yes": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        *("tel2025550143", "Nr.2025550143x", "+1(202)555-0143", "(202) 555 0143", "https://x.example/u/12025550143?a"),
        *("202.555.0143", "2025550143 2025550144", "a@b.example2025550143"),
    ],
)
def test_masking_finds_a_number_wherever_it_stands(text: str) -> None:
    masked = re.sub(r"\D", "", Masking(False).text(text))
    assert "555014" not in masked
    assert Masking(False).text(Masking(False).text(text)) == Masking(False).text(text)
