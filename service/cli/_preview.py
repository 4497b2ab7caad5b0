"""The template that `burgee render` is asked for: of the database, of a folder, or a single file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.authoring import folder
from service.cli._common import read_input, usage
from service.errors import NotFound
from service.model import Account, TemplateSource

if TYPE_CHECKING:
    from service.cli._common import Call
    from service.settings import Settings

BARE = "template"  # what a file is called that stands in no template's folder


@dataclass(frozen=True, slots=True)
class Wanted:
    """A template, and the account that a live one would be sent through (its brand's prefix counts in a text's length)."""

    template: TemplateSource
    account: Account | None = None


def wanted(call: Call, name: str | None, file: str | None, dialect: str | None, action: str | None) -> Wanted:
    """The template that the options name, with the action and dialect of the options where they are given."""
    if (name is None) == (file is None):
        raise click.UsageError("Give either --template NAME or --file PATH.")
    settings = call.settings()
    found = _named(call, settings, name) if name is not None else Wanted(_filed(settings, Path(file or ""), action))
    made = found.template
    return replace(found, template=replace(made, action=action or made.action, dialect=dialect or made.dialect))


def has_database(settings: Settings) -> bool:
    """Whether there is a database to ask, without making one."""
    url = settings.database_url
    return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///").partition("?")[0]).is_file()


def _named(call: Call, settings: Settings, name: str) -> Wanted:
    """The live version, where there is a database that has one; else the folder's."""
    if has_database(settings):
        store = call.parts().store
        version = store.templates.live(name)
        if version is not None:
            return Wanted(version.template, store.accounts.get(version.template.account))
    place = settings.templates / name
    if folder.NAME.fullmatch(name) and folder.is_template(place):
        return Wanted(folder.read_one(place))
    raise usage(folder.not_found(name, folder.names(settings.templates)))


def _filed(settings: Settings, path: Path, action: str | None) -> TemplateSource:
    """The template of a folder, of a file in one, or a bare file with the shared snippets."""
    home = path if path.is_dir() else path.parent if path.name in folder.DIALECTS else None
    if home is not None and (path.is_dir() or (home / folder.ABOUT).is_file()):
        try:
            return folder.read_one(home)
        except NotFound as error:
            raise usage(error) from None
    if action is None:
        raise click.UsageError("--file needs --action NAME, as no about.toml beside the file names one.")
    source = folder.source(read_input(str(path), "template"), path.name)
    return TemplateSource(
        name=BARE,
        title=path.name,
        action=action,
        account="default",
        dialect="zephyr" if path.suffix == ".zephyr" else "jinja",
        source=source,
        snippets=folder.used(source, _shared(settings, path)),
    )


def _shared(settings: Settings, path: Path) -> Mapping[str, str]:
    """The snippets nearest to a file: beside it, one folder up, or those of the templates' folder."""
    around = path.resolve().parent
    places = (around, around.parent, settings.templates)
    return next((found for place in places if (found := folder.snippets(place))), {})
