"""Ramps: what breaks slowly. A leak, a queue that fills, a cache that goes stale fails the more, the older it is.

Every explanation in rivals.py parts the exposure in two and lets each side fail at one rate. Here the rate of the
failing side may grow with the time since its beginning instead: by a power of it, or evenly up to some age and no
further. Its mean is kept as it was: then only the places of the failures tell the shapes apart.
"""

import math
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.exposure import Timeline
from classifiers.rivals import Candidate, Split, moment_gain

__all__ = ["outside_ramp", "slow_gain"]

_SLOW = 0.15  # of what breaks, what breaks the more, the longer it runs
_POWERS = (0.5, 1.0, 2.0, 3.0)  # of the time since it began
_GROWN_MIN = (120.0, 360.0, 720.0)  # ... or age from which it grows no more; all shapes alike likely
_SHAPES = len(_POWERS) + len(_GROWN_MIN)
_FEW = 5  # failures, below which no shape is told
_CELLS = 192  # of the time up to the last failure: something from outside may have begun to grow in each
_MOST = 0.98  # share of requests that a shape lets fail at most: some always come through
_RARE = 0.1  # mean share of requests that fail, up to which a Poisson count is near enough


def slow_gain(case: Case, candidate: Candidate, split: Split) -> float:
    """Log-likelihood won if what the split blames may have failed the more, the longer ago it began to serve."""
    wanted = set(split.revisions)
    blamed = [place for place, name in enumerate(candidate.labels) if name in wanted]
    if len(blamed) < _FEW:
        return 0.0
    line = case.held.timeline
    first, weights = _since(line, candidate.served_ns)
    exposed = candidate.exposed(case, split.revisions)
    exposed[:first] = 0.0
    if not exposed.any():
        return 0.0
    bears, failed = np.unique(case.bins[blamed], return_counts=True)
    exposed[bears] = np.maximum(exposed[bears], 1e-9)
    gains = (_common_gains if _is_common(case) else _rare_gains)(bears, failed.astype(float), exposed, weights)
    shapes = gains / case.fit.dispersion + math.log(_SLOW / _SHAPES)
    return float(np.logaddexp.reduce([*shapes, math.log(1 - _SLOW)]))


@lru_cache(maxsize=192)  # a quarter of a megabyte each; most cases ask for the same revisions again
def _since(line: Timeline, served_ns: int) -> tuple[int, NDArray[np.float64]]:
    """The first bin after a revision began to serve, and for each bin the weights of all shapes."""
    ages = (line.start_ns + (np.arange(line.bins) + 0.5) * line.bin_ns - served_ns) / line.bin_ns
    old = np.maximum(ages, 0.5)
    grown = (np.minimum(old * line.bin_minutes / longest, 1.0) for longest in _GROWN_MIN)
    weights = np.column_stack([*(old**power for power in _POWERS), *grown])
    return int(np.searchsorted(ages, 0.0, "right")), weights


def _rare_gains(
    bears: NDArray[np.int64], failed: NDArray[np.float64], exposed: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """For each shape the log-likelihood won over one rate, if the rate is proportional to its weights.

    bears: the bins with failures, `failed` how many. weights: those of all shapes, a row for each bin.
    """
    many = float(failed.sum())
    asked = exposed > 0
    since = int(asked.argmax())
    weighed = np.einsum("bs,b->s", weights[since:], exposed[since:])  # in a fifth of the time of a product and its sum
    mean = max(many / max(float(exposed[asked].sum()), 1e-9), 1e-12)
    scale = np.maximum(many / np.maximum(weighed, 1e-9), 1e-12)
    logs = np.log(np.maximum(weights[bears], 1e-12))
    found: NDArray[np.float64] = (failed[:, None] * logs).sum(axis=0) + many * np.log(scale / mean)
    return found


def _common_gains(
    bears: NDArray[np.int64], failed: NDArray[np.float64], exposed: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The same where so many fail that a request fails at most once counts."""
    used = np.flatnonzero(exposed)
    spread = np.zeros_like(exposed)
    spread[bears] = failed
    return _share_gains(spread[used], exposed[used], weights[used].T)


def _share_gains(
    failed: NDArray[np.float64], exposed: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Of each row of weights the log-likelihood won, if shares fail; failures and exposure of all rows, or of each."""
    many, whole = np.atleast_1d(failed.sum(axis=-1)), np.atleast_1d(exposed.sum(axis=-1))
    scale = many / np.maximum((weights * exposed).sum(axis=-1), 1e-9)
    mean = np.maximum(many / np.maximum(whole, 1e-9), 1e-12)
    high = np.minimum(weights * scale[..., None], _MOST)
    flat = np.minimum(mean, _MOST)[..., None]
    left = np.maximum(exposed - failed, 0.0)
    shares = failed * (np.log(np.maximum(high, 1e-12)) - np.log(flat))
    told: NDArray[np.float64] = (shares + left * (np.log1p(-high) - np.log1p(-flat))).sum(axis=-1)
    return told


def _is_common(case: Case) -> bool:
    """So many of the requests fail since the onset that none fails twice."""
    return case.is_counted and (case.fit.rate_after or 0.0) > _RARE


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
    width = last / cells * line.bin_minutes
    gains = _begun(case, failed, exposed.astype(np.float64), width)
    shapes = np.logaddexp.reduce(gains / case.fit.dispersion, axis=0)
    prior = np.full(line.bins, -np.inf)
    begun = np.searchsorted(place[:last], np.arange(cells))
    prior[begun] = shapes + math.log(width * per_minute * _SLOW / _SHAPES)
    return moment_gain(case, prior)[0]


def _begun(case: Case, failed: NDArray[np.float64], exposed: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """The gain of each shape, a row, if it began with each cell; `width` of a cell in minutes."""
    cells = len(failed)
    ages, is_after = _ages(cells)
    grown = [np.where(is_after, np.minimum(ages * width / longest, 1.0), 0.0) for longest in _GROWN_MIN]
    if _is_common(case):
        since_failed, since_exposed = np.where(is_after, failed, 0.0), np.where(is_after, exposed, 0.0)
        return np.array([_share_gains(since_failed, since_exposed, one) for one in (*_powers(cells), *grown)])
    left = failed[::-1].cumsum()[::-1]
    behind = np.maximum(exposed[::-1].cumsum()[::-1], 1e-9)
    told = [power * (_logs(cells) @ failed) for power in _POWERS]
    told += [np.log(np.where(is_after, one, 1.0)) @ failed for one in grown]
    means = [np.log(np.maximum(one @ exposed / behind, 1e-9)) for one in (*_powers(cells), *grown)]
    gains: NDArray[np.float64] = np.array(told) - left * np.array(means)
    return gains


@cache
def _logs(cells: int) -> NDArray[np.float64]:
    """Logs of the ages, 0 before each cell."""
    ages, is_after = _ages(cells)
    return np.where(is_after, np.log(ages), 0.0)


@cache
def _ages(cells: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """For each cell to begin with, the age of each cell, and whether it comes after."""
    ages = np.arange(cells)[None, :] - np.arange(cells)[:, None] + 0.5
    return np.maximum(ages, 0.5), ages > 0


@cache
def _powers(cells: int) -> tuple[NDArray[np.float64], ...]:
    ages, is_after = _ages(cells)
    return tuple(np.where(is_after, ages**power, 0.0) for power in _POWERS)
