"""Actions are data: loads `schemas/`, makes a payload ready, says whether it is valid and, in words, why it is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from service.actions._load import Facts, read_folder
from service.actions._tidy import Notes, Shape
from service.actions._verdict import Verdict
from service.errors import NotFound, Problem
from service.model import Guarantee
from service.registry import nearest
from service.strictjson import step

__all__ = ["Action", "Actions", "Checked"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a document came to. `payload` is what may be sent, and None as soon as there is one problem."""

    payload: Any
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One API call that a destination offers, as its file in `schemas/` describes it.

    `schema` is JSON Schema 2020-12 with every `$ref` written out. A `path` may name fields in braces, which are sent there
    and not in the body (`/v1/webhooks/{webhookId}`). `per_second` is the vendor's documented limit of the `rate_class`.
    `success` are the status codes that mean accepted. `sms` holds pointers to `body`, `media` and `type` where the action
    sends a text, and `sms_each` the same for every item of a payload that is a list of texts. `happened` says at which
    pointer stands when an event happened, and for how many seconds it has its effect (`within_s`). `scope` is the permission
    that the vendor's key needs. `answers` says by status code what to do about an answer that means something special for
    this call. `names` are pointers to names that the vendor lists from then on: of an `event`, and with `/*` of every
    `property` or `attribute` of an object.
    """

    name: str
    destination: str
    title: str
    description: str
    schema: Mapping[str, Any] = field(repr=False)
    examples: tuple[Any, ...] = field(repr=False)
    method: str
    path: str
    scope: str | None
    rate_class: str
    per_second: float
    success: frozenset[int]
    sms: Mapping[str, str] | None
    sms_each: Mapping[str, str] | None
    happened: Mapping[str, Any] | None
    answers: Mapping[int, str]
    names: Mapping[str, str]
    _guarantee: Guarantee | Mapping[str, Guarantee] = field(repr=False)
    _recipient: tuple[str, ...] = field(repr=False)
    _shape: Shape = field(repr=False)
    _verdict: Verdict = field(repr=False)

    def check(self, document: Any) -> Checked:
        """Drops empty optional fields, fills defaults and validates `document` (JSON data as `strictjson` reads them).

        Every problem is told at once, each with the pointer of the field. `document` itself is left as it is.
        """
        notes = Notes()
        payload = self._shape.tidy(document, notes)
        if self._verdict.valid(payload):
            return Checked(payload, warnings=tuple(notes.warnings))
        problems = self._verdict.explain(payload, document)
        return Checked(None, tuple(notes.placed(each) for each in problems), tuple(notes.warnings))

    def guarantee(self, payload: Any) -> Guarantee:
        """What happens to `payload` when it cannot be known whether it arrived. What the file does not name is sent once."""
        if isinstance(self._guarantee, Guarantee):
            return self._guarantee
        kind = _at(payload, self.sms["type"]) if self.sms and "type" in self.sms else None
        return self._guarantee.get(kind, Guarantee.AT_MOST_ONCE) if isinstance(kind, str) else Guarantee.AT_MOST_ONCE

    def fresh_for_s(self, payload: Any, now: datetime) -> float | None:
        """For how many seconds from `now` a valid `payload` has its effect, negative if for none; None: for ever."""
        moment = _at(payload, self.happened["at"]) if self.happened else None
        if not isinstance(moment, str) or self.happened is None:
            return None
        age = now - datetime.fromisoformat(moment.upper())
        return float(self.happened["within_s"]) - age.total_seconds()

    def advice(self, status: int | None) -> str | None:
        """What to do about an answer with this status, where it means something special for this call."""
        return None if status is None else self.answers.get(status)

    def names_in(self, payload: Any) -> Iterator[tuple[str, str, str, Any]]:
        """The names in a payload that the vendor lists from then on: kind, pointer, name, and the value under it."""
        for kind, pointer in self.names.items():
            found = _at(payload, pointer.removesuffix("/*"))
            if isinstance(found, str):
                yield kind, pointer, found, None
            elif isinstance(found, dict):
                for name, value in found.items():
                    yield kind, step(pointer.removesuffix("/*"), name), name, value

    @property
    def fields(self) -> Mapping[str, Any]:
        """The schemas of the fields of a payload; of its items where it is a list."""
        fields: Mapping[str, Any] = self.schema.get("items", self.schema).get("properties", {})
        return fields

    def recipient(self, payload: Any) -> str | None:
        """Whom `payload` is for: the phone number, else the address or id that the file names next; None for nobody."""
        for pointer in self._recipient:
            if (found := _at(payload, pointer)) is not None:
                return str(found)
        return None


class Actions(Mapping[str, Action]):
    """Every action, by name such as `attentive.messages.send`."""

    def __init__(self, actions: Mapping[str, Action]) -> None:
        self._actions = dict(actions)

    @classmethod
    def load(cls, folder: Path) -> Actions:
        """The actions of `folder/<destination>/<action>.json`; names that begin with an underscore are shared plumbing.

        Raises `Misconfigured` naming the file and the reason for a file that cannot be used.
        """
        return cls({facts.name: _action(facts) for facts in read_folder(folder)})

    def get_or_raise(self, name: str) -> Action:
        """The action `name`. Raises `NotFound`, whose hint is the nearest name that exists."""
        if name in self._actions:
            return self._actions[name]
        near = nearest(name, self._actions)
        hint = f"Did you mean `{near}`?" if near else f"There are: {', '.join(self._actions)}."
        raise NotFound(f"There is no action `{name[:80]}`.", hint=hint)

    def __getitem__(self, name: str) -> Action:
        return self._actions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._actions)

    def __len__(self) -> int:
        return len(self._actions)


def _action(facts: Facts) -> Action:
    call, schema = facts.call, facts.schema
    guarantee, recipient = call["guarantee"], call["recipient"]
    return Action(
        name=facts.name,
        destination=facts.destination,
        title=schema["title"],
        description=schema["description"],
        schema=schema,
        examples=tuple(schema["examples"]),
        method=call["method"],
        path=call["path"],
        scope=call["scope"],
        rate_class=call["rate"]["class"],
        per_second=float(call["rate"]["per_second"]),
        success=frozenset(call["success"]),
        sms=call.get("sms"),
        sms_each=call.get("sms_each"),
        happened=call.get("happened"),
        names=call.get("names", {}),
        answers={int(status): words for status, words in call.get("answers", {}).items()},
        _guarantee=Guarantee(guarantee)
        if isinstance(guarantee, str)
        else {kind: Guarantee(word) for kind, word in guarantee.items()},
        _recipient=(recipient,) if isinstance(recipient, str) else tuple(recipient or ()),
        _shape=Shape.of(schema),
        _verdict=Verdict(schema),
    )


def _at(payload: Any, pointer: str) -> Any:
    """What stands at a pointer of plain names, None where nothing does."""
    for name in pointer.split("/")[1:]:
        payload = payload.get(name) if isinstance(payload, dict) else None
    return payload
