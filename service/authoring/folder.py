"""Reads templates from a folder: the form that lives in git.

templates/welcome/template.json.j2          or template.json.zephyr
templates/welcome/about.toml                see `service.authoring.about`
templates/welcome/samples/ada.json          a context
templates/welcome/samples/ada.expected.json what it must come to (see `service.authoring.check`)
templates/checkout/subscribe.json.j2        of a plan, one for each of its steps in place of template.json.j2
templates/checkout/samples/ada.answers.json what the vendor answers at each step, so that later steps can be rendered too
templates/_snippets/people.j2               a snippet, for `{% include "people" %}` or `{% import "people" as people %}`
templates/_snippets/footer.zephyr           a snippet for Zephyr templates, for `{include 'footer'}`
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from service import strictjson
from service.authoring.about import About, parse, write
from service.errors import NotFound, NotReadable, Problem, TemplateInvalid
from service.model import TemplateSource
from service.registry import nearest

ABOUT = "about.toml"
SNIPPETS = "_snippets"
SAMPLES = "samples"
BESIDE = ("expected", "answers")  # of a sample: NAME.expected.json, NAME.answers.json
ONE_DIALECT = "Write all steps in one dialect."
SUFFIXES = {".json.j2": "jinja", ".json.zephyr": "zephyr"}
DIALECTS = {f"template{suffix}": dialect for suffix, dialect in SUFFIXES.items()}
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")

_REFERENCE = re.compile(r"""\{%[-+]?\s*(?:include|import|from|extends)\b(.*?)%\}|\{include\b([^}]*)\}""", re.DOTALL)
_TEXT = re.compile(r""""([^"]*)"|'([^']*)'""")


@dataclass(frozen=True, slots=True)
class Folder:
    """All templates of a folder, by name, and its shared snippets."""

    templates: tuple[TemplateSource, ...]
    snippets: Mapping[str, str]

    def get_or_raise(self, name: str) -> TemplateSource:
        """The template `name`. Raises `NotFound` naming the nearest."""
        for each in self.templates:
            if each.name == name:
                return each
        raise not_found(name, [each.name for each in self.templates])


def not_found(name: str, known: list[str]) -> NotFound:
    """The error for a template that is not there."""
    close = nearest(name, known)
    if close:
        hint = f"Did you mean `{close}`?"
    else:
        hint = f"Known are {', '.join(sorted(known)[:20])}." if known else "There are no templates yet."
    return NotFound(f"There is no template `{name}`.", hint=hint)


def read(path: Path) -> Folder:
    """The templates under `path`: a folder of templates, or the folder of one.

    Raises `NotFound` when there is no such folder, `TemplateInvalid` with every problem of every file.
    """
    if not path.is_dir():
        raise NotFound(f"There is no folder {path}.", hint="Name a folder of templates, or the folder of one.")
    problems: list[Problem] = []
    if is_template(path):
        shared = _snippets(path.resolve().parent / SNIPPETS, problems)
        places = [path]
    else:
        shared = _snippets(path / SNIPPETS, problems)
        places = sorted(each for each in path.iterdir() if each.is_dir() and each.name[0] not in "._")
    templates = [made for each in places if (made := _template(each, shared, problems)) is not None]
    if problems:
        many = f"{len(problems)} problems" if len(problems) > 1 else "a problem"
        raise TemplateInvalid(f"The templates in {path} have {many}.", problems)
    return Folder(tuple(templates), shared)


def read_one(path: Path) -> TemplateSource:
    """The template in the folder `path`. Raises as `read` does, and `NotFound` when `path` holds no template."""
    if not is_template(path):
        raise NotFound(f"There is no template in {path}.", hint=f"A template's folder holds {_files()} and {ABOUT}.")
    return read(path).templates[0]


def names(path: Path) -> list[str]:
    """The names of the templates in the folder `path`, without reading them."""
    return sorted(each.name for each in path.glob("[a-z0-9]*") if is_template(each))


def is_template(path: Path) -> bool:
    """Whether the folder `path` is that of one template."""
    return (path / ABOUT).is_file() or any((path / name).is_file() for name in DIALECTS)


def used(text: str, shared: Mapping[str, str]) -> dict[str, str]:
    """Those of the `shared` snippets that the template `text` includes, imports or extends, by name; also through another.

    What is named and not there is left to the compiler, which knows the line.

    >>> used('{% include "a" %}', {"a": "{% import 'b' as b %}", "b": "", "c": ""})
    {'a': "{% import 'b' as b %}", 'b': ''}
    >>> used("{include 'c'}", {"c": "{total}"})
    {'c': '{total}'}
    """
    found: dict[str, str] = {}
    waiting = list(references(text))
    while waiting:
        name = waiting.pop()
        if name in shared and name not in found:
            found[name] = shared[name]
            waiting += references(shared[name])
    return dict(sorted(found.items()))


def references(text: str) -> Iterator[str]:
    """Names of the snippets that a template names in an include, import or extends, also where it does not compile yet."""
    for tag in _REFERENCE.finditer(text):
        for name in _TEXT.finditer(tag[1] or tag[2]):
            yield name[1] or name[2] or ""


def source(body: bytes, shown: str) -> str:
    """The text of one template file. Raises `TemplateInvalid` when it is not UTF-8; `shown` is how problems call it."""
    try:
        return body.decode().removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        said = f"{shown} is not UTF-8: byte {error.start + 1} cannot be read."
        raise TemplateInvalid(said, [Problem("file.not_utf8", said, None, "Save the file as UTF-8.")]) from None


def snippets(path: Path) -> dict[str, str]:
    """The shared snippets of the folder of templates `path`, by name. Raises `TemplateInvalid`."""
    problems: list[Problem] = []
    found = _snippets(path / SNIPPETS, problems)
    if problems:
        raise TemplateInvalid(f"The snippets in {path} cannot be read.", problems)
    return found


def files(template: TemplateSource) -> dict[str, str]:
    """The files of a template's folder with their text, by path within it, in one canonical form."""
    suffix = next(suffix for suffix, dialect in SUFFIXES.items() if dialect == template.dialect)
    made = {f"{step.name or 'template'}{suffix}": step.source for step in template.steps} | {ABOUT: write(template)}
    for name, sample in template.samples.items():
        made[f"{SAMPLES}/{name}.json"] = as_text(sample["context"])
        if sample.get("expected") is not None:
            made[f"{SAMPLES}/{name}.expected.json"] = as_text(sample["expected"])
        if "answers" in sample:
            made[f"{SAMPLES}/{name}.answers.json"] = as_text(sample["answers"])
    return made


def as_text(value: Any) -> str:
    """`value` as the JSON of a sample's file, the same text for equal values."""
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _files() -> str:
    return " or ".join(DIALECTS)


def _template(path: Path, shared: Mapping[str, str], problems: list[Problem]) -> TemplateSource | None:
    """The template in `path`; None, and problems, when something is wrong with it."""
    name = path.resolve().name
    before = len(problems)
    if NAME.fullmatch(name) is None:
        hint = "Use small letters, digits, - and _, at most 100, as the name is part of the hook's address."
        problems.append(Problem("template.name", f"The folder {name[:120]!r} is no name for a template.", hint=hint))
    about = _about(path / ABOUT, f"{name}/{ABOUT}", problems)
    suffix, texts = _sources(path, name, [step.name for step in about.steps] or ["template"], problems)
    samples = _samples(path / SAMPLES, name, problems)
    if len(problems) > before:
        return None
    return TemplateSource(
        name=name,
        title=about.title or name,
        action=about.action,
        account=about.account,
        dialect=SUFFIXES[suffix],
        source=texts[0],
        policy=about.policy,
        snippets=used("\n".join(texts), shared),
        samples=samples,
        step=about.steps[0].name if about.steps else None,
        then=tuple(replace(step, source=text) for step, text in zip(about.steps[1:], texts[1:], strict=True)),
    )


def _sources(path: Path, name: str, stems: list[str], problems: list[Problem]) -> tuple[str, list[str]]:
    """The suffix of the sources called `stems`, and the text of each; with problems where it is not exactly these files."""
    there = [suffix for suffix in SUFFIXES if any((path / f"{stem}{suffix}").is_file() for stem in stems)]
    if len(there) > 1:
        both = " and ".join(f"{stem}{suffix}" for suffix in there for stem in stems if (path / f"{stem}{suffix}").is_file())
        said = f"The folder {name} holds both {both}."
        problems.append(
            Problem("template.files", said, hint="Keep exactly one of them." if len(stems) == 1 else ONE_DIALECT)
        )
    missing = [stem for stem in stems if not any((path / f"{stem}{suffix}").is_file() for suffix in there)]
    for stem in missing:
        said = f"The folder {name} holds no {' or '.join(f'{stem}{suffix}' for suffix in SUFFIXES)}."
        hint = (
            "Keep exactly one of them." if len(stems) == 1 else "Each step of a plan has its source in a file of its name."
        )
        problems.append(Problem("template.files", said, hint=hint))
    if not there or missing:
        return "", []
    suffix = there[0]
    return suffix, [_text(path / f"{stem}{suffix}", f"{name}/{stem}{suffix}", problems) or "" for stem in stems]


def _about(path: Path, shown: str, problems: list[Problem]) -> About:
    if not path.is_file():
        hint = 'Write it with title = "..." and action = "attentive.messages.send".'
        problems.append(Problem("about.missing", f"There is no {shown}.", None, hint, template=shown))
        return About()
    text = _text(path, shown, problems)
    about, found = (About(), []) if text is None else parse(text, shown)
    problems += found
    return about


def _samples(path: Path, template: str, problems: list[Problem]) -> dict[str, dict[str, Any]]:
    samples: dict[str, dict[str, Any]] = {}
    beside: list[tuple[str, str, Any]] = []
    for file in sorted(path.glob("*.json")):
        value = _object(file, f"{template}/{SAMPLES}/{file.name}", problems)
        name, _, kind = file.stem.rpartition(".")
        if kind in BESIDE and name:
            beside.append((name, kind, value))
        else:
            samples[file.stem] = {"context": value, "expected": None}
    for name, kind, value in beside:
        if name in samples:
            samples[name][kind] = value
        else:
            said = f"{template}/{SAMPLES}/{name}.{kind}.json belongs to no sample."
            problems.append(Problem("sample.orphan", said, hint=f"Add {name}.json, the context, or remove this file."))
    return samples


def _snippets(path: Path, problems: list[Problem]) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in sorted((*path.glob("*.j2"), *path.glob("*.zephyr"))):
        shown = f"{SNIPPETS}/{file.name}"
        if file.stem in found:
            said = f"There are two snippets `{file.stem}`."
            problems.append(Problem("file.twice", said, None, "Give one of them another name.", template=shown))
        elif (text := _text(file, shown, problems)) is not None:
            found[file.stem] = text
    return found


def _object(file: Path, shown: str, problems: list[Problem]) -> dict[str, Any] | None:
    try:
        return strictjson.read_object(file.read_bytes(), what=shown)
    except NotReadable as error:
        problems += [each.at(each.line, each.column, shown) for each in error.problems]
    except OSError as error:
        problems.append(Problem("file.unreadable", f"{shown} cannot be read: {error.strerror}.", template=shown))
    return None


def _text(file: Path, shown: str, problems: list[Problem]) -> str | None:
    try:
        return source(file.read_bytes(), shown)
    except TemplateInvalid as error:
        problems += [each.at(None, None, shown) for each in error.problems]
    except OSError as error:
        problems.append(Problem("file.unreadable", f"{shown} cannot be read: {error.strerror}.", template=shown))
    return None
