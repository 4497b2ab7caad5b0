"""In and out: sign in, accept an invitation, sign out."""

from __future__ import annotations

from flask import Response, request

from service.errors import NotFound, PayloadInvalid
from service.studio._clock import span
from service.studio._page import page
from service.studio._visit import SESSION_COOKIE, Visit, set_cookie


@page("GET", "/sign-in", role=None)
def sign_in(visit: Visit) -> Response:
    """The form."""
    if visit.user is not None:
        return visit.go_to(_local(visit.asked("next")))
    return _form(visit, next=visit.asked("next"), away=bool(visit.asked("away")))


@page("POST", "/sign-in", role=None)
def come_in(visit: Visit) -> Response:
    """Look at the password, unless there were too many tries."""
    store, login, password = visit.parts.store, visit.field("login"), request.form.get("password", "")
    address = visit.address
    wait_s = store.sessions.try_in(login, address)
    if wait_s > 0:
        problem = f"Too many tries. Try again in {span(max(1, wait_s))}."
        answer = _form(visit, 429, login=login, next=visit.field("next"), problem=problem)
        answer.headers["Retry-After"] = str(int(wait_s) + 1)
        return answer
    user = store.users.verify(login, password)
    if user is None:
        return _form(
            visit, 403, login=login, next=visit.field("next"), problem="This name and password do not fit together."
        )
    store.sessions.came_in(login, address)
    return _opened(visit, store.sessions.open(user), _local(visit.field("next")))


@page("GET", "/invitation/{token}", role=None)
def invitation(visit: Visit, token: str) -> Response:
    """The form in which a new user chooses a password. Looking at it does not use the link up."""
    guest = visit.parts.store.users.invited(token)
    if guest is None:
        raise NotFound("This link is used up or too old.", hint="Ask an admin for a new one, or sign in.")
    name = "" if guest.name == guest.login else guest.name
    return visit.show("invitation.html", guest=guest, name=name, problem="")


@page("POST", "/invitation/{token}", role=None)
def accept_invitation(visit: Visit, token: str) -> Response:
    """The new user is in."""
    store = visit.parts.store
    guest = store.users.invited(token)
    try:
        user = store.users.accept(token, request.form.get("password", ""), name=visit.field("name"))
    except PayloadInvalid as error:
        if guest is None:
            raise NotFound("This link is used up or too old.", hint="Ask an admin for a new one.") from None
        return visit.show("invitation.html", 422, guest=guest, name=visit.field("name"), problem=error.detail)
    return _opened(visit, store.sessions.open(user), "/")


@page("POST", "/sign-out")
def sign_out(visit: Visit) -> Response:
    """End this session."""
    visit.parts.store.sessions.close(visit.session)
    response = visit.go("sign_in")
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def _form(visit: Visit, status: int = 200, **facts: object) -> Response:
    made = {"login": "", "next": "", "away": False, "problem": ""} | facts
    return visit.show("sign_in.html", status, nobody=visit.parts.store.users.is_empty(), **made)


def _opened(visit: Visit, secret: str, address: str) -> Response:
    """Into the studio with a session of its own; one that the browser had before is not used again."""
    if visit.session:
        visit.parts.store.sessions.close(visit.session)
    visit.session = ""
    response = visit.go_to(address)
    set_cookie(response, SESSION_COOKIE, secret, secure=visit.is_secure)
    return response


def _local(address: str) -> str:
    """The address if it is one of ours, else the overview: nobody is sent elsewhere by a link to the sign-in page.

    >>> _local("/deliveries?status=failed"), _local("//evil.example.com"), _local("https://evil.example.com")
    ('/deliveries?status=failed', '/', '/')
    """
    ours = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if ours else "/"
