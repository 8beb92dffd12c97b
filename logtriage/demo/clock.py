"""Instants of the simulation, whole nanoseconds since 1970 UTC, and the ways logs write them."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

__all__ = ["HOUR", "MILLI", "MINUTE", "SECOND", "iso", "seconds_text", "spaced"]

MILLI = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 3600 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4096)
def _whole(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")


def iso(at_ns: int, digits: int = 6) -> str:
    """RFC 3339 in UTC with the given number of fractional digits, cut."""
    second, rest = divmod(at_ns, SECOND)
    return f"{_whole(second)}.{rest:09d}"[: 20 + digits] + "Z"


def spaced(at_ns: int, mark: str = ".") -> str:
    """`2026-03-01 10:00:00.123`: what text loggers print, with their decimal mark."""
    second, rest = divmod(at_ns, SECOND)
    return f"{_whole(second).replace('T', ' ')}{mark}{rest // MILLI:03d}"


def seconds_text(duration_ns: int, digits: int = 3) -> str:
    """A latency as Cloud Logging writes it: `0.123s`."""
    second, rest = divmod(duration_ns, SECOND)
    return f"{second}.{rest:09d}"[: len(str(second)) + 1 + digits] + "s"
