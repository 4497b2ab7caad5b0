"""What is doubtful or wrong about a template before anybody gets a message, from its source and from its samples.

A problem means that the template cannot be used; a warning, that somebody should look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from service.actions import Action
from service.authoring.check import by_step, problems_of, render_samples
from service.authoring.names import Names
from service.delivery.prepare import Prepared, Preparer
from service.errors import BurgeeError, NotFound, Problem, TemplateInvalid
from service.model import Outcome, TemplateSource
from service.rendering import compile_text
from service.strictjson import line_and_column

_ASSIGNED = re.compile(r"\{%[-+]?\s*set\s+([A-Za-z_]\w*)\s*(?:=|[-+]?%\})")
_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_MESSAGE_NAME = re.compile(r'"messageName"\s*:\s*("(?:[^"\\{]|\\.|\{(?![{%]))*\{[{%]|\{\{)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """What was found about one template. A finding in a sample's message names the sample in its detail."""

    template: str
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def lint(preparer: Preparer, templates: Iterable[TemplateSource]) -> Iterator[Linted]:
    """Everything found about each of `templates`, and about the names that several of them use."""
    names = Names()
    for template in templates:
        yield lint_one(preparer, template, names)


def lint_one(preparer: Preparer, template: TemplateSource, names: Names | None = None) -> Linted:
    """Compiles the template, looks at its source, and renders its samples. A plan's steps are looked at one by one.

    `names` are those of the templates before it.
    """
    names = Names() if names is None else names
    try:
        rendered = list(render_samples(preparer, template))
    except (NotFound, TemplateInvalid) as error:
        return Linted(template=template.name, problems=problems_of(error))
    actions = {step.name: preparer.actions[step.action] for step in template.steps}
    problems: list[Problem] = []
    warnings = [found for rule in RULES for found in rule(template)]
    for step in template.steps:
        alone = replace(template, action=step.action, source=step.source, policy=step.policy, step=None, then=())
        action = preparer.actions.get_or_raise(step.action)
        warnings += [found for rule in STEP_RULES for found in rule(alone, action)]
    for name, prepared in rendered:
        expected = template.samples[name].get("expected")
        for step_name, each_step in by_step(prepared).items():
            wanted = expected.get(step_name) if prepared.step is not None and isinstance(expected, dict) else expected
            if not (isinstance(wanted, dict) and wanted.get("outcome") == "invalid"):
                problems += [_in_sample(each, name) for each in each_step.problems]
            warnings += [_in_sample(each, name) for each in each_step.warnings]
            if each_step.outcome is Outcome.VALID:
                found = names.look(template.name, actions[step_name], each_step.payload)
                warnings += [_in_sample(each, name) for each in found]
    warnings += _never_made(template, [prepared for _, prepared in rendered])
    problems += _idempotency(template)
    return Linted(template=template.name, problems=_once(problems), warnings=_once(warnings))


def unused_values(template: TemplateSource, action: Action) -> Iterator[Problem]:
    """A value that is assigned and never used, such as an image URL that never reaches the payload.

    The snippets count as uses: a template that extends one sets what the base prints.
    """
    text = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), template.source)
    fields = {field.casefold(): field for field in action.fields}
    everything = " ".join([text, *template.snippets.values()])
    code = " ".join(_QUOTED.sub("", tag[0]) for tag in _TAG.finditer(everything))
    assigned = [found[1] for found in _ASSIGNED.finditer(text)]
    for found in _ASSIGNED.finditer(text):
        name = found[1]
        if len(re.findall(rf"(?<![\w.]){name}\b", code)) > assigned.count(name):
            continue
        field = fields.get(name.casefold().replace("_", ""))
        hint = f'Write "{field}": "{{{{ {name} }}}}" into the payload.' if field else "Use it, or remove the assignment."
        said = f"`{name}` is assigned and never used."
        yield Problem("lint.unused", said, None, hint).at(*line_and_column(text, found.start(1)))


def message_name_from_data(template: TemplateSource, action: Action) -> Iterator[Problem]:
    """A message name that differs from profile to profile: the vendor takes 20 a day for the whole company."""
    if "messageName" in action.fields:
        for found in _MESSAGE_NAME.finditer(template.source):
            yield Problem(
                "lint.message_name",
                "`messageName` is not fixed text. Attentive takes 20 different names in 24 hours for the whole company.",
                "/messageName",
                "Write one fixed name for this template.",
            ).at(*line_and_column(template.source, found.start()))


def samples_missing(template: TemplateSource) -> Iterator[Problem]:
    """A template without samples, or a sample without its expected result: nothing notices when it breaks."""
    if not template.samples:
        hint = "Add a context as samples/NAME.json, then run burgee test --update."
        yield Problem("lint.no_sample", "There is no sample, so nobody sees what the template makes.", hint=hint)
    for name, sample in template.samples.items():
        if sample.get("expected") is None:
            said = f"The sample `{name}` has no expected result."
            yield Problem("lint.no_expected", said, hint=f"Run burgee test --update, and look at {name}.expected.json.")


def stand_ins_unused(template: TemplateSource) -> Iterator[Problem]:
    """A value in [missing] that stands in for a path that the template never names."""
    text = "".join([*(step.source for step in template.steps), *template.snippets.values()])
    for path in template.policy.missing:
        last = re.split(r"[.\[\]\"']+", path.rstrip("]\"'"))[-1]
        if last not in text:
            said = f"`{path}` in [missing] stands in for nothing that the template uses."
            yield Problem("lint.missing_unused", said, hint="Check the path, or remove the line from about.toml.")


def zephyr_habits(template: TemplateSource, action: Action) -> Iterator[Problem]:
    """What is legal Zephyr and probably not meant, and what differs from a flow that calls the vendor itself."""
    if template.dialect == "zephyr":
        from service.rendering.zephyr.lints import lint as habits

        yield from habits(template.source)
        if "skipFatigue" in action.schema.get("properties", {}) and "skipFatigue" not in template.source:
            said = "`skipFatigue` is not written. Burgee sends false then; Attentive by itself takes true."
            hint = 'Write "skipFatigue": true to reach people who had many texts lately, too; or false, as now.'
            yield Problem("lint.skip_fatigue", said, "/skipFatigue", hint)


STEP_RULES: tuple[Callable[[TemplateSource, Action], Iterator[Problem]], ...] = (
    unused_values,
    message_name_from_data,
    zephyr_habits,
)
RULES: tuple[Callable[[TemplateSource], Iterator[Problem]], ...] = (samples_missing, stand_ins_unused)


def _never_made(template: TemplateSource, rendered: Iterable[Prepared]) -> Iterator[Problem]:
    """A later step that no sample comes to with a payload."""
    made = {name for each in rendered for name, step in by_step(each).items() if step.outcome is Outcome.VALID}
    for step in template.then:
        if template.samples and step.name not in made:
            hint = "Add a context with NAME.answers.json beside it: what the vendor answers, by step."
            yield Problem("lint.step_untested", f"No sample makes a payload of the step `{step.name}`.", None, hint)


def _idempotency(template: TemplateSource) -> list[Problem]:
    """The problems of the idempotency expression in about.toml."""
    if template.policy.idempotency is None:
        return []
    try:
        compile_text(template.policy.idempotency, name="idempotency")
    except BurgeeError as error:
        found = error.problems or (Problem("template.invalid", error.detail, hint=error.hint),)
        return [each.at(each.line, each.column, "idempotency") for each in found]
    return []


def _in_sample(problem: Problem, sample: str) -> Problem:
    return Problem(
        problem.code,
        f"{problem.detail} (sample {sample})",
        problem.pointer,
        problem.hint,
        problem.line,
        problem.column,
        problem.template,
    )


def _once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each finding once: the same place of the template often shows in every sample."""
    kept: dict[tuple[object, ...], Problem] = {}
    for each in problems:
        kept.setdefault(
            (each.code, each.pointer, each.line, each.column, each.template, each.detail.rpartition(" (")[0]), each
        )
    return tuple(kept.values())
