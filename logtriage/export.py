"""Findings as JSON: the one model that scorers, CI and other tools read; findings_schema.json describes it.

Times are RFC 3339 in UTC with nine digits. Order is fixed, so the same findings give the same bytes.
"""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from classifiers.explained import Improved
from classifiers.findings import (
    Absence,
    Attribution,
    Change,
    Cluster,
    Coverage,
    Drift,
    DriftSide,
    EventCount,
    FailingSpan,
    Findings,
    Hypothesis,
    Known,
    Latency,
    Onset,
    Priority,
    Record,
    RevisionCount,
    SideBySide,
    Sighting,
    Storm,
    VanishedKey,
)
from classifiers.service_names import location_of, plain_name
from classifiers.suites import FailedCases, SuiteLink, SuiteRun
from collector.records import Revision, severity_text
from collector.window import format_ns
from logtriage.actions_json import command_fields, link_fields
from logtriage.blast_json import blast_json
from logtriage.blind_json import blind_fields
from logtriage.followed_json import tracked_json
from logtriage.incident_json import incident_fields, place_fields
from logtriage.latency_json import latency_fields
from logtriage.lookup import Lookup
from logtriage.mute_json import mute_fields
from logtriage.report_config import CONSOLE
from logtriage.series_json import series_fields
from logtriage.verification_json import verification_fields
from logtriage.whys_json import evidence_fields

__all__ = ["FORMAT", "cluster_json", "findings_bytes", "findings_json", "findings_schema", "json_bytes", "silent_json"]

FORMAT = 1  # rises when a field changes its meaning or goes away
_DIGITS = 9
# What a terminal would obey although JSON allows it: C1 controls, direction marks, line separators.
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def findings_json(findings: Findings, console: str = CONSOLE) -> dict[str, Any]:
    """The findings as plain JSON values; `console` is where links lead. A root is as severe as what it explains."""
    lookup = Lookup(findings)
    worst = _worst(findings)

    def linked(found: Cluster | Latency | Absence) -> dict[str, Any]:
        return link_fields(found, findings.window, console)

    def problem(one: Cluster) -> dict[str, Any]:
        return cluster_json(one) | {"severity": worst.get(one.id, one.priority)} | linked(one)

    return {
        "format": FORMAT,
        "projects": list(findings.projects),
        "window": {"start": _time(findings.window.start_ns), "end": _time(findings.window.end_ns)},
        "now": _time(findings.now_ns),
        "clusters": [problem(one) for one in findings.clusters if one.insert_ids],
        "absent_events": [_absence(event) | linked(event) for event in findings.absent_events],
        "latency": [_latency(one) | linked(one) for one in findings.latency],
        "span_clusters": [problem(one) for one in findings.clusters if not one.insert_ids],
        "other_events": [_absence(event) for event in findings.other_events],
        "standing": [cluster_json(cluster) for cluster in findings.standing],
        "muted": [cluster_json(cluster) for cluster in findings.muted],
        "muted_silent": [silent_json(one) for one in findings.muted_silent],
        "mutes": [mute_fields(mute, findings.window.end_ns) for mute in findings.mutes],
        "noise": [cluster_json(cluster) for cluster in findings.noise],
        "incidents": [incident_fields(one) | command_fields(one, lookup) for one in findings.incidents],
        "vanished_keys": [_vanished(key) for key in findings.vanished_keys],
        "verifications": [verification_fields(one) for one in findings.verifications],
        "improved": [_improved(one) for one in findings.improved],
        "tracked": [tracked_json(one) for one in findings.tracked],
        "revisions": [_revision(revision) for revision in findings.revisions],
        "coverage": _coverage(findings.coverage),
        "blindness": [blind_fields(one) for one in findings.blindness],
        "drifts": [_drift(drift) for drift in findings.drifts],
        "test_runs": [_suite_run(run) for run in findings.test_runs],
        "failed_tests": [_failed_cases(failed) for failed in findings.failed_tests],
        "warnings": list(findings.warnings),
        "record": _record(findings.record),
    }


def findings_bytes(findings: Findings, console: str = CONSOLE) -> bytes:
    """The findings as UTF-8 JSON, indented, ending in a newline; nothing in it that a terminal would obey."""
    return json_bytes(findings_json(findings, console))


def json_bytes(values: dict[str, Any]) -> bytes:
    """Plain JSON values, written as findings are."""
    text = StringIO()  # json.dumps keeps a list of all pieces: ten times the text
    json.dump(values, text, ensure_ascii=False, indent=2, allow_nan=False)
    return (_OBEYED.sub(lambda found: f"\\u{ord(found.group()):04x}", text.getvalue()) + "\n").encode()


def findings_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of what findings_json gives."""
    text = (Path(__file__).resolve().parent / "findings_schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _worst(findings: Findings) -> dict[str, Priority]:
    """The highest rank of all that each root explains, by its id."""
    every: tuple[Cluster | Latency | Absence, ...] = (*findings.clusters, *findings.latency, *findings.absent_events)
    alone = {one.id: one.priority for one in every}
    return {
        one.root: min((one.priority, *(alone[name] for name in (one.root, *one.symptoms) if name in alone)))
        for one in findings.incidents
    }


def _time(at_ns: int) -> str:
    return format_ns(at_ns, digits=_DIGITS)


def _time_or_none(at_ns: int | None) -> str | None:
    return None if at_ns is None else _time(at_ns)


def cluster_json(cluster: Cluster) -> dict[str, Any]:
    """One cluster as plain JSON values."""
    return {
        "id": cluster.id,
        "title": cluster.title,
        "kind": cluster.kind,
        "insert_ids": list(cluster.insert_ids),
        "service": plain_name(cluster.service),
        "location": cluster.location or None,
        "onset": _time(cluster.onset.at_ns),
        "severity": cluster.priority,
        "severity_alone": cluster.priority,
        "blast": blast_json(cluster.blast),
        "role": cluster.role,
        "caused_by": cluster.caused_by,
        "attribution": _attribution(cluster.attribution),
        "state": cluster.state,
        "cause": cluster.cause,
        "test_traffic": cluster.is_test_traffic,
        "project": cluster.project,
        "log_severity": severity_text(cluster.severity),
        "origin": cluster.origin,
        "test_share": cluster.test_share,
        "test_interval": list(cluster.test_interval) if cluster.test_interval else None,
        "tests": [_suite_link(link) for link in cluster.tests],
        "origin_counts": [{"origin": name, "units": many} for name, many in cluster.origin_counts],
        "fault": cluster.fault,
        "explained_share": cluster.explained_share,
        "occurrences": cluster.occurrences,
        "entries": cluster.entries,
        "units": cluster.units,
        "first_seen": _time(cluster.first_ns),
        "last_seen": _time(cluster.last_ns),
        "onset_detail": _onset_detail(cluster.onset),
        "storm": _storm(cluster.storm) if cluster.storm else None,
        "per_revision": [_revision_count(counted) for counted in cluster.per_revision],
        "series": series_fields(cluster.series),
        "hypotheses": [_hypothesis(rival) for rival in cluster.hypotheses],
        "evidence": [evidence_fields(fact) for fact in cluster.evidence],
        "signature_ids": list(cluster.signature_ids),
        "trace_ids": list(cluster.trace_ids),
        "sample": cluster.sample,
        "known": _known(cluster.known) if cluster.known else None,
        "spans": [_span(one) for one in cluster.spans],
        "links": [],
    }


def _span(one: FailingSpan) -> dict[str, Any]:
    return {
        "trace": one.trace,
        "span": one.span,
        "operation": one.operation,
        "at": _time(one.at_ns),
        "text": one.text,
        "joined": one.joined,
    }


def _suite_link(link: SuiteLink) -> dict[str, Any]:
    return {**asdict(link), "names": list(link.names)}


def _suite_run(run: SuiteRun) -> dict[str, Any]:
    told = asdict(run)
    at_ns = told.pop("at_ns")
    return {**told, "at": _time_or_none(at_ns), "problem": run.problem or None}


def _failed_cases(failed: FailedCases) -> dict[str, Any]:
    return {
        **asdict(failed),
        "names": list(failed.names),
        "suites": list(failed.suites),
        "cluster_ids": list(failed.cluster_ids),
    }


def _known(known: Known) -> dict[str, Any]:
    return {
        "name": known.name,
        "family": known.family,
        "title": known.title,
        "meaning": known.meaning,
        "look": known.look,
    }


def _storm(storm: Storm) -> dict[str, Any]:
    return {
        "begin": _time(storm.first_ns),
        "end": _time(storm.last_ns),
        "bursts": storm.bursts,
        "units": storm.units,
        "peak_per_minute": storm.peak_per_minute,
        "failed_share": storm.failed_share,
        "period_s": [round(seconds, 3) for seconds in storm.period_s] if storm.period_s else None,
        "is_per_instance": storm.is_per_instance,
        "lines_per_unit": storm.lines_per_unit,
    }


def _attribution(attribution: Attribution | None) -> dict[str, Any] | None:
    if attribution is None:
        return None
    return {
        "service": plain_name(attribution.service),
        "location": attribution.location or None,
        "revision": attribution.revision,
        "change": _change(attribution.change) if attribution.change else None,
        "confidence": attribution.confidence,
        "good_revision": attribution.good_revision,
        "also_changed": [_change(change) for change in attribution.also_changed],
        "evidence": [evidence_fields(fact) for fact in attribution.evidence],
        "first_bad": list(attribution.first_bad),
        "not_apart": [{"revision": one.revision, "share": one.share, "why": one.why} for one in attribution.not_apart],
        "cleared": [_change(change) for change in attribution.cleared],
        "last_good": _sighting(attribution.last_good),
        "first_seen_bad": _sighting(attribution.first_seen_bad),
        "last_seen_bad": _sighting(attribution.last_seen_bad),
        "side_by_side": _side_by_side(attribution.side_by_side) if attribution.side_by_side else None,
        "decided_by": attribution.decided_by,
        "refuted_by": list(attribution.refuted_by),
    }


def _sighting(seen: Sighting | None) -> dict[str, Any] | None:
    if seen is None:
        return None
    return {
        "service": plain_name(seen.service),
        "revision": seen.revision,
        "failures": seen.failures,
        "exposed": seen.exposed,
        "at": _time_or_none(seen.at_ns),
    }


def _side_by_side(found: SideBySide) -> dict[str, Any]:
    return {
        "verdict": found.verdict,
        "minutes": found.minutes,
        "exposed_new": found.exposed_new,
        "exposed_old": found.exposed_old,
        "failures_new": found.failures_new,
        "failures_old": found.failures_old,
        "evidence": float(f"{found.evidence:.6g}"),
        "most_times": None if found.most_times is None else round(found.most_times, 3),
    }


def silent_json(one: Latency | Absence) -> dict[str, Any]:
    """What became slower, or an event that stays away, as plain JSON values."""
    return _latency(one) if isinstance(one, Latency) else _absence(one)


def _change(change: Change) -> dict[str, Any]:
    return {"type": change.type, "name": change.name, "before": change.before, "after": change.after}


def _hypothesis(rival: Hypothesis) -> dict[str, Any]:
    return {
        "cause": rival.cause,
        "confidence": rival.confidence,
        "statement": rival.statement,
        "evidence": [evidence_fields(fact) for fact in rival.evidence],
    }


def _revision_count(counted: RevisionCount) -> dict[str, Any]:
    return {
        "service": plain_name(counted.service),
        "revision": counted.revision,
        "failures": counted.failures,
        "exposed": counted.exposed,
        "first_seen": _time_or_none(counted.first_ns),
        "last_seen": _time_or_none(counted.last_ns),
    }


def _absence(event: Absence) -> dict[str, Any]:
    onset = event.onset
    return {
        "event": event.event,
        "service": plain_name(event.service),
        "location": event.location or None,
        "field": event.field,
        "attribution": _attribution(event.attribution),
        "kind": event.kind,
        "project": event.project,
        "trigger": event.trigger,
        "before": _event_count(event.before),
        "since": _event_count(event.since),
        "onset": _time(onset.at_ns) if onset else None,
        "onset_detail": _onset_detail(onset) if onset else None,
        "ongoing": event.is_ongoing,
        "origin": event.origin,
        "renamed_to": event.renamed_to,
        "id": event.id,
        "per_revision": [_revision_count(one) for one in event.per_revision],
        "series": series_fields(event.series),
        "hypotheses": [_hypothesis(rival) for rival in event.hypotheses],
        "evidence": [evidence_fields(fact) for fact in event.evidence],
        **place_fields(event),
        "links": [],
    }


def _onset_detail(onset: Onset) -> dict[str, Any]:
    return {
        "earliest": _time(onset.earliest_ns),
        "latest": _time(onset.latest_ns),
        "rate_before": onset.rate_before,
        "exposed_before": onset.exposed_before,
        "rate_after": onset.rate_after,
        "unit": onset.unit,
        "ended_earliest": _time_or_none(onset.ended_earliest_ns),
        "ended_latest": _time_or_none(onset.ended_latest_ns),
    }


def _event_count(counted: EventCount) -> dict[str, Any]:
    return {"trials": counted.trials, "seen": counted.seen}


def _own(claim: Attribution | None) -> Attribution | None:
    """The claim where it is its own: what a failure slows down accuses nobody a second time; see `caused_by`."""
    is_carried = claim is not None and any(one.query == "rule:symptom-follows-root" for one in claim.evidence[:1])
    return None if is_carried else claim


def _latency(latency: Latency) -> dict[str, Any]:
    verdict = {
        "attribution": _attribution(_own(latency.attribution)),
        "hypotheses": [_hypothesis(rival) for rival in latency.hypotheses],
    }
    return latency_fields(latency) | verdict | place_fields(latency) | {"links": []}


def _vanished(key: VanishedKey) -> dict[str, Any]:
    return {
        "service": plain_name(key.service),
        "location": key.location or None,
        "revision": key.revision,
        "previous_revision": key.previous_revision,
        "key": key.key,
        "present_in": key.present_in,
        "at": _time(key.at_ns),
        "errors_since": key.errors_since,
        "kind": key.kind,
        "was": key.was,
        "unknown_between": key.unknown_between,
        "took_traffic": key.took_traffic,
        "renamed_to": key.renamed_to,
        "restored_in": key.restored_in,
        "kept_by": list(key.kept_by),
        "clusters": list(key.cluster_ids),
    }


def _improved(one: Improved) -> dict[str, Any]:
    return {
        "cluster_id": one.cluster_id,
        "title": one.title,
        "service": plain_name(one.service),
        "unit": one.unit,
        "before": {"failed": one.before, "exposed": one.exposed_before},
        "now": {"failed": one.failed, "exposed": one.exposed},
        "last_failure": _time(one.last_ns),
    }


def _drift(drift: Drift) -> dict[str, Any]:
    return {
        "project": drift.project,
        "key": drift.key,
        "kind": drift.kind,
        "sides": [_side(one) for one in drift.sides],
        "since": _time_or_none(drift.since_ns),
        "parted_service": plain_name(drift.parted_service) if drift.parted_service else None,
        "parted_by": drift.parted_by,
        "statement": drift.statement,
        "clusters": list(drift.cluster_ids),
    }


def _side(side: DriftSide) -> dict[str, Any]:
    return {
        "service": plain_name(side.service),
        "location": location_of(side.service) or None,
        "revision": side.revision,
        "holds": side.holds,
    }


def _revision(revision: Revision) -> dict[str, Any]:
    return {
        "project": revision.project,
        "service": plain_name(revision.service),
        "location": revision.location or None,
        "revision": revision.revision,
        "created": _time_or_none(revision.created_ns),
        "ready": _time_or_none(revision.ready_ns),
        "failed": _time_or_none(revision.failed_ns),
        "traffic": _time_or_none(revision.traffic_ns),
        "first_seen": _time_or_none(revision.first_seen_ns),
        "last_seen": _time_or_none(revision.last_seen_ns),
        "requests": revision.requests,
        "has_configuration": revision.config is not None,
        "tool": revision.tool,
        "commit": revision.commit or None,
        "build": revision.build or None,
    }


def _record(record: Record) -> dict[str, Any]:
    return {
        "verdicts": record.verdicts,
        "settled": record.settled,
        "right": record.right,
        "void": record.void,
        "by_person": record.by_person,
        "brier": record.brier,
        "bands": [
            {
                "from": band.least,
                "settled": band.settled,
                "right": band.right,
                "said": band.said,
                "low": band.low,
                "high": band.high,
            }
            for band in record.bands
        ],
    }


def _coverage(seen: Coverage) -> dict[str, Any]:
    return {
        "entries": seen.entries,
        "problem_entries": seen.problem_entries,
        "noise_entries": seen.noise_entries,
        "quiet_entries": seen.quiet_entries,
        "spans": seen.spans,
        "services": seen.services,
        "span_services": seen.span_services,
        "complete_until": _time_or_none(seen.complete_until_ns),
        "ledger": {
            "read": seen.ledger_read,
            "stored": seen.ledger_stored,
            "duplicates": seen.ledger_duplicates,
            "dead": seen.ledger_dead,
            "pruned": seen.ledger_pruned,
            "lost": seen.ledger_lost,
        },
        "dead_reasons": [{"reason": reason, "records": records} for reason, records in seen.dead_reasons],
        "blind_spots": list(seen.blind_spots),
    }
