"""Endings: whether a failure stopped while what is blamed for it went on serving.

What a revision breaks stays broken until it is taken back; what comes from outside ends by itself.
"""

from classifiers.cases import Case
from classifiers.rivals import Candidate, Split

__all__ = ["ended_by_itself"]

_MISSED = 3.0  # failures expected after the last one and not seen: rule of three


def ended_by_itself(case: Case, candidate: Candidate, split: Split) -> bool:
    """It is over, and the blamed revisions were asked so often since that it would have been seen."""
    if case.fit.course != "resolved":
        return False
    exposed = candidate.exposed(case, split.revisions)
    fell = case.bins[candidate.bears(case, split.revisions)]
    if not len(fell):
        return False
    first, last = int(fell[0]), int(fell[-1])
    rate = len(fell) / max(float(exposed[first : last + 1].sum()), float(len(fell)))
    return float(exposed[last + 1 :].sum()) * rate / case.fit.dispersion >= _MISSED
