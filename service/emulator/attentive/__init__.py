"""Attentive, pretended from its published API and from what public callers show of it: one API a module.

A public module here has `ENDPOINTS` and `RULES` (rule to what it means). It never looks at our own schemas, so that the two
check each other.
"""

from __future__ import annotations

import sys

from service import registry
from service.emulator._machine import Endpoint


def endpoints() -> list[Endpoint]:
    return [endpoint for _, module in registry.members(sys.modules[__name__]) for endpoint in module.ENDPOINTS]


def rules() -> dict[str, str]:
    return {rule: means for _, module in registry.members(sys.modules[__name__]) for rule, means in module.RULES.items()}
