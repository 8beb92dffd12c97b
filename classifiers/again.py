"""Again: a deploy that brings back what an earlier one had broken and another had mended.

Neither of the two alone explains the counts: the other one's failures speak against it. Blamed is the later one, with
the earlier ones that failed as much on its side; each of them must have been bad by itself, which costs its prior.
"""

import math

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
    failed = [tally.failed.get(one, 0) for one in before]
    exposed = [max(tally.exposed.get(one, 0.0), many) for one, many in zip(before, failed, strict=True)]
    bad = [
        at
        for at, (many, asked) in enumerate(zip(failed, exposed, strict=True))
        if many and many >= _AS_MUCH * rate * asked
    ]
    if not bad:
        return split
    between = bad[-1] + 1
    expected = sum(exposed[between:]) * rate / case.fit.dispersion
    if expected < _SPARED or sum(failed[between:]) > _FEW * expected:
        return split
    both = parted(
        case, split.failures_bad + sum(failed[at] for at in bad), split.exposed_bad + sum(exposed[at] for at in bad)
    )
    gain = both.gain + len(bad) * math.log(prior)
    if gain <= split.gain:
        return split
    names = [before[at] for at in bad]
    return Split(
        gain, both.failures_bad, both.exposed_bad, both.failures_good, both.exposed_good, (*names, *split.revisions)
    )
