"""Window: a half-open span of time [start, end), aware UTC, in whole nanoseconds."""

import re
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from collector.errors import ConfigError

__all__ = ["NS_PER_S", "Window", "format_ns", "parse_duration_ns", "parse_instant_ns", "to_ns"]

NS_PER_S = 1_000_000_000
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+\Z")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?\s*([Zz]|[+-]\d\d:?\d\d)?\Z"
)
_LAST_NS = 9_214_646_400_000_000_000  # 2262-01-01: what fits into 64 bits of nanoseconds, with room for sums
_HOURS, _MINUTES = 24, 60
_DIGITS = 12  # of a number in a duration, above which it is longer than time
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Window(Struct, frozen=True):
    """Half-open span [start_ns, end_ns) of event time, nanoseconds since 1970 UTC."""

    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        if self.end_ns <= self.start_ns:
            raise ConfigError(
                f"The window `{format_ns(self.start_ns)} -> {format_ns(self.end_ns)}` is empty. "
                "Give a --since that lies before --until."
            )

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return (self.end_ns - self.start_ns) / NS_PER_S


def to_ns(instant: datetime) -> int:
    """Nanoseconds since 1970 UTC of an aware datetime, exact to its microsecond."""
    delta = instant - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * NS_PER_S + delta.microseconds * 1000


def format_ns(at_ns: int, *, digits: int = 0) -> str:
    """RFC 3339 in UTC with the given number of fractional digits, cut and not rounded."""
    seconds, rest = divmod(at_ns, NS_PER_S)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}"[: 20 + digits] + "Z" if digits else f"{text}Z"


def parse_duration_ns(text: str) -> int | None:
    """Nanoseconds of `90s`, `15m`, `24h`, `7d`, `2w` or a sum such as `1d12h`; None when it is no duration."""
    if not _DURATION.match(text):
        return None
    return sum(
        round(float(n) * _UNITS_S[unit] * NS_PER_S) if len(n) < _DIGITS else _LAST_NS for n, unit in _PART.findall(text)
    )


def parse_instant_ns(text: str, *, name: str, now_ns: int) -> int:
    """Instant of an RFC 3339 text (no zone: UTC), of `now`, or of a duration counted back from now_ns.

    Raises ConfigError that names the option and shows both notations.
    """
    stripped = text.strip()
    if stripped.lower() == "now":
        return now_ns
    duration = parse_duration_ns(stripped)
    match = _INSTANT.match(stripped)
    if duration is not None or match:
        try:
            at_ns = now_ns - duration if duration is not None else _instant_ns(*match.groups()) if match else 0
        except (ValueError, OverflowError):
            at_ns = -1
        if 0 <= at_ns < _LAST_NS:
            return at_ns
    raise ConfigError(
        f"{name} is `{text}`, which is neither a time nor a duration. "
        "Write a time after 1970 like 2026-09-14T20:00:00Z, or a duration like 24h, 90m, 7d."
    )


def _instant_ns(  # noqa: PLR0913, PLR0917 - the eight groups of the pattern
    year: str,
    month: str,
    day: str,
    hour: str | None,
    minute: str | None,
    second: str | None,
    fraction: str | None,
    zone: str | None,
) -> int:
    whole = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC)
    offset_s = 0
    if zone and zone not in "Zz":
        digits = zone.replace(":", "")
        if int(digits[1:3]) >= _HOURS or int(digits[3:5]) >= _MINUTES:
            raise ValueError(zone)
        offset_s = int(digits[1:3]) * 3600 + int(digits[3:5]) * 60
        offset_s = -offset_s if digits[0] == "-" else offset_s
    nanos = int((fraction or "0")[:9].ljust(9, "0"))
    return to_ns(whole) - offset_s * NS_PER_S + nanos
