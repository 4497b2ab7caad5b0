"""A template as its authors work on it: the draft if there is one, else what is live, else the newest version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from service.authoring.folder import used
from service.errors import NotFound
from service.model import TemplateSource, Version
from service.registry import nearest
from service.store.drafts import Draft
from service.studio._diff import changed_lines

if TYPE_CHECKING:
    from service.store import Store


@dataclass(frozen=True, slots=True)
class Work:
    """`template` is what the editor opens; `base` is the version that it began from."""

    template: TemplateSource
    draft: Draft | None
    live: Version | None
    versions: tuple[Version, ...]
    base: int | None
    shared: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.template.name

    @property
    def revision(self) -> int:
        """Of the draft that an editor opens; 0: there is none."""
        return self.draft.revision if self.draft is not None else 0

    @property
    def next_number(self) -> int:
        """What the draft would be published as."""
        return self.versions[0].number + 1

    @property
    def changed(self) -> int:
        """Lines in which the draft's source differs from what is live."""
        return changed_lines(self.live.template.source if self.live else "", self.template.source)

    def with_source(self, source: str) -> TemplateSource:
        """The template with another source, and the snippets that this one names as they are shared now."""
        if source == self.template.source:
            return self.template
        sources = "\n".join([source, *(step.source for step in self.template.then)])
        return replace(self.template, source=source, snippets=used(sources, {**self.template.snippets, **self.shared}))


def work_on(store: Store, name: str) -> Work:
    """Raises `NotFound` with the nearest name."""
    versions = tuple(store.templates.versions(name))
    if not versions:
        near = nearest(name, store.templates.names())
        raise NotFound(f"There is no template {name[:60]!r}.", hint=f"Did you mean {near}?" if near else None)
    live = next((each for each in versions if each.live), None)
    draft, begin = store.drafts.get(name), live or versions[0]
    template = draft.template if draft is not None else begin.template
    return Work(template, draft, live, versions, draft.base if draft is not None else begin.number, store.snippets.all())
