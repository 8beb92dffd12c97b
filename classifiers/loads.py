"""Loads: whether a service fails when it is asked much, whatever the time and the revision.

The exposure is parted by how much was asked around each minute instead of by time. Failures make callers ask again, and
so what is counted as load is only believed where more requests were answered well, too.
"""

import math
import re
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.config import AttributionConfig
from classifiers.exposure import Exposure
from classifiers.findings import Evidence
from classifiers.rivals import Rival, Split, gains_of, parted
from classifiers.telling import as_rate, summed

__all__ = ["Loads", "is_about_load"]

_SATURATED = re.compile(
    r"(?i)\b429\b|no available instance|too many (?:requests|connections|clients)|rate exceeded|quota|throttl|"
    r"pool (?:is )?(?:exhausted|timeout)|queue ?pool limit|resource exhausted|backpressure|overload|"
    r"remaining connection slots|queue (?:is )?full|max(?:imum)? (?:number of )?(?:requests|connections|instances)"
)
_TOLD = 10.0  # how much likelier load is where the failure says so
_STEPS = 12  # levels of load tried
_GROWTH = 1.5  # of load, on the failing side
_SERVED = 1.2  # ... of what was answered well
_TYPICAL = 20.0  # requests in the stretch over which load is told
_LONGEST = 60  # bins of such a stretch
_FEW_BINS = 10


def is_about_load(text: str) -> bool:
    """Whether the failure says that something was asked too much."""
    return _SATURATED.search(text) is not None


class _Course(Struct, frozen=True):
    """How much a service was asked: per bin, around each bin, and which bins are at each level or above."""

    asked: NDArray[np.float64]
    used: NDArray[np.bool_]
    width: int
    load: NDArray[np.float64]
    levels: NDArray[np.float64]
    high: NDArray[np.float64]  # a row a level: 1 where it is reached, else 0
    low: NDArray[np.float64]


class Loads:
    """The load of every service of one history; each is looked at once."""

    def __init__(self, exposure: Exposure, config: AttributionConfig) -> None:
        self._exposure = exposure
        self._config = config
        self._courses: dict[tuple[str, str], _Course | None] = {}

    def rival_of(self, case: Case, text: str) -> Rival | None:
        """That it fails above some load; None where requests are not counted or load did not grow with failures."""
        key = (case.project, case.service)
        if not case.is_counted or not self._exposure.has_requests(*key):
            return None
        if key not in self._courses:
            self._courses[key] = _course(self._exposure.service(*key).total)
        course = self._courses[key]
        if course is None:
            return None
        failed = np.bincount(case.bins, minlength=len(course.asked)).astype(float)
        served = _smooth(np.maximum(course.asked - failed, 0.0), course.width)
        is_more = _grew(course.load, course, _GROWTH) & _grew(served, course, _SERVED)
        gains = gains_of(case, course.high @ failed, course.high @ case.held.total)
        gains = np.where(is_more, gains, -np.inf)
        best = int(np.argmax(gains))
        if not np.isfinite(gains[best]):
            return None
        prior = self._config.surges * (_TOLD if is_about_load(text) else 1.0) / len(gains)
        weight = math.log(prior) + summed(gains.tolist())
        split = parted(case, int(course.high[best] @ failed), float(course.high[best] @ case.held.total))
        return _rival(case, self._exposure, weight, split, course.high[best] > 0, course.low[best] > 0)


def _course(asked: NDArray[np.float64]) -> _Course | None:
    """None where too little was asked to speak of a load."""
    used = asked > 0
    if used.sum() < _FEW_BINS:
        return None
    width = int(np.clip(round(_TYPICAL / float(asked[used].mean())), 1, _LONGEST))
    load = _smooth(asked, width)
    levels = np.unique(np.quantile(load[used], np.linspace(0.3, 0.995, _STEPS)))
    high = used & (load >= levels[:, None])
    return _Course(asked, used, width, load, levels, high.astype(np.float64), (used & ~high).astype(np.float64))


def _grew(counts: NDArray[np.float64], course: _Course, factor: float) -> NDArray[np.bool_]:
    """Per level: counts are higher by a factor in the bins at or above it."""
    many, few = course.high.sum(axis=1), course.low.sum(axis=1)
    above, below = course.high @ counts / np.maximum(many, 1.0), course.low @ counts / np.maximum(few, 1.0)
    found: NDArray[np.bool_] = (many > 0) & (few > 0) & (above >= factor * below)
    return found


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
    then, otherwise = (exposure.routes(case.project, case.service, bins) for bins in (high, low))
    grown = {route: counts - otherwise[route] * more for route, counts in then.items()}
    whole = sum(many for many in grown.values() if many > 0)
    top = max(grown, key=lambda route: (grown[route], route), default="")
    if not top or len(grown) < 2 or grown[top] < 0.8 * whole:  # noqa: PLR2004 - one of several, and nearly all
        return ()
    return (Evidence("measured", f"{grown[top] / whole:.0%} of what was asked more came on {top}", "count_exposure"),)
