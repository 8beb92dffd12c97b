"""Starts: failures of the minutes after a roll-out, of whichever revision it was.

Instances that start, old ones that are stopped, connections that are cut: what fails within minutes of every change of
the traffic, and of earlier ones as well, is the roll-out's doing and not that of the latest revision.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.findings import Evidence
from classifiers.rivals import Rival, parted
from classifiers.telling import as_rate
from collector.records import Revision

__all__ = ["start_rival"]

_AT_STARTS = 0.02  # chance of a failure that nobody broke to come with roll-outs
_MINUTES = 3  # of a roll-out: its traffic moves, old instances are stopped
_EARLY_NS = 60_000_000_000  # new instances fail before the traffic is moved
_LEAST = 2  # roll-outs that have it: one alone is a deploy as any other


def start_rival(case: Case, revisions: Sequence[Revision]) -> Rival | None:
    """That it comes with every roll-out of its service; None where fewer than two of them have it."""
    line = case.held.timeline
    served = [_served_ns(one) for one in revisions if (one.project, one.service) == (case.project, case.service)]
    starts = np.array(sorted({at_ns for at_ns in served if at_ns is not None and at_ns > line.start_ns + _EARLY_NS}))
    if len(starts) < _LEAST:
        return None
    within = _within(line.start_ns + np.arange(line.bins) * line.bin_ns, starts, line.bin_ns)
    hit = within[case.bins]
    met = np.searchsorted(starts, case.times_ns[hit] + _EARLY_NS, side="right")
    if len(np.unique(met)) < _LEAST:
        return None
    split = parted(case, int(hit.sum()), float(case.held.total[within].sum()))
    if not math.isfinite(split.gain):
        return None
    told = f"{len(np.unique(met))} of {len(starts)} roll-outs of {case.service} have it"
    evidence = (
        Evidence("measured", told, "find_facts"),
        as_rate(case, split, "in the minutes of roll-outs", "at all other times"),
    )
    statement = f"it comes with roll-outs of {case.service}, of whichever revision"
    return Rival("unknown", statement, math.log(_AT_STARTS) + split.gain, split, evidence)


def _served_ns(revision: Revision) -> int | None:
    return min((at for at in (revision.traffic_ns, revision.first_seen_ns) if at is not None), default=None)


def _within(bins_ns: NDArray[np.int64], starts: NDArray[np.int64], bin_ns: int) -> NDArray[np.bool_]:
    """Of each bin whether it meets the minutes of a roll-out."""
    latest = np.searchsorted(starts, bins_ns + bin_ns + _EARLY_NS) - 1
    last = starts[np.maximum(latest, 0)]
    near: NDArray[np.bool_] = (latest >= 0) & (bins_ns <= last + _MINUTES * 60_000_000_000)
    return near
