"""Makes a document ready for its schema: empty optional fields go, defaults come, doubtful values are noted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.errors import Problem
from service.strictjson import step


@dataclass(frozen=True, slots=True)
class Shape:
    """What has to be done to the values under one schema, worked out once.

    `droppable` are declared names that may be left out; `warn` has field, doubtful value and
    what to say of it. Names that the
    schema does not declare, such as an event's own properties, are left alone.
    """

    droppable: frozenset[str] = frozenset()
    defaults: tuple[tuple[str, Any], ...] = ()
    warn: tuple[tuple[str, Any, Mapping[str, str]], ...] = ()
    children: tuple[tuple[str, Shape], ...] = ()
    items: Shape | None = None

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> Shape:
        """The shape of a schema whose references are written out."""
        declared: Mapping[str, Any] = schema.get("properties", {})
        required = schema.get("required", ())
        children = [(name, cls.of(each)) for name, each in declared.items()]
        return cls(
            droppable=frozenset(name for name, each in declared.items() if name not in required or "default" in each),
            defaults=tuple((name, each["default"]) for name, each in declared.items() if "default" in each),
            warn=tuple((name, rule["value"], rule) for name, each in declared.items() for rule in each.get("x-warn", ())),
            children=tuple((name, shape) for name, shape in children if shape != _NOTHING),
            items=cls.of(schema["items"]) if isinstance(schema.get("items"), dict) else None,
        )

    def tidy(self, value: Any, warnings: list[Problem], pointer: str = "") -> Any:
        """`value` ready to be validated; what it shares with the original is not changed."""
        if isinstance(value, dict):
            return self._object(value, warnings, pointer)
        if isinstance(value, list) and self.items is not None:
            return [self.items.tidy(each, warnings, step(pointer, at)) for at, each in enumerate(value)]
        return value

    def _object(self, given: dict[str, Any], warnings: list[Problem], pointer: str) -> dict[str, Any]:
        droppable = self.droppable
        made = {name: each for name, each in given.items() if not ((each is None or each == "") and name in droppable)}
        for name, shape in self.children:
            if name in made:
                made[name] = shape.tidy(made[name], warnings, step(pointer, name))
                if made[name] == {} and given[name] != {} and name in droppable:
                    del made[name]  # nothing is left of it
        for name, default in self.defaults:
            made.setdefault(name, default)
        for name, doubtful, rule in self.warn:
            if made.get(name) is doubtful:
                warnings.append(Problem(rule["code"], rule["detail"], step(pointer, name), rule.get("hint")))
        return made


_NOTHING = Shape()
