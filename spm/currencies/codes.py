"""ISO 4217: currency codes as small integers for fixed-width columns, and the minor units of a currency."""

from __future__ import annotations

# Currencies whose minor unit is not 1/100 (ISO 4217).
_MINOR = {
    **dict.fromkeys(["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"], 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}


def currency_pack(code: str) -> int:
    """Three capital letters as an int below 17,576; 0 is AAA and never a currency.

    >>> currency_unpack(currency_pack("USD"))
    'USD'
    """
    if len(code) != 3 or not code.isascii() or not code.isalpha() or not code.isupper():
        raise ValueError(f"{code!r} is not a currency code of three capital letters, such as USD.")
    a, b, c = (ord(letter) - 65 for letter in code)
    return (a * 26 + b) * 26 + c


def currency_unpack(value: int) -> str:
    """The inverse of currency_pack."""
    return chr(value // 676 + 65) + chr(value // 26 % 26 + 65) + chr(value % 26 + 65)


def minor_units(code: str) -> int:
    """Decimals of the currency's smallest coin: 2 unless ISO 4217 says 0 or 3."""
    return _MINOR.get(code, 2)
