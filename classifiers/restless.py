"""Restlessness: failures whose rate wanders by itself, from hour to hour, without anybody's doing.

A queue that fills at noon, a partner that is slow at times, a suite that runs now and then: against one steady rate
each of their waves looks like a beginning. Here the rate of every hour is drawn anew around one mean (negative binomial
counts). A true beginning is told from it by its order: hours without before it, hours with ever after.
"""

import math

import numpy as np
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.exposure import Timeline
from classifiers.rivals import log_gamma

__all__ = ["restless_gain"]

_RESTLESS = 0.3  # of failures that nobody causes, those whose rate wanders
_SHAPES = (0.5, 1.0, 2.0, 5.0)  # of the rates of single hours about their mean: from wild to calm; alike likely
_HOUR_MIN = 60
_LEAST = 3  # hours with any exposure, below which nothing can be said to wander


def restless_gain(case: Case) -> float:
    """Log-likelihood won over one steady rate if it may as well wander from hour to hour; near 0 where it does not."""
    hours = _hours(case.held.timeline)
    counts = np.bincount(hours[case.bins], minlength=int(hours[-1]) + 1).astype(float)
    exposed = np.maximum(np.bincount(hours, case.held.total, minlength=len(counts)), counts)
    used = exposed > 0
    counts, exposed = counts[used], exposed[used]
    if len(counts) < _LEAST:
        return 0.0
    expected = exposed * (counts.sum() / exposed.sum())
    steady = float((counts * np.log(expected) - expected).sum())
    waves = np.array([_wave(counts, expected, shape) for shape in _SHAPES]) - steady
    gains = waves / case.fit.dispersion + math.log(_RESTLESS / len(_SHAPES))
    return float(np.logaddexp.reduce([*gains, math.log(1 - _RESTLESS)]))


def _hours(line: Timeline) -> NDArray[np.int64]:
    """The hour of each bin, or the bin itself where bins are longer."""
    found: NDArray[np.int64] = np.arange(line.bins) * line.bin_minutes // max(_HOUR_MIN, line.bin_minutes)
    return found


def _wave(counts: NDArray[np.float64], expected: NDArray[np.float64], shape: float) -> float:
    """Log-likelihood of counts whose rates are Gamma about their mean, without the factorials that all models share."""
    told = log_gamma(counts + shape) - math.lgamma(shape) + shape * np.log(shape / (shape + expected))
    return float((told + counts * np.log(expected / (shape + expected))).sum())
