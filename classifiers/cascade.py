"""Cascade: which cluster explains which. From the order inside shared traces and how often they fail together.

A explains B when most of B's failed traces failed of A before, when B is likelier where A failed, and when A began no
later. Of several causes the nearest one is told; roots stand at the end of the chain. Only for failures without any
trace, the order within one instance counts instead, and is marked as inferred.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
import orjson
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from classifiers.cases import Case
from classifiers.suspects import CallGraph
from classifiers.traces import Traces, is_trace

__all__ = ["CascadeConfig", "Link", "find_cascade", "fold_requests"]

_RENDERING = 0.8  # share of failing requests that must come with a failure to be its rendering
_NEARLY_ALL = 0.9
_SERVER_ERROR = 500
_WARNING, _ERROR = 13, 17
_FEW = 2  # coincidences in an instance, below which order says nothing
_NEAR = 0.85  # of the best share: causes this good compete by nearness
_ONSET_SLACK_NS = 120_000_000_000
_SKEW_NS = 1_000_000  # clocks of instances differ by about this
_WITHIN_NS = 3_000_000_000  # of one instance, for failures without a trace
_BOOT_NS = 30_000_000_000  # ... while it starts, when one step waits for another in vain
_AROUND_NS = 120_000_000_000


class CascadeConfig(BaseModel):
    """Section `cascade` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float = Field(default=0.5, gt=0, le=1)  # of a symptom's failures that its cause must precede
    order: float = Field(default=0.6, gt=0.5, le=1)  # of the shared ones, in which the cause comes first
    lift: float = Field(default=1.5, ge=1)  # how much likelier a symptom must be where its cause failed


@dataclass(frozen=True, slots=True)
class Link:
    """`symptom` is explained by `cause` in `share` of its failures; `kind` says how that is known."""

    symptom: str
    cause: str
    share: float
    shared: int
    lag_ns: int
    kind: str  # traces | instances | revisions | guilt | deploy
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
        there = _exposed(symptom, traces)
        links = [link for cause in cases if (link := _by_traces(cause, symptom, firsts, there, calls, config))]
        links = links or _without_traces(symptom, cases, rows, config)
        if not links and symptom.is_request_only:
            links = _of_several(symptom, cases, firsts, config)
        found[symptom.cluster_id] = links
    return _nearest(found, {case.cluster_id: case for case in cases})


def fold_requests(cases: Sequence[Case], links: Mapping[str, Link]) -> tuple[list[Case], dict[str, Link]]:
    """Failing requests that nearly always come with one failure of their own service are put together with it."""
    by_id = {case.cluster_id: case for case in cases}
    into = {
        link.symptom: link.cause
        for link in links.values()
        if link.kind == "traces"
        and link.share >= _RENDERING
        and by_id[link.symptom].is_request_only
        and (by_id[link.symptom].http_status or 0) >= _SERVER_ERROR
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
    for trace, when in case.met_ns.items():
        if when >= case.fit.at_ns:
            found[trace] = max(when, ends.get(trace, when)) if case.is_request_only else when
    return found


def _exposed(case: Case, traces: Traces) -> set[str]:
    """The traces that asked the service of the case for what it failed at."""
    own = traces.requests.filter(pl.col("service") == case.service)
    if case.routes:
        own = own.filter(pl.col("route").is_in(case.routes))
    return set(own["trace"]) or set(case.met_ns)


def _by_traces(
    cause: Case, symptom: Case, firsts: dict[str, dict[str, int]], present: Collection[str], calls: CallGraph,
    config: CascadeConfig,
) -> Link | None:  # fmt: skip
    """A link through shared traces; `present` are the traces that were exposed to the symptom."""
    mine, theirs = firsts[symptom.cluster_id], firsts[cause.cluster_id]
    if cause is symptom or not mine or not theirs or cause.project != symptom.project:
        return None
    lags = [when - theirs[trace] for trace, when in mine.items() if trace in theirs]
    share = len(lags) / len(mine)
    if share < config.share or cause.fit.at_ns > symptom.fit.at_ns + _ONSET_SLACK_NS:
        return None
    together = sum(trace in present for trace in theirs)
    if share < _NEARLY_ALL and len(lags) < min(_NEARLY_ALL, config.lift * (symptom.fit.rate_after or 0.0)) * together:
        return None
    lag = int(median(lags))
    is_before = sum(one > 0 for one in lags) >= config.order * len(lags)
    if abs(lag) <= _SKEW_NS and cause.service != symptom.service:
        is_before = calls.reaches(symptom.service, cause.service)
    if symptom.is_request_only and cause.service == symptom.service and not cause.is_request_only:
        is_before, lag = True, 0  # the time of a request is its start, its end is what tells
    elif cause.is_request_only and cause.service == symptom.service and not symptom.is_request_only:
        return None
    elif cause.service == symptom.service and (_names(cause, symptom) or _names(symptom, cause)):
        is_before, lag = _names(cause, symptom), 0
    if not is_before:
        return None
    sample = tuple(sorted(trace for trace in mine if trace in theirs and is_trace(trace))[:5])
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
    return [
        Link(
            symptom.cluster_id,
            best,
            len(traces) / len(mine),
            len(traces),
            0,
            "traces",
            tuple(filter(is_trace, traces))[:5],
        )
    ]


def _without_traces(symptom: Case, cases: Sequence[Case], rows: pl.DataFrame, config: CascadeConfig) -> list[Link]:
    """Causes in the same service where one of the two has no traces."""
    links = []
    for cause in cases:
        is_apart = cause is symptom or (cause.project, cause.service) != (symptom.project, symptom.service)
        if is_apart or (cause.is_traced and symptom.is_traced) or cause.is_request_only:
            continue
        if cause.fit.at_ns > symptom.fit.at_ns + _ONSET_SLACK_NS or (_is_mild(cause) and not _is_mild(symptom)):
            continue
        link = _by_instance(cause, symptom, rows, config) or _by_revision(cause, symptom, config)
        if link:
            links.append(link)
    return links


def _is_mild(case: Case) -> bool:
    """A warning, which does not explain an error that merely follows it."""
    return case.kind != "platform" and _WARNING <= case.severity < _ERROR


def _by_instance(cause: Case, symptom: Case, rows: pl.DataFrame, config: CascadeConfig) -> Link | None:
    """The cause shortly before in the same instance, and nearer or far more often before than after."""
    if symptom.is_request_only:
        return None
    theirs, mine = _places(rows, cause), _places(rows, symptom)
    for within_ns in (_WITHIN_NS, _BOOT_NS):
        before, after = _lags(mine, theirs, within_ns), _lags(theirs, mine, within_ns)
        if before.len() < max(_FEW, config.share * mine.height):
            continue
        lag = int(before.median() or 0)  # type: ignore[arg-type] # of an integer column
        back = int(after.median() or 0)  # type: ignore[arg-type] # of an integer column
        is_first = (
            after.len() < before.len() or back >= lag if within_ns == _WITHIN_NS else 2 * after.len() < before.len()
        )
        if _names(symptom, cause):
            return None
        if is_first or _names(cause, symptom):
            return Link(
                symptom.cluster_id, cause.cluster_id, before.len() / mine.height, before.len(), lag, "instances"
            )
    met = _lags(theirs, mine, _WITHIN_NS)
    if _names(cause, symptom) and met.len() >= config.share * mine.height > 0:
        share = min(1.0, met.len() / mine.height)
        return Link(symptom.cluster_id, cause.cluster_id, share, met.len(), 0, "instances")
    return None


def _names(cause: Case, symptom: Case) -> bool:
    """The symptom's line holds the text of the exception that is the cause, which it does not throw itself."""
    thrown, line = orjson.loads(cause.parts), orjson.loads(symptom.parts)
    value = str(thrown.get("value") or "")
    is_thrown = bool(thrown.get("frames") or thrown.get("chain"))
    is_line = not (line.get("frames") or line.get("chain"))
    return is_thrown and is_line and len(value.split()) > 1 and value in str(line.get("message") or "")


def _places(rows: pl.DataFrame, case: Case) -> pl.DataFrame:
    return (
        rows.filter((pl.col("cluster_id") == case.cluster_id) & (pl.col("instance") != ""))
        .select("instance", "first_ns")
        .sort("first_ns", "instance")
    )


def _lags(mine: pl.DataFrame, theirs: pl.DataFrame, within_ns: int) -> pl.Series:
    """For each of mine that has one of theirs at most so long before in its instance: how long before."""
    met = mine.join_asof(
        theirs.with_columns(other_ns="first_ns"),
        on="first_ns",
        by="instance",
        strategy="backward",
        check_sortedness=False,
    )
    return met.select(lag=pl.col("first_ns") - pl.col("other_ns")).filter(pl.col("lag") <= within_ns)["lag"]


def _by_revision(cause: Case, symptom: Case, config: CascadeConfig) -> Link | None:
    """Requests that fail on just the revisions, and in just the minutes, in which the cause occurs."""
    if not symptom.is_request_only or (symptom.http_status or 0) < _SERVER_ERROR:
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
