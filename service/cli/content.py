"""`burgee content`: the library that `personalize()` picks from, and the feeds that fill it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from service.cli._common import FAILED, NOT_VALID, Call, as_json_option, dry_run_option, finish, moment, plain
from service.cli._output import print_json, print_table, say_problems, visible

if TYPE_CHECKING:
    from service.model import Item
    from service.parts import Parts
    from service.store.feeds import Feed, Run
    from service.sync.filling import Filled

MAP_HELP = "The feed's COLUMN is the item's FIELD, such as cost=amount or colour=vars.colour."
KIND_HELP = "json, rss, google or csv. Default: found from what comes."


@click.group
def command() -> None:
    """Fill the content library, look into it, and schedule the feeds that fill it."""


def _mapping(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    from service.content.feeds import check_mapping
    from service.errors import Misconfigured

    mapping = {}
    for value in values:
        column, equals, field = value.rpartition("=")
        if not equals or not column.strip() or not field.strip():
            raise click.BadParameter(f"{value[:60]!r}: write COLUMN=FIELD.")
        mapping[column.strip()] = field.strip()
    try:
        check_mapping(mapping)
    except Misconfigured as error:
        raise click.BadParameter(
            " ".join([*(each.detail for each in error.problems), error.problems[0].hint or ""])
        ) from None
    return mapping


def _kind(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    from service.content.feeds import KINDS

    if value is not None and value not in KINDS:
        raise click.BadParameter(f"{value[:60]!r} is no kind of feed. Kinds are {', '.join(KINDS)}.")
    return value


kind_option = click.option("--kind", metavar="KIND", callback=_kind, help=KIND_HELP)
map_option = click.option("--map", "mapping", multiple=True, metavar="COLUMN=FIELD", callback=_mapping, help=MAP_HELP)


@command.command("import")
@click.argument("source", metavar="FILE|-|URL")
@kind_option
@map_option
@click.option("--replace", "replaces", is_flag=True, help="Remove every item of the library that the feed does not have.")
@dry_run_option
@as_json_option
@click.pass_obj
def import_(
    call: Call, source: str, kind: str | None, mapping: dict[str, str], replaces: bool, dry_run: bool, as_json: bool
) -> None:
    """Fill the library from a feed: a file, standard input, or an address at one of BURGEE_CONTENT_HOSTS.

    Items are known by their url: new ones are added, known ones changed. What is wrong with a row is said, and the other
    rows are kept (exit status 3). --replace removes nothing then.
    """
    from service.sync.filling import every_url, fill

    parts = call.parts()
    with closing(_opened(parts, source)) as stream, _progress(stream, as_json) as progress:
        removable = (lambda: every_url(parts.store)) if replaces else None
        filled = fill(
            parts.store,
            stream,
            kind=kind,
            mapping=mapping,
            removable=removable,
            dry_run=dry_run,
            progress=progress,
        )
    if as_json:
        print_json({"dry_run": dry_run, **_filled(filled)})
    else:
        _say_filled(filled, dry_run)
    if filled.problem_count:
        finish(NOT_VALID)


def _opened(parts: Parts, source: str) -> BinaryIO:
    """The feed as a stream that can be rewound."""
    from service.content.fetch import fetch
    from service.sync.runner import limits

    if source.startswith(("http://", "https://")):
        return cast("BinaryIO", fetch(source, limits(parts.settings)).stream)
    if source == "-":
        return io.BytesIO(sys.stdin.buffer.read())
    try:
        stream = Path(source).open("rb")  # noqa: SIM115 - the caller closes it
    except OSError as error:
        raise click.UsageError(f"The feed {source} cannot be read: {error.strerror or error}.") from None
    return stream if stream.seekable() else io.BytesIO(stream.read())


@contextmanager
def _progress(stream: BinaryIO, as_json: bool) -> Iterator[Any]:
    """Says on a terminal how far the feed is read; Ctrl-C ends it between two batches."""
    if as_json or not sys.stderr.isatty():
        yield lambda _: True
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    columns = (TextColumn("reading"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rows]:,} items"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=size or 1, rows=0)

        def on_rows(rows: int) -> bool:
            bar.update(task, completed=stream.tell(), rows=rows)
            return True

        yield on_rows


def _say_filled(filled: Filled, dry_run: bool) -> None:
    say_problems(filled.problems)
    if (more := filled.problem_count - len(filled.problems)) > 0:
        click.echo(f"  and {more:,} more problems", err=True)
    would = "would be " if dry_run else ""
    counts = f"{filled.created:,} {would}created, {filled.changed:,} {would}changed, {filled.unchanged:,} unchanged"
    counts += f", {filled.repeated:,} repeated (the first stands)" if filled.repeated else ""
    counts += f"; {filled.removed:,} {would}removed" if filled.removed else ""
    click.echo(f"{filled.kind} feed, {filled.rows:,} items: {counts}.")
    if filled.problem_count:
        click.echo(f"{filled.problem_count:,} problem{'s' if filled.problem_count > 1 else ''}.", err=True)
    if filled.kept_back:
        click.echo(filled.kept_back, err=True)


@command.command("list")
@click.option("--text", metavar="TEXT", help="Only items with this in title, address, sku or content id.")
@click.option("--tag", metavar="TAG", help="Only items with this tag.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@click.option("--cursor", metavar="CURSOR", help="Where to go on: `next` of the page before.")
@as_json_option
@click.pass_obj
def list_(call: Call, text: str | None, tag: str | None, limit: int, cursor: str | None, as_json: bool) -> None:
    """List items of the library, the newest first."""
    store = call.parts().store.content
    page = store.search(text=text, tag=tag, limit=limit, cursor=cursor)
    if as_json:
        print_json({"items": [_item(each) for each in page.items], "next": page.next_cursor, "count": store.count()})
        return
    rows = [(each.title, each.price, " ".join(each.tags), each.url) for each in page.items]
    empty = "There is nothing like it." if text or tag else "The library is empty. Fill it with burgee content import."
    print_table(("title", "cents", "tags", "address"), rows, empty=empty)
    if page.next_cursor is not None:
        click.echo(f"There are more: --cursor {page.next_cursor}", err=True)


@command.command
@click.argument("url")
@as_json_option
@click.pass_obj
def show(call: Call, url: str, as_json: bool) -> None:
    """Show the item with this address."""
    item = call.parts().store.content.get(url)
    if item is None:
        raise click.ClickException("There is no item with this address.")
    shown = _item(item)
    if as_json:
        print_json(shown)
        return
    for name, value in shown.items():
        if value not in (None, "", [], {}):
            click.echo(f"{name:<12} {visible(value if isinstance(value, str) else str(value))}")


@command.command
@click.argument("urls", metavar="URL...", nargs=-1, required=True)
@dry_run_option
@as_json_option
@click.pass_obj
def remove(call: Call, urls: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Remove items, and what was counted of them. A feed that still has them brings them back."""
    store = call.parts().store.content
    unknown = [url for url in dict.fromkeys(urls) if store.get(url) is None]
    removed = len(set(urls)) - len(unknown) if dry_run else store.remove(urls)
    if as_json:
        print_json({"dry_run": dry_run, "removed": removed, "unknown": unknown})
    else:
        click.echo(f"{removed} {'would be ' if dry_run else ''}removed.")
        for url in unknown:
            click.echo(f"There is no item {visible(url)}", err=True)
    if unknown:
        finish(FAILED)


@command.command
@click.argument("kind", type=click.Choice(["view", "purchase"]))
@click.argument("url")
@click.option("--person", metavar="ID", help="Who: what names them to the sender, such as an extid.")
@click.option("--count", type=click.IntRange(1, 1_000_000), default=1, show_default=True)
@click.option("--at", metavar="TIME", help="When. Default: now.")
@dry_run_option
@as_json_option
@click.pass_obj
def record(
    call: Call, kind: str, url: str, person: str | None, count: int, at: str | None, dry_run: bool, as_json: bool
) -> None:
    """Count a view or a purchase of an item."""
    from service.model import Interaction

    store = call.parts().store.content
    if store.get(url) is None:
        raise click.ClickException("There is no item with this address.")
    made = Interaction(kind=cast("Any", kind), url=url, at=moment(at), person=person, count=count)
    if not dry_run:
        store.record([made])
    if as_json:
        print_json({"dry_run": dry_run, "kind": kind, "url": url, "count": count, "at": plain(made.at)})
    else:
        click.echo(f"{'Would count' if dry_run else 'Counted'} {count} {kind}{'s' if count > 1 else ''}.")


@command.group
def schedule() -> None:
    """Feeds that the workers fetch by themselves."""


@schedule.command("list")
@as_json_option
@click.pass_obj
def list_feeds(call: Call, as_json: bool) -> None:
    """List the feeds, when each is fetched next, and what its last run came to."""
    store = call.parts().store.feeds
    found = [(feed, next(iter(store.runs(feed.name, 1)), None)) for feed in store.list()]
    if as_json:
        print_json([{**_feed(feed), "last_run": None if run is None else _run(run)} for feed, run in found])
        return
    rows = [(feed.name, feed.schedule, f"{feed.next_run:%Y-%m-%d %H:%M}", _told(run)) for feed, run in found]
    print_table(("feed", "schedule (UTC)", "next", "last run"), rows, empty="There are no feeds.")


@schedule.command("show")
@click.argument("name")
@as_json_option
@click.pass_obj
def show_feed(call: Call, name: str, as_json: bool) -> None:
    """Show a feed, its last runs, and the problems of the latest."""
    store = call.parts().store.feeds
    feed, runs = store.get(name), store.runs(name)
    if as_json:
        print_json({**_feed(feed), "runs": [_run(each) for each in runs]})
        return
    for key, value in _feed(feed).items():
        click.echo(f"{key:<12} {visible(str(value))}")
    for each in runs:
        click.echo(f"  {each.started_at:%Y-%m-%d %H:%M:%S}  {visible(_told(each))}")
    if runs:
        say_problems(runs[0].problems)


@schedule.command
@click.argument("name")
@click.argument("url")
@click.option("--every", "minutes", metavar="MINUTES", type=click.IntRange(1), help="Every so many minutes, from now on.")
@click.option("--cron", metavar="EXPRESSION", help='Five fields, in UTC, such as "0 5 * * *".')
@kind_option
@map_option
@click.option("--replace", "replaces", is_flag=True, help="Remove items that the feed brought, and has no longer.")
@dry_run_option
@as_json_option
@click.pass_obj
def add(
    call: Call,
    name: str,
    url: str,
    minutes: int | None,
    cron: str | None,
    kind: str | None,
    mapping: dict[str, str],
    replaces: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Add the feed NAME, or change the one of that name. Its URL must be at one of BURGEE_CONTENT_HOSTS."""
    from service.content.fetch import check_url
    from service.content.schedule import check, following
    from service.store.feeds import Feed
    from service.sync.runner import limits

    if (minutes is None) == (cron is None):
        raise click.UsageError("Give either --every MINUTES or --cron EXPRESSION.")
    if not name.isprintable() or not 0 < len(name.strip()) <= 100:
        raise click.UsageError("A feed's name is 1 to 100 printable characters.")
    parts = call.parts()
    check_url(url, limits(parts.settings))
    when = check(cron if cron is not None else f"every {minutes} minutes")
    now = parts.store.now()
    feed = Feed(
        name=name,
        url=url,
        kind=kind,
        mapping=mapping,
        replaces=replaces,
        schedule=when,
        next_run=now if cron is None else following(when, now, now),
    )
    if not dry_run:
        parts.store.feeds.put(feed)
    if as_json:
        print_json({"dry_run": dry_run, **_feed(feed)})
    else:
        said = "Would keep" if dry_run else "Kept"
        click.echo(f"{said} the feed {name}; it is fetched next at {feed.next_run:%Y-%m-%d %H:%M} UTC.")


@schedule.command("remove")
@click.argument("name")
@dry_run_option
@as_json_option
@click.pass_obj
def remove_feed(call: Call, name: str, dry_run: bool, as_json: bool) -> None:
    """Forget the feed NAME and its runs. The items that it brought stay."""
    store = call.parts().store.feeds
    store.get(name) if dry_run else store.remove(name)
    if as_json:
        print_json({"dry_run": dry_run, "name": name})
    else:
        click.echo(f"The feed {name} {'would be' if dry_run else 'is'} forgotten.")


@schedule.command
@click.argument("name")
@dry_run_option
@as_json_option
@click.pass_obj
def run(call: Call, name: str, dry_run: bool, as_json: bool) -> None:
    """Have the feed NAME fetched now, by the next worker that looks (within a second or so)."""
    store = call.parts().store.feeds
    store.get(name) if dry_run else store.hurry(name)
    if as_json:
        print_json({"dry_run": dry_run, "name": name})
    else:
        click.echo(f"The feed {name} {'would be' if dry_run else 'is'} due now. See burgee content schedule show {name}")


def _told(run: Run | None) -> str:
    """A run on one line."""
    if run is None:
        return "never ran"
    if run.outcome is None:
        return "under way"
    if run.outcome == "unchanged":
        return "unchanged since the run before"
    if run.outcome == "failed":
        return f"failed: {run.error}"
    counts = f"{run.rows} items: {run.created} created, {run.changed} changed, {run.removed} removed"
    return f"{counts}{f'; {run.problem_count} problems' if run.problem_count else ''}"


def _filled(filled: Filled) -> dict[str, Any]:
    from dataclasses import asdict

    shown: dict[str, Any] = plain({**asdict(filled), "problems": [each.as_dict() for each in filled.problems]})
    del shown["urls"]
    return shown


def _item(item: Item) -> dict[str, Any]:
    from dataclasses import asdict

    shown: dict[str, Any] = plain(asdict(item))
    return shown


def _feed(feed: Feed) -> dict[str, Any]:
    from service.sync.runner import shown_url

    return {
        "name": feed.name,
        "url": shown_url(feed.url),
        "kind": feed.kind,
        "mapping": dict(feed.mapping),
        "replace": feed.replaces,
        "schedule": feed.schedule,
        "next_run": plain(feed.next_run),
    }


def _run(run: Run) -> dict[str, Any]:
    from dataclasses import asdict

    shown: dict[str, Any] = plain({**asdict(run), "problems": [each.as_dict() for each in run.problems]})
    for name in ("feed", "worker"):
        del shown[name]
    return shown
