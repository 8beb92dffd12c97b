"""Company: failures of a history in; which clusters come with another one's, out.

What an instance writes at once behind a failure, again and again, tells of the same failure: a warning how it goes on
without, an access line how it was answered. Lines that merely come at the same busy time do not count: what lies
elsewhere in time shows how often they would meet by chance.
"""

import math
from collections.abc import Collection, Sequence

import numpy as np
import polars as pl
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
    lines = (
        rows.filter((pl.col("log") != "requests") & (pl.col("instance") != ""))
        .select("cluster_id", "instance", "first_ns")
        .sort("first_ns", "cluster_id", "instance")
    )
    mine = lines.filter(pl.col("cluster_id").is_in(list(of)))
    theirs = lines.filter(pl.col("cluster_id").is_in(list(behind)))
    if not mine.height or not theirs.height:
        return set()
    by_chance: dict[str, float] = {}
    for shift in _ELSEWHERE_NS:
        for name, share in _shares(mine, theirs.with_columns(pl.col("first_ns") + shift)).items():
            by_chance[name] = by_chance.get(name, 0.0) + share / len(_ELSEWHERE_NS)
    return {name for name, share in _shares(mine, theirs).items() if share and share >= _LIFT * by_chance[name]}


def _shares(mine: pl.DataFrame, theirs: pl.DataFrame) -> dict[str, float]:
    """Of each cluster the share of lines that stand behind a failure, or of a failure's that are followed; 0: few."""
    failures = theirs.with_row_index("failure").with_columns(met="cluster_id", at_ns="first_ns").drop("cluster_id")
    met = mine.join_asof(
        failures, on="first_ns", by="instance", strategy="backward", tolerance=_AT_ONCE_NS, check_sortedness=False
    )
    sizes = theirs.group_by("cluster_id").agg(pl.len().alias("size")).rename({"cluster_id": "met"})
    followed = (
        met.drop_nulls("met").group_by("cluster_id", "met").agg(pl.col("failure").n_unique().alias("followed"))
        .join(sizes, on="met").filter(pl.col("size") >= _FEW)
        .group_by("cluster_id").agg((pl.col("followed") / pl.col("size")).max().alias("of_failure"))
    )  # fmt: skip
    told = (
        met.group_by("cluster_id").agg(pl.col("met").is_not_null().mean().alias("own"))
        .join(followed, on="cluster_id", how="left")
        .with_columns(pl.col("of_failure").fill_null(0.0))
    )  # fmt: skip
    return {
        name: max(own if own >= _SHARE else 0.0, of_failure if of_failure >= _OF_FAILURE else 0.0)
        for name, own, of_failure in told.select("cluster_id", "own", "of_failure").iter_rows()
    }
