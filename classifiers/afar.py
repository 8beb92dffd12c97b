"""Verdicts from afar: what a deploy of a called service explains, beside what fails in that service itself.

Whom a deploy hurts from afar says less of it than what it would have broken at home. So such a failure follows the
failure of that service which began with it, and repeats its verdict: no report accuses in one place whom it acquits in
another.
"""

from collections.abc import Mapping

from classifiers.attribution import Weighed, Weight
from classifiers.cases import Case
from classifiers.explained import BLAMED
from classifiers.links import Link
from classifiers.suspects import CallGraph
from classifiers.traces import is_trace

__all__ = ["follow_called", "root_of"]

_AS_LARGE = 0.5  # share of a failure that the one which it follows must have at least
_TRACES = 5


def root_of(name: str, links: Mapping[str, Link]) -> str:
    """The end of the chain of causes of a cluster; itself where nothing explains it."""
    while name in links:
        name = links[name].cause
    return name


def follow_called(
    cases: Mapping[str, Case], links: dict[str, Link], verdicts: Mapping[str, Weighed], calls: CallGraph
) -> None:
    """Adds a link of every root that a deploy of a called service is blamed for, where that service failed of its own.

    The link is to the nearest failure in that cascade: the one with most traces in common.
    """
    for root in sorted(verdicts):
        best = verdicts[root].best
        if root in links or best is None or best.confidence < BLAMED:
            continue
        owner = _owner(root, best, cases, links, calls)
        if owner:
            case = cases[root]
            met = {
                name: [key for key in other.met_ns if key in case.met_ns]
                for name, other in cases.items()
                if root_of(name, links) == root_of(owner, links) and other.service != case.service
            }
            cause = max(sorted(met), key=lambda name: (len(met[name]), name == owner))
            share, traces = best.split.failures_bad / case.units, tuple(filter(is_trace, met[cause][:_TRACES]))
            links[root] = Link(root, cause, share, best.split.failures_bad, 0, "called", traces)


def _owner(
    root: str, blamed: Weight, cases: Mapping[str, Case], links: Mapping[str, Link], calls: CallGraph
) -> str | None:
    """The failure of a blamed deploy's own service, on that deploy, that began with this one and is about as large."""
    case, own = cases[root], blamed.candidate
    if own.service == case.service or not calls.reaches(case.service, own.service):
        return None
    found = [
        (abs(other.fit.at_ns - case.fit.at_ns), name)
        for name, other in cases.items()
        if (other.project, other.service) == (own.project, own.service)
        and root_of(name, links) != root
        and other.fit.is_change
        and other.fit.began_with(case.fit)
        and own.revision in other.revisions
        and other.units >= _AS_LARGE * case.units
    ]
    return min(found)[1] if found else None
