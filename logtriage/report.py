"""Findings into the view that every format lays out: all sorting, grouping, rounding and choice of words. No I/O."""

from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field

from classifiers.findings import (
    Cluster,
    Evidence,
    Findings,
    Hypothesis,
    Incident,
    Onset,
    Priority,
)
from classifiers.service_names import plain_name
from logtriage.absence_view import absence_rows
from logtriage.commands import BLAMED, Command, commands_for
from logtriage.drift_view import drift_rows
from logtriage.errors import ConfigError
from logtriage.escape import plain, plain_lines
from logtriage.latency_view import latency_rows
from logtriage.lines import EXPLAINS, Line, cluster_lines, evidence_refs, incident_lines, when_words
from logtriage.lookup import Lookup
from logtriage.record_view import record_lines
from logtriage.suites_view import suite_rows
from logtriage.vanished_view import vanished_rows
from logtriage.wording import Near, clock, count, day_clock, failures_of, join_words, plural, short_revision, sure_word

__all__ = [
    "ClusterView",
    "EvidenceRow",
    "IncidentView",
    "OtherRow",
    "ReportConfig",
    "ReportView",
    "RevisionRow",
    "RivalRow",
    "began_words",
    "build_report",
    "evidence_rows",
    "only_service",
    "rival_row",
    "view_cluster",
]

_IDS_SHOWN = 20
_TRACES_SHOWN = 5
_SPARED_SHOWN = 3  # revisions listed in which nothing failed; the others are summed up


class ReportConfig(BaseModel):
    """Section `report` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    window_hours: float = Field(default=24.0, gt=0, le=24 * 366)  # how far back a report without --since looks
    full_incidents: int = Field(default=3, ge=1, le=100)  # incidents told in full on the first screen; the rest brief
    standing_shown: int = Field(default=5, ge=0, le=1000)  # old failures listed by title; the rest are counted


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A fact, how it is known, and where it can be looked up."""

    kind: str
    statement: str
    refs: str


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """Failures beside the exposure of one revision."""

    revision: str
    failures: str
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class RivalRow:
    """An explanation that was weighed, with the word for its probability."""

    cause: str
    sure: str
    statement: str
    evidence: tuple[EvidenceRow, ...]


@dataclass(frozen=True, slots=True)
class ClusterView:
    """One cluster with all its evidence."""

    id: str
    heading: str
    role: str
    counts: str
    lines: tuple[Line, ...]
    evidence: tuple[EvidenceRow, ...]
    revisions: tuple[RevisionRow, ...]
    rivals: tuple[RivalRow, ...]
    commands: tuple[Command, ...]
    sample: tuple[str, ...]
    signatures: str
    entries: str
    traces: str


@dataclass(frozen=True, slots=True)
class IncidentView:
    """One incident: headline, labelled lines, and its clusters in detail, root first."""

    number: int
    priority: str
    service: str
    title: str
    when: str
    is_brief: bool
    lines: tuple[Line, ...]
    clusters: tuple[ClusterView, ...]


@dataclass(frozen=True, slots=True)
class OtherRow:
    """One line about something beside the incidents."""

    title: str
    note: str


@dataclass(frozen=True, slots=True)
class ReportView:
    """The context of report.md.j2 and of the terminal report. Texts are plain, times UTC."""

    project: str
    window: str
    complete: str
    verdict: str
    ledger: str
    counts: str
    incidents: tuple[IncidentView, ...]
    warnings: tuple[OtherRow, ...]
    drifts: tuple[OtherRow, ...]
    absent: tuple[OtherRow, ...]
    slower: tuple[OtherRow, ...]
    tests: tuple[OtherRow, ...]
    standing: tuple[OtherRow, ...]
    muted: tuple[OtherRow, ...]
    dead: tuple[OtherRow, ...]
    blind: tuple[str, ...]
    record: tuple[str, ...]
    rules: tuple[str, ...]
    is_wrong: bool
    more: str


def build_report(findings: Findings, config: ReportConfig, *, recall: str = "") -> ReportView:
    """The view of a report; `recall` is the text of the options with which `logtriage show` sees the same window."""
    lookup = Lookup(findings)
    near = lookup.near
    ordered = sorted(findings.incidents, key=lambda incident: incident.number)
    shown = [(incident, lookup.cluster(incident.root)) for incident in ordered]
    incidents = tuple(
        _incident(incident, root, lookup, is_brief=at >= config.full_incidents)
        for at, (incident, root) in enumerate(shown)
        if root is not None
    )
    standing = _standing(findings.standing, config.standing_shown, near)
    start, end = findings.window.start_ns, findings.window.end_ns
    named = "NUMBER" if incidents else "ID" if findings.latency or findings.absent_events else ""
    return ReportView(
        project=", ".join(plain(name, 60) for name in findings.projects) or "no project",
        window=f"{day_clock(start)} -> {clock(end, Near.day_of(start))} UTC",
        complete=_complete(findings),
        verdict=_verdict(findings),
        ledger=_ledger(findings),
        counts=_counts(findings),
        incidents=incidents,
        warnings=tuple(OtherRow(*row) for row in vanished_rows(findings.vanished_keys, lookup)),
        drifts=tuple(OtherRow(*row) for row in drift_rows(findings.drifts, lookup)),
        absent=tuple(OtherRow(*row) for row in absence_rows(findings.absent_events, findings.other_events, lookup)),
        slower=tuple(OtherRow(*row) for row in latency_rows(findings.latency, lookup)),
        tests=tuple(OtherRow(*row) for row in suite_rows(findings, lookup)),
        standing=standing,
        muted=tuple(_other(cluster, near) for cluster in findings.muted),
        dead=tuple(OtherRow(plain(reason, 200), count(many)) for reason, many in findings.coverage.dead_reasons),
        blind=tuple(plain(spot, 300) for spot in findings.coverage.blind_spots),
        record=record_lines(findings.record, has_incidents=bool(incidents), recall=recall if incidents else ""),
        rules=tuple(plain(warning, 400) for warning in findings.warnings),
        is_wrong=bool(_wrong_now(findings)),
        more=f"logtriage show {named}{recall}" if named else "",
    )


def only_service(findings: Findings, service: str) -> Findings:
    """Findings of one service: its clusters, and the whole of each incident that touches it; counts stay as they are.

    Raises ConfigError that lists the services when none has that name.
    """
    lookup = Lookup(findings)
    if lookup.services() and not any(_is_service(one, service) for one in lookup.services()):
        raise ConfigError(
            f"--service is `{plain(service, 80)}`, which this window does not know; it knows: "
            f"{', '.join(lookup.services())}. Correct the spelling or widen --since."
        )
    touched = {cluster.id for cluster in findings.clusters if _is_service(cluster.service, service)}
    kept = tuple(incident for incident in findings.incidents if touched & {incident.root, *incident.symptoms})
    wanted = touched.union(*({incident.root, *incident.symptoms} for incident in kept))
    return replace(
        findings,
        clusters=tuple(cluster for cluster in findings.clusters if cluster.id in wanted),
        incidents=kept,
        standing=tuple(cluster for cluster in findings.standing if _is_service(cluster.service, service)),
        muted=tuple(cluster for cluster in findings.muted if _is_service(cluster.service, service)),
        absent_events=tuple(event for event in findings.absent_events if _is_service(event.service, service)),
        other_events=tuple(event for event in findings.other_events if _is_service(event.service, service)),
        latency=tuple(
            one
            for one in findings.latency
            if any(_is_service(name, service) for name in (one.service, *(caller.service for caller in one.callers)))
        ),
        vanished_keys=tuple(key for key in findings.vanished_keys if _is_service(key.service, service)),
        drifts=tuple(one for one in findings.drifts if any(_is_service(side.service, service) for side in one.sides)),
    )


def _is_service(name: str, wanted: str) -> bool:
    """Whether a service is the one asked for: by the name that tells its location, or in all its locations."""
    return wanted in (name, plain_name(name))


def view_cluster(cluster: Cluster, lookup: Lookup) -> ClusterView:
    """One cluster with all its evidence, as `logtriage show` and the Markdown report tell it."""
    near = lookup.near
    is_root = cluster.role == "root"  # a symptom repeats its root's attribution: its root tells why and what to do
    blamed = cluster.attribution.evidence if cluster.attribution and is_root else ()
    return ClusterView(
        id=plain(cluster.id, 100),
        heading=f"{_priority(cluster, lookup)} {plain(cluster.service, 80)}: {plain(cluster.title, 300)}",
        role=_role(cluster, lookup),
        counts=_cluster_counts(cluster, near),
        lines=cluster_lines(cluster, lookup),
        evidence=evidence_rows((*blamed, *cluster.evidence)),
        revisions=_revision_rows(cluster, near),
        rivals=tuple(rival_row(rival) for rival in sorted(cluster.hypotheses, key=lambda one: -one.confidence)),
        commands=commands_for(cluster, lookup) if is_root else (),
        sample=plain_lines(cluster.sample),
        signatures=_ids(cluster.signature_ids),
        entries=_ids(cluster.insert_ids),
        traces=_ids(cluster.trace_ids[:_TRACES_SHOWN]),
    )


def _revision_rows(cluster: Cluster, near: Near) -> tuple[RevisionRow, ...]:
    """Every revision in which it failed, and the last few in which it did not; the rest of those in one row."""
    spared = [row for row in cluster.per_revision if not row.failures]
    summed = spared[:-_SPARED_SHOWN]
    rows = [row for row in cluster.per_revision if row not in summed] if len(summed) > 1 else cluster.per_revision
    told = tuple(
        RevisionRow(
            revision=short_revision(row.revision, row.service if row.service == cluster.service else "") or "not known",
            failures=failures_of(row),
            first=clock(row.first_ns, near) if row.first_ns is not None else "",
            last=clock(row.last_ns, near) if row.last_ns is not None else "",
        )
        for row in rows
    )
    if len(summed) <= 1:
        return told
    return (*told, RevisionRow(f"{len(summed)} more", f"0/{sum(row.exposed or 0 for row in summed):,}", "", ""))


def _incident(incident: Incident, root: Cluster, lookup: Lookup, *, is_brief: bool) -> IncidentView:
    lines = incident_lines(incident, root, lookup)
    return IncidentView(
        number=incident.number,
        priority=incident.priority,
        service=plain(root.service, 80) or "no service",
        title=plain(incident.title, 300),
        when=when_words(incident, root, lookup),
        is_brief=is_brief,
        lines=tuple(line for line in lines if line.label not in EXPLAINS)[:1] if is_brief else lines,
        clusters=(
            replace(view_cluster(root, lookup), lines=()),  # the incident's own lines say it
            *(view_cluster(symptom, lookup) for symptom in lookup.symptoms(incident)),
        ),
    )


def _complete(findings: Findings) -> str:
    until = findings.coverage.complete_until_ns
    if until is None:
        return "complete until: not known"
    return f"complete to {clock(until, Near.of(findings.window))}"


def _verdict(findings: Findings) -> str:
    wrong = _wrong_now(findings)
    entries = findings.coverage.entries
    if wrong:
        return f"WRONG NOW: {', '.join(wrong)}"
    if findings.coverage.unsigned:
        return f"CANNOT TELL: {plural(findings.coverage.unsigned, 'record')} not looked through yet, see BLIND"
    over = _told_of(findings)
    if over:
        return f"NOTHING WRONG NOW: {join_words(over, len(over))} in this window, all over"
    if not entries and not findings.coverage.spans:
        return "NOTHING SEEN: 0 entries in this window, so it says nothing about your services"
    looked = plural(entries, "entry", "entries") if entries else plural(findings.coverage.spans, "span")
    nothing = f"0 of {looked} in this window tell of a new failure"
    if findings.standing:
        return f"NOTHING NEW: {nothing}; {plural(len(findings.standing), 'old one', 'old ones')}"
    return f"NOTHING WRONG: {nothing}"


def _told_of(findings: Findings) -> list[str]:
    """What was wrong at some time in the window."""
    told = (
        (len(findings.incidents), "incident", "incidents"),
        (len(findings.absent_events), "missing event", "missing events"),
        (len(findings.latency), "slower operation", "slower operations"),
    )
    return [plural(many, one, several) for many, one, several in told if many]


def _wrong_now(findings: Findings) -> list[str]:
    """What goes on at the end of the window; events that stay away count although no entry tells of them."""
    going_on = [incident.priority for incident in findings.incidents if incident.is_ongoing]
    wrong = []
    if going_on:
        wrong.append(f"{plural(len(going_on), 'incident')} ({going_on.count(min(going_on))} {min(going_on)})")
    missing = sum(one.is_ongoing and one.kind != "hollow" for one in findings.absent_events)
    if missing:
        wrong.append(f"{plural(missing, 'event')} missing")
    hollow = sum(one.is_ongoing and one.kind == "hollow" for one in findings.absent_events)
    if hollow:
        wrong.append(f"{plural(hollow, 'event')} without a field")
    slower = sum(one.is_ongoing for one in findings.latency)
    if slower:
        wrong.append(f"{plural(slower, 'operation')} slower")
    return wrong


def _ledger(findings: Findings) -> str:
    """Law 1, over everything ever read."""
    seen = findings.coverage
    return (
        f"{seen.ledger_read:,} ever read = {seen.ledger_stored:,} + {seen.ledger_duplicates:,} dup"
        f" + {seen.ledger_dead:,} dead"
    )


def _counts(findings: Findings) -> str:
    seen = findings.coverage
    spans = plural(seen.spans, "span") + (f" of {plural(seen.span_services, 'service')}" if seen.span_services else "")
    if not seen.entries and seen.spans:
        return f"{spans} in this window; 0 entries"
    return (
        f"{plural(seen.entries, 'entry', 'entries')} of {plural(seen.services, 'service')} in this window: "
        f"{seen.problem_entries:,} in problems, {seen.noise_entries:,} noise, {seen.quiet_entries:,} quiet; "
        f"{spans}"
    )


def _priority(cluster: Cluster, lookup: Lookup) -> Priority:
    """A root has the priority of its incident, as everything that tells of that incident says."""
    incident = lookup.incident_of(cluster.id)
    return incident.priority if incident is not None and incident.root == cluster.id else cluster.priority


def _role(cluster: Cluster, lookup: Lookup) -> str:
    if cluster.role == "root":
        told = _priority(cluster, lookup)
        return f"root, {cluster.state}" + (
            f"; {cluster.priority} by itself, {told} with what it pulls down" if told != cluster.priority else ""
        )
    cause = lookup.cluster(cluster.caused_by or "")
    named = f"{plain(cause.service, 80)}: {plain(cause.title, 100)} ({cause.id})" if cause else "a cluster not shown"
    return f"symptom of {named}, {cluster.state}"


def _cluster_counts(cluster: Cluster, near: Near) -> str:
    entries = cluster.entries or len(cluster.insert_ids)
    told_in = f"in {plural(entries, 'entry', 'entries')}" if entries else "in spans alone"
    return (
        f"{plural(cluster.occurrences, 'occurrence')} {told_in}, "
        f"seen {clock(cluster.first_ns, near)} to {clock(cluster.last_ns, near)} UTC; "
        f"{began_words(cluster.onset, near)}"
    )


def began_words(onset: Onset, near: Near) -> str:
    """`began between 14:01 and 14:03, over 15:00`: the moments with their intervals."""
    earliest, latest = clock(onset.earliest_ns, near), clock(onset.latest_ns, near)
    began = f"began {earliest}" if earliest == latest else f"began between {earliest} and {latest}"
    return f"{began}{_ended(onset, near)}"


def _ended(onset: Onset, near: Near) -> str:
    """When it was over, where it is."""
    earliest_ns, latest_ns = onset.ended_earliest_ns, onset.ended_latest_ns
    if earliest_ns is None or latest_ns is None:
        return ""
    earliest, latest = clock(earliest_ns, near), clock(latest_ns, near)
    return f", over {earliest}" if earliest == latest else f", over between {earliest} and {latest}"


def evidence_rows(evidence: tuple[Evidence, ...]) -> tuple[EvidenceRow, ...]:
    """Facts as they are told."""
    return tuple(EvidenceRow(fact.kind, plain(fact.statement, 500), evidence_refs(fact)) for fact in evidence)


def rival_row(rival: Hypothesis) -> RivalRow:
    """An explanation as it is told."""
    sure = sure_word(rival.confidence) if rival.confidence >= BLAMED else "not shown"
    return RivalRow(rival.cause.replace("_", " "), sure, plain(rival.statement, 500), evidence_rows(rival.evidence))


def _ids(ids: tuple[str, ...]) -> str:
    shown = ", ".join(plain(one, 80) for one in ids[:_IDS_SHOWN])
    return f"{shown} and {len(ids) - _IDS_SHOWN:,} more" if len(ids) > _IDS_SHOWN else shown


def _standing(clusters: tuple[Cluster, ...], shown: int, near: Near) -> tuple[OtherRow, ...]:
    ordered = sorted(clusters, key=lambda cluster: (-cluster.units, cluster.id))
    rows = tuple(_other(cluster, near) for cluster in ordered[:shown])
    left = ordered[shown:]
    if not left:
        return rows
    return (*rows, OtherRow(f"{len(left):,} more", plural(sum(one.occurrences for one in left), "failure")))


def _other(cluster: Cluster, near: Near) -> OtherRow:
    title = f"{plain(cluster.service, 80) or 'no service'}: {plain(cluster.title, 150)}"
    seen = f"{plural(cluster.occurrences, 'occurrence')}, last {clock(cluster.last_ns, near)}"
    known = f"known as {plain(cluster.known.name, 60)}, " if cluster.known else ""
    return OtherRow(title, f"{seen} ({known}{plain(cluster.id, 100)})")
