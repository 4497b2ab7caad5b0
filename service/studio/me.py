"""The user's own page: password, light or dark."""

from __future__ import annotations

from flask import Response, request

from service.errors import PayloadInvalid
from service.store.users import Role
from service.studio._page import page
from service.studio._visit import THEME_COOKIE, THEMES, Visit, set_cookie

MAY = {
    Role.VIEWER: "you see everything, with phone numbers masked",
    Role.AUTHOR: "you write templates and see everything, with phone numbers masked",
    Role.PUBLISHER: "you write and publish templates, replay deliveries, make keys and see phone numbers",
    Role.ADMIN: "you may do everything, and keep users and accounts",
}


@page("GET", "/me")
def me(visit: Visit) -> Response:
    """What one's own user is, and may."""
    return _shown(visit, changed=bool(visit.asked("changed")))


@page("POST", "/me/password")
def change_password(visit: Visit) -> Response:
    """Choose another password; the old one must be known, so that an open screen is not enough."""
    store, login = visit.parts.store, visit.me.login
    address = visit.address
    if store.sessions.try_in(login, address) > 0:
        return _shown(visit, 429, {"old": "Too many tries. Wait a quarter of an hour."})
    if store.users.verify(login, request.form.get("old", "")) is None:
        return _shown(visit, 422, {"old": "This is not your password."})
    store.sessions.came_in(login, address)
    try:
        store.users.change_password(login, request.form.get("new", ""), keep_session=visit.session)
    except PayloadInvalid as error:
        return _shown(visit, 422, {"new": error.detail})
    return visit.go("me", changed="1")


@page("POST", "/me/theme")
def choose_theme(visit: Visit) -> Response:
    """Light, dark, or what the system says."""
    response, chosen = visit.go("me"), visit.field("theme")
    if chosen in THEMES:
        set_cookie(response, THEME_COOKIE, chosen, secure=visit.is_secure, lasts=True)
    else:
        response.delete_cookie(THEME_COOKIE, path="/")
    return response


def _shown(visit: Visit, status: int = 200, problems: dict[str, str] | None = None, *, changed: bool = False) -> Response:
    return visit.show("me.html", status, here="me", may=MAY[visit.me.role], problems=problems or {}, changed=changed)
