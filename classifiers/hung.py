"""Hung requests: what ends at a time limit, per route and revision, as a failure of its service.

Where a failure is known of most of these requests, they are that failure, and it is said of it that they hang. Else
they are a case of their own, whose requests are judged as those of any failure. Calls that hang although the called
service answered in time are the fault of who calls, or of what lies between.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from msgspec import Struct

from classifiers.cases import Case
from classifiers.config import OnsetConfig, ProblemConfig
from classifiers.exposure import Exposure, Grid
from classifiers.findings import Cluster, Evidence, Hypothesis
from classifiers.history import History
from classifiers.hung_reading import Hangs
from classifiers.limits import Limit
from classifiers.traces import is_trace
from classifiers.trials import Subject, bad_case
from collector.replacing import replace

__all__ = ["Hung", "find_hung", "hung_lines", "with_hangs"]

_SAME = 0.5  # share of the hung requests that failed of something known, which is then what they are
_ANSWERED = 0.5  # of the time a call took: an answer that came sooner came in time
_MOST = 0.7  # share of the calls that were answered so
_KNOWN = 0.5  # share of the calls of which it is known when they were answered
_HOUR_NS = 3_600_000_000_000
_NS_PER_S = 1_000_000_000
_MINUTE_NS = 60 * _NS_PER_S
_IDS = 5
_REQUESTS = ("requests", "spans")  # sources that tell of whole requests


class Hung(Struct, frozen=True):
    """Requests of one service that end at one limit. `into`: the problem that they are; None: a case of theirs.

    is_answered: calls that the called service had answered long before.
    """

    case: Case
    limits: tuple[Limit, ...]
    rows: pl.DataFrame
    usual_ns: int
    into: Case | None
    is_answered: bool
    outlived: str  # by which span most of them were, in words; "" where by none


def find_hung(
    hangs: Hangs, history: History, cases: Sequence[Case], problems: Sequence[Case], *, onset: OnsetConfig,
    config: ProblemConfig,
) -> list[Hung]:  # fmt: skip
    """What hangs since some moment: that which is of no known failure, and that which is a problem's.

    What always hung, or is part of a failure that is no problem, is left out.
    """
    origins = _origins(history)
    found: list[Hung] = []
    for limits in _by_service(hangs.limits):
        for number, group in enumerate(_began_together(limits, hangs, history, origins, onset)):
            is_first = not number and group[0].source != "calls"
            told = _hung(group, hangs, history, origins, onset, "" if is_first else group[0].route)
            if told and _is_news(told.case, history, config):
                found += _placed(told, cases, problems)
    return _apart(found)


def hung_lines(found: Sequence[Hung], entries: pl.DataFrame, owned: pl.DataFrame) -> pl.DataFrame:
    """Entries (as part_entries gives them) with the request lines of what hangs and is no other failure's."""
    parts = [
        one.rows.filter(pl.col("insert_id").is_not_null()).with_columns(
            cluster_id=pl.lit(one.case.cluster_id), signature_id=pl.lit(one.case.cluster_id),
            project=pl.lit(one.case.project),
        )
        for one in found
        if one.into is None
    ]  # fmt: skip
    if not parts:
        return entries
    keys = ["project", "at_ns", "insert_id"]
    added = pl.concat(parts).join(owned.select(keys).unique(), on=keys, how="anti").unique(keys, maintain_order=True)
    return pl.concat([entries, added.select(entries.columns)])


def with_hangs(clusters: Sequence[Cluster], found: Sequence[Hung]) -> tuple[Cluster, ...]:
    """The clusters, with what is known of how their requests hang."""
    by_signature: dict[tuple[str, str, str], list[Hung]] = {}
    for one in found:
        case = one.into or one.case
        for name in case.signature_ids:  # a case may have been put together with another one since
            by_signature.setdefault((case.project, case.service, name), []).append(one)
    return tuple(_told(one, own) if (own := _of(one, by_signature)) else one for one in clusters)


def _of(cluster: Cluster, by_signature: Mapping[tuple[str, str, str], Sequence[Hung]]) -> list[Hung]:
    keys = ((cluster.project, cluster.service, name) for name in cluster.signature_ids)
    found = [one for key in keys for one in by_signature.get(key, ())]
    return list({one.case.cluster_id: one for one in found}.values())


def _told(cluster: Cluster, found: Sequence[Hung]) -> Cluster:
    evidence = tuple(_evidence(one) for one in found)
    cluster = replace(cluster, evidence=(*evidence, *cluster.evidence))
    if cluster.kind != "hung" or not all(one.is_answered for one in found):
        return cluster
    why = "the called service answered in time: what hangs is the caller, or what lies between"
    own = cluster.attribution if cluster.attribution and cluster.attribution.service == cluster.service else None
    rest = tuple(one for one in cluster.hypotheses if own and one.cause == "revision")
    return replace(
        cluster,
        attribution=own,
        hypotheses=rest or (Hypothesis("client", 0.8, why, evidence),),
        cause="revision" if own else "client",
        fault="client",
        priority="P3",
    )


def _evidence(one: Hung) -> Evidence:
    limit = one.limits[0]
    what = "the timeout of its revision" if limit.is_configured else "a time limit"
    many = one.rows.height
    if not limit.limit_s:
        why = (
            "have a server span without an end"
            if limit.source == "unfinished"
            else "have spans whose parent never came"
        )
        return _measured(one, f"{many} requests {why}, while others end", "find_unfinished_requests")
    told = f"{many} requests ended within 1 % of {limit.limit_s:g} s, {what}; others take {one.usual_ns / 1e9:.3g} s"
    if limit.source == "calls":
        told = f"{many} calls ({limit.route}) ended at {limit.limit_s:g} s; others take {one.usual_ns / 1e9:.3g} s"
    if one.is_answered:
        longest = one.rows["answered_ns"].drop_nulls().quantile(0.9) or 0.0
        told += f"; the called service answered within {longest / 1e9:.3g} s"
    return _measured(one, f"{told}{one.outlived}", "find_hung_requests")


def _measured(one: Hung, told: str, query: str) -> Evidence:
    ids = tuple(one.rows["insert_id"].drop_nulls().head(_IDS).to_list())
    traces = tuple(key for key in one.rows["trace"].head(_IDS).to_list() if is_trace(key))
    return Evidence("measured", told, query, ids, traces, tuple(sorted(set(one.case.revisions)))[:_IDS])


def _outlived(hangs: Hangs, rows: pl.DataFrame) -> str:
    """The operation that went on longest in most of these traces after the request had ended, in words."""
    found = hangs.outliving.filter(pl.col("trace").is_in(rows["trace"].implode())) if hangs.outliving.height else None
    if found is None or not found.height:
        return ""
    counted = found.group_by("service", "name").agg(pl.len(), pl.col("over_ns").max()).sort(
        "len", "over_ns", "service", "name", descending=[True, True, False, False], nulls_last=True
    )  # fmt: skip
    service, name, many, _ = counted.row(0)
    return f"; in {many} of their traces `{name}` of {service} went on after that"


def _origins(history: History) -> dict[str, str]:
    """Who sent each known trace or request: by its first one."""
    told = history.traces.requests.filter(pl.col("origin").is_not_null()).sort("trace", "start_ns")
    return dict(told.unique("trace", keep="first", maintain_order=True).select("trace", "origin").iter_rows())


def _by_service(limits: Sequence[Limit]) -> list[list[Limit]]:
    """Limits of one service, source and length together; of calls each by itself."""
    groups: dict[tuple[str, ...], list[Limit]] = {}
    for one in limits:
        part = one.route if one.source == "calls" else ""
        groups.setdefault((one.source, one.project, one.service, f"{one.limit_s:g}", part), []).append(one)
    return [groups[key] for key in sorted(groups)]


def _began_together(
    limits: Sequence[Limit], hangs: Hangs, history: History, origins: Mapping[str, str], onset: OnsetConfig
) -> list[list[Limit]]:
    """Routes that began to hang at one moment: one failure. Those that always did are left out."""
    groups: list[list[tuple[Limit, Case]]] = []
    alone = [(one, hung.case) for one in limits if (hung := _hung([one], hangs, history, origins, onset))]
    for limit, case in sorted(alone, key=lambda pair: (pair[1].fit.at_ns, pair[0].route)):
        if not case.fit.is_change:
            continue
        near = next((group for group in groups if group[0][1].fit.began_with(case.fit)), None)
        if near is None:
            groups.append([(limit, case)])
        else:
            near.append((limit, case))
    return [[limit for limit, _ in group] for group in groups]


def _hung(
    limits: Sequence[Limit], hangs: Hangs, history: History, origins: Mapping[str, str], onset: OnsetConfig,
    part: str = "",
) -> Hung | None:  # fmt: skip
    """The case of these routes; None where it is not known how often they were asked.

    `part` tells it from others of the same service and limit.
    """
    first = limits[0]
    routes = sorted(one.route for one in limits)
    project = first.project or _project(history.exposure, first.service, history.projects)
    is_own = (pl.col("source") == first.source) & (pl.col("service") == first.service) & pl.col("route").is_in(routes)
    rows = hangs.rows.filter(is_own)
    grid = _grid(first, routes, project, hangs, history.exposure)
    if not rows.height or grid is None or not grid.total.any():
        return None
    told = routes[0] if len(routes) == 1 else f"{len(routes)} routes"
    verb = "hangs" if len(routes) == 1 else "hang"
    title = f"{told} {verb} until {first.limit_s:g} s" if first.limit_s else _endless(routes)
    subject = Subject("hung", project, first.service, f"{first.source} {first.limit_s:g}", title, part)
    bad = rows.with_columns(
        origin=pl.col("trace").replace_strict(origins, default="unknown", return_dtype=pl.String),
    )
    case = bad_case(subject, bad, grid, start_ns=history.window.start_ns, config=onset)
    usual = max(hangs.usual_ns.get((one.source, one.service, one.route), 0) for one in limits)
    # they count when they began, as all requests do; what they hung for is told by when they ended
    ends = rows.select("trace", end=pl.col("at_ns") + pl.col("took_ns")).group_by("trace").agg(pl.col("end").min())
    met = dict(ends.sort("end", "trace").iter_rows())
    case = replace(case, met_ns=met, routes=tuple(filter(None, routes)), entries=rows["insert_id"].drop_nulls().len())
    return Hung(case, tuple(limits), rows, usual, None, _is_answered(rows), _outlived(hangs, rows))


def _endless(routes: Sequence[str]) -> str:
    """What is told of requests that never ended; of lost ones no route is known."""
    if not any(routes):
        return "requests never end"
    return f"{routes[0]} never ends" if len(routes) == 1 else f"{len(routes)} routes never end"


def _grid(limit: Limit, routes: Sequence[str], project: str, hangs: Hangs, exposure: Exposure) -> Grid | None:
    """How often the routes were asked, or the calls made; of lost requests, whose route is not known, the service."""
    if limit.source == "lost":
        return exposure.service(project, limit.service)
    if limit.source != "calls":
        return (
            exposure.matched(project, limit.service, routes=routes)
            if exposure.is_asked(project, limit.service)
            else None
        )
    made = hangs.calls.filter((pl.col("service") == limit.service) & pl.col("route").is_in(list(routes)))
    line = exposure.timeline
    counted = {
        str(key[0]): np.bincount(
            line.bin_of(own["minute"].to_numpy() * _MINUTE_NS), own["calls"].to_numpy(), minlength=line.bins
        ).astype(np.float64)
        for key, own in made.partition_by("revision", as_dict=True, maintain_order=True).items()
    }
    return Grid(line, "traces", dict(sorted(counted.items())))


def _project(exposure: Exposure, service: str, projects: Sequence[str]) -> str:
    """The project of a service that only spans name."""
    found = sorted({project for project, name in exposure.services() if name == service})
    return found[0] if len(found) == 1 else (projects[0] if len(projects) == 1 else "")


def _is_answered(rows: pl.DataFrame) -> bool:
    known = rows.filter(pl.col("answered_ns").is_not_null())
    in_time = known.filter(pl.col("answered_ns") <= _ANSWERED * pl.col("took_ns")).height
    return known.height >= _KNOWN * rows.height and in_time >= _MOST * max(known.height, 1)


def _is_news(case: Case, history: History, config: ProblemConfig) -> bool:
    """It began or grew, not too long ago, and still came in the window; more than a few, not of health checks alone."""
    fit = case.fit
    is_old = fit.course != "resolved" and fit.at_ns < history.window.start_ns - config.standing_after_hours * _HOUR_NS
    is_asked = sum(many for name, many in case.origins.items() if name not in {"health_checks", "scanners"})
    return bool(fit.is_change and not is_old and case.in_window and case.units >= config.few_units and is_asked)


def _placed(told: Hung, cases: Sequence[Case], problems: Sequence[Case]) -> list[Hung]:
    """The hung requests as what they are: a problem's, a case of theirs; nothing where they are part of no problem."""
    mine = set(told.case.met_ns)
    shared = [
        (len(mine & one.met_ns.keys()), one.cluster_id, one)
        for one in cases
        if (one.project, one.service) == (told.case.project, told.case.service)
    ]
    if not shared:
        return [told]
    many, name, case = max(shared, key=lambda one: one[:2])
    if many < _SAME * len(mine):
        return [told]
    return [replace(told, into=case)] if name in {one.cluster_id for one in problems} else []


def _apart(found: Sequence[Hung]) -> list[Hung]:
    """Without calls, and spans without an end, within requests of the same service that hang: these say it already."""
    requests = [one for one in found if one.limits[0].source in _REQUESTS]
    kept = list(requests)
    for one in found:
        if one.limits[0].source in _REQUESTS:
            continue
        mine = set(one.case.met_ns)
        around = [
            other
            for other in requests
            if other.case.service == one.case.service and len(mine & other.case.met_ns.keys()) >= _SAME * len(mine)
        ]
        kept.append(replace(one, into=around[0].into or around[0].case) if around else one)
    return kept
