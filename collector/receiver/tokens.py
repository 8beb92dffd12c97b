"""The bearer token that a receiver may ask for: a secret of the environment, never a setting."""

import hmac
import os

from collector.own_secrets import hold
from collector.receiver.config import TOKEN_VARIABLE

__all__ = ["is_allowed", "read_token"]

_SCHEME = "bearer "


def read_token() -> str | None:
    """The token of the environment; None where there is none."""
    token = os.environ.get(TOKEN_VARIABLE, "").strip() or None
    hold(token or "")
    return token


def is_allowed(authorization: str | None, token: str | None) -> bool:
    """Whether the header `authorization` bears the token, if one is asked for; takes equally long for any wrong one."""
    if token is None:
        return True
    given = authorization or ""
    is_bearer = given[: len(_SCHEME)].lower() == _SCHEME
    shown = given[len(_SCHEME) :].strip() if is_bearer else ""
    return hmac.compare_digest(shown.encode("utf-8", "replace"), token.encode())
