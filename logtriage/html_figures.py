"""The drawings of one incident: the course of its root first, then of what it drags down. No I/O."""

from classifiers.findings import Absence, Cluster, Incident, Latency
from collector.replacing import replace
from logtriage.escape import plain
from logtriage.lookup import Lookup
from logtriage.plot_rates import Course, Figure, draw_course

__all__ = ["figures_of"]

_MOST = 2  # the root, and what it drags down of another service
_WHAT: dict[type, str] = {Cluster: "failed", Latency: "were slow", Absence: "went without it"}


def figures_of(incident: Incident, lookup: Lookup) -> tuple[Figure, ...]:
    """Drawings of an incident, each with a title of its own."""
    silent = lookup.silent_ids()
    members = [lookup.cluster(name) or silent.get(name) for name in (incident.root, *incident.symptoms)]
    drawn: dict[str, Cluster | Latency | Absence] = {}
    for one in members:
        if one is not None and one.series is not None:
            drawn.setdefault(one.service, one)
    shown = list(drawn.values())[:_MOST]
    return tuple(_course(one, f"i{incident.number}-{at}", lookup) for at, one in enumerate(shown))


def _course(one: Cluster | Latency | Absence, ident: str, lookup: Lookup) -> Figure:
    assert one.series is not None  # noqa: S101 - for the type checker: the caller has looked
    told = draw_course(Course(ident, one.series, one.onset, one.attribution, one.service, _WHAT[type(one)]), lookup)
    return replace(told, title=f"{plain(one.service, 80)}: {told.title[0].lower()}{told.title[1:]}")
