"""Cron lines: five fields, and the next instant at which one is due in a time zone. Pure, no I/O.

As cron(8) reads them: where day of the month and day of the week are both given, either will do; 0 and 7 are Sunday.
Where clocks go forward, a time that is skipped is due as much later as they jump; where they go back, a time that comes
twice is due the first time. A line whose hour is open (`*`, `*/2`) counts passing hours, and skips and repeats nothing.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

__all__ = ["Cron", "parse_cron"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 7))
_PART = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d{1,3}))?\Z")
_SEARCHED_DAYS = 366 * 9  # between two 29ths of February lie up to eight years


class Cron(Struct, frozen=True):
    """Values at which a line is due. `is_hour_open`: the hour was given with a `*`."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    is_hour_open: bool
    is_day_open: bool
    is_weekday_open: bool

    def next_after(self, instant: datetime, zone: ZoneInfo) -> datetime | None:
        """The first instant after an aware one at which it is due, in UTC; None when it never is."""
        after = instant.astimezone(UTC)
        first = after.astimezone(zone).date() - timedelta(days=1)
        for ahead in range(_SEARCHED_DAYS):
            day = first + timedelta(days=ahead)
            if self._is_day(day):
                due = min((one for one in self._instants(day, zone) if one > after), default=None)
                if due is not None:
                    return due
        return None

    def _is_day(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.is_day_open or self.is_weekday_open:
            return in_month and in_week
        return in_month or in_week

    def _instants(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        """When it is due on a local day. zoneinfo puts a skipped time as much later as the clock jumps."""
        for hour in self.hours:
            for minute in self.minutes:
                for fold in (0, 1) if self.is_hour_open else (0,):
                    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone, fold=fold)
                    due = local.astimezone(UTC)
                    is_skipped = due.astimezone(zone).replace(fold=0) != local.replace(fold=0)
                    if not (is_skipped and self.is_hour_open):
                        yield due


def parse_cron(line: str) -> Cron:
    """A line of five fields; ValueError that says which field is wrong, or that it is never due."""
    words = line.lower().split()
    if len(words) != len(_FIELDS):
        raise ValueError(f"a cron line has five fields (15 3 * * *), and this has {len(words)}")
    minutes, hours, days, months, weekdays = (
        _values(word, name, low, high) for word, (name, low, high) in zip(words, _FIELDS, strict=True)
    )
    cron = Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(one % 7 for one in weekdays),
        is_hour_open=words[1].startswith("*"),
        is_day_open=words[2].startswith("*"),
        is_weekday_open=words[4].startswith("*"),
    )
    if cron.next_after(datetime(2024, 3, 1, tzinfo=UTC), ZoneInfo("UTC")) is None:
        raise ValueError("there is no such day")
    return cron


def _values(word: str, name: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in word.split(","):
        match = _PART.match(part)
        if match is None:
            raise ValueError(f"its {name} `{part[:20]}` is none of *, 5, 1-5, */10 or a list of these")
        star, first, last, step = match.groups()
        start = low if star else _value(first, name, low, high)
        end = high if star or (step and not last) else _value(last or first, name, low, high)
        if last == "sun" and end < start:
            end = high  # mon-sun: a week that ends with it
        if end < start and step is None:
            told = f"its {name} `{part[:20]}` runs backwards; give `{first}-{high},{low}-{last}`"
            raise ValueError(told)
        if end < start or step == "0":
            raise ValueError(f"its {name} `{part[:20]}` has no value")
        found.update(range(start, end + 1, int(step or 1)))
    return found


def _value(word: str, name: str, low: int, high: int) -> int:
    """A number, or the name of a month or a weekday."""
    names: Sequence[str] = {"month": ("", *_MONTHS), "day of the week": _DAYS}.get(name, ())
    value = names.index(word) if word and word in names else int(word) if word.isdecimal() else -1
    if not low <= value <= high:
        raise ValueError(f"its {name} `{word[:20]}` is not in {low}-{high}")
    return value
