"""Which HTTP status each error has, and how it is told (RFC 9457). No other package decides statuses of our answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from service import errors
from service.api._door import PROBLEM, Answer, Headers
from service.errors import BurgeeError, Problem
from service.strictjson import write


class MethodNotAllowed(BurgeeError):
    """A path that exists, called with a method that it does not have."""


class Unsupported(BurgeeError):
    """A body in a coding or of a type that we do not read."""


class Stale(BurgeeError):
    """`If-Match` names a state that is no longer the present one."""


class PreconditionNeeded(BurgeeError):
    """A change that would overwrite what others did, without an `If-Match` that says what was seen."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one class of errors is answered."""

    status: int
    word: str
    title: str
    headers: Headers = ()


_RETRY = (("Retry-After", str(errors.Unavailable.retry_after_s)),)

KINDS: dict[type[BurgeeError], Kind] = {
    errors.NotReadable: Kind(400, "not-readable", "The request cannot be read"),
    errors.Unauthorized: Kind(401, "unauthorized", "A key is needed", (("WWW-Authenticate", 'Bearer realm="burgee"'),)),
    errors.Forbidden: Kind(403, "forbidden", "The key may not do this"),
    errors.NotSigned: Kind(403, "not-signed", "The signature is not right"),
    errors.NotFound: Kind(404, "not-found", "There is no such thing"),
    MethodNotAllowed: Kind(405, "method-not-allowed", "Not with this method"),
    errors.Conflict: Kind(409, "conflict", "Not as things stand"),
    Stale: Kind(412, "stale", "It has changed meanwhile"),
    errors.TooLarge: Kind(413, "too-large", "The body is too large"),
    Unsupported: Kind(415, "unsupported", "Not in this form"),
    errors.PayloadInvalid: Kind(422, "payload-invalid", "The payload is not valid"),
    errors.TemplateInvalid: Kind(422, "template-invalid", "The template does not compile"),
    errors.IdempotencyMismatch: Kind(422, "idempotency-mismatch", "The idempotency key was used for another body"),
    PreconditionNeeded: Kind(428, "precondition-needed", "Say what you have seen"),
    errors.Unavailable: Kind(503, "unavailable", "Nothing can be kept right now", _RETRY),
    errors.Misconfigured: Kind(503, "misconfigured", "An engineer has to mend a setting first", _RETRY),
}
DEFECT = Kind(500, "defect", "A defect in Burgee")

TITLES: dict[int, str] = {500: DEFECT.title}
for _kind in KINDS.values():
    TITLES.setdefault(_kind.status, _kind.title)
TITLES[403] = "Not allowed"
TITLES[422] = "The content is not valid"
TITLES[503] = "Not able to right now"


def kind_of(error: BurgeeError) -> Kind:
    """How this error is answered: as its nearest named class."""
    for each in type(error).__mro__:
        if each in KINDS:
            return KINDS[each]
    return DEFECT


def problem_answer(
    error: BurgeeError, path: str, *, headers: Headers = (), problems: Iterable[Problem] | None = None, **more: Any
) -> Answer:
    """The error as `application/problem+json`. `more` are further members, such as the id of a delivery that was kept."""
    kind = kind_of(error)
    said = error.problems if problems is None else tuple(problems)
    return _answer(kind, error.detail, path, said, error.hint, (*kind.headers, *headers), more)


def defect_answer(path: str, request_id: str) -> Answer:
    """What a caller sees of an exception that nobody expected: nothing of its inside."""
    detail = "This call met a defect; it was logged. Nothing is known of whether it had an effect."
    return _answer(DEFECT, detail, path, (), f"Report it with the request id {request_id}.", (), {})


def _answer(
    kind: Kind, detail: str, path: str, problems: Iterable[Problem], hint: str | None, headers: Headers, more: Any
) -> Answer:
    body = {
        "type": f"/docs#{kind.word}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": path,
        "hint": hint,
        "problems": [each.as_dict() for each in problems],
        **more,
    }
    return Answer(kind.status, write(body), headers, PROBLEM)
