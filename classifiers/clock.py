"""Clock: failures of some hours of every day, whoever serves then: office hours, a nightly job, a partner's pause."""

import math

import numpy as np
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.findings import Evidence
from classifiers.rivals import Rival, gains_of, parted
from classifiers.telling import as_rate, summed

__all__ = ["clock_rival"]

_BY_CLOCK = 0.02  # chance of a failure that nobody broke to come by the hour of the day
_LONGEST = 14  # hours of such a window; all windows alike likely
_LEAST = 2  # days on which it must have come: one alone has no hour
_DAY = 24
_HOUR_NS = 3_600_000_000_000


def clock_rival(case: Case) -> Rival | None:
    """That it comes in some hours of each day; None where it did not come on two days within the same hours."""
    line = case.held.timeline
    if line.bin_ns > _HOUR_NS or line.bins * line.bin_ns <= _DAY * _HOUR_NS:
        return None
    hours = (line.start_ns + np.arange(line.bins) * line.bin_ns) // _HOUR_NS
    failed = _windows(np.bincount(hours[case.bins] % _DAY, minlength=_DAY).astype(float))
    exposed = _windows(np.bincount(hours % _DAY, case.held.total, minlength=_DAY).astype(np.float64))
    gains = gains_of(case, failed.ravel(), exposed.ravel())
    best = int(np.argmax(gains))
    if not np.isfinite(gains[best]):
        return None
    first, many = best // _LONGEST, best % _LONGEST + 1
    is_within = (hours[case.bins] - first) % _DAY < many
    days = len(np.unique((hours[case.bins] - first)[is_within] // _DAY))
    if days < _LEAST:
        return None
    split = parted(case, int(failed.ravel()[best]), float(exposed.ravel()[best]))
    when = f"{first:02d}:00 and {(first + many) % _DAY:02d}:00 UTC"
    evidence = (
        Evidence("measured", f"it came between {when} on {days} days", "find_failures"),
        as_rate(case, split, "in these hours", "in all others"),
    )
    weight = math.log(_BY_CLOCK / gains.size) + summed(gains.tolist())
    return Rival("unknown", f"it comes between {when}, whoever serves then", weight, split, evidence)


def _windows(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums by first hour of the day and number of hours from it on."""
    twice = np.concatenate([[0.0], np.cumsum(np.tile(counts, 2))])
    first = np.arange(_DAY)[:, None]
    sums: NDArray[np.float64] = twice[first + np.arange(1, _LONGEST + 1)] - twice[first]
    return sums
