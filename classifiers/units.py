"""Units: failures put together by the trace or request in which they happened, else by the minute of an instance.

All clusters are put together at once: small frames cost twenty times as much.
"""

from collections.abc import Collection

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

__all__ = ["Units", "find_units"]

_ASKED = 0.3  # share of occurrences whose trace or request is known from which these are the unit
_MINUTE_NS = 60_000_000_000
_CLUSTER = ["cluster_id", "project", "service"]


class Units(Struct, frozen=True):
    """The units of one cluster, by time. `keys`: the trace or request of each, None where nothing is known.

    `met_ns` tells of every key when it first failed of this; `borrowed` is the share of the units whose key was
    inferred. `is_asked`: units are traces or requests, else instance minutes.
    """

    at_ns: NDArray[np.int64]
    revisions: list[str]
    keys: list[str | None]
    borrowed: float
    met_ns: dict[str, int]
    is_asked: bool


def find_units(failures: pl.DataFrame, asked: Collection[tuple[str, str]]) -> dict[str, Units]:
    """The units of every cluster, by its id. failures: rows of find_failures with their cluster_id.

    `asked` are the services, by project and name, of which it is known how often they were asked.
    """
    keyed = _placed(failures)
    known = keyed.filter(pl.col("trace").is_not_null())
    services = pl.DataFrame(sorted(asked), schema={"project": pl.String(), "service": pl.String()}, orient="row")
    counted = known.select(_CLUSTER).unique().join(services, on=["project", "service"])["cluster_id"].to_list()
    by_trace = _grouped(known.filter(pl.col("cluster_id").is_in(counted)), ["trace"])
    minutes = keyed.filter(~pl.col("cluster_id").is_in(counted)).with_columns(
        minute=pl.col("first_ns") // _MINUTE_NS, is_borrowed=pl.lit(value=False)
    )
    by_minute = _grouped(minutes, ["revision", "instance", "minute"])
    met = _met(known)
    return {
        name: Units(
            at_ns=np.array(at_ns, dtype=np.int64),
            revisions=revisions,
            keys=keys,
            borrowed=sum(are_borrowed) / len(are_borrowed),
            met_ns=met.get(name, {}),
            is_asked=is_asked,
        )
        for is_asked, units in ((True, by_trace), (False, by_minute))
        for name, at_ns, revisions, keys, are_borrowed in _by_cluster(units).iter_rows()
    }


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the key of their trace or request, own or borrowed; of none where too few are known to count by.

    The time of a request is its start, long before it failed: lines tell when, where a cluster has any.
    """
    is_line = pl.col("log") != "requests"
    rows = rows.filter(is_line | ~is_line.any().over("cluster_id"))
    is_borrowed = pl.col("trace").is_null() & pl.col("borrowed").is_not_null() & is_line
    keyed = rows.with_columns(trace=pl.coalesce("trace", "borrowed"), is_borrowed=is_borrowed)
    known = pl.col("occurrences").filter(pl.col("trace").is_not_null()).sum().over("cluster_id")
    is_enough = known >= _ASKED * pl.col("occurrences").sum().over("cluster_id")
    return keyed.with_columns(trace=pl.when(is_enough).then("trace")).sort("first_ns", "revision", "instance")


def _grouped(keyed: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    return (
        keyed.group_by("cluster_id", *keys, maintain_order=True)
        .agg(
            pl.col("first_ns").min().alias("at_ns"),
            pl.col("is_borrowed").all(),
            *(pl.col(name).drop_nulls().first() for name in ("revision", "trace") if name not in keys),
        )
        .select("cluster_id", "at_ns", "revision", "trace", "is_borrowed")
        .sort("at_ns", "revision", "trace")
    )


def _met(known: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Per cluster: when each trace or request first failed, by that time."""
    firsts = known.group_by("cluster_id", "trace").agg(pl.col("first_ns").min()).sort("first_ns", "trace")
    return {
        name: dict(zip(traces, first_ns, strict=True)) for name, traces, first_ns in _by_cluster(firsts).iter_rows()
    }


def _by_cluster(frame: pl.DataFrame) -> pl.DataFrame:
    """A row for each cluster, its other columns as lists."""
    return frame.group_by("cluster_id", maintain_order=True).agg(pl.all())
