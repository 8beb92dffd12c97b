"""Incidents over looks as JSON (see export.py)."""

from typing import Any

from classifiers.findings import IncidentState, Tracked
from classifiers.followed import MemberState
from classifiers.service_names import plain_name
from collector.window import format_ns

__all__ = ["tracked_json"]

_DIGITS = 9


def tracked_json(one: Tracked) -> dict[str, Any]:
    """One incident as it stands over looks; history has what every look told, the oldest first."""
    return {
        "id": one.id,
        "incident": one.number,
        "state": one.state,
        "sure": one.sure,
        "statement": one.statement,
        "since": _time(one.since_ns),
        "is_open": one.is_open,
        "service": plain_name(one.service),
        "title": one.title,
        "root": one.root,
        "severity": one.priority,
        "onset": _time(one.onset_ns),
        "last_failure": _time(one.last_failure_ns),
        "revision": one.revision or None,
        "stragglers": one.stragglers,
        "members": [_member(member) for member in one.members],
        "history": [_row(row) for row in one.history],
        "merged_into": one.merged_into or None,
        "related": list(one.related),
    }


def _member(one: MemberState) -> dict[str, Any]:
    return {
        "id": one.finding_id,
        "service": plain_name(one.service),
        "title": one.title,
        "state": one.state,
        "sure": one.sure,
        "statement": one.statement,
        "since": _time(one.since_ns),
    }


def _row(row: IncidentState) -> dict[str, Any]:
    return {
        "state": row.state,
        "sure": row.sure,
        "statement": row.statement,
        "at": _time(row.at_ns),
        "told": _time(row.look_ns),
        "revision": row.revision or None,
        "severity": row.priority,
    }


def _time(at_ns: int) -> str:
    return format_ns(at_ns, digits=_DIGITS)
