"""Makes a document ready for its schema: empty optional fields go, defaults come, whole numbers lose their `.0`, doubtful
values are noted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from service.errors import Problem
from service.strictjson import step

_ANY = object()  # stands for whatever value a field has


@dataclass(frozen=True, slots=True)
class Notes:
    """What tidying noted: doubtful values, and of each list from which items went the places of those that are left."""

    warnings: list[Problem] = field(default_factory=list)
    left: dict[str, list[int]] = field(default_factory=dict)

    def placed(self, problem: Problem) -> Problem:
        """A problem of the tidy document, with its pointer in the document that came."""
        for at, places in self.left.items():
            if problem.pointer is not None and problem.pointer.startswith(f"{at}/"):
                place, slash, rest = problem.pointer[len(at) + 1 :].partition("/")
                return replace(problem, pointer=f"{at}/{places[int(place)]}{slash}{rest}")
        return problem


@dataclass(frozen=True, slots=True)
class Shape:
    """What has to be done to the values under one schema, worked out once.

    `optional` are the names that go when they are empty; a required one stays and becomes a problem. `any_name` says that
    names which the schema does not declare go too, because it has a rule for their values; where it has none, as for the
    properties of an event, they are none of its business. `whole` are the fields that take whole numbers: to JSON Schema
    2.0 is one, as arithmetic in a template makes it, and vendors need not agree. `warn` has field, doubtful value (or
    any) and what to say of it. `objects` are optional fields that hold an object of declared names: it goes when nothing is
    written in any of them. `drop_without` is the field of the items of a list without which an item goes.
    """

    optional: frozenset[str] = frozenset()
    declared: frozenset[str] = frozenset()
    any_name: bool = False
    defaults: tuple[tuple[str, Any], ...] = ()
    whole: tuple[str, ...] = ()
    warn: tuple[tuple[str, Any, Mapping[str, str]], ...] = ()
    children: tuple[tuple[str, Shape], ...] = ()
    objects: tuple[str, ...] = ()
    items: Shape | None = None
    drop_without: str | None = None

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> Shape:
        """The shape of a schema whose references are written out."""
        declared: Mapping[str, Any] = schema.get("properties", {})
        required = schema.get("required", ())
        children = [(name, cls.of(each)) for name, each in declared.items()]
        return cls(
            optional=frozenset(name for name, each in declared.items() if name not in required or "default" in each),
            declared=frozenset(declared),
            any_name=isinstance(schema.get("additionalProperties"), dict),
            defaults=tuple((name, each["default"]) for name, each in declared.items() if "default" in each),
            whole=tuple(name for name, each in declared.items() if each.get("type") == "integer"),
            warn=tuple(
                (name, rule.get("value", _ANY), rule) for name, each in declared.items() for rule in each.get("x-warn", ())
            ),
            children=tuple((name, shape) for name, shape in children if shape.does_something),
            objects=tuple(
                name
                for name, each in declared.items()
                if name not in required and each.get("type") == "object" and each.get("additionalProperties") is False
            ),
            items=cls.of(schema["items"]) if isinstance(schema.get("items"), dict) else None,
            drop_without=schema.get("x-drop-without"),
        )

    def tidy(self, value: Any, notes: Notes, pointer: str = "") -> Any:
        """`value` ready to be validated; what it shares with the original is not changed."""
        if isinstance(value, dict):
            return self._object(value, notes, pointer)
        if isinstance(value, list) and self.items is not None and self.does_something:
            kept = [(at, each) for at, each in enumerate(value) if not self._goes(each)]
            if len(kept) < len(value):
                notes.left[pointer] = [at for at, _ in kept]
            return [self.items.tidy(each, notes, step(pointer, at)) for at, each in kept]
        return value

    def _goes(self, item: Any) -> bool:
        name = self.drop_without
        return name is not None and isinstance(item, dict) and name in item and _empty(item[name])

    def _object(self, given: dict[str, Any], notes: Notes, pointer: str) -> dict[str, Any]:
        made = {name: each for name, each in given.items() if not (_empty(each) and self._may_go(name))}
        for name in self.objects:
            if isinstance(value := made.get(name), dict) and value and all(_empty(each) for each in value.values()):
                del made[name]
        for name, shape in self.children:
            if name in made:
                made[name] = shape.tidy(made[name], notes, step(pointer, name))
                if made[name] in ({}, []) and given[name] not in ({}, []) and self._may_go(name):
                    del made[name]  # nothing is left of it
        for name, default in self.defaults:
            made.setdefault(name, default)
        for name in self.whole:
            value = made.get(name)
            if isinstance(value, float) and value.is_integer():
                made[name] = int(value)
        for name, doubtful, rule in self.warn:
            if made.get(name) is doubtful or (doubtful is _ANY and name in made):
                notes.warnings.append(Problem(rule["code"], rule["detail"], step(pointer, name), rule.get("hint")))
        return made

    def _may_go(self, name: str) -> bool:
        return name in self.optional or (self.any_name and name not in self.declared)

    @property
    def does_something(self) -> bool:
        """Whether tidying can change or note anything."""
        items = self.items is not None and self.items.does_something
        own = self.optional or self.any_name or self.defaults or self.whole or self.warn or self.objects or self.children
        return bool(own or items or self.drop_without)


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value)
