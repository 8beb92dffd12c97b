"""How well each explanation fits the counts: one revision, something from outside at a moment, or nothing at all.

Every explanation parts the exposure of a cluster into what should fail and what should not; how well the failures fit
is the marginal likelihood of two rates in closed form: binomial under Beta priors where requests or traces are counted,
each of which fails at most once, Poisson under Gamma priors where minutes are. Old and new revision inside the same
minutes, before and after, roll-back and canary are all the same arithmetic: which exposure failed. What comes from
outside may begin at any moment, and pays for that freedom; a revision may only begin when it was deployed.
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.exposure import Grid
from classifiers.findings import Cause, Change, Evidence, Fault
from collector.record_class import dataclass

__all__ = [
    "START_SLACK_NS",
    "UNKNOWN",
    "Candidate",
    "Carriers",
    "Rival",
    "Split",
    "Tally",
    "earlier_gains",
    "gains_of",
    "log_beta",
    "log_gamma",
    "moment_gain",
    "outside_gain",
    "parted",
    "revision_gain",
]

Relation = Literal["own", "callee", "caller", "linked"]
START_SLACK_NS = 60_000_000_000  # instances fail while they start, and entries tell of a change a little after it
_SHAPE = 0.5  # of the Beta and the Gamma prior: vague
_EVEN = 0.5  # the highest mean of the Beta prior: that most of what is asked fails is not expected before
_STEPS = np.arange(8.0)  # from a number up to where Stirling's series is near enough
_FEW_VALUES = 512
_ONE_MORE = 1.0  # log-likelihood that a split over several revisions must win over one alone


@dataclass(frozen=True)
class Candidate:
    """A revision that may be the cause. `labels` is its service's revision at each failure, "" unknown."""

    project: str
    service: str
    revision: str
    relation: Relation
    served_ns: int  # when it first took requests, or was first seen
    later: tuple[str, ...]  # revisions of the same service deployed after it, in order
    labels: Sequence[str]
    grid: Grid  # exposure of its service
    linked: float  # share of the failures whose revision is known from their own rows or trace
    idle: tuple[str, ...] = ()  # deployed before it, since the last that failed too, without a failure; in order
    since_ns: int | None = None  # of an old one that took traffic again: what it served before that is no part of it

    def bears(self, case: Case, names: Collection[str]) -> NDArray[np.bool_]:
        """Of each failure whether it falls on these revisions, since this one took traffic again."""
        found = self.are_of(names)
        return found if self.since_ns is None else found & (case.times_ns >= self.since_ns)

    def are_of(self, names: Collection[str]) -> NDArray[np.bool_]:
        """Of each failure whether it falls on one of these revisions."""
        wanted = set(names)
        return np.fromiter((one in wanted for one in self.labels), np.bool_, len(self.labels))

    def exposure(self, case: Case, name: str) -> NDArray[np.float64]:
        """What is known of a case per bin to have gone through a revision, since this one took traffic again."""
        known = case.grid.by_revision if self.relation == "own" else self.grid.by_revision
        if name not in known:
            return np.zeros(case.grid.timeline.bins)
        own = known[name] if self.relation == "own" else case.grid.total * self.grid.share(name)
        if self.since_ns is None:
            return own
        first = int(case.grid.timeline.bin_of(np.array([self.since_ns]))[0])
        return np.where(np.arange(len(own)) >= first, own, 0.0)

    def exposed(self, case: Case, names: Collection[str]) -> NDArray[np.float64]:
        """Exposure of the case through these revisions, by bin."""
        held = case.held
        if self.relation == "own" and held.by_revision:
            parts = [held.by_revision[name] for name in names if name in held.by_revision]
        else:
            parts = [held.total * self.grid.share(name) for name in names]
        return np.sum(parts, axis=0) if parts else np.zeros(held.timeline.bins)


@dataclass(frozen=True, slots=True)
class Split:
    """Failures and exposure on both sides of an explanation, and the log-likelihood it wins over one rate for all."""

    gain: float
    failures_bad: int
    exposed_bad: float
    failures_good: int
    exposed_good: float
    revisions: tuple[str, ...] = ()

    @property
    def rate_bad(self) -> float | None:
        """Failures per exposed unit on the blamed side."""
        return min(1.0, self.failures_bad / self.exposed_bad) if self.exposed_bad >= 1 else None

    @property
    def rate_good(self) -> float | None:
        """Failures per exposed unit on the other side; None where nothing was exposed."""
        return min(1.0, self.failures_good / self.exposed_good) if self.exposed_good >= 1 else None


@dataclass(frozen=True, slots=True)
class Rival:
    """An explanation that is neither a revision nor an onset at any moment, weighed beside them.

    `log_weight` is the log of its prior times the likelihood it wins over one rate for all, as `Split.gain` is: nothing
    about it may have been counted twice. `split` is what it claims to fail and not to. `fault`: where the fault sits,
    if not where the cause says.
    """

    cause: Cause
    statement: str
    log_weight: float
    split: "Split"
    evidence: tuple[Evidence, ...] = ()
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Carriers:
    """An idea of which later revisions still have what broke: True has it, False has not, not named: not known.

    `change` is what the idea is about, None for none in particular. `weight` is its prior, among those of one revision.
    """

    change: Change | None
    states: Mapping[str, bool]
    weight: float


@dataclass(frozen=True)
class Tally:
    """Failures and exposure of a case by the revision of one service that bore them."""

    units: int
    total: float
    failed: Mapping[str, int]
    exposed: Mapping[str, float]

    @classmethod
    def of(cls, case: Case, candidate: Candidate) -> "Tally":
        """Counts by the revisions of the candidate's service."""
        labels, held = candidate.labels, case.held
        failed = Counter(labels)
        if candidate.since_ns is not None:
            name = candidate.revision
            failed = Counter({name: int(candidate.bears(case, {name}).sum())})
            exposed = {name: float(candidate.exposure(case, name).sum())}
            return cls(case.units, float(held.total.sum()), failed, exposed)
        if candidate.relation == "own" and held.by_revision:
            exposed = {name: float(counts.sum()) for name, counts in held.by_revision.items()}
        else:
            exposed = candidate.grid.parted(held.total)
        return cls(case.units, float(held.total.sum()), failed, exposed)


UNKNOWN = Carriers(None, {}, 1.0)


def revision_gain(case: Case, candidate: Candidate, carriers: Carriers = UNKNOWN, tally: Tally | None = None) -> Split:
    """The best split by the candidate alone, or by it and those that were deployed after it and still fail.

    `carriers` says which later ones have what broke; of the others any number from the next on may have it, since what
    is broken stays so until it is mended.
    """
    counts = tally or Tally.of(case, candidate)
    names = [
        candidate.revision,
        *(one for one in candidate.later if counts.failed.get(one) or counts.exposed.get(one)),
    ]
    failed = np.array([counts.failed.get(one, 0) for one in names], dtype=np.float64)
    if not failed[0]:
        return Split(-np.inf, 0, 0.0, case.units, counts.total, (candidate.revision,))
    exposed = np.array([counts.exposed.get(one, 0.0) for one in names])
    told = [carriers.states.get(one) for one in names]
    may_have = np.array([True, *(one is not False for one in told[1:])])
    has = np.array([False, *(one is True for one in told[1:])])
    last = np.flatnonzero((failed > 0) & may_have)  # a later one that never failed may stand between two that did
    splits = _splits(
        case,
        np.cumsum(failed * may_have)[last] + _after(failed * has)[last],
        np.cumsum(exposed * may_have)[last] + _after(exposed * has)[last],
        counts.total,
    )
    gains = splits[0] - np.where(last > 0, _ONE_MORE, 0.0)  # one more revision is one more freedom
    best = int(np.argmax(gains))
    end = int(last[best])
    blamed = tuple(name for at, name in enumerate(names) if (may_have[at] and at <= end) or has[at])
    return _split_at(case, splits, best, counts.total, blamed)


def earlier_gains(case: Case, candidate: Candidate, split: Split, tally: Tally) -> NDArray[np.float64]:
    """The gain of a split when it begins with each of `candidate.idle` instead: those from there on did not fail."""
    idle = np.array([tally.exposed.get(one, 0.0) for one in candidate.idle])
    more = idle[::-1].cumsum()[::-1]
    failed = np.full(len(idle), float(split.failures_bad))
    gains: NDArray[np.float64] = _splits(case, failed, split.exposed_bad + more, tally.total)[0]
    return np.where(split.exposed_good - more >= 1, gains, -np.inf)


def _after(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """What comes after each place."""
    whole: NDArray[np.float64] = counts.sum() - np.cumsum(counts)
    return whole


def _splits(
    case: Case, failed: NDArray[np.float64], exposed: NDArray[np.float64], total: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Gain, failures and exposure of the blamed side, of many splits. What failed on a side was exposed on it."""
    exposed_bad = _held(case, failed, exposed, total)
    return _gain(case, failed, exposed_bad, total), failed, exposed_bad


def _split_at(
    case: Case, splits: tuple[NDArray[np.float64], ...], place: int, total: float, blamed: tuple[str, ...]
) -> Split:
    gain, failed, exposed = (float(one[place]) for one in splits)
    return Split(gain, int(failed), exposed, int(case.units - failed), max(total - exposed, 0.0), blamed)


def outside_gain(case: Case, *, is_over: bool, per_minute: float) -> tuple[float, Split]:
    """Log of prior times likelihood summed over every moment at which something outside may have begun, and the best.

    `per_minute` is the prior of one such beginning. is_over: it ended with the last failure, which costs as much.
    """
    timeline = case.held.timeline
    last = int(case.bins[-1]) + 1 if is_over else timeline.bins
    prior = np.log(per_minute * timeline.bin_minutes) - (np.log(120.0) if is_over else 0.0)
    return moment_gain(case, np.full(last, prior))


def moment_gain(
    case: Case, log_prior: NDArray[np.float64], *, failed: NDArray[np.float64] | None = None,
    exposed: NDArray[np.float64] | None = None,
) -> tuple[float, Split]:  # fmt: skip
    """The same with a prior of each bin in which it may have begun; it lasts to the end of the bins given.

    `failed` and `exposed` per bin, where it can only have hit a part of them; else all units and their exposure.
    """
    held = case.held
    counts = np.bincount(case.bins, minlength=held.timeline.bins).astype(float) if failed is None else failed
    last = len(log_prior)
    all_exposed = float(held.total.sum())
    failures = counts[:last][::-1].cumsum()[::-1]
    within = held.total if exposed is None else exposed
    exposures = _held(case, failures, within[:last][::-1].cumsum()[::-1], all_exposed)
    gains = _gain(case, failures, exposures, all_exposed)
    place = int(np.argmax(gains + log_prior))
    best = Split(
        float(gains[place]), int(failures[place]), float(exposures[place]),
        int(case.units - failures[place]), float(all_exposed - exposures[place]),
    )  # fmt: skip
    weighed = gains + log_prior
    top = float(weighed.max())
    return (top + float(np.log(np.exp(weighed - top).sum())) if np.isfinite(top) else top), best


def parted(case: Case, failed: int, exposed: float) -> Split:
    """How well a part of the exposure explains a case, in which so many of its units failed."""
    total = float(case.held.total.sum())
    return _split_at(case, _splits(case, np.array([float(failed)]), np.array([exposed]), total), 0, total, ())


def gains_of(case: Case, failed: NDArray[np.float64], exposed: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log-likelihoods that many partings of a case win, as `parted` tells them one by one."""
    return _splits(case, failed, exposed, float(case.held.total.sum()))[0]


def _held(case: Case, failed: NDArray[np.float64], exposed: NDArray[np.float64], total: float) -> NDArray[np.float64]:
    """The exposure of a side, at least what failed on it and leaving the other side at least what failed there.

    Of other services only their share of the traffic is known, and a line may fall into the minute after its request.
    """
    if not case.is_counted:
        return exposed
    held: NDArray[np.float64] = np.clip(exposed, failed, np.maximum(total - (case.units - failed), failed))
    return held


def _gain(case: Case, bad: NDArray[np.float64], exposed_bad: NDArray[np.float64], total: float) -> NDArray[np.float64]:
    """Log Bayes factor of two rates against one; minus infinity where the blamed side fails no more than the other."""
    good, exposed_good = case.units - bad, np.maximum(total - exposed_bad, 0.0)
    marginal = _of_shares if case.is_counted else _of_rates
    mean = case.units / max(total, 1e-9)  # of the prior: the overall rate
    many = len(bad)
    told = marginal(  # both sides and the whole at once: calls cost more than numbers
        np.concatenate([bad, good, [float(case.units)]]), np.concatenate([exposed_bad, exposed_good, [total]]), mean
    )
    gain = (told[:many] + told[many : 2 * many] - told[-1]) / case.fit.dispersion
    is_worse = bad * np.maximum(exposed_good, 1e-9) > good * exposed_bad
    return np.where(is_worse & (exposed_bad > 0), gain, -np.inf)


def _of_rates(counts: NDArray[np.float64], exposed: NDArray[np.float64], mean: float) -> NDArray[np.float64]:
    """Log marginal likelihood of counts that may come any number of times in what was exposed."""
    scale = _SHAPE / max(mean, 1e-9)
    prior = _SHAPE * math.log(scale) - math.lgamma(_SHAPE)
    found: NDArray[np.float64] = prior + log_gamma(_SHAPE + counts) - (_SHAPE + counts) * np.log(scale + exposed)
    return found


def _of_shares(counts: NDArray[np.float64], exposed: NDArray[np.float64], mean: float) -> NDArray[np.float64]:
    """Log marginal likelihood of counts of what was exposed, each of which fails or not."""
    within = min(max(mean, 1e-9), _EVEN)
    other = _SHAPE * (1.0 - within) / within
    prior = math.lgamma(_SHAPE) + math.lgamma(other) - math.lgamma(_SHAPE + other)
    return log_beta(_SHAPE + counts, other + np.maximum(exposed - counts, 0.0)) - prior


def log_beta(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log of the Beta function of numbers above zero."""
    told = log_gamma(np.stack([one, other, one + other]))
    found: NDArray[np.float64] = told[0] + told[1] - told[2]
    return found


def log_gamma(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-gamma of numbers above zero, by Stirling's series eight above them; scipy has it too, but is slow to load."""
    if values.size <= _FEW_VALUES:  # calls cost more than numbers
        steps = (values + _STEPS.reshape(-1, *[1] * values.ndim)).prod(axis=0)
    else:
        steps = values.copy()
        for step in range(1, 8):
            steps *= values + step
    far = values + 8.0
    square = 1.0 / (far * far)
    series = (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square / 1680))) / far
    found: NDArray[np.float64] = (far - 0.5) * np.log(far) - far + 0.5 * math.log(2 * math.pi) + series - np.log(steps)
    return found
