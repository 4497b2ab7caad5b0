"""Reads bodies: counted while they come in, then as strict JSON, or as a form with bracket nesting into the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from service import strictjson
from service.api._door import FORM
from service.api._errors import Unsupported
from service.errors import NotReadable, Problem, TooLarge

MAX_FIELDS = 2_000
MAX_FORM_DEPTH = 32
_CHUNK = 65_536
_MOST_DISCARDED = 16 << 20  # bytes

Environ = Mapping[str, Any]


def read_bytes(environ: Environ, limit: int) -> bytes:
    """The body of a WSGI request, at most `limit` bytes of it.

    Raises `TooLarge` as soon as there is one byte more, `NotReadable` for a body that ends before its `Content-Length`, and
    `Unsupported` for a coded (compressed) one.
    """
    coding = environ.get("HTTP_CONTENT_ENCODING")
    if coding and coding.lower() != "identity":
        raise Unsupported(f"The body is coded as {coding[:40]!r}, which is not read here.", hint="Send it as it is.")
    stream = environ["wsgi.input"]
    declared = environ.get("CONTENT_LENGTH")
    if declared:
        length = int(declared) if declared.isascii() and declared.isdigit() else -1
        if length < 0:
            raise NotReadable("The Content-Length is no number.")
        if length > limit:
            raise _too_large(limit)
        body = _read(stream, length)
        if len(body) < length:
            raise NotReadable(f"The body ended after {len(body)} of {length} bytes.", hint="Send it again.")
        return body
    if not environ.get("wsgi.input_terminated"):
        return b""
    chunks, size = [], 0
    while chunk := _read(stream, min(_CHUNK, limit + 1 - size)):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
    return b"".join(chunks)


def discard(environ: Environ) -> None:
    """Read on over what is left of a body that nobody wants, up to 16 MiB. A server that finds more than a little unread
    closes the connection: the sender may then miss the answer, or send its next call into a line that is dead."""
    left = _MOST_DISCARDED if environ.get("wsgi.input_terminated") else 0
    with suppress(OSError):  # the sender is gone
        while left > 0 and (chunk := environ["wsgi.input"].read(_CHUNK)):
            left -= len(chunk)


def _read(stream: Any, size: int) -> bytes:
    try:
        return bytes(stream.read(size))
    except OSError:  # a chunk that is none, or a sender that is gone
        raise NotReadable("The body broke off.", hint="Send it again.") from None


def read_context(body: bytes, content_type: str | None) -> dict[str, Any]:
    """The object that a flow sent: JSON whatever the content type says, unless it says form and the body looks like one.

    Raises `NotReadable`, and `Unsupported` for multipart forms.
    """
    kind = content_type.partition(";")[0].strip().lower() if content_type else ""
    if kind == FORM and body.lstrip()[:1] not in (b"{", b"["):  # what curl calls a form is mostly JSON
        return read_form(body)
    if kind.startswith("multipart/"):
        raise Unsupported(
            "A multipart body is not read here.", hint="Send JSON, or a form with application/x-www-form-urlencoded."
        )
    return strictjson.read_object(body)


def read_form(body: bytes) -> dict[str, Any]:
    """A form such as `profile[vars][name]=Ada&tags[]=a&tags[]=b` as nested data. All values are text.

    `name[]` appends to a list, and `name[0]`, `name[1]`, ... is a list where the numbers run from 0 without a hole; other
    numbers are names like any other. Raises `NotReadable` for what has two meanings, is too deep, too much or not UTF-8.
    """
    if body.count(b"&") >= MAX_FIELDS:
        raise _unreadable("form.too_many_fields", f"The form has more than {MAX_FIELDS} fields.", "Send JSON.")
    try:
        pairs = parse_qsl(body.decode().strip("\ufeff\r\n\t "), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise _unreadable("form.not_utf8", "The form is not UTF-8.", "Send UTF-8, percent-encoded.") from None
    if not pairs:
        raise _unreadable("form.empty", "The form holds no field.", "Send fields such as profile[vars][name]=Ada.")
    root: dict[str, Any] = {}
    for name, value in pairs:
        _put(root, _steps(name), value, name)
    return {name: _lists(value) for name, value in root.items()}


def _steps(name: str) -> list[str]:
    """`a[b][]` as `["a", "b", ""]`."""
    first, bracket, rest = name.partition("[")
    if not bracket:
        return [name]
    if not first or not rest.endswith("]"):
        raise _form_problem(name, "form.brackets", "has brackets that do not match", "Write a[b][c].")
    steps = [first, *rest[:-1].split("][")]
    if len(steps) > MAX_FORM_DEPTH:
        raise _form_problem(name, "form.too_deep", f"is nested more than {MAX_FORM_DEPTH} levels deep", "Send flatter data.")
    if any("[" in each or "]" in each for each in steps):
        raise _form_problem(name, "form.brackets", "has brackets that do not match", "Write a[b][c].")
    return steps


def _put(node: dict[str, Any], steps: list[str], value: str, name: str) -> None:
    for at, each in enumerate(steps):
        if each == "" and at:  # `[]`: the next free number
            if node and str(len(node) - 1) not in node:
                raise _form_problem(name, "form.conflict", "mixes [] with names", "Use one of the two.")
            each = str(len(node))
        if at == len(steps) - 1:
            if each in node:
                raise _form_problem(name, "form.duplicate", "is there twice", "Write name[]= for each value of a list.")
            node[each] = value
            return
        inner = node.setdefault(each, {})
        if not isinstance(inner, dict):
            raise _form_problem(name, "form.conflict", "is both a value and a group of values", "Rename one of them.")
        node = inner


def _lists(value: Any) -> Any:
    """Groups whose names are 0, 1, 2, ... become lists: a list is as long as what was sent, whatever the numbers say."""
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(each) for name, each in value.items()}
    if all(str(at) in inner for at in range(len(inner))):
        return [inner[str(at)] for at in range(len(inner))]
    return inner


def _form_problem(name: str, code: str, said: str, hint: str) -> NotReadable:
    return _unreadable(code, f"The form's field {name[:60]!r} {said}.", hint)


def _unreadable(code: str, detail: str, hint: str) -> NotReadable:
    return NotReadable(detail, [Problem(code, detail, None, hint)])


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body has more than {limit} bytes.", hint="Send only what the template needs.")
