"""Stacks of real processes, stopped whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Stack
from tests.feedhost import feed_host  # noqa: F401


@pytest.fixture
def make_stack(tmp_path: Path, database_url: str) -> Iterator[Callable[..., Stack]]:
    made: list[Stack] = []

    def make(**settings: str) -> Stack:
        made.append(Stack(tmp_path, database_url, **settings))
        return made[-1]

    yield make
    for stack in made:
        stack.stop()


@pytest.fixture
def stack(make_stack: Callable[..., Stack]) -> Stack:
    """Everything running, and a key that may do all."""
    stack = make_stack(BURGEE_READ_TIMEOUT="1.5")
    stack.emulator()
    stack.web()
    stack.worker()
    stack.key()
    return stack
