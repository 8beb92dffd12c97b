"""One incident in words, whatever its root is: a failure, a slower operation, an event that stays away. No I/O."""

from msgspec import Struct

from classifiers.findings import Absence, Cluster, Incident, Latency, State
from collector.replacing import replace
from logtriage.cluster_view import view_cluster
from logtriage.diagrams.drawings import NO_DRAWINGS, view_drawings
from logtriage.escape import plain
from logtriage.finding_view import view_finding
from logtriage.followed_view import followed_lines, followed_of
from logtriage.lines import Line, incident_lines, state_of, when_words
from logtriage.lookup import Lookup
from logtriage.mute_view import woken_lines
from logtriage.report_view import IncidentView
from logtriage.silent_lines import silent_lines, silent_state, silent_title, silent_when

__all__ = ["Told", "tell_incident", "view_incident"]


class Told(Struct, frozen=True):
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
            _proven(when_words(incident, root, lookup), lookup, root.id),
            state_of(incident, root, lookup),
            _followed(incident_lines(incident, root, lookup), lookup, root.id),
        )
    return Told(
        root,
        silent_title(incident, root, lookup),
        _proven(silent_when(root, lookup), lookup, root.id),
        silent_state(incident, root, lookup),
        _followed(silent_lines(incident, root, lookup), lookup, root.id),
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


def _proven(when: str, lookup: Lookup, member: str) -> str:
    """`20:33 to 21:10, not proven over`, where an earlier look told it and its end waits for proof."""
    tracked = followed_of(member, lookup)
    return (
        f"{when.removesuffix('over')}not proven over"
        if tracked and tracked.is_open and when.endswith(", over")
        else when
    )


def _followed(lines: tuple[Line, ...], lookup: Lookup, member: str) -> tuple[Line, ...]:
    """The lines with what became of it over looks, before what to do."""
    told = (*woken_lines(member, lookup.findings, lookup.near), *followed_lines(member, lookup))
    place = next((at for at, line in enumerate(lines) if line.label == "DO"), len(lines))
    return (*lines[:place], *told, *lines[place:])


def _brief(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """What changed, else the cause; and who was hit: two lines."""
    by_label = {line.label: line for line in reversed(lines)}
    first = next((by_label[label] for label in ("CHANGE", "CAUSE", "MAYBE") if label in by_label), lines[0])
    return (first, by_label["HIT"]) if "HIT" in by_label else (first,)
