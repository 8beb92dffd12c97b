"""What became slower as JSON: the fields of a latency beside those that every finding has (see export.py)."""

from typing import Any

from classifiers.findings import Latency, Pace, SlowCaller, SlowPart
from classifiers.service_names import plain_name
from collector.window import format_ns
from logtriage.series_json import series_fields

__all__ = ["latency_fields"]

_DIGITS = 9
_MS = 1e6


def latency_fields(latency: Latency) -> dict[str, Any]:
    """Service and operation first, then figures; durations are milliseconds, times RFC 3339."""
    onset = latency.onset
    return {
        "service": plain_name(latency.service),
        "operation": latency.operation,
        "id": latency.id,
        "project": latency.project,
        "location": latency.location or None,
        "known_by": latency.known_by,
        "requests_before": latency.before,
        "requests_since": latency.since,
        "p50_before_ms": _ms(latency.median_before_ns),
        "p50_since_ms": _ms(latency.median_since_ns),
        "p95_before_ms": _ms(latency.tail_before_ns),
        "p95_since_ms": _ms(latency.tail_since_ns),
        "times_p50": _times(latency.times_median),
        "times_p95": _times(latency.times_tail),
        "slower": latency.slower,
        "slow_above_ms": _ms(latency.slow_ns),
        "slow_since": latency.slow,
        "onset": _time(onset.at_ns) if onset else None,
        "onset_earliest": _time(onset.earliest_ns) if onset else None,
        "onset_latest": _time(onset.latest_ns) if onset else None,
        "is_ongoing": latency.is_ongoing,
        "ended": None if latency.ended_ns is None else _time(latency.ended_ns),
        "per_revision": [_pace(one) for one in latency.per_revision],
        "series": series_fields(latency.series),
        "slow_part": _part(latency.part) if latency.part else None,
        "origin": latency.origin,
        "origin_counts": [{"origin": name, "units": many} for name, many in latency.origin_counts],
        "cause": latency.cause,
        "fault": latency.fault,
        "also": list(latency.also),
        "callers": [_caller(one) for one in latency.callers],
        "trace_ids": list(latency.trace_ids),
    }


def _pace(pace: Pace) -> dict[str, Any]:
    return {
        "service": plain_name(pace.service),
        "revision": pace.revision,
        "requests": pace.requests,
        "slow": pace.slow,
        "p50_ms": _ms(pace.median_ns),
        "p95_ms": _ms(pace.tail_ns),
        "first_seen": _time(pace.first_ns),
        "last_seen": _time(pace.last_ns),
    }


def _part(part: SlowPart) -> dict[str, Any]:
    return {
        "service": plain_name(part.service),
        "operation": part.operation,
        "is_call": part.is_call,
        "before_ms": _ms(part.before_ns),
        "since_ms": _ms(part.since_ns),
        "spans_before": part.spans_before,
        "spans_since": part.spans_since,
        "share": part.share,
    }


def _caller(caller: SlowCaller) -> dict[str, Any]:
    return {
        "service": plain_name(caller.service),
        "operation": caller.operation,
        "p50_before_ms": _ms(caller.median_before_ns),
        "p50_since_ms": _ms(caller.median_since_ns),
        "share": caller.share,
    }


def _times(told: tuple[float, float, float]) -> dict[str, float]:
    return {"times": told[0], "low": told[1], "high": told[2]}


def _ms(duration_ns: int) -> float:
    return round(duration_ns / _MS, 3)


def _time(at_ns: int) -> str:
    return format_ns(at_ns, digits=_DIGITS)
