"""One incident in words, whatever its root is: a failure, a slower operation, an event that stays away. No I/O."""

from dataclasses import dataclass, replace

from classifiers.findings import Absence, Cluster, Incident, Latency, State
from logtriage.cluster_view import view_cluster
from logtriage.diagrams.drawings import NO_DRAWINGS, view_drawings
from logtriage.escape import plain
from logtriage.finding_view import view_finding
from logtriage.lines import Line, incident_lines, state_of, when_words
from logtriage.lookup import Lookup
from logtriage.report_view import IncidentView
from logtriage.silent_lines import silent_lines, silent_state, silent_title, silent_when

__all__ = ["Told", "tell_incident", "view_incident"]


@dataclass(frozen=True, slots=True)
class Told:
    """What every format and channel says of an incident. Texts are plain, times UTC."""

    root: Cluster | Latency | Absence
    title: str
    when: str
    state: State
    lines: tuple[Line, ...]


def tell_incident(incident: Incident, lookup: Lookup) -> Told | None:
    """The words; None where the root is not among the findings."""
    root = lookup.member(incident.root)
    if root is None:
        return None
    if isinstance(root, Cluster):
        return Told(
            root,
            plain(incident.title, 300),
            when_words(incident, root, lookup),
            state_of(incident, root, lookup),
            incident_lines(incident, root, lookup),
        )
    return Told(
        root,
        silent_title(incident, root, lookup),
        silent_when(root, lookup),
        silent_state(incident, root, lookup),
        silent_lines(incident, root, lookup),
    )


def view_incident(incident: Incident, lookup: Lookup, *, is_brief: bool, console: str) -> IncidentView | None:
    """Headline, lines, and all its members in detail; None where the root is not among the findings."""
    told = tell_incident(incident, lookup)
    if told is None:
        return None
    members = (told.root, *lookup.members(incident))
    views = [view_cluster(one, lookup, console) for one in members if isinstance(one, Cluster)]
    if isinstance(told.root, Cluster):
        views[0] = replace(views[0], lines=())  # the incident's own lines say it
    silent = [view_finding(one, lookup, console) for one in members if not isinstance(one, Cluster)]
    return IncidentView(
        number=incident.number,
        priority=incident.priority,
        service=plain(told.root.service, 80) or "no service",
        title=told.title,
        when=told.when,
        is_brief=is_brief,
        lines=_brief(told.lines) if is_brief else told.lines,
        clusters=tuple(views),
        drawings=NO_DRAWINGS if is_brief else view_drawings(incident, lookup.findings),
        findings=tuple(silent),
        lead=views[0] if isinstance(told.root, Cluster) else silent[0],
    )


def _brief(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """What changed, else the cause; and who was hit: two lines."""
    by_label = {line.label: line for line in reversed(lines)}
    first = next((by_label[label] for label in ("CHANGE", "CAUSE", "MAYBE") if label in by_label), lines[0])
    return (first, by_label["HIT"]) if "HIT" in by_label else (first,)
