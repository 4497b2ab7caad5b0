"""Personal data as people may see it: phone numbers and email addresses masked in every text, or left as they are."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from service import sms

EMAIL = re.compile(r"[^\s@<>\"(),:;]{1,64}@[\w-]+(?:\.[\w-]+)+")
NUMBER = re.compile(r"(?<!\d)(?:\+\d[\d ().-]{5,20}\d|\(?\d[\d ().-]{7,18}\d)(?!\d)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"1\d{9}")  # seconds since 1970; no number of ten digits begins with 1
_NORTH_AMERICAN = re.compile(r"^\+1(\d{3})(\d{3})(\d{4})$")
_FEWEST = 10  # digits of a number without + that may be a phone's; one with + has 7 at least


@dataclass(frozen=True, slots=True)
class Masking:
    """What one user sees. It is better to mask a long order number than to show a phone number."""

    shows_all: bool

    def recipient(self, recipient: str | None) -> str:
        """Whom a delivery is for; empty where that is not known.

        >>> Masking(False).recipient("+12025550143"), Masking(False).recipient("ada@example.com")
        ('+1 ••• ••• 0143', 'ad•••')
        >>> Masking(True).recipient("+12025550143")
        '+1 202 555 0143'
        """
        if not recipient:
            return ""
        if not self.shows_all:
            return _masked_recipient(recipient)
        return _NORTH_AMERICAN.sub(r"+1 \1 \2 \3", recipient)

    def text(self, text: str | None) -> str:
        """Any text, with what may be a phone number or an email address masked.

        >>> Masking(False).text("'2025550143' of ada@example.com on 2026-11-20: no such number (+1 202-555-0143)")
        "'••••43' of ad••• on 2026-11-20: no such number (+1 ••• ••• 0143)"
        >>> Masking(True).text("2025550143")
        '2025550143'
        """
        if not text or self.shows_all:
            return text or ""
        return NUMBER.sub(lambda found: _masked(found.group()), EMAIL.sub(lambda found: f"{found.group()[:2]}•••", text))

    def json(self, body: bytes | str | None) -> Any:
        """A JSON value with every text in it masked, names of members too. What is no JSON is taken as text; None: there is
        nothing."""
        if body is None:
            return None
        try:
            value = json.loads(body)
        except ValueError:
            value = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
        return value if self.shows_all else self._value(value)

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._value(each) for each in value]
        if isinstance(value, dict):
            return {self.text(name): self._value(each) for name, each in value.items()}
        if isinstance(value, int) and not isinstance(value, bool):
            masked = self.text(str(value))
            return value if masked == str(value) else masked
        return value


def _masked_recipient(recipient: str) -> str:
    return sms.mask(recipient) if "@" not in recipient else f"{recipient[:2]}•••"


def _masked(found: str) -> str:
    digits = re.sub(r"\D", "", found)
    if found.lstrip().startswith("+"):
        return sms.mask(f"+{digits}") if len(digits) >= 7 else found
    if len(digits) < _FEWEST or _DATE.match(found) or _MOMENT.fullmatch(digits):
        return found
    return sms.mask(digits)
