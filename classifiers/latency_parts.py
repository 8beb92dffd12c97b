"""Which operation inside of requests became slow: by the time that each took itself, before and since."""

import polars as pl

from classifiers.findings import SlowPart
from classifiers.latency_reading import Latencies, Slowed

__all__ = ["slow_part"]

_LEAST = 10  # requests with spans on either side
_TELLING = 0.3  # share of the growth from which a part is told
_CLIENT = 3  # OTLP's kind of a span


def slow_part(slowed: Slowed, latencies: Latencies) -> SlowPart | None:
    """The part that explains most of what the requests of an operation take longer; None where spans do not tell."""
    own = latencies.trials.filter(
        (pl.col("project") == slowed.project)
        & (pl.col("service") == slowed.service)
        & (pl.col("source") == slowed.source)
        & (pl.col("operation") == slowed.operation)
    ).select("trace", "is_since", asked_service="service", asked_ns="at_ns")
    parts = latencies.parts.join(own, on=["trace", "asked_service", "asked_ns"], how="inner")
    asked = parts.select("trace", "asked_ns", "is_since", "whole_ns").unique()
    since, before = asked.filter("is_since"), asked.filter(~pl.col("is_since"))
    if min(since.height, before.height) < _LEAST:
        return None
    grown = float(since["whole_ns"].mean() or 0) - float(before["whole_ns"].mean() or 0)  # type: ignore[arg-type]  # of numbers
    per = {True: since.height, False: before.height}
    told = (
        parts.group_by("service", "operation", "kind", "is_since")
        .agg(pl.col("self_ns", "spans").sum())
        .with_columns(many=pl.col("is_since").replace_strict(per, return_dtype=pl.Int64))
        .with_columns(self_ns=pl.col("self_ns") / pl.col("many"), spans=pl.col("spans") / pl.col("many"))
        .group_by("service", "operation", "kind")
        .agg(
            pl.col("self_ns", "spans").filter("is_since").sum().name.suffix("_since"),
            pl.col("self_ns", "spans").filter(~pl.col("is_since")).sum().name.suffix("_before"),
        )
        .with_columns(grown=pl.col("self_ns_since") - pl.col("self_ns_before"))
        .sort(["grown", "service", "operation"], descending=[True, False, False])
    )
    if grown <= 0 or not told.height:
        return None
    row = told.row(0, named=True)
    if row["grown"] < _TELLING * grown:
        return None
    return SlowPart(
        service=row["service"],
        operation=row["operation"],
        is_call=row["kind"] == _CLIENT,
        before_ns=round(row["self_ns_before"]),
        since_ns=round(row["self_ns_since"]),
        spans_before=round(row["spans_before"], 2),
        spans_since=round(row["spans_since"], 2),
        share=round(min(1.0, row["grown"] / grown), 3),
    )
