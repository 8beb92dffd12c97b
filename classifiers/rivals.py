"""How well each explanation fits the counts: one revision, something from outside at a moment, or nothing at all.

Every explanation parts the exposure of a cluster into what should fail and what should not; how well the failures fit
is the marginal likelihood of two Poisson rates under Gamma priors (after METHODS of change points over revisions, in
closed form). Old and new revision inside the same minutes, before and after, roll-back and canary are all the same
arithmetic: which exposure failed. What comes from outside may begin at any moment, and pays for that freedom; a
revision may only begin when it was deployed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.exposure import Grid
from classifiers.findings import Cause, Evidence

__all__ = ["Candidate", "Rival", "Split", "outside_gain", "revision_gain"]

Relation = Literal["own", "callee", "caller", "linked"]
_SHAPE = 0.5  # of the Gamma prior: vague


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
    about it may have been counted twice. `split` is what it claims to fail and not to.
    """

    cause: Cause
    statement: str
    log_weight: float
    split: "Split"
    evidence: tuple[Evidence, ...] = ()


def revision_gain(case: Case, candidate: Candidate) -> Split:
    """The best split by the candidate alone, or by it and those that were deployed after it and still fail."""
    labels = np.array(candidate.labels, dtype=object)
    total = float(case.held.total.sum())
    best: Split | None = None
    blamed: tuple[str, ...] = ()
    exposed = 0.0
    for revision in (candidate.revision, *candidate.later):
        blamed = (*blamed, revision)
        failed_here = int((labels == revision).sum())
        if not failed_here:
            if revision == candidate.revision:
                return Split(-np.inf, 0, 0.0, case.units, total, blamed)
            exposed += _exposed(case, candidate, revision)
            continue  # a later one that never failed may stand between two that did
        exposed += _exposed(case, candidate, revision)
        failed = int(np.isin(labels, blamed).sum())
        split = _split(case, failed, exposed, total, blamed)
        # one more revision is one more freedom
        if best is None or split.gain - 1.0 > best.gain:
            best = split
    return best or Split(-np.inf, 0, 0.0, case.units, total, blamed)


def outside_gain(case: Case, *, is_over: bool, per_minute: float) -> tuple[float, Split]:
    """Log of prior times likelihood summed over every moment at which something outside may have begun, and the best.

    `per_minute` is the prior of one such beginning. is_over: it ended with the last failure, which costs as much.
    """
    grid = case.held
    counts = np.bincount(case.bins, minlength=grid.timeline.bins).astype(float)
    exposed = grid.total
    last = int(case.bins[-1]) + 1 if is_over else grid.timeline.bins
    failures = counts[:last][::-1].cumsum()[::-1]
    all_exposed = float(exposed.sum())
    exposures = _held(case, failures, exposed[:last][::-1].cumsum()[::-1], all_exposed)
    gains = _gain(failures, exposures, case.units - failures, all_exposed - exposures) / case.fit.dispersion
    prior = np.log(per_minute * grid.timeline.bin_minutes) - (np.log(120.0) if is_over else 0.0)
    place = int(np.argmax(gains))
    best = Split(
        float(gains[place]), int(failures[place]), float(exposures[place]),
        int(case.units - failures[place]), float(all_exposed - exposures[place]),
    )  # fmt: skip
    top = float(gains.max())
    summed = top + float(np.log(np.exp(gains - top).sum())) if np.isfinite(top) else top
    return summed + prior, best


def _exposed(case: Case, candidate: Candidate, revision: str) -> float:
    """Exposure of the case that went through the revision."""
    if candidate.relation == "own" and case.held.by_revision:
        own = case.held.by_revision.get(revision)
        return float(own.sum()) if own is not None else 0.0
    return float((case.held.total * candidate.grid.share(revision)).sum())


def _split(case: Case, failed: int, exposed: float, total: float, blamed: tuple[str, ...]) -> Split:
    """Both sides of an explanation. What failed on a side was exposed on it, and the two make up the whole."""
    exposed_bad = float(_held(case, np.array([float(failed)]), np.array([exposed]), total)[0])
    exposed_good = max(total - exposed_bad, 0.0)
    gain = _gain(
        np.array([float(failed)]),
        np.array([exposed_bad]),
        np.array([float(case.units - failed)]),
        np.array([exposed_good]),
    )
    return Split(float(gain[0]) / case.fit.dispersion, failed, exposed_bad, case.units - failed, exposed_good, blamed)


def _held(case: Case, failed: NDArray[np.float64], exposed: NDArray[np.float64], total: float) -> NDArray[np.float64]:
    """The exposure of a side, at least what failed on it and leaving the other side at least what failed there.

    Of other services only their share of the traffic is known, and a line may fall into the minute after its request.
    """
    if not case.is_counted:
        return exposed
    held: NDArray[np.float64] = np.clip(exposed, failed, np.maximum(total - (case.units - failed), failed))
    return held


def _gain(
    bad: NDArray[np.float64],
    exposed_bad: NDArray[np.float64],
    good: NDArray[np.float64],
    exposed_good: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Log Bayes factor of two rates against one; minus infinity where the blamed side fails no more than the other."""
    whole, exposed = bad + good, exposed_bad + exposed_good
    scale = _SHAPE * exposed / np.maximum(whole, 1.0)  # prior mean = the overall rate
    two = _marginal(bad, exposed_bad, scale) + _marginal(good, exposed_good, scale)
    gain = two - _marginal(whole, exposed, scale)
    is_worse = bad * np.maximum(exposed_good, 1e-9) > good * exposed_bad
    return np.where(is_worse & (exposed_bad > 0), gain, -np.inf)


def _marginal(
    counts: NDArray[np.float64], exposed: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    safe = np.maximum(scale, 1e-9)
    found: NDArray[np.float64] = (
        _SHAPE * np.log(safe)
        - math.lgamma(_SHAPE)
        + _log_gamma(_SHAPE + counts)
        - (_SHAPE + counts) * np.log(safe + exposed)
    )
    return found


def _log_gamma(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-gamma of numbers above zero, many of them alike. scipy has it too, but is slow to load."""
    distinct, places = np.unique(values, return_inverse=True)
    told: NDArray[np.float64] = np.array([math.lgamma(value) for value in distinct.tolist()])[places]
    return told
