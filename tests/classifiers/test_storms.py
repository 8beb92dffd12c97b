"""Bursts are told from a steady rate per request, and a period only where arrivals are regular."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.findings import Storm
from classifiers.storms import find_period, find_storm
from tests.support.cases import MINUTE_NS, case, grid

SEEDS = range(60)


def at(seconds: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    return np.sort((seconds * 1e9).astype(np.int64))


def rows_of(of: Case, *, lines: int = 1, instances: int = 1) -> pl.DataFrame:
    """A row of find_failures for each unit of a case."""
    many = of.units
    return pl.DataFrame(
        {
            "signature_id": ["s1"] * many,
            "instance": [f"i{number % instances}" for number in range(many)],
            "log": ["stderr"] * many,
            "trace": of.traces,
            "borrowed": [None] * many,
            "first_ns": of.times_ns,
            "occurrences": [lines] * many,
        },
        schema_overrides={"trace": pl.String, "borrowed": pl.String},
    )


def storm(
    minutes: NDArray[np.float64], *, per_minute: float = 20.0, lines: int = 1, instances: int = 1
) -> Storm | None:
    """Of failures at these minutes of four hours with as many requests a minute."""
    of = case(grid(a=per_minute), [(float(minute), "a") for minute in minutes])
    return find_storm(of, rows_of(of, lines=lines, instances=instances))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_arrivals_have_no_period(seed: int) -> None:
    chance = np.random.default_rng(seed)
    many = int(chance.integers(5, 400))
    scattered = np.cumsum(chance.exponential(20.0, many))
    retried = np.concatenate([scattered + 0.2 * turn for turn in range(3)])

    assert find_period(at(scattered)) is None
    assert find_period(at(retried)) is None


def test_random_arrivals_have_no_period_in_any_of_two_thousand_draws() -> None:
    chance = np.random.default_rng(5)

    told = sum(
        find_period(at(np.cumsum(chance.exponential(20.0, int(chance.integers(5, 60)))))) is not None
        for _ in range(2000)
    )

    assert told <= 4  # one in a thousand each, tried as they are and in bursts


@pytest.mark.parametrize("many", [6, 30, 800])
def test_a_steady_beat_has_its_period(many: int) -> None:
    period = find_period(at(np.arange(many) * 60.0))

    assert period == pytest.approx((60.0, 60.0))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_jittered_beat_has_the_range_of_its_intervals(seed: int) -> None:
    gaps = np.random.default_rng(seed).uniform(15.0, 30.0, 40)

    low, high = find_period(at(np.cumsum(gaps))) or (0.0, 0.0)

    assert 14.9 <= low <= 19.0
    assert 26.0 <= high <= 30.1


@pytest.mark.parametrize("seed", SEEDS)
def test_bursts_are_one_arrival_each_and_some_beats_may_be_missed(seed: int) -> None:
    chance = np.random.default_rng(seed)
    beats = np.cumsum(chance.uniform(18.0, 22.0, 40))[chance.random(40) > 0.1]
    bursts = np.concatenate([beats + chance.uniform(0, 1.5, len(beats)) for _ in range(4)])

    low, high = find_period(at(bursts)) or (0.0, 0.0)

    assert 14.0 <= low <= 20.0
    assert 20.0 <= high <= 26.0


def test_too_few_or_too_quick_arrivals_have_no_period() -> None:
    assert find_period(at(np.arange(4) * 20.0)) is None
    assert find_period(at(np.arange(50) * 0.01)) is None
    assert find_period(at(np.array([]))) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_a_steady_rate_is_no_storm_however_the_traffic_goes(seed: int) -> None:
    chance = np.random.default_rng(seed)
    requests = 20.0 + 180.0 * (np.arange(240) % 60 < 15)  # busy quarters of an hour
    failures = [
        (minute + float(part), "a")
        for minute, many in enumerate(chance.poisson(0.05 * requests))
        for part in chance.random(many)
    ]
    of = case(grid({"a": requests.tolist()}), failures)

    assert find_storm(of, rows_of(of)) is None


def test_bursts_are_told_with_their_peak_and_the_share_of_requests_that_failed() -> None:
    chance = np.random.default_rng(3)
    background = chance.uniform(10, 230, 12)
    bursts = [start + chance.random(36) * 2 for start in (40.0, 100.0, 170.0)]

    told = storm(np.concatenate([background, *bursts]))

    assert told is not None
    assert told.bursts == 3
    assert 100 <= told.units <= 112
    assert 16 <= told.peak_per_minute <= 36
    assert told.failed_share == pytest.approx(0.9, abs=0.1)
    assert told.first_ns == pytest.approx(40 * MINUTE_NS, abs=MINUTE_NS)
    assert told.last_ns == pytest.approx(172 * MINUTE_NS, abs=MINUTE_NS)


def test_one_short_episode_is_one_burst_and_one_that_goes_on_is_none() -> None:
    chance = np.random.default_rng(3)

    once = storm(100 + chance.random(60) * 5)
    ongoing = storm(100 + chance.random(900) * 140)

    assert once is not None
    assert (once.bursts, once.units, once.period_s) == (1, 60, None)
    assert ongoing is None


def test_a_retry_storm_fails_few_requests_with_many_lines() -> None:
    told = storm(np.random.default_rng(3).uniform(100, 240, 40), lines=25)

    assert told is not None
    assert (told.bursts, told.units, told.lines_per_unit) == (0, 40, 25.0)


def test_each_instance_may_have_its_own_rhythm() -> None:
    chance = np.random.default_rng(11)
    beats = [120 + offset + np.cumsum(chance.uniform(0.45, 0.55, 60)) for offset in (0.0, 0.13, 0.31, 0.4, 0.22)]
    order = np.argsort(np.concatenate(beats))
    owners = np.repeat(np.arange(5), 60)[order]
    of = case(grid(a=20.0), [(float(minute), "a") for minute in np.concatenate(beats)])
    rows = rows_of(of).with_columns(instance=pl.Series([f"i{owner}" for owner in owners]))

    told = find_storm(of, rows)

    assert told is not None
    assert told.is_per_instance
    assert told.period_s == pytest.approx((27.0, 33.0), abs=1.0)


def test_requests_count_not_their_lines() -> None:
    chance = np.random.default_rng(4)
    of = case(grid(a=20.0), [(float(minute), "a") for minute in 120 + np.cumsum(chance.uniform(0.25, 0.5, 40))])
    once = rows_of(of)
    again = once.with_columns(pl.col("first_ns") + (np.random.default_rng(5).random(40) * 9e9).astype(np.int64))

    told = find_storm(of, pl.concat([once, again]))

    assert told is not None
    assert told.period_s is not None
    assert 14.9 <= told.period_s[0] <= told.period_s[1] <= 30.1
