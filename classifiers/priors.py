"""Priors: how likely each kind of explanation is before any log was read, and how sure a verdict may be at most.

A few of them a user knows better and sets in config.yaml. The rest are ratios between kinds of explanations; they are
named here beside the arithmetic that they are for, since nobody can know them of one system.
"""

import math
from collections.abc import Collection

import numpy as np

from classifiers.cases import Case
from classifiers.config import AttributionConfig
from classifiers.harness import are_users_spared
from classifiers.natures import outside_ratio
from classifiers.origin import origin_of_share
from classifiers.ramps import outside_ramp
from classifiers.rivals import START_SLACK_NS, Candidate, Split, outside_gain

__all__ = ["MOST_ALONE", "deploy_prior", "outside_weight", "shared_out", "surest"]

# Of bad deploys: those that break something of their own service, of what calls it, of what it calls, and of a service
# that the failed traces do not show.
_REACH = {"own": 1.0, "callee": 1 / 3, "caller": 1 / 6, "linked": 0.1}
_WORSE = 0.1  # of a failure that was there before it: deploys bring failures more often than they multiply them
_KNOWN = 10.0  # how much likelier a revision is that is guilty of another failure
_SHARED = 300.0  # how much likelier "outside" is for each unrelated service that fails at once, up to three
_TESTS = 2.5  # ... when only tests fail: harnesses change often; where users are spared, harness.py weighs them
_BROKEN = 3.0  # a deploy, or an outage, that breaks something breaks about so many of the clusters looked at
_MOST_MINUTES = 0.85  # no certainty above this when failures could only be counted in minutes
MOST_ALONE = 0.45  # ... when nothing else was ever exposed, or exposed before: below what blames
_INFERRED = 0.1  # what a failure counts whose revision no row or trace tells


def deploy_prior(
    case: Case, candidate: Candidate, known: Collection[tuple[str, str]], config: AttributionConfig
) -> float:
    """Log of how likely a deploy of such a service is to break something here, whatever it changed.

    `known`: service and revision of those that are guilty of another failure.
    """
    prior = config.bad_deploys * _REACH[candidate.relation]
    if _was_there(case, candidate):
        prior *= _WORSE
    if (candidate.service, candidate.revision) in known:
        prior *= _KNOWN
    return math.log(prior)


def _was_there(case: Case, candidate: Candidate) -> bool:
    """It failed of the same before the revision first served, more than once; some requests are slow at any time."""
    return case.kind != "slow" and case.units > 1 and int(case.times_ns[1]) < candidate.served_ns - START_SLACK_NS


def outside_weight(case: Case, shared: int, text: str, config: AttributionConfig) -> tuple[float, Split]:
    """How well something from outside explains a case: log of prior times likelihood, and the best split."""
    is_over = case.fit.course == "resolved"
    per_minute = config.outages_per_day / 1440
    outside, split = outside_gain(case, is_over=is_over, per_minute=per_minute)
    if not is_over:
        outside = float(np.logaddexp(outside, outside_ramp(case, per_minute)))
    outside += math.log(_SHARED) * min(shared, 3) + math.log(outside_ratio(case, text))
    if origin_of_share(case.origins)[0] == "tests" and not are_users_spared(case):
        outside += math.log(_TESTS)
    return outside, split


def shared_out(looks: int) -> float:
    """Log of the share of a prior that each of so many clusters has: what breaks something breaks few of them.

    That bounds false accusations at any number of looks: while nothing happens a Bayes factor is a martingale of mean
    1, and ever exceeds 1/prior with at most that prior.
    """
    return math.log(min(1.0, _BROKEN / max(looks, 1)))


def surest(case: Case, split: Split, linked: float, config: AttributionConfig, *, is_alone: bool) -> float:
    """The highest probability that what was counted allows: n failures whose revision is known make it n to 1.

    linked: share of the failures whose revision a row or a trace tells. is_alone: there is nothing to compare with.
    """
    most = config.most if case.is_counted else min(config.most, _MOST_MINUTES)
    if is_alone:
        most = MOST_ALONE
    known = split.failures_bad * (linked + (1 - linked) * _INFERRED)
    return min(most, known / (known + 1))
