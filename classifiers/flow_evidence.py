"""Steps inside traces as evidence of a verdict: which of them the blamed revision takes no more, or newly takes.

Of services that failed in the window, where they write spans, between the revisions that served in it and the one
before each. The verdict itself is weighed without it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import polars as pl

from classifiers.edges import FlowEdge
from classifiers.findings import Attribution, Cluster, Evidence
from classifiers.flow import read_span_steps
from classifiers.flow_edges import compare_steps
from classifiers.history import History
from collector.records import Revision
from collector.replacing import replace
from collector.store import Reader
from collector.window import Window

__all__ = ["read_flow_steps", "with_flow"]

_MOST_TRACES = 400  # of one operation and revision: enough to see that a step is gone
_MOST_REVISIONS = 6  # of one service, the newest
_SHOWN = 2
_WORDS = {"lost": "no longer follows", "new": "now follows"}


def read_flow_steps(reader: Reader, history: History, services: Iterable[str]) -> pl.DataFrame | None:
    """Steps of these services on the revisions of the window and the ones before; None where there is nothing to see.

    To be called after read_history, whose spans these are.
    """
    wanted = set(services)
    by_service: dict[str, list[Revision]] = defaultdict(list)
    for one in history.revisions:
        if one.service in wanted and one.last_seen_ns is not None:
            by_service[one.service].append(one)
    pairs = [(service, one.revision) for service, own in sorted(by_service.items()) for one in _recent(own, history)]
    if not pairs:
        return None
    found = read_span_steps(reader, pairs, window=Window(history.start_ns, history.window.end_ns), most=_MOST_TRACES)
    return None if found.is_empty() else found


def with_flow(clusters: Iterable[Cluster], steps: pl.DataFrame | None) -> tuple[Cluster, ...]:
    """Clusters whose attribution tells which steps inside traces the blamed revision lost or added."""
    if steps is None:
        return tuple(clusters)
    known: dict[tuple[str, str, str], tuple[Evidence, ...]] = {}
    told = []
    for cluster in clusters:
        blamed = cluster.attribution
        if blamed is None or not blamed.good_revision:
            told.append(cluster)
            continue
        key = (blamed.service, blamed.good_revision, blamed.revision)
        if key not in known:
            known[key] = _evidence(steps, blamed)
        told.append(replace(cluster, attribution=replace(blamed, evidence=(*blamed.evidence, *known[key]))))
    return tuple(told)


def _recent(own: Sequence[Revision], history: History) -> list[Revision]:
    """Those seen in the window and the one before the first of them."""
    present = [at for at, one in enumerate(own) if (one.last_seen_ns or 0) >= history.window.start_ns]
    return list(own[max(0, present[0] - 1) :])[-_MOST_REVISIONS:] if present else []


def _evidence(steps: pl.DataFrame, blamed: Attribution) -> tuple[Evidence, ...]:
    names = (blamed.good_revision or "", blamed.revision)
    own = steps.filter((pl.col("service") == blamed.service) & pl.col("revision").is_in(names))
    if own["revision"].n_unique() < len(names):
        return ()
    edges = [one for one in compare_steps(own, names, "spans").edges if one.course in _WORDS]
    return tuple(
        Evidence("measured", _told(one, blamed.revision), "find_flow_steps", (), one.traces, names)
        for one in edges[:_SHOWN]
    )


def _told(edge: FlowEdge, revision: str) -> str:
    place = f"`{edge.follows}` in `{edge.parent}`" if edge.follows else f"the begin of `{edge.parent}`"
    is_sample = max(edge.reached_before, edge.reached_after) >= _MOST_TRACES
    return (
        f"since {revision} the step `{edge.step}` {_WORDS[edge.course]} {place}: {edge.with_after:,} of "
        f"{edge.reached_after:,} traces, {edge.with_before:,} of {edge.reached_before:,} before"
        + (", of a sample" if is_sample else "")
    )
