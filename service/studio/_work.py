"""A template as its authors work on it: the draft if there is one, else what is live, else the newest version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from service.authoring.folder import used
from service.errors import NotFound
from service.model import Step, TemplateSource, Version
from service.registry import nearest
from service.store.drafts import Draft
from service.studio._diff import changed_lines

if TYPE_CHECKING:
    from service.store import Store


@dataclass(frozen=True, slots=True)
class Work:
    """`template` is what the editor opens; `base` is the version that it began from. A new template has a draft alone."""

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
        return self.versions[0].number + 1 if self.versions else 1

    @property
    def changed(self) -> int:
        """Lines in which the draft's sources differ from what is live."""
        live = self.live.template if self.live is not None else None
        return sum(changed_lines(old, new) for _, old, new in sources_of_both(live, self.template))

    def with_sources(self, sources: Mapping[str, str]) -> TemplateSource:
        """The template with other sources for the steps named ("": the one of a template that is no plan), and the snippets
        that they name as they are shared now."""
        made = with_sources(self.template, sources)
        if made == self.template:
            return self.template
        text = "\n".join(step.source for step in made.steps)
        return replace(made, snippets=used(text, {**self.template.snippets, **self.shared}))


def work_on(store: Store, name: str) -> Work:
    """Raises `NotFound` with the nearest name."""
    versions, draft = tuple(store.templates.versions(name)), store.drafts.get(name)
    if not versions and draft is None:
        near = nearest(name, {*store.templates.names(), *store.drafts.names()})
        raise NotFound(f"There is no template {name[:60]!r}.", hint=f"Did you mean {near}?" if near else None)
    live = next((each for each in versions if each.live), None)
    begin = live or (versions[0] if versions else None)
    if draft is not None:
        return Work(draft.template, draft, live, versions, draft.base, store.snippets.all())
    assert begin is not None
    return Work(begin.template, None, live, versions, begin.number, store.snippets.all())


def with_sources(template: TemplateSource, sources: Mapping[str, str]) -> TemplateSource:
    """The template with other sources for the steps named. Names that are no step's are left alone."""
    first, *later = (replace(step, source=sources.get(step.name, step.source)) for step in template.steps)
    return replace(template, source=first.source, then=tuple(later))


def alone(template: TemplateSource, step: Step) -> TemplateSource:
    """One step as a template of one action: what can be said of it without the others."""
    return replace(template, action=step.action, source=step.source, policy=step.policy, step=None, then=())


def step_of(template: TemplateSource, name: str) -> Step:
    """The step with this name, else the first one."""
    return next((step for step in template.steps if step.name == name), template.steps[0])


def sources_of_both(old: TemplateSource | None, new: TemplateSource) -> list[tuple[str, str, str]]:
    """Name, old source and new source of every step that either has, in the order of the new one."""
    before = {step.name: step.source for step in old.steps} if old is not None else {}
    after = {step.name: step.source for step in new.steps}
    if len(before) == 1 and len(after) == 1:  # whatever they are called
        return [(new.steps[0].name, next(iter(before.values())), new.source)]
    return [(name, before.get(name, ""), after.get(name, "")) for name in {**after, **before}]
