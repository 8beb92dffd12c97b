"""Latency: operations that became slower, each with its onset, its cause and what else waits for it.

A slow request is a bad trial, so that onset, attribution and all rivals are weighed as those of failures are. What is
slow because a called service is slow is a symptom of that one; what began with a failure belongs to its incident.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from classifiers.accusation import attribution_of
from classifiers.cases import Case
from classifiers.causes import cause_of, fault_of, hypotheses_of
from classifiers.findings import Cause, Hypothesis, Latency, Onset, Pace, SlowCaller, SlowPart
from classifiers.history import History
from classifiers.latency_parts import slow_part
from classifiers.latency_reading import Latencies, Slowed
from classifiers.links import Link
from classifiers.onset import OnsetConfig
from classifiers.origin import origin_of_share
from classifiers.priors import AttributionConfig
from classifiers.suspects import CallGraph, Suspects
from classifiers.trials import Subject, trial_case
from classifiers.weighing import Judged, weigh_cases

__all__ = ["find_latencies"]

_SHARED = 0.5  # of the slow requests of a caller that met a slow one of the called operation
_TRACES = 20
_FEW = 0.05  # of the slow requests: fewer failures do not make them slow
_OWN = 0.5  # of its growth that lies in the service itself, from which it waits for nobody
_BUSY = 1.5  # times as much asked as in the busiest hours before, from which that may be why
_MET = 0.3  # of the slow requests that met a failure
_ENOUGH = 0.8  # of the failures since their onset that lie in the slow time
_HOUR_NS = 3_600_000_000_000
_NEAR_NS = 1_800_000_000_000  # between beginnings that counts in bins tell
_SAMPLES = pl.DataFrame(
    schema={
        "signature_id": pl.String(), "project": pl.String(), "service": pl.String(), "message": pl.String(),
        "payload": pl.String(),
    }
)  # fmt: skip


@dataclass(frozen=True)
class _Slow:
    """One operation with its trials; the case is that of it and of those of its service that slowed down with it."""

    slowed: Slowed
    trials: pl.DataFrame
    case: Case
    part: SlowPart | None
    also: tuple[Slowed, ...] = ()


def find_latencies(
    latencies: Latencies,
    history: History,
    problems: Sequence[Case],
    *,
    standing_hours: float,
    onset: OnsetConfig,
    attribution: AttributionConfig,
) -> tuple[Latency, ...]:
    """Operations that became slower and are news, the surest first; each root with what it slows down in its wake."""
    calls = CallGraph(pl.concat([history.traces.calls(), history.calls, latencies.traces.calls()]))
    oldest = history.window.start_ns - standing_hours * _HOUR_NS
    found = [
        one
        for one in _slow(latencies, history, onset)
        if one.case.fit.at_ns >= oldest and not any(_belongs(one, problem, calls) for problem in problems)
    ]
    if not found:
        return ()
    cases = [one.case for one in found]
    suspects = Suspects(history.revisions, history.exposure, latencies.traces.services(), calls, cases)
    seen = replace(history, traces=latencies.traces)
    links = _links(found, calls)
    judged = weigh_cases(cases, links, suspects, seen, _SAMPLES, attribution, looks=latencies.looks)
    return _told(found, {one.case.cluster_id: one for one in judged})


def _slow(latencies: Latencies, history: History, config: OnsetConfig) -> list[_Slow]:
    """What slowed down, the surest first. Operations of one service that did so at once are one case: one cause."""
    keys = ["project", "service", "source", "operation"]
    trials = latencies.trials.partition_by(keys, as_dict=True, maintain_order=True)

    def case_of(one: Slowed, frame: pl.DataFrame) -> Case | None:
        subject = Subject("slow", one.project, one.service, one.operation, f"{one.operation} slower", part=one.source)
        return trial_case(
            subject,
            frame,
            timeline=history.exposure.timeline,
            start_ns=history.window.start_ns,
            config=config,
            unit="traces" if one.source == "spans" else "requests",
        )

    found: list[_Slow] = []
    for one in latencies.slowed:
        case = case_of(one, trials[one.key])
        if case is None:
            continue
        place = next((at for at, other in enumerate(found) if _is_together(one, case, other)), None)
        if place is None:
            found.append(_Slow(one, trials[one.key], case, slow_part(one, latencies)))
            continue
        other = found[place]
        also = (*other.also, one)
        pooled = case_of(other.slowed, pl.concat([other.trials, *(trials[each.key] for each in also)]).sort("at_ns"))
        found[place] = replace(other, case=pooled or other.case, also=also)
    return found


def _is_together(one: Slowed, case: Case, other: _Slow) -> bool:
    """Operations of one service that began to be slower at once, and are so still or not."""
    same = (one.project, one.service, one.source, one.is_over)
    leader = other.slowed
    return same == (leader.project, leader.service, leader.source, leader.is_over) and (
        case.fit.began_with(other.case.fit) or abs(one.first_ns - leader.first_ns) <= _NEAR_NS
    )


def _belongs(slow: _Slow, problem: Case, calls: CallGraph) -> bool:
    """Whether it is slow because something fails: there, in a service that it calls, or in one that calls it."""
    case = slow.case
    is_near = problem.service == case.service or (
        calls.reaches(case.service, problem.service) or calls.reaches(problem.service, case.service)
    )
    since = problem.times_ns[problem.fit.index :]
    if problem.project != case.project or not is_near or len(since) < _FEW * case.units:
        return False
    met = len(problem.met_ns.keys() & case.met_ns.keys())
    if problem.fit.began_with(case.fit) or met >= _MET * len(case.met_ns):
        return True
    within = (since >= slow.slowed.first_ns) & (since < slow.slowed.last_ns)
    return slow.slowed.is_over and bool(within.mean() >= _ENOUGH)


def _links(found: Sequence[_Slow], calls: CallGraph) -> dict[str, Link]:
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


def _told(found: Sequence[_Slow], judged: Mapping[str, Judged]) -> tuple[Latency, ...]:
    """One finding for each root, with what waits for it and what slowed down beside it in the same service."""
    by_root: dict[str, list[_Slow]] = {}
    for one in found:
        by_root.setdefault(judged[one.case.cluster_id].root, []).append(one)
    told: list[Latency] = []
    for one in found:
        rest = [other for other in by_root.get(one.case.cluster_id, ()) if other is not one]
        if one.case.cluster_id in by_root:
            twins = [other for other in rest if other.case.service == one.case.service]
            below = [other for other in rest if other.case.service != one.case.service]
            told.append(_latency(one, judged[one.case.cluster_id], twins, below, judged))
    return tuple(told)


def _latency(
    slow: _Slow, judged: Judged, twins: Sequence[_Slow], below: Sequence[_Slow], verdicts: Mapping[str, Judged]
) -> Latency:
    one, case, effect = slow.slowed, slow.case, slow.slowed.effect
    since = slow.trials.filter("is_since")
    before = slow.trials.filter(~pl.col("is_since") & (pl.col("at_ns") < one.last_ns))
    origin, _ = origin_of_share(case.origins)
    claim = attribution_of(judged)
    hypotheses = _in_its_words(hypotheses_of(judged, origin), slow)
    cause = cause_of(claim, hypotheses)
    return Latency(
        service=one.service,
        operation=one.operation,
        attribution=claim,
        id=case.cluster_id,
        project=one.project,
        known_by="spans" if one.source == "spans" else "requests",
        before=before.height,
        since=since.height,
        median_before_ns=_quantile(before, 0.5),
        median_since_ns=_quantile(since, 0.5),
        tail_before_ns=_quantile(before, 0.95),
        tail_since_ns=_quantile(since, 0.95),
        times_median=_rounded(effect.median_times, effect.median_low, effect.median_high),
        times_tail=_rounded(effect.tail_times, effect.tail_low, effect.tail_high),
        slower=round(effect.slower, 3),
        slow_ns=one.slow_ns,
        slow=int(since["is_bad"].sum()),
        onset=_onset(case),
        is_ongoing=not one.is_over,
        ended_ns=int(since["at_ns"].max()) if one.is_over else None,  # type: ignore[arg-type]  # there are some
        per_revision=_paces(slow),
        part=slow.part,
        origin=origin,
        origin_counts=tuple(sorted(case.origins.items())),
        hypotheses=hypotheses,
        cause=cause,
        fault=fault_of(cause, claim, judged.weighed.rivals),
        also=tuple(
            told.operation
            for one in (slow, *twins)
            for told in ((one.slowed, *one.also) if one is not slow else one.also)
        ),
        callers=tuple(_caller(other, verdicts) for other in below),
        trace_ids=case.traces_known(case.fit.index)[:_TRACES],
    )


def _in_its_words(hypotheses: Sequence[Hypothesis], slow: _Slow) -> tuple[Hypothesis, ...]:
    """What of unknown cause came from outside: many more requests, or the dependency in whose calls the time goes."""
    busier, part = slow.slowed.effect.busier, slow.part
    told: tuple[Cause, str] | None = None
    if busier >= _BUSY:
        told = "traffic", f"{slow.slowed.service} was asked {busier:.1f} times as much as in its busiest hours before"
    elif part is not None and part.is_call:
        told = "dependency", f"{part.share:.0%} of what it takes longer lie in {part.operation}, a call"
    if told is None:
        return tuple(hypotheses)
    return tuple(
        replace(one, cause=told[0], statement=f"{told[1]}; {one.statement}") if one.cause == "unknown" else one
        for one in hypotheses
    )


def _caller(slow: _Slow, verdicts: Mapping[str, Judged]) -> SlowCaller:
    since, before = slow.trials.filter("is_since"), slow.trials.filter(~pl.col("is_since"))
    link = verdicts[slow.case.cluster_id].link
    return SlowCaller(
        slow.slowed.service,
        slow.slowed.operation,
        _quantile(before, 0.5),
        _quantile(since, 0.5),
        round(link.share, 3) if link else 0.0,
    )


def _onset(case: Case) -> Onset:
    fit = case.fit
    before, since = (None if rate is None else round(rate, 6) for rate in (fit.rate_before, fit.rate_after))
    return Onset(fit.at_ns, fit.earliest_ns, fit.latest_ns, before, since, case.grid.unit)


def _paces(slow: _Slow) -> tuple[Pace, ...]:
    """Every revision that answered such requests, by the time that it first did."""
    told = (
        slow.trials.group_by("revision")
        .agg(
            pl.len().alias("requests"),
            pl.col("is_bad").sum().alias("slow"),
            pl.col("duration_ns").quantile(0.5, "linear").alias("median_ns"),
            pl.col("duration_ns").quantile(0.95, "linear").alias("tail_ns"),
            pl.col("at_ns").min().alias("first_ns"),
            pl.col("at_ns").max().alias("last_ns"),
        )
        .sort("first_ns", "revision")
    )
    return tuple(
        Pace(
            slow.slowed.service, row["revision"], row["requests"], row["slow"], round(row["median_ns"]),
            round(row["tail_ns"]), row["first_ns"], row["last_ns"],
        )
        for row in told.iter_rows(named=True)
    )  # fmt: skip


def _quantile(trials: pl.DataFrame, share: float) -> int:
    return round(trials["duration_ns"].quantile(share, "linear") or 0)


def _rounded(*values: float) -> tuple[float, float, float]:
    first, second, third = (round(value, 3) for value in values)
    return first, second, third
