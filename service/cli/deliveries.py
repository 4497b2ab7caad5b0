"""`burgee deliveries`: the log, and what people do about it."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from service.cli._common import Call, as_json_option, dry_run_option, plain
from service.cli._output import print_json, print_table, say_problems, visible
from service.cli._times import PointInTime
from service.model import Status

if TYPE_CHECKING:
    from service.delivery.plans import Story
    from service.model import Attempt, Delivery
    from service.store import DeliveryFilter, Store

F = TypeVar("F", bound=Callable[..., Any])

LATEST = 50
ANSWER_SHOWN = 700
MAY_HAVE_ARRIVED = "may have arrived. Settle them first, or give --unknown-too to risk a second message."


@click.group
def command() -> None:
    """Find out what happened to a message; send it again, stop it, or settle it."""


def filter_options(function: F) -> F:
    """The options that say which deliveries; they arrive as `filter`, a `DeliveryFilter`."""

    @functools.wraps(function)
    def filtered(*arguments: Any, **options: Any) -> Any:
        from service.store import DeliveryFilter

        given = {name: options.pop(name) for name in FILTERS}
        given["status"] = tuple(Status(each) for each in given["status"])
        return function(*arguments, filter=DeliveryFilter(**given), **options)

    for option in reversed(FILTERS.values()):
        filtered = option(filtered)
    return cast("F", filtered)


FILTERS: dict[str, Callable[[Any], Any]] = {
    "status": click.option("--status", multiple=True, type=click.Choice([each.value for each in Status])),
    "template": click.option("--template", metavar="NAME"),
    "action": click.option("--action", metavar="NAME"),
    "account": click.option("--account", metavar="NAME"),
    "key": click.option("--key", metavar="NAME", help="The key of the flow that called."),
    "recipient": click.option("--recipient", "--to", metavar="NUMBER", help="As in the payload."),
    "idempotency_key": click.option("--idempotency-key", metavar="KEY"),
    "since": click.option("--since", type=PointInTime(), help="Such as 2026-01-31, or 12h for twelve hours ago."),
    "until": click.option("--until", type=PointInTime()),
}


@command.command("list")
@filter_options
@click.option("--limit", default=LATEST, show_default=True, type=click.IntRange(1, 1000))
@click.option("--cursor", metavar="CURSOR", help="Go on where a page ended.")
@as_json_option
@click.pass_obj
def list_(call: Call, filter: DeliveryFilter, limit: int, cursor: str | None, as_json: bool) -> None:
    """List deliveries, the newest first."""
    page = call.parts().store.figures.page(filter, limit, cursor)
    if as_json:
        print_json({"data": [_delivery(each) for each in page.items], "next": page.next_cursor})
        return
    rows = [
        (
            each.id,
            each.status.value,
            f"{each.created_at:%Y-%m-%d %H:%M:%S}",
            each.target,
            _masked(each.recipient),
            each.attempts_made,
            each.reason or "",
        )
        for each in page.items
    ]
    print_table(("delivery", "status", "created", "target", "to", "tries", "why"), rows, empty="There are no deliveries.")
    if page.next_cursor:
        click.echo(f"More: --cursor {page.next_cursor}", err=True)


@command.command
@click.argument("id")
@as_json_option
@click.pass_obj
def show(call: Call, id: str, as_json: bool) -> None:
    """Show one delivery: what came in, what it became, every attempt, and why it stands where it stands."""
    from service.delivery.plans import story

    store = call.parts().store
    delivery = _get(store, id)
    attempts = store.deliveries.attempts(id)
    told = story(store, delivery)
    if as_json:
        shown = {"context": _parsed(delivery.context), "attempts": [_attempt(each) for each in attempts]}
        print_json({**_delivery(delivery), **shown, **({} if told is None else _story(told))})
        return
    version = f" version {delivery.version}" if delivery.version else ""
    click.echo(f"{delivery.id}: {delivery.status.value}{f' ({delivery.reason})' if delivery.reason else ''}")
    click.echo(f"  {delivery.target}{version}, {delivery.action}, account {delivery.account}, {delivery.guarantee.value}")
    click.echo(f"  created {delivery.created_at:%Y-%m-%d %H:%M:%S} UTC{f' by {delivery.key}' if delivery.key else ''}")
    if delivery.due_at and delivery.status.is_open:
        click.echo(f"  due {delivery.due_at:%Y-%m-%d %H:%M:%S} UTC")
    say_problems(delivery.problems)
    say_problems(delivery.warnings, colour="yellow", word="warning")
    if delivery.payload is not None:
        click.echo(f"  payload (sha256 {delivery.digest}):")
        print_json(_parsed(delivery.payload))
    for each in attempts:
        answer = f"{each.status_code}" if each.status_code is not None else each.error or "under way"
        took = f" in {each.duration_ms:.0f} ms" if each.duration_ms is not None else ""
        click.echo(f"  attempt {each.number}, {each.started_at:%H:%M:%S}: {answer}{took}. {visible(each.meaning or '')}")
        if each.body and each.body.strip() not in ("{}", "[]"):
            click.echo(f"    {visible(each.body.strip()[:ANSWER_SHOWN])}")
    if told is not None:
        _show_story(told, id)


@command.command
@click.argument("ids", metavar="[ID]...", nargs=-1)
@filter_options
@click.option("--confirm", metavar="TOKEN", help="Do what the preview with this token showed.")
@click.option("--unknown-too", is_flag=True, help="Also those that may have arrived: the person may get a second message.")
@dry_run_option
@as_json_option
@click.pass_obj
def replay(
    call: Call,
    ids: tuple[str, ...],
    filter: DeliveryFilter,
    confirm: str | None,
    unknown_too: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send the same payload again, as a new delivery: of the deliveries named, or of all that match the options.

    With options it shows first what it would touch, and a token; give that with --confirm to do exactly that.
    """
    from service.store import DeliveryFilter

    if bool(ids) == (filter != DeliveryFilter()):
        raise click.UsageError("Name deliveries, or say which with options such as --status failed --since 12h.")
    store = call.parts().store
    if ids:
        _replay_named(store, ids, unknown_too, dry_run, as_json)
    else:
        _replay_all(store, filter, confirm, unknown_too, dry_run, as_json)


def _replay_named(store: Store, ids: tuple[str, ...], unknown_too: bool, dry_run: bool, as_json: bool) -> None:
    from service.delivery import replay as again

    found = [_get(store, each) for each in ids]
    doubtful = [each.id for each in found if each.status is Status.UNKNOWN]
    if doubtful and not unknown_too:
        raise click.ClickException(f"{', '.join(doubtful)} {MAY_HAVE_ARRIVED}")
    stuck = [f"{each.id} is {each.status.value}" for each in found if each.status not in again.REPLAYABLE]
    if stuck:
        raise click.ClickException(f"Nothing was replayed: {', '.join(stuck)}. Only what has ended with a payload can be.")
    made = [] if dry_run else [again.one(store, each.id) for each in found]
    if as_json:
        replayed = [{"id": new.id, "replay_of": new.replay_of, "status": new.status.value} for new in made]
        print_json({"dry_run": dry_run, "would_replay": list(ids) if dry_run else [], "replayed": replayed})
    elif dry_run:
        for each in found:
            click.echo(f"would replay {each.id} ({each.status.value}, {each.target})")
    else:
        for new in made:
            click.echo(f"{new.replay_of} is sent again as {new.id}")


def _replay_all(
    store: Store, filter: DeliveryFilter, confirm: str | None, unknown_too: bool, dry_run: bool, as_json: bool
) -> None:
    from service.delivery import replay as again

    seen = again.preview(store, filter)
    if seen.by_status.get(Status.UNKNOWN) and not unknown_too:
        raise click.ClickException(f"{seen.by_status[Status.UNKNOWN]} of them {MAY_HAVE_ARRIVED}")
    if confirm is not None and not dry_run:
        made = again.many(store, filter, confirm)
        if as_json:
            print_json({"dry_run": False, "replayed": made})
        else:
            click.echo(f"{len(made)} deliveries are sent again.")
        return
    if as_json:
        shown = {"would_replay": list(seen.ids), "by_status": plain(seen.by_status), "left_out": plain(seen.left_out)}
        print_json({"dry_run": True, **shown, "more": seen.more, "token": seen.token})
        return
    click.echo(f"Would send {len(seen.ids)} again{' (the newest of more)' if seen.more else ''}: {_counted(seen.by_status)}")
    if seen.left_out:
        click.echo(f"Left out, because they still wait or have no payload: {_counted(seen.left_out)}")
    click.echo(f"To do exactly this, run it again with --confirm {seen.token}")


@command.command
@click.argument("id")
@dry_run_option
@as_json_option
@click.pass_obj
def cancel(call: Call, id: str, dry_run: bool, as_json: bool) -> None:
    """Stop a delivery that waits. One that is being sent cannot be stopped."""
    from service.delivery import replay as again

    store = call.parts().store
    delivery = _get(store, id)
    if not dry_run:
        delivery = again.cancel(store, id)
    _say(delivery, "would be canceled" if dry_run else "is canceled", dry_run, as_json)


@command.command
@click.argument("id")
@click.argument("status", type=click.Choice(["accepted", "refused", "queued"]))
@dry_run_option
@as_json_option
@click.pass_obj
def settle(call: Call, id: str, status: str, dry_run: bool, as_json: bool) -> None:
    """Say what became of an unknown delivery: accepted (it arrived), refused (it did not), or queued (send it again)."""
    from service.delivery import replay as again

    store = call.parts().store
    delivery = _get(store, id)
    if not dry_run:
        delivery = again.settle(store, call.parts().preparer, id, Status(status))
    _say(delivery, f"{'would be' if dry_run else 'is'} {status}", dry_run, as_json)


@command.command
@click.option("--older-than", "before", required=True, type=PointInTime(), help="Such as 90d, or 2026-01-31.")
@dry_run_option
@as_json_option
@click.pass_obj
def purge(call: Call, before: datetime, dry_run: bool, as_json: bool) -> None:
    """Delete deliveries that ended before a moment, with their contexts and attempts.

    What is open stays, and so does what may still answer a repeated call.
    """
    log = call.parts().store.deliveries
    count = log.purgeable(before) if dry_run else sum(iter(lambda: log.purge(before), 0))
    if as_json:
        print_json({"purged": count, "dry_run": dry_run})
        return
    click.echo(f"{'Would delete' if dry_run else 'Deleted'} {count:,} of the log's deliveries.")


def _story(told: Story) -> dict[str, Any]:
    steps = [
        {
            "step": each.name,
            "action": each.action,
            "delivery": None if each.delivery is None else each.delivery.id,
            "status": None if each.delivery is None else each.delivery.status.value,
        }
        for each in told.stages
    ]
    return {"steps": steps, "story": told.said}


def _show_story(told: Story, id: str) -> None:
    click.echo(f"  plan: {visible(told.said)}")
    for number, each in enumerate(told.stages, 1):
        kept = each.delivery
        stands = "not reached" if kept is None else f"{kept.status.value}, {'this one' if kept.id == id else kept.id}"
        click.echo(f"    {number}. {each.name} ({each.action}): {stands}")


def _say(delivery: Delivery, said: str, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": dry_run, **_delivery(delivery)})
    else:
        click.echo(f"{delivery.id} {said}.")


def _get(store: Store, id: str) -> Delivery:
    found = store.deliveries.get(id)
    if found is None:
        raise click.ClickException(f"There is no delivery {id[:60]!r}. burgee deliveries list shows the newest.")
    return found


def _counted(found: Mapping[Status, int]) -> str:
    return ", ".join(f"{count} {status.value}" for status, count in found.items()) or "none"


def _masked(recipient: str | None) -> str:
    from service import sms

    return sms.mask(recipient) if recipient else ""


def _parsed(body: bytes | None) -> Any:
    return None if body is None else json.loads(body)


def _delivery(delivery: Delivery) -> dict[str, Any]:
    shown = {
        name: plain(getattr(delivery, name))
        for name in (
            "id", "status", "account", "action", "target", "template", "version", "key", "recipient", "guarantee", "digest",
            "idempotency_key", "reason", "replay_of", "attempts_made", "created_at", "updated_at", "due_at", "expires_at",
            "finished_at",
        )
    }  # fmt: skip
    if delivery.plan is not None:
        shown |= {"plan": delivery.plan, "step": delivery.step}
    shown["payload"] = _parsed(delivery.payload)
    shown["problems"] = [each.as_dict() for each in delivery.problems]
    shown["warnings"] = [each.as_dict() for each in delivery.warnings]
    return shown


def _attempt(attempt: Attempt) -> dict[str, Any]:
    from dataclasses import asdict

    made: dict[str, Any] = plain(asdict(attempt))
    return made
