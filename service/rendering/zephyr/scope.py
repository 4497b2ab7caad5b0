"""What one render of a Zephyr template knows: its variables, the moment, and what comes from outside."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from service.errors import Problem
from service.rendering.limits import Run, Stop
from service.rendering.services import NO_SERVICES, Services
from service.rendering.zephyr.values import describe, index, text

STANDARD = (
    *("beacon", "beacon_src", "beacon_ssl", "beacon_src_ssl", "beacon_url", "email", "emailnum", "optout_confirm_url"),
    *("signup_confirm_url", "profile", "public_url", "view_url", "text_url", "name", "source", "text_only"),
)
MAX_FRAMES = 160  # levels of expressions that lambdas may have open at once


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that a template asked to happen outside. It is recorded and never carried out."""

    function: str
    arguments: tuple[Any, ...] = field(default=())


class Scope(dict[str, Any]):
    """The one namespace of a message: name -> value. What a template assigns goes in here and nowhere else.

    A name means, in this order: what the template assigned, a posted field, a standard variable, a variable of the profile.
    """

    __slots__ = ("_interest", "_random", "chosen", "effects", "frames", "interests", "missing", "run", "services")

    def __init__(self, run: Run, *, own: bool = False) -> None:
        context = run.context
        if own:  # the template changes lists or objects, and the context is not ours to change
            context = _copied(dict(context))
        profile = context.get("profile")
        if type(profile) is dict:
            variables = profile.get("vars")
            if type(variables) is dict:
                self.update(variables)
            email = profile.get("email")
            if email is not None:
                self["email"] = email
        self.update(context)
        self.run = run
        self.missing = run.missing
        self.services: Services = run.services or NO_SERVICES
        self.effects: list[Effect] = []
        self.interests: dict[str, float] = {}
        self.chosen: dict[int, int] = {}  # which case each switch and select has chosen
        self.frames = 0
        self._random: random.Random | None = None
        self._interest: Callable[[str], float] | None = None

    @property
    def random(self) -> random.Random:
        """Chance, the same for the same seed, so that a replay gives the same bytes."""
        if self._random is None:
            self._random = random.Random(self.run.seed)  # noqa: S311  it chooses products, not secrets
        return self._random

    @property
    def interest(self) -> Callable[[str], float] | None:
        """How much this person likes a tag, asked for once; None where nobody knows."""
        if self._interest is None and self.services.interest is not None:
            self._interest = self.services.interest(self.run.context)
        return self._interest

    def warn(self, code: str, detail: str, hint: str | None = None, place: int | None = None) -> None:
        self.run.warn(Problem(f"zephyr.{code}", detail, None, hint), place)

    def warn_of_hole(self, path: str, place: int | None = None) -> None:
        """Says that a path is missing where it should have given text."""
        hint = f"Write a text for when it is missing: {path} ?: 'text'."
        self.warn("empty", f"`{path}` is missing or null here, and prints nothing.", hint, place)

    def effect(self, function: str, *arguments: Any) -> None:
        """Records something that Sailthru would do."""
        self.effects.append(Effect(function, arguments))
        self.warn("effect", f"{function}() is not carried out here; Sailthru would do it.", "Do it in a step of the flow.")

    def enter(self, frames: int) -> None:
        """Begins a call of a lambda whose body is `frames` levels high. `leave` gives it back."""
        self.run.enter()
        self.frames += frames
        if self.frames > MAX_FRAMES:
            raise Stop("render.depth", "Lambdas call each other too deep.", "Look for one that calls itself without end.")

    def leave(self, frames: int) -> None:
        self.run.leave()
        self.frames -= frames

    def assign(self, path: str, value: Any) -> None:
        """Gives a value to a variable named as text, such as `total` or `profile.vars.total`."""
        *before, last = path.split(".")
        holder: Any = self
        for name in before:
            inner = holder.get(name) if isinstance(holder, dict) else None
            if inner is None and isinstance(holder, dict):
                inner = holder[name] = {}
            holder = inner
        if isinstance(holder, dict):
            holder[last] = value


def _copied(value: Any) -> Any:
    if type(value) is dict:
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if type(value) is list else value


def put(holder: Any, key: Any, value: Any) -> None:
    """`holder[key] = value` for objects and lists; a list grows by one at its end."""
    if type(holder) is dict:
        holder[key if type(key) is str else text(key)] = value
    elif type(holder) is list and 0 <= (at := index(key)) < len(holder):
        holder[at] = value
    elif type(holder) is list and index(key) == len(holder):
        holder.append(value)
    else:
        raise Stop(
            "zephyr.assign",
            f"A field of {describe(holder)} can not be given a value.",
            "Give the whole variable a value first: {item = {'key': 1}}.",
        )
