"""Takes a call in: prepares its payload and keeps it as a delivery, durably, before anybody is told that it was accepted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Generic, TypeVar

from prometheus_client import Counter

from service import telemetry
from service.actions import Action, Actions
from service.delivery.committer import Committer
from service.delivery.plans import Plans, preview
from service.delivery.prepare import Prepared, Preparer, canonical, seed_of
from service.errors import (
    BurgeeError,
    Forbidden,
    IdempotencyMismatch,
    NotFound,
    NotReadable,
    PayloadInvalid,
    Problem,
    TemplateInvalid,
)
from service.model import Delivery, Key, NewDelivery, Outcome, Policy, Status, Version
from service.registry import nearest
from service.settings import Settings
from service.store import DeliveryFilter, Inserted, Store

LONGEST_KEY = 255
FRESH_S = 1.0  # how long a live version, account or key may be remembered before the store is asked again
KEPT_UNREADABLE = 16_384  # characters that are kept of a body that could not be read, for whoever looks into it

T = TypeVar("T")


class Remembered(Generic[T]):
    """What the store answered to a name, for `FRESH_S`. When that is over one caller asks again, and the others go on
    with what they have meanwhile. Names that the store does not know are not remembered, so it stays small."""

    def __init__(self, ask: Callable[[str], T | None]) -> None:
        self._ask = ask
        self._kept: dict[str, tuple[T, float]] = {}
        self._forgotten = 0

    def get(self, name: str) -> T | None:
        """What the store has under this name, or had less than `FRESH_S` ago."""
        kept = self._kept.get(name)
        now = time.monotonic()
        if kept is not None:
            if now < kept[1]:
                return kept[0]
            self._kept[name] = (kept[0], now + FRESH_S)
        forgotten = self._forgotten
        value = self._ask(name)
        if value is None:
            self._kept.pop(name, None)
        elif forgotten == self._forgotten:  # else it may have changed while we asked
            self._kept[name] = (value, now + FRESH_S)
        return value

    def forget(self) -> None:
        """Ask again from now on: something in the store was changed by this process."""
        self._forgotten += 1
        self._kept.clear()


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a call. `status` is where its delivery stood when it was kept. A call that repeats an idempotency key
    gets the answer of the first one, with `replayed`."""

    id: str
    status: Status
    action: str
    template: str | None = None
    version: int | None = None
    problems: tuple[Problem, ...] = ()
    reason: str | None = None
    replayed: bool = False


class Intake:
    """The accept path behind every door. Made before a server forks; the committer's thread starts in the process that
    uses it."""

    def __init__(self, settings: Settings, actions: Actions, store: Store, preparer: Preparer) -> None:
        self.settings = settings
        self.actions = actions
        self.store = store
        self.preparer = preparer
        self._live = Remembered(store.templates.live)
        self._accounts = Remembered(store.accounts.get)
        self._committer = Committer(store)

    def hook(
        self,
        template: str,
        context: Mapping[str, Any],
        key: Key,
        idempotency_key: str | None = None,
        *,
        replay_of: str | None = None,
    ) -> Accepted:
        """Render the live version of `template` for `context` and keep the delivery.

        It is queued, suppressed (the template said so) or rejected (there is no valid payload; `problems` say why), and
        kept in any case. `idempotency_key` goes before the template's own expression. Raises `NotFound`, `Forbidden`,
        `NotReadable` (no idempotency key looks like that), `IdempotencyMismatch`, `Unavailable` (then nothing was kept).
        """
        version = self.version(template, key)
        _check_idempotency_key(idempotency_key)
        made, now, kept = version.template, datetime.now(UTC), canonical(context)
        fingerprint = seed_of(kept)
        account = self._accounts.get(made.account)
        prepared = self.preparer.render(version, context, now=now, seed=fingerprint, account=account)
        own_key = idempotency_key
        if own_key is None and made.policy.idempotency is not None and prepared.outcome is not Outcome.INVALID:
            try:
                own_key = self._own_key(version, context, now)
            except BurgeeError as error:
                prepared = Prepared.of(error)
        return self._keep(
            self.preparer.delivery(
                prepared,
                made.policy,
                action=made.action,
                account=made.account,
                target=made.name,
                template=made.name,
                version_id=version.id,
                version=version.number,
                key=key.name,
                context=kept,
                idempotency_key=own_key,
                fingerprint=fingerprint,
                replay_of=replay_of,
                step=made.step,
            ),
            same_body=idempotency_key is not None,
        )

    def step_again(self, rejected: Delivery) -> Accepted:
        """Render a rejected later step of a plan by the version that is live now, and go on from there if it is valid.

        Raises `Conflict` where that version has no such step.
        """
        made = Plans(self.store, self.preparer).again(rejected)
        return Accepted(made.id, made.status, made.action, made.template, made.version, made.problems, made.reason)

    def action(
        self,
        action: str,
        payload: Mapping[str, Any],
        key: Key,
        idempotency_key: str | None = None,
        *,
        account: str = "default",
    ) -> Accepted:
        """Check a ready payload and keep the delivery, as `hook` does. Raises the same, and `NotFound` for the account."""
        known = self.allowed_action(action, account, key)
        _check_idempotency_key(idempotency_key)
        kept = canonical(payload)
        return self._keep(
            self.preparer.delivery(
                self.preparer.check(known, payload, detail=False, now=datetime.now(UTC)),
                Policy(),
                action=action,
                account=account,
                target=action,
                key=key.name,
                context=kept,
                idempotency_key=idempotency_key,
                fingerprint=seed_of(kept),
            ),
            same_body=True,
        )

    def unreadable(self, template: str, body: bytes, error: NotReadable, key: Key) -> Accepted:
        """Keep a call whose body could not be read, as a rejected delivery: the flow that sent it keeps no log, we do.

        The context of such a delivery is the beginning of the body as one JSON text. Raises `NotFound`, `Forbidden`,
        `Unavailable`.
        """
        version = self.version(template, key)
        made = version.template
        return self._keep(
            self.preparer.delivery(
                Prepared.of(error),
                made.policy,
                action=made.action,
                account=made.account,
                target=made.name,
                template=made.name,
                version_id=version.id,
                version=version.number,
                key=key.name,
                context=canonical(body.decode("utf-8", "replace")[:KEPT_UNREADABLE]),
                step=made.step,
            ),
            same_body=False,
        )

    def dry_hook(self, template: str, context: Mapping[str, Any], key: Key) -> Prepared:
        """What `hook` would make of this call, in full detail. Keeps nothing. Raises `NotFound`, `Forbidden`."""
        version = self.version(template, key)
        made = version.template
        try:
            programs = self.preparer.programs(version)
            account = self._accounts.get(made.account)
            return preview(self.preparer, made, programs, context, now=datetime.now(UTC), account=account)
        except (TemplateInvalid, NotFound) as error:
            return Prepared.of(error)

    def dry_action(self, action: str, payload: Mapping[str, Any], key: Key, *, account: str = "default") -> Prepared:
        """What `action` would make of this call, in full detail. Keeps nothing. Raises `NotFound`, `Forbidden`."""
        known = self.allowed_action(action, account, key)
        return self.preparer.check(known, payload, account=self._accounts.get(account), now=datetime.now(UTC))

    def version(self, template: str, key: Key) -> Version:
        """The live version of a template that this key may use. Raises `Forbidden`, `NotFound` (with the nearest name)."""
        if key.templates and template not in key.templates:
            raise Forbidden(f"The key {key.name} may not use the template {template}.", hint="Ask for a key that may.")
        version = self._live.get(template)
        if version is None:
            raise self._no_live(template)
        return version

    def allowed_action(self, action: str, account: str, key: Key) -> Action:
        """The action, if this key may send ready payloads to it through this account. Raises `Forbidden`, `NotFound`."""
        if key.templates:
            raise Forbidden(
                f"The key {key.name} is limited to templates and may not send ready payloads.",
                hint="Ask for a key without a limit to templates.",
            )
        known = self.actions.get_or_raise(action)
        place = self._accounts.get(account)
        if place is None or place.destination != known.destination:
            names = [each.name for each in self.store.accounts.list() if each.destination == known.destination]
            near = nearest(account, names)
            raise NotFound(
                f"There is no account {account!r} at {known.destination}.",
                hint=f"Did you mean {near}?" if near else f"There are: {', '.join(names) or 'none yet'}.",
            )
        return known

    def changed(self) -> None:
        """Use what the store holds from now on: a template was published or an account changed by this process."""
        self._live.forget()
        self._accounts.forget()

    def _own_key(self, version: Version, context: Mapping[str, Any], now: datetime) -> str | None:
        """What the template's own expression gives as idempotency key; empty text is none. Raises `BurgeeError`."""
        text = self.preparer.idempotency_key(version, context, now)
        if len(text) > LONGEST_KEY or "\0" in text:
            detail = f"The template's idempotency expression gave a text of {len(text)} characters, which is no key."
            hint = f"Use a value of at most {LONGEST_KEY} characters, such as an id."
            raise PayloadInvalid(detail, [Problem("idempotency.key", detail, None, hint)])
        return text or None

    def _keep(self, new: NewDelivery, *, same_body: bool) -> Accepted:
        """Commit `new`, or answer as the first call with its idempotency key was answered.

        `same_body`: the caller chose the key, so the same key with another body is a mistake. A key that the template makes
        says by itself what counts as the same.
        """
        first = self._first(new) if new.status is Status.REJECTED and new.idempotency_key is not None else None
        row = self._committer.submit(new) if first is None else first
        if row.created:
            _counter(new.status.value).inc()
            return Accepted(new.id, new.status, new.action, new.template, new.version, new.problems, new.reason)
        if same_body and row.fingerprint != new.fingerprint:
            detail = "This idempotency key came before with another body, so this call was not accepted."
            raise IdempotencyMismatch(detail, hint="Use a new key for a new message, and the same body for a repeated one.")
        _counter("replayed").inc()
        kept = self.store.deliveries.get(row.id) if row.status is Status.SUPPRESSED else None
        reason = kept.reason if kept is not None else None
        return Accepted(row.id, row.status, row.action, row.template, row.version, (), reason, replayed=True)

    def _first(self, new: NewDelivery) -> Inserted | None:
        """The earlier holder of a rejected call's idempotency key: the template may have changed between the two."""
        since = datetime.now(UTC) - timedelta(hours=self.settings.idempotency_hours)
        same = DeliveryFilter(account=new.account, idempotency_key=new.idempotency_key, since=since)
        for each in self.store.deliveries.search(same).items:
            if each.target == new.target and each.status is not Status.REJECTED:
                return Inserted(
                    id=each.id,
                    created=False,
                    status=Status.SUPPRESSED if each.status is Status.SUPPRESSED else Status.QUEUED,
                    template=each.template,
                    version=each.version,
                    action=each.action,
                    account=each.account,
                    fingerprint=each.fingerprint,
                )
        return None

    def _no_live(self, template: str) -> NotFound:
        names = self.store.templates.names()
        if template in names:
            return NotFound(f"The template {template} has no live version.", hint="Publish one of its versions.")
        near = nearest(template, names)
        return NotFound(f"There is no template {template!r}.", hint=f"Did you mean {near}?" if near else None)


@cache
def _counter(outcome: str) -> Counter:
    """The counter of calls that ended so. Looking it up anew costs more than counting."""
    return telemetry.CALLS.labels(outcome)


def _check_idempotency_key(key: str | None) -> None:
    """Raises `NotReadable` for what is no idempotency key: empty, too long, or not plain characters."""
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        detail = f"The idempotency key must have 1 to {LONGEST_KEY} printable ASCII characters."
        hint = "Use an id of the event, such as an order number."
        raise NotReadable(detail, [Problem("idempotency.key", detail, None, hint)])
