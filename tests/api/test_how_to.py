"""What the guide tells people to paste into a flow is posted here as the flow would post it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from service.authoring import folder
from service.settings import packaged

GUIDE = Path(__file__).parents[2] / "docs/how-to/connect-lifecycle-optimizer.md"
BLOCKS = re.findall(r"^```text content-type=(\S+)\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
PERSON = {
    "profile.email": "ada@example.com",
    "profile.vars.first_name": "Ada",
    "profile.keys.sms": "+12025550143",
    "order_no": "8817",
}
FUNCTIONS = {"u": lambda text: quote(text, safe=""), "base64_encode": lambda text: base64.b64encode(text.encode()).decode()}
ASSIGNED = re.compile(r"^\{(\w+) = ([\w.]+)(?: \?: '[^']*')?\}$", re.MULTILINE)
TAG = re.compile(r"\{(?:(\w+)\()?([A-Za-z_][\w.]*)\)?\}")


def printed(block: str, person: dict[str, str]) -> bytes:
    """The block as Sailthru prints it: values as they are, and nothing where an assignment stood."""
    known = dict(person)
    for name, path in ASSIGNED.findall(block):
        known[name] = known[path]
    return TAG.sub(lambda tag: FUNCTIONS.get(tag[1], str)(known[tag[2]]), ASSIGNED.sub("", block)).strip(" ").encode()


@pytest.fixture
def welcome(parts, push):
    read = folder.read(packaged("templates"))
    parts.store.templates.push(next(each for each in read.templates if each.name == "welcome"))
    parts.intake.changed()


def test_the_guide_shows_every_kind_of_content():
    assert [kind for kind, _ in BLOCKS].count("application/json") >= 4
    assert {kind for kind, _ in BLOCKS} == {"application/json", "text/plain", "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(("kind", "block"), BLOCKS)
def test_what_the_guide_says_to_paste_is_taken(welcome, flow, parts, kind, block):  # S1-12, S1-26
    answer = flow.post("/v1/hooks/welcome", data=printed(block, PERSON), content_type=kind)
    assert answer.status_code == 202, answer.text
    payload = json.loads(parts.store.deliveries.get(answer.json["id"]).payload)
    assert payload["to"] == "+12025550143"
    assert payload["body"].startswith("Welcome, Ada!")


def test_text_that_may_hold_anything_goes_through_in_base64_and_breaks_json_without(welcome, flow, parts):
    awkward = {**PERSON, "profile.vars.first_name": 'Ada "Countess"\nof Lovelace'}
    for kind, block in BLOCKS:
        answer = flow.post("/v1/hooks/welcome", data=printed(block, awkward), content_type=kind)
        if "base64_encode" in block or "{u(" in block:
            payload = json.loads(parts.store.deliveries.get(answer.json["id"]).payload)
            assert payload["body"].startswith('Welcome, Ada "Countess"')
        elif "first_name}" in block:
            assert answer.status_code == 400
            assert answer.json["problems"][0]["hint"]
