"""Shifts: a change of a distribution is found where it is, chance and too few requests are none."""

import numpy as np
import pytest

from classifiers.latency_effect import PER_OCTAVE
from classifiers.latency_shift import Counted, best_shift, find_shift, least_gain

_BINS = 100


def _counted(times_ms: np.ndarray, bins: np.ndarray, revision: np.ndarray | None = None) -> Counted:
    many = len(times_ms)
    bucket = np.floor(np.log2(times_ms * 1e6) * PER_OCTAVE).astype(np.int64)
    own = np.zeros(many, dtype=np.int64) if revision is None else revision
    return Counted(own, np.zeros(many, dtype=np.int64), bins, bucket, np.ones(many), _BINS)


def _quiet(seed: int, many: int = 1500) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng, rng.lognormal(np.log(50), 0.4, many), np.sort(rng.integers(0, _BINS, many))


def test_operation_that_doubles_is_slower_from_that_bin_on() -> None:
    _, times, bins = _quiet(1)

    shift = find_shift(_counted(np.where(bins >= 60, 2 * times, times), bins))

    assert shift is not None
    assert shift.gain > least_gain(50)
    assert (abs(shift.first - 60) <= 1, shift.last, shift.revision) == (True, _BINS - 1, None)


def test_one_slow_request_in_ten_is_a_shift() -> None:
    rng, times, bins = _quiet(2)
    slow = (bins >= 50) & (rng.random(len(bins)) < 0.1)

    shift = find_shift(_counted(np.where(slow, 10 * times, times), bins))

    assert shift is not None
    assert shift.gain > least_gain(50)
    assert abs(shift.first - 50) <= 3


def test_slow_revision_beside_a_good_one_is_named() -> None:
    rng, times, bins = _quiet(3)
    revision = ((bins >= 40) & (rng.random(len(bins)) < 0.2)).astype(np.int64)

    shift = find_shift(_counted(np.where(revision == 1, 3 * times, times), bins, revision))

    assert shift is not None
    assert shift.revision == 1


def test_slow_hours_that_are_over_end() -> None:
    _, times, bins = _quiet(4)

    shift = find_shift(_counted(np.where((bins >= 30) & (bins < 50), 4 * times, times), bins))

    assert shift is not None
    assert (shift.first, shift.last) == (30, 49)


def test_slow_start_that_got_better_is_no_shift() -> None:
    _, times, bins = _quiet(5)

    shift = find_shift(_counted(np.where(bins < 30, 4 * times, times), bins))

    assert shift is None or shift.gain < least_gain(50)


@pytest.mark.parametrize("seed", range(40))
def test_chance_stays_below_the_least_gain(seed: int) -> None:
    _, times, bins = _quiet(100 + seed, 600)

    shift = find_shift(_counted(times, bins))

    assert shift is None or shift.gain < least_gain(50)


@pytest.mark.parametrize("seed", range(20))
def test_operation_that_wanders_by_itself_stays_below_the_least_gain(seed: int) -> None:
    rng, times, bins = _quiet(200 + seed)
    wander = np.exp(rng.normal(0, 0.25, _BINS))

    shift = find_shift(_counted(times * wander[bins], bins))

    assert shift is None or shift.gain < least_gain(50)


def test_few_requests_are_no_shift() -> None:
    assert find_shift(_counted(np.array([50.0] * 10 + [500.0] * 10), np.arange(20))) is None


@pytest.mark.parametrize("seed", range(30))
def test_what_wins_too_little_is_left_out_and_nothing_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    asked = rng.poisson(20, (3, 40)) * (rng.random((3, 40)) < 0.7).astype(float)
    shares = np.where(np.arange(40) < 25, 0.2, 0.2 + 0.1 * rng.random())
    slow = np.stack([rng.binomial(asked.astype(int), shares * factor) for factor in (1, 0.5)]).astype(float)

    best = best_shift(asked, slow, least=1e-9)  # every stretch can win so little

    for least in (0.5, 2.0, least_gain(1), least_gain(100)):
        assert best_shift(asked, slow, least=least) == (best if best is not None and best.gain >= least else None)
