"""Shifts: since when, or with which revision, more requests of one operation are slow than before, on counts alone.

Of each operation it is counted how many requests took how long, per time bin. A shift is the stretch of bins, or the
revision, in which a larger share lies above some duration than in all the rest; of all of them the one that wins most
log-likelihood, tempered by how much the shares of single bins scatter anyhow. Every look is paid for: a stretch that
begins anywhere costs more than one that begins with a revision. Whether a shift matters, latency_effect.py says.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Counted", "Shift", "find_shift", "least_gain", "share_gains", "summed"]

_CUTS = (0.15, 0.3, 0.5, 0.75, 0.9, 0.95, 0.975)  # quantiles of all durations above which a request may count as slow
_LEAST = 12  # requests on either side, below which no distribution is known
_LEAST_SLOW = 8  # slow ones since
_FALSE = 0.01  # shifts found by chance in a report, at most


@dataclass(frozen=True)
class Counted:
    """Requests of one operation, an element a group of them: revision, origin, time bin, duration bucket, how many.

    Revisions and origins are places in lists of their names. `bins` is how many time bins there are.
    """

    revision: NDArray[np.int64]
    origin: NDArray[np.int64]
    bin: NDArray[np.int64]
    bucket: NDArray[np.int64]
    many: NDArray[np.float64]
    bins: int


@dataclass(frozen=True, slots=True)
class Shift:
    """Bins [first, last], of all revisions or (`revision` not None) of one, in which an operation was slower.

    `gain` is the log-likelihood won, less that of as many looks as could have found it.
    """

    first: int
    last: int
    revision: int | None
    gain: float

    def holds(self, counted: Counted) -> NDArray[np.bool_]:
        """Of each group whether it lies in the shift."""
        inside = (counted.bin >= self.first) & (counted.bin <= self.last)
        return inside if self.revision is None else inside & (counted.revision == self.revision)


def least_gain(operations: int) -> float:
    """What a shift must win: every duration of every operation above which one is slow was a look as well."""
    return math.log(len(_CUTS)) + math.log(max(operations, 1)) - math.log(_FALSE)


def find_shift(counted: Counted) -> Shift | None:
    """The best shift; None where nothing was asked enough before one and since."""
    best: Shift | None = None
    asked = summed(counted.bin, counted.many, counted.bins)
    codes = np.unique(counted.revision).tolist()
    began = sorted({int(counted.bin[counted.revision == code].min()) for code in codes})
    for cut in _cuts(counted):
        slow = np.where(counted.bucket > cut, counted.many, 0.0)
        slow_of = summed(counted.bin, slow, counted.bins)
        found = [_stretch(slow_of, asked, began)]
        found += [_of_revision(counted, slow, code, len(codes)) for code in codes]
        for one in found:
            if one is not None and (best is None or one.gain > best.gain):
                best = one
    return best


def summed(place: NDArray[np.int64], many: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """The sum of `many` at each of `size` places."""
    return np.bincount(place, many, size).astype(np.float64, copy=False)


def _cuts(counted: Counted) -> list[int]:
    order = np.argsort(counted.bucket, kind="stable")
    passed = np.cumsum(counted.many[order])
    places = np.searchsorted(passed, np.array(_CUTS) * passed[-1])
    return sorted(set(counted.bucket[order][places].tolist()))


def _stretch(slow: NDArray[np.float64], asked: NDArray[np.float64], began: Sequence[int]) -> Shift | None:
    """The best stretch of bins against all others; enough must have been asked before it. `began`: of revisions."""
    used = np.flatnonzero(asked > 0)
    slow, asked = slow[used], asked[used]
    slow_edge, asked_edge = (np.concatenate([[0.0], np.cumsum(one)]) for one in (slow, asked))
    first, last = np.triu_indices(len(used))
    inside, exposed = slow_edge[last + 1] - slow_edge[first], asked_edge[last + 1] - asked_edge[first]
    is_known = (asked_edge[first] >= _LEAST) & (exposed >= _LEAST) & (inside >= _LEAST_SLOW)
    if not is_known.any():
        return None
    first, last, inside, exposed = first[is_known], last[is_known], inside[is_known], exposed[is_known]
    before, asked_before = slow_edge[first], asked_edge[first]
    gains = np.minimum(  # worse than before it, whatever followed, and than all others together
        share_gains(inside, exposed, slow.sum(), asked.sum()),
        share_gains(inside, exposed, before + inside, asked_before + exposed),
    )
    anywhere = math.log(len(used))
    has_end = last < len(used) - 1  # one more freedom: what ends by chance a little early goes on
    looks = np.where(np.isin(used[first], began), min(math.log(len(began)), anywhere), anywhere) + has_end * anywhere
    place = int(np.argmax(gains - looks))
    is_in = np.zeros(len(used), dtype=bool)
    is_in[first[place] : last[place] + 1] = True
    gain = float(gains[place]) / _dispersion(slow, asked, is_in) - float(looks[place])
    return Shift(int(used[first[place]]), int(used[last[place]]), None, gain)


def _of_revision(counted: Counted, slow: NDArray[np.float64], code: int, codes: int) -> Shift | None:
    """One revision against the others before it and beside it, which must have been asked enough."""
    own = counted.revision == code
    first, last = int(counted.bin[own].min()), int(counted.bin[own].max())
    known = counted.bin <= last
    many, slow = np.where(known, counted.many, 0.0), np.where(known, slow, 0.0)
    exposed, failed = float(many[own].sum()), float(slow[own].sum())
    if exposed < _LEAST or float(many[~own].sum()) < _LEAST or failed < _LEAST_SLOW:
        return None
    gain = float(share_gains(np.array([failed]), np.array([exposed]), slow.sum(), many.sum())[0])
    cells = np.where(own, counted.bin + counted.bins, counted.bin)
    slow_of, asked = (summed(cells, one, 2 * counted.bins) for one in (slow, many))
    used = asked > 0
    is_in = (np.arange(2 * counted.bins) >= counted.bins)[used]
    return Shift(first, last, code, gain / _dispersion(slow_of[used], asked[used], is_in) - math.log(codes))


def share_gains(
    slow: NDArray[np.float64], asked: NDArray[np.float64], all_slow: NDArray[np.float64],
    all_asked: NDArray[np.float64],
) -> NDArray[np.float64]:  # fmt: skip
    """Log-likelihood won by a share of its own inside; minus infinity where that is not the higher one."""
    out_slow, out_asked = all_slow - slow, np.maximum(all_asked - asked, 1e-9)
    won: NDArray[np.float64] = _log(slow, asked) + _log(out_slow, out_asked) - _log(all_slow, all_asked)
    return np.where(slow * out_asked > out_slow * asked, won, -np.inf)


def _log(slow: NDArray[np.float64], asked: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-likelihood of a share at its best."""
    share = np.clip(slow / np.maximum(asked, 1e-9), 1e-12, 1 - 1e-12)
    told: NDArray[np.float64] = slow * np.log(share) + (asked - slow) * np.log1p(-share)
    return told


def _dispersion(slow: NDArray[np.float64], asked: NDArray[np.float64], is_in: NDArray[np.bool_]) -> float:
    """How much more the shares of single bins scatter than chance would have it, about one share on either side."""
    scatter, left = 0.0, 0
    for side in (is_in, ~is_in):
        counts, exposed = slow[side], asked[side]
        if len(counts) < 2:  # noqa: PLR2004 - one bin does not scatter
            continue
        share = float(counts.sum() / exposed.sum())
        due = np.maximum(exposed * share * (1 - share), 0.25)
        scatter += float(((counts - exposed * share) ** 2 / due).sum())
        left += len(counts) - 1
    return max(1.0, scatter / left) if left else 1.0
