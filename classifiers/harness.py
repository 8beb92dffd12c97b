"""Harness: tests that changed with a deploy, beside a deploy that broke what only tests meet.

Where users of the same routes are spared, both are equally likely: suites are changed with the product that they
test. Counts tell them apart only where the deploy and the time since it part: another revision that tests ask since
then, or a return to the one before. Words tell them apart where the failure names what the deploy configured.
"""

import math
from collections.abc import Sequence

import numpy as np

from classifiers.cases import Case
from classifiers.findings import Change
from classifiers.origin import origin_of_share
from classifiers.rivals import Candidate, moment_gain

__all__ = ["are_users_spared", "changed_with"]

_MISSED = 3.0  # failures expected and not seen, for users to count as spared: rule of three


def are_users_spared(case: Case) -> bool:
    """Only tests fail, while users of the same routes ask often enough to have failed too."""
    return origin_of_share(case.origins)[0] == "tests" and case.spared >= _MISSED


def changed_with(case: Case, candidate: Candidate, prior: float, words: Sequence[tuple[Change | None, float]]) -> float:
    """Log of prior times likelihood that tests changed with a deploy and fail since, whichever revision they ask.

    prior: log of what the deploy weighs before its counts. words: the likelihood ratio of what the failure says, for
    each change of the deploy; an image is named by any fault of code, which says nothing against the tests.
    """
    if not are_users_spared(case):
        return -math.inf
    timeline = case.held.timeline
    since = int(timeline.bin_of(np.array([candidate.served_ns]))[0])
    moment = np.full(timeline.bins, -np.inf)
    moment[since : since + 2] = 0.0  # the bin in which it began may be that of the one before as well
    _, split = moment_gain(case, moment)
    named = max((ratio for change, ratio in words if change and change.type != "image"), default=1.0)
    return prior + split.gain - math.log(max(named, 1.0))
