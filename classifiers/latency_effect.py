"""Effects: how much slower an operation became, on whole distributions, like compared with like.

The requests of before are weighed so that users, tests and unknown senders have the shares they have since: a change
of who asks is no regression. They are compared three times where that can be: with all before, with the same hours of
the day, and with hours in which as much was asked; the least of the effects counts.
"""

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from classifiers.latency_shift import Counted, Shift, summed
from collector.replacing import replace

__all__ = ["PER_OCTAVE", "Effect", "effect_of", "quantile_ns", "slower_share"]

PER_OCTAVE = 12.0  # duration buckets: 6 % wide
_LEAST = 8  # requests, below which no distribution is known
_LEAST_TAIL = 60  # ... no 95th percentile
_LIKE = 1.5  # times as much asked that still is alike
_LOAD = 8  # requests in three bins, below which nobody can speak of a load
_MARGIN = 6  # bins around a shift that are neither busy nor quiet
_DRAWS = 200
_DAY_H, _HOUR_NS = 24, 3_600_000_000_000


class Effect(Struct, frozen=True):
    """By how many times the median and the 95th percentile rose, each with an interval of 95 %, and by how much.

    `slower`: how likely one request since is to be slower than one of before, ties counted half.
    """

    median_times: float
    median_low: float
    median_high: float
    median_more_ns: float
    tail_times: float
    tail_low: float
    tail_high: float
    tail_more_ns: float
    slower: float
    before: int
    since: int
    busier: float = 1.0  # times as much was asked of the service since, as in its busiest hours of before

    def matters(self, *, least_times: float, least_ns: float) -> bool:
        """It rose by so many times and so much, in the middle or in the tail, and surely by the root of that."""
        sure = math.sqrt(least_times)
        in_middle = self.median_times >= least_times and self.median_more_ns >= least_ns and self.median_low >= sure
        in_tail = self.tail_times >= least_times and self.tail_more_ns >= least_ns and self.tail_low >= sure
        return in_middle or (in_tail and min(self.before, self.since) >= _LEAST_TAIL)


def effect_of(
    counted: Counted, shift: Shift, *, load: NDArray[np.float64], first_bin: int, bin_ns: int
) -> Effect | None:
    """The least effect over all comparisons that can be made; None where too little is alike on both sides.

    load: requests of the whole service per bin. first_bin: which one, of bin_ns each, the first is since 1970.
    """
    inside = shift.holds(counted)
    rest = ~inside & (counted.bin <= shift.last) if shift.revision is not None else ~inside
    found = [
        effect
        for alike in (
            rest,
            rest & _same_hours(counted.bin + first_bin, inside, bin_ns),
            rest & _as_busy(counted, inside, load),
        )
        if (effect := _compared(counted, inside, alike)) is not None
    ]
    if not found:
        return None
    least = min(found, key=lambda one: (max(one.median_low, one.tail_low), one.since))
    return replace(least, busier=_busier(counted, inside, load))


def quantile_ns(bucket: NDArray[np.int64], weight: NDArray[np.float64], share: float) -> float:
    """The duration below which that share lies, spread evenly over the logarithm within a bucket."""
    order = np.argsort(bucket, kind="stable")
    passed = np.cumsum(weight[order])
    place = min(int(np.searchsorted(passed, share * passed[-1])), len(order) - 1)
    own = weight[order[place]]
    within = (share * passed[-1] - (passed[place] - own)) / own if own > 0 else 0.5
    return float(2.0 ** ((bucket[order[place]] + np.clip(within, 0.0, 1.0)) / PER_OCTAVE))


def _quantiles_ns(first: int, rows: NDArray[np.int64], share: float) -> list[float]:
    """quantile_ns of many counts at once, a row each, by bucket in order from the first one."""
    passed = np.cumsum(rows, axis=1).astype(np.float64)
    due = share * passed[:, -1]
    place = np.minimum((passed < due[:, None]).sum(axis=1), rows.shape[1] - 1)
    at = np.arange(len(rows)), place
    own = rows[at].astype(np.float64)
    within = np.divide(due - (passed[at] - own), own, out=np.full(len(rows), 0.5), where=own > 0)
    octaves = (first + place + np.clip(within, 0.0, 1.0)) / PER_OCTAVE
    return [2.0**one for one in octaves.tolist()]


def slower_share(new: NDArray[np.float64], old: NDArray[np.float64]) -> float:
    """How likely one of the new counts lies in a higher bucket than one of the old; both by bucket in order."""
    below = np.concatenate([[0.0], np.cumsum(old)[:-1]])
    return float((new * (below + old / 2)).sum() / (new.sum() * old.sum()))


def _same_hours(bins: NDArray[np.int64], inside: NDArray[np.bool_], bin_ns: int) -> NDArray[np.bool_]:
    """The hours of the day in which requests lie inside."""
    hour = bins * bin_ns // _HOUR_NS % _DAY_H
    held: NDArray[np.bool_] = np.isin(hour, np.unique(hour[inside]))
    return held


def _as_busy(counted: Counted, inside: NDArray[np.bool_], load: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Bins in which about as much was asked as in the typical bin inside, or more."""
    own = np.repeat(load[counted.bin[inside]], counted.many[inside].astype(np.int64))
    busy: NDArray[np.bool_] = load[counted.bin] * _LIKE >= (float(np.median(own)) if own.size else 0.0)
    return busy


def _busier(counted: Counted, inside: NDArray[np.bool_], load: NDArray[np.float64]) -> float:
    """Times as much asked in the typical bin inside as in the busiest twentieth of all others; sums of three bins."""
    around = np.convolve(load, np.ones(3), "same")
    own, others = (np.unique(counted.bin[side]) for side in (inside, ~inside))
    margin = max(_MARGIN, len(own) // 4)  # what made it slow may have come before, and gone after
    others = others[(others < own.min() - margin) | (others > own.max() + margin)]
    if not len(others):
        return 1.0
    asked = float(np.median(around[own]))
    return asked / max(float(np.quantile(around[others], 0.95)), 1.0) if asked >= _LOAD else 1.0


def _compared(counted: Counted, inside: NDArray[np.bool_], alike: NDArray[np.bool_]) -> Effect | None:
    senders = int(counted.origin.max()) + 1
    since = np.bincount(counted.origin[inside], counted.many[inside], senders)
    before = np.bincount(counted.origin[alike], counted.many[alike], senders)
    is_known = (before >= _LEAST / 4) & (since > 0)
    if since[is_known].sum() < _LEAST or before[is_known].sum() < _LEAST:
        return None
    inside, alike = inside & is_known[counted.origin], alike & is_known[counted.origin]
    first = int(counted.bucket.min())
    size = int(counted.bucket.max()) - first + 1
    weight = np.divide(since, before, out=np.zeros(senders), where=is_known)[counted.origin]
    new = summed(counted.bucket[inside] - first, counted.many[inside], size)
    old = summed(counted.bucket[alike] - first, (counted.many * weight)[alike], size)
    return _effect(new, old, first, int(before[is_known].sum()))


def _effect(new: NDArray[np.float64], old: NDArray[np.float64], first: int, known: int) -> Effect:
    buckets = np.arange(first, first + len(new))
    since = int(new.sum())
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(since, new / new.sum(), _DRAWS), rng.multinomial(known, old / old.sum(), _DRAWS)
    told: list[tuple[float, float, float, float]] = []
    for share in (0.5, 0.95):
        now, then = quantile_ns(buckets, new, share), quantile_ns(buckets, old, share)
        since_ns, before_ns = (_quantiles_ns(first, rows, share) for rows in drawn)
        ratios = [one / other for one, other in zip(since_ns, before_ns, strict=True)]
        low, high = np.quantile(ratios, [0.025, 0.975]).tolist()
        told.append((now / then, low, high, now - then))
    return Effect(*told[0], *told[1], slower_share(new, old), known, since)
