"""Filters for phone numbers."""

from __future__ import annotations

from service.rendering.limits import current


def e164(value: str, region: str = "") -> str:
    """A phone number as +12025550143. `region` is the country of numbers without a country code; else the account's."""
    from service import sms

    return sms.to_e164(value, region or current().region)


def mask_phone(value: str) -> str:
    """A phone number of which only the last digits can be read, for texts that others may see."""
    from service import sms

    return sms.mask(value)
