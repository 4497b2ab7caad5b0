"""Facts of the medium: how many segments a text takes, what a phone number is, what a reader or a carrier will dislike."""

from __future__ import annotations

from service.sms.phones import mask

__all__ = ["mask"]
