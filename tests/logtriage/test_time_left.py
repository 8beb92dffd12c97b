"""The time that a pull still takes, with a quota that is met after the first minute's reads."""

import pytest

from logtriage.time_left import TimeLeft, seconds_of


class _Clock:
    def __init__(self) -> None:
        self.at_s = 100.0

    def __call__(self) -> float:
        return self.at_s


def test_the_quota_is_known_before_it_is_met() -> None:
    clock = _Clock()
    left = TimeLeft(60, clock)
    for _ in range(29):
        left.after(None)
    clock.at_s += 6

    told = left.after(0.05)  # 30 of 600 reads in 6 s: by speed alone 114 s

    assert told == pytest.approx(9 * 60 - 6)


def test_a_slow_server_takes_longer_than_the_quota() -> None:
    clock = _Clock()
    left = TimeLeft(60, clock)
    clock.at_s += 3

    assert left.after(0.01) == pytest.approx(297)


def test_without_a_quota_the_speed_tells() -> None:
    clock = _Clock()
    left = TimeLeft(None, clock)
    clock.at_s += 30

    assert left.after(0.25) == pytest.approx(90)


def test_nothing_is_told_where_no_share_is_known() -> None:
    assert TimeLeft(60).after(None) is None
    assert TimeLeft(60).after(0.0) is None


def test_what_is_over_takes_no_time() -> None:
    assert TimeLeft(60).after(1.0) == 0.0


def test_the_quota_lengthens_what_has_more_calls_than_a_minute() -> None:
    assert seconds_of(60, call_s=0.1, reads_per_min=60) == 6.0
    assert seconds_of(61, call_s=0.1, reads_per_min=60) == 60.0
    assert seconds_of(600, call_s=0.1, reads_per_min=60) == 540.0
    assert seconds_of(10, call_s=9.0, reads_per_min=60) == 90.0
