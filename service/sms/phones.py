"""Phone numbers: one form everywhere (E.164), and a masked one for people."""

from __future__ import annotations

import re


def mask(number: str) -> str:
    """A number as people may see it: country code and last four digits where it is a phone number, else the last two signs.

    >>> mask("+12025550143"), mask("+447911123456"), mask("813204511987")
    ('+1 ••• ••• 0143', '+44 •••••• 3456', '••••87')
    """
    if re.fullmatch(r"\+1[0-9]{10}", number):
        return f"+1 ••• ••• {number[-4:]}"
    if re.fullmatch(r"\+[0-9]{8,15}", number):
        return f"{number[:3]} {'•' * (len(number) - 7)} {number[-4:]}"
    return f"••••{number[-2:]}" if len(number) > 4 else "••••"
