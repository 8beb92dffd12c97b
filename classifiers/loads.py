"""Loads: whether a service fails when it is asked much, whatever the time and the revision.

The exposure is parted by how much was asked around each minute instead of by time. Failures make callers ask again, and
so what is counted as load is only believed where more requests were answered well, too.
"""

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifiers.attribution import AttributionConfig
from classifiers.cases import Case
from classifiers.exposure import Exposure
from classifiers.findings import Evidence
from classifiers.rivals import Rival, Split, parted
from classifiers.telling import as_rate, summed

__all__ = ["is_about_load", "load_rival"]

_SATURATED = re.compile(
    r"(?i)\b429\b|no available instance|too many (?:requests|connections|clients)|rate exceeded|quota|throttl|"
    r"pool (?:is )?(?:exhausted|timeout)|queue ?pool limit|resource exhausted|backpressure|overload|"
    r"remaining connection slots|queue (?:is )?full|max(?:imum)? (?:number of )?(?:requests|connections|instances)"
)
_STEPS = 12  # levels of load tried
_GROWTH = 1.5  # of load, on the failing side
_SERVED = 1.2  # ... of what was answered well
_TYPICAL = 20.0  # requests in the stretch over which load is told
_LONGEST = 60  # bins of such a stretch
_FEW_BINS = 10


def is_about_load(text: str) -> bool:
    """Whether the failure says that something was asked too much."""
    return _SATURATED.search(text) is not None


def load_rival(case: Case, text: str, exposure: Exposure, config: AttributionConfig) -> Rival | None:
    """That it fails above some load; None where requests are not counted or load did not grow with failures."""
    if not case.is_counted or not exposure.has_requests(case.project, case.service):
        return None
    asked = exposure.service(case.project, case.service).total
    failed = np.bincount(case.bins, minlength=len(asked)).astype(float)
    used = asked > 0
    if used.sum() < _FEW_BINS:
        return None
    width = int(np.clip(round(_TYPICAL / float(asked[used].mean())), 1, _LONGEST))
    load, served = _smooth(asked, width), _smooth(np.maximum(asked - failed, 0.0), width)
    levels = np.unique(np.quantile(load[used], np.linspace(0.3, 0.995, _STEPS)))
    found = []
    for level in levels:
        high, low = used & (load >= level), used & (load < level)
        if _grew(load, high, low, _GROWTH) and _grew(served, high, low, _SERVED):
            split = parted(case, int(failed[load >= level].sum()), float(case.held.total[load >= level].sum()))
            found.append((split, float(level)))
    found = [one for one in found if math.isfinite(one[0].gain)]
    if not found:
        return None
    best, level = max(found, key=lambda one: one[0].gain)
    prior = (config.surges_told if is_about_load(text) else config.surges) / len(levels)
    weight = math.log(prior) + summed([one.gain for one, _ in found])
    return _rival(case, exposure, weight, best, used & (load >= level), used & (load < level))


def _rival(
    case: Case, exposure: Exposure, weight: float, split: Split, high: NDArray[np.bool_], low: NDArray[np.bool_]
) -> Rival:
    asked = exposure.service(case.project, case.service).total / case.grid.timeline.bin_minutes
    told = f"{asked[high].mean():.1f} requests a minute then, {asked[low].mean():.1f} otherwise"
    evidence = (
        as_rate(case, split, "in the busiest minutes", "in all others"),
        Evidence("measured", told, "count_exposure"),
        *_told_by(case, exposure, high, low),
    )
    return Rival("traffic", f"{case.service} fails when it is asked much: {told}", weight, split, evidence)


def _grew(counts: NDArray[np.float64], high: NDArray[np.bool_], low: NDArray[np.bool_], factor: float) -> bool:
    """Counts are higher by a factor in the minutes of high load."""
    return bool(high.any() and low.any() and counts[high].mean() >= factor * counts[low].mean())


def _smooth(counts: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """The mean of `width` bins around each."""
    if width <= 1:
        return counts
    edges = np.concatenate([[0.0], counts.cumsum()])
    at = np.arange(len(counts))
    first, last = np.maximum(at - width // 2, 0), np.minimum(at + (width + 1) // 2, len(counts))
    mean: NDArray[np.float64] = (edges[last] - edges[first]) / (last - first)
    return mean


def _told_by(case: Case, exposure: Exposure, high: NDArray[np.bool_], low: NDArray[np.bool_]) -> Sequence[Evidence]:
    """The route that brought most of what was asked more, where one did."""
    more = float(high.sum()) / max(float(low.sum()), 1.0)
    grown = {
        route: float(counts[high].sum() - counts[low].sum() * more)
        for route, counts in exposure.routes(case.project, case.service).items()
    }
    whole = sum(many for many in grown.values() if many > 0)
    top = max(grown, key=lambda route: (grown[route], route), default="")
    if not top or len(grown) < 2 or grown[top] < 0.8 * whole:  # noqa: PLR2004 - one of several, and nearly all
        return ()
    return (Evidence("measured", f"{grown[top] / whole:.0%} of what was asked more came on {top}", "count_exposure"),)
