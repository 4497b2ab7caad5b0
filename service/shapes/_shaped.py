"""What a shape makes of a context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.errors import Problem


@dataclass(frozen=True, slots=True)
class Shaped:
    """`context` is what the template sees; `problems` name the fields that could not be read, which stay as they came.

    `email` is the mail address of the person whose phone number is `phone`, where the profile names both: the evidence that
    an opt-out by mail address is this person's.
    """

    context: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()
    phone: str | None = None
    email: str | None = None
