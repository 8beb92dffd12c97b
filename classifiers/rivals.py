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
from itertools import accumulate, islice
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.exposure import Grid
from classifiers.findings import Cause, Change, Evidence, Fault

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
    "revision_gains",
]

Relation = Literal["own", "callee", "caller", "linked"]
START_SLACK_NS = 60_000_000_000  # instances fail while they start, and entries tell of a change a little after it
_SHAPE = 0.5  # of the Beta and the Gamma prior: vague
_EVEN = 0.5  # the highest mean of the Beta prior: that most of what is asked fails is not expected before
_STEPS = np.arange(8.0)  # from a number up to where Stirling's series is near enough
_FEW_VALUES = 512
_ONE_MORE = 1.0  # log-likelihood that a split over several revisions must win over one alone


class Candidate(Struct, frozen=True):
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
        found = np.zeros(held.timeline.bins)
        is_own = self.relation == "own" and bool(held.by_revision)
        for name in names:
            if not is_own:
                found += held.total * self.grid.share(name)
            elif name in held.by_revision:
                found += held.by_revision[name]
        return found


class Split(Struct, frozen=True):
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


class Rival(Struct, frozen=True):
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


class Carriers(Struct, frozen=True):
    """An idea of which later revisions still have what broke: True has it, False has not, not named: not known.

    `change` is what the idea is about, None for none in particular. `weight` is its prior, among those of one revision.
    """

    change: Change | None
    states: Mapping[str, bool]
    weight: float


class Tally(Struct, frozen=True):
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
    """As revision_gains, of one candidate."""
    return revision_gains(case, [(candidate, carriers, tally or Tally.of(case, candidate))])[0]


def revision_gains(case: Case, asked: Sequence[tuple[Candidate, Carriers, Tally]]) -> list[Split]:
    """The best split by each candidate alone, or by it and those that were deployed after it and still fail.

    Its carriers say which later ones have what broke; of the others any number from the next on may have it, since what
    is broken stays so until it is mended. All are counted at once: a call costs more than its numbers.
    """
    total = float(case.held.total.sum())
    sides = [_sides(candidate, carriers, tally) for candidate, carriers, tally in asked]
    splits = _splits(
        case,
        np.array([one for side in sides for one in side.failed], dtype=np.float64),
        np.array([one for side in sides for one in side.exposed], dtype=np.float64),
        total,
    )
    gains, failed, exposed = (one.tolist() for one in splits)
    found: list[Split] = []
    first = 0
    for side, (candidate, _, _) in zip(sides, asked, strict=True):
        if not side.ends:
            found.append(Split(-math.inf, 0, 0.0, case.units, total, (candidate.revision,)))
            continue
        own = gains[first : first + len(side.ends)]
        # one more revision is one more freedom
        place = max(range(len(own)), key=lambda at: own[at] - (_ONE_MORE if side.ends[at] else 0.0))
        at = first + place
        found.append(_split(case, gains[at], failed[at], exposed[at], total, side.blamed(side.ends[place])))
        first += len(own)
    return found


class _Sides(Struct, frozen=True):
    """What splits by a candidate and those after it may blame: up to each of `ends`, places among `names`."""

    names: list[str]
    may_have: list[bool]
    has: list[bool]
    ends: list[int]
    failed: list[float]  # of the blamed, for each end
    exposed: list[float]

    def blamed(self, end: int) -> tuple[str, ...]:
        """Those that a split up to an end blames."""
        told = zip(self.names, self.may_have, self.has, strict=True)
        return tuple(name for at, (name, may, has) in enumerate(told) if (may and at <= end) or has)


def _sides(candidate: Candidate, carriers: Carriers, tally: Tally) -> _Sides:
    """No end where the candidate itself did not fail; a later one that never failed may stand between two that did."""
    names = [candidate.revision, *(one for one in candidate.later if tally.failed.get(one) or tally.exposed.get(one))]
    told = [carriers.states.get(one) for one in names[1:]]
    may_have, has = [True, *(one is not False for one in told)], [False, *(one is True for one in told)]
    many = [float(tally.failed.get(one, 0)) for one in names]
    if not many[0]:
        return _Sides(names, may_have, has, [], [], [])
    ends = [at for at, failed in enumerate(many) if failed and may_have[at]]
    failed = _blamed(many, may_have, has)
    exposed = _blamed([tally.exposed.get(one, 0.0) for one in names], may_have, has)
    return _Sides(names, may_have, has, ends, [failed[at] for at in ends], [exposed[at] for at in ends])


def _blamed(counts: list[float], may_have: list[bool], has: list[bool]) -> list[float]:
    """For each place the sum of what may have it up to there, and of what has it after."""
    upto = list(accumulate(one if may else 0.0 for one, may in zip(counts, may_have, strict=True)))
    if not any(has):
        return upto
    sure = list(accumulate(one if is_it else 0.0 for one, is_it in zip(counts, has, strict=True)))
    return [one + (sure[-1] - own) for one, own in zip(upto, sure, strict=True)]


def earlier_gains(case: Case, asked: Sequence[tuple[Candidate, Split, Tally]]) -> list[list[float]]:
    """The gains of each split if it begins with each of `candidate.idle` instead: those from there on did not fail."""
    more = [
        list(accumulate(tally.exposed.get(one, 0.0) for one in reversed(candidate.idle)))[::-1]
        for candidate, _, tally in asked
    ]
    pairs = [(split, one) for (_, split, _), own in zip(asked, more, strict=True) for one in own]
    if not pairs:
        return [[] for _ in asked]
    failed = np.array([float(split.failures_bad) for split, _ in pairs])
    exposed = np.array([split.exposed_bad + one for split, one in pairs])
    gains = _splits(case, failed, exposed, float(case.held.total.sum()))[0].tolist()
    left = iter(
        gain if split.exposed_good - one >= 1 else -math.inf for gain, (split, one) in zip(gains, pairs, strict=True)
    )
    return [list(islice(left, len(own))) for own in more]


def _splits(
    case: Case, failed: NDArray[np.float64], exposed: NDArray[np.float64], total: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Gain, failures and exposure of the blamed side, of many splits. What failed on a side was exposed on it."""
    exposed_bad = _held(case, failed, exposed, total)
    return _gain(case, failed, exposed_bad, total), failed, exposed_bad


def _split(case: Case, gain: float, failed: float, exposed: float, total: float, blamed: tuple[str, ...] = ()) -> Split:
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
    gains, failures, exposures = _splits(case, np.array([float(failed)]), np.array([exposed]), total)
    return _split(case, float(gains[0]), float(failures[0]), float(exposures[0]), total)


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
