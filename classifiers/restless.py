"""Restlessness: failures whose rate wanders by itself, from hour to hour, without anybody's doing.

A queue that fills at noon, a partner that is slow at times, a suite that runs now and then: against one steady rate
each of their waves looks like a beginning. Here the rate of every hour is drawn anew around one mean (beta-binomial
counts of requests and traces, negative binomial ones of minutes). A true beginning is told from it by its order: hours
without before it, hours with ever after.
"""

import math

import numpy as np
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.exposure import Timeline
from classifiers.rivals import log_beta, log_gamma

__all__ = ["restless_gain", "wander_gain"]

_RESTLESS = 0.3  # of failures that nobody causes, those whose rate wanders
_SHAPES = (0.5, 1.0, 2.0, 5.0)  # of the rates of single hours about their mean: from wild to calm; alike likely
_HOUR_MIN = 60
_LEAST = 3  # hours with any exposure, below which nothing can be said to wander


def restless_gain(case: Case) -> float:
    """Log-likelihood won over one steady rate if it may as well wander from hour to hour; near 0 where it does not."""
    return _gain(case, case.bins, case.held.total)


def wander_gain(case: Case) -> float:
    """The same of what failed since the onset alone: whatever brought it, it may wander as well. At least near 0."""
    first = case.fit.index
    begun = np.arange(case.held.timeline.bins) >= case.bins[first]
    return _gain(case, case.bins[first:], np.where(begun, case.held.total, 0.0))


def _gain(case: Case, bins: NDArray[np.int64], total: NDArray[np.float64]) -> float:
    hours = _hours(case.held.timeline)
    counts = np.bincount(hours[bins], minlength=int(hours[-1]) + 1).astype(float)
    exposed = np.maximum(np.bincount(hours, total, minlength=len(counts)), counts)
    used = exposed > 0
    counts, exposed = counts[used], exposed[used]
    if len(counts) < _LEAST or not counts.any():
        return 0.0
    mean = float(counts.sum() / exposed.sum())
    if case.is_counted:
        waves = np.array([_wave_of_shares(counts, exposed, mean, shape) for shape in _SHAPES])
    else:
        waves = np.array([_wave_of_rates(counts, exposed * mean, shape) for shape in _SHAPES])
    gains = waves / case.fit.dispersion + math.log(_RESTLESS / len(_SHAPES))
    return float(np.logaddexp.reduce([*gains, math.log(1 - _RESTLESS)]))


def _hours(line: Timeline) -> NDArray[np.int64]:
    """The hour of each bin, or the bin itself where bins are longer."""
    found: NDArray[np.int64] = np.arange(line.bins) * line.bin_minutes // max(_HOUR_MIN, line.bin_minutes)
    return found


def _wave_of_rates(counts: NDArray[np.float64], expected: NDArray[np.float64], shape: float) -> float:
    """Log-likelihood of counts won over one steady rate if their rates are Gamma about their mean."""
    steady = counts * np.log(expected) - expected  # without the factorials that both share
    told = log_gamma(counts + shape) - math.lgamma(shape) + shape * np.log(shape / (shape + expected))
    return float((told + counts * np.log(expected / (shape + expected)) - steady).sum())


def _wave_of_shares(counts: NDArray[np.float64], exposed: NDArray[np.float64], mean: float, shape: float) -> float:
    """The same of counts of which each fails at most once, if their shares are Beta about their mean."""
    if mean >= 1:
        return 0.0
    whole = shape / min(mean, 1 - mean)
    bad, good = np.full_like(counts, whole * mean), np.full_like(counts, whole * (1 - mean))
    steady = counts * math.log(mean) + (exposed - counts) * math.log(1 - mean)
    return float((log_beta(bad + counts, good + exposed - counts) - log_beta(bad, good) - steady).sum())
