"""Company: failures of a history in; which clusters come with another one's, out.

What an instance writes at once behind a failure, again and again, tells of the same failure: a warning how it goes on
without, an access line how it was answered. Lines that merely come at the same busy time do not count: what lies
elsewhere in time shows how often they would meet by chance.
"""

import math
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.exposure import Timeline

__all__ = ["attending", "chance_of", "followers"]

_AT_ONCE_NS = 2_000_000  # behind a failure; other lines of a start follow after some 15 ms
_SHARE = 0.5  # of the lines that follow
_OF_FAILURE = 0.8  # of the lines that are followed: where most of the others were not collected
_FEW = 2  # lines, below which one failure being followed says nothing
_LIFT = 4.0  # times more often than by chance
_ELSEWHERE_NS = (-1_700_000_000, -700_000_000, 900_000_000, 1_900_000_000)
_AROUND_NS = 60_000_000_000  # give or take, of a failure that is met
_ATTENDS = 0.8  # share of failures that meet one of the other kind
_EVIDENCE = 5.0  # log of how unlikely they would do so by chance


def attending(cases: Sequence[Case], problems: Sequence[Case]) -> set[str]:
    """The ids of those cases that fail in the very minutes, on the very revisions, in which a problem of theirs does.

    So rare a failure tells of no change by itself: requests cut off where an instance is killed now and then. A problem
    that fails most of the time meets everything, and says nothing.
    """
    return {
        case.cluster_id
        for case in cases
        for other in problems
        if (other.project, other.service) == (case.project, case.service) and other.fit.is_change
        if _attends(case, other)
    }


def _attends(case: Case, other: Case) -> bool:
    times = other.times_ns[other.times_ns >= other.fit.at_ns]
    if not set(case.revisions) <= set(other.revisions) or not len(times):
        return False
    places = np.searchsorted(times, case.times_ns)
    before = np.abs(case.times_ns - times[np.maximum(places - 1, 0)])
    after = np.abs(case.times_ns - times[np.minimum(places, len(times) - 1)])
    met = int((np.minimum(before, after) <= _AROUND_NS).sum())
    chance = chance_of(times, case.grid.timeline, _AROUND_NS)
    return met >= _ATTENDS * case.units and met * math.log(1 / chance) >= _EVIDENCE


def chance_of(times_ns: NDArray[np.int64], line: Timeline, around_ns: int) -> float:
    """How likely a moment of the timeline lies by chance at most so far from one of some sorted times; at most 1."""
    gaps = np.diff(times_ns, append=times_ns[-1] + 2 * around_ns)
    return min(float(np.minimum(gaps, 2 * around_ns).sum()) / max(line.end_ns - line.start_ns, 1), 1.0)


def followers(rows: pl.DataFrame, of: Collection[str], behind: Collection[str]) -> set[str]:
    """Those clusters `of` whose lines stand straight behind lines of the clusters `behind`, in the same instance.

    `rows` are those of find_failures with their cluster_id. The time of a request is its start: its line follows none.
    """
    lines = rows.filter(
        (pl.col("log") != "requests") & (pl.col("instance") != "") & pl.col("cluster_id").is_in([*of, *behind])
    ).sort("instance", "first_ns", "cluster_id")
    names = lines["cluster_id"].to_list()
    mine = _lines(lines, np.array([name in set(of) for name in names], dtype=bool))
    theirs = _lines(lines, np.array([name in set(behind) for name in names], dtype=bool))
    if not len(mine.at_ns) or not len(theirs.at_ns):
        return set()
    by_chance = sum(_shares(mine, theirs, shift) / len(_ELSEWHERE_NS) for shift in _ELSEWHERE_NS)
    share = _shares(mine, theirs, 0)
    return {mine.names[at] for at in np.flatnonzero((share > 0) & (share >= _LIFT * by_chance))}


class _Lines(Struct, frozen=True):
    """Lines of some clusters by instance and time: when, and whose by its place in `names`; and which are of each."""

    at_ns: NDArray[np.int64]
    cluster: NDArray[np.int64]
    names: list[str]
    of_instance: dict[str, slice]


def _lines(lines: pl.DataFrame, are_of: NDArray[np.bool_]) -> _Lines:
    own = lines.filter(are_of)
    names = sorted(set(own["cluster_id"]))
    place = {name: at for at, name in enumerate(names)}
    of_instance, first = {}, 0
    for instance, many in Counter(own["instance"]).items():
        of_instance[instance] = slice(first, first + many)
        first += many
    cluster = np.array([place[name] for name in own["cluster_id"]], dtype=np.int64)
    return _Lines(own["first_ns"].to_numpy(), cluster, names, of_instance)


def _shares(mine: _Lines, theirs: _Lines, shift_ns: int) -> NDArray[np.float64]:
    """Of each cluster the share of lines that stand behind a failure, or of a failure's that are followed; 0: few.

    The failures are moved by `shift_ns`.
    """
    behind = np.full(len(mine.at_ns), -1)  # the failure that each line stands behind
    for instance in mine.of_instance.keys() & theirs.of_instance.keys():
        own, others = mine.of_instance[instance], theirs.of_instance[instance]
        times, failed = mine.at_ns[own], theirs.at_ns[others] + shift_ns
        last = np.searchsorted(failed, times, side="right") - 1
        is_near = (last >= 0) & (times - failed[last] <= _AT_ONCE_NS)
        behind[own] = np.where(is_near, last + others.start, -1)
    is_met = behind >= 0
    many, of = len(mine.names), len(theirs.names)
    shares = np.bincount(mine.cluster, is_met, many) / np.bincount(mine.cluster, minlength=many)
    follower, failure = np.divmod(
        np.unique(mine.cluster[is_met] * len(theirs.at_ns) + behind[is_met]), len(theirs.at_ns)
    )
    followed = np.bincount(follower * of + theirs.cluster[failure], minlength=many * of).reshape(many, of)
    sizes = np.bincount(theirs.cluster, minlength=of)
    of_failure = np.where(sizes >= _FEW, followed / sizes, 0.0).max(axis=1)
    return np.maximum(np.where(shares >= _SHARE, shares, 0.0), np.where(of_failure >= _OF_FAILURE, of_failure, 0.0))
