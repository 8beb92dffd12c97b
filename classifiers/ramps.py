"""Ramps: what breaks slowly. A leak, a queue that fills, a cache that goes stale fails the more, the older it is.

Every explanation in rivals.py parts the exposure in two and lets each side fail at one rate. Here the rate of the
failing side may grow with a power of the time since its beginning instead. The exposure is weighed by that power, its
sum kept as it was: then only the places of the failures tell the shapes apart, in closed form.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.rivals import Candidate, Split, moment_gain

__all__ = ["outside_ramp", "slow_gain"]

_SLOW = 0.15  # of what breaks, what breaks the more, the longer it runs
_POWERS = (0.5, 1.0, 2.0, 3.0)  # of the time since it began; alike likely
_FEW = 5  # failures, below which no shape is told
_CELLS = 192  # of the time up to the last failure: something from outside may have begun to grow in each


def slow_gain(case: Case, candidate: Candidate, split: Split) -> float:
    """Log-likelihood won if what the split blames may have failed the more, the longer ago it began to serve."""
    blamed = np.isin(np.array(candidate.labels, dtype=object), split.revisions)
    if blamed.sum() < _FEW:
        return 0.0
    line = case.held.timeline
    exposed = candidate.exposed(case, split.revisions)
    ages = (line.start_ns + (np.arange(line.bins) + 0.5) * line.bin_ns - candidate.served_ns) / line.bin_ns
    exposed = np.where(ages > 0, exposed, 0.0)
    if not exposed.any():
        return 0.0
    logs = np.log(np.maximum(ages, 0.5))
    whole, told = float(exposed.sum()), float(logs[case.bins[blamed]].sum())
    gains = [
        (power * told - blamed.sum() * math.log(float((exposed * np.exp(power * logs)).sum()) / whole))
        for power in _POWERS
    ]  # fmt: skip
    shapes = np.array(gains) / case.fit.dispersion + math.log(_SLOW / len(_POWERS))
    return float(np.logaddexp.reduce([*shapes, math.log(1 - _SLOW)]))


def outside_ramp(case: Case, per_minute: float) -> float:
    """Log of prior times likelihood of something outside that has grown since some moment, over all such moments.

    `per_minute` is the prior of one beginning. Where fewer failed than tell a shape: minus infinity.
    """
    if case.units < _FEW:
        return -math.inf
    line, last = case.held.timeline, int(case.bins[-1]) + 1
    cells = min(_CELLS, last)
    place = np.arange(line.bins) * cells // last
    exposed = np.bincount(place[:last], case.held.total[:last], minlength=cells)
    failed = np.bincount(place[case.bins], minlength=cells).astype(float)
    behind = np.maximum(exposed[::-1].cumsum()[::-1], 1e-9)
    left = failed[::-1].cumsum()[::-1]
    logs, powers = _ages(cells)
    told = logs @ failed
    gains = np.array([
        power * told - left * np.log(np.maximum(ages @ exposed / behind, 1e-9))
        for power, ages in zip(_POWERS, powers, strict=True)
    ])  # fmt: skip
    shapes = np.logaddexp.reduce(gains / case.fit.dispersion, axis=0)
    prior = np.full(line.bins, -np.inf)
    begun = np.searchsorted(place[:last], np.arange(cells))
    width = last / cells * line.bin_minutes * per_minute
    prior[begun] = shapes + math.log(width * _SLOW / len(_POWERS))
    return moment_gain(case, prior)[0]


@cache
def _ages(cells: int) -> tuple[NDArray[np.float64], tuple[NDArray[np.float64], ...]]:
    """For each cell to begin with, the log of the age of each cell, and its powers; 0 before it."""
    ages = np.arange(cells)[None, :] - np.arange(cells)[:, None] + 0.5
    is_after = ages > 0
    logs = np.log(np.where(is_after, ages, 1.0))
    return logs, tuple(np.where(is_after, np.exp(power * logs), 0.0) for power in _POWERS)
