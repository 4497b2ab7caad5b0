"""Through this door every request to a page comes: who is it, may they, is the form ours, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import structlog
from flask import Response, redirect, request
from werkzeug.exceptions import RequestEntityTooLarge

from service.errors import BurgeeError, Conflict, Forbidden, NotFound, NotReadable, PayloadInvalid, Unavailable
from service.store.sessions import Found
from service.studio import _layout
from service.studio._visit import GUEST_COOKIE, SESSION_COOKIE, Visit, set_cookie
from service.studio._words import size

if TYPE_CHECKING:
    from service.parts import Parts
    from service.studio._page import Page

FORM_LIMIT = 2 * 1024 * 1024  # bytes: a template with its samples, and room

_TOO_LARGE = "Send less at once; a large feed is read on the command line, with burgee content import."

_STATUS: dict[type[BurgeeError], int] = {
    NotReadable: 400,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    PayloadInvalid: 422,
    Unavailable: 503,
}


class StudioDoor:
    """Answers requests by pages."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._made = _layout.environment()

    def view(self, page: Page) -> Callable[..., Response]:
        """The page as Flask calls it."""

        def answer(**names: Any) -> Response:
            visit = Visit(self.parts, self._made, page)
            try:
                response = self._answer(visit, page, names)
            except BurgeeError as error:
                response = self._told(visit, error)
            except RequestEntityTooLarge:
                limit = size(request.max_content_length or FORM_LIMIT)
                told = BurgeeError(f"The form is larger than {limit}, so nothing was done.", hint=_TOO_LARGE)
                response = self._told(visit, told, 413)
            except Exception:
                structlog.get_logger("burgee").exception("a page failed", page=page.name)
                detail = "This page failed, and the fault is ours. Its log says more."
                response = self._told(visit, BurgeeError(detail, hint="Nothing that was accepted is lost."))
            return _guarded(visit, response)

        return answer

    def _answer(self, visit: Visit, page: Page, names: dict[str, Any]) -> Response:
        request.max_content_length = FORM_LIMIT + (self.parts.settings.content_limit if page.takes_feed else 0)
        request.max_form_memory_size = FORM_LIMIT
        found = self.parts.store.sessions.find(visit.session) if visit.session else Found(None)
        visit.user = found.user
        visit.away = found.away
        visit.is_stale = bool(visit.session) and found.user is None
        if page.role is not None and visit.user is None:
            return _to_sign_in(visit)
        if page.role is not None and not visit.may(page.role):
            raise Forbidden(f"This needs the role {page.role}.", hint=self._who_can(page))
        if request.method == "POST":
            visit.check_form()
        return page(visit, **names)

    def _who_can(self, page: Page) -> str:
        """Who may do what this user may not: "Mara and 2 others can."."""
        assert page.role is not None
        able = [each.name for each in self.parts.store.users.list() if each.role.covers(page.role) and not each.invited]
        others = len(able) - 1
        return f"{able[0]} and {others} other{'s' * (others != 1)} can." if others > 0 else f"{able[0]} can." if able else ""

    def _told(self, visit: Visit, error: BurgeeError, status: int | None = None) -> Response:
        """The error as a page. Without the database there is no user to greet, and the page does without."""
        status = status or next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
        if isinstance(error, Unavailable):
            visit.user = None  # the shell asks the database, too
        return visit.show("error.html", status, error=error, here="")

    def nothing_here(self, response: Response) -> Response:
        """A page for people where the app knows no such path; what calls the API gets the API's own answer."""
        lost = response.status_code == 404 and request.url_rule is None and not request.path.startswith("/v1/")
        if not lost or request.method != "GET" or not request.accept_mimetypes.accept_html:
            return response
        if request.accept_mimetypes.best == "*/*":
            return response
        visit = Visit(self.parts, self._made, None)
        try:
            visit.user = self.parts.store.sessions.find(visit.session).user if visit.session else None
        except Unavailable:
            return response
        error = NotFound("There is nothing at this address.", hint="It may have been mistyped, or the page has moved.")
        return _guarded(visit, self._told(visit, error))


def _to_sign_in(visit: Visit) -> Response:
    """To the sign-in page, and back here afterwards. A fragment asks the whole page to load again."""
    if visit.is_fragment:
        return Response(status=204, headers={"HX-Refresh": "true"})
    back = request.full_path.rstrip("?") if request.method == "GET" else "/"
    asked = {"next": back} if back != "/" else {}
    if visit.away:
        asked["away"] = "1"
    address = visit.url("sign_in")
    return _plain(redirect(f"{address}?{urlencode(asked)}" if asked else address, 303))


def _plain(response: Any) -> Response:
    assert isinstance(response, Response)
    return response


def _guarded(visit: Visit, response: Response) -> Response:
    """The headers of every page: nothing from elsewhere, nothing inline, nowhere framed, not kept in caches."""
    styles = f"'self' 'nonce-{visit.nonce}'" if visit.page is not None and visit.page.styled_by_script else "'self'"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    if visit.needs_guest_cookie:
        set_cookie(response, GUEST_COOKIE, visit.guest, secure=visit.is_secure)
    if visit.is_stale and visit.session:
        response.delete_cookie(SESSION_COOKIE, path="/")
    return response
