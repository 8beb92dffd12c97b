import math

from classifiers.cases import Case
from classifiers.clock import clock_rival
from tests.support.cases import case, grid

MINUTES = 48 * 60


def failing(first_h: int, last_h: int, *, days: range) -> Case:
    """Two days of requests each minute, of which every tenth fails between two hours."""
    minutes = [day * 1440 + minute for day in days for minute in range(first_h * 60, last_h * 60, 10)]
    return case(grid(minutes=MINUTES, old=1.0), [(minute + 0.5, "old") for minute in minutes])


def test_what_comes_in_the_same_hours_of_two_days_comes_by_the_clock() -> None:
    rival = clock_rival(failing(8, 17, days=range(2)))

    assert rival is not None
    assert rival.statement == "it comes between 08:00 and 17:00 UTC, whoever serves then"
    assert rival.evidence[0].statement == "it came between 08:00 and 17:00 UTC on 2 days"
    assert rival.log_weight > math.log(0.03) + 20


def test_hours_of_one_day_are_no_clock() -> None:
    assert clock_rival(failing(8, 17, days=range(1))) is None


def test_what_fails_at_all_hours_since_the_second_day_is_not_of_some_hours() -> None:
    rival = clock_rival(failing(0, 24, days=range(1, 2)))

    assert rival is None or rival.log_weight < 0
