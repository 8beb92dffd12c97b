"""Every error of logtriage under one roof; what a command prints as one line.

LogtriageError              exit code 1
+-- ConfigError             config.yaml, the environment or a command line value is not usable
|   +-- WrongUsage            ... a word that no store could make right; exit code 2
+-- SourceError             a source could not be read
|   +-- SourceUnavailable     ... now; trying again later may help
+-- NormaliseError          a whole input is of a kind that cannot be read
+-- StoreError              the database cannot be opened, read or written
|   +-- StoreBusy             ... now: another process holds the file
+-- QueryError              a file of queries/ or a user's SQL is wrong
+-- RenderError             a report cannot be drawn or written
+-- NotifyError             a digest could not be delivered
    +-- NotifyUnavailable     ... now; the next cycle tries again
    +-- NotifyGone            ... where it was told before: somebody deleted that
    +-- NotifyUncertain       ... or it was, and the answer was lost; it is looked up before it is sent again
"""

from collector.errors import (
    ConfigError,
    LogtriageError,
    NormaliseError,
    QueryError,
    SourceError,
    SourceUnavailable,
    StoreBusy,
    StoreError,
    WrongUsage,
)

__all__ = [
    "ConfigError",
    "LogtriageError",
    "NormaliseError",
    "NotifyError",
    "NotifyGone",
    "NotifyUnavailable",
    "NotifyUncertain",
    "QueryError",
    "RenderError",
    "SourceError",
    "SourceUnavailable",
    "StoreBusy",
    "StoreError",
    "WrongUsage",
]


class RenderError(LogtriageError):
    """A report cannot be drawn or written; the message names the file and says why."""


class NotifyError(LogtriageError):
    """A channel refused a digest and trying again will not help. `status`: of the HTTP answer, 0 of none."""

    status: int = 0


class NotifyGone(NotifyError):
    """An incident cannot be told on where it was told before: somebody deleted that. Others are told as ever."""


class NotifyUnavailable(NotifyError):
    """A channel could not take a digest now; the next cycle tries again."""

    is_retryable = True


class NotifyUncertain(NotifyError):
    """A channel may or may not have taken a digest: the answer was lost. It is looked up before it is sent again."""

    is_retryable = True
