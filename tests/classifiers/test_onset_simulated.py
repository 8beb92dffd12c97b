"""How well onsets hold on failures drawn at random: over few and many, rare and dense, by day and by night."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from classifiers.config import OnsetConfig
from classifiers.exposure import Grid, Timeline
from classifiers.onset import Fit, find_onset

MINUTE_NS = 60_000_000_000
DAY = 1440
MINUTES = 2 * DAY
SEEDS = 80
Shape = Callable[[NDArray[np.float64]], NDArray[np.float64]]  # minutes to a rate, but for its scale


def diurnal(rng: np.random.Generator) -> NDArray[np.float64]:
    """Requests of each minute: hardly any by night."""
    mean = rng.choice([0.5, 3.0, 20.0])
    wave = 1 + 0.9 * np.sin(2 * np.pi * np.arange(MINUTES) / DAY + rng.uniform(0, 2 * np.pi))
    asked: NDArray[np.float64] = rng.poisson(mean * wave).astype(np.float64)
    return asked


def fits(shape: Shape, failures: int, *, clumped: bool = False) -> Iterator[tuple[Fit, NDArray[np.int64]]]:
    """The onset, and the times, of about so many failures at rates of this shape; one for each seed."""
    for seed in range(SEEDS):
        rng = np.random.default_rng([seed, failures])
        asked = diurnal(rng)
        rate = shape(np.arange(MINUTES, dtype=np.float64))
        if clumped:  # half an hour of more, half an hour of less
            rate = rate * np.repeat(rng.gamma(1.0, 1.0, MINUTES // 30), 30)
        due = float((asked * rate).sum())
        failed = rng.binomial(asked.astype(int), np.clip(rate * failures / max(due, 1e-9), 0, 0.9))
        minutes = np.repeat(np.arange(MINUTES), failed)
        times = np.sort((minutes + rng.random(len(minutes))) * MINUTE_NS).astype(np.int64)
        if len(times) >= max(4, failures // 2):
            exposed = Grid(Timeline.over(0, MINUTES * MINUTE_NS), "requests", {"r1": asked})
            yield find_onset(times, exposed, OnsetConfig()), times


def between(first: float, last: float) -> Shape:
    return lambda minutes: ((minutes >= first) & (minutes < last)).astype(np.float64)


def share(told: list[bool]) -> float:
    assert len(told) > SEEDS / 4
    return sum(told) / len(told)


@pytest.mark.parametrize("failures", [4, 10, 40, 200])
def test_what_begins_from_nothing_began_inside_the_interval_and_at_its_first_failure(failures: int) -> None:
    began = 1800
    found = list(fits(between(began, MINUTES), failures))

    assert share([one.earliest_ns <= (began + 1) * MINUTE_NS and one.latest_ns >= began * MINUTE_NS
                  for one, _ in found]) >= 0.87  # fmt: skip
    assert share([one.at_ns == times[0] for one, times in found]) >= 0.9


@pytest.mark.parametrize("failures", [4, 40, 200])
def test_what_is_over_ended_inside_its_interval(failures: int) -> None:
    ended = 1300
    over = [one for one, _ in fits(between(700, ended), failures) if one.course == "resolved"]

    inside = [
        (one.ended_earliest_ns or 0) <= (ended + 1) * MINUTE_NS <= (one.ended_latest_ns or 0) + 2 * MINUTE_NS
        for one in over
    ]
    assert share(inside) >= 0.9


@pytest.mark.parametrize("failures", [40, 200])
def test_what_came_back_after_a_pause_is_dated_to_its_return(failures: int) -> None:
    def shape(minutes: NDArray[np.float64]) -> NDArray[np.float64]:
        return between(300, 600)(minutes) + between(2000, MINUTES)(minutes)

    found = list(fits(shape, failures))

    assert share([one.course == "regressed" for one, _ in found]) >= 0.9
    assert share([one.earliest_ns <= 2001 * MINUTE_NS <= one.latest_ns + 2 * MINUTE_NS for one, _ in found]) >= 0.85
    assert np.median([one.at_ns - one.earliest_ns for one, _ in found]) < 600 * MINUTE_NS  # not the whole pause


def test_what_grows_fivefold_is_found_where_it_grew() -> None:
    def shape(minutes: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1 + 4 * between(1800, MINUTES)(minutes)

    found = list(fits(shape, 200))

    assert share([one.is_change and one.course == "regressed" for one, _ in found]) >= 0.95
    assert share([one.earliest_ns <= 1801 * MINUTE_NS <= one.latest_ns + 2 * MINUTE_NS for one, _ in found]) >= 0.85


def test_what_grows_slowly_from_nothing_is_one_trouble_and_no_return() -> None:
    found = list(fits(lambda minutes: np.maximum(minutes - 1500, 0), 500))

    assert share([one.course == "ongoing" for one, _ in found]) >= 0.75
    assert share([one.at_ns == times[0] for one, times in found]) >= 0.75


@pytest.mark.parametrize("failures", [4, 40, 200])
def test_a_steady_rate_is_hardly_ever_called_a_change(failures: int) -> None:
    assert share([one.is_change for one, _ in fits(np.ones_like, failures)]) <= 0.06


def test_clumps_are_seldom_called_a_change() -> None:
    assert share([one.is_change for one, _ in fits(np.ones_like, 200, clumped=True)]) <= 0.25


@pytest.mark.parametrize("failures", [4, 10, 40])
def test_a_steady_rate_is_hardly_ever_called_over_or_back(failures: int) -> None:
    assert share([one.course != "ongoing" for one, _ in fits(np.ones_like, failures)]) <= 0.15
