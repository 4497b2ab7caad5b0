"""What a new template starts from: a source that says everything its action needs, made from the action's own example.

What stands for a person in the example becomes an expression: a phone number `profile.keys.sms`, an e-mail address
`profile.keys.email`, the text of a message a greeting by first name. `SAMPLE` is a context that has all of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from service.actions import Action

SAMPLE_NAME = "ana"
SAMPLE: Mapping[str, Any] = {
    "profile": {
        "keys": {"sms": "+12025550143", "email": "ana@example.com"},
        "vars": {"first_name": "Ana"},
    },
}

_NUMBER = re.compile(r"\+[0-9]{8,15}")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_OF_ONE_EVENT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT.*")  # an id, or a time
_MARK = "\ue000"  # begins a text that is written as code; no example has it
_WORDS: Mapping[str, Mapping[str, str]] = {
    "jinja": {
        "phone": "{{ profile.keys.sms | e164 }}",
        "email": "{{ profile.keys.email }}",
        "text": 'Hi {{ profile.vars.first_name | default("there") }}, this is what you will read.',
        "head": "{# %s: write what each profile gets. Expressions stand in {{ }}. #}\n",
    },
    "zephyr": {
        "phone": "{profile.keys.sms}",
        "email": "{profile.keys.email}",
        "text": "Hi {profile.vars.first_name ?: 'there'}, this is what you will read.",
        "head": "{* %s: write what each profile gets. Expressions stand in braces. *}\n",
    },
}


def skeleton(action: Action, dialect: str, name: str) -> str:
    """The source of a new template `name`; with `SAMPLE` it makes a valid payload."""
    words = _WORDS[dialect]
    document = _filled(action.examples[0])
    if isinstance(document, dict):
        document = _settled(document, action, name)
    text = json.dumps(document, ensure_ascii=False, indent=2)
    for kind, code in words.items():
        text = text.replace(f'"{_MARK}{kind}"', f'"{code}"')
    return words["head"] % action.title + text + "\n"


def _filled(value: Any) -> Any:
    """The example with marks for what is a person's own."""
    if isinstance(value, dict):
        return {name: _filled(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each) for each in value]
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return f"{_MARK}phone"
    if isinstance(value, str) and _EMAIL.fullmatch(value):
        return f"{_MARK}email"
    return value


def _settled(document: dict[str, Any], action: Action, name: str) -> dict[str, Any]:
    """The payload's own fields: with their defaults, and without what is true of one event alone, its time and its id. The
    same id in every payload would make the vendor take all but the first for repetitions."""
    made = {}
    known, required = action.schema.get("properties", {}), action.schema.get("required", ())
    for field, value in document.items():
        if field in required or not (isinstance(value, str) and _OF_ONE_EVENT.fullmatch(value)):
            made[field] = known.get(field, {}).get("default", value)
    if "messageName" in made:
        made["messageName"] = name
    if action.sms is not None:
        made[action.sms["body"][1:]] = f"{_MARK}text"
        if "type" in action.sms:
            made[action.sms["type"][1:]] = "MARKETING"
    return made
