"""In and out: passwords, invitations, sessions, tokens of forms, and too many tries."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from service.parts import Parts
from service.store._people import sessions
from service.store.sessions import FOR_BOTH, FOR_ONE, IDLE_MS
from service.store.users import Role

Browser = Any
Make = Callable[[str], Any]
PASSWORD = "correct horse battery"


def test_nobody_sees_a_page_before_signing_in(visitor: Browser) -> None:
    for path in ("/", "/deliveries", "/templates", "/connect", "/accounts", "/users", "/audit", "/me", "/deliveries/dlv_1"):
        answer = visitor.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["Location"].startswith("/sign-in")


def test_who_signs_in_lands_where_they_wanted_to_go(visitor: Browser, user: Callable[..., str]) -> None:
    asked = visitor.get("/deliveries?show=wrong").headers["Location"]
    page = visitor.get(asked)
    wanted = re.search(r'name="next" value="([^"]+)"', page.get_data(as_text=True))
    assert wanted is not None
    answer = visitor.post("/sign-in", {"login": user("viewer"), "password": PASSWORD, "next": wanted.group(1)})
    assert answer.headers["Location"] == "/deliveries?show=wrong"
    assert visitor.get("/deliveries").status_code == 200


@pytest.mark.parametrize("elsewhere", ["https://evil.example.com", "//evil.example.com", "/\\evil.example.com", "\t//x"])
def test_a_sign_in_link_leads_nowhere_else(visitor: Browser, user: Callable[..., str], elsewhere: str) -> None:
    visitor.get("/sign-in")
    answer = visitor.post("/sign-in", {"login": user("viewer"), "password": PASSWORD, "next": elsewhere})
    assert answer.headers["Location"] == "/"


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(visitor: Browser, user: Callable[..., str]) -> None:
    known = visitor.sign_in(user("viewer"), "not the password")
    unknown = visitor.sign_in("nobody", "not the password")
    assert known.status_code == unknown.status_code == 403
    assert "do not fit together" in known.get_data(as_text=True)
    assert "do not fit together" in unknown.get_data(as_text=True)


def test_too_many_tries_must_wait_even_with_the_right_password(visitor: Browser, user: Callable[..., str]) -> None:
    login = user("viewer")
    visitor.get("/sign-in")
    for _ in range(FOR_BOTH):
        visitor.post("/sign-in", {"login": login, "password": "x"})
    answer = visitor.post("/sign-in", {"login": login.upper(), "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "Too many tries" in answer.get_data(as_text=True)


def test_tries_are_counted_for_the_name_and_for_the_address_and_for_all_processes(make_store: Callable[..., Any]) -> None:
    first, second = make_store(), make_store()
    first.migrate()
    for number in range(FOR_ONE):
        assert first.sessions.try_in("mara", f"10.0.0.{number}") == 0
    assert second.sessions.try_in("mara", "10.0.1.1") > 0
    for number in range(FOR_ONE):
        second.sessions.try_in(f"user{number}", "10.9.9.9")
    assert first.sessions.try_in("somebody", "10.9.9.9") > 0
    assert first.sessions.try_in("somebody", "10.9.9.8") == 0


def test_behind_a_proxy_of_this_machine_people_are_told_apart(
    visitor: Browser, user: Callable[..., str], parts: Parts
) -> None:
    login = user("viewer")
    for _ in range(FOR_BOTH):
        parts.store.sessions.try_in(login, "192.0.2.7")
    visitor.get("/sign-in")
    data = {"login": login, "password": PASSWORD}
    forged = {"X-Forwarded-For": "198.51.100.1, 192.0.2.7"}
    assert visitor.post("/sign-in", data, headers=forged).status_code == 429
    elsewhere = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}, "headers": {"X-Forwarded-For": "198.51.100.1"}}
    assert visitor.post("/sign-in", data, **elsewhere).status_code == 429
    assert visitor.post("/sign-in", data, headers={"X-Forwarded-For": "198.51.100.1"}).status_code == 303


def test_signing_in_forgets_the_tries_before(visitor: Browser, user: Callable[..., str], parts: Parts) -> None:
    login = user("viewer")
    for _ in range(FOR_BOTH - 1):
        parts.store.sessions.try_in(login, "127.0.0.1")
    assert visitor.sign_in(login).status_code == 303
    assert all(parts.store.sessions.try_in(login, "127.0.0.1") == 0 for _ in range(FOR_BOTH))


def test_a_form_of_another_site_is_refused(browser: Make) -> None:
    admin = browser("admin")
    for data in ({}, {"csrf": ""}, {"csrf": "0" * 48}, {"csrf": "é"}):
        answer = admin.client.post("/me/theme", data={"theme": "dark", **data})
        assert answer.status_code == 403
        assert "nothing was done" in answer.get_data(as_text=True)


def test_a_form_of_another_user_is_refused(browser: Make) -> None:
    viewer, admin = browser("viewer"), browser("admin")
    assert viewer.csrf != admin.csrf
    assert admin.client.post("/me/theme", data={"csrf": viewer.csrf, "theme": "dark"}).status_code == 403


def test_every_form_of_every_page_carries_the_token(browser: Make) -> None:
    admin = browser("admin")
    for path in ("/me", "/deliveries", "/connect", "/accounts/new", "/accounts/default", "/users"):
        html = admin.get(path).get_data(as_text=True)
        for form in re.findall(r"<form.*?</form>", html, re.DOTALL):
            assert 'method="get"' in form or 'name="csrf"' in form, (path, form[:200])


def test_every_post_asks_for_the_token(app: Any, browser: Make) -> None:
    admin = browser("admin")
    paths = [rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ()) and rule.endpoint != "static"]
    assert len(paths) > 12
    for path in paths:
        answer = admin.client.post(re.sub(r"<\w+>", "default", path), data={"login": "x", "name": "x"})
        assert answer.status_code == 403, path


def test_a_session_cookie_is_not_for_scripts_or_other_sites(visitor: Browser, user: Callable[..., str]) -> None:
    answer = visitor.sign_in(user("viewer"))
    cookie = next(each for each in answer.headers.getlist("Set-Cookie") if each.startswith("burgee_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" in cookie  # the service is reached by https, as its public URL says


def test_a_session_is_new_at_every_sign_in(visitor: Browser, user: Callable[..., str], parts: Parts) -> None:
    visitor.client.set_cookie("burgee_session", "chosen-by-somebody-else")
    visitor.sign_in(user("viewer"))
    kept = visitor.client.get_cookie("burgee_session")
    assert kept is not None
    assert kept.value != "chosen-by-somebody-else"
    assert parts.store.sessions.find("chosen-by-somebody-else").user is None


def test_the_database_does_not_hold_what_opens_a_session(visitor: Browser, user: Callable[..., str], parts: Parts) -> None:
    visitor.sign_in(user("viewer"))
    secret = visitor.client.get_cookie("burgee_session").value
    with parts.store.database.read() as connection:
        assert secret not in str(connection.execute(sessions.select()).all())


def test_twelve_hours_away_signs_out_and_says_so(browser: Make, parts: Parts) -> None:
    viewer = browser("viewer")
    with parts.store.database.write() as connection:
        connection.execute(update(sessions).values(seen_at=sessions.c.seen_at - IDLE_MS - 1000))
    answer = viewer.get("/deliveries")
    assert answer.status_code == 303
    assert "You were away for 12 hours" in viewer.get(answer.headers["Location"]).get_data(as_text=True)


def test_signing_out_ends_the_session_for_good(browser: Make, parts: Parts) -> None:
    viewer = browser("viewer")
    secret = viewer.client.get_cookie("burgee_session").value
    assert viewer.post("/sign-out").status_code == 303
    viewer.client.set_cookie("burgee_session", secret)
    assert viewer.get("/deliveries").status_code == 303


def test_a_removed_user_is_out_at_once(browser: Make, parts: Parts) -> None:
    viewer = browser("viewer")
    assert viewer.get("/").status_code == 200
    parts.store.users.remove("viewer@example.com", by="a test")
    assert viewer.get("/").status_code == 303


def test_an_invitation_works_once(visitor: Browser, parts: Parts) -> None:
    _, token = parts.store.users.invite("mara", Role.AUTHOR, by="a test")
    path = f"/invitation/{token}"
    assert "You sign in as" in visitor.get(path).get_data(as_text=True)
    assert visitor.get(path).status_code == 200  # looking at it does not use it up: mail scanners look, too
    answer = visitor.post(path, {"password": PASSWORD, "name": "Mara Lindqvist"})
    assert answer.headers["Location"] == "/"
    assert "Mara Lindqvist" in visitor.see("/me")
    assert visitor.get(path).status_code == 404
    assert parts.store.users.verify("mara", PASSWORD) is not None


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "x" * 201])
def test_a_weak_password_is_refused_in_words_and_the_link_stays_good(visitor: Browser, parts: Parts, password: str) -> None:
    _, token = parts.store.users.invite("mara", Role.AUTHOR, by="a test")
    visitor.get(f"/invitation/{token}")
    answer = visitor.post(f"/invitation/{token}", {"password": password})
    assert answer.status_code == 422
    assert "password" in answer.get_data(as_text=True)
    assert parts.store.users.invited(token) is not None


def test_the_first_admin_comes_by_the_newest_link_only_and_never_without_one(visitor: Browser, parts: Parts) -> None:
    assert "burgee users add" in visitor.see("/sign-in")
    old, new = parts.store.users.first_invitation(), parts.store.users.first_invitation()
    assert visitor.get(f"/invitation/{old}").status_code == 404
    assert visitor.get("/invitation/guessed").status_code == 404
    visitor.get(f"/invitation/{new}")
    assert visitor.post(f"/invitation/{new}", {"password": PASSWORD}).status_code == 303
    assert visitor.get("/users").status_code == 200
    assert parts.store.users.first_invitation() is None


def test_a_password_changes_only_with_the_old_one_and_ends_other_sessions(browser: Make, app: Any, parts: Parts) -> None:
    viewer = browser("viewer")
    other = parts.store.sessions.open(parts.store.users.list()[0])
    assert viewer.post("/me/password", {"old": "guess", "new": "another good password"}).status_code == 422
    assert parts.store.sessions.find(other).user is not None
    assert viewer.post("/me/password", {"old": PASSWORD, "new": "another good password"}).status_code == 303
    assert parts.store.sessions.find(other).user is None
    assert viewer.get("/").status_code == 200
    assert parts.store.users.verify("viewer@example.com", "another good password") is not None


def test_an_invitation_gets_too_old(parts: Parts) -> None:
    from service.store._people import users

    _, token = parts.store.users.invite("mara", Role.AUTHOR, by="a test")
    with parts.store.database.write() as connection:
        connection.execute(
            update(users).values(invited_until=users.c.invited_until - int(timedelta(days=3).total_seconds() * 1000))
        )
    assert parts.store.users.invited(token) is None


def test_the_last_admin_stays(browser: Make, parts: Parts) -> None:
    admin = browser("admin")
    answer = admin.post("/users/admin@example.com/remove")
    assert answer.status_code == 409
    assert "only admin" in answer.get_data(as_text=True)
    assert admin.post("/users/admin@example.com/role", {"role": "viewer"}).status_code == 409
    assert parts.store.users.list()[0].role is Role.ADMIN


def test_the_theme_is_a_cookie_and_the_page_has_it_from_the_first_byte(browser: Make) -> None:
    viewer = browser("viewer")
    assert "data-theme" not in viewer.get("/").get_data(as_text=True)
    viewer.get("/me")
    viewer.post("/me/theme", {"theme": "dark"})
    assert '<html lang="en" data-theme="dark">' in viewer.get("/").get_data(as_text=True)
    viewer.get("/me")
    viewer.post("/me/theme", {"theme": "'><script>"})
    assert "data-theme" not in viewer.get("/").get_data(as_text=True)
