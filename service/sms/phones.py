"""Phone numbers: one form everywhere (E.164), and a masked one for people to see."""

from __future__ import annotations

import re

_NORTH_AMERICAN = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}")
_EXTENSION = re.compile(r"(?:;\s*ext=|\bext(?:ension|n)?\b\.?|[x#])\s*:?\s*[0-9]+\s*$", re.IGNORECASE)
_LONGEST = 64  # characters of what may still be a number


def to_e164(text: str, region: str = "US") -> str:
    """A phone number as a person writes it, in E.164. `region` is the country of numbers that do not name theirs.

    Raises ValueError with a sentence that does not repeat the number: for letters, an extension (it cannot be texted), and
    numbers that the numbering plan does not have. A toll-free number is a number: see `is_toll_free`.

    >>> to_e164("(202) 555-0143"), to_e164("011 44 7911 123456")
    ('+12025550143', '+447911123456')
    """
    text = text.strip()
    if _NORTH_AMERICAN.fullmatch(text):
        return text
    if not text:
        raise ValueError("There is no phone number.")
    written = re.sub(r"^tel:\s*", "", text, flags=re.IGNORECASE)
    if len(written) > _LONGEST:
        raise ValueError(f"This is no phone number: it has {len(written)} characters.")
    if _EXTENSION.search(written):
        raise ValueError("The phone number has an extension, and an extension cannot be texted.")
    if re.search(r"[^\W\d_]", written):
        raise ValueError("The phone number has letters in it.")
    return _parsed(written, region.upper())


def _parsed(written: str, region: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            raise ValueError("The phone number has no country code that exists: begin it with + and the country.") from None
        raise ValueError("This is no phone number.") from None
    if not phonenumbers.is_valid_number(number):
        raise ValueError(_why_not(written, region, phonenumbers.is_possible_number_with_reason(number)))
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _why_not(written: str, region: str, reason: int) -> str:
    from phonenumbers import ValidationResult

    if re.match(r"\D*00", written) and not written.lstrip(" (").startswith("+"):
        return f"The phone number begins with 00, which is not how {region} dials abroad: write + in its place."
    if reason in (ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY):
        return "The phone number has too few digits."
    if reason == ValidationResult.TOO_LONG:
        return "The phone number has too many digits."
    return "The phone number is not one that its country has."


def is_toll_free(number: str) -> bool:
    """Whether an E.164 number is toll-free (+1 800 and the like): such a number does not receive texts of ours.

    >>> is_toll_free("+18005550143"), is_toll_free("+12025550143")
    (True, False)
    """
    import phonenumbers

    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False
    return bool(kind == phonenumbers.PhoneNumberType.TOLL_FREE)


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
