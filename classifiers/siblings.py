"""Siblings: where each cluster and each blamed revision is, and how the other locations of its service fared.

The same image or configuration in another location is an experiment that somebody made already: one that fails there
too speaks against the place, one that runs well there speaks against the code alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from classifiers.cases import Case
from classifiers.changes import difference
from classifiers.exposure import Exposure
from classifiers.findings import Attribution, Cluster, Evidence
from classifiers.lineage import Lineage
from classifiers.service_names import location_of, plain_name
from collector.records import Revision
from collector.replacing import replace

__all__ = ["came_alike", "with_locations", "with_siblings"]

_SHOWN = 3
_ALIKE = {"nothing": "is the same in code and configuration", "config only": "runs the same image"}
_Service = tuple[str, str]


def with_locations(clusters: Iterable[Cluster], revisions: Sequence[Revision]) -> tuple[Cluster, ...]:
    """Clusters and their attributions with the location of their service, "" where it is not known."""
    places = _places(revisions)
    return tuple(
        replace(
            one,
            location=_location(one.project, one.service, places),
            attribution=_placed(one.project, one.attribution, places),
        )
        for one in clusters
    )


def with_siblings(
    clusters: Iterable[Cluster], cases: Iterable[Case], revisions: Sequence[Revision], exposure: Exposure
) -> tuple[Cluster, ...]:
    """Blamed clusters of a service in several locations, with what the same revision does in the others as evidence."""
    known = {(one.project, one.service, one.revision): one for one in revisions}
    failed: dict[_Service, list[Case]] = defaultdict(list)
    for case in cases:
        failed[case.project, plain_name(case.service)].append(case)
    told = []
    for cluster in clusters:
        blamed = cluster.attribution
        own = known.get((cluster.project, blamed.service, blamed.revision)) if blamed else None
        if blamed is None or own is None or not location_of(own.service):
            told.append(cluster)
            continue
        near = [one for one in revisions if _is_sibling(own, one)]
        facts = [_told(own, one, cluster, failed[own.project, plain_name(own.service)], exposure) for one in near]
        found = [fact for fact in facts if fact is not None][-_SHOWN:]
        told.append(replace(cluster, attribution=replace(blamed, evidence=(*blamed.evidence, *found))))
    return tuple(told)


def came_alike(case: Case, other: Case, lineage: Lineage) -> bool:
    """Whether one roll-out of a service to two locations brought both failures: all that fails got the same change.

    That both began at once speaks for the change then, and for nothing outside.
    """
    if case.project != other.project or plain_name(case.service) != plain_name(other.service):
        return False
    return bool(_brought(case, lineage) & _brought(other, lineage))


def _brought(case: Case, lineage: Lineage) -> set[tuple[str, str, str | None]]:
    """What every revision that failed since the onset changed alike."""
    names = {name for name in case.revisions[case.fit.index :] if name}
    steps = [lineage.served(case.project, case.service, name) for name in sorted(names)]
    changes = [{(one.type, one.name, one.after) for one in step.changes} if step else set() for step in steps]
    return set.intersection(*changes) if changes else set()


def _places(revisions: Iterable[Revision]) -> dict[_Service, set[str]]:
    places: dict[_Service, set[str]] = defaultdict(set)
    for one in revisions:
        if one.location:
            places[one.project, one.service].add(one.location)
    return places


def _location(project: str, service: str, places: Mapping[_Service, set[str]]) -> str:
    """What its name tells, else the one location of its revisions."""
    found = places.get((project, service), set())
    return location_of(service) or (next(iter(found)) if len(found) == 1 else "")


def _placed(project: str, blamed: Attribution | None, places: Mapping[_Service, set[str]]) -> Attribution | None:
    return replace(blamed, location=_location(project, blamed.service, places)) if blamed else None


def _is_sibling(own: Revision, other: Revision) -> bool:
    """A revision of the same service elsewhere of which it is known that it runs the same image."""
    if other.project != own.project or other.service == own.service:
        return False
    if plain_name(other.service) != plain_name(own.service) or not location_of(other.service):
        return False
    return difference(own, other).label in _ALIKE


def _told(
    own: Revision, other: Revision, cluster: Cluster, cases: Iterable[Case], exposure: Exposure
) -> Evidence | None:
    """How often the sibling failed of the same signatures, beside all that it was asked; None where it was not."""
    grid = exposure.service(other.project, other.service)
    counts = grid.by_revision.get(other.revision)
    asked = round(float(counts.sum())) if counts is not None else 0
    if not asked or grid.unit == "entries":
        return None
    alike = set(cluster.signature_ids)
    same = [one for one in cases if one.service == other.service and alike.intersection(one.signature_ids)]
    failed = sum(one.revisions.count(other.revision) for one in same)
    statement = (
        f"{other.service} {other.revision} {_ALIKE[difference(own, other).label]}: "
        f"{failed} of {max(asked, failed)} {grid.unit} failed of this"
    )
    return Evidence("measured", statement, "count_exposure", revisions=(other.revision,))
