"""Cascade: which cluster explains which. From the order inside shared traces and how often they fail together.

A explains B when most of B's failed traces failed of A before, when B is likelier where A failed, and when A began no
later. Of several causes the nearest one is told; roots stand at the end of the chain. Only for failures without any
trace, the order within one instance counts instead, and is marked as inferred.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from statistics import median

import polars as pl

from classifiers.cases import Case
from classifiers.links import CascadeConfig, Link
from classifiers.suspects import CallGraph
from classifiers.traces import Traces, is_trace
from classifiers.untraced import ONSET_SLACK_NS, find_places, is_mild, links_without_traces, names_it, services_named

__all__ = ["find_cascade", "fold_requests"]

_RENDERING = 0.8  # share of failing requests that must come with a failure to be its rendering
_NEARLY_ALL = 0.9
_NEAR = 0.85  # of the best share: causes this good compete by nearness
_SERVER_ERROR = 500
_SKEW_NS = 1_000_000  # clocks of instances differ by about this


def find_cascade(
    cases: Sequence[Case], rows: pl.DataFrame, traces: Traces, calls: CallGraph, config: CascadeConfig
) -> dict[str, Link]:
    """The nearest cause of every case that has one; never a circle.

    `rows` are those of find_failures with their cluster_id, for failures without a trace.
    """
    ends = traces.ends()
    firsts = {case.cluster_id: _firsts(case, ends.get(case.service, {})) for case in cases}
    by_id = {case.cluster_id: case for case in cases}
    met = _met(cases, firsts)
    asked = _Asked(traces)
    places = find_places(cases, rows)
    named = {case.cluster_id: services_named(case, cases) for case in cases}
    says = CallGraph(
        pl.DataFrame(
            [(case.service, one, 1) for case in cases for one in sorted(named[case.cluster_id])],
            ["caller", "service", "calls"],
            orient="row",
        )
    )
    found: dict[str, list[Link]] = {}
    for symptom in cases:
        near = _near(symptom, cases, firsts, met, config)
        there = asked.of(symptom) if near else set()
        called = named[symptom.cluster_id]
        if symptom.is_request_only:  # who says that it called a service tells of its failure, and is no cause of it
            near = [cause for cause in near if symptom.service not in named[cause.cluster_id]]
        links = [link for cause in near if (link := _by_traces(cause, symptom, firsts, there, calls, called, config))]
        # an error that no trace links explains an error better than a warning in its traces
        if not links or (not is_mild(symptom) and all(is_mild(by_id[link.cause]) for link in links)):
            links = links_without_traces(symptom, cases, places, calls, config) or links
        if not links and symptom.is_request_only:
            others = [one for one in cases if not says.reaches(one.service, symptom.service)]
            links = _of_several(symptom, others, firsts, config)
        found[symptom.cluster_id] = links
    return _nearest(found, by_id)


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


def _met(cases: Sequence[Case], firsts: Mapping[str, Mapping[str, int]]) -> dict[str, list[int]]:
    """Per trace the places of the cases that failed in it."""
    met: dict[str, list[int]] = {}
    for place, case in enumerate(cases):
        for trace in firsts[case.cluster_id]:
            met.setdefault(trace, []).append(place)
    return met


def _near(
    symptom: Case, cases: Sequence[Case], firsts: Mapping[str, Mapping[str, int]], met: Mapping[str, list[int]],
    config: CascadeConfig,
) -> list[Case]:  # fmt: skip
    """The cases that failed in enough of the traces of this one to explain it, in their order."""
    mine = firsts[symptom.cluster_id]
    shared = Counter(chain.from_iterable(met[trace] for trace in mine))
    return [cases[place] for place, many in sorted(shared.items()) if many >= config.share * len(mine)]


class _Asked:
    """The traces that asked a service for what a case failed at. Every question is answered once."""

    def __init__(self, traces: Traces) -> None:
        self._requests = {
            str(key[0]): own
            for key, own in traces.requests.select("service", "route", "trace")
            .partition_by("service", as_dict=True)
            .items()
        }
        self._told: dict[tuple[str, tuple[str, ...]], set[str]] = {}

    def of(self, case: Case) -> set[str]:
        """The traces; where no request is known, those in which it failed."""
        key = (case.service, case.routes)
        if key not in self._told:
            own = self._requests.get(case.service)
            if own is not None and case.routes:
                own = own.filter(pl.col("route").is_in(case.routes))
            self._told[key] = set() if own is None else set(own["trace"])
        return self._told[key] or set(case.met_ns)


def _by_traces(  # noqa: PLR0913, PLR0917 - what is known of all cases, passed on as it is
    cause: Case, symptom: Case, firsts: dict[str, dict[str, int]], present: Collection[str], calls: CallGraph,
    called: Collection[str], config: CascadeConfig,
) -> Link | None:  # fmt: skip
    """A link through shared traces; `present` are the traces that were exposed to the symptom.

    `called` are the services that the symptom names: their requests failed when they hung, not when they ended.
    """
    mine, theirs = firsts[symptom.cluster_id], firsts[cause.cluster_id]
    if cause is symptom or not mine or not theirs or cause.project != symptom.project:
        return None
    lags = [when - theirs[trace] for trace, when in mine.items() if trace in theirs]
    share = len(lags) / len(mine)
    if share < config.share or cause.fit.at_ns > symptom.fit.at_ns + ONSET_SLACK_NS:
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
    elif cause.is_request_only and cause.service in called:
        is_before, lag = True, max(lag, 0)
    elif cause.service == symptom.service and (names_it(cause, symptom) or names_it(symptom, cause)):
        is_before, lag = names_it(cause, symptom), 0
    if not is_before:
        return None
    sample = tuple(sorted(trace for trace in mine if trace in theirs and is_trace(trace))[:5])
    return Link(symptom.cluster_id, cause.cluster_id, share, len(lags), lag, "traces", sample)


def _of_several(
    symptom: Case, cases: Sequence[Case], firsts: dict[str, dict[str, int]], config: CascadeConfig
) -> list[Link]:
    """Failing requests that several failures explain together: a link to the one that explains most.

    Of another service only what failed before the end of the request; `cases` are without those that say they called.
    """
    mine = firsts[symptom.cluster_id]
    causes = [one for one in cases if not one.is_request_only and one.project == symptom.project]
    shared = {
        one.cluster_id: sorted(
            trace
            for trace in mine.keys() & firsts[one.cluster_id].keys()
            if one.service == symptom.service or firsts[one.cluster_id][trace] <= mine[trace]
        )
        for one in causes
    }
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
