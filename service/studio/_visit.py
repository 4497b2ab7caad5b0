"""One request to a page: who it is from, what they may see, and the ways to answer."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flask import Response, redirect, request, url_for

from service.errors import Forbidden
from service.store.users import Role
from service.studio._clock import Clock
from service.studio._masking import Masking

if TYPE_CHECKING:
    from jinja2 import Environment

    from service.parts import Parts
    from service.store.users import User
    from service.studio._page import Page

SESSION_COOKIE = "burgee_session"
GUEST_COOKIE = "burgee_guest"  # stands in for the session in forms that come before one
THEME_COOKIE = "burgee_theme"
THEMES = ("light", "dark")
CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"
SEES_NUMBERS = Role.PUBLISHER

_YEAR_S = 365 * 86_400


class Visit:
    """What a view gets. `user` is set wherever the page asks for a role."""

    def __init__(self, parts: Parts, pages: Environment, page: Page | None) -> None:
        self.parts = parts
        self.page = page
        self.user: User | None = None
        self.is_stale = False  # the browser showed a session that is none
        self.away = False  # there was a session, and its time was over
        self.nonce = secrets.token_urlsafe(16)
        self.session = request.cookies.get(SESSION_COOKIE, "")
        self.guest = request.cookies.get(GUEST_COOKIE, "") or secrets.token_urlsafe(32)
        self.needs_guest_cookie = False
        self._pages = pages

    # -- who

    def may(self, role: Role) -> bool:
        """Whether the user has this role, or one that covers it."""
        return self.user is not None and self.user.role.covers(role)

    @property
    def me(self) -> User:
        """The user. Only for pages that ask for a role."""
        assert self.user is not None, "a page without a role has no user"
        return self.user

    @cached_property
    def masking(self) -> Masking:
        """How personal data looks for this user: as it is, or masked."""
        return Masking(shows_all=self.may(SEES_NUMBERS))

    @cached_property
    def clock(self) -> Clock:
        """Times in the zone of the first account (by name; `default` goes before all)."""
        accounts = self.parts.store.accounts.list()
        first = sorted(accounts, key=lambda each: (each.name != "default", each.name))[:1]
        return Clock(first[0].timezone if first else "UTC")

    def undecided(self) -> int:
        """How many deliveries wait for a person's word; shown in the navigation."""
        return self.parts.store.figures.undecided() if self.user is not None else 0

    # -- the request

    @property
    def is_fragment(self) -> bool:
        """Whether htmx asks for a part of a page."""
        return request.headers.get("HX-Request") == "true"

    def wants(self, part: str) -> bool:
        """Whether htmx asks for the element with this id, and nothing around it."""
        return self.is_fragment and request.headers.get("HX-Target") == part

    @property
    def is_secure(self) -> bool:
        return request.is_secure or self.parts.settings.public_url.startswith("https://")

    @property
    def address(self) -> str:
        """Where the request comes from. A proxy on this machine adds that to the end of `X-Forwarded-For`; one elsewhere is
        not believed, and what a browser wrote there itself stands before."""
        direct = request.remote_addr or ""
        told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return told[:100] if told and direct in ("127.0.0.1", "::1") else direct

    @property
    def root(self) -> str:
        """How flows reach this service, without a slash at the end."""
        return (self.parts.settings.public_url or request.url_root).rstrip("/")

    def field(self, name: str, default: str = "") -> str:
        """A field of the form, without blanks around it."""
        return request.form.get(name, default).strip()

    def asked(self, name: str, default: str = "") -> str:
        """A value of the query, without blanks around it."""
        return request.args.get(name, default).strip()

    @property
    def csrf(self) -> str:
        """What every form of ours carries, and no form of another site can: made from a cookie that only we can read."""
        if not self.session or self.user is None:
            self.needs_guest_cookie = GUEST_COOKIE not in request.cookies
        secret = self.session if self.user is not None else self.guest
        return hashlib.blake2b(b"csrf", key=secret.encode()[:64], digest_size=24).hexdigest()

    def check_form(self) -> None:
        """Raises `Forbidden` for a form that did not come from a page of ours."""
        given = request.form.get(CSRF_FIELD, "") or request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self.csrf.encode()):
            raise Forbidden(
                "This form is from before you signed in, or from another site, so nothing was done.",
                hint="Go back, load the page again, and send the form again.",
            )

    # -- the answer

    def show(self, template: str, status: int = 200, /, **facts: Any) -> Response:
        """The page as HTML. Every page knows `visit`, `user`, `url`, `clock`, `masking`, `csrf` and what `_layout` adds."""
        text = self._pages.get_template(template).render(
            visit=self,
            user=self.user,
            url=self.url,
            clock=self.clock if self.user is not None else Clock("UTC"),
            masking=self.masking,
            theme=self.theme,
            **facts,
        )
        return Response(text, status, content_type="text/html; charset=utf-8")

    def url(self, name: str, /, **values: Any) -> str:
        """The address of the page with this name."""
        return url_for(f"studio.{name}", **{key: value for key, value in values.items() if value not in (None, "")})

    def go(self, name: str, /, **values: Any) -> Response:
        """Send the browser to a page after a form did its work."""
        return self.go_to(self.url(name, **values))

    def go_to(self, address: str) -> Response:
        """Send the browser to an address of ours."""
        response = redirect(address, 303)
        assert isinstance(response, Response)
        return response

    @property
    def theme(self) -> str | None:
        """`light` or `dark` where the user has chosen, else None: what the system says."""
        chosen = request.cookies.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else None

    def note(self, what: str, target: str, detail: str = "") -> None:
        """Keep in the audit log that this user did something."""
        self.parts.store.audit.add(self.me.login, what, target, detail)


def set_cookie(response: Response, name: str, value: str, *, secure: bool, lasts: bool = False) -> None:
    """A cookie that scripts cannot read and other sites cannot send along with a form."""
    age = _YEAR_S if lasts else None
    response.set_cookie(name, value, max_age=age, httponly=True, samesite="Lax", secure=secure, path="/")
