"""The root of every error of logtriage, and the families of the first floor.

    LogtriageError            what a command prints as one line; exit code 1
    +-- ConfigError           config.yaml, the environment or a command line value is not usable
    +-- SourceError           a source could not be read
    |   +-- SourceUnavailable   ... now; trying again later may help (429, 503, time-out)
    +-- NormaliseError        a whole input is of a kind that cannot be read (single records become dead letters)
    +-- StoreError            the database cannot be opened, read or written
    |   +-- StoreBusy           ... now: another process holds the file
    +-- QueryError            a file of queries/ or a user's SQL is wrong

A SourceError tells by `trouble` what has to be mended: permission, quota, or the source itself.

A message has three parts: what happened, where (with the value in backticks), what to do. It never holds a secret with
which this process logs in somewhere, whoever says it back.
"""

from typing import Literal

from collector.own_secrets import without_own

__all__ = [
    "ConfigError",
    "LogtriageError",
    "NormaliseError",
    "QueryError",
    "SourceError",
    "SourceUnavailable",
    "StoreBusy",
    "StoreError",
    "WrongUsage",
]


SourceTrouble = Literal["permission", "quota", "source"]


class LogtriageError(Exception):
    """Root of all errors that a user is told in one line."""

    is_retryable = False

    def __str__(self) -> str:
        return without_own(super().__str__())


class ConfigError(LogtriageError):
    """A setting is missing, misspelt or out of range; correct it and start again."""


class WrongUsage(ConfigError):
    """A word of the command line that is wrong whatever is stored; exit code 2."""


class SourceError(LogtriageError):
    """A source could not be read and trying again will not help.

    trouble: permission, the login or a right of it is missing; quota, it was asked too often; source, anything else.
    """

    def __init__(self, message: str = "", *, trouble: SourceTrouble = "source") -> None:
        super().__init__(message)
        self.trouble: SourceTrouble = trouble


class SourceUnavailable(SourceError):
    """A source could not be read now; the next cycle tries again from the stored cursor."""

    is_retryable = True


class NormaliseError(LogtriageError):
    """An input is of a kind that logtriage cannot read; the message says which kinds it can."""


class StoreError(LogtriageError):
    """The database cannot be opened, read or written."""


class StoreBusy(StoreError):
    """Another process holds the database for longer than the bounded wait."""

    is_retryable = True


class QueryError(LogtriageError):
    """A SQL text is wrong, or asks for what a read-only query may not do."""
