"""Cases of latency: the slow requests of operations as bad trials, who waits for whom, what belongs to a failure."""

from collections.abc import Sequence

import polars as pl
from msgspec import Struct

from classifiers.cases import Case
from classifiers.config import OnsetConfig
from classifiers.findings import SlowPart
from classifiers.history import History
from classifiers.latency_parts import slow_part
from classifiers.latency_reading import Latencies, Slowed
from classifiers.links import Link
from classifiers.suspects import CallGraph
from classifiers.trials import Subject, trial_case
from collector.replacing import replace

__all__ = ["Slow", "belongs", "slow_cases", "waiting_links"]

_SHARED = 0.5  # of the slow requests of a caller that met a slow one of the called operation
_OWN = 0.5  # of its growth that lies in the service itself, from which it waits for nobody
_MET = 0.3  # of the slow requests that met a failure
_FEW = 0.05  # of the slow requests: fewer failures do not make them slow
_ENOUGH = 0.8  # of the failures since their onset that lie in the slow time
_NEAR_NS = 1_800_000_000_000  # between beginnings that counts in bins tell


class Slow(Struct, frozen=True):
    """One operation with its trials; the case is that of it and of those of its service that slowed down with it."""

    slowed: Slowed
    trials: pl.DataFrame
    case: Case
    part: SlowPart | None
    also: tuple[Slowed, ...] = ()
    twice: tuple[tuple[str, str, str, str], ...] = ()  # keys of those of `also` that are the same requests


def slow_cases(latencies: Latencies, history: History, config: OnsetConfig) -> list[Slow]:
    """What slowed down, the surest first. Operations of one service that did so at once are one case: one cause."""
    keys = ["project", "service", "source", "operation"]
    trials = latencies.trials.partition_by(keys, as_dict=True, maintain_order=True)

    def case_of(one: Slowed, frame: pl.DataFrame, part: SlowPart | None) -> Case | None:
        title, text = f"{one.operation} slower", _waits_for(part)
        subject = Subject("slow", one.project, one.service, one.operation, title, part=one.source, text=text)
        return trial_case(
            subject,
            frame,
            timeline=history.exposure.timeline,
            start_ns=history.window.start_ns,
            config=config,
            unit="traces" if one.source == "spans" else "requests",
        )

    found: list[Slow] = []
    for one in latencies.slowed:
        part = slow_part(one, latencies)
        case = case_of(one, trials[one.key], part)
        if case is None:
            continue
        same = next((at for at, other in enumerate(found) if _is_same(case, other)), None)
        if same is not None:  # told twice, by a request and by a span: counted once
            found[same] = replace(found[same], also=(*found[same].also, one), twice=(*found[same].twice, one.key))
            continue
        place = next((at for at, other in enumerate(found) if _is_together(one, case, other)), None)
        if place is None:
            found.append(Slow(one, trials[one.key], case, part))
            continue
        other = found[place]
        also = (*other.also, one)
        others = [trials[each.key] for each in also if each.key not in other.twice]
        part = other.part or part
        pooled = case_of(other.slowed, pl.concat([other.trials, *others]).sort("at_ns"), part)
        found[place] = replace(other, case=pooled or other.case, part=part, also=also)
    return found


def _waits_for(part: SlowPart | None) -> str:
    """What a case says of its cause: the address whose calls take longer, where spans tell one."""
    if part is None or not part.is_call:
        return ""
    _, of, address = part.operation.rpartition(" of ")
    return f"waits for {address}" if of else ""


def _is_same(case: Case, other: Slow) -> bool:
    """The slow requests of a service are those of the other one, known by another source."""
    mine, theirs = case.met_ns.keys(), other.case.met_ns.keys()
    is_other = (case.project, case.service) == (other.case.project, other.case.service) and (
        case.grid.unit != other.case.grid.unit
    )
    return is_other and len(mine & theirs) >= _SHARED * min(len(mine), len(theirs))


def _is_together(one: Slowed, case: Case, other: Slow) -> bool:
    """Operations of one service that began to be slower at once, and are so still or not."""
    same = (one.project, one.service, one.source, one.is_over)
    leader = other.slowed
    return same == (leader.project, leader.service, leader.source, leader.is_over) and (
        case.fit.may_have_begun_with(other.case.fit) or abs(one.first_ns - leader.first_ns) <= _NEAR_NS
    )


def belongs(slow: Slow, problem: Case, calls: CallGraph) -> bool:
    """Whether it is slow because something fails: there, in a service that it calls, or in one that calls it."""
    case = slow.case
    is_near = problem.service == case.service or (
        calls.reaches(case.service, problem.service) or calls.reaches(problem.service, case.service)
    )
    since = problem.times_ns[problem.fit.index :]
    if problem.project != case.project or not is_near or len(since) < _FEW * case.units:
        return False
    met = len(problem.met_ns.keys() & case.met_ns.keys())
    if problem.fit.may_have_begun_with(case.fit) or met >= _MET * len(case.met_ns):
        return True
    within = (since >= slow.slowed.first_ns) & (since < slow.slowed.last_ns)
    return slow.slowed.is_over and bool(within.mean() >= _ENOUGH)


def waiting_links(found: Sequence[Slow], calls: CallGraph) -> dict[str, Link]:
    """Who waits for whom: the deepest called operation in most of whose traces a caller is slow too."""
    links: dict[str, Link] = {}
    for one in found:
        if one.part is not None and one.part.service == one.case.service and one.part.share >= _OWN:
            continue  # whatever it calls, most of the time goes elsewhere
        below = [
            (len(one.case.met_ns.keys() & other.case.met_ns.keys()), other)
            for other in found
            if other.case.service != one.case.service
            and calls.reaches(one.case.service, other.case.service)
            and not calls.reaches(other.case.service, one.case.service)
        ]
        many, cause = max(below, key=lambda told: (told[0], told[1].case.cluster_id), default=(0, None))
        share = many / len(one.case.met_ns)
        points = one.part is not None and cause is not None and one.part.service == cause.case.service
        if cause is not None and (share >= _SHARED or (points and many)):
            links[one.case.cluster_id] = Link(one.case.cluster_id, cause.case.cluster_id, share, many, 0, "traces")
    return links
