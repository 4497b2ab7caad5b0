"""What the guide shows runs as shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from service.rendering.zephyr.lints import lint

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "use-zephyr.md"
SAMPLES = [block for block in re.findall(r"```\n(.*?)```", GUIDE.read_text(), re.DOTALL) if block.startswith("{")]
CONTEXT = {
    "profile": {"keys": {"sms": "+12025550143"}, "vars": {"points": 1250}},
    "content": [{"title": "Kettle", "image": "https://img.example.com/k.jpg"}],
}


@pytest.mark.parametrize("source", SAMPLES)
def test_every_sample_of_the_guide_renders(render, source):
    made = render(source, CONTEXT)
    assert made.problems == ()
    assert made.document["to"] == "+12025550143"


@pytest.mark.parametrize("source", SAMPLES)
def test_no_sample_of_the_guide_is_doubtful(source):
    assert {each.code for each in lint(source)} <= {"zephyr.stops_only_this", "zephyr.unguarded"}


def test_the_guide_has_samples():
    assert len(SAMPLES) == 2
