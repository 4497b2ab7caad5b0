"""Reads the files of `schemas/` and refuses what cannot be used, naming file and reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import jsonschema_rs

from service import strictjson
from service.actions._verdict import Verdict
from service.actions._words import EXPLAINERS
from service.errors import Misconfigured, NotReadable
from service.model import Guarantee

_POINTER = {"type": "string", "pattern": "^(/[A-Za-z0-9_]+)+$"}
_TEXT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["body"],
    "properties": {"body": _POINTER, "media": _POINTER, "type": _POINTER},
}
_GUARANTEE = {"enum": [each.value for each in Guarantee]}
_SAYS = {
    "type": "object",
    "required": ["detail", "hint"],
    "properties": {"detail": {"type": "string"}, "hint": {"type": "string"}},
    "additionalProperties": False,
}

_CALL: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["method", "path", "scope", "rate", "guarantee", "recipient", "success"],
    "properties": {
        "method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]},
        "path": {"type": "string", "pattern": "^/[!-~]+$"},
        "scope": {"type": ["string", "null"]},
        "rate": {
            "type": "object",
            "additionalProperties": False,
            "required": ["class", "per_second"],
            "properties": {
                "class": {"type": "string", "minLength": 1},
                "per_second": {"type": "number", "exclusiveMinimum": 0},
            },
        },
        "guarantee": {"anyOf": [_GUARANTEE, {"type": "object", "minProperties": 1, "additionalProperties": _GUARANTEE}]},
        "recipient": {"anyOf": [_POINTER, {"type": "array", "items": _POINTER}, {"type": "null"}]},
        "success": {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 200, "maximum": 299}},
        "answers": {
            "type": "object",
            "propertyNames": {"pattern": "^[45][0-9][0-9]$"},
            "additionalProperties": {"type": "string", "minLength": 1},
        },
        "happened": {
            "type": "object",
            "additionalProperties": False,
            "required": ["at", "within_s"],
            "properties": {"at": _POINTER, "within_s": {"type": "number", "exclusiveMinimum": 0}},
        },
        "names": {
            "type": "object",
            "propertyNames": {"enum": ["event", "property", "attribute"]},
            "additionalProperties": {"type": "string", "pattern": r"^(/[A-Za-z0-9_]+)+(/\*)?$"},
        },
        "sms": _TEXT,
        "sms_each": _TEXT,
    },
}
"""What `x-action` holds."""

_FILE: dict[str, Any] = {
    "type": "object",
    "required": ["title", "description", "examples", "x-action"],
    "properties": {
        "title": {"type": "string", "minLength": 1},
        "description": {"type": "string", "minLength": 1},
        "examples": {"type": "array", "minItems": 1},
        "x-action": _CALL,
    },
}

_OWN_WORDS: dict[str, dict[str, Any]] = {
    "x-explain": {"type": "object", "additionalProperties": {"enum": sorted(EXPLAINERS)}},
    "x-says": _SAYS,
    "x-refused": {"type": "object", "additionalProperties": {"type": "string"}},
    "x-drop-without": {"type": "string"},
    "x-warn": {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["code", "detail"],
            "properties": {
                "value": {"type": ["boolean", "null"]},
                "code": {"type": "string"},
                "detail": {"type": "string"},
                "hint": {"type": "string"},
            },
        },
    },
    "default": {"type": ["boolean", "integer", "number", "string"]},
}
"""What our own keywords hold, wherever they stand. Defaults are plain values, so that payloads never share one."""

_FILE_RULES = jsonschema_rs.Draft202012Validator(_FILE)
_OWN_RULES = {word: jsonschema_rs.Draft202012Validator(rule) for word, rule in _OWN_WORDS.items()}
_NOT_INHERITED = ("$schema", "$id", "x-action", "examples")


@dataclass(frozen=True, slots=True)
class Facts:
    """One file, read and found usable: `schema` without references, `call` its `x-action`."""

    name: str
    destination: str
    schema: dict[str, Any]
    call: dict[str, Any]


def read_folder(folder: Path) -> Iterator[Facts]:
    """Every action's file under `folder`, by name."""
    files = [path for path in folder.glob("*/*.json") if not path.name.startswith("_")]
    if not files:
        raise Misconfigured(f"{folder} holds no actions.", hint="One file for each: <destination>/<action>.json.")
    for path in sorted(files, key=lambda each: (each.parent.name, each.stem)):
        yield _File(path).facts()


class _File:
    """One file on its way to `Facts`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: dict[str, Any] = {}

    def facts(self) -> Facts:
        schema = self._json(self.path.name)
        if found := next(iter(_FILE_RULES.iter_errors(schema)), None):
            self._fail(_where(found.instance_path), found.message)
        schema = self._written_out(schema, self.path.name)
        self._check_own_words(schema, "")
        self._check_schema(schema)
        call = schema["x-action"]
        self._check_pointers(schema, call)
        destination = self.path.parent.name
        return Facts(f"{destination}.{self.path.stem}", destination, schema, call)

    def _json(self, name: str) -> Any:
        if name not in self._read:
            try:
                self._read[name] = strictjson.read_object((self.path.parent / name).read_bytes(), what="file")
            except (OSError, NotReadable) as error:
                self._fail(name if name != self.path.name else "", str(error))
        return self._read[name]

    def _written_out(self, node: Any, file: str, chain: tuple[str, ...] = ()) -> Any:
        """`node` of `file` with every `$ref` replaced by what it points to; what stands beside the `$ref` wins."""
        if isinstance(node, list):
            return [self._written_out(each, file, chain) for each in node]
        if not isinstance(node, dict):
            return node
        made = {name: self._written_out(each, file, chain) for name, each in node.items() if name != "$ref"}
        if not isinstance(node.get("$ref"), str):
            return made
        name, _, pointer = node["$ref"].partition("#")
        name = name or file
        reference = f"{name}#{pointer}"
        if reference in chain:
            self._fail("$ref", f"{reference} points back to itself")
        target = self._written_out(self._target(name, pointer), name, (*chain, reference))
        return {name: each for name, each in target.items() if name not in _NOT_INHERITED} | made

    def _target(self, name: str, pointer: str) -> Any:
        if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", name):
            self._fail("$ref", f"{name} leaves the folder")
        found = self._json(name)
        for key in pointer.split("/")[1:]:
            found = found.get(key) if isinstance(found, dict) else None
        if not isinstance(found, dict):
            self._fail("$ref", f"{name}#{pointer} points to nothing")
        return found

    def _check_own_words(self, node: Any, where: str) -> None:
        if isinstance(node, list):
            for at, each in enumerate(node):
                self._check_own_words(each, f"{where}/{at}")
        elif isinstance(node, dict):
            for name, each in node.items():
                rule = _OWN_RULES.get(name)
                if rule and not where.endswith("/properties") and (found := next(iter(rule.iter_errors(each)), None)):
                    self._fail(f"{where}/{name}{_where(found.instance_path)}", found.message)
                if name not in ("examples", "x-action"):
                    self._check_own_words(each, f"{where}/{name}")

    def _check_schema(self, schema: dict[str, Any]) -> None:
        try:
            jsonschema_rs.meta.validate(schema)
            Verdict(schema)
        except (jsonschema_rs.ValidationError, ValueError) as error:
            path = _where(error.instance_path) if isinstance(error, jsonschema_rs.ValidationError) else ""
            self._fail(path, getattr(error, "message", str(error)))

    def _check_pointers(self, schema: Mapping[str, Any], call: Mapping[str, Any]) -> None:
        recipient = call["recipient"]
        named = [recipient] if isinstance(recipient, str) else list(recipient or ())
        happened = [call["happened"]["at"]] if "happened" in call else []
        lists = [pointer.removesuffix("/*") for pointer in call.get("names", {}).values()]
        self._check_fields(schema, [*named, *happened, *lists, *call.get("sms", {}).values()])
        self._check_fields(schema.get("items", {}), call.get("sms_each", {}).values())
        for name in re.findall(r"{(\w+)}", call["path"]):
            if schema.get("properties", {}).get(name, {}).get("type") != "string" or name not in schema.get("required", ()):
                self._fail("/x-action/path", f"{{{name}}} is no required text of the schema")
        if isinstance(call["guarantee"], dict) and "type" not in call.get("sms", {}):
            self._fail("/x-action/guarantee", "a guarantee by kind of message needs `sms` with the pointer of the `type`")

    def _check_fields(self, schema: Mapping[str, Any], pointers: Iterable[str]) -> None:
        for pointer in pointers:
            found: Any = schema
            for name in pointer.split("/")[1:]:
                found = found.get("properties", {}).get(name) if isinstance(found, dict) else None
            if found is None:
                self._fail("/x-action", f"{pointer} is no field of the schema")

    def _fail(self, where: str, reason: str) -> NoReturn:
        place = f"{self.path} at {where}" if where else str(self.path)
        raise Misconfigured(f"The action file {place} cannot be used: {reason.rstrip('.')}.")


def _where(path: list[str | int]) -> str:
    return "".join(f"/{each}" for each in path)
