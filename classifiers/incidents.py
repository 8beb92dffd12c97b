"""Incidents: a root cluster with everything it explains, ranked.

Services that fail of one and the same dependency at the same time have one incident: each keeps its own root, since
none explains the other, and is told below the one that began first.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from classifiers.findings import Cluster, Evidence, Incident, Priority
from collector.window import Window

__all__ = ["addresses_in", "find_incidents", "with_shared_dependencies"]

# An IPv4 address or a host of three parts, with a port: `client.py:1378` is a line of code.
_ADDRESS = re.compile(
    r"(?<![\w.:-])(?!127\.)(\d{1,3}(?:\.\d{1,3}){3}:\d{2,5}|(?:[A-Za-z0-9-]+\.){2,}[A-Za-z][A-Za-z0-9-]*:\d{4,5})(?!\w)"
)


def with_shared_dependencies(clusters: Sequence[Cluster]) -> tuple[Cluster, ...]:
    """Clusters whose dependency failed another service too say which, and by what address that is known."""
    told = {}
    for name, (first, address) in _shared(clusters).items():
        cluster = next(one for one in clusters if one.id == name)
        known = f"{address} is named by {first} too, which failed at the same time"
        told[name] = replace(cluster, evidence=(*cluster.evidence, Evidence("inferred", known, "rule:same-dependency")))
    return tuple(told.get(one.id, one) for one in clusters)


def find_incidents(clusters: Sequence[Cluster], window: Window) -> tuple[Incident, ...]:
    """One incident a root, what is wrong now first, then by priority, failures and time."""
    by_id = {cluster.id: cluster for cluster in clusters}
    shared = _shared(clusters)
    members: dict[str, list[Cluster]] = {}
    for cluster in clusters:
        root = _root(cluster, by_id)
        members.setdefault(shared[root][0] if root in shared else root, []).append(cluster)
    ranked = sorted(members.items(), key=lambda item: _rank(by_id[item[0]], item[1], window))
    return tuple(
        Incident(
            number=number,
            root=root,
            symptoms=tuple(
                one.id for one in sorted(found, key=lambda one: (one.onset.at_ns, one.id)) if one.id != root
            ),
            priority=_priority(found),
            title=by_id[root].title,
            is_ongoing=any(one.is_ongoing for one in found),
        )
        for number, (root, found) in enumerate(ranked, start=1)
    )


def addresses_in(text: str) -> set[str]:
    """Hosts with their ports that a message names, except of this machine."""
    return set(_ADDRESS.findall(text))


def _shared(clusters: Sequence[Cluster]) -> Mapping[str, tuple[str, str]]:
    """Roots that fail of the dependency of an earlier one: that one, and the address that both name."""
    roots = sorted(
        (one for one in clusters if not one.caused_by and one.cause == "dependency"),
        key=lambda one: (one.onset.at_ns, one.id),
    )
    found: dict[str, tuple[str, str]] = {}
    for first, other in combinations(roots, 2):
        is_at_once = other.onset.at_ns <= first.last_ns and first.project == other.project
        addresses = addresses_in(first.sample) & addresses_in(other.sample)
        if first.id not in found and other.id not in found and is_at_once and addresses:
            found[other.id] = (first.id, min(addresses))
    return found


def _root(cluster: Cluster, by_id: dict[str, Cluster]) -> str:
    while cluster.caused_by:
        cluster = by_id[cluster.caused_by]
    return cluster.id


def _priority(found: Sequence[Cluster]) -> Priority:
    """The highest of what goes on: what is over ranks no incident that is not."""
    going_on = [one.priority for one in found if one.is_ongoing]
    return min(going_on or [one.priority for one in found])


def _rank(root: Cluster, found: list[Cluster], window: Window) -> tuple[bool, str, int, int, str]:
    is_over = all(one.state == "resolved" for one in found)
    units = max(one.units for one in found)
    return (is_over, _priority(found), -units, window.end_ns - root.onset.at_ns, root.id)
