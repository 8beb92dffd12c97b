"""Links into the Google Cloud console: the entries, a trace, the revisions of a service. No I/O.

Only where the project is known. Logs Explorer takes the query, percent-encoded, as a matrix parameter of its path; the
times are part of the query, so that the page shows exactly that span.
"""

from urllib.parse import quote

from msgspec import Struct

from classifiers.findings import Absence, Attribution, Cluster, Latency
from classifiers.service_names import location_of, plain_name
from collector.window import NS_PER_S, Window, format_ns
from logtriage.log_filter import entry_filter, request_filter
from logtriage.report_config import CONSOLE

__all__ = ["Link", "cluster_links", "silent_links"]

_LONGEST = 4000  # characters of a part; no name or query is that long


class Link(Struct, frozen=True):
    """What opens, and its address: ASCII without spaces, quotes or angle brackets."""

    label: str
    url: str


def cluster_links(cluster: Cluster, console: str = CONSOLE) -> tuple[Link, ...]:
    """Its entries, its first trace, and the revisions of the service that is blamed, else of its own."""
    if not cluster.project:
        return ()
    span = Window(cluster.first_ns, cluster.last_ns + NS_PER_S)
    logs = (
        [_logs(entry_filter(cluster), span, cluster.project, console)] if cluster.entries or cluster.insert_ids else []
    )
    return (*logs, *_trace(cluster.trace_ids, cluster.project, console), *_revisions(cluster, console))


def silent_links(one: Latency | Absence, window: Window, console: str = CONSOLE) -> tuple[Link, ...]:
    """The requests of its service since its onset, a trace of them, and the revisions."""
    if not one.project:
        return ()
    span = Window(one.onset.at_ns if one.onset else window.start_ns, window.end_ns)
    traces = one.trace_ids if isinstance(one, Latency) else tuple(t for fact in one.evidence for t in fact.trace_ids)
    return (
        _logs(request_filter(one, window), span, one.project, console),
        *_trace(traces, one.project, console),
        *_revisions(one, console),
    )


def _logs(query: str, span: Window, project: str, console: str) -> Link:
    times = f"{format_ns(span.start_ns, digits=3)}/{format_ns(span.end_ns, digits=3)}"
    return Link("logs", f"{console}/logs/query;query={_part(query)};timeRange={_part(times)}?project={_part(project)}")


def _trace(traces: tuple[str, ...], project: str, console: str) -> list[Link]:
    known = [trace for trace in traces if trace.isalnum()]
    return (
        [Link("trace", f"{console}/traces/explorer;traceId={_part(known[0])}?project={_part(project)}")]
        if known
        else []
    )


def _revisions(one: Cluster | Latency | Absence, console: str) -> list[Link]:
    """The page of a service's revisions; it needs the region."""
    blamed: Attribution | None = one.attribution
    service = blamed.service if blamed else one.service
    location = (blamed.location if blamed else one.location) or location_of(service)
    if not location or not service:
        return []
    path = f"run/detail/{_part(location)}/{_part(plain_name(service))}/revisions"
    return [Link("revisions", f"{console}/{path}?project={_part(one.project)}")]


def _part(text: str) -> str:
    return quote(text[:_LONGEST], safe="", errors="replace")
