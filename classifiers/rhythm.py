"""The rhythm of what comes in: when it was seen, and whether a silence is longer than its own past makes likely.

A silence is judged at its end by the same time of day on earlier days: how long it had been quiet by then on each of
them. So nights and weekends are known from the past of the system itself, and a time of day that was always busy by
then is not.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

__all__ = ["Rhythm", "Silence"]

_DAY_NS = 86_400_000_000_000
_HOUR_NS = 3_600_000_000_000
_LEAST_NS = _HOUR_NS  # shorter silences are not told
_AROUND_NS = 2 * _HOUR_NS  # nobody is on time to the hour, and the clocks of a country are put on and back
_TIMES = 3.0  # longer than the longest quiet around that time of day
_FEW_DAYS = 3  # of the same kind, below which nothing is sure
_MANY_DAYS = 5  # ... from which one may be left out
_EXPECTED = 20.0  # records that the same hours had on other days: fewer prove nothing
_DAYS = 21  # of the past that are asked
_WEEK = 7
_SATURDAY = 5
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday


class Silence(Struct, frozen=True):
    """[start_ns, end_ns) without a sign. expected: records that such hours had; days: of the past it is measured by.

    is_sure: it is out of the ordinary by its own past; else too little of that is known to say so.
    """

    start_ns: int
    end_ns: int
    expected: float
    days: int
    is_sure: bool


class Rhythm(Struct, frozen=True):
    """Times in which something came in, apart from each other and in order, with how much; known from known_ns on."""

    first_ns: NDArray[np.int64]
    last_ns: NDArray[np.int64]
    passed: NDArray[np.float64]  # records up to the begin of each, and all at the end: one more than there are times
    known_ns: int

    @classmethod
    def of(cls, first_ns: NDArray[np.int64], last_ns: NDArray[np.int64], many: NDArray[np.float64]) -> "Rhythm":
        """Of stretches in any order, which may overlap."""
        order = np.argsort(first_ns, kind="stable")
        first, last, many = first_ns[order], np.maximum.accumulate(last_ns[order]), many[order]
        is_new = np.concatenate([[True], first[1:] > last[:-1]])
        begins = np.flatnonzero(is_new)
        ends = np.append(begins[1:], len(first)) - 1
        passed = np.concatenate([[0.0], np.cumsum(np.add.reduceat(many, begins))])
        return cls(first[begins], last[ends], passed, int(first[0]))

    def silences(self, start_ns: int, end_ns: int) -> list[tuple[int, int]]:
        """Times of at least an hour without a sign that end in (start_ns, end_ns], the one up to end_ns among them."""
        begins = np.append(self.last_ns, [])
        ends = np.append(self.first_ns[1:], [max(end_ns, int(self.last_ns[-1]))])
        is_told = (ends - begins >= _LEAST_NS) & (ends > start_ns) & (begins < end_ns)
        return [(int(begin), min(int(end), end_ns)) for begin, end in zip(begins[is_told], ends[is_told], strict=True)]

    def judge(self, start_ns: int, end_ns: int) -> Silence | None:
        """A silence that is out of the ordinary, or may be; None of one that is not.

        start_ns is the last sign before it.
        """
        if end_ns - start_ns < _LEAST_NS:
            return None
        days = [day for day in range(1, _DAYS + 1) if start_ns - day * _DAY_NS >= self.known_ns]
        if not days:
            return self._of_a_young_store(start_ns, end_ns)
        alike = [day for day in days if _is_alike(end_ns, day)]
        if not alike:
            return None
        expected = float(np.median([self._count(start_ns, end_ns, day) for day in alike]))
        quiet = sorted(self._longest_quiet(end_ns - day * _DAY_NS) for day in alike)
        weekly = [self._longest_quiet(end_ns - day * _DAY_NS) for day in alike if day % _WEEK == 0]
        one_day_off = len(quiet) >= _MANY_DAYS  # one of them may have been a holiday
        most = max(quiet[-2] if one_day_off else quiet[-1], *weekly, 0)
        if expected < _EXPECTED or end_ns - start_ns <= _TIMES * most:
            return None
        is_known_week = bool(weekly) or not _touches_weekend(start_ns, end_ns)
        return Silence(start_ns, end_ns, expected, len(alike), is_known_week and len(alike) >= _FEW_DAYS)

    def _of_a_young_store(self, start_ns: int, end_ns: int) -> Silence | None:
        """Less than a day is known: by the mean of what is known, and never surely."""
        known = max(int(self.last_ns[-1]), end_ns) - self.known_ns
        expected = float(self.passed[-1]) / known * (end_ns - start_ns) if known > 0 else 0.0
        if end_ns - start_ns < _LEAST_NS or expected < _EXPECTED:
            return None
        return Silence(start_ns, end_ns, expected, 0, is_sure=False)

    def _longest_quiet(self, at_ns: int) -> int:
        """How long it had been quiet at most at any moment within two hours of an instant."""
        low, high = at_ns - _AROUND_NS, at_ns + _AROUND_NS
        ends = np.append(self.first_ns[1:], [high])  # of the quiet behind each time
        is_near = (ends > low) & (self.last_ns < high)
        return int(np.max(np.minimum(ends, high)[is_near] - self.last_ns[is_near], initial=0))

    def _count(self, start_ns: int, end_ns: int, day: int) -> float:
        """Records in the same hours so many days ago."""
        low, high = (self._passed(at - day * _DAY_NS) for at in (start_ns, end_ns))
        return high - low

    def _passed(self, at_ns: int) -> float:
        """Records before an instant; those of a time are spread evenly over it."""
        place = int(np.searchsorted(self.first_ns, at_ns, side="right")) - 1
        if place < 0:
            return 0.0
        first, last = int(self.first_ns[place]), int(self.last_ns[place])
        share = 1.0 if last <= first else min(1.0, (at_ns - first) / (last - first))
        return float(self.passed[place] + share * (self.passed[place + 1] - self.passed[place]))


def _weekday(at_ns: int) -> int:
    return (at_ns // _DAY_NS + _EPOCH_WEEKDAY) % _WEEK


def _is_alike(at_ns: int, day: int) -> bool:
    """Whether the day so many days ago is of the same kind: the same day of the week, or both within the week, or not.

    Which days are days of rest differs; the same day of the week is always asked.
    """
    return day % _WEEK == 0 or (_weekday(at_ns) >= _SATURDAY) == (_weekday(at_ns - day * _DAY_NS) >= _SATURDAY)


def _touches_weekend(start_ns: int, end_ns: int) -> bool:
    """Whether any of it lies on a Saturday or Sunday, UTC: of how quiet those are nothing is known."""
    days = range(start_ns // _DAY_NS, end_ns // _DAY_NS + 1)
    return any(_weekday(day * _DAY_NS) >= _SATURDAY for day in days)
