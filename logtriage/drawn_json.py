"""What is drawn of an incident as plain JSON values."""

from typing import Any

from classifiers.drawn import Lane, Lanes, Sequence, SequenceSide, SequenceStep, StepCount
from classifiers.findings import Incident
from classifiers.service_names import plain_name
from collector.window import NS_PER_S, format_ns

__all__ = ["drawn_fields"]


def drawn_fields(incident: Incident) -> dict[str, Any]:
    """The fields `sequence`, `no_sequence` and `lanes` of an incident."""
    return {
        "sequence": _sequence(incident.sequence) if incident.sequence else None,
        "no_sequence": incident.no_sequence or None,
        "lanes": _lanes(incident.lanes) if incident.lanes else None,
    }


def _sequence(one: Sequence) -> dict[str, Any]:
    return {
        "service": plain_name(one.service),
        "operation": one.operation,
        "basis": one.basis,
        "before": _side(one.before),
        "after": _side(one.after),
        "participants": list(one.participants),
        "steps": [_step(step) for step in one.steps],
        "skipped": one.skipped,
        "gaps": one.gaps,
    }


def _side(side: SequenceSide) -> dict[str, Any]:
    return {"revision": side.revision, "which": side.which, "traces": side.traces, "trace": side.trace}


def _step(step: SequenceStep) -> dict[str, Any]:
    return {
        "caller": step.caller,
        "callee": step.callee,
        "operation": step.operation,
        "kind": step.kind,
        "course": step.course,
        "before": _count(step.before),
        "after": _count(step.after),
        "p_value": float(f"{step.p_value:.6g}"),
        "skipped": step.skipped,
        "trace_ids": list(step.trace_ids),
    }


def _count(count: StepCount) -> dict[str, Any]:
    return {"traces": count.traces, "failed": count.failed, "p50_ns": count.p50_ns, "text": count.text}


def _lanes(lanes: Lanes) -> dict[str, Any]:
    return {
        "start": _time(lanes.start_ns),
        "column_s": lanes.column_ns // NS_PER_S,
        "columns": lanes.columns,
        "onset": _time_or_none(lanes.onset_ns),
        "earliest": _time_or_none(lanes.earliest_ns),
        "latest": _time_or_none(lanes.latest_ns),
        "ended": _time_or_none(lanes.ended_ns),
        "lanes": [_lane(lane) for lane in lanes.lanes],
    }


def _lane(lane: Lane) -> dict[str, Any]:
    return {
        "service": plain_name(lane.service),
        "unit": lane.unit,
        "revisions": [
            {"revision": one.revision, "verdict": one.verdict or None, "asked": list(one.asked)}
            for one in lane.revisions
        ],
        "marks": [{"at": _time(mark.at_ns), "kind": mark.kind, "revision": mark.revision} for mark in lane.marks],
        "left_out": lane.left_out,
    }


def _time(at_ns: int) -> str:
    return format_ns(at_ns, digits=9)


def _time_or_none(at_ns: int | None) -> str | None:
    return None if at_ns is None else _time(at_ns)
