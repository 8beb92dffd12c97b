"""Cascade: which cluster explains which. From the order inside shared traces and how often they fail together.

A explains B when most of B's failed traces failed of A before, when B is likelier where A failed, and when A began no
later. What B fails without, wherever another cause is missing, only travels with that one and loses. Of the causes left
the nearest one is told; roots stand at the end of the chain. Several causes may explain a part each. Two that always
fail together, each first in some traces, are told as one cascade whose order is not shown. Only for failures without
any trace, the order within one instance counts instead, and is marked as inferred.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, combinations, islice
from statistics import median

import polars as pl
from msgspec import Struct

from classifiers.cases import Case
from classifiers.config import CascadeConfig
from classifiers.instance_order import ONSET_SLACK_NS, find_before, find_places, is_mild
from classifiers.links import Link, nearest_links
from classifiers.suspects import CallGraph
from classifiers.traces import Traces, is_trace
from classifiers.untraced import AT_ONCE_NS, links_without_traces, names_it, services_named
from collector.replacing import replace

__all__ = ["Cascade", "find_cascade", "fold_requests", "joined"]

_RENDERING = 0.8  # share of failing requests that must come with a failure to be its rendering
_NEARLY_ALL = 0.9
_SERVER_ERROR = 500
_SKEW_NS = 1_000_000  # clocks of instances differ by about this
_SEVERAL = 2
_APART = 5  # traces of one cause without the other, from which they tell the two apart
_TRAVELS = 0.5  # of the rate with the other cause: a cause that explains less by itself only travels with it
_TRACES = 5


class Cascade(Struct, frozen=True):
    """The nearest cause of every failure that has one; and the links beside these, by share.

    `together` are links of roots that always fail together, in no order: for those that nothing else joins.
    """

    links: dict[str, Link]
    others: tuple[Link, ...]
    together: dict[str, Link]


def joined(found: Iterable[Cascade]) -> Cascade:
    """Cascades of cases that have nothing to do with each other, as one."""
    first, *more = found
    for one in more:
        first = Cascade(first.links | one.links, (*first.others, *one.others), first.together | one.together)
    return first


def find_cascade(
    cases: Sequence[Case], rows: pl.DataFrame, traces: Traces, calls: CallGraph, config: CascadeConfig
) -> Cascade:
    """The nearest cause of every case that has one, never a circle, and what else explains some of it.

    `rows` are those of find_failures with their cluster_id, for failures without a trace.
    """
    ends = traces.ends
    firsts = {case.cluster_id: _firsts(case, ends.get(case.service, {})) for case in cases}
    by_id = {case.cluster_id: case for case in cases}
    met = _met(cases, firsts)
    asked = _Asked(traces)
    places = find_places(cases, rows)
    before = find_before(places, AT_ONCE_NS)
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
        links = _without_company(links, firsts, there)
        # an error that no trace links explains an error better than a warning in its traces
        if not links or (not is_mild(symptom) and all(is_mild(by_id[link.cause]) for link in links)):
            once = before.get(symptom.cluster_id, ())
            links = links_without_traces(symptom, cases, places, once, calls, config) or links
        if not links:
            others = [one for one in cases if not says.reaches(one.service, symptom.service)]
            links = _of_several(symptom, others, firsts, config, calls)
        found[symptom.cluster_id] = links
    by_onset = sorted(cases, key=lambda case: (case.fit.at_ns, case.cluster_id))
    chosen = nearest_links({case.cluster_id: found[case.cluster_id] for case in by_onset})
    beside = [one for name, told in found.items() for one in told if name in chosen and one.cause != chosen[name].cause]
    beside.sort(key=lambda one: (one.symptom, -one.share, one.cause))
    return Cascade(chosen, tuple(beside), _together(cases, firsts, chosen, calls))


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
    together = len(theirs.keys() & present)
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
    return Link(
        symptom.cluster_id, cause.cluster_id, share, len(lags), lag, "traces", _sample(mine.keys() & theirs.keys())
    )


def _sample(shared: Iterable[str]) -> tuple[str, ...]:
    """The first few traces of those that both have."""
    return tuple(islice(filter(is_trace, sorted(shared)), _TRACES))


def _without_company(
    links: list[Link], firsts: Mapping[str, Mapping[str, int]], present: Collection[str]
) -> list[Link]:  # fmt: skip
    """Without the causes that only travel with a better one: in their traces without it the symptom hardly fails.

    `present` are the traces that were exposed to the symptom.
    """
    # of a cause whose traces nearly all failed of the symptom too, too few are left to tell
    loose = {link.cause for link in links if len(firsts[link.cause]) - link.shared >= _APART * (1 - _TRAVELS)}
    if len(links) < _SEVERAL or not loose:
        return links
    seen = {link.cause: firsts[link.cause].keys() & present for link in links}

    def rate(traces: Collection[str], symptom: str) -> float:
        return len(firsts[symptom].keys() & traces) / len(traces) if traces else 0.0

    rates = {link.cause: rate(seen[link.cause], link.symptom) for link in links}

    def travels(one: Link, better: Link) -> bool:
        if one.cause not in loose or rates[better.cause] <= rates[one.cause]:
            return False
        alone = seen[one.cause] - seen[better.cause]
        return len(alone) >= _APART and rate(alone, one.symptom) <= _TRAVELS * rates[better.cause]

    return [one for one in links if not any(travels(one, other) for other in links)] or links


def _together(
    cases: Sequence[Case], firsts: Mapping[str, Mapping[str, int]], links: Mapping[str, Link], calls: CallGraph
) -> dict[str, Link]:
    """Roots that fail in nearly the same traces, each first in some: the one that began first, or is called, leads."""
    found: dict[str, Link] = {}
    roots = [case for case in cases if case.cluster_id not in links and len(firsts[case.cluster_id]) >= _APART]
    for one, other in combinations(sorted(roots, key=lambda case: (case.fit.at_ns, case.cluster_id)), 2):
        mine, theirs = firsts[one.cluster_id], firsts[other.cluster_id]
        shared = mine.keys() & theirs.keys()
        is_near = one.service == other.service or calls.reaches(one.service, other.service)
        is_near |= calls.reaches(other.service, one.service)
        is_same = len(shared) >= _NEARLY_ALL * max(len(mine), len(theirs)) and one.project == other.project
        if not is_near or not is_same or {one.cluster_id, other.cluster_id} & found.keys():
            continue
        if is_mild(one) != is_mild(other):
            first, last = (other, one) if is_mild(one) else (one, other)
        else:
            is_called = calls.reaches(one.service, other.service) and not calls.reaches(other.service, one.service)
            first, last = (other, one) if is_called else (one, other)
        share = len(shared) / len(firsts[last.cluster_id])
        found[last.cluster_id] = Link(
            last.cluster_id, first.cluster_id, share, len(shared), 0, "mutual", _sample(shared)
        )  # fmt: skip
    return found


def _of_several(
    symptom: Case, cases: Sequence[Case], firsts: dict[str, dict[str, int]], config: CascadeConfig, calls: CallGraph
) -> list[Link]:
    """A failure that several explain together, each a part: a link to each, none of which is enough alone.

    Of another service only what failed before it, or before the end of the request; `cases` are without those that say
    they called. Lines are explained only by services that theirs calls.
    """
    mine = firsts[symptom.cluster_id]
    causes = [
        one
        for one in cases
        if not one.is_request_only
        and one.project == symptom.project
        and one is not symptom
        and (
            symptom.is_request_only or (one.service != symptom.service and calls.reaches(symptom.service, one.service))
        )
        and one.fit.at_ns <= symptom.fit.at_ns + ONSET_SLACK_NS
    ]
    shared = {
        one.cluster_id: {
            trace
            for trace in mine.keys() & firsts[one.cluster_id].keys()
            if one.service == symptom.service or firsts[one.cluster_id][trace] <= mine[trace]
        }
        for one in causes
    }
    if not mine or len(set().union(*shared.values())) < config.share * len(mine):
        return []
    return [
        Link(symptom.cluster_id, name, len(traces) / len(mine), len(traces), 0, "traces", _sample(traces))
        for name, traces in sorted(shared.items())
        if traces
    ]
