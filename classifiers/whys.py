"""Why: for each incident a chain from what is seen to how it got in. It stops where the evidence stops.

symptom -> operation -> call or state -> revision, or another cause -> change -> how the change got in. Each step is
measured, inferred by a named rule, asserted by a person, or unknown; the first that is unknown is the last, and says
what would tell. No step repeats another: what an incident does not tell is left out, so that chains differ in length.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from classifiers.findings import Cluster, Explains, Findings, Incident, Why
from classifiers.incidents import Member, began_ns
from classifiers.whys_brought import brought_steps
from classifiers.whys_ground import WhyGround
from classifiers.whys_seen import (
    edge_step,
    failing_step,
    inner_steps,
    operation_step,
    state_step,
    symptom_step,
)
from collector.replacing import replace

__all__ = ["with_whys"]

_MOST_LINKS = 2  # between what is seen and the root: more than that nobody follows
_MUCH = 0.5  # of the most failures of a member, from which another one of the incident may be what is seen


def with_whys(findings: Findings, ground: WhyGround) -> Findings:
    """The findings with the chain of each incident."""
    every: tuple[Member, ...] = (*findings.clusters, *findings.latency, *findings.absent_events)
    members = {one.id: one for one in every}
    told = (replace(one, whys=tuple(_chain(one, members, ground))) for one in findings.incidents)
    return replace(findings, incidents=tuple(told))


def _chain(incident: Incident, members: dict[str, Member], ground: WhyGround) -> Iterator[Why]:
    root = members.get(incident.root)
    if root is None:
        return
    said: set[str] = set()
    for step in _steps(incident, root, members, ground):
        if step.statement in said:
            continue
        said.add(step.statement)
        yield step
        if step.kind == "unknown":
            return


def _steps(incident: Incident, root: Member, members: dict[str, Member], ground: WhyGround) -> Iterator[Why]:
    way = _way(incident, root, members, ground)
    yield symptom_step(way[0], ground, is_root=len(way) == 1)
    yield from _known(operation_step(way[0], ground))
    links = {edge.symptom: edge for edge in incident.edges}
    for below, above in pairwise(way):
        yield edge_step(below, above, links.get(below.id, _untold(below, above)))
    if len(way) > 1:
        yield from _known(failing_step(root, way[0], ground))
    yield from _known(state_step(root, ground, is_titled=len(way) > 1))
    yield from inner_steps(root, {one.service for one in way}, is_alone=len(way) == 1)
    yield from brought_steps(root, ground)


def _known(step: Why | None) -> Sequence[Why]:
    return () if step is None else (step,)


def _untold(below: Member, above: Member) -> Explains:
    """A link of which only the share is known."""
    units = below.units if isinstance(below, Cluster) else 0
    return Explains(above.id, below.id, round((below.explained_share or 0) * units), units, 0, "")


def _way(incident: Incident, root: Member, members: dict[str, Member], ground: WhyGround) -> list[Member]:
    """From what is seen to the root: of the members with many failures the one that those who ask stand nearest to."""
    below = (members[name] for name in incident.symptoms if name in members)
    ways = [[root], *(way for one in below if _failures(one) and (way := _up(one, root, members)))]
    most = max(_failures(way[0]) for way in ways)
    seen = [way for way in ways if _failures(way[0]) >= _MUCH * most]
    services = {way[0].service for way in seen}

    def nearest(way: list[Member]) -> tuple[int, bool, int, int, int, str]:
        one = way[0]
        below = sum(ground.calls.reaches(other, one.service) for other in services - {one.service})
        return -below, _is_asked(one), len(way), _failures(one), -began_ns(one), one.id

    return _without_renderings(max(seen, key=nearest))


def _without_renderings(way: list[Member]) -> list[Member]:
    """The way without requests that only tell what the next one of the same service says."""
    kept = [one for one, above in pairwise(way) if not _is_rendering(one, above)]
    return [*kept, way[-1]]


def _is_rendering(one: Member, above: Member) -> bool:
    is_request = isinstance(one, Cluster) and one.kind == "request"
    return is_request and isinstance(above, Cluster) and one.service == above.service


def _up(one: Member, root: Member, members: dict[str, Member]) -> list[Member]:
    """The members from one to the root, each explained by the next; none where that is not how it hangs together."""
    way = [one]
    while way[-1].id != root.id:
        above = members.get(way[-1].caused_by or "")
        if above is None or above in way or len(_without_renderings(way)) > _MOST_LINKS:
            return []
        way.append(above)
    return way


def _failures(one: Member) -> int:
    """Of clusters alone: slow requests and missing events are counted in other units, and stand for themselves."""
    return one.units if isinstance(one, Cluster) else 0


def _is_asked(one: Member) -> bool:
    """Whether somebody is known to have asked for what failed: failures of jobs and instances are seen by nobody."""
    return isinstance(one, Cluster) and any(many for name, many in one.origin_counts if name in {"users", "tests"})
