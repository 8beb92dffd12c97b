"""Again: a deploy that brings back what an earlier one had broken and another had mended.

Neither of the two alone explains the counts: the other one's failures speak against it. Blamed is the later one, with
the earlier ones that failed as much on its side; each of them must have been bad by itself, which costs its prior.
"""

import math

import numpy as np

from classifiers.cases import Case
from classifiers.rivals import Candidate, Split, Tally, parted

__all__ = ["again_split"]

_AS_MUCH = 0.5  # of the rate of the later one, at least
_SPARED = 3.0  # failures expected between the two and not seen: rule of three
_FEW = 0.5  # of those expected: as many may have come


def again_split(
    case: Case, candidate: Candidate, split: Split, tally: Tally, before: tuple[str, ...], prior: float
) -> Split:
    """The split with those earlier revisions of `before` (in order) that failed as it does, where that explains more.

    `prior` is the chance of any deploy to be bad.
    """
    rate = split.rate_bad
    if candidate.since_ns is not None or not rate or not any(tally.failed.get(one) for one in before):
        return split
    failed = np.array([tally.failed.get(one, 0) for one in before], dtype=float)
    exposed = np.maximum(np.array([tally.exposed.get(one, 0.0) for one in before]), failed)
    is_bad = (failed > 0) & (failed >= _AS_MUCH * rate * exposed)
    if not is_bad.any():
        return split
    between = slice(int(np.flatnonzero(is_bad)[-1]) + 1, None)
    expected = float(exposed[between].sum()) * rate / case.fit.dispersion
    if expected < _SPARED or float(failed[between].sum()) > _FEW * expected:
        return split
    both = parted(
        case, split.failures_bad + int(failed[is_bad].sum()), split.exposed_bad + float(exposed[is_bad].sum())
    )
    gain = both.gain + int(is_bad.sum()) * math.log(prior)
    if gain <= split.gain:
        return split
    names = tuple(name for name, bad in zip(before, is_bad, strict=True) if bad)
    return Split(
        gain, both.failures_bad, both.exposed_bad, both.failures_good, both.exposed_good, (*names, *split.revisions)
    )
