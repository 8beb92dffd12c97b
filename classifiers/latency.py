"""Latency: operations that became slower, each with its onset, its cause and what else waits for it.

A slow request is a bad trial, so that onset, attribution and all rivals are weighed as those of failures are. What is
slow because a called service is slow is a symptom of that one; what began with a failure belongs to its incident.
"""

from collections.abc import Mapping, Sequence

import polars as pl
from msgspec import Struct, field

from classifiers.accusation import attribution_of
from classifiers.blast import asked_part
from classifiers.cases import Case
from classifiers.causes import cause_of, fault_of, hypotheses_of
from classifiers.config import AttributionConfig, OnsetConfig
from classifiers.findings import Cause, Cluster, Evidence, Hypothesis, Latency, Onset, Pace, SlowCaller
from classifiers.history import History
from classifiers.itself import not_itself
from classifiers.latency_cases import Slow, belongs, slow_cases, waiting_links
from classifiers.latency_reading import Latencies
from classifiers.origin import origin_of_share
from classifiers.priority import Part
from classifiers.series import with_series
from classifiers.service_names import location_of
from classifiers.suspects import CallGraph, Suspects
from classifiers.weighing import Judged, weigh_cases
from collector.replacing import replace

__all__ = ["Slowdowns", "find_latencies", "watched_only", "with_slowdowns"]

_TRACES = 20
_SAMPLE = 5
_MS = 1e6
_BUSY = 1.5  # times as much asked as in the busiest hours before, from which that may be why
_OPEN = ("unknown", "dependency")  # causes from outside that are told by when something began alone
_HOUR_NS = 3_600_000_000_000
_SAMPLES = pl.DataFrame(
    schema={
        "signature_id": pl.String(), "project": pl.String(), "service": pl.String(), "message": pl.String(),
        "payload": pl.String(),
    }
)  # fmt: skip


class Slowdowns(Struct, frozen=True):
    """What became slower; by cluster, what did so because something fails there; what was asked, by id of a finding.

    `cases` are those of all that was found, by id; `failed` tells of those beside a failure which cluster that is.
    """

    found: tuple[Latency, ...]
    beside: Mapping[str, tuple[Evidence, ...]]
    asked: Mapping[str, Part] = field(default_factory=dict)
    cases: Mapping[str, Case] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


def watched_only(slowdowns: Slowdowns) -> Slowdowns:
    """Those of the services that are watched: how long logtriage's own jobs take is for its metrics to tell."""
    return replace(slowdowns, found=not_itself(slowdowns.found))


def find_latencies(
    latencies: Latencies,
    history: History,
    problems: Sequence[Case],
    *,
    standing_hours: float,
    onset: OnsetConfig,
    attribution: AttributionConfig,
) -> Slowdowns:
    """Operations that became slower and are news, the surest first; each root with what it slows down in its wake.

    Those beside a failure come last.
    """
    if not latencies.slowed:
        return Slowdowns((), {})
    calls = CallGraph(pl.concat([history.traces.calls(), history.calls, latencies.traces.calls()]))
    oldest = history.window.start_ns - standing_hours * _HOUR_NS
    alone: list[Slow] = []
    failing: list[Slow] = []
    failed: dict[str, str] = {}
    beside: dict[str, tuple[Evidence, ...]] = {}
    for one in slow_cases(latencies, history, onset):
        of = next((problem for problem in problems if belongs(one, problem, calls)), None)
        if of is not None:
            beside[of.cluster_id] = (*beside.get(of.cluster_id, ()), _evidence(one))
            failed[one.case.cluster_id] = of.cluster_id
            failing += [one] if one.case.fit.at_ns >= oldest and not _hangs(one.case, of) else []
        elif one.case.fit.at_ns >= oldest:
            alone.append(one)
    found = [
        told for group in (alone, failing) if group for told in _judged(group, latencies, history, calls, attribution)
    ]
    every = {one.case.cluster_id: one.case for one in (*alone, *failing)}
    cases = {one.id: every[one.id] for one in found}
    asked = {name: asked_part(case, history.exposure) for name, case in cases.items()}
    return Slowdowns(tuple(found), beside, asked, cases, failed)


def _hangs(slow: Case, problem: Case) -> bool:
    """What took long are the very requests that hang: one failure, told once."""
    mine = slow.keys_since(slow.fit.at_ns)
    is_own = problem.kind == "hung" and problem.service == slow.service
    return is_own and 2 * sum(key in problem.met_ns for key in mine) >= len(mine)


def _judged(
    found: Sequence[Slow], latencies: Latencies, history: History, calls: CallGraph, config: AttributionConfig
) -> tuple[Latency, ...]:
    cases = [one.case for one in found]
    suspects = Suspects(history.revisions, history.exposure, latencies.traces.services, calls, cases)
    seen = replace(history, traces=latencies.traces)
    links = waiting_links(found, calls)
    judged = weigh_cases(cases, links, suspects, seen, _SAMPLES, config, looks=latencies.looks)
    told = _told(found, {one.case.cluster_id: one for one in judged})
    return with_series(told, cases, history.window)


def with_slowdowns(clusters: Sequence[Cluster], slowdowns: Slowdowns) -> tuple[Cluster, ...]:
    """Failures with what was slow as long as they came, as one more evidence."""
    return tuple(replace(one, evidence=(*one.evidence, *slowdowns.beside.get(one.id, ()))) for one in clusters)


def _evidence(slow: Slow) -> Evidence:
    """That an operation was slower while something failed."""
    one = slow.slowed
    since, before = slow.trials.filter("is_since"), slow.trials.filter(~pl.col("is_since"))
    told = ", ".join(
        f"{name} {_quantile(before, share) / _MS:.0f} -> {_quantile(since, share) / _MS:.0f} ms"
        for name, share in (("p50", 0.5), ("p95", 0.95))
    )
    many = f"{since.height} {slow.case.grid.unit}"
    return Evidence(
        "measured",
        f"of what was answered well {one.operation} of {one.service} was slower meanwhile: {told} over {many}",
        "count_latencies",
        (),
        slow.case.traces_known(slow.case.fit.index)[:_SAMPLE],
    )


def _told(found: Sequence[Slow], judged: Mapping[str, Judged]) -> tuple[Latency, ...]:
    """One finding for each root, with what waits for it and what slowed down beside it in the same service."""
    by_root: dict[str, list[Slow]] = {}
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
    slow: Slow, judged: Judged, twins: Sequence[Slow], below: Sequence[Slow], verdicts: Mapping[str, Judged]
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
        location=location_of(one.service),
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
        origin_counts=_slow_origins(since),
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


def _in_its_words(hypotheses: Sequence[Hypothesis], slow: Slow) -> tuple[Hypothesis, ...]:
    """What of unknown cause came from outside: many more requests, or the dependency in whose calls the time goes."""
    busier, part = slow.slowed.effect.busier, slow.part
    told: tuple[Cause, str] | None = None
    waits = part is not None and part.is_call
    if busier >= _BUSY and not waits:
        told = "traffic", f"{slow.slowed.service} was asked {busier:.1f} times as much as in its busiest hours before"
    elif part is not None and waits:
        told = "dependency", f"{part.share:.0%} of what it takes longer lie in {part.operation}, a call"
    if told is None:
        return tuple(hypotheses)
    return tuple(
        replace(one, cause=told[0], statement=f"{told[1]}; {one.statement}") if one.cause in _OPEN else one
        for one in hypotheses
    )


def _caller(slow: Slow, verdicts: Mapping[str, Judged]) -> SlowCaller:
    since, before = slow.trials.filter("is_since"), slow.trials.filter(~pl.col("is_since"))
    link = verdicts[slow.case.cluster_id].link
    return SlowCaller(
        slow.slowed.service,
        slow.slowed.operation,
        _quantile(before, 0.5),
        _quantile(since, 0.5),
        round(link.share, 3) if link else 0.0,
    )


def _slow_origins(since: pl.DataFrame) -> tuple[tuple[str, int], ...]:
    """Who sent the slow requests since the onset, counted; together they are `slow`."""
    counted = since.filter("is_bad").group_by(pl.col("origin").fill_null("unknown")).len().sort("origin")
    return tuple(counted.iter_rows())


def _onset(case: Case) -> Onset:
    fit = case.fit
    before, since = (None if rate is None else round(rate, 6) for rate in (fit.rate_before, fit.rate_after))
    return Onset(fit.at_ns, fit.earliest_ns, fit.latest_ns, before, since, case.grid.unit)


def _paces(slow: Slow) -> tuple[Pace, ...]:
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
