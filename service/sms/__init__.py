"""Facts of the medium: how many segments a text takes, what a phone number is, what a reader or a carrier will dislike."""

from __future__ import annotations

from service.sms._alphabet import fold
from service.sms.lint import Lint, broken, lint
from service.sms.phones import is_toll_free, mask, to_e164
from service.sms.segments import Cause, Measure, breaks, measure, segments, truncate
from service.sms.zones import candidate_zones, zones

__all__ = [
    "Cause",
    "Lint",
    "Measure",
    "breaks",
    "broken",
    "candidate_zones",
    "fold",
    "is_toll_free",
    "lint",
    "mask",
    "measure",
    "segments",
    "to_e164",
    "truncate",
    "zones",
]
