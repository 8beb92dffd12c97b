"""Effects: like is compared with like, so that a change of who asks, of the hour or of the load is none."""

import numpy as np

from classifiers.latency_effect import PER_OCTAVE, Effect, effect_of, quantile_ns, slower_share
from classifiers.latency_shift import Counted, Shift

_BINS, _HOUR_NS = 48, 3_600_000_000_000
_MS = 1e6


def _counted(times_ms: np.ndarray, bins: np.ndarray, origin: np.ndarray | None = None) -> Counted:
    many = len(times_ms)
    bucket = np.floor(np.log2(times_ms * _MS) * PER_OCTAVE).astype(np.int64)
    own = np.zeros(many, dtype=np.int64) if origin is None else origin
    return Counted(np.zeros(many, dtype=np.int64), own, bins, bucket, np.ones(many), _BINS)


def _effect(counted: Counted, first: int, load: np.ndarray | None = None) -> Effect:
    asked = np.bincount(counted.bin, minlength=_BINS).astype(float) if load is None else load
    found = effect_of(counted, Shift(first, _BINS - 1, None, 99.0), load=asked, first_bin=0, bin_ns=_HOUR_NS)
    assert found is not None
    return found


def test_effect_is_the_ratio_of_the_quantiles() -> None:
    rng = np.random.default_rng(1)
    bins = rng.integers(0, _BINS, 4000)
    times = rng.lognormal(np.log(100), 0.4, 4000)

    effect = _effect(_counted(np.where(bins >= 24, 3 * times, times), bins), 24)

    assert 2.7 < effect.median_low < 3 < effect.median_high < 3.4
    assert 150 * _MS < effect.median_more_ns < 250 * _MS
    assert effect.slower > 0.95
    assert effect.matters(least_times=1.5, least_ns=20 * _MS)


def test_change_of_who_asks_is_no_effect() -> None:
    rng = np.random.default_rng(2)
    bins = rng.integers(0, _BINS, 4000)
    origin = (rng.random(4000) < np.where(bins >= 24, 0.9, 0.2)).astype(np.int64)
    times = rng.lognormal(np.log(100), 0.2, 4000) * np.where(origin == 1, 5, 1)

    effect = _effect(_counted(times, bins, origin), 24)

    assert 0.9 < effect.median_times < 1.1
    assert not effect.matters(least_times=1.5, least_ns=20 * _MS)


def test_hours_that_are_slow_every_day_are_no_effect() -> None:
    rng = np.random.default_rng(3)
    bins = rng.integers(0, _BINS, 4000)
    times = rng.lognormal(np.log(100), 0.2, 4000) * np.where(bins % 24 >= 18, 3, 1)

    effect = _effect(_counted(times, bins), 42)

    assert not effect.matters(least_times=1.5, least_ns=20 * _MS)


def test_hours_in_which_as_much_was_asked_are_compared() -> None:
    rng = np.random.default_rng(4)
    load = np.where(np.isin(np.arange(_BINS), [5, 6, 7, 40, 41, 42, 43, 44, 45, 46, 47]), 300, 40)
    bins = np.repeat(np.arange(_BINS), load)
    times = rng.lognormal(np.log(100), 0.2, len(bins)) * np.where(load[bins] > 100, 3, 1)

    effect = _effect(_counted(times, bins), 40, load.astype(float))

    assert not effect.matters(least_times=1.5, least_ns=20 * _MS)


def test_effect_too_small_to_notice_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    bins = rng.integers(0, _BINS, 4000)
    times = rng.lognormal(np.log(4), 0.2, 4000)

    effect = _effect(_counted(np.where(bins >= 24, 3 * times, times), bins), 24)

    assert not effect.matters(least_times=1.5, least_ns=20 * _MS)
    assert effect.matters(least_times=1.5, least_ns=5 * _MS)


def test_nothing_alike_before_tells_no_effect() -> None:
    bins = np.repeat([5, 30], 100)
    counted = _counted(np.full(200, 100.0), bins, np.repeat([0, 1], 100))

    assert effect_of(counted, Shift(30, 47, None, 9.0), load=np.ones(_BINS), first_bin=0, bin_ns=_HOUR_NS) is None


def test_quantile_lies_within_its_bucket() -> None:
    bucket = np.floor(np.log2(np.array([1e8, 1e8, 4e8, 4e8])) * PER_OCTAVE).astype(np.int64)

    assert 0.94e8 < quantile_ns(bucket, np.ones(4), 0.25) < 1.06e8
    assert 3.7e8 < quantile_ns(bucket, np.ones(4), 0.9) < 4.3e8


def test_ties_count_half() -> None:
    assert slower_share(np.array([0.0, 1.0]), np.array([1.0, 1.0])) == 0.75
