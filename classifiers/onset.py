"""Onset: when failures began or grew, measured on exposure rather than on time; and whether they have stopped.

A change point on a Poisson count whose clock is exposure: under a constant rate failures are spread evenly over the
requests that could have failed. From nothing to n, and back to nothing, are the plainest cases, not exceptions. What
grows slowly began where it left zero. Storms are tempered by the dispersion of the counts, over minutes and over longer
stretches, so that ten failures of one burst do not weigh like ten.

Intervals hold about 95 % of all cases: at a rate of r nothing may happen for 3/r (rule of three), of few for longer.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from classifiers.config import OnsetConfig
from classifiers.exposure import Grid

__all__ = ["Fit", "find_onset"]

Course = Literal["ongoing", "resolved", "regressed"]
Likelihood = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
_AS_GOOD = 2.0  # log-likelihood below the best that is still as good: about a 95 % interval
_AS_GOOD_SHARES = 3.5  # ... of shares, where one that fails by chance just before moves the best by more than that
_UNSEEN = 0.05  # how often a stretch may by chance pass without a failure that is as long as an interval reaches
_GROWTH = 1.5  # a rate must grow by this factor to count as an onset
_GAP_FACTOR = 1.5  # silence longer than the longest gap before, by this factor
_PAUSE_NS = 600_000_000_000  # a shorter pause parts no episodes
_AT_ONCE_NS = 120_000_000_000  # give or take, for two failures to have begun together
_RETURN_FACTOR = 4.0  # a pause this much longer than any other one parts two episodes
_RETURN_LEVEL = 0.05  # how often the longest of so many random pauses may be as long
_BLOCK = 8  # failures expected in a stretch over which dispersion is told
_SLOPES = (0.25, 0.5, 1.0, 2.0)  # how long before the first failure growth may have begun, in mean first waits
_POWERS = (0.5, 1.0, 2.0, 4.0)  # of the exposure since, that the rate may grow with


class Fit(Struct, frozen=True):
    """The change of rate of one cluster. `index` is the first failure after it; counts and exposure on both sides.

    It began in [earliest_ns, latest_ns]; last_good_ns is the last moment before it that is known to be good, or of the
    failures before. Where it is over, it ended in [ended_earliest_ns, ended_latest_ns], after its last failure; else
    both are None. `gain` is the log-likelihood won by the change, tempered. `exposed_after` ends with the last failure;
    `exposed_silent` is what followed without one.
    """

    index: int
    at_ns: int
    earliest_ns: int
    latest_ns: int
    last_good_ns: int
    failures_before: int
    exposed_before: float
    failures_after: int
    exposed_after: float
    exposed_silent: float
    gain: float
    dispersion: float
    is_change: bool
    course: Course
    ended_earliest_ns: int | None = None
    ended_latest_ns: int | None = None

    @property
    def rate_before(self) -> float | None:
        """Failures per exposed unit before the onset; None where nothing was exposed."""
        return _rate(self.failures_before, self.exposed_before)

    @property
    def rate_after(self) -> float | None:
        """Failures per exposed unit from the onset to the last failure."""
        return _rate(self.failures_after, max(self.exposed_after, 0.0))

    def began_with(self, other: "Fit") -> bool:
        """Both began between the same good moment and the same first failures, give or take two minutes."""
        latest_start = max(self.last_good_ns, other.last_good_ns)
        return latest_start <= min(self.at_ns, other.at_ns) + _AT_ONCE_NS

    def may_have_begun_with(self, other: "Fit") -> bool:
        """At once as far as is known: some fail so at any time, and one of them may come just before it begins."""
        if self.began_with(other):
            return True
        return self.earliest_ns <= other.latest_ns + _AT_ONCE_NS and other.earliest_ns <= self.latest_ns + _AT_ONCE_NS


def find_onset(times_ns: NDArray[np.int64], grid: Grid, config: OnsetConfig, *, is_share: bool = False) -> Fit:
    """The most likely change to a higher rate in at least one failure, at sorted times.

    is_share: the failures are among what the grid counts, each of which fails or not: what went well tells as much.
    `is_change` is False when one constant rate explains the failures as well; the onset is then the first of them.
    """
    clock = grid.clock(np.append(times_ns, grid.timeline.end_ns))
    passed, end = clock[:-1], float(clock[-1])
    gains = _gains(passed, _share_likelihood if is_share else _likelihood)
    best = int(np.argmax(gains))
    # a few slow first failures are no earlier trouble of their own, and steady growth is one trouble
    ramp = _ramp(passed, gains, config.evidence) if best else None
    if best and (gains[0] >= gains[best] - _AS_GOOD or ramp):
        best = 0
    silent = max(0.0, end - float(passed[-1]))
    dispersion = _dispersion(times_ns[best:], grid, ramp)
    is_change = float(gains[best]) / dispersion >= config.evidence
    course, index = _course(times_ns, passed, best if is_change else 0, silent, dispersion, config)
    slow = max(dispersion, _slow_dispersion(_grown(passed, ramp)[max(index, best) :]))
    dispersion = slow if best else dispersion  # from nothing to clumps is a change, from clumps to clumps may be none
    gain = float(gains[best]) / dispersion
    if is_change and gain < config.evidence:
        is_change = False
        course, index = _course(times_ns, passed, 0, silent, dispersion, config)
    as_good = _AS_GOOD_SHARES if is_share else _AS_GOOD
    near = np.flatnonzero(gains / dispersion >= gain - as_good) if is_change and index == best else np.array([index])
    last_good, earliest = _began(times_ns, passed, grid, int(near[0]), slow)
    ended = _ended(times_ns, passed, grid, index, slow) if course == "resolved" else (None, None)
    return Fit(
        index=index,
        at_ns=int(times_ns[index]),
        earliest_ns=min(earliest, int(times_ns[index])),
        latest_ns=int(times_ns[max(int(near[-1]), index)]),
        last_good_ns=min(last_good, int(times_ns[index])),
        failures_before=index,
        exposed_before=float(passed[index]),
        failures_after=len(times_ns) - index,
        exposed_after=max(float(passed[-1] - passed[index]), float(_least(grid, len(times_ns) - index))),
        exposed_silent=silent,
        gain=gain,
        dispersion=dispersion,
        is_change=is_change,
        course=course,
        ended_earliest_ns=ended[0],
        ended_latest_ns=ended[1],
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


def _began(
    times_ns: NDArray[np.int64], passed: NDArray[np.float64], grid: Grid, first: int, dispersion: float
) -> tuple[int, int]:
    """The last moment known to be good before a failure, and the earliest at which what it tells of may have begun.

    Never before the failure that came before it, nor before anything is known.
    """
    floor = int(times_ns[first - 1]) if first else grid.timeline.began_ns
    last_good = max(_last_good(int(times_ns[first]), grid), floor)
    if first == len(times_ns) - 1:
        return last_good, floor
    reach = _reach(passed[first:] - passed[first], dispersion)
    earliest = int(grid.instant(np.array([max(float(passed[first]) - reach, 0.0)]))[0])
    return last_good, max(min(earliest, last_good), floor)


def _ended(
    times_ns: NDArray[np.int64], passed: NDArray[np.float64], grid: Grid, index: int, dispersion: float
) -> tuple[int, int]:
    """When it was over at the earliest and at the latest: after its last failure, before one more was due."""
    own = passed[index:]
    reach = _reach((own[-1] - own)[::-1], dispersion)
    latest = int(grid.instant(np.array([float(own[-1]) + reach]))[0])
    return int(times_ns[-1]), max(min(latest, grid.timeline.end_ns), int(times_ns[-1]))


def _reach(waits: NDArray[np.float64], dispersion: float) -> float:
    """Exposure that may pass beside failures without one of them, from how far they lie behind the outermost of them.

    The few next to it count alone too: what grows or fades is rarest at its ends.
    """
    near = waits[:_BLOCK]
    longest = max(
        float(own[-1]) * float(np.expm1(-np.log(_UNSEEN) * dispersion / (len(own) - 1))) for own in (waits, near)
    )
    return max(longest, -float(np.log(_UNSEEN)) * dispersion)


def _gains(passed: NDArray[np.float64], likelihood: Likelihood) -> NDArray[np.float64]:
    """Log-likelihood won by a higher rate from failure i on, for every i, against one rate up to the last failure."""
    many = len(passed)
    place = np.arange(many)
    before = place.astype(np.float64)
    after: NDArray[np.float64] = many - 1.0 - before
    exposed_before: NDArray[np.float64] = np.maximum(passed, 0.0)
    exposed_after: NDArray[np.float64] = np.maximum(passed[-1] - passed, after)  # no unit fails twice
    whole = max(float(passed[-1]), many - 1.0, 1e-9)
    one_rate = float(likelihood(np.array([many - 1.0]), np.array([whole]))[0])
    gains = likelihood(before, exposed_before) + likelihood(after, exposed_after) - one_rate
    rate_before = np.divide(before, exposed_before, out=np.zeros(many), where=exposed_before > 0)
    rate_after = np.divide(after, exposed_after, out=np.zeros(many), where=exposed_after > 0)
    return np.where((rate_after > _GROWTH * rate_before) & (exposed_before >= 1), gains, 0.0)


def _ramp(passed: NDArray[np.float64], gains: NDArray[np.float64], evidence: float) -> tuple[float, float] | None:
    """Lead and power of a rate that began from nothing and grew, where it fits better than two rates in turn."""
    many = len(passed) - 1
    if gains[0] < evidence or many <= _BLOCK:
        return None
    own = passed - passed[0]
    place = np.arange(1, many, dtype=np.float64)
    steps = _likelihood(place, own[1:-1]) + _likelihood(many - place, np.maximum(own[-1] - own[1:-1], many - place))
    wait = float(own[-1]) / np.sqrt(many)
    ramps: list[tuple[float, float, float]] = []
    for share in _SLOPES:
        lead = min(share * wait, float(passed[0]))
        grown = np.log((own[:-1] + lead) / (float(own[-1]) + lead)).sum()
        each = np.log(many / (float(own[-1]) + lead))
        ramps += [(many * (each + np.log(power + 1)) + power * float(grown), lead, power) for power in _POWERS]
    likelihood, lead, power = max(ramps)
    return (lead, power) if likelihood > steps.max() else None


def _grown(passed: NDArray[np.float64], ramp: tuple[float, float] | None) -> NDArray[np.float64]:
    """A clock on which failures of a growing rate are spread evenly; the same one where it does not grow."""
    if ramp is None:
        return passed
    lead, power = ramp
    grown: NDArray[np.float64] = np.maximum(passed - passed[0] + lead, 0.0) ** (power + 1)
    return grown


def _likelihood(counts: NDArray[np.float64], exposed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Poisson log-likelihood at its best rate, without the constant."""
    safe = np.where((counts > 0) & (exposed > 0), counts / np.maximum(exposed, 1e-12), 1.0)
    return np.where(counts > 0, counts * np.log(safe), 0.0)


def _share_likelihood(counts: NDArray[np.float64], exposed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Binomial log-likelihood at its best share, without the constant."""
    share = np.clip(counts / np.maximum(exposed, 1e-12), 1e-12, 1 - 1e-12)
    found: NDArray[np.float64] = counts * np.log(share) + np.maximum(exposed - counts, 0.0) * np.log1p(-share)
    return found


def _dispersion(times_ns: NDArray[np.int64], grid: Grid, ramp: tuple[float, float] | None) -> float:
    """How much more the counts per bin vary than a Poisson count would; at least 1."""
    places = grid.timeline.bin_of(times_ns)
    counts = np.bincount(places - places[0], minlength=1).astype(float)
    exposed = np.maximum(grid.total[places[0] : places[0] + len(counts)], counts)
    if ramp:
        passed = np.cumsum(exposed)
        exposed = exposed * np.maximum(passed - exposed / 2 - passed[0] + ramp[0], 0.5) ** ramp[1]
    used = exposed > 0
    counts, exposed = counts[used], exposed[used]
    if len(counts) < 3 or counts.sum() < 4:  # noqa: PLR2004 - too few to tell
        return 1.0
    expected = exposed * counts.sum() / exposed.sum()
    return float(np.clip(((counts - expected) ** 2 / expected).sum() / (len(counts) - 1), 1.0, 50.0))


def _slow_dispersion(own: NDArray[np.float64]) -> float:
    """The same over stretches of so much exposure that eight failures are due in each; 1 unless it is clearly more."""
    stretches = (len(own) - 1) // _BLOCK
    if stretches < 3 or own[-1] <= own[0]:  # noqa: PLR2004 - too few to tell
        return 1.0
    ends = np.searchsorted(own[1:], np.linspace(float(own[0]), float(own[-1]), stretches + 1)[1:-1])
    counts = np.diff(ends, prepend=0, append=len(own) - 1)
    expected = counts.sum() / stretches
    found = float(((counts - expected) ** 2 / expected).sum() / (stretches - 1))
    return found if found > 1 + 2 * np.sqrt(2 / (stretches - 1)) else 1.0


def _course(
    times_ns: NDArray[np.int64], passed: NDArray[np.float64], index: int, silent: float, dispersion: float,
    config: OnsetConfig,
) -> tuple[Course, int]:  # fmt: skip
    """How it went on since the change of rate at a failure, 0: none; and the first failure of the last episode."""
    own = passed[index:]
    gaps = np.diff(own)
    longest = float(gaps.max()) if gaps.size else 0.0
    exposed = max(float(own[-1] - own[0]), len(own) - 1.0, 1e-9)
    # how surprising it is that of so many failures spread over it all not one fell into the silence
    unlikely = (len(own) - 1) * np.log1p(silent / exposed) / dispersion
    if unlikely >= config.silence and silent > _GAP_FACTOR * longest and len(own) > 1:
        return "resolved", index
    if gaps.size > 2:  # noqa: PLR2004 - a pause needs others to compare with
        place = int(np.argmax(gaps))
        others = float(np.delete(gaps, place).max())
        rate_between = len(own) / max(exposed - longest, len(own) - 1.0)
        by_chance = gaps.size * (1 - min(longest / exposed, 1.0)) ** ((gaps.size - 1) / dispersion)
        is_long = longest > _RETURN_FACTOR * max(others, 1e-9) and by_chance <= _RETURN_LEVEL
        is_due = rate_between * longest / dispersion >= 2 * config.silence
        if is_long and is_due and np.diff(times_ns[index + place : index + place + 2])[0] >= _PAUSE_NS:
            return "regressed", index + place + 1
    return ("regressed" if index > 0 else "ongoing"), index
