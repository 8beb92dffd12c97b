"""The words of a cascade: its members as nodes, root first, and how much of each its cause explains. No I/O."""

from msgspec import Struct

from classifiers.findings import Absence, Cluster, Findings, Incident, Latency
from logtriage.absence_view import missing_words
from logtriage.escape import plain
from logtriage.latency_view import slowed_words
from logtriage.wording import plural

__all__ = ["CascadeEdge", "CascadeNode", "CascadeView", "view_cascade"]

_MOST_NODES = 24


class CascadeNode(Struct, frozen=True):
    """A finding: `depth` is how many explain it one after the other; `under` the one that explains most of it."""

    id: str
    service: str
    head: str
    title: str
    is_root: bool
    depth: int
    under: str
    words: str  # of the edge to `under`
    also: str  # others that explain a part of it


class CascadeEdge(Struct, frozen=True):
    """`cause` explains a part of `symptom`."""

    cause: str
    symptom: str
    words: str


class CascadeView(Struct, frozen=True):
    """Nodes in the order of a tree read downwards; `more` members are left out."""

    nodes: tuple[CascadeNode, ...]
    edges: tuple[CascadeEdge, ...]
    more: int


_Finding = Cluster | Latency | Absence


def view_cascade(incident: Incident, findings: Findings) -> CascadeView | None:
    """The cascade of an incident; None where nothing is pulled down."""
    every: tuple[_Finding, ...] = (*findings.clusters, *findings.latency, *findings.absent_events)
    by_id = {one.id: one for one in every}
    names = [name for name in (incident.root, *incident.symptoms) if name in by_id]
    if len(names) < 2:  # noqa: PLR2004 - a root alone is no cascade
        return None
    edges = _edges(incident, by_id, names)
    under = _under(edges, names)
    ordered = _read_down(names, under)
    shown = ordered[:_MOST_NODES]
    kept = {name for name, _ in shown}
    return CascadeView(
        nodes=tuple(_node(by_id[name], depth, edges, under, by_id) for name, depth in shown),
        edges=tuple(
            CascadeEdge(cause, symptom, words)
            for (cause, symptom), (_, words) in sorted(edges.items(), key=lambda item: _place(ordered, item[0]))
            if {cause, symptom} <= kept
        ),
        more=len(ordered) - len(shown),
    )


def _place(ordered: list[tuple[str, int]], ends: tuple[str, str]) -> tuple[int, int]:
    places = {name: at for at, (name, _) in enumerate(ordered)}
    return places[ends[0]], places[ends[1]]


def _edges(
    incident: Incident, by_id: dict[str, _Finding], names: list[str]
) -> dict[tuple[str, str], tuple[float, str]]:
    """Share and words of each link between members: those of the incident, else what each says of its cause."""
    known = set(names)
    told: dict[tuple[str, str], tuple[float, str]] = {}
    for one in incident.edges:
        if {one.cause, one.symptom} <= known and one.cause != one.symptom:
            counted = f" ({one.shared:,}/{plural(one.units, 'failure')})" if one.units else ""
            told[one.cause, one.symptom] = (one.share, f"explains {one.share:.0%}{counted}")
    for name in names:
        cause, share = by_id[name].caused_by, by_id[name].explained_share
        if cause in known and cause != name and (cause, name) not in told:
            words = f"explains {share:.0%}" if share is not None else "explains it"
            told[str(cause), name] = (share or 0.0, words)
    return told


def _under(edges: dict[tuple[str, str], tuple[float, str]], names: list[str]) -> dict[str, str]:
    """The one below which each is told: what explains most of it; a circle is cut where it would close."""
    found: dict[str, str] = {}
    for name in names:
        causes = sorted((-share, cause) for (cause, symptom), (share, _) in edges.items() if symptom == name)
        for _, cause in causes:
            if name != names[0] and not _is_above(found, cause, name):
                found[name] = cause
                break
    return found


def _is_above(under: dict[str, str], name: str, wanted: str) -> bool:
    while name in under:
        name = under[name]
        if name == wanted:
            return True
    return name == wanted


def _read_down(names: list[str], under: dict[str, str]) -> list[tuple[str, int]]:
    """Each with its depth, a cause straight before what it explains."""
    told: list[tuple[str, int]] = []
    waiting = [(name, 0) for name in reversed(names) if name not in under]
    while waiting:
        name, depth = waiting.pop()
        told.append((name, depth))
        waiting += [(below, depth + 1) for below in reversed(names) if under.get(below) == name]
    return told


def _node(
    one: _Finding, depth: int, edges: dict[tuple[str, str], tuple[float, str]], under: dict[str, str],
    by_id: dict[str, _Finding],
) -> CascadeNode:  # fmt: skip
    own = under.get(one.id, "")
    also = [
        f"{_title(by_id[cause], 40)} {words}"
        for (cause, symptom), (_, words) in sorted(edges.items())
        if symptom == one.id and cause != own
    ]
    return CascadeNode(
        id=one.id,
        service=plain(one.service, 60) or "no service",
        head=f"{'root' if not own else 'symptom'} {one.priority}",
        title=_title(one, 120),
        is_root=not own,
        depth=depth,
        under=own,
        words=edges[own, one.id][1] if own else "",
        also="; also ".join(also),
    )


def _title(one: _Finding, limit: int) -> str:
    if isinstance(one, Cluster):
        return plain(one.title, limit)
    if isinstance(one, Latency):
        return plain((one.operation or "all operations") + slowed_words(one), limit)
    return plain(missing_words(one), limit)
