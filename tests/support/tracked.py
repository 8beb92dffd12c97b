"""Incidents of built findings as tracked ones, as a look without looks before it would."""

from typing import Any

from classifiers.findings import Findings, Incident
from classifiers.followed import MemberState, Tracked
from collector.replacing import replace
from logtriage.incident_view import tell_incident
from logtriage.lookup import Lookup

__all__ = ["tracked_in", "with_tracked"]


def with_tracked(findings: Findings, **changes: Any) -> Findings:
    """The findings with their incidents followed; `changes` are of all of them."""
    return replace(findings, tracked=tuple(replace(one, **changes) for one in tracked_in(findings)))


def tracked_in(findings: Findings) -> tuple[Tracked, ...]:
    """One for each incident whose root is among the findings; its id is that of its root."""
    lookup = Lookup(findings)
    every = (_tracked(one, lookup) for one in findings.incidents)
    return tuple(one for one in every if one is not None)


def _tracked(incident: Incident, lookup: Lookup) -> Tracked | None:
    told = tell_incident(incident, lookup)
    if told is None:
        return None
    root, end_ns = told.root, lookup.findings.window.end_ns
    onset_ns = root.onset.at_ns if root.onset else 0
    member = MemberState(root.id, root.service, told.title, told.state, None, "", onset_ns)
    last_ns = getattr(root, "last_ns", None) or getattr(root, "ended_ns", None) or end_ns
    return Tracked(
        id=root.id, number=incident.number, state=told.state, sure=None, statement="", since_ns=onset_ns,
        project=root.project, service=root.service, title=told.title, root=root.id, priority=incident.priority,
        onset_ns=onset_ns, last_failure_ns=last_ns, members=(member,),
    )  # fmt: skip
