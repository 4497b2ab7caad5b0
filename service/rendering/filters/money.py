"""Filters for money."""

from __future__ import annotations

from typing import Any

_SYMBOLS = {
    "USD": "$",
    "CAD": "CA$",
    "AUD": "A$",
    "NZD": "NZ$",
    "MXN": "MX$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "INR": "₹",
}
_WHOLE = frozenset({"JPY", "KRW", "CLP", "VND", "ISK", "HUF"} - {"HUF"})


def money(cents: Any, currency: str = "USD", cut_zeros: bool = False) -> str:
    """An amount in whole cents as text with its currency. With `cut_zeros` full amounts lose their `.00`.

    >>> money(3950, "USD"), money(-300), money(123456789), money(500, "JPY"), money(2000, "USD", True)
    ('$39.50', '-$3.00', '$1,234,567.89', '¥500', '$20')
    """
    if isinstance(cents, str) and cents.strip().lstrip("+-").isdecimal() and len(cents) < 40:
        cents = int(cents)
    if isinstance(cents, float) and cents.is_integer():
        cents = int(cents)
    if isinstance(cents, bool) or not isinstance(cents, int):
        raise ValueError("`money` needs a whole number of cents, such as 3950 for $39.50.")
    code = currency.upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise ValueError("A currency has three letters, such as USD.")
    if code in _WHOLE:
        digits = f"{abs(cents):,}"
    else:
        digits = f"{abs(cents) // 100:,}.{abs(cents) % 100:02}"
        if cut_zeros:
            digits = digits.removesuffix(".00")
    return f"{'-' if cents < 0 else ''}{_SYMBOLS.get(code, code + ' ')}{digits}"
