"""Incidents: a root with everything it explains, ranked.

Members are clusters, slower operations and missing events alike: what a failure explains is told in its incident, and
what nothing explains is the root of one of its own. Services that fail of one and the same dependency at the same time
have one incident: each keeps its own root, since none explains the other, and is told below the one that began first.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import combinations

from classifiers.findings import Absence, Cluster, Evidence, Explains, Incident, Latency, Priority
from classifiers.itself import not_itself
from collector.replacing import replace
from collector.window import Window

__all__ = ["Member", "addresses_in", "began_ns", "find_incidents", "title_of", "with_shared_dependencies"]

Member = Cluster | Latency | Absence

# An IPv4 address or a host of three parts, with a port: `client.py:1378` is a line of code.
_ADDRESS = re.compile(
    r"(?<![\w.:-])(?!127\.)(\d{1,3}(?:\.\d{1,3}){3}:\d{2,5}|(?:[A-Za-z0-9-]+\.){2,}[A-Za-z][A-Za-z0-9-]*:\d{4,5})(?!\w)"
)


def with_shared_dependencies(clusters: Sequence[Cluster]) -> tuple[Cluster, ...]:
    """Clusters whose dependency failed another service too say which, and by what address that is known."""
    told = {}
    for name, (first, address) in _shared(not_itself(clusters)).items():
        cluster = next(one for one in clusters if one.id == name)
        known = f"{address} is named by {first} too, which failed at the same time"
        told[name] = replace(cluster, evidence=(*cluster.evidence, Evidence("inferred", known, "rule:same-dependency")))
    return tuple(told.get(one.id, one) for one in clusters)


def find_incidents(
    clusters: Sequence[Cluster], window: Window, *, slower: Sequence[Latency] = (), missing: Sequence[Absence] = (),
    edges: Sequence[Explains] = (),
) -> tuple[Incident, ...]:  # fmt: skip
    """One incident a root, what is wrong now first, then by priority, failures and time.

    slower, missing: what became slower and what stays away, each with its cause where that is known. edges: links
    between any of them; an incident tells those of its members.
    """
    every: tuple[Member, ...] = (*clusters, *slower, *missing)
    by_id = {one.id: one for one in every}
    shared = _shared(not_itself(clusters))
    members: dict[str, list[Member]] = {}
    for one in by_id.values():
        root = _root(one, by_id)
        members.setdefault(shared[root][0] if root in shared else root, []).append(one)
    ranked = sorted(members.items(), key=lambda item: _rank(by_id[item[0]], item[1], window))
    return tuple(
        Incident(
            number=number,
            root=root,
            symptoms=tuple(one.id for one in sorted(found, key=_order) if one.id != root),
            priority=_priority(found),
            title=title_of(by_id[root]),
            is_ongoing=any(one.is_ongoing for one in found),
            location=by_id[root].location,
            edges=_edges_of(found, edges),
        )
        for number, (root, found) in enumerate(ranked, start=1)
    )


def title_of(one: Member) -> str:
    """What is wrong in a few words."""
    if isinstance(one, Cluster):
        return one.title
    if isinstance(one, Latency):
        return f"{one.operation or 'all operations'} slower"
    return f"{one.event} lacks {one.field}" if one.field else f"{one.event} no longer arrives"


def began_ns(one: Member) -> int:
    """When it began; 0 where that is not known."""
    return one.onset.at_ns if one.onset else 0


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


def _root(one: Member, by_id: Mapping[str, Member]) -> str:
    while above := by_id.get(one.caused_by or ""):
        one = above
    return one.id


def _edges_of(found: Sequence[Member], edges: Sequence[Explains]) -> tuple[Explains, ...]:
    """The links between them, by their beginning."""
    place = {one.id: at for at, one in enumerate(sorted(found, key=_order))}
    inside = [edge for edge in edges if edge.cause in place and edge.symptom in place]
    return tuple(sorted(inside, key=lambda edge: (place[edge.cause], place[edge.symptom])))


def _order(one: Member) -> tuple[int, str]:
    return began_ns(one), one.id


def _priority(found: Sequence[Member]) -> Priority:
    """The highest of what goes on: what is over ranks no incident that is not."""
    going_on = [one.priority for one in found if one.is_ongoing]
    return min(going_on or [one.priority for one in found])


def _rank(root: Member, found: Sequence[Member], window: Window) -> tuple[bool, str, int, int, str]:
    is_over = not any(one.is_ongoing for one in found)
    return is_over, _priority(found), -max(map(_units, found)), window.end_ns - began_ns(root), root.id


def _units(one: Member) -> int:
    """How often it was seen: failures, slow requests, events that did not come."""
    if isinstance(one, Cluster):
        return one.units
    return one.slow if isinstance(one, Latency) else one.since.trials - one.since.seen
