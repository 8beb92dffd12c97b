"""Shifts: since when, or with which revision, more requests of one operation are slow than before, on counts alone.

Of each operation it is counted how many requests took how long, per time bin. A shift is the stretch of bins, or the
revision, in which a larger share lies above some duration than in all the rest; of all of them the one that wins most
log-likelihood, tempered by how much the shares of single bins scatter anyhow. Every look is paid for: a stretch that
begins anywhere costs more than one that begins with a revision. Whether a shift matters, latency_effect.py says.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from collector.record_class import dataclass

__all__ = ["Counted", "Shift", "best_shift", "cuts_of", "find_shift", "least_gain", "share_gains", "summed"]

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
    revisions = int(counted.revision.max()) + 1
    cells = counted.revision * counted.bins + counted.bin
    first = int(counted.bucket.min())
    cuts = cuts_of(summed(counted.bucket - first, counted.many, int(counted.bucket.max()) - first + 1))
    asked, *slow = (
        summed(cells, many, revisions * counted.bins).reshape(revisions, -1)
        for many in (counted.many, *(np.where(counted.bucket - first > cut, counted.many, 0.0) for cut in cuts))
    )
    return best_shift(asked, slow)


def best_shift(asked: NDArray[np.float64], slow: Sequence[NDArray[np.float64]]) -> Shift | None:
    """find_shift of tables, a row a revision and a column a bin: what was asked, and what was slow by each cut."""
    present = np.flatnonzero(asked.any(axis=1)).tolist()
    began = sorted({int(np.flatnonzero(asked[code])[0]) for code in present})
    whole = _Whole.of(asked.sum(axis=0), began)
    of_revisions = [_of_revision(np.stack(slow), asked, code, len(present)) for code in present] if slow else []
    best: Shift | None = None
    for cut, own in enumerate(slow):
        for one in (_stretch(own.sum(axis=0), whole), *(found[cut] for found in of_revisions)):
            if one is not None and (best is None or one.gain > best.gain):
                best = one
    return best


def summed(place: NDArray[np.int64], many: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """The sum of `many` at each of `size` places."""
    return np.bincount(place, many, size).astype(np.float64, copy=False)


def cuts_of(many: NDArray[np.float64]) -> list[int]:
    """The buckets above which a request may count as slow, from how many requests lie in each bucket."""
    passed = np.cumsum(many)
    return sorted(set(np.searchsorted(passed, np.array(_CUTS) * passed[-1]).tolist()))


@dataclass(frozen=True)
class _Whole:
    """The stretches of bins that were asked enough, with what no choice of what is slow changes."""

    asked: NDArray[np.float64]
    used: NDArray[np.int64]
    edge: NDArray[np.float64]  # asked before each bin that is used
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    exposed: NDArray[np.float64]
    looks: NDArray[np.float64]

    @classmethod
    def of(cls, asked: NDArray[np.float64], began: Sequence[int]) -> "_Whole":
        """Of what was asked per bin; `began`: the first bins of revisions."""
        used = np.flatnonzero(asked > 0)
        edge = np.concatenate([[0.0], np.cumsum(asked[used])])
        first, last = np.triu_indices(len(used))
        exposed = edge[last + 1] - edge[first]
        is_known = (edge[first] >= _LEAST) & (exposed >= _LEAST)
        first, last, exposed = first[is_known], last[is_known], exposed[is_known]
        anywhere = math.log(len(used))
        has_end = last < len(used) - 1  # one more freedom: what ends by chance a little early goes on
        at_a_deploy = np.isin(used, began)[first]
        looks = np.where(at_a_deploy, min(math.log(len(began)), anywhere), anywhere) + has_end * anywhere
        return cls(asked[used], used, edge, first, last, exposed, looks)


def _stretch(slow: NDArray[np.float64], whole: _Whole) -> Shift | None:
    """The best stretch of bins against all others; enough must have been asked before it."""
    used, asked = whole.used, whole.asked
    slow = slow[used]
    edge = np.concatenate([[0.0], np.cumsum(slow)])
    inside = edge[whole.last + 1] - edge[whole.first]
    is_known = inside >= _LEAST_SLOW
    if not is_known.any():
        return None
    first, last, inside, exposed = (one[is_known] for one in (whole.first, whole.last, inside, whole.exposed))
    gains = _stretch_gains(edge, whole.edge, (first, last), inside, exposed)
    looks = whole.looks[is_known]
    place = int(np.argmax(gains - looks))
    is_in = np.zeros(len(used), dtype=bool)
    is_in[first[place] : last[place] + 1] = True
    gain = float(gains[place]) / float(_dispersion(slow[None], asked, is_in)[0]) - float(looks[place])
    return Shift(int(used[first[place]]), int(used[last[place]]), None, gain)


def _stretch_gains(
    slow: NDArray[np.float64], asked: NDArray[np.float64], ends: tuple[NDArray[np.int64], NDArray[np.int64]],
    inside: NDArray[np.float64], exposed: NDArray[np.float64],
) -> NDArray[np.float64]:  # fmt: skip
    """What stretches win: worse than before them, whatever followed, and than all others together.

    `slow` and `asked`: before each bin, with the sum of all as last. What is said of one end alone is reckoned once for
    each bin: there are a hundred times as many stretches.
    """
    first, last = ends
    before, asked_before = slow[first], np.maximum(asked[first], 1e-9)
    others, asked_others = slow[-1] - inside, np.maximum(asked[-1] - exposed, 1e-9)
    is_worse = (inside * asked_others > others * exposed) & (inside * asked_before > before * exposed)
    gains = np.full(len(first), -np.inf)
    first, last, inside, exposed, others, asked_others = (  # logs are what takes time
        one[is_worse] for one in (first, last, inside, exposed, others, asked_others)
    )
    own, until = _log(inside, exposed), _log(slow, asked)
    than_before = own + until[first] - until[last + 1]
    than_others = own + _log(others, asked_others) - until[-1]
    gains[is_worse] = np.minimum(than_others, than_before)
    return gains


def _of_revision(
    slow: NDArray[np.float64], asked: NDArray[np.float64], code: int, codes: int
) -> list[Shift | None]:  # fmt: skip
    """One revision against the others before it and beside it, which must have been asked enough: by each cut.

    `slow`: a table for each cut; what was asked is the same for all of them.
    """
    places = np.flatnonzero(asked[code])
    first, last = int(places[0]), int(places[-1])
    own_slow, own_asked = slow[:, code, : last + 1], asked[code, : last + 1]
    asked_of = np.concatenate([asked[:, : last + 1].sum(axis=0) - own_asked, own_asked])
    exposed, failed, many = float(own_asked.sum()), own_slow.sum(axis=-1), float(asked_of.sum())
    is_known = failed >= _LEAST_SLOW
    if exposed < _LEAST or many - exposed < _LEAST or not is_known.any():
        return [None] * len(slow)
    slow_of = np.concatenate([slow[:, :, : last + 1].sum(axis=1) - own_slow, own_slow], axis=1)
    gains = share_gains(failed, np.array([exposed]), slow_of.sum(axis=-1), np.array([many]))
    used = asked_of > 0
    is_in = (np.arange(len(asked_of)) > last)[used]
    gains = gains / _dispersion(slow_of[:, used], asked_of[used], is_in) - math.log(codes)
    return [
        Shift(first, last, code, gain) if known else None
        for gain, known in zip(gains.tolist(), is_known.tolist(), strict=True)
    ]


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


def _dispersion(
    slow: NDArray[np.float64], asked: NDArray[np.float64], is_in: NDArray[np.bool_]
) -> NDArray[np.float64]:  # fmt: skip
    """How much more the shares of single bins scatter than chance would have it, about one share on either side.

    Of each row of `slow`, a column a bin, of what was asked in it.
    """
    scatter, left = np.zeros(len(slow)), 0
    for side in (is_in, ~is_in):
        counts, exposed = slow[:, side], asked[side]
        if len(exposed) < 2:  # noqa: PLR2004 - one bin does not scatter
            continue
        share = (counts.sum(axis=-1) / exposed.sum())[:, None]
        due = np.maximum(exposed * share * (1 - share), 0.25)
        scatter += ((counts - exposed * share) ** 2 / due).sum(axis=-1)
        left += len(exposed) - 1
    return np.maximum(scatter / left, 1.0) if left else np.ones(len(slow))
