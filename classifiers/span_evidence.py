"""What spans add to the failures of a history: those that failed with them, and what they say where no entry does."""

from collections.abc import Mapping, Sequence

import polars as pl

from classifiers.cases import Case
from classifiers.findings import Cluster, FailingSpan
from classifiers.traces import is_trace
from collector.replacing import replace
from collector.store import Reader
from collector.window import Window

__all__ = ["read_cluster_spans", "read_span_lines", "read_span_samples", "with_lines", "with_spans"]

_SPANS = 20  # listed of a cluster
_ASKED = 20  # failures of a cluster whose spans are looked for
_TEXT_CHARS = 400


def read_cluster_spans(reader: Reader, failures: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Failing spans of the first failures of each cluster; rows of find_cluster_spans.

    failures: rows of find_failures with their cluster_id.
    """
    asked = (
        failures.filter((pl.col("last_ns") >= window.start_ns) & (pl.col("log") != "requests"))
        .select("cluster_id", "service", "trace", "first_ns", "instance")
        .sort("cluster_id", "first_ns", "trace", "service", "instance", nulls_last=True)
        .unique(["cluster_id", "service", "trace", "first_ns"], keep="first", maintain_order=True)
        .group_by("cluster_id", maintain_order=True)
        .head(_ASKED)
    )
    return reader.frame(
        "find_cluster_spans", clusters=asked["cluster_id"].to_list(), services=asked["service"].to_list(),
        traces=asked["trace"].to_list(), instances=asked["instance"].to_list(), times=asked["first_ns"].to_list(),
        end_ns=window.end_ns, most=_SPANS,
    )  # fmt: skip


def read_span_samples(reader: Reader, failures: pl.DataFrame, window: Window) -> pl.DataFrame:
    """What one span of each signature says that no entry in the window does; rows as find_samples gives them."""
    told = failures.filter(pl.col("log") == "spans").select("project", "service", "signature_id").unique()
    ids = told["signature_id"].unique().sort().to_list()
    if not ids:
        return pl.DataFrame()
    span = {"start_ns": window.start_ns, "end_ns": window.end_ns}
    found = reader.frame("find_span_samples", signature_ids=ids, **span)
    return (
        found.join(told, on=["service", "signature_id"])
        .with_columns(insert_id=pl.lit(""), payload=pl.lit(None, dtype=pl.String))
        .sort("signature_id", "project", "service")
    )


def read_span_lines(reader: Reader, failures: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Request lines of the traces of clusters of which spans alone tell; rows of find_request_lines."""
    bare = failures.filter(~(pl.col("log") != "spans").any().over("cluster_id"))
    traces = bare["trace"].drop_nulls().unique().sort().to_list()
    return reader.frame("find_request_lines", start_ns=window.start_ns, end_ns=window.end_ns, traces=traces)


def with_lines(entries: pl.DataFrame, cases: Sequence[Case], lines: pl.DataFrame, owned: pl.DataFrame) -> pl.DataFrame:
    """Entries (as part_entries gives them) and the request lines of cases that have no entry of their own.

    A line that tells of another failure (`owned`, as read_entries gives it) stays there; each goes to the first case.
    """
    bare = [case for case in cases if not case.entries]
    if not bare or not lines.height:
        return entries
    rows = [
        (case.cluster_id, case.project, case.service, case.signature_ids[0], key)
        for case in bare
        for key in case.met_ns
        if is_trace(key)
    ]
    owners = pl.DataFrame(
        rows,
        schema=dict.fromkeys(["cluster_id", "project", "service", "signature_id", "trace"], pl.String()),
        orient="row",
    )
    keys = ["project", "at_ns", "insert_id"]
    added = (
        lines.join(owners, on=["project", "service", "trace"])
        .join(owned.select(keys).unique(), on=keys, how="anti")
        .sort("at_ns", "insert_id", "project", "cluster_id")
        .unique(keys, keep="first", maintain_order=True)
    )
    return pl.concat([entries, added.select(entries.columns)])


def with_spans(clusters: Sequence[Cluster], found: pl.DataFrame) -> tuple[Cluster, ...]:
    """The clusters with the failing spans of theirs (rows of find_cluster_spans)."""
    by_cluster: Mapping[str, pl.DataFrame] = {
        str(key[0]): own for key, own in found.partition_by("cluster_id", as_dict=True, maintain_order=True).items()
    }
    return tuple(
        replace(one, spans=tuple(map(_span, by_cluster[one.id].iter_rows(named=True)))) if one.id in by_cluster else one
        for one in clusters
    )


def _span(row: Mapping[str, str | int]) -> FailingSpan:
    lines = str(row["text"]).strip().splitlines() or [""]
    text = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    return FailingSpan(
        trace=str(row["trace"]),
        span=str(row["span"]),
        operation=str(row["name"]),
        at_ns=int(row["at_ns"]),
        text=text[:_TEXT_CHARS],
        joined="trace" if row["joined"] == "trace" else "time",
    )
