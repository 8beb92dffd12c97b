"""Texts without the secrets that this process holds itself: servers like to say back what they were sent.

Whoever reads a secret for a login tells it here; errors and log lines are told without it. Kept in memory alone. A word
of small letters (a user, a tenant) is no secret, nor is the begin of an address that was cut off, nor one of few signs:
too many texts hold it by chance.
"""

import base64
import re
from urllib.parse import quote, quote_plus, urlsplit

__all__ = ["hold", "without_own"]

_LEAST, _LEAST_WORD = 8, 16  # signs; of a word of small letters
_WORD = re.compile(r"[a-z_-]*(?:://)?")
_MOST = 256  # of one process; rotated ones go
_SHOWN = "<secret>"
# What is said back of a login that was put together elsewhere: by Google's libraries, or of a user and a password.
_LOGIN = re.compile(r"(?i)\b((?:basic|bearer)\\?['\": =]{1,4})[A-Za-z0-9._~+/=-]{16,}")
_held: dict[str, None] = {}


def hold(text: str) -> None:
    """From now on the text, and it as addresses and JSON hold it, is told nowhere. Of an address its path too."""
    import json  # noqa: PLC0415 - every error imports this module; few commands hold a secret

    for secret in (text, *_hidden_parts(text)):
        if len(secret) < (_LEAST_WORD if _WORD.fullmatch(secret) else _LEAST):
            continue
        encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
        escaped = json.dumps(secret)[1:-1]
        forms = (secret, quote(secret, safe=""), quote(secret), quote_plus(secret), escaped)
        for form in (*forms, escaped.replace("/", "\\/"), encoded):
            _held.pop(form, None)
            _held[form] = None
    while len(_held) > _MOST:
        del _held[next(iter(_held))]


def without_own(text: str) -> str:
    """The text with `<secret>` for each of them; whole secrets alone are found, so cut a text afterwards."""
    found = sorted((secret for secret in tuple(_held) if secret in text), key=len, reverse=True)
    for secret in found:
        text = text.replace(secret, _SHOWN)
    return _LOGIN.sub(rf"\1{_SHOWN}", text)


def _hidden_parts(text: str) -> tuple[str, ...]:
    """Of an address that is a secret: path and query, which a server says back without the host."""
    if not text.startswith(("http://", "https://")):
        return ()
    try:
        parts = urlsplit(text)
    except ValueError:
        return ()
    return (parts.path.strip("/"), parts.query, *(one for one in parts.path.split("/") if len(one) >= _LEAST_WORD))
