"""Cascade: which cluster explains which. From the order inside shared traces and how often they fail together.

A explains B when most of B's failed traces failed of A before, far more often than A fails anyway, and A began no
later. Of several causes the nearest one is told; roots stand at the end of the chain. Only for failures without any
trace, the order within one instance counts instead, and is marked as inferred.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from classifiers.cases import Case, Traces
from classifiers.suspects import CallGraph

__all__ = ["CascadeConfig", "Link", "find_cascade", "fold_requests"]

_RENDERING = 0.8  # share of failing requests that must come with a failure to be its rendering
_NEAR = 0.85  # of the best share: causes this good compete by nearness
_ONSET_SLACK_NS = 120_000_000_000
_SKEW_NS = 1_000_000  # clocks of instances differ by about this
_WITHIN_NS = 3_000_000_000  # of one instance, for failures without a trace
_AROUND_NS = 120_000_000_000


class CascadeConfig(BaseModel):
    """Section `cascade` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float = Field(default=0.5, gt=0, le=1)  # of a symptom's failures that its cause must precede
    order: float = Field(default=0.6, gt=0.5, le=1)  # of the shared ones, in which the cause comes first
    lift: float = Field(default=2.0, ge=1)  # the share must exceed the cause's own rate by this factor


@dataclass(frozen=True, slots=True)
class Link:
    """`symptom` is explained by `cause` in `share` of its failures; `kind` says how that is known."""

    symptom: str
    cause: str
    share: float
    shared: int
    lag_ns: int
    kind: str  # traces | instances | revisions | guilt
    traces: tuple[str, ...] = ()


def find_cascade(
    cases: Sequence[Case], rows: pl.DataFrame, traces: Traces, calls: CallGraph, config: CascadeConfig
) -> dict[str, Link]:
    """The nearest cause of every case that has one; never a circle.

    `rows` are those of find_failures with their cluster_id, for failures without a trace.
    """
    ends = traces.ends()
    firsts = {case.cluster_id: _firsts(case, ends.get(case.service, {})) for case in cases}
    found: dict[str, list[Link]] = {}
    for symptom in cases:
        links = [link for cause in cases if (link := _by_traces(cause, symptom, firsts, calls, config))]
        links = links or _without_traces(symptom, cases, rows, config)
        if not links and symptom.is_request_only:
            links = _of_several(symptom, cases, firsts, config)
        found[symptom.cluster_id] = links
    return _nearest(found, {case.cluster_id: case for case in cases})


def fold_requests(cases: Sequence[Case], links: Mapping[str, Link]) -> tuple[list[Case], dict[str, Link]]:
    """Failing requests that nearly always come with one failure of their own service are its rendering: put together."""
    by_id = {case.cluster_id: case for case in cases}
    into = {
        link.symptom: link.cause
        for link in links.values()
        if link.kind == "traces"
        and link.share >= _RENDERING
        and by_id[link.symptom].is_request_only
        and not by_id[link.cause].is_request_only
        and by_id[link.symptom].service == by_id[link.cause].service
    }
    for name in sorted(into):
        by_id[into[name]] = by_id[into[name]].with_requests(by_id[name])
    kept = {
        name: replace(link, cause=into.get(link.cause, link.cause)) for name, link in links.items() if name not in into
    }
    return [by_id[case.cluster_id] for case in cases if case.cluster_id not in into], kept


def _firsts(case: Case, ends: Mapping[str, int]) -> dict[str, int]:
    """When each trace first failed of the case, from its onset on; of a request that is its end, not its start."""
    found = {}
    for trace, when in zip(case.traces, case.times_ns.tolist(), strict=True):
        if trace is not None and when >= case.fit.at_ns:
            found[trace] = max(when, ends.get(trace, when)) if case.is_request_only else when
    return found


def _by_traces(
    cause: Case, symptom: Case, firsts: dict[str, dict[str, int]], calls: CallGraph, config: CascadeConfig
) -> Link | None:
    mine, theirs = firsts[symptom.cluster_id], firsts[cause.cluster_id]
    if cause is symptom or not mine or not theirs or cause.project != symptom.project:
        return None
    lags = [when - theirs[trace] for trace, when in mine.items() if trace in theirs]
    share = len(lags) / len(mine)
    if share < config.share or cause.fit.at_ns > symptom.fit.at_ns + _ONSET_SLACK_NS:
        return None
    if share < min(0.95, config.lift * (cause.fit.rate_after or 0.0)):
        return None
    lag = int(median(lags))
    is_before = sum(one > 0 for one in lags) >= config.order * len(lags)
    if abs(lag) <= _SKEW_NS and cause.service != symptom.service:
        is_before = calls.reaches(symptom.service, cause.service)
    if symptom.is_request_only and cause.service == symptom.service and not cause.is_request_only:
        is_before, lag = True, 0  # the time of a request is its start, its end is what tells
    elif cause.is_request_only and cause.service == symptom.service and not symptom.is_request_only:
        return None
    if not is_before:
        return None
    sample = tuple(sorted(trace for trace in mine if trace in theirs)[:5])
    return Link(symptom.cluster_id, cause.cluster_id, share, len(lags), lag, "traces", sample)


def _of_several(
    symptom: Case, cases: Sequence[Case], firsts: dict[str, dict[str, int]], config: CascadeConfig
) -> list[Link]:
    """Failing requests that several failures explain together: a link to the one that explains most."""
    mine = firsts[symptom.cluster_id]
    causes = [one for one in cases if not one.is_request_only and one.project == symptom.project]
    shared = {one.cluster_id: sorted(mine.keys() & firsts[one.cluster_id].keys()) for one in causes}
    if not mine or len({trace for traces in shared.values() for trace in traces}) < config.share * len(mine):
        return []
    best = min(shared, key=lambda name: (-len(shared[name]), name))
    traces = shared[best]
    return [Link(symptom.cluster_id, best, len(traces) / len(mine), len(traces), 0, "traces", tuple(traces[:5]))]


def _without_traces(symptom: Case, cases: Sequence[Case], rows: pl.DataFrame, config: CascadeConfig) -> list[Link]:
    """Causes in the same service where one of the two has no traces."""
    links = []
    for cause in cases:
        is_apart = cause is symptom or (cause.project, cause.service) != (symptom.project, symptom.service)
        if is_apart or (cause.is_traced and symptom.is_traced) or cause.is_request_only:
            continue
        if cause.fit.at_ns > symptom.fit.at_ns + _ONSET_SLACK_NS:
            continue
        link = _by_instance(cause, symptom, rows, config) or _by_revision(cause, symptom, config)
        if link:
            links.append(link)
    return links


def _by_instance(cause: Case, symptom: Case, rows: pl.DataFrame, config: CascadeConfig) -> Link | None:
    """The cause shortly before in the same instance, and nearer before than after."""
    if symptom.is_request_only:
        return None
    theirs = _places(rows, cause)
    mine = _places(rows, symptom)
    before = _lags(mine, theirs)
    if not mine.height or before.len() < config.share * mine.height:
        return None
    after = _lags(theirs, mine)
    lag = int(before.median() or 0)  # type: ignore[arg-type] # of an integer column
    if after.len() >= before.len() and int(after.median() or 0) < lag:  # type: ignore[arg-type] # of an integer column
        return None
    return Link(symptom.cluster_id, cause.cluster_id, before.len() / mine.height, before.len(), lag, "instances")


def _places(rows: pl.DataFrame, case: Case) -> pl.DataFrame:
    return (
        rows.filter((pl.col("cluster_id") == case.cluster_id) & (pl.col("instance") != ""))
        .select("instance", "first_ns")
        .sort("first_ns", "instance")
    )


def _lags(mine: pl.DataFrame, theirs: pl.DataFrame) -> pl.Series:
    """For each of mine that has one of theirs at most three seconds before in its instance: how long before."""
    met = mine.join_asof(
        theirs.with_columns(other_ns="first_ns"),
        on="first_ns",
        by="instance",
        strategy="backward",
        check_sortedness=False,
    )
    return met.select(lag=pl.col("first_ns") - pl.col("other_ns")).filter(pl.col("lag") <= _WITHIN_NS)["lag"]


def _by_revision(cause: Case, symptom: Case, config: CascadeConfig) -> Link | None:
    """Requests that fail on just the revisions, and in just the minutes, in which the cause occurs."""
    if not symptom.is_request_only or (symptom.http_status or 0) < 500:  # noqa: PLR2004 - server errors
        return None
    if not set(symptom.revisions) <= set(cause.revisions):
        return None
    places = np.searchsorted(cause.times_ns, symptom.times_ns)
    before = np.abs(symptom.times_ns - cause.times_ns[np.maximum(places - 1, 0)])
    after = np.abs(symptom.times_ns - cause.times_ns[np.minimum(places, cause.units - 1)])
    near = int((np.minimum(before, after) <= _AROUND_NS).sum())
    if near < config.share * symptom.units:
        return None
    lag = int(np.median(np.minimum(before, after)))
    return Link(symptom.cluster_id, cause.cluster_id, near / symptom.units, near, lag, "revisions")


def _nearest(found: dict[str, list[Link]], cases: dict[str, Case]) -> dict[str, Link]:
    """One cause each: of those about as good as the best, the one that came last before the symptom."""
    chosen: dict[str, Link] = {}
    order = sorted(found, key=lambda name: (cases[name].fit.at_ns, name))
    for name in order:
        links = found[name]
        best = max((link.share for link in links), default=0.0)
        good = sorted(
            (link for link in links if link.share >= _NEAR * best), key=lambda one: (one.lag_ns, -one.share, one.cause)
        )
        for link in good:
            if not _is_circle(link, chosen):
                chosen[name] = link
                break
    return chosen


def _is_circle(link: Link, chosen: dict[str, Link]) -> bool:
    at = link.cause
    while at in chosen:
        at = chosen[at].cause
        if at == link.symptom:
            return True
    return at == link.symptom
