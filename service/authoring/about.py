"""Reads `about.toml`, the page that says what a template is for and how its messages are sent.

title = "Welcome"
action = "attentive.messages.send"
account = "default"
[policy]
guarantee = "at-most-once"            # default: the action's
expires_after = "12h"                 # s, m, h or d
idempotency = "{{ event.id }}"        # text that is the same for the same event
quiet_hours = "21:00-08:00"
stale_events = "refuse"               # events too old to start a journey; default: sent with a warning
shape = "sailthru"                    # whose data come in: the template sees them in one shape; default: as posted
[missing]
"profile.vars.first_name" = "there"   # stands in for a value that is missing

A template that does one thing after another names its steps in place of the one action; each has its source in NAME.json.j2:
[[steps]]
name = "eligibility"
action = "attentive.subscriptions.eligibility"
[[steps]]
name = "subscribe"
action = "attentive.subscriptions.create"
expires_after = "24h"                 # for this step, in place of what [policy] says; guarantee and quiet_hours too
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from service import shapes
from service.errors import Problem
from service.model import Guarantee, Policy, Step, TemplateSource
from service.registry import nearest

KEYS = ("title", "action", "account", "policy", "missing", "steps")
STEP_POLICY_KEYS = ("guarantee", "expires_after", "quiet_hours", "stale_events")
POLICY_KEYS = (*STEP_POLICY_KEYS, "idempotency", "shape")
STEP_KEYS = ("name", "action", *STEP_POLICY_KEYS)
MOST_STEPS = 10
LONGEST_S = 366 * 86_400

_DURATION = re.compile(r"([0-9]{1,9})\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_HOURS = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]")
_STEP_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What one `about.toml` says. `action` is empty only where a problem says so; of a plan it and `policy` are the first
    step's. The sources of `steps` are still empty."""

    title: str = ""
    action: str = ""
    account: str = "default"
    policy: Policy = field(default_factory=Policy)
    steps: tuple[Step, ...] = ()


def seconds(text: str) -> float:
    """How many seconds a duration such as `90s`, `30m`, `12h` or `2d` is. Raises ValueError with a sentence.

    >>> seconds("12h")
    43200.0
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a duration")
    found = float(int(match[1]) * _SECONDS[match[2]])
    if not 0 < found <= LONGEST_S:
        raise ValueError(f"{text[:40]!r} is not between one second and a year")
    return found


def parse(text: str, file: str) -> tuple[About, list[Problem]]:
    """What `text` says, and every problem in it. `file` is how problems call it, such as `welcome/about.toml`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        said = _PLACE.sub("", str(error)).strip().rstrip(".")
        problem = Problem("about.syntax", f"{file} is not TOML: {said}.", None, "Text stands in double quotes.")
        return About(), [problem.at(int(place[1]), int(place[2]), file) if place else problem.at(None, None, file)]
    except RecursionError:
        return About(), [Problem("about.syntax", f"{file} is nested too deep.", template=file)]
    reader = _Reader(text, file)
    reader.known(table, KEYS, "")
    return reader.about(table), reader.problems


def read(table: Mapping[str, Any], said: str) -> tuple[About, list[Problem]]:
    """The same of a table that did not come from a file, such as a form's; `said` is how problems call it."""
    reader = _Reader("", said)
    reader.known(table, KEYS, "")
    return reader.about(table), reader.problems


def write(template: TemplateSource) -> str:
    """The `about.toml` of a template, so that `parse` reads the same out of it."""
    policy = template.policy
    is_plan = template.step is not None
    words = ("title", "account") if is_plan else ("title", "action", "account")
    lines = [f"{key} = {_quoted(getattr(template, key))}" for key in words]
    for step in template.steps if is_plan else ():
        lines += ["", "[[steps]]", f"name = {_quoted(step.name)}", f"action = {_quoted(step.action)}"]
        lines += _rules(replace(step.policy, idempotency=None, shape=None))
    given = _rules(Policy(idempotency=policy.idempotency, shape=policy.shape) if is_plan else policy)
    lines += ["", "[policy]", *given] if given else []
    stand_ins = [f"{_quoted(path)} = {_quoted(text)}" for path, text in policy.missing.items()]
    lines += ["", "[missing]", *stand_ins] if stand_ins else []
    return "\n".join(lines) + "\n"


def _rules(policy: Policy) -> list[str]:
    rules = {
        "guarantee": policy.guarantee,
        "expires_after": None if policy.expires_after_s is None else duration(policy.expires_after_s),
        "idempotency": policy.idempotency,
        "quiet_hours": policy.quiet_hours,
        "stale_events": policy.stale_events,
        "shape": policy.shape,
    }
    return [f"{key} = {_quoted(text)}" for key, text in rules.items() if text is not None]


def duration(length_s: float) -> str:
    """The duration in its largest whole unit.

    >>> duration(43200.0)
    '12h'
    """
    unit = next(unit for unit in "dhms" if length_s % _SECONDS[unit] == 0 or unit == "s")
    return f"{int(length_s // _SECONDS[unit])}{unit}"


def _pointer(group: str, key: str) -> str:
    """
    >>> _pointer("policy.", "guarantee")
    '/policy/guarantee'
    """
    return f"/{group.replace('.', '/')}{key}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


class _Reader:
    """Takes values of the expected kind out of tables, and collects what is wrong."""

    def __init__(self, text: str, file: str) -> None:
        self.lines = text.splitlines()
        self.file = file
        self.problems: list[Problem] = []

    def about(self, table: Mapping[str, Any]) -> About:
        if not table.get("action") and "steps" not in table:
            self.say("about.action", "does not name an `action`", "action", 'Write action = "attentive.messages.send".')
        given = self.table(table, "policy")
        self.known(given, POLICY_KEYS, "policy.")
        policy = Policy(
            guarantee=self.guarantee(given),
            expires_after_s=self.duration(given),
            idempotency=self.text(given, "idempotency", "policy."),
            missing=self.missing(table),
            quiet_hours=self.hours(given),
            stale_events=self.stale(given),
            shape=self.shape(given),
        )
        steps = self.steps(table, policy) if "steps" in table else ()
        return About(
            title=self.text(table, "title") or "",
            action=steps[0].action if steps else self.text(table, "action") or "",
            account=self.text(table, "account") or "default",
            policy=steps[0].policy if steps else policy,
            steps=steps,
        )

    def steps(self, table: Mapping[str, Any], policy: Policy) -> tuple[Step, ...]:
        """The steps of a plan; the plan's `policy` holds where a step says nothing else. The first one holds the key."""
        given = table["steps"]
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            self.say("about.kind", "has something other than tables for `steps`", "steps", "Begin each step with [[steps]].")
            return ()
        if "action" in table:
            self.say("about.action", "names an `action` and `steps`", "action", "Write each action into its step.")
        if not 2 <= len(given) <= MOST_STEPS:
            hint = f"Give 2 to {MOST_STEPS}. A template with one action has none: it names its `action`."
            self.say("about.steps", f"has {len(given)} steps", "steps", hint)
        steps = [self.step(each, policy) for each in given]
        names = [step.name for step in steps]
        for name in sorted({name for name in names if name and names.count(name) > 1}):
            self.say("about.steps", f"has two steps called {name!r}", "name", "Give each a name of its own.")
        return (*steps[:1], *(replace(step, policy=replace(step.policy, idempotency=None)) for step in steps[1:]))

    def step(self, table: Mapping[str, Any], policy: Policy) -> Step:
        self.known(table, STEP_KEYS, "steps.")
        name = self.text(table, "name", "steps.") or ""
        if _STEP_NAME.fullmatch(name) is None or name == "template":
            hint = "Use small letters, digits and _: it is the name of its file, and of what later steps see of it."
            self.say("about.steps", f"has the step {name[:60]!r}, which is no name for one", "name", hint)
        if not table.get("action"):
            self.say("about.action", f"names no `action` for the step {name!r}", "steps", "Each step needs one.")
        own = Policy(
            guarantee=self.guarantee(table, "steps."),
            expires_after_s=self.duration(table, "steps."),
            quiet_hours=self.hours(table, "steps."),
            stale_events=self.stale(table, "steps."),
        )
        return Step(
            name=name,
            action=self.text(table, "action", "steps.") or "",
            source="",
            policy=replace(
                policy,
                guarantee=own.guarantee or policy.guarantee,
                expires_after_s=own.expires_after_s or policy.expires_after_s,
                quiet_hours=own.quiet_hours or policy.quiet_hours,
                stale_events=own.stale_events or policy.stale_events,
            ),
        )

    def guarantee(self, policy: Mapping[str, Any], group: str = "policy.") -> Guarantee | None:
        word = self.text(policy, "guarantee", group)
        if word is None:
            return None
        try:
            return Guarantee(word)
        except ValueError:
            known = " or ".join(Guarantee)
            where = _pointer(group, "guarantee")
            self.say("about.value", f"has the guarantee {word[:40]!r}", "guarantee", f"Write {known}.", where)
            return None

    def duration(self, policy: Mapping[str, Any], group: str = "policy.") -> float | None:
        text = self.text(policy, "expires_after", group)
        if text is None:
            return None
        try:
            return seconds(text)
        except ValueError as error:
            said = f"has an `expires_after` that cannot be read: {error}"
            where = _pointer(group, "expires_after")
            self.say("about.value", said, "expires_after", "Write 90s, 30m, 12h or 2d.", where)
            return None

    def hours(self, policy: Mapping[str, Any], group: str = "policy.") -> str | None:
        text = self.text(policy, "quiet_hours", group)
        if text is not None and _HOURS.fullmatch(text) is None:
            said = f"has the quiet hours {text[:40]!r}"
            self.say("about.value", said, "quiet_hours", "Write such as 21:00-08:00.", _pointer(group, "quiet_hours"))
            return None
        return text

    def stale(self, policy: Mapping[str, Any], group: str = "policy.") -> str | None:
        word = self.text(policy, "stale_events", group)
        if word not in (None, "warn", "refuse"):
            said = f"has {word[:40]!r} for `stale_events`"
            self.say("about.value", said, "stale_events", "Write refuse or warn.", _pointer(group, "stale_events"))
            return None
        return word

    def shape(self, policy: Mapping[str, Any]) -> str | None:
        word = self.text(policy, "shape", "policy.")
        if word is not None and word not in shapes.names():
            known = " or ".join(shapes.names())
            said = f"has the shape {word[:40]!r}"
            self.say("about.value", said, "shape", f"Write {known}, or leave it out.", "/policy/shape")
            return None
        return word

    def missing(self, table: Mapping[str, Any]) -> dict[str, str]:
        found = {}
        for path, text in self.table(table, "missing").items():
            if isinstance(text, str):
                found[path] = text
            else:
                hint = f'Write "{path}" = "...", the path as the template writes it, in quotes.'
                self.say("about.kind", f"has something other than text for [missing] `{path}`", path, hint, "/missing")
        return found

    def text(self, table: Mapping[str, Any], key: str, group: str = "") -> str | None:
        value = table.get(key)
        if value is None or isinstance(value, str):
            return value
        self.say("about.kind", f"has something other than text for `{group}{key}`", key, f'Write {key} = "...".')
        return None

    def table(self, table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = table.get(key, {})
        if isinstance(value, dict):
            return value
        self.say("about.kind", f"has something other than a table for `{key}`", key, f"Write [{key}] on a line of its own.")
        return {}

    def known(self, table: Mapping[str, Any], keys: Iterable[str], group: str) -> None:
        for key in table:
            if key not in keys:
                close = nearest(key, keys)
                hint = f"Did you mean `{close}`?" if close else f"Known are {', '.join(keys)}."
                self.say("about.unknown_key", f"has the unknown key `{group}{key[:80]}`", key, hint)

    def say(self, code: str, said: str, key: str, hint: str, pointer: str | None = None) -> None:
        line = self.line_of(key)
        where = f" (line {line})" if line else ""
        self.problems.append(Problem(code, f"{self.file} {said}{where}.", pointer, hint, line, None, self.file))

    def line_of(self, key: str) -> int | None:
        pattern = re.compile(rf"""\s*(?:\[\s*)?["']?{re.escape(key)}["']?\s*[=\].]""")
        return next((number for number, line in enumerate(self.lines, 1) if pattern.match(line)), None)
