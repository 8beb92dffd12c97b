"""Shifts: since when, or with which revision, more requests of one operation are slow than before, on counts alone.

Of each operation it is counted how many requests took how long, per time bin. A shift is the stretch of bins, or the
revision, in which a larger share lies above some duration than in all the rest; of all of them the one that wins most
log-likelihood, tempered by how much the shares of single bins scatter anyhow. Every look is paid for: a stretch that
begins anywhere costs more than one that begins with a revision. Whether a shift matters, latency_effect.py says.
"""

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

__all__ = ["Counted", "Shift", "best_shift", "cuts_of", "find_shift", "least_gain", "share_gains", "summed"]

_CUTS = (0.15, 0.3, 0.5, 0.75, 0.9, 0.95, 0.975)  # quantiles of all durations above which a request may count as slow
_LEAST = 12  # requests on either side, below which no distribution is known
_LEAST_SLOW = 8  # slow ones since
_FALSE = 0.01  # shifts found by chance in a report, at most
_TINY = 1e-12  # share at which a logarithm is taken where there is none
_ROUNDED = 1 - 1e-6  # a bound that falls short of 1 by more is one


class Counted(Struct, frozen=True):
    """Requests of one operation, an element a group of them: revision, origin, time bin, duration bucket, how many.

    Revisions and origins are places in lists of their names. `bins` is how many time bins there are.
    """

    revision: NDArray[np.int64]
    origin: NDArray[np.int64]
    bin: NDArray[np.int64]
    bucket: NDArray[np.int64]
    many: NDArray[np.float64]
    bins: int


class Shift(Struct, frozen=True):
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
    """The best shift of the only operation; None where none wins enough."""
    revisions = int(counted.revision.max()) + 1
    cells = counted.revision * counted.bins + counted.bin
    first = int(counted.bucket.min())
    cuts = cuts_of(summed(counted.bucket - first, counted.many, int(counted.bucket.max()) - first + 1))
    asked, *slow = (
        summed(cells, many, revisions * counted.bins).reshape(revisions, -1)
        for many in (counted.many, *(np.where(counted.bucket - first > cut, counted.many, 0.0) for cut in cuts))
    )
    return best_shift(asked, np.stack(slow), least=least_gain(1))


def best_shift(asked: NDArray[np.float64], slow: NDArray[np.float64], *, least: float) -> Shift | None:
    """The best shift that wins `least`, of a table of what was asked, and one for each cut of what was slow by it.

    A row a revision and a column a bin; the sums of slow ones are tables behind each other.
    """
    found = [*_stretches(asked, slow, least), *_of_revisions(asked, slow, least)]
    found.sort(key=lambda one: one[0])
    return max((shift for _, shift in found if shift.gain >= least), key=lambda shift: shift.gain, default=None)


def summed(place: NDArray[np.int64], many: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """The sum of `many` at each of `size` places."""
    return np.bincount(place, many, size).astype(np.float64, copy=False)


def cuts_of(many: NDArray[np.float64]) -> list[int]:
    """The buckets above which a request may count as slow, from how many requests lie in each bucket."""
    passed = np.cumsum(many)
    return sorted(set(np.searchsorted(passed, np.array(_CUTS) * passed[-1]).tolist()))


def _stretches(asked: NDArray[np.float64], slow: NDArray[np.float64], least: float) -> list[tuple[int, Shift]]:
    """By each cut the best stretch of bins against all others, if it wins enough; enough must be asked before it.

    What a stretch wins is at most its chi-square against all, as divergence is: where that falls short
    of `least` and the looks, no logarithm is taken.
    """
    whole, failed = asked.sum(axis=0), slow.sum(axis=1)
    used = np.flatnonzero(whole > 0)
    edge, edges = _before(whole[used]), _before(failed[:, used])
    exposed = edge[1:] - edge[:-1, None]  # a row a first bin, a column a last one
    looks = _looks(asked, used)
    is_known = (exposed >= _LEAST) & (edge[:-1, None] >= _LEAST)
    needed = np.full_like(exposed, np.inf)  # more slow ones than its part of all, in standard deviations of one request
    needed[is_known] = np.sqrt((exposed * (edge[-1] - exposed) * (least + looks) / edge[-1])[is_known]) * _ROUNDED
    share = edges[:, -1:] / edge[-1]
    excess = (edges - share * edge) / np.sqrt(np.maximum(share * (1 - share), _TINY))
    found = []
    for cut, own in enumerate(excess):
        likely = np.flatnonzero(own[1:] - own[:-1, None] >= needed)
        if not len(likely):
            continue
        first, last = np.divmod(likely, len(used))
        gains = _stretch_gains(edges[cut], edge, first, last)
        place = int(np.argmax(gains - looks[first, last]))
        began, ended = int(first[place]), int(last[place])
        paid, gain = float(looks[began, ended]), float(gains[place])
        if gain - paid >= least:
            is_in = np.zeros(len(used), dtype=np.bool_)
            is_in[began : ended + 1] = True
            gain = gain / _dispersion(failed[cut, used], whole[used], is_in) - paid
            found.append((cut, Shift(int(used[began]), int(used[ended]), None, gain)))
    return found


def _before(many: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum before each bin, and of all as last; bins are the last axis."""
    edge = np.zeros((*many.shape[:-1], many.shape[-1] + 1))
    np.cumsum(many, axis=-1, out=edge[..., 1:])
    return edge


def _looks(asked: NDArray[np.float64], used: NDArray[np.int64]) -> NDArray[np.float64]:
    """What a stretch pays for looks that could have found it: a row a first bin that is used, a column a last one."""
    began = sorted(set(np.argmax(asked > 0, axis=1)[asked.any(axis=1)].tolist()))
    anywhere = math.log(len(used))
    has_end = np.arange(len(used)) < len(used) - 1  # one more freedom: what ends by chance a little early goes on
    at_a_deploy = min(math.log(len(began)), anywhere)
    begin = np.full(asked.shape[1], anywhere)
    begin[began] = at_a_deploy
    looks: NDArray[np.float64] = begin[used, None] + has_end * anywhere
    return looks


def _stretch_gains(
    slow: NDArray[np.float64], asked: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What stretches win: worse than before them, whatever followed, and than all others together.

    `slow` and `asked`: before each bin, with the sum of all as last. What is said of one end alone is reckoned once for
    each bin: there are a hundred times as many stretches.
    """
    inside, exposed = slow[last + 1] - slow[first], asked[last + 1] - asked[first]
    before, asked_before = slow[first], np.maximum(asked[first], 1e-9)
    others, asked_others = slow[-1] - inside, np.maximum(asked[-1] - exposed, 1e-9)
    is_worse = (inside * asked_others > others * exposed) & (inside * asked_before > before * exposed)
    own, until = _log(inside, exposed), _log(slow, asked)
    than_before = own + until[first] - until[last + 1]
    than_others = own + _log(others, asked_others) - until[-1]
    return np.where(is_worse & (inside >= _LEAST_SLOW), np.minimum(than_others, than_before), -np.inf)


def _of_revisions(asked: NDArray[np.float64], slow: NDArray[np.float64], least: float) -> list[tuple[int, Shift]]:
    """By each cut, each revision against the others before it and beside it, which must have been asked enough."""
    is_asked = asked > 0
    first, last = np.argmax(is_asked, axis=1), asked.shape[1] - 1 - np.argmax(is_asked[:, ::-1], axis=1)
    exposed, failed = asked.sum(axis=1), slow.sum(axis=2)
    many = np.cumsum(asked.sum(axis=0))[last]
    paid = math.log(int(is_asked.any(axis=1).sum()))
    gains = share_gains(failed, exposed, np.cumsum(slow.sum(axis=1), axis=1)[:, last], many)
    is_known = (failed >= _LEAST_SLOW) & (exposed >= _LEAST) & (many - exposed >= _LEAST)
    found = []
    for cut, code in np.argwhere(is_known & (gains - paid >= least)).tolist():
        scatter = _dispersion_of(asked[:, : last[code] + 1], slow[cut, :, : last[code] + 1], code)
        gain = float(gains[cut, code]) / scatter - paid
        found.append((cut, Shift(int(first[code]), int(last[code]), code, gain)))
    return found


def _dispersion_of(asked: NDArray[np.float64], slow: NDArray[np.float64], code: int) -> float:
    """_dispersion of one revision beside all others, of tables with a row a revision."""
    asked_of, slow_of = (np.concatenate([table.sum(axis=0) - table[code], table[code]]) for table in (asked, slow))
    used = asked_of > 0
    return _dispersion(slow_of[used], asked_of[used], (np.arange(len(asked_of)) >= asked.shape[1])[used])


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
    share = np.clip(slow / np.maximum(asked, 1e-9), _TINY, 1 - _TINY)
    told: NDArray[np.float64] = slow * np.log(share) + (asked - slow) * np.log1p(-share)
    return told


def _dispersion(slow: NDArray[np.float64], asked: NDArray[np.float64], is_in: NDArray[np.bool_]) -> float:
    """How much more the shares of single bins scatter than chance would have it, about one share on either side."""
    scatter, left = 0.0, 0
    for side in (is_in, ~is_in):
        counts, exposed = slow[side], asked[side]
        if len(exposed) < 2:  # noqa: PLR2004 - one bin does not scatter
            continue
        share = counts.sum() / exposed.sum()
        due = np.maximum(exposed * share * (1 - share), 0.25)
        scatter += float(((counts - exposed * share) ** 2 / due).sum())
        left += len(exposed) - 1
    return max(scatter / left, 1.0) if left else 1.0
