"""Looks at an account's connection before anything is sent: whose token it is, and which permissions it seems to lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from service.destinations import EMPTY, Answer, Owner, Probe, Sender, destination
from service.errors import BurgeeError, NotFound
from service.model import Account
from service.registry import nearest
from service.settings import Settings
from service.store import Store

_REQUEST_ID = "accounts-check"
_NOT_ALLOWED = frozenset({401, 403})


class Has(StrEnum):
    """Whether a token has a permission, as far as an empty call can tell."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    UNTRIED = "untried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One permission. `needed_by` are the live templates of the account that send what needs it. `tried` is None where no
    call is harmless; `said` is a sentence.
    """

    name: str
    scope: str | None
    has: Has
    tried: str | None  # such as "POST /v1/text/send"
    status: int | None
    needed_by: tuple[str, ...]
    said: str

    @property
    def missed(self) -> bool:
        """Whether something that is live cannot work for want of it."""
        return self.has is Has.NO and bool(self.needed_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What was found out about one account. `works` says that the vendor answered and knows the token; if not, no permission
    was tried. `hint` says what to do."""

    account: str
    destination: str
    base_url: str
    works: bool
    said: str
    hint: str | None = None
    owner: Owner | None = None
    permissions: tuple[Permission, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything that is live can be sent, as far as can be told."""
        return self.works and not any(each.missed for each in self.permissions)


def accounts(store: Store, name: str | None = None) -> list[Account]:
    """The account `name`, or all. Raises `NotFound`."""
    found = store.accounts.list()
    if name is None:
        return found
    chosen = [each for each in found if each.name == name]
    if not chosen:
        near = nearest(name, (each.name for each in found))
        raise NotFound(f"There is no account {name[:80]!r}.", hint=f"Did you mean {near!r}?" if near else None)
    return chosen


def look(store: Store, settings: Settings, account: Account) -> Connection:
    """Calls the vendor once to learn whose token it is, then once for each permission: a question, or an empty object.

    Nothing is sent to anybody and nothing changes at the vendor: an empty call must be refused for its content, and is
    refused before that where the permission is missing. What no harmless call needs is not tried.
    """
    vendor = destination(account.destination)
    found = partial(Connection, account=account.name, destination=account.destination, base_url=account.base_url)
    if not vendor.WHO_AM_I:
        return found(works=True, said=f"Nothing is sent to {vendor.TITLE}, so there is nothing to try.")
    try:
        token = store.accounts.token(account.name)
        sender = Sender(account, token, connect_timeout=settings.connect_timeout, read_timeout=settings.read_timeout)
    except BurgeeError as error:
        return found(works=False, said=error.detail, hint=error.hint)
    try:
        answer = sender.send("GET", vendor.WHO_AM_I, EMPTY, _REQUEST_ID)
        if not _accepted(answer):
            hint = f"Check the token, and the base URL {account.base_url}."
            return found(works=False, said=vendor.explain(answer), hint=hint)
        owner, uses = vendor.owner(answer.body or ""), _live_actions(store, account)
        answers = [(probe, _try(sender, probe)) for probe in vendor.PROBES]
    finally:
        sender.close()
    permissions = tuple(_permission(probe, each, uses) for probe, each in answers)
    return found(works=True, said=_belongs(owner, vendor.TITLE), owner=owner, permissions=permissions)


def _try(sender: Sender, probe: Probe) -> Answer | None:
    return None if probe.untried else sender.send(probe.method, probe.path, EMPTY, _REQUEST_ID)


def _belongs(owner: Owner, vendor: str) -> str:
    if not (owner.company or owner.application):
        return f"{vendor} knows the token, and does not say whose it is."
    company = f"{owner.company} ({owner.company_id})" if owner.company_id else owner.company
    return f"The token belongs to {company or 'an unnamed company'}, application {owner.application or 'without a name'}."


def _accepted(answer: Answer) -> bool:
    return answer.status is not None and 200 <= answer.status < 300


def _permission(probe: Probe, answer: Answer | None, uses: Mapping[str, Sequence[str]]) -> Permission:
    needed_by = sorted({name for action, names in uses.items() if probe.covers(action) for name in names})
    has = Has.UNTRIED if answer is None else _has(probe, answer)
    return Permission(
        name=probe.permission,
        scope=probe.scope,
        has=has,
        tried=None if answer is None else f"{probe.method} {probe.path}",
        status=None if answer is None else answer.status,
        needed_by=tuple(needed_by),
        said=probe.untried if answer is None else _said(has, answer),
    )


def _has(probe: Probe, answer: Answer) -> Has:
    """Refused for want of the permission, refused for its content, or neither."""
    if answer.status in _NOT_ALLOWED:
        return Has.NO
    told = _accepted(answer) or answer.status in probe.permitted
    return Has.YES if told else Has.UNKNOWN


def _said(has: Has, answer: Answer) -> str:
    if answer.status is None:
        return f"There was no answer ({answer.error})."
    if has is Has.NO:
        return f"It was refused for want of the permission ({answer.status})."
    if has is Has.UNKNOWN:
        return f"The answer {answer.status} does not tell."
    if _accepted(answer):
        return f"It was answered ({answer.status}), so it is permitted."
    return f"Only its content was refused ({answer.status}), so it is permitted."


def _live_actions(store: Store, account: Account) -> dict[str, list[str]]:
    """The actions that live templates of the account send, with the templates' names."""
    found: dict[str, list[str]] = {}
    for name in store.templates.names():
        version = store.templates.live(name)
        if version is not None and version.template.account == account.name:
            for action in (version.template.action, *(step.action for step in version.template.then)):
                found.setdefault(action, []).append(name)
    return found
