"""Folding: request lines of one route that one limit ended are one failure, whatever else the platform wrote into them.

The platform's sentence about the limit stands in some lines and not in others; these are no two failures.
"""

import polars as pl

from classifiers.history import History
from classifiers.hung_reading import Hangs
from collector.replacing import replace

__all__ = ["fold_hung"]

_MOST = 0.5  # share of the requests of a cluster that the limit ended
_PLACE = ["project", "service", "limit_s"]


def fold_hung(history: History, hangs: Hangs) -> History:
    """The history with such clusters as one, that of the most requests. What a person's rule names stays as it is."""
    ended = _ended(hangs)
    if not ended.height:
        return history
    into = _leads(_hit(history, ended))
    if not into:
        return history
    failures = history.failures.with_columns(pl.col("cluster_id").replace(into))
    is_folded = pl.col("cluster_id").is_in(list(into))
    members = history.members.with_columns(
        cluster_id=pl.col("cluster_id").replace(into),
        is_lead=pl.col("is_lead") & ~is_folded,
        rule=pl.when(is_folded & pl.col("is_lead")).then(pl.lit("limit")).otherwise("rule"),
    )
    return replace(history, failures=failures, members=members)


def _ended(hangs: Hangs) -> pl.DataFrame:
    """Requests that a limit ended: service, limit_s, route, trace."""
    limits = [(one.source, one.service, one.route, one.limit_s) for one in hangs.limits if one.limit_s]
    if not limits or not hangs.rows.height:
        return pl.DataFrame()
    known = pl.DataFrame(limits, schema=["source", "service", "route", "limit_s"], orient="row")
    is_request = pl.col("source") == "requests"
    rows = hangs.rows.filter(is_request).join(known, on=["source", "service", "route"])
    return rows.select("service", "limit_s", "route", "trace").unique(maintain_order=True)


def _hit(history: History, ended: pl.DataFrame) -> pl.DataFrame:
    """Clusters of request lines alone most of which a limit ended: cluster_id, project, service, limit_s, routes, hit.

    routes: those on which it did.
    """
    named = [name for one in history.outcomes for name in one.rule.names]
    is_named = pl.col("signature_id").is_in(named) | pl.col("cluster_id").is_in(named)
    told = history.members.filter(is_named)["cluster_id"].unique()
    keyed = history.failures.select(
        "cluster_id", "project", "service", "log", trace=pl.coalesce("trace", "borrowed")
    ).filter(
        (pl.col("log") == "requests").all().over("cluster_id"), ~pl.col("cluster_id").is_in(told.implode())
    )  # fmt: skip
    units = keyed.unique(["cluster_id", "project", "service", "trace"]).with_columns(units=pl.len().over("cluster_id"))
    return (
        units.join(ended, on=["service", "trace"])
        .group_by("cluster_id", *_PLACE)
        .agg(pl.col("route").unique().sort().alias("routes"), pl.col("trace").n_unique().alias("hit"),
             pl.col("units").first())
        .filter(pl.col("hit") >= _MOST * pl.col("units"))
        .sort("hit", "cluster_id", descending=[True, False])
    )  # fmt: skip


def _leads(hit: pl.DataFrame) -> dict[str, str]:
    """The cluster that each folded one becomes part of: those that share a route, directly or by others."""
    into: dict[str, str] = {}
    for own in hit.partition_by(_PLACE, maintain_order=True):
        groups: list[tuple[list[str], set[str]]] = []
        for name, routes in own.select("cluster_id", "routes").iter_rows():
            near = [group for group in groups if group[1].intersection(routes)]
            groups = [group for group in groups if group not in near]
            ids = [one for group in near for one in group[0]]
            groups.append(([*ids, name], set(routes).union(*(group[1] for group in near))))
        into.update({name: ids[0] for ids, _ in groups for name in ids[1:]})
    return into
