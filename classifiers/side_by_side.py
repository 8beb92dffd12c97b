"""Side by side: old and new revision inside the same minutes, on the same routes and for the same origins.

What comes from outside hits both alike, so only this comparison tells a bad revision from an outage that began with its
roll-out. A mixture e-process (Lindon and Malek, Anytime-Valid Inference for Multinomial Count Data, NeurIPS 2022): if
both fail alike, a failure is on the new one as often as the new one is asked. It holds however often one looks.
"""

import math

import numpy as np
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.findings import SideBySide
from classifiers.rivals import Candidate, Split

__all__ = ["compare"]

_TIMES = np.exp(np.linspace(-math.log(100.0), math.log(100.0), 81))  # how many times as often the new one fails
_REFUTED = 20.0  # evidence from which equal rates are refuted: 1 in 20 at any number of looks
_ALIKE = 3.0  # as often at most, for no difference to be worth the name
_LEAST = 1e-9  # of the exposure of a bin: less is what sums of shares leave over
_OWN_ROWS = 0.99  # share of failures whose revision must be known from a row or trace


def compare(case: Case, candidate: Candidate, split: Split) -> SideBySide:
    """The blamed revisions of a split beside all others of their service, in the bins in which both served.

    The bin in which a blamed one began is left out: instances that start are a kind of failure of their own.
    """
    if not case.is_counted or candidate.linked < _OWN_ROWS:
        return SideBySide("not testable", 0, 0, 0, 0, 0, 1.0, None)
    new, old = _exposed(case, candidate, split)
    is_new = candidate.bears(case, split.revisions)
    bins = case.grid.timeline.bins
    failed_new = np.bincount(case.bins[is_new], minlength=bins).astype(float)
    failed_old = np.bincount(case.bins[~is_new], minlength=bins).astype(float)
    both = (new > 0) & (old > 0)
    new, old, failed_new, failed_old = (one[both] for one in (new, old, failed_new, failed_old))
    if not new.size:
        return SideBySide("not testable", 0, 0, 0, 0, 0, 1.0, None)
    highest, most_times, is_worse = _evidence(failed_new, failed_old, new / (new + old))
    is_alike = most_times is not None and most_times <= _ALIKE
    return SideBySide(
        "differs" if highest >= _REFUTED and is_worse else "no difference" if is_alike else "too few",
        int(new.size * case.grid.timeline.bin_minutes),
        round(float(new.sum())),
        round(float(old.sum())),
        int(failed_new.sum()),
        int(failed_old.sum()),
        highest,
        most_times,
    )


def _exposed(case: Case, candidate: Candidate, split: Split) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exposure per bin of the blamed revisions, without the bin in which each began, and of the others."""
    total, bins = case.grid.total, case.grid.timeline.bins
    whole, new = np.zeros(bins), np.zeros(bins)
    for name in split.revisions:
        own = candidate.exposure(case, name)
        whole += own
        if own.any():
            first = int(np.flatnonzero(own)[0])
            new += np.where(np.arange(bins) == first, 0.0, own)
    old = np.maximum(total - whole, 0.0)
    return new, np.where(old > _LEAST * total, old, 0.0)


def _evidence(
    new: NDArray[np.float64], old: NDArray[np.float64], share: NDArray[np.float64]
) -> tuple[float, float | None, bool]:
    """The highest evidence so far against equal rates, the most times as often that is not refuted, and the sign.

    new, old: failures per bin; share: of the exposure that was on the new one.
    """
    used = new + old > 0
    if not used.any():
        return 1.0, None, False
    new, old, share = new[used, None], old[used, None], share[used, None]
    whole = _TIMES * share + 1.0 - share
    logs = np.cumsum(new * np.log(_TIMES / whole) - old * np.log(whole), axis=0)  # against equal rates
    top = logs.max(axis=1, keepdims=True)
    mixed = top[:, 0] + np.log(np.exp(logs - top).mean(axis=1))
    kept = (mixed[:, None] - logs).max(axis=0) < math.log(_REFUTED)
    most = float(_TIMES[kept][-1]) if kept.any() and not kept[-1] else None
    return float(np.exp(min(max(mixed.max(), 0.0), 600.0))), most, bool(_TIMES[int(np.argmax(logs[-1]))] > 1)
