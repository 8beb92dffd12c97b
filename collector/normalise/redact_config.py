"""Section `redact` of config.yaml: own forms of secrets, and words that stay whatever they look like."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["OwnPattern", "RedactConfig"]

_LEAST_KEPT = 6  # signs; a shorter word stands in the middle of too many secrets
_SECRET_SOUNDING = re.compile(
    r"(?i)pass(?:wor|w|phrase)|secret|token|credential|api[_-]?key|authorization|bearer|cookie|private key"
)


def _usable(pattern: str) -> str:
    """The pattern, where it is a regular expression without look-around that finds something and not everything."""
    import polars as pl  # noqa: PLC0415 - only who has patterns of their own pays for the import

    tried = pl.Series(["", "a b", "<x>"])
    try:
        empty, blank, _ = tried.str.contains(pattern, strict=True)
    except pl.exceptions.ComputeError:
        raise ValueError("it is no regular expression (RE2: no look-around, no back-references)") from None
    if empty:
        raise ValueError("it matches the empty text, and so everywhere")
    if blank and tried.str.contains(rf"\A(?:{pattern})\z", strict=True)[1]:
        raise ValueError("it matches any text; say what a secret looks like")
    return pattern


def _harmless(word: str) -> str:
    if len(word) < _LEAST_KEPT:
        raise ValueError(f"a word to keep has at least {_LEAST_KEPT} signs")
    if _SECRET_SOUNDING.search(word):
        raise ValueError("a name by which secrets are found cannot be kept")
    return word


class OwnPattern(BaseModel):
    """A form of secret that only you know; it is told as `<NAME>`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")
    pattern: Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_usable)]


class RedactConfig(BaseModel):
    """Section `redact` of config.yaml. It holds for what is stored from now on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    patterns: tuple[OwnPattern, ...] = ()  # after the built-in forms, in this order
    keep: tuple[Annotated[str, AfterValidator(_harmless)], ...] = ()  # texts that stay, also where a form fits
