"""How things stand: what came in and became of it, what waits, what is wrong, and how each account does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response

from service.model import Account
from service.store.accounts import AccountState
from service.store.figures import LastAnswer, Waiting
from service.studio import _causes as causes
from service.studio import _words as words
from service.studio._chart import chart, starts
from service.studio._clock import now, span
from service.studio._page import page
from service.studio._visit import Visit
from service.studio._words import WRONG

# How long to look back: word, seconds of a bar, number of bars, what a bar is called, window of the log.
SPANS: dict[str, tuple[str, int, int, str, str]] = {
    "": ("Last hour", 60, 60, "minute", "hour"),
    "day": ("Last 24 hours", 1_800, 48, "half hour", ""),
}
SHOWN = 8  # causes


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account as the overview shows it. `rate` is calls in a second, counted over the last minute."""

    account: Account
    circuit: str
    tries: str  # when an open circuit tries again
    rate: float
    limit: float | None
    waiting: int
    answer: LastAnswer | None


@page("GET", "/")
def overview(visit: Visit) -> Response:
    """The first page; for htmx only the part that changes."""
    if not visit.parts.store.figures.any():
        return _waiting_for_the_first_call(visit)
    chosen = visit.asked("span") if visit.asked("span") in SPANS else ""
    return visit.show(
        "_overview.html" if visit.wants("now") else "overview.html",
        here="overview",
        chosen=chosen,
        spans=[(name, word) for name, (word, *_) in SPANS.items()],
        **_facts(visit, chosen),
    )


def _facts(visit: Visit, chosen: str) -> dict[str, Any]:
    store, clock, moment = visit.parts.store, visit.clock, now()
    _, step_s, number, unit, log_time = SPANS[chosen]
    begins = starts(moment, step_s, number)
    accounts = {each.name: each for each in store.accounts.list()}
    states = {each.account: each for each in store.accounts.states()}
    waiting = {each.account: each for each in store.figures.waiting()}
    answers = {name: store.figures.last_answer(name) for name in accounts.keys() | states.keys()}
    wrong = store.figures.unusual(WRONG, begins[0], causes.LOOKED_AT)
    found = causes.of_accounts(states.values(), accounts, waiting, answers, clock, moment)
    found += causes.of_deliveries(wrong, clock, visit.masking, log_time)
    found.sort(key=lambda each: -each.weight)
    held = sum(each.count for each in waiting.values())
    due = [each.due_since for each in waiting.values() if each.due_since is not None]
    return {
        "chart": chart(store.figures.bars(begins), clock, unit),
        "unit": unit,
        "log_time": log_time,
        "sentence": _sentence(states, waiting, held, found),
        "waiting": held,
        "waiting_for": _waiting_for(waiting),
        "oldest": span((moment - min(due)).total_seconds()) if due else "",
        "undecided": store.figures.undecided(),
        "causes": found[:SHOWN],
        "more_causes": max(0, len(found) - SHOWN),
        "accounts": [
            _account_line(visit, each, states.get(name), waiting.get(name), answers[name], moment)
            for name, each in accounts.items()
        ],
        "now": moment,
    }


def _sentence(states: dict[str, AccountState], waiting: dict[str, Waiting], held: int, found: list[Any]) -> str:
    """How things stand, in one or two sentences."""
    silent = [each for each in states.values() if each.circuit != "closed"]
    if silent:
        stuck = sum(waiting[each.account].count for each in silent if each.account in waiting)
        who = "One account is" if len(silent) == 1 else f"{len(silent)} accounts are"
        rest = f" {words.count(stuck)} {'delivery waits' if stuck == 1 else 'deliveries wait'} for it." if stuck else ""
        return f"{who} not answering. Nothing is lost.{rest}"
    if found:
        return f"Messages are going out. {'One thing needs' if len(found) == 1 else f'{len(found)} things need'} a look."
    return "Everything is going out." if held else "Everything has gone out."


def _waiting_for(waiting: dict[str, Waiting]) -> str:
    if not waiting:
        return "Nothing waits"
    most = sorted(waiting.values(), key=lambda each: -each.count)
    said = ", ".join(f"{words.count(each.count)} for {each.account}" for each in most[:2])
    return said if len(most) <= 2 else f"{said}, and {len(most) - 2} more accounts"


def _account_line(
    visit: Visit,
    account: Account,
    state: AccountState | None,
    waiting: Waiting | None,
    answer: LastAnswer | None,
    moment: datetime,
) -> AccountLine:
    circuit = state.circuit if state is not None else "closed"
    tries = ""
    if circuit == "open" and state is not None and state.open_until is not None and state.open_until > moment:
        tries = visit.clock.ago(state.open_until)
    limits = [lane.rate for lane in state.lanes if lane.rate is not None] if state is not None else []
    recent = visit.parts.store.figures.calls(account.name, moment - timedelta(minutes=1))
    return AccountLine(
        account=account,
        circuit=circuit,
        tries=tries,
        rate=recent / 60,
        limit=max([*account.limits.values(), *limits], default=None),
        waiting=waiting.count if waiting is not None else 0,
        answer=answer,
    )


def _waiting_for_the_first_call(visit: Visit) -> Response:
    """Nothing has come in yet: what is ready, and what to do."""
    store = visit.parts.store
    live = [each for each in store.templates.list() if each.live is not None]
    first = next((each.name for each in live if each.name == "welcome"), live[0].name if live else "")
    return visit.show(
        "overview_empty.html",
        here="overview",
        account=next(iter(store.accounts.list()), None),
        template=first,
        hook=f"{visit.root}/v1/hooks/{first}",
        has_key=any(each.revoked_at is None for each in store.keys.list()),
    )
