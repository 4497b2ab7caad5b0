"""The ways out: for each account a sender with its present token, and the limits that its lanes keep to."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from service.destinations import Answer, destination
from service.errors import BurgeeError, Unavailable
from service.model import Account
from service.store.buckets import Limit

if TYPE_CHECKING:
    from service.actions import Action
    from service.destinations import Destination, Sender
    from service.settings import Settings
    from service.store import Store

FRESH_S = 2.0  # a change of an account or its token is followed within this


@dataclass(frozen=True, slots=True)
class Route:
    """One account's way out. `vendor` has the words for what is answered."""

    account: Account
    token: str
    sender: Sender
    vendor: Destination

    def explain(self, answer: Answer, action: Action) -> str:
        """What an answer to the action means, and what to do about it."""
        return self.vendor.explain(answer, action.name, action.advice(answer.status))

    def __repr__(self) -> str:
        return f"Route(account={self.account.name!r})"


class Routes:
    """Kept up to date by the dispatcher. An account that cannot be used (no token) has no limits, so nothing of it is
    claimed: its deliveries wait, and a log line says why."""

    def __init__(self, store: Store, actions: Mapping[str, Action], settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._per_second: dict[tuple[str, str], float | None] = {}
        for action in actions.values():
            self._per_second[action.destination, action.rate_class] = action.per_second
        self._routes: dict[str, Route] = {}
        self._faults: dict[str, str] = {}
        self._fresh_until = 0.0
        self.limits: Mapping[tuple[str, str], Limit] = {}

    def get(self, account: str) -> Route | None:
        return self._routes.get(account)

    def refresh(self) -> None:
        """Follow what has changed, at most every `FRESH_S`. Raises `Unavailable`."""
        if time.monotonic() < self._fresh_until:
            return
        routes: dict[str, Route] = {}
        limits: dict[tuple[str, str], Limit] = {}
        for account in self._store.accounts.list():
            route = self._route(account)
            if route is not None:
                routes[account.name] = route
                limits.update(self._limits(account))
        self._routes, self.limits = routes, limits
        self._fresh_until = time.monotonic() + FRESH_S

    def _route(self, account: Account) -> Route | None:
        """The route as it was where nothing has changed, a new one, or None where the account cannot be used."""
        old = self._routes.get(account.name)
        try:
            token = self._store.accounts.token(account.name)
            if old is not None and (old.account, old.token) == (account, token):
                return old
            made = Route(account, token, self._sender(account, token), destination(account.destination))
        except Unavailable:
            raise
        except BurgeeError as error:
            if self._faults.get(account.name) != error.detail:
                self._faults[account.name] = error.detail
                _log().error("account cannot be used", account=account.name, why=error.detail, hint=error.hint)
            return None
        self._faults.pop(account.name, None)
        return made

    def _sender(self, account: Account, token: str) -> Sender:
        from service.destinations import Sender

        return Sender(
            account,
            token,
            connect_timeout=self._settings.connect_timeout,
            read_timeout=self._settings.read_timeout,
        )

    def _limits(self, account: Account) -> dict[tuple[str, str], Limit]:
        """The account's own limits go before the actions'."""
        own = account.limits
        return {
            (account.name, rate_class): Limit(own.get(rate_class, per_second))
            for (place, rate_class), per_second in self._per_second.items()
            if place == account.destination
        }


def _log() -> Any:
    return structlog.get_logger("burgee")
