"""Incidents: a root cluster with everything it explains, ranked."""

from collections.abc import Sequence

from classifiers.findings import Cluster, Incident
from collector.window import Window

__all__ = ["find_incidents"]


def find_incidents(clusters: Sequence[Cluster], window: Window) -> tuple[Incident, ...]:
    """One incident a root, what is wrong now first, then by priority, failures and time."""
    by_id = {cluster.id: cluster for cluster in clusters}
    members: dict[str, list[Cluster]] = {}
    for cluster in clusters:
        members.setdefault(_root(cluster, by_id), []).append(cluster)
    ranked = sorted(members.items(), key=lambda item: _rank(by_id[item[0]], item[1], window))
    return tuple(
        Incident(
            number=number,
            root=root,
            symptoms=tuple(
                one.id for one in sorted(found, key=lambda one: (one.onset.at_ns, one.id)) if one.id != root
            ),
            priority=min(one.priority for one in found),
            title=by_id[root].title,
            is_ongoing=any(one.state in {"new", "ongoing", "regressed"} for one in found),
        )
        for number, (root, found) in enumerate(ranked, start=1)
    )


def _root(cluster: Cluster, by_id: dict[str, Cluster]) -> str:
    while cluster.caused_by:
        cluster = by_id[cluster.caused_by]
    return cluster.id


def _rank(root: Cluster, found: list[Cluster], window: Window) -> tuple[bool, str, int, int, str]:
    is_over = all(one.state == "resolved" for one in found)
    units = max(one.units for one in found)
    return (is_over, min(one.priority for one in found), -units, window.end_ns - root.onset.at_ns, root.id)
