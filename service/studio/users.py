"""Who may use the studio: add, change the role, remove."""

from __future__ import annotations

from typing import Any

from flask import Response

from service.errors import BurgeeError, NotFound
from service.store.users import Role, User
from service.studio._page import page
from service.studio._visit import Visit

ROLES = {
    Role.VIEWER: "A viewer sees everything, with phone numbers masked.",
    Role.AUTHOR: "An author also writes drafts.",
    Role.PUBLISHER: "A publisher also publishes, replays, makes keys and sees numbers.",
    Role.ADMIN: "An admin also keeps users and accounts.",
}


@page("GET", "/users", role=Role.ADMIN)
def users(visit: Visit) -> Response:
    """The list, and the form to add one."""
    return _shown(visit)


@page("POST", "/users", role=Role.ADMIN)
def add_user(visit: Visit) -> Response:
    """Invite somebody. The answer is the one page that shows the link, so it is not a redirect."""
    login, role = visit.field("login"), visit.field("role")
    if role not in list(Role):
        return _shown(visit, 422, problem="Choose a role.", login=login)
    try:
        user, token = visit.parts.store.users.invite(login, Role(role), name=visit.field("name"), by=visit.me.login)
    except BurgeeError as error:
        return _shown(visit, 422, problem=error.detail, login=login)
    return _shown(visit, invited=user, link=f"{visit.root}{visit.url('invitation', token=token)}")


@page("POST", "/users/{login}/role", role=Role.ADMIN)
def change_role(visit: Visit, login: str) -> Response:
    """Give another role."""
    role = visit.field("role")
    if role not in list(Role):
        return _shown(visit, 422, problem="Choose a role.")
    try:
        visit.parts.store.users.set_role(login, Role(role), by=visit.me.login)
    except BurgeeError as error:
        return _shown(visit, 409, problem=f"{error.detail} {error.hint or ''}")
    return visit.go("users")


@page("GET", "/users/{login}/remove", role=Role.ADMIN)
def ask_remove_user(visit: Visit, login: str) -> Response:
    """What would happen."""
    return visit.show("user_remove.html", here="users", other=_known(visit, login))


@page("POST", "/users/{login}/remove", role=Role.ADMIN)
def remove_user(visit: Visit, login: str) -> Response:
    """Remove the user and end their sessions."""
    try:
        visit.parts.store.users.remove(login, by=visit.me.login)
    except BurgeeError as error:
        return _shown(visit, 409, problem=f"{error.detail} {error.hint or ''}")
    return visit.go("users")


def _known(visit: Visit, login: str) -> User:
    found = next((each for each in visit.parts.store.users.list() if each.login == login), None)
    if found is None:
        raise NotFound(f"There is no user {login[:60]!r}.", hint="Somebody may have removed them. Look at the list.")
    return found


def _shown(visit: Visit, status: int = 200, **facts: Any) -> Response:
    made = {"problem": "", "login": "", "invited": None, "link": ""} | facts
    people = visit.parts.store.users.list()
    return visit.show("users.html", status, here="users", people=people, roles=ROLES, **made)
