"""Applied: findings tell the states that looks have stored, where there are any. No I/O.

A single look tells what it did before. Else the id of a member decides: what is back is told so, and what seems to go
on is over where that is proven and only stragglers fail. What all but follows from a root that is over is over with it,
though its own silence proves nothing yet. What does not fail any more keeps that state of one look; that it is not
proven over is told beside it.
"""

from classifiers.findings import Cluster, Findings, Incident
from classifiers.followed import Tracked
from classifiers.states import State
from collector.replacing import replace

__all__ = ["is_followed", "with_tracked"]


def is_followed(tracked: Tracked, look_ns: int) -> bool:
    """An earlier look told it."""
    return any(row.look_ns < look_ns for row in tracked.history)


def with_tracked(findings: Findings, tracked: tuple[Tracked, ...]) -> Findings:
    """The findings with their incidents over looks, and with the states of those that earlier looks told."""
    followed = [one for one in tracked if is_followed(one, findings.window.end_ns)]
    if not followed:
        return replace(findings, tracked=tracked)
    states: dict[str, State] = {
        member.finding_id: "resolved" if one.state == "resolved" else member.state
        for one in followed
        for member in one.members
    }
    clusters = tuple(_stated(one, states) for one in findings.clusters)
    going_on = {one.id: one.is_ongoing for one in clusters}
    going_on |= {one.id: one.is_ongoing for one in findings.latency}
    going_on |= {one.id: one.is_ongoing for one in (*findings.absent_events, *findings.other_events)}
    incidents = tuple(_going(one, going_on) for one in findings.incidents)
    return replace(findings, clusters=clusters, incidents=incidents, tracked=tracked)


def _stated(cluster: Cluster, states: dict[str, State]) -> Cluster:
    state = states.get(cluster.id, cluster.state)
    is_back = state == "regressed" and cluster.state != "resolved"
    return replace(cluster, state=state) if is_back or state == "resolved" else cluster


def _going(incident: Incident, going_on: dict[str, bool]) -> Incident:
    is_ongoing = any(going_on.get(name, False) for name in (incident.root, *incident.symptoms))
    return incident if is_ongoing == incident.is_ongoing else replace(incident, is_ongoing=is_ongoing)
