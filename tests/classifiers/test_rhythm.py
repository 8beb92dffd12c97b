"""A silence is judged by the past of the system itself."""

import numpy as np
import pytest

from classifiers.rhythm import Rhythm, Silence
from tests.support.watched import MONDAY_NS

_MINUTE_NS = 60 * 10**9
_HOUR_NS = 60 * _MINUTE_NS


def _rhythm(days: int, hours: range, *, until: float | None = None, weekend: bool = False) -> Rhythm:
    """Fifty records in each of these hours, of weekdays alone or of all days; nothing from `until` (in hours) on."""
    told = [
        day * 24 + hour
        for day in range(days)
        for hour in hours
        if (weekend or day % 7 < 5) and (until is None or day * 24 + hour < until)
    ]
    first = MONDAY_NS + np.array(told, dtype=np.int64) * _HOUR_NS
    return Rhythm.of(first, first + _HOUR_NS - 1, np.full(len(told), 50.0))


def _judged(rhythm: Rhythm, hour: float) -> Silence | None:
    """The silence from the last sign up to an hour."""
    return rhythm.judge(int(rhythm.last_ns[-1]), MONDAY_NS + round(hour * _HOUR_NS))


@pytest.mark.parametrize("day", range(14, 20))
@pytest.mark.parametrize("hour", [0.5, 3, 5.9])
def test_nights_of_known_weeks_are_quiet(day: int, hour: float) -> None:
    rhythm = _rhythm(day, range(6, 20))

    assert _judged(rhythm, day * 24 + hour) is None


def test_a_whole_weekend_is_quiet_and_the_monday_after_it_is_not() -> None:
    rhythm = _rhythm(14, range(6, 20))

    assert [_judged(rhythm, 12 * 24 + hour) for hour in range(0, 54, 3)] == [None] * 18
    late = _judged(rhythm, 14 * 24 + 11)
    assert late is not None
    assert late.is_sure
    assert late.start_ns == rhythm.last_ns[-1]


def test_a_system_that_never_sleeps_is_told_after_an_hour() -> None:
    rhythm = _rhythm(10, range(24), until=8 * 24 + 3, weekend=True)

    assert _judged(rhythm, 8 * 24 + 3.9) is None
    found = _judged(rhythm, 8 * 24 + 4.5)
    assert found is not None
    assert found.is_sure
    assert found.expected == pytest.approx(75, abs=1)


def test_of_a_week_that_is_not_known_a_weekend_is_never_sure() -> None:
    rhythm = _rhythm(5, range(24))

    found = [_judged(rhythm, hour) for hour in range(121, 160)]

    assert not any(one.is_sure for one in found if one is not None)


def test_a_store_of_less_than_a_day_is_never_sure() -> None:
    found = _judged(_rhythm(1, range(8), weekend=True), 12)

    assert found is not None
    assert not found.is_sure


def test_stretches_that_overlap_are_one_and_gaps_are_told_with_the_open_one() -> None:
    minutes = np.array([0, 5, 200, 100], dtype=np.int64) * _MINUTE_NS
    rhythm = Rhythm.of(minutes, minutes + 10 * _MINUTE_NS, np.ones(4))

    assert len(rhythm.first_ns) == 3
    gaps = rhythm.silences(0, 300 * _MINUTE_NS)
    assert [(begin // _MINUTE_NS, end // _MINUTE_NS) for begin, end in gaps] == [(15, 100), (110, 200), (210, 300)]
