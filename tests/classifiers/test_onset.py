from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.config import OnsetConfig
from classifiers.exposure import Grid, Timeline
from classifiers.onset import Fit, find_onset

MINUTE_NS = 60_000_000_000
HOUR_NS = 60 * MINUTE_NS


def fit(times_min: Sequence[float], per_minute: Sequence[float]) -> Fit:
    """The onset of failures at these minutes, with so many requests in each minute."""
    grid = Grid(Timeline.over(0, len(per_minute) * MINUTE_NS), "requests", {"r1": np.array(per_minute)})
    times = np.array(sorted(round(minute * MINUTE_NS) for minute in times_min), dtype=np.int64)
    return find_onset(times, grid, OnsetConfig())


def test_from_nothing_to_failures_is_an_onset_at_the_first_of_them() -> None:
    found = fit([100 + 2 * n for n in range(30)], [10.0] * 160)

    assert found.is_change
    assert found.at_ns == 100 * MINUTE_NS
    assert found.earliest_ns <= found.at_ns <= found.latest_ns
    assert (found.failures_before, found.failures_after) == (0, 30)
    assert found.rate_before == 0
    assert found.course == "ongoing"


def test_four_failures_are_enough_when_they_come_late() -> None:
    assert fit([194, 195, 197, 199], [10.0] * 200).is_change


def test_failures_spread_evenly_over_requests_are_no_onset() -> None:
    assert not fit([5 + 10 * n for n in range(20)], [10.0] * 200).is_change


def test_more_failures_because_of_more_requests_are_no_onset() -> None:
    quiet, busy = [5.0] * 100, [50.0] * 100
    failures = [10 * n + 5 for n in range(10)] + [100 + n + 0.5 for n in range(100)]

    assert not fit(failures, quiet + busy).is_change


def test_a_higher_rate_after_a_low_one_is_an_onset_and_a_return() -> None:
    found = fit([20 * n + 3 for n in range(5)] + [100 + n for n in range(100)], [10.0] * 200)

    assert found.is_change
    assert found.failures_before == pytest.approx(5, abs=1)
    assert found.course == "regressed"


def test_silence_under_traffic_means_resolved() -> None:
    found = fit([50 + n for n in range(30)], [10.0] * 200)

    assert found.course == "resolved"
    assert found.exposed_silent == pytest.approx(1210, abs=15)


def test_of_what_is_over_it_is_told_when_it_ended_at_the_latest() -> None:
    found = fit([50 + n for n in range(30)], [10.0] * 200)

    assert found.ended_earliest_ns == 79 * MINUTE_NS
    assert found.ended_latest_ns is not None
    assert 81 * MINUTE_NS < found.ended_latest_ns < 85 * MINUTE_NS  # about three more were due by then


def test_what_goes_on_has_no_end() -> None:
    found = fit([100 + 2 * n for n in range(30)], [10.0] * 160)

    assert (found.ended_earliest_ns, found.ended_latest_ns) == (None, None)


def test_rare_failures_may_have_begun_long_before_the_first_of_them() -> None:
    rare, dense = fit([1000, 1200, 1400, 1600], [10.0] * 1700), fit([1000 + n for n in range(400)], [10.0] * 1400)

    assert rare.at_ns == dense.at_ns == 1000 * MINUTE_NS
    assert rare.earliest_ns < 300 * MINUTE_NS
    assert dense.earliest_ns > 995 * MINUTE_NS


def test_a_short_pause_is_no_end_and_no_return() -> None:
    found = fit([100 + n / 10 for n in range(30)] + [108 + n / 10 for n in range(30)], [100.0] * 112)

    assert found.course == "ongoing"
    assert found.at_ns == 100 * MINUTE_NS


def test_silence_without_traffic_says_nothing() -> None:
    assert fit([50 + n for n in range(30)], [10.0] * 80 + [0.0] * 120).course == "ongoing"


def test_failures_that_stopped_and_came_back_have_their_onset_at_the_return() -> None:
    found = fit([60 + n for n in range(30)] + [300 + n for n in range(60)], [10.0] * 360)

    assert found.course == "regressed"
    assert found.at_ns == 300 * MINUTE_NS


def test_a_single_failure_has_an_onset_and_no_change() -> None:
    found = fit([7.5], [10.0] * 20)

    assert not found.is_change
    assert found.at_ns == round(7.5 * MINUTE_NS)


def test_without_any_exposure_nothing_is_claimed() -> None:
    found = fit([1, 2, 3, 4, 5], [0.0] * 10)

    assert not found.is_change
    assert found.rate_before is None


@given(
    st.lists(st.integers(0, 199 * 60), min_size=1, max_size=60),
    st.lists(st.sampled_from([0.0, 1.0, 20.0]), min_size=200, max_size=200),
)
@settings(max_examples=60, deadline=None)
def test_onset_lies_inside_its_interval_and_counts_add_up(seconds: list[int], per_minute: list[float]) -> None:
    found = fit([second / 60 for second in seconds], per_minute)

    assert found.earliest_ns <= found.at_ns <= found.latest_ns
    assert found.failures_before + found.failures_after == len(seconds)
    assert found.dispersion >= 1
    for rate in (found.rate_before, found.rate_after):
        assert rate is None or 0 <= rate <= 1


def test_of_shares_what_went_well_between_keeps_a_chance_failure_out_of_the_onset() -> None:
    grid = Grid(Timeline.over(0, 200 * MINUTE_NS), "requests", {"r1": np.full(200, 1.0)})
    minutes = [20, 50, 80, 95, *range(100, 200)]  # two slow ones by chance, then four good ones, then all
    times = np.array([round((one + 0.5) * MINUTE_NS) for one in minutes], dtype=np.int64)

    found = find_onset(times, grid, OnsetConfig(), is_share=True)

    assert found.at_ns == times[4]
    assert found.failures_before == 4
