"""Confined: when failures began that one revision and later ones alone have, judged on the requests that could fail.

While a new revision takes a few requests beside an old one, it fails rarely on the clock of the whole service, and more
often once it takes all of them: that is a promotion, no change of its rate, and the failure began with its first ones.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifiers.config import OnsetConfig
from classifiers.exposure import Grid
from classifiers.onset import Fit, find_onset
from collector.replacing import replace

__all__ = ["with_first_revision"]

_ABSENT = 7.0  # log of how unlikely a revision that still has its share is not asked once for so long


def with_first_revision(
    fit: Fit, times_ns: NDArray[np.int64], revisions: Sequence[str], grid: Grid, config: OnsetConfig
) -> Fit:
    """The fit, told from the first failure on where only more traffic made what failed before it rarer.

    `revisions` are those of the failures, at sorted times; `grid` is what the fit was found on.
    """
    if not fit.index or not fit.is_change:
        return fit
    began = _first_bin(grid, revisions)
    if not began or not grid.total[:began].any():
        return fit  # nothing is known from before: it may well have failed then
    own = {name: counts for name, counts in grid.by_revision.items() if not counts[:began].any()}
    if not set(revisions) <= own.keys():
        return fit
    alone = Grid(grid.timeline, grid.unit, own)
    found = find_onset(times_ns, alone, config)
    if found.index or _was_withdrawn(grid, alone, began, int(times_ns[fit.index])):
        return fit
    line = grid.timeline
    served_ns = line.start_ns + began * line.bin_ns
    passed = grid.clock(times_ns)
    first_ns = int(times_ns[0])
    return replace(
        fit,
        index=0,
        at_ns=first_ns,
        earliest_ns=min(max(found.earliest_ns, served_ns), first_ns),
        latest_ns=first_ns,
        last_good_ns=min(max(found.last_good_ns, served_ns), first_ns),
        failures_before=0,
        exposed_before=float(passed[0]),
        failures_after=len(times_ns),
        exposed_after=max(float(passed[-1] - passed[0]), fit.exposed_after),
        course="resolved" if fit.course == "resolved" else "ongoing",
    )


def _first_bin(grid: Grid, revisions: Sequence[str]) -> int:
    """The first bin in which one of these revisions was asked; 0 where nothing is known of one of them."""
    asked = [np.flatnonzero(grid.by_revision[name]) for name in set(revisions) if name in grid.by_revision]
    return min((int(bins[0]) for bins in asked if bins.size), default=0)


def _was_withdrawn(grid: Grid, alone: Grid, began: int, at_ns: int) -> bool:
    """Between its first failure and an instant it went without a request for longer than its share explains."""
    until = int(grid.timeline.bin_of(np.array([at_ns]))[0]) + 1
    whole, own = grid.total[began:until], alone.total[began:until]
    share = float(own.sum()) / max(float(whole.sum()), 1.0)
    asked = np.flatnonzero(own > 0)
    passed = np.concatenate([[0.0], np.cumsum(whole)])
    longest = float((passed[asked[1:]] - passed[asked[:-1] + 1]).max(initial=0.0))
    return -longest * math.log(max(1 - share, 1e-9)) > _ABSENT
