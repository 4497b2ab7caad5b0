"""Carries templates between a folder and the database: push, pull, diff, and the starter set at the very first start."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from sqlalchemy.exc import IntegrityError

from service.authoring import folder
from service.authoring.folder import Folder
from service.model import Account, TemplateSource, Version
from service.settings import PREFIX, Settings
from service.store import Store

DEFAULT_ACCOUNT = "default"
TRIES = 5


class Ground(Protocol):
    """The two parts of `service.parts.Parts` that are needed here."""

    @property
    def settings(self) -> Settings: ...

    @property
    def store(self) -> Store: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What became, or would become, of one template. `number` is the version's, None where none was made yet."""

    name: str
    change: str  # new, changed or unchanged
    number: int | None
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One file that is not the same in the database and in the folder. `text` is a unified diff."""

    file: str
    change: str  # only in the folder, only in the database, changed
    text: str


def bootstrap(ground: Ground) -> None:
    """Bring the database up to date; give it the account of the environment, and the starter templates when it has none.

    Safe to call at every start and from many processes at once.
    """
    ground.store.migrate()
    for left in reversed(range(TRIES)):
        try:
            _fill(ground.settings, ground.store)
            return
        except IntegrityError:  # another process did the same at the same moment, and may be done by now
            if not left:
                raise


def push(
    store: Store,
    source: Folder,
    templates: Iterable[TemplateSource],
    *,
    note: str | None = None,
    by: str | None = None,
    publish: bool = True,
    dry_run: bool = False,
) -> list[Pushed]:
    """Make a version of each of `templates` that is not the same as its newest, and the snippets of `source` shared."""
    pushed = []
    if not dry_run:
        kept = store.snippets.all()
        for name, text in source.snippets.items():
            if kept.get(name) != text:
                store.snippets.put(name, text)
    for template in templates:
        newest = _newest(store, template.name)
        if newest is None:
            change = "new"
        else:
            change = "unchanged" if newest.template == template else "changed"
        if dry_run:
            number = newest.number if newest is not None and change == "unchanged" else None
            pushed.append(Pushed(name=template.name, change=change, number=number, live=publish))
        else:
            version = store.templates.push(template, note=note, by=by, publish=publish)
            live = publish or version.live
            pushed.append(Pushed(name=template.name, change=change, number=version.number, live=live))
    return pushed


def pull(store: Store, place: Path, names: Iterable[str], *, dry_run: bool = False) -> list[Difference]:
    """Write the live versions of `names` and the shared snippets into the folder `place`, where they differ.

    Returns the files that were (or would be) written. Files that Burgee does not keep are left alone. Raises as
    `folder.read` does: a folder that cannot be read is not written over.
    """
    wanted = set(names)
    here = files_of(folder.read(place), wanted) if place.is_dir() else {}
    changes = []
    for file, text in kept_files(store, wanted).items():
        if here.get(file) != text:
            changes.append(_difference(file, here.get(file), text, "folder", "database"))
            if not dry_run:
                (place / file).parent.mkdir(parents=True, exist_ok=True)
                (place / file).write_bytes(text.encode())
    return changes


def diff(store: Store, source: Folder, names: Iterable[str]) -> list[Difference]:
    """How the templates `names` of a folder differ from the live versions."""
    wanted = set(names)
    here, kept = files_of(source, wanted), kept_files(store, wanted)
    return [
        _difference(file, kept.get(file), here.get(file), "database", "folder")
        for file in sorted({*here, *kept})
        if kept.get(file) != here.get(file)
    ]


def files_of(source: Folder, names: set[str]) -> dict[str, str]:
    """The files of a folder in their canonical form, by path: those of the templates `names`, and the snippets."""
    files = {f"{folder.SNIPPETS}/{name}.j2": text for name, text in source.snippets.items()}
    for template in source.templates:
        if template.name in names:
            files |= {f"{template.name}/{file}": text for file, text in folder.files(template).items()}
    return files


def kept_files(store: Store, names: set[str]) -> dict[str, str]:
    """The same of what the database holds: the live versions."""
    versions = [version for name in sorted(names) if (version := store.templates.live(name)) is not None]
    return files_of(Folder(tuple(version.template for version in versions), store.snippets.all()), names)


def _fill(settings: Settings, store: Store) -> None:
    _account(settings, store)
    if not store.templates.names():
        starter = folder.read(settings.templates)
        push(store, starter, starter.templates, note="starter set")


def _account(settings: Settings, store: Store) -> None:
    """Let the account of the environment follow the environment, unless a person has taken it over."""
    name = f"{PREFIX}ATTENTIVE_TOKEN"
    if not settings.attentive_token:
        return
    token_from = f"env:{name}"
    wanted = Account(name=DEFAULT_ACCOUNT, destination="attentive", base_url=settings.attentive_url, token_from=token_from)
    kept = store.accounts.get(DEFAULT_ACCOUNT)
    if kept is None or (kept.token_from == token_from and kept.base_url != wanted.base_url):
        store.accounts.put(wanted if kept is None else replace(kept, base_url=wanted.base_url))


def _newest(store: Store, name: str) -> Version | None:
    versions = store.templates.versions(name)
    return max(versions, key=lambda version: version.number) if versions else None


def _difference(file: str, one: str | None, other: str | None, one_side: str, other_side: str) -> Difference:
    change = f"only in the {other_side}" if one is None else f"only in the {one_side}" if other is None else "changed"
    before, after = ((text or "").splitlines(keepends=True) for text in (one, other))
    lines = difflib.unified_diff(before, after, f"{one_side}/{file}", f"{other_side}/{file}")
    return Difference(file=file, change=change, text="".join(lines))
