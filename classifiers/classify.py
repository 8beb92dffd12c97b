"""Floor 2, the main line: history -> cases -> problems -> cascade -> attribution -> findings.

A function of stored rows, configuration and window: the same rows give the same findings, to the byte.
"""

from collections.abc import Mapping, Sequence

import polars as pl
from msgspec import Struct, field

from classifiers.absence import failed_keys, find_absences
from classifiers.accounts import find_accounts, read_accounts, with_accounts
from classifiers.arrivals import find_arrivals
from classifiers.better import find_improved
from classifiers.blast import rank_absence, rank_incidents, rank_latency
from classifiers.blindness import Watched, find_sight, read_watched
from classifiers.cascade import Cascade, find_cascade, fold_requests, joined
from classifiers.cases import Case, build_cases
from classifiers.commits import with_commits
from classifiers.compare import Failing, compare_cases
from classifiers.config import ClassifyConfig
from classifiers.coverage import Counts, find_coverage, part_entries, read_counts
from classifiers.declared import find_declared
from classifiers.drift import find_drifts, tie_drifts
from classifiers.event_rows import EventRows, read_event_rows
from classifiers.findings import Findings
from classifiers.flow_evidence import read_flow_steps, with_flow
from classifiers.folding import fold_calls, told_by_lines
from classifiers.followed import IncidentState, Mute
from classifiers.history import History, read_entries, read_history, read_revisions, read_samples, read_served
from classifiers.hollow import find_hollow
from classifiers.hung import find_hung, hung_lines, with_hangs
from classifiers.hung_folding import fold_hung
from classifiers.hung_reading import Hangs, read_hangs
from classifiers.incidents import Member, find_incidents, with_shared_dependencies
from classifiers.itself import apart, is_itself
from classifiers.known_names import with_known
from classifiers.latency import find_latencies, watched_only, with_slowdowns
from classifiers.latency_reading import Latencies, read_latencies
from classifiers.lifecycle.applied import with_tracked
from classifiers.lifecycle.muted_rows import read_mutes
from classifiers.lifecycle.muting import Muted, put_away
from classifiers.lifecycle.storing import read_closed, read_states
from classifiers.lifecycle.track import track
from classifiers.links import nearer_links, other_edges
from classifiers.missing import Missed
from classifiers.problems import Verdict, is_failure, judge
from classifiers.record import Claim, read_claims, record_of
from classifiers.series import with_series
from classifiers.siblings import with_locations, with_siblings
from classifiers.signing import sign_new
from classifiers.silent import join_silent
from classifiers.span_evidence import (
    read_cluster_spans,
    read_span_lines,
    read_span_samples,
    with_lines,
    with_spans,
)
from classifiers.suite_runs import SuiteReading, read_suites, with_suites
from classifiers.suspects import CallGraph, Suspects
from classifiers.vanished import vanished_keys, with_errors
from classifiers.verdicts import Teller, tell_clusters
from classifiers.verification.declared import DeclaredCount, event_services, read_declared, verify_declared
from classifiers.verification.verifying import verify_findings
from classifiers.weighing import weigh_cases
from classifiers.whys import with_whys
from classifiers.whys_ground import WhyGround
from collector.records import Revision
from collector.replacing import replace
from collector.store import Reader
from collector.window import Window

__all__ = [
    "Reading", "cases_of", "classify", "compare", "conclude", "read", "read_revisions", "read_served",
    "sign_new",
]  # fmt: skip

_MISSING = ("stopped", "hollow")  # kinds of absence that are a fault
_REST = ("standing", "noise")  # verdicts on what is no problem


class Reading(Struct, frozen=True):
    """All that an analysis takes from the store, of one state of it: what is concluded needs the store no more.

    entries and samples are those of every failure in the window, as read_entries and read_samples give them.
    """

    history: History
    entries: pl.DataFrame
    samples: pl.DataFrame
    counts: Counts
    claims: tuple[Claim, ...]
    spans: pl.DataFrame  # rows of find_cluster_spans
    span_lines: pl.DataFrame  # rows of find_request_lines, of what spans alone tell
    hangs: Hangs
    accounts: pl.DataFrame  # as read_accounts gives it
    events: EventRows
    latencies: Latencies
    suites: SuiteReading
    flow: pl.DataFrame | None
    states: tuple[IncidentState, ...] = ()  # of incidents, told by earlier looks
    closed: Mapping[str, int] = field(default_factory=dict)  # when people closed tickets, by incident
    mutes: tuple[Mute, ...] = ()  # made before the end of the window and not lifted
    declared: tuple[DeclaredCount, ...] = ()  # criteria of config.yaml, counted
    watched: Watched | None = None


def classify(reader: Reader, *, window: Window, now_ns: int, config: ClassifyConfig) -> Findings:
    """Everything that happened in the window, judged against the baseline before it.

    `window.end_ns` is the now of the analysis: only rows of before count, by event time and, where known, by when they
    were received.
    """
    return conclude(read(reader, window=window, config=config), now_ns=now_ns, config=config)


def read(reader: Reader, *, window: Window, config: ClassifyConfig) -> Reading:
    """The rows of an analysis. A writer waits only for this, not for what is made of them."""
    history = read_history(
        reader, window=window, config=config.history, rules=config.clusters.rules, origins=config.origins
    )
    hangs = read_hangs(reader, history)
    history = fold_hung(history, hangs)
    present = history.failures.filter(pl.col("last_ns") >= window.start_ns)
    ids = present["signature_id"].unique().to_list()
    entries = read_entries(reader, window, ids)
    return Reading(
        history,
        entries,
        pl.concat([read_samples(reader, window, ids), read_span_samples(reader, present, window)], how="diagonal"),
        read_counts(reader, window),
        read_claims(reader, end_ns=window.end_ns),
        read_cluster_spans(reader, present, window),
        read_span_lines(reader, present, window),
        hangs,
        read_accounts(reader, present, window),
        read_event_rows(
            reader, history, [*(one.service for one in config.events.expected), *event_services(config.verify.criteria)]
        ),
        read_latencies(reader, start_ns=history.start_ns, window=window, config=config.latency),
        read_suites(reader, window, start_ns=history.start_ns),
        read_flow_steps(reader, history, present["service"].unique()),
        read_states(reader, end_ns=window.end_ns),
        read_closed(reader, end_ns=window.end_ns),
        read_mutes(reader, end_ns=window.end_ns),
        read_declared(reader, history, config.verify.criteria),
        read_watched(reader, window),
    )


def conclude(reading: Reading, *, now_ns: int, config: ClassifyConfig) -> Findings:
    """The findings of a reading."""
    history = reading.hangs.seen_in(reading.history)
    window = history.window
    cases, verdicts = _judged(history, config)
    problems = [case for case in cases if verdicts.get(case.cluster_id) == "problem"]
    hung = find_hung(reading.hangs, history, cases, problems, onset=config.onset, config=config.problems)
    problems += [one.case for one in hung if one.into is None]
    calls = CallGraph(pl.concat([history.traces.calls(), history.calls]))
    problems, cascade = _linked(problems, calls, history, config)
    links = cascade.links
    suspects = Suspects(history.revisions, history.exposure, history.traces.services, calls, problems)
    rest = [case for case in cases if verdicts.get(case.cluster_id) in _REST]
    entries = part_entries(reading.entries, problems, rest)
    entries = with_lines(entries, problems, reading.span_lines, reading.entries)
    entries = hung_lines(hung, entries, reading.entries)
    samples = _samples(reading, [*problems, *rest])
    weighed = weigh_cases(
        problems, links, suspects, history, samples, config.attribution, looks=len(verdicts), together=cascade.together
    )
    missed = _of_services(
        *find_absences(reading.events, history, suspects, problems, onset=config.onset, config=config.attribution),
        *find_hollow(reading.events, history, suspects, onset=config.onset, config=config.attribution),
    )
    others = (
        *(one.absence for one in missed if one.absence.kind not in _MISSING),
        *find_declared(reading.events, history, config.events.expected, failed_keys(history)),
    )
    teller = Teller(history, entries, samples, problems, config.priority)
    clusters = with_hangs(with_shared_dependencies(tell_clusters(problems, weighed, teller)), hung)
    drifts, clusters = tie_drifts(find_drifts(history.revisions, history.routings), clusters, calls)
    clusters = with_commits(clusters, history.revisions, config.ledger.repositories)
    clusters = with_siblings(clusters, cases, history.revisions, history.exposure)
    clusters = with_flow(with_spans(with_locations(clusters, history.revisions), reading.spans), reading.flow)
    slowdowns = watched_only(
        find_latencies(
            reading.latencies,
            history,
            problems,
            standing_hours=config.problems.standing_after_hours,
            onset=config.onset,
            attribution=config.attribution,
        )
    )
    clusters = with_series(with_slowdowns(clusters, slowdowns), problems, window)
    lost = [one for one in missed if one.absence.kind in _MISSING]
    silent = join_silent(clusters, problems, slowdowns, lost, calls, config.cascade)
    accounts = find_accounts(problems, reading.accounts, entries, window)
    clusters = with_accounts(silent.clusters, accounts)
    slower = tuple(
        rank_latency(one, slowdowns.asked[one.id], end_ns=history.end_ns, config=config.priority)
        for one in silent.slower
    )
    missing, explained = (
        tuple(rank_absence(one, end_ns=history.end_ns, config=config.priority) for one in found)
        for found in (silent.missing, silent.explained)
    )
    standing, noise = (
        with_locations((teller.plain(one) for one in rest if verdicts[one.cluster_id] == kind), history.revisions)
        for kind in _REST
    )
    found = frozenset(one.id for one in clusters)
    left = put_away(Muted(clusters, slower, missing, explained, standing), reading.mutes, history, samples)
    clusters, slower, missing, explained = left.clusters, left.slower, left.missing, left.explained
    told: tuple[Member, ...] = (*clusters, *slower, *missing, *explained)
    chosen = [one.link for one in weighed if one.link]
    edges = (
        *(link.edge() for link in chosen),
        *other_edges(cascade.others, chosen, {one.id for one in clusters}),
        *silent.edges,
    )
    incidents = find_incidents(clusters, window, slower=slower, missing=(*missing, *explained), edges=edges)
    sight = find_sight(reading.watched, history, reading.counts.ledger)
    findings = Findings(
        window=window,
        now_ns=now_ns,
        projects=history.projects,
        clusters=clusters,
        incidents=rank_incidents(incidents, told, config.priority, accounts),
        standing=left.standing,
        absent_events=missing,
        latency=slower,
        vanished_keys=with_errors(vanished_keys(history.revisions, history.routings), (*clusters, *left.muted), window),
        revisions=history.revisions,
        coverage=find_coverage(
            reading.counts,
            history,
            clusters,
            (*left.standing, *left.muted, *noise),
            sight=sight,
            absences=(*missing, *explained, *others),
        ),
        noise=noise,
        warnings=history.warnings,
        record=record_of(reading.claims),
        drifts=drifts,
        other_events=(*explained, *others),
        improved=find_improved(cases, found, start_ns=window.start_ns, config=config.onset),
        muted=left.muted,
        muted_silent=left.silent,
        mutes=left.mutes,
        blindness=sight.blindness,
    )
    findings = with_known(with_suites(findings, reading.suites, history), history.leads, config.known)
    findings = with_whys(findings, WhyGround.of(problems, history, calls, findings.vanished_keys, reading.claims))
    every = {one.cluster_id: one for one in (*cases, *problems)}
    every |= {**slowdowns.cases, **{one.absence.id: one.case for one in missed}}
    proven = verify_findings(findings, every, history, reading.latencies, stored=reading.states)
    declared = verify_declared(reading.declared, history, reading.events, failed_keys(history))
    findings = replace(findings, verifications=(*proven, *declared))
    return with_tracked(findings, track(findings, history, every, reading.states, reading.closed))


def cases_of(history: History, config: ClassifyConfig) -> list[Case]:
    """Every case of a history, problem or not."""
    return _judged(history, config)[0]


def compare(reader: Reader, before: Revision, after: Revision, *, window: Window, config: ClassifyConfig) -> Failing:
    """What failed on two revisions of one service within a window; chatter is left out."""
    alone = config.history.model_copy(update={"baseline_days": 0.0})
    history = read_history(reader, window=window, config=alone, rules=config.clusters.rules, origins=config.origins)
    cases, verdicts = _judged(history, config)
    told = [case for case in cases if is_failure(case) or verdicts.get(case.cluster_id, "noise") != "noise"]
    return compare_cases(told, history.exposure, before, after)


def _judged(history: History, config: ClassifyConfig) -> tuple[list[Case], dict[str, Verdict]]:
    """Every case of a history, and the verdict on each that occurs in the window."""
    start_ns = history.window.start_ns
    cases = build_cases(
        history.failures, history.leads, history.traces, history.exposure, start_ns=start_ns, config=config.onset
    )
    return cases, judge(
        cases,
        history.failed_traces,
        history.failures,
        history_ns=history.end_ns - history.start_ns,
        start_ns=start_ns,
        config=config.problems,
        arrivals=find_arrivals(
            history.revisions,
            history.exposure,
            start_ns=history.start_ns,
            least_ns=config.problems.short_history_minutes * 60e9,
        ),
    )


def _linked(
    found: Sequence[Case], calls: CallGraph, history: History, config: ClassifyConfig
) -> tuple[list[Case], Cascade]:
    """The problems with their cascade, renderings of one failure put together."""

    def cascade(cases: Sequence[Case]) -> Cascade:
        return joined(
            find_cascade(some, history.failures, history.traces, calls, config.cascade) for some in apart(cases)
        )

    first = cascade(found)
    problems, links = fold_requests(found, first.links)
    alone = {id(case) for case in problems}
    problems, links = fold_calls(problems, told_by_lines(problems, links), lambda told: _rebuilt(history, told, config))
    made = {case.cluster_id for case in problems if id(case) not in alone}
    if not made:
        return problems, replace(first, links=links)
    again = cascade(problems)
    return problems, replace(again, links=nearer_links(links, again.links, made))


def _of_services(*missed: Missed) -> tuple[Missed, ...]:
    """Those of the services that are watched: what logtriage itself leaves out is no event."""
    return tuple(one for one in missed if not is_itself(one.absence.service))


def _rebuilt(history: History, members: Mapping[str, Sequence[Case]], config: ClassifyConfig) -> list[Case]:
    """One case of all members of each, led by the one whose id it has."""
    placed = [
        (one.project, one.service, signature, name)
        for name, cases in members.items()
        for one in cases
        for signature in one.signature_ids
    ]
    keys = ["project", "service", "signature_id"]
    told = pl.DataFrame(placed, schema=[*keys, "cluster_id"], orient="row")
    failures = history.failures.drop("cluster_id").join(told, on=keys, maintain_order="left")
    start_ns = history.window.start_ns
    return build_cases(
        failures, history.leads, history.traces, history.exposure, start_ns=start_ns, config=config.onset
    )


def _samples(reading: Reading, cases: Sequence[Case]) -> pl.DataFrame:
    """Samples of these cases alone."""
    is_told = pl.col("signature_id").is_in([name for case in cases for name in case.signature_ids])
    return reading.samples.filter(is_told)
