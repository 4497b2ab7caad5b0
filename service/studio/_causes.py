"""What is wrong just now, by cause and not by event: what it is, why, how to end it, and how many it touches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.model import Account, Delivery, Status
from service.store.accounts import AccountState
from service.store.figures import LastAnswer, Waiting
from service.studio import _words as words
from service.studio._clock import Clock
from service.studio._masking import Masking

LOOKED_AT = 1_000  # deliveries of each status that are grouped; more of the same say nothing new


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause. `flag` is bad or warn; `number` and `aside` stand at the right; `asked` shows it in the log."""

    flag: str
    title: str
    said: str
    number: str
    aside: str = ""
    asked: Mapping[str, str] | None = None
    weight: int = 0


def of_accounts(
    states: Iterable[AccountState],
    accounts: Mapping[str, Account],
    waiting: Mapping[str, Waiting],
    answers: Mapping[str, LastAnswer | None],
    clock: Clock,
    now: datetime,
) -> list[Cause]:
    """Accounts that are not answering, or asked us to wait."""
    found = []
    for state in states:
        account = accounts.get(state.account)
        vendor = account.destination.capitalize() if account is not None else "The vendor"
        count = waiting[state.account].count if state.account in waiting else 0
        asked = {"show": "open", "account": state.account, "time": "all"}
        blocked = max((lane.blocked_until for lane in state.lanes if lane.blocked_until is not None), default=None)
        if state.circuit != "closed":
            found.append(
                Cause(
                    flag="bad",
                    title=f"{vendor} does not answer for {state.account}",
                    said=_why_open(state, answers.get(state.account), clock, now),
                    number=f"{words.count(count)} {'waits' if count == 1 else 'wait'}",
                    asked=asked,
                    weight=1_000_000,
                )
            )
        elif blocked is not None and blocked > now and (blocked - now).total_seconds() > 2:
            said = f"It wants no calls until {clock.when(blocked)}. What waits goes out then."
            number = f"{words.count(count)} {'waits' if count == 1 else 'wait'}"
            found.append(
                Cause(
                    flag="warn",
                    title=f"{vendor} asked us to wait, for {state.account}",
                    said=said,
                    number=number,
                    asked=asked,
                )
            )
    return found


def _why_open(state: AccountState, answer: LastAnswer | None, clock: Clock, now: datetime) -> str:
    last = ""
    if answer is not None:
        last = f", the last a {answer.status_code}" if answer.status_code else f", the last: {answer.error or 'no answer'}"
    stopped = f"{state.failures} failures in a row{last}, so we stopped asking."
    if state.circuit == "half-open":
        return f"{stopped} One delivery is trying now; what waits follows."
    if state.open_until is not None and state.open_until > now:
        return f"{stopped} The next try is {clock.ago(state.open_until)}; what waits goes out then."
    return f"{stopped} The next delivery tries again."


def of_deliveries(deliveries: Sequence[Delivery], clock: Clock, masking: Masking, time: str) -> list[Cause]:
    """Deliveries that were refused, failed or rejected, grouped by what they have in common."""
    groups: dict[tuple[Any, ...], list[Delivery]] = {}
    for each in deliveries:
        groups.setdefault(_what_they_share(each), []).append(each)
    return [_cause(group, clock, masking, time) for group in groups.values()]


def _what_they_share(delivery: Delivery) -> tuple[Any, ...]:
    if delivery.status is Status.REJECTED and delivery.problems:
        first = delivery.problems[0]
        return delivery.status, delivery.template or delivery.action, first.code, first.pointer
    return delivery.status, delivery.account, re.sub(r"\d+", "#", delivery.reason or "")


def _cause(group: Sequence[Delivery], clock: Clock, masking: Masking, time: str) -> Cause:
    newest, oldest = group[0], group[-1]
    asked = {"status": newest.status.value, "account": newest.account, "time": time}
    if newest.template and len({each.template for each in group}) == 1:
        asked["template"] = newest.template
    if newest.status is Status.REJECTED and newest.problems:
        first = newest.problems[0]
        title = f"{newest.template or newest.action}: {_short(first.detail)}"
        where = f"In `{first.pointer}`. " if first.pointer else ""
        said = where + " ".join(filter(None, [words.sentence(first.hint or ""), _keys(group)]))
    else:
        title = _short(words.named(newest.reason or newest.status.value, words.vendor(newest.action)))
        said = f"For {newest.account}{_templates(group)}. {_keys(group)}".strip()
    number = len(group)
    return Cause(
        flag="bad",
        title=masking.text(title),
        said=masking.text(said),
        number=f"{number:,}{'+' if number >= LOOKED_AT else ''} {newest.status.value}",
        aside=f"since {clock.minute(oldest.created_at)}" if number > 1 else f"at {clock.minute(oldest.created_at)}",
        asked=asked,
        weight=number,
    )


def _short(text: str) -> str:
    """The first sentence, without its full stop.

    >>> _short("Attentive refused it (400): no such number. More follows.")
    'Attentive refused it (400): no such number'
    """
    text = text.strip()
    found = re.match(r"(.{12,}?)[.](?:\s|$)", text, re.DOTALL)
    return (found.group(1) if found else text).rstrip(".")


def _keys(group: Sequence[Delivery]) -> str:
    names = sorted({each.key for each in group if each.key})
    if not names:
        return ""
    return f"All come from the flow {names[0]}." if len(names) == 1 else f"They come from {len(names)} flows."


def _templates(group: Sequence[Delivery]) -> str:
    names = sorted({each.template for each in group if each.template})
    if not names:
        return ""
    return f", template {names[0]}" if len(names) == 1 else f", {len(names)} templates"
