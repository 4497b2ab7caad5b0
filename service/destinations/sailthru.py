"""Sailthru: nothing is sent there; an account holds the API key and the secret with which its postbacks are signed."""

from __future__ import annotations

from service.destinations._answer import Answer
from service.destinations._probe import Owner, Probe

TITLE = "Sailthru"
BASE_URL = "https://api.sailthru.com"
WHO_AM_I = ""
"""Nobody is asked: its calls are signed otherwise than ours, and none is needed."""
PROBES: tuple[Probe, ...] = ()


def owner(_: str) -> Owner:
    """Nothing is known of whose key it is."""
    return Owner()


def message(body: str) -> str | None:
    """The vendor's own words, which are the text itself here."""
    return " ".join(body.split())[:300] or None


def explain(answer: Answer) -> str:
    """What an answer means. There is none in ordinary life: no action goes to Sailthru."""
    return f"Sailthru answered {answer.status}." if answer.status is not None else "Sailthru gave no answer."
