"""In an instance: where and when failures happened, and what its order alone tells.

What stands straight behind a failure, nearly each time it happens, is explained by it, be it only in part; so is what
happened once, where failures are so rare that it would hardly stand there by chance. An instance that ends soon after
something failed at its start ended of that.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from classifiers.cases import Case
from classifiers.links import Link

__all__ = [
    "BOOT_NS",
    "ONSET_SLACK_NS",
    "Places",
    "find_before",
    "find_places",
    "is_mild",
    "is_of_starts",
    "is_straight_behind",
    "lags_of",
    "links_in_part",
    "links_of_exit",
]

BOOT_NS = 30_000_000_000  # in which one step of a start waits for another in vain
ONSET_SLACK_NS = 120_000_000_000
_WARNING, _ERROR = 13, 17
_FEW = 2  # times in an instance, below which order says nothing
_STRAIGHT_NS = 2_000_000  # behind a failure; other lines of a start follow after some 15 ms
_FOLLOWED = 0.8  # of a failure's lines, behind which another stands
_PART = 0.2  # of its failures, below which a failure explains none
_EVIDENCE = 5.0  # log of how unlikely they would stand so near by chance


Places = dict[str, npt.NDArray[np.int64]]  # of one case: its times in each instance, sorted


def find_places(cases: Sequence[Case], rows: pl.DataFrame) -> dict[str, Places]:
    """Where and when each case failed, by cluster id. `rows` are those of find_failures with their cluster_id."""
    asked = [case.cluster_id for case in cases if case.is_request_only]
    seen = rows.filter(
        (pl.col("instance") != "")
        & ((pl.col("log") != "requests") | pl.col("cluster_id").is_in(asked))  # the time of a request is its start
    )
    times = seen.group_by("cluster_id", "instance").agg(pl.col("first_ns").sort())
    found: dict[str, Places] = {case.cluster_id: {} for case in cases}
    for cluster_id, instance, first_ns in times.sort("cluster_id", "instance").iter_rows():
        if cluster_id in found:
            found[cluster_id][instance] = np.array(first_ns, dtype=np.int64)
    return found


def is_mild(case: Case) -> bool:
    """A warning, which does not explain an error that merely follows it."""
    return case.kind != "platform" and _WARNING <= case.severity < _ERROR


def links_in_part(symptom: Case, cases: Sequence[Case], places: Mapping[str, Places]) -> list[Link]:
    """Failures that it nearly always stands straight behind, though they explain only a part of it.

    One that began later explains no more than a warning that tells of no change by itself.
    """
    height = _size(places[symptom.cluster_id])
    if height < _FEW:
        return []
    found = []
    for cause in _own(symptom, cases):
        is_below = is_mild(symptom) and not is_mild(cause)
        is_above = is_mild(cause) and not is_mild(symptom)
        is_later = cause.fit.at_ns > symptom.fit.at_ns + ONSET_SLACK_NS
        is_told = is_above or (cause.is_traced and symptom.is_traced)
        if is_told or (is_later and (symptom.fit.is_change or not is_below)):
            continue
        least = max(_FEW, _FOLLOWED * _size(places[cause.cluster_id]), _PART * height)
        if height < least:
            continue
        lags = lags_of(places[symptom.cluster_id], places[cause.cluster_id], _STRAIGHT_NS)
        evidence = len(lags) * _unlikely(symptom, height)
        back = lags_of(places[cause.cluster_id], places[symptom.cluster_id], _STRAIGHT_NS)
        if len(lags) >= max(least, len(back) + 1) and evidence >= _EVIDENCE:
            found.append(_link(symptom, cause, lags, places))
    return found


def links_of_exit(symptom: Case, cases: Sequence[Case], places: Mapping[str, Places]) -> list[Link]:
    """What failed at the start of instances that ended soon after, be it no more than a warning."""
    mine = places[symptom.cluster_id]
    if symptom.kind != "platform" or not mine or not is_of_starts(mine):
        return []
    found = []
    for cause in _own(symptom, cases):
        theirs = places[cause.cluster_id]
        is_later = cause.fit.at_ns > symptom.fit.at_ns + ONSET_SLACK_NS
        if is_later or not theirs or not is_of_starts(theirs):
            continue
        lags = lags_of(mine, theirs, BOOT_NS)
        if len(lags) >= _FOLLOWED * _size(mine):
            found.append(_link(symptom, cause, lags, places))
    return found


def is_straight_behind(symptom: Case, lag_ns: int, cases: Sequence[Case], places: Mapping[str, Places]) -> bool:
    """Whether what happened once stands so near behind a failure that it hardly does by chance."""
    (instance,) = places[symptom.cluster_id]
    met = sum(len(places[one.cluster_id].get(instance, ())) for one in _own(symptom, cases))
    return lag_ns <= _STRAIGHT_NS and _unlikely(symptom, met) >= _EVIDENCE


def is_of_starts(places: Places) -> bool:
    """It happens once or twice in an instance, as what fails at its start does."""
    return float(np.median([len(times) for times in places.values()])) <= _FEW


def lags_of(mine: Places, theirs: Places, within_ns: int) -> npt.NDArray[np.int64]:
    """For each of mine that has one of theirs at most so long before in its instance: how long before."""
    found = [np.zeros(0, dtype=np.int64)]
    for instance, times in mine.items():
        others = theirs.get(instance)
        if others is not None:
            at = np.searchsorted(others, times, side="right")
            lags = times[at > 0] - others[at[at > 0] - 1]
            found.append(lags[lags <= within_ns])
    return np.concatenate(found)


def find_before(places: Mapping[str, Places], within_ns: int) -> dict[str, set[str]]:
    """Of each case that failed once in an instance, and nowhere else: the cases that did at most so long before, in it.

    With hundreds of failures nearly all pairs are far apart, and need not be looked at one by one.
    """
    once = {
        name: next(key for key, times in mine.items() if len(times))
        for name, mine in places.items()
        if _size(mine) == 1
    }
    found = {}
    for instance in sorted(set(once.values())):
        there = [(name, mine[instance]) for name, mine in places.items() if instance in mine]
        times = np.concatenate([told for _, told in there])
        order = np.argsort(times, kind="stable")
        times, whose = times[order], np.repeat(np.arange(len(there)), [len(told) for _, told in there])[order]
        for name, told in there:
            if once.get(name) == instance:
                first, last = np.searchsorted(times, told[0] - within_ns), np.searchsorted(times, told[0], side="right")
                found[name] = {there[number][0] for number in whose[first:last].tolist()} - {name}
    return found


def _own(symptom: Case, cases: Sequence[Case]) -> list[Case]:
    """Other failures of its service, without requests, whose time is their start; for a request none."""
    place = (symptom.project, symptom.service)
    if symptom.is_request_only:
        return []
    return [
        one for one in cases if one is not symptom and (one.project, one.service) == place and not one.is_request_only
    ]


def _size(places: Places) -> int:
    return sum(map(len, places.values()))


def _unlikely(symptom: Case, many: int) -> float:
    """Log of how unlikely one of so many failures stands straight before by chance."""
    line = symptom.grid.timeline
    return -math.log(min(1.0, 2 * max(many, 1) * _STRAIGHT_NS / max(line.end_ns - line.start_ns, 1)))


def _link(symptom: Case, cause: Case, lags: npt.NDArray[np.int64], places: Mapping[str, Places]) -> Link:
    height = _size(places[symptom.cluster_id])
    return Link(symptom.cluster_id, cause.cluster_id, len(lags) / height, len(lags), int(np.median(lags)), "instances")
