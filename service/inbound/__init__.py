"""What vendors tell us: replies, opt-outs, what was sent. One vendor a module, one function for each event it tells of.

A vendor's module has `SOURCE` (webhook or postback: how suppressions name it), `ENDS` (the other sources whose suppressions
an opt-in that it tells of ends), `is_signed(call, key, secret)` and `read(call) -> Told`. Both are pure and never raise.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

import structlog

from service import registry, strictjson
from service.delivery import replay
from service.errors import Misconfigured, NotSigned
from service.inbound._told import Call, Sent, Told
from service.model import Delivery, Status
from service.store import inbound, suppressions
from service.store.inbound import NewEvent
from service.store.suppressions import Change, OptIn, OptOut

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from service.delivery.prepare import Preparer
    from service.model import Account
    from service.store import Store

__all__ = ["Call", "Kept", "Told", "receive", "vendors"]

BEFORE = timedelta(hours=1)  # a text was given to the vendor at most so long before the vendor sent it
AFTER = timedelta(minutes=10)  # clocks differ, and a lost answer is noticed late
_BRAND = re.compile(r"(?:[^:\n]{1,40}: ?)?")


class Vendor(Protocol):
    """What a vendor's module offers."""

    SOURCE: str
    ENDS: tuple[str, ...]

    def is_signed(self, call: Call, key: Callable[[], str], secret: str, /) -> bool: ...
    def read(self, call: Call) -> Told: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a call: the event's id (None: it was told before) and its effect in a sentence."""

    id: str | None
    effect: str


def receive(store: Store, preparer: Preparer, destination: str, account: str, call: Call) -> Kept:
    """Check the signature, keep the event and follow it, all in one transaction. The same event told again changes nothing.

    Raises `NotSigned`, with nothing kept, for what is not signed with this account's secret, and also where there is no such
    vendor, account or secret; the log says which. Raises `Unavailable`.
    """
    vendor, place = vendors().get(destination), store.accounts.get(account)
    if vendor is None or place is None or place.destination != destination:
        raise _refused(destination, account, "there is no such account")
    try:
        secret = store.accounts.signing_secret(account)
        is_signed = vendor.is_signed(call, lambda: store.accounts.token(account), secret)
    except Misconfigured as error:
        raise _refused(destination, account, error.detail) from None
    if not is_signed:
        raise _refused(destination, account, "the signature is not right")
    told = vendor.read(call)
    kept = _follow(store, preparer, vendor, place, told)
    _log().info("inbound event", destination=destination, account=account, kind=told.kind, id=kept.id, effect=kept.effect)
    return kept


@cache
def vendors() -> dict[str, Vendor]:
    """Every vendor that tells us something, by the name of its destination."""
    return {name: cast("Vendor", module) for name, module in registry.members(sys.modules[__name__])}


def _follow(store: Store, preparer: Preparer, vendor: Vendor, place: Account, told: Told) -> Kept:
    new = NewEvent(
        destination=place.destination,
        account=place.name,
        kind=told.kind,
        who=told.who,
        happened_at=told.at,
        fingerprint=told.fingerprint,
        body=told.body,
        said=told.said,
        changes=told.changes,
    )
    with store.database.write() as connection:
        id = inbound.keep(connection, store.database, new)
        if id is None:
            return Kept(None, "It was told before, and nothing was changed again.")
        effects, about = [], None
        if told.changes:
            effects.append(_suppress(store, connection, vendor, place, told))
        if told.sent is not None:
            effect, about = _settle(store, preparer, connection, place, told.sent)
            effects.append(effect)
        effect = " ".join(effects) or "Nothing here depends on it."
        inbound.conclude(connection, id, effect, about)
    return Kept(id, effect)


def _suppress(store: Store, connection: Connection, vendor: Vendor, place: Account, told: Told) -> str:
    """Follow opt-outs and opt-ins, but no opt-out that is older than an opt-in we know of: events come in any order."""
    changes: list[Change] = [
        each
        for each in told.changes
        if not (
            isinstance(each, OptOut)
            and told.at is not None
            and inbound.changed_their_mind(connection, place.name, told.who, each)
        )
    ]
    account = None if place.hears_for_all else place.name
    done = suppressions.apply(connection, store.database, changes, account=account, source=vendor.SOURCE, ends=vendor.ENDS)
    if not any(done):
        return "It changed nothing that was not so already, or it is older than what is known."
    scope = "every account" if account is None else f"the account {account}"
    changed = [each for each, did in zip(changes, done, strict=True) if did]
    said = []
    for kind, word in ((OptOut, "suppressed"), (OptIn, "no longer suppressed")):
        if types := sorted({each.type.value for each in changed if isinstance(each, kind)}):
            said.append(f"The person is {word} for {scope}: {' and '.join(types)}.")
    return " ".join(said)


def _settle(store: Store, preparer: Preparer, connection: Connection, place: Account, sent: Sent) -> tuple[str, str | None]:
    """Find the one delivery that a sent text came from, and settle it where we were unsure. Never on a guess."""
    names = [
        each.name
        for each in store.accounts.list()
        if each.name == place.name or (place.hears_for_all and each.destination == place.destination)
    ]
    found = [
        each
        for each in store.deliveries.sent_to(connection, sent.people, names, sent.at - BEFORE, sent.at + AFTER)
        if _is_of(each, sent) and not inbound.is_taken(connection, each.id)
    ]
    if not found:
        return "No delivery of ours matches it.", None
    unsure = [each.id for each in found if each.status is Status.UNKNOWN]
    if len(found) > 1:
        if unsure:
            _log().warning("a sent text may be of several deliveries; they are left for a person", deliveries=unsure)
        return f"{len(found)} deliveries match it, so it settles none.", None
    one = found[0]
    if one.status is Status.UNKNOWN:
        replay.settle(store, preparer, one.id, Status.ACCEPTED, reason=replay.TOLD, within=connection)
        return f"The delivery {one.id} was unknown and is accepted now.", one.id
    return f"It is of the delivery {one.id}.", one.id


def _is_of(delivery: Delivery, sent: Sent) -> bool:
    """Whether it is the text that was sent (the vendor may write a brand before it), or else has its name."""
    payload: Any = strictjson.read(delivery.payload or b"null")
    if not isinstance(payload, dict) or ".messages." not in delivery.action:
        return False
    body, name = payload.get("body"), payload.get("messageName")
    if sent.name is not None and name == sent.name:
        return True
    text = sent.text.strip()
    return (
        isinstance(body, str)
        and text.endswith(body.strip())
        and _BRAND.fullmatch(text.removesuffix(body.strip())) is not None
    )


def _refused(destination: str, account: str, why: str) -> NotSigned:
    _log().warning("inbound call refused", destination=destination[:40], account=account[:100], why=why)
    return NotSigned("This call is not signed as it should be. Nothing of it was kept.")


def _log() -> Any:
    return structlog.get_logger("burgee")
