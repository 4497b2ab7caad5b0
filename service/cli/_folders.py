"""Which templates a command is about: the folders that were named, or some of the templates folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from service.authoring import folder
from service.authoring.folder import Folder
from service.cli._common import usage
from service.errors import NotFound, Problem, TemplateInvalid

if TYPE_CHECKING:
    from service.settings import Settings


def chosen(settings: Settings, names: tuple[str, ...]) -> Folder:
    """The templates that `names` name: folders (of one template, or of many), or names in the templates folder.

    Nothing named means the whole templates folder. What is not there is wrong usage; what is wrong in a file is raised
    as `TemplateInvalid`, all of it.
    """
    found: list[Folder] = []
    problems: list[Problem] = []
    for place in _places(settings.templates, names):
        try:
            found.append(folder.read(place))
        except NotFound as error:
            raise usage(error) from None
        except TemplateInvalid as error:
            problems += error.problems
    if problems:
        raise TemplateInvalid("The templates cannot be used.", problems)
    templates = {template.name: template for each in found for template in each.templates}
    snippets = {name: text for each in found for name, text in each.snippets.items()}
    return Folder(tuple(templates.values()), snippets)


def homes(settings: Settings, names: tuple[str, ...]) -> dict[str, Path]:
    """The folder of each template that `names` name, by the template's name."""
    found = {}
    for place in _places(settings.templates, names):
        for home in [place] if folder.is_template(place) else place.iterdir():
            if folder.is_template(home):
                found[home.resolve().name] = home
    return found


def _places(templates: Path, names: tuple[str, ...]) -> list[Path]:
    return [_place(templates, name) for name in names] if names else [templates]


def _place(templates: Path, name: str) -> Path:
    """The folder that `name` means: a template of the templates folder, else a path."""
    known = templates / name
    if folder.NAME.fullmatch(name) and folder.is_template(known):
        return known
    if Path(name).is_dir():
        return Path(name)
    raise usage(folder.not_found(name, folder.names(templates)))
