"""Returns: old revisions that take traffic again, by a pin, a roll-back or a shifted share. The change is the traffic.

An old revision may be broken by what became of the others since; it then fails from the moment of the call on, and what
it served long before speaks neither for nor against that.
"""

from collections.abc import Sequence

from classifiers.cases import Case
from classifiers.changes import Difference
from classifiers.findings import Change
from classifiers.lineage import Lineage
from classifiers.rivals import START_SLACK_NS, Candidate
from collector.replacing import replace

__all__ = ["returned"]


def returned(
    case: Case, suspects: Sequence[tuple[Candidate, Difference | None]], lineage: Lineage
) -> list[tuple[Candidate, Difference | None]]:
    """Each suspect that was routed to again before it may have begun: itself since then, with that as its change."""
    found: list[tuple[Candidate, Difference | None]] = []
    for candidate, _ in suspects:
        told = lineage.returns(candidate.project, candidate.service, candidate.revision)
        near = [one for one in told if candidate.served_ns < one[0] <= case.fit.latest_ns + START_SLACK_NS]
        if not near:
            continue
        at_ns, leader = near[-1]
        moved = Change("traffic", "traffic", leader, candidate.revision)
        again = replace(candidate, served_ns=at_ns, since_ns=at_ns - START_SLACK_NS, later=(), idle=())
        found.append((again, Difference(leader, candidate.revision, (moved,), "config only", ())))
    return found
