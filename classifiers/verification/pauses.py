"""Pauses between failures: how long one may last though nothing was mended, told from those that were seen.

Failures of one burst are one event: pauses within bursts say nothing of how long it stays away. The longest pauses are
taken apart until what they exceed the shorter ones by looks memoryless, or too few are left. How long the next one may
last is an average over courses that explain them: steady, regular, and heavy-tailed ones, each at any scale, so that a
few pauses promise little and many regular ones much (gamma-Poisson is the steady one of them).
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

__all__ = ["Pauses", "find_pauses"]

_FEW = 6  # pauses, of which the spread says little
_JUMP = 6.0  # from one of few pauses to the next longer one, that parts those within bursts from those between
_LESS = 0.8  # of the pauses are kept at each step
_SPREAD = 2.0  # standard errors that their spread may exceed that of memoryless ones
_AHEAD = 1.0  # share of short ones beyond that of memoryless ones, times the root of their number (Lilliefors)
_SCALES = 96  # tried for each course
_WIDER = 100.0  # ... from the shortest to the longest pause, and so much beyond both
# shapes or tail indices with their priors: steady, bursty by themselves, regular; without any typical scale
_WEIBULL = ((1.0, 0.57), (0.35, 0.02), (0.5, 0.04), (0.7, 0.1), (1.5, 0.07), (3.0, 0.04), (8.0, 0.03), (25.0, 0.03))
_LOMAX = ((0.8, 0.02), (1.2, 0.04), (2.0, 0.04))
_CELLS = 64
_SLIGHT = 1e-3
_FOUND = 200  # steps in which a pause that is long enough is narrowed down


class Pauses(Struct, frozen=True):
    """The pauses between the bursts of one failure, on a clock of attempts or of time.

    `bursts` are parted by pauses longer than `within`; `excesses` tell by how much each exceeded that.
    """

    bursts: int
    within: float
    excesses: NDArray[np.float64]
    longest: float
    _scales: NDArray[np.float64]
    _weights: NDArray[np.float64]  # a row for each course, a column for each scale

    def lasts(self, long: float, *, already: float = 0.0) -> float:
        """How likely a pause lasts so long with nothing mended, given that it had lasted `already`."""
        return min(1.0, self._beyond(long) / max(self._beyond(already), 1e-300))

    def needed(self, level: float, *, already: float = 0.0) -> float:
        """How long a pause must last to be that unlikely; inf where no length tells."""
        low, high = already, max(already, self.within, self.longest, 1e-9)
        for _ in range(_FOUND):
            if self.lasts(high, already=already) <= level:
                break
            low, high = high, 2 * high
        else:
            return float("inf")
        for _ in range(_FOUND):
            middle = (low + high) / 2
            low, high = (low, middle) if self.lasts(middle, already=already) <= level else (middle, high)
            if high - low <= 1e-3 * high:  # a thousandth is as exact as anybody needs
                break
        return high

    def _beyond(self, long: float) -> float:
        excess = max(long - self.within, 0.0)
        return float((self._weights * np.exp(_survivals(excess, self._scales))).sum())


def find_pauses(at: NDArray[np.float64], *, before: float | None = None) -> Pauses | None:
    """The pauses between failures at these sorted places of a clock; None of fewer than two bursts.

    before: how much had passed without any failure before the first one, where that belongs to the same course.
    """
    gaps = np.sort(np.diff(at))[::-1]
    gaps = gaps[gaps > 0]
    if not gaps.size:
        return None
    many = _apart(gaps)
    within = float(gaps[many]) if many < gaps.size else 0.0
    excesses = np.maximum(gaps[:many] - within, 1e-9 * gaps[0])
    scales = np.geomspace(max(excesses.min(), 1e-6 * gaps[0]) / _WIDER, gaps[0] * _WIDER, _SCALES)
    told = _likelihoods(excesses, scales)
    if before is not None and before > within:
        told = told + _survivals(before - within, scales)
    told = told + np.log(_priors())[:, None]
    weights = np.exp(told - told.max())
    return Pauses(many + 1, within, excesses, float(gaps[0]), scales, weights / weights.sum())


def _apart(gaps: NDArray[np.float64]) -> int:
    """How many of the longest pauses lie between bursts: all of them, or those whose excess looks memoryless."""
    many = int(gaps.size)
    while many > _FEW:
        excesses = gaps[:many] - (gaps[many] if many < gaps.size else 0.0)
        if not _is_clumped(excesses[::-1]):
            break
        many = max(_FEW, min(many - 1, int(_LESS * many)))
    if many == gaps.size > _FEW:
        return many
    jumps = (
        gaps[: many - 1] / gaps[1:many]
    )  # a few of those within bursts may be left: a jump parts them from the others
    return int(np.argmax(jumps)) + 1 if jumps.size and jumps.max() >= _JUMP else many


def _is_clumped(rising: NDArray[np.float64]) -> bool:
    """Whether far more of them are short than of memoryless ones of the same mean, or their spread is far larger."""
    many, mean = rising.size, float(rising.mean())
    if mean <= 0:
        return False
    # the squared coefficient of variation of memoryless pauses is 1, give or take sqrt(8 / many)
    if float(rising.var()) / mean**2 > 1 + _SPREAD * np.sqrt(8 / many):
        return True
    short = rising[rising <= mean / 2]
    ahead = (np.arange(short.size) + 1) / many + np.expm1(-short / mean)
    return bool(short.size and ahead.max() > _AHEAD / np.sqrt(many))


def _priors() -> NDArray[np.float64]:
    return np.array([prior for _, prior in (*_WEIBULL, *_LOMAX)])


def _survivals(excess: float, scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-probability of more than this excess, a row for each course."""
    part = excess / scales
    with np.errstate(over="ignore"):  # years in scales of milliseconds: no regular course lasts that long
        weibull = [-(part**shape) for shape, _ in _WEIBULL]
    lomax = [-tail * np.log1p(part) for tail, _ in _LOMAX]
    return np.array([*weibull, *lomax])


def _likelihoods(excesses: NDArray[np.float64], scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-likelihood of all excesses, a row for each course."""
    many, logs, wide = excesses.size, float(np.log(excesses).sum()), np.log(scales)
    top = float(excesses.max())
    weibull = [
        many * np.log(shape)
        - many * shape * wide
        + (shape - 1) * logs
        - float(((excesses / top) ** shape).sum()) * (top / scales) ** shape
        for shape, _ in _WEIBULL
    ]
    if many > _CELLS:  # many are told as well by how many are as long
        told = np.log(excesses)
        counts, edges = np.histogram(told, _CELLS, (float(told.min()) - _SLIGHT, float(told.max()) + _SLIGHT))
        values, weights = np.exp((edges[1:] + edges[:-1]) / 2), counts.astype(np.float64)
    else:
        values, weights = excesses, np.ones(many)
    beyond = (np.log1p(values[:, None] / scales) * weights[:, None]).sum(axis=0)
    lomax = [many * (np.log(tail) - wide) - (tail + 1) * beyond for tail, _ in _LOMAX]
    return np.array([*weibull, *lomax])
