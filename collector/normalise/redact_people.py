"""What is a person's and is known only by looking closer: e-mail addresses, numbers of cards, IBANs.

An address becomes a keyed hash, whatever notation it stands in, so that one person stays one person. Numbers of cards
and accounts are told from ids by their check digits, and by blanks between them or a word before them.
"""

# ruff: noqa: E501 - a pattern that is cut reads no better

import re
from collections.abc import Callable

from msgspec import Struct

from collector.normalise.redact_rule import for_one

__all__ = ["KINDS", "Kind", "Replace"]

# What of a candidate goes, and what stands for it; None where it stays. Takes the keyed hash.
Replace = Callable[[str, Callable[[str], str]], tuple[str, str] | None]

_AT = r"(?:@|%40|%2540|\\+u0040|&#64;)"
_SERVICE_ACCOUNT = ".gserviceaccount.com"
_MACHINES = frozenset({"git@github.com", "git@gitlab.com", "git@bitbucket.org", "git@ssh.dev.azure.com"})
_ESCAPE = re.compile(r"\\+(?:u[0-9a-f]{4}|[nrtbf])")
_ENCODED = re.compile(r"(?s).*%(?!2[BbDdEe]|5[Ff])[0-9A-Fa-f]{2}")  # other than + - . _
_FOLDED = re.compile(_AT)
# ISO 13616: how long an IBAN is in each country.
_IBAN_LENGTHS = {
    "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18,
    "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24,
}  # fmt: skip
_CARD_DIGITS = range(13, 20)


class Kind(Struct, frozen=True):
    """A kind of candidate: where they are looked for (`gate`, without case), how they are cut out, what they become."""

    gate: str
    pattern: str
    replace: Replace

    @property
    def single(self) -> re.Pattern[str]:
        """The pattern for one text, in Python's notation."""
        return for_one(self.pattern)


def _address(found: str, hashed: Callable[[str], str]) -> tuple[str, str] | None:
    """The address without an escape of JSON or of a URL before it; addresses of service accounts are machines."""
    address = found[escape.end() :] if (escape := _ESCAPE.match(found)) else found
    at = _FOLDED.search(address)
    if at is None:
        return None
    local = address[: at.start()]
    if (encoded := _ENCODED.match(local)) and encoded.end() < len(local):
        address = address[encoded.end() :]
    told = _FOLDED.sub("@", address).lower()
    if told.endswith(_SERVICE_ACCOUNT) or told in _MACHINES:
        return None
    return address, f"<email:{hashed(told)}>"


def _card(found: str, _hashed: Callable[[str], str]) -> tuple[str, str] | None:
    """The digits of a card's number at the end of a candidate, where its check digit holds (Luhn)."""
    number = re.search(r"[0-9](?:[ -]?[0-9])*\Z", found)
    if number is None:
        return None
    digits = [int(sign) for sign in number[0] if sign.isdecimal()]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    holds = len(digits) in _CARD_DIGITS and (sum(digits[::-2]) + doubled) % 10 == 0
    return (number[0], "<card>") if holds else None


def _account(found: str, _hashed: Callable[[str], str]) -> tuple[str, str] | None:
    """As much of a candidate as an IBAN of its country is long, where its check digits hold (ISO 7064, mod 97)."""
    length = _IBAN_LENGTHS[found[:2]]
    signs = 0
    for at, sign in enumerate(found):
        signs += sign != " "
        if signs == length:
            text = found[: at + 1]
            bare = text.replace(" ", "")
            number = "".join(str(int(one, 36)) for one in bare[4:] + bare[:4])
            return (text, "<iban>") if int(number) % 97 == 1 else None
    return None


_COUNTRIES = "|".join(_IBAN_LENGTHS)
KINDS = (
    Kind(
        r"@|%40|u0040|&#64;",
        r"(?:\\+(?:u[0-9a-f]{4}|[nrtbf]))?[\w.%+-]+" + _AT + r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}\b",
        _address,
    ),
    Kind(
        r"[0-9][0-9][0-9][0-9][ -][0-9][0-9][0-9][0-9][ -]?[0-9][0-9][ -]?[0-9][0-9][ -][0-9]|(?:card|\bpan|\bcc)[a-z_]*\\*[\"']?[ :=#]+\\*[\"']?[2-6][0-9][0-9][0-9]",
        r"\b[3-6][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4}\b|\b3[47][0-9]{2}[ -][0-9]{6}[ -][0-9]{5}\b"
        r"|(?i:(?:card|\bpan|\bcc)[a-z_]*)\\*[\"']?[ :=#]+\\*[\"']?[2-6][0-9]{12,18}\b",
        _card,
    ),
    Kind(
        rf"(?-i:\b(?:{_COUNTRIES})[0-9][0-9] ?[A-Z0-9][A-Z0-9][A-Z0-9][A-Z0-9] ?[0-9][0-9])",
        rf"\b(?:{_COUNTRIES})[0-9]{{2}}(?: ?[A-Z0-9]{{4}}){{2,7}}(?: ?[A-Z0-9]{{1,3}})?\b",
        _account,
    ),
)  # fmt: skip
