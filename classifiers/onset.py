"""Onset: when failures began or grew, measured on exposure rather than on time; and whether they have stopped.

A change point on a Poisson count whose clock is exposure: under a constant rate failures are spread evenly over the
requests that could have failed. From nothing to n is the plainest case, not an exception. Storms are tempered by the
dispersion of the counts, so that ten failures of one burst do not weigh like ten.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from classifiers.exposure import Grid

__all__ = ["Fit", "OnsetConfig", "find_onset"]

Course = Literal["ongoing", "resolved", "regressed"]
_AS_GOOD = 2.0  # log-likelihood below the best that is still as good: about a 95 % interval
_GROWTH = 1.5  # a rate must grow by this factor to count as an onset
_GAP_FACTOR = 1.5  # silence longer than the longest gap before, by this factor
_PAUSE_NS = 600_000_000_000  # a shorter pause parts no episodes
_AT_ONCE_NS = 120_000_000_000  # give or take, for two failures to have begun together
_RETURN_FACTOR = 4.0  # a pause this much longer than any other one parts two episodes


class OnsetConfig(BaseModel):
    """Section `onset` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    evidence: float = Field(default=5.0, gt=0)  # log-likelihood gain from which a change of rate is believed
    silence: float = Field(default=3.0, gt=0)  # failures expected in the silence after the last: rule of three


@dataclass(frozen=True, slots=True)
class Fit:
    """The change of rate of one cluster. `index` is the first failure after it; counts and exposure on both sides.

    `gain` is the log-likelihood won by the change, tempered. `exposed_after` ends with the last failure;
    `exposed_silent` is what followed without one.
    """

    index: int
    at_ns: int
    earliest_ns: int
    latest_ns: int
    failures_before: int
    exposed_before: float
    failures_after: int
    exposed_after: float
    exposed_silent: float
    gain: float
    dispersion: float
    is_change: bool
    course: Course

    @property
    def rate_before(self) -> float | None:
        """Failures per exposed unit before the onset; None where nothing was exposed."""
        return _rate(self.failures_before, self.exposed_before)

    @property
    def rate_after(self) -> float | None:
        """Failures per exposed unit from the onset to the last failure."""
        return _rate(self.failures_after, max(self.exposed_after, 0.0))

    def began_with(self, other: "Fit") -> bool:
        """The intervals in which the two may have begun touch, give or take two minutes."""
        latest_start = max(self.earliest_ns, other.earliest_ns)
        return latest_start <= min(self.at_ns, other.at_ns) + _AT_ONCE_NS


def find_onset(times_ns: NDArray[np.int64], grid: Grid, config: OnsetConfig) -> Fit:
    """The most likely change to a higher rate in at least one failure, at sorted times.

    `is_change` is False when one constant rate explains the failures as well; the onset is then the first of them.
    """
    passed = grid.clock(times_ns)
    end = float(grid.clock(np.array([grid.timeline.end_ns]))[0])
    gains = _gains(passed)
    best = int(np.argmax(gains))
    if gains[0] >= gains[best] - _AS_GOOD:
        best = 0  # a few slow first failures are no earlier trouble of their own
    dispersion = _dispersion(times_ns[best:], grid)
    gain = float(gains[best]) / dispersion
    is_change = gain >= config.evidence
    index = best if is_change else 0
    near = np.flatnonzero(gains / dispersion >= gain - _AS_GOOD) if is_change else np.array([0])
    earliest = int(times_ns[near[0] - 1]) if near[0] else _last_good(int(times_ns[0]), grid)
    silent = max(0.0, end - float(passed[-1]))
    course, index = _course(passed, index, silent, dispersion, config, is_change=is_change)
    if course == "regressed" and index > 0 and times_ns[index] - times_ns[index - 1] < _PAUSE_NS and not is_change:
        course, index = "ongoing", 0
    if index > near[-1]:
        earliest = int(times_ns[index - 1])
    return Fit(
        index=index,
        at_ns=int(times_ns[index]),
        earliest_ns=min(earliest, int(times_ns[index])),
        latest_ns=int(times_ns[max(int(near[-1]), index)]),
        failures_before=index,
        exposed_before=float(passed[index]),
        failures_after=len(times_ns) - index,
        exposed_after=max(float(passed[-1] - passed[index]), float(_least(grid, len(times_ns) - index))),
        exposed_silent=silent,
        gain=gain,
        dispersion=dispersion,
        is_change=is_change,
        course=course,
    )


def _rate(failures: int, exposed: float) -> float | None:
    return min(1.0, failures / exposed) if exposed >= 1 else None


def _least(grid: Grid, failures: int) -> int:
    """A failed request was exposed itself."""
    return failures if grid.unit in {"requests", "traces"} else 1


def _last_good(first_ns: int, grid: Grid) -> int:
    """The last instant before the first failure at which something was exposed: its bin's end, else the start."""
    place = int(grid.timeline.bin_of(np.array([first_ns]))[0])
    before = np.flatnonzero(grid.total[:place] > 0)
    if not before.size:
        return min(first_ns, grid.timeline.start_ns)
    return min(first_ns, grid.timeline.start_ns + (int(before[-1]) + 1) * grid.timeline.bin_ns)


def _gains(passed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-likelihood won by a higher rate from failure i on, for every i, against one rate up to the last failure."""
    many = len(passed)
    place = np.arange(many)
    before = place.astype(np.float64)
    after: NDArray[np.float64] = many - 1.0 - before
    exposed_before: NDArray[np.float64] = np.maximum(passed, 0.0)
    exposed_after: NDArray[np.float64] = np.maximum(passed[-1] - passed, after)  # no unit fails twice
    whole = max(float(passed[-1]), many - 1.0, 1e-9)
    one_rate = (many - 1) * np.log((many - 1) / whole) if many > 1 else 0.0
    gains = _likelihood(before, exposed_before) + _likelihood(after, exposed_after) - one_rate
    rate_before = np.divide(before, exposed_before, out=np.zeros(many), where=exposed_before > 0)
    rate_after = np.divide(after, exposed_after, out=np.zeros(many), where=exposed_after > 0)
    return np.where((rate_after > _GROWTH * rate_before) & (exposed_before >= 1), gains, 0.0)


def _likelihood(counts: NDArray[np.float64], exposed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Poisson log-likelihood at its best rate, without the constant."""
    safe = np.where((counts > 0) & (exposed > 0), counts / np.maximum(exposed, 1e-12), 1.0)
    return np.where(counts > 0, counts * np.log(safe), 0.0)


def _dispersion(times_ns: NDArray[np.int64], grid: Grid) -> float:
    """How much more the counts per bin vary than a Poisson count would; at least 1."""
    places = grid.timeline.bin_of(times_ns)
    counts = np.bincount(places - places[0], minlength=1).astype(float)
    exposed = np.maximum(grid.total[places[0] : places[0] + len(counts)], counts)
    used = exposed > 0
    counts, exposed = counts[used], exposed[used]
    if len(counts) < 3 or counts.sum() < 4:  # noqa: PLR2004 - too few to tell
        return 1.0
    expected = exposed * counts.sum() / exposed.sum()
    return float(np.clip(((counts - expected) ** 2 / expected).sum() / (len(counts) - 1), 1.0, 50.0))


def _course(
    passed: NDArray[np.float64], index: int, silent: float, dispersion: float, config: OnsetConfig, *, is_change: bool
) -> tuple[Course, int]:
    """How it went on, and the first failure of the last episode."""
    own = passed[index:]
    gaps = np.diff(own)
    longest = float(gaps.max()) if gaps.size else 0.0
    exposed = max(float(own[-1] - own[0]), len(own) - 1.0)
    rate = len(own) / exposed if exposed > 0 else 0.0
    is_silent = rate * silent / dispersion >= config.silence and silent > _GAP_FACTOR * longest and len(own) > 1
    if is_silent:
        return "resolved", index
    if gaps.size > 2:  # noqa: PLR2004 - a pause needs others to compare with
        place = int(np.argmax(gaps))
        others = float(np.delete(gaps, place).max())
        rate_between = len(own) / max(exposed - longest, len(own) - 1.0)
        if longest > _RETURN_FACTOR * max(others, 1e-9) and rate_between * longest / dispersion >= 2 * config.silence:
            return "regressed", index + place + 1
    return ("regressed" if is_change and index > 0 else "ongoing"), index
